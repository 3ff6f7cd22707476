import Clockwork
import KubeModel
import RolloutModel
import SimulatedCluster
import StrictJSON
import Testing
import World

@Suite("What people ask for") struct UserOperationTests {
    static let steps: [JSONValue] = [Scenery.setWeight(20), Scenery.pause(), Scenery.setWeight(40), Scenery.pause("2h"), Scenery.setWeight(60), Scenery.pause()]

    /// A routed release that waits at its first pause.
    private static func atFirstPause(seed: UInt64, image: String = "myapp:v2", _ body: @escaping @Sendable (World, SafetyWatch) async throws -> Void) throws {
        try World.run(seed: seed) { world in
            try await world.startRouted(steps: Self.steps)
            let safety = SafetyWatch(world)
            try await world.setImage(image)
            try await world.waitPaused(atStep: 1)
            try await body(world, safety)
            #expect(safety.violations.isEmpty, "\(safety.violations)")
        }
    }

    @Test("promote ends a pause, with or without an end of its own, and nothing else") func promote() throws {
        try Self.atFirstPause(seed: 101) { world, _ in
            try await world.cluster.sleep(.seconds(3600))
            #expect(try await world.rollout().status.currentStepIndex == 1)
            try await world.promote()
            try await world.waitPaused(atStep: 3)
            let at: Timestamp = world.clock.now
            try await world.promote()
            try await world.waitPaused(atStep: 5)
            #expect(world.clock.now - at < .seconds(60))
            try await world.promote()
            try await world.waitHealthy()
        }
    }

    @Test("promote --full passes over steps and pauses, and moves all traffic safely") func promoteFully() throws {
        try Self.atFirstPause(seed: 102) { world, _ in
            let at: Timestamp = world.clock.now
            try await world.promoteFully()
            let done: Rollout = try await world.waitHealthy()
            #expect(world.clock.now - at < .seconds(120))
            #expect(!done.status.promoteFull)
            #expect(done.status.currentStepIndex == 6)
            try await world.cluster.sleep(.seconds(60))
            #expect(await world.backends() == ["my-app=1"])
        }
    }

    @Test("skip one step, and all of them") func skip() throws {
        try Self.atFirstPause(seed: 103) { world, _ in
            try await world.patchStatus(["currentStepIndex": 2])
            try await world.waitPaused(atStep: 3)
            try await world.patchStatus(["currentStepIndex": 6])
            try await world.waitHealthy()
        }
    }

    @Test("abort brings all traffic back, and retry begins at the first step") func abortAndRetry() throws {
        try Self.atFirstPause(seed: 104) { world, _ in
            let route: JSONValue? = await world.document(.httpRoutes, "my-app-route")
            #expect(route != nil)
            try await world.abort()
            let aborted: Rollout = try await world.waitFor("aborted") { $0.status.phase == .degraded && $0.status.replicas == 10 }
            #expect(aborted.status.currentStepIndex == 0)
            #expect(aborted.status.message.hasPrefix("RolloutAborted:"))
            #expect(await world.backends() == ["my-app=1"])
            try await world.cluster.sleep(.seconds(3600))
            #expect(try await world.sizes() == [10, 0], "R04: an aborted canary is not revived")
            try await world.retry()
            let again: Rollout = try await world.waitPaused(atStep: 1)
            #expect(!again.status.abort)
            #expect(await world.backends() == ["my-app=80", "my-app-canary=20"])
            try await world.promoteFully()
            try await world.waitHealthy()
        }
    }

