import Clockwork
import ControllerKit
import Controllers
import EmbeddedAPIServer
import KubeModel
import RolloutModel
import StrictJSON
import Synchronization
import Testing
import World

@Suite("A controller that has nothing to do") struct QuietTests {
    /// Requests of the controller so far, watches aside.
    static func requests(_ world: World) async -> [String: Int] {
        var counts: [String: Int] = [:]
        for (key, count) in await world.cluster.server.requestCounts where key.userAgent == World.controllerAgent && key.verb != "watch" {
            counts["\(key.verb) \(key.resource.resource)\(key.subresource.isEmpty ? "" : "/\(key.subresource)")"] = count
        }
        return counts
    }

    @Test("makes no request but watches") func idle() throws {
        try World.run(seed: 61) { world in
            try await world.startRouted(steps: [Scenery.setWeight(20), Scenery.pause("10s")])
            try await world.startBasic("other", steps: [Scenery.setWeight(20)])
            try await world.setImage("myapp:v2")
            try await world.waitHealthy()
            try await world.cluster.sleep(.seconds(1000))
            let before: [String: Int] = await Self.requests(world)
            let writes: Int = world.cluster.journal.count
            try await world.cluster.sleep(.seconds(24 * 3600))
            #expect(await Self.requests(world) == before)
            #expect(world.cluster.journal.count == writes)
        }
    }

    @Test("writes nothing while it waits for a person or for time") func waiting() throws {
        try World.run(seed: 62) { world in
            try await world.startRouted(steps: [Scenery.setWeight(20), Scenery.pause(), Scenery.setWeight(40), Scenery.pause("2h"), Scenery.pause()])
            try await world.setImage("myapp:v2")
            try await world.waitPaused(atStep: 1)
            try await world.cluster.sleep(.seconds(100))
            var before: [String: Int] = await Self.requests(world)
            try await world.cluster.sleep(.seconds(12 * 3600))
            #expect(await Self.requests(world) == before)
            try await world.promote()
            try await world.waitPaused(atStep: 3)
            try await world.cluster.sleep(.seconds(100))
            before = await Self.requests(world)
            try await world.cluster.sleep(.seconds(3600))
            #expect(await Self.requests(world) == before)
            try await world.waitPaused(atStep: 4)
            try await world.abort()
            try await world.waitFor("the canary is gone") { $0.status.replicas == 10 && $0.status.abort }
            try await world.cluster.sleep(.seconds(1000))
            before = await Self.requests(world)
            try await world.cluster.sleep(.seconds(12 * 3600))
            #expect(await Self.requests(world) == before)
        }
    }

    @Test("writes nothing when what it looks at has changed and nothing follows") func touched() throws {
        try World.run(seed: 63) { world in
            try await world.startRouted(steps: [Scenery.setWeight(20), Scenery.pause()])
            try await world.setImage("myapp:v2")
            try await world.waitPaused(atStep: 1)
            try await world.cluster.sleep(.seconds(100))
            let before: [String: Int] = await Self.requests(world)
            for index in 0..<10 {
                let note: JSONValue = ["metadata": ["labels": ["touched": .string("\(index)")]]]
                for replicaSet in try await world.replicaSets() {
                    _ = try await world.kubectl.patch(.replicaSets, namespace: "default", name: replicaSet.metadata.name, .merge(note))
                }
                for service in ["my-app", "my-app-canary"] {
                    _ = try await world.kubectl.patch(.services, namespace: "default", name: service, .merge(note))
                }
                _ = try await world.kubectl.patch(.httpRoutes, namespace: "default", name: "my-app-route", .merge(note))
                try await world.patchRollout(note)
                try await world.cluster.sleep(.seconds(10))
            }
            #expect(await Self.requests(world) == before)
        }
    }

    @Test("stores a status at most once in a round, and never one that changes nothing", arguments: CrashTests.Story.allCases)
    func statusWrites(_ story: CrashTests.Story) throws {
        try World.run(seed: 64, withController: false) { world in
            let writes = Mutex(0)
            let rounds = Recorded<Int>()
            world.cluster.onWrite { write, _ in
                guard write.userAgent == World.controllerAgent, write.resource == .rollouts else { return }
                if write.old?["status"] != write.new?["status"] { writes.withLock { $0 += 1 } }
            }
            var hooks = ControllerHooks()
            hooks.onReconcileStart = { controller, _ in if controller == "Rollout" { writes.withLock { $0 = 0 } } }
            hooks.onReconcile = { record in if record.controller == "Rollout" { rounds.append(writes.withLock { $0 }) } }
            try await world.withController(hooks: hooks) {
                try await story.begin(world)
                try await story.release(world)
            }
            #expect(rounds.all.count > 20)
            #expect(rounds.all.allSatisfy { $0 <= 1 }, "\(rounds.all)")
            // A patch that changes nothing leaves no write behind: as many were carried out as were needed.
            let sent: Int = await world.cluster.server.recentRequests.filter {
                $0.key.userAgent == World.controllerAgent && $0.key.verb == "patch" && $0.key.resource == .rollouts
                    && $0.key.subresource == "status" && $0.code == 200
            }.count
            #expect(sent == rounds.all.reduce(0, +))
        }
    }
}
