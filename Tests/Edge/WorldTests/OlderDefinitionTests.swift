import Clockwork
import KubeModel
import RolloutModel
import StrictJSON
import Testing
import World

@Suite("Definitions in which members of the status are missing") struct OlderDefinitionTests {
    /// Our definition of Rollouts without some members of the status, which the server therefore drops.
    static func definitions(without members: [String], ofCanary: [String] = []) -> [JSONValue] {
        World.definitions.map { definition in
            guard definition.at("metadata", "name") == "rollouts.argoproj.io" else { return definition }
            var older: JSONValue = definition
            let versions: [JSONValue] = (definition.at("spec", "versions")?.arrayValue ?? []).map { version in
                var version: JSONValue = version
                let status: [String] = ["schema", "openAPIV3Schema", "properties", "status", "properties"]
                for member in members { version.set(nil, at: status + [member]) }
                for member in ofCanary { version.set(nil, at: status + ["canary", "properties", member]) }
                return version
            }
            older.set(.array(versions), at: ["spec", "versions"])
            return older
        }
    }

    static let lost: [String] = ["phase", "message", "HPAReplicas", "abortedAt", "selector"]

    /// - Returns: how many status patches a release took.
    private static func play(_ definitions: [JSONValue]) throws -> Int {
        try World.run(seed: 91, definitions: definitions) { world in
            try await world.cluster.apply(Scenery.canary(replicas: 4, steps: [Scenery.setWeight(25), Scenery.pause(), Scenery.setWeight(50), Scenery.pause("30s")]))
            let isHealthy: @Sendable (Rollout) -> Bool = { $0.status.condition("Healthy")?.status == .yes && $0.status.availableReplicas == 4 }
            try await world.waitFor("healthy", isHealthy)
            try await world.setImage("myapp:v2")
            try await world.waitFor("paused") { $0.status.currentStepIndex == 1 && !$0.status.pauseConditions.isEmpty }
            try await world.cluster.sleep(.seconds(60))
            let before: [String: Int] = await QuietTests.requests(world)
            for index in 0..<10 {
                for replicaSet in try await world.replicaSets() {
                    _ = try await world.kubectl.patch(
                        .replicaSets, namespace: "default", name: replicaSet.metadata.name,
                        .merge(["metadata": ["labels": ["touched": .string("\(index)")]]]))
                }
                try await world.cluster.sleep(.seconds(60))
            }
            #expect(await QuietTests.requests(world) == before, "the same status was sent again")
            try await world.promote()
            try await world.waitFor("healthy again") { $0.status.stableRS == $0.status.currentPodHash && isHealthy($0) && $0.status.replicas == 4 }
            #expect(try await world.sizes() == [0, 4])
            try await world.cluster.sleep(.seconds(60))
            return await QuietTests.requests(world)["patch rollouts/status"] ?? 0
        }.result
    }

    @Test("cost no write more than those in which nothing is missing") func pruned() throws {
        let complete: Int = try Self.play(World.definitions)
        #expect(complete > 10)
        let pruned: Int = try Self.play(Self.definitions(without: Self.lost))
        #expect(pruned <= complete, "\(pruned) instead of \(complete)")
    }

    @Test("cost one write after a restart, and no second one") func restart() throws {
        try World.run(seed: 92, definitions: Self.definitions(without: Self.lost), withController: false) { world in
            try await world.withController {
                try await world.cluster.apply(Scenery.canary(replicas: 2, steps: [Scenery.setWeight(50)]))
                try await world.waitFor("healthy") { $0.status.condition("Healthy")?.status == .yes }
                try await world.cluster.sleep(.seconds(60))
            }
            let before: Int = await QuietTests.requests(world)["patch rollouts/status"] ?? 0
            try await world.withController {
                try await world.cluster.sleep(.seconds(3600))
                for replicaSet in try await world.replicaSets() {
                    _ = try await world.kubectl.patch(
                        .replicaSets, namespace: "default", name: replicaSet.metadata.name, .merge(["metadata": ["labels": ["touched": "x"]]]))
                }
                try await world.cluster.sleep(.seconds(60))
            }
            #expect((await QuietTests.requests(world)["patch rollouts/status"] ?? 0) == before + 1)
        }
    }

    @Test("keep a routed canary going though its weights are not stored") func weightsLost() throws {
        try World.run(seed: 93, definitions: Self.definitions(without: [], ofCanary: ["weights"])) { world in
            try await world.startRouted(replicas: 4, steps: [Scenery.setWeight(25), Scenery.pause("30s"), Scenery.setWeight(50), Scenery.pause("30s")])
            let safety = SafetyWatch(world)
            try await world.setImage("myapp:v2")
            try await world.waitPaused(atStep: 3)
            #expect(await world.backends() == ["my-app=50", "my-app-canary=50"])
            try await world.waitFor("the old pods are gone") { $0.status.phase == .healthy && $0.status.replicas == 4 }
            try await world.cluster.sleep(.seconds(60))
            #expect(await world.backends() == ["my-app=1"])
            #expect(safety.violations.isEmpty, "\(safety.violations)")
        }
    }
}