    @Test("R04: an aborted canary stays away when the number of pods is raised or stable pods are lost") func aborted() throws {
        try Self.atFirstPause(seed: 105) { world, _ in
            try await world.abort()
            try await world.waitFor("aborted") { $0.status.phase == .degraded && $0.status.replicas == 10 }
            let canary: JSONValue? = await world.document(.services, "my-app-canary")?["spec"]
            try await world.patchRollout(["spec": ["replicas": 14]])
            try await world.cluster.sleep(.seconds(30))
            try await world.cluster.deletePods { $0.metadata.name.hasSuffix("b") || $0.metadata.name.hasSuffix("c") }
            try await world.cluster.sleep(.seconds(60))
            #expect(try await world.sizes() == [14, 0])
            #expect(await world.document(.services, "my-app-canary")?["spec"] == canary)
        }
    }

    @Test("R05: abort wins over promote --full, whichever came first", arguments: [true, false]) func abortWins(promoteFirst: Bool) throws {
        try Self.atFirstPause(seed: 106) { world, _ in
            // The rest of its pods never becomes ready, so that the promotion cannot end.
            world.cluster.setBehaviour(.neverReady, ofImage: "myapp:v2")
            if promoteFirst { try await world.promoteFully() }
            try await world.cluster.sleep(.seconds(10))
            try await world.abort()
            if !promoteFirst { try await world.promoteFully() }
            try await world.waitFor("aborted") { $0.status.abort && $0.status.phase == .degraded && $0.status.replicas == 10 }
            #expect(await world.backends() == ["my-app=1"])
            #expect(try await world.sizes() == [10, 0])
        }
    }

    @Test("pause holds everything, and its end goes on where it was") func pause() throws {
        try Self.atFirstPause(seed: 107) { world, _ in
            try await world.promote()
            try await world.waitPaused(atStep: 3)
            try await world.setPaused(true)
            try await world.waitFor("held by hand") { $0.status.message == "manually paused" }
            try await world.cluster.sleep(.seconds(60))
            let writes: Int = world.cluster.journal.count
            try await world.cluster.sleep(.seconds(3 * 3600))
            #expect(world.cluster.journal.count == writes)
            try await world.setPaused(false)
            // The pause of two hours is over by then.
            try await world.waitPaused(atStep: 5, timeout: .seconds(60))
        }
    }

    @Test("a new version in the middle starts over, and the one before goes (R09)") func superseded() throws {
        try Self.atFirstPause(seed: 108) { world, _ in
            try await world.promote()
            try await world.waitPaused(atStep: 3)
            try await world.setImage("myapp:v3")
            let again: Rollout = try await world.waitPaused(atStep: 1)
            #expect(again.status.currentStepIndex == 1)
            try await world.cluster.sleep(.seconds(120))
            #expect(await world.pods(ofImage: "myapp:v2") == 0)
            #expect(await world.pods(ofImage: "myapp:v3") == 2)
            try await world.promoteFully()
            try await world.waitHealthy()
            try await world.cluster.sleep(.seconds(60))
            #expect(try await world.sizes() == [0, 0, 10])
        }
    }

    @Test("the old version again in the middle goes back at once") func rollback() throws {
        try Self.atFirstPause(seed: 109) { world, _ in
            let at: Timestamp = world.clock.now
            try await world.setImage("myapp:v1")
            try await world.waitHealthy()
            #expect(world.clock.now - at < .seconds(90))
            try await world.cluster.sleep(.seconds(60))
            #expect(await world.backends() == ["my-app=1"])
            #expect(await world.pods(ofImage: "myapp:v2") == 0)
        }
    }

    @Test("R14: promote --full right after the template was changed is for the new revision, or refused in plain sight") func promoteAfterChange() throws {
        try Self.atFirstPause(seed: 110) { world, _ in
            try await world.setImage("myapp:v3")
            try await world.promoteFully()
            let settled: Rollout = try await world.waitFor("it was taken note of", timeout: .seconds(120)) {
                $0.status.phase == .healthy || ($0.status.phase == .paused && $0.status.currentStepIndex == 1)
            }
            // Either it counted, or the Rollout stands at its first pause for all to see; it must not count later.
            if settled.status.phase == .paused { #expect(!settled.status.promoteFull) }
        }
    }
}
