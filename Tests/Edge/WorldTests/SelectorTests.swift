import KubeModel
import RolloutModel
import StrictJSON
import Testing
import World

@Suite("A Rollout without a selector") struct SelectorTests {
    static let steps: [JSONValue] = [Scenery.setWeight(20), Scenery.pause("60s"), Scenery.setWeight(60), Scenery.pause("60s")]

    /// No ReplicaSet may ever lose its owner: called after each write.
    static func watchOwners(_ world: World) {
        world.cluster.onWrite { write, _ in
            guard write.resource == .replicaSets, write.verb == .update else { return }
            let owners: Int = write.new?.at("metadata", "ownerReferences")?.arrayValue?.count ?? 0
            #expect(owners == 1, "\(write.key) was released")
        }
    }

    static func expectDerived(_ world: World, _ name: String = "my-app", value: String? = nil) async throws {
        for replicaSet in try await world.replicaSets(of: name) {
            #expect(replicaSet.selector.matchLabels["sluice/rollout"] == value ?? name)
            #expect(replicaSet.selector.matchLabels["rollouts-pod-template-hash"] == replicaSet.podHash)
            #expect(replicaSet.selector.matchLabels.count == 2, "never the user's own labels")
        }
        let rollout: Rollout = try await world.rollout(name)
        #expect(rollout.spec.selector == nil)
        #expect(rollout.status.selector == "sluice/rollout=\(value ?? name)")
    }

    @Test("goes on after a restart of the controller") func restart() throws {
        try World.run(seed: 11, withController: false) { world in
            Self.watchOwners(world)
            try await world.withController {
                try await world.startBasic(steps: Self.steps)
                try await world.setImage("myapp:v2")
                try await world.waitPaused(atStep: 1)
            }
            try await world.withController { try await world.waitHealthy() }
            #expect(try await world.sizes() == [0, 10])
            try await Self.expectDerived(world)
        }
    }

    @Test("reads its selector from its ReplicaSets where the status was lost", arguments: [false, true]) func statusLost(inMidRollout: Bool) throws {
        try World.run(seed: 12) { world in
            Self.watchOwners(world)
            try await world.startBasic(steps: Self.steps)
            if inMidRollout {
                try await world.setImage("myapp:v2")
                try await world.waitPaused(atStep: 1)
            }
            let sets: Int = try await world.replicaSets().count
            _ = try await world.kubectl.patch(
                .rollouts, namespace: "default", name: "my-app", subresource: "status",
                .json(JSONPatch([.replace(JSONPointer(tokens: ["status"]), [:])])))
            try await world.waitHealthy()
            #expect(try await world.replicaSets().count == sets)
            #expect(try await world.sizes().last == 10)
            try await Self.expectDerived(world)
        }
    }

    @Test("doesn't care that the labels of its pods change in mid-rollout") func labelsChanged() throws {
        try World.run(seed: 13) { world in
            Self.watchOwners(world)
            try await world.startBasic(steps: Self.steps, labels: ["app": "my-app", "tier": "web"])
            try await world.setImage("myapp:v2")
            try await world.waitPaused(atStep: 1)
            try await world.patchRollout(["spec": ["template": ["metadata": ["labels": ["app": "renamed", "tier": nil, "extra": "x"]]]]])
            try await world.waitHealthy()
            #expect(try await world.sizes() == [0, 0, 10])
            try await Self.expectDerived(world)
            for pod in await world.cluster.pods(namespace: "default") where pod.isActive {
                #expect(pod.metadata.labels["app"] == "renamed")
                #expect(pod.metadata.labels["sluice/rollout"] == "my-app")
            }
        }
    }

    @Test("keeps apart from another one in its namespace with the same pods") func two() throws {
        try World.run(seed: 14) { world in
            Self.watchOwners(world)
            for name in ["one", "two"] { try await world.cluster.apply(Scenery.canary(name, replicas: 4, steps: Self.steps, labels: ["app": "same"])) }
            for name in ["one", "two"] { try await world.waitHealthy(name) }
            try await world.setImage("myapp:v2", of: "one")
            try await world.waitHealthy("one")
            #expect(try await world.sizes(of: "one") == [0, 4])
            #expect(try await world.sizes(of: "two") == [4])
            #expect(await world.pods(ofImage: "myapp:v1") == 4)
            for name in ["one", "two"] { try await Self.expectDerived(world, name) }
        }
    }

    @Test("changes nothing when the same selector is written down later") func sameSelector() throws {
        try World.run(seed: 15) { world in
            Self.watchOwners(world)
            try await world.startBasic(steps: Self.steps)
            let before: [String] = try await world.replicaSets().map(\.metadata.resourceVersion)
            try await world.patchRollout(["spec": ["selector": ["matchLabels": ["sluice/rollout": "my-app"]]]])
            let after: Rollout = try await world.waitHealthy()
            #expect(after.status.condition("InvalidSpec") == nil)
            #expect(try await world.replicaSets().map(\.metadata.resourceVersion) == before)
            // And the next release works as ever.
            try await world.setImage("myapp:v2")
            try await world.waitHealthy()
            #expect(try await world.sizes() == [0, 10])
        }
    }

    @Test("refuses another selector later, says what would be right, and goes on once it is gone") func otherSelector() throws {
        try World.run(seed: 16) { world in
            Self.watchOwners(world)
            try await world.startBasic(steps: Self.steps, labels: ["app": "my-app"])
            let sets: [String] = try await world.replicaSets().map(\.metadata.resourceVersion)
            try await world.patchRollout(["spec": ["selector": ["matchLabels": ["app": "my-app"]]]])
            let refused: Rollout = try await world.waitDegraded()
            let message: String = try #require(refused.status.condition("InvalidSpec")?.message)
            #expect(message.contains("spec.selector") && message.contains("remove spec.selector") && message.contains("sluice/rollout"), "\(message)")
            #expect(try await world.replicaSets().map(\.metadata.resourceVersion) == sets, "nothing is done until it is put right")
            try await world.patchRollout(["spec": ["selector": nil]])
            let healthy: Rollout = try await world.waitHealthy()
            #expect(healthy.status.condition("InvalidSpec") == nil)
            #expect(try await world.replicaSets().map(\.metadata.uid).count == 1)
        }
    }

    @Test("may have a name of more than 63 characters") func longName() throws {
        try World.run(seed: 17) { world in
            Self.watchOwners(world)
            let stem: String = String(repeating: "long-", count: 14)
            let names: [String] = ["\(stem)one", "\(stem)two"]
            for name in names { try await world.cluster.apply(Scenery.canary(name, replicas: 2, steps: Self.steps)) }
            var values: Set<String> = []
            for name in names {
                let rollout: Rollout = try await world.waitHealthy(name)
                let value: String = String(rollout.status.selector.split(separator: "=").last ?? "")
                #expect(value.count <= 63 && value.hasPrefix("long-long-"), "\(value)")
                values.insert(value)
                try await Self.expectDerived(world, name, value: value)
                try await world.setImage("myapp:v2", of: name)
                try await world.waitHealthy(name)
                #expect(try await world.sizes(of: name) == [0, 2])
            }
            #expect(values.count == 2, "the hash tells them apart")
        }
    }
}
