import Clockwork
import HTTPTransport
import HTTPTypes
import KubeModel
import RolloutModel
import StrictJSON
import Testing
import World

@Suite("A cache that is behind") struct StaleCacheTests {
    private static func isRolloutWrite(_ entry: (userAgent: String, resource: GroupVersionResource)) -> Bool {
        entry.userAgent == World.controllerAgent && entry.resource == .rollouts
    }

    /// Has the controller look at its Rollout again.
    private static func nudge(_ world: World, _ label: String) async throws {
        for replicaSet in try await world.replicaSets() {
            _ = try await world.kubectl.patch(
                .replicaSets, namespace: "default", name: replicaSet.metadata.name, .merge(["metadata": ["labels": ["nudge": .string(label)]]]))
        }
        try await world.cluster.sleep(.seconds(1))
    }

    @Test("R13: never costs a user's change, whether its event is late or lost", arguments: [true, false], [true, false])
    func lostPatch(isLost: Bool, isStatus: Bool) throws {
        try World.run(seed: 81, withController: false) { world in
            let faults = Faults(world.cluster.network, clock: world.clock, seed: 81)
            try await world.withController(over: faults) {
                try await world.startRouted(replicas: 4, steps: [Scenery.setWeight(25), Scenery.pause(), Scenery.setWeight(50), Scenery.pause()])
                try await world.setImage("myapp:v2")
                try await world.waitPaused(atStep: 1)
                if !isStatus {
                    try await world.setPaused(true)
                    try await world.cluster.sleep(.seconds(10))
                }
                try await world.cluster.sleep(.seconds(10))
                if isLost { faults.loseEvents(1, of: "rollouts") } else { faults.holdWatches(of: "rollouts") }
                // The unpause lands while the controller knows nothing of it.
                if isStatus { try await world.promote() } else { try await world.setPaused(false) }
                let promotedAt: Timestamp = world.clock.now
                let unpaused: Int64 = try #require(Int64(try await world.rollout().metadata.resourceVersion))
                // And our own writes want to land on what was before: pods come and go, somebody touches what is watched.
                try await world.cluster.deletePods { _ in true }
                for index in 0..<5 { try await Self.nudge(world, "\(index)") }
                try await world.cluster.sleep(.seconds(20))
                if !isLost {
                    let written: [Int64] = world.cluster.journal.entries
                        .filter { Self.isRolloutWrite(($0.userAgent, $0.resource)) && $0.resourceVersion > unpaused }.map(\.resourceVersion)
                    #expect(written.isEmpty, "written from a state before the user's change: \(written)")
                    faults.release("rollouts")
                }
                if isStatus {
                    try await world.waitPaused(atStep: 3, timeout: .seconds(700))
                } else {
                    try await world.waitFor("the pause by hand is over", timeout: .seconds(700)) {
                        !$0.spec.paused && $0.status.phase == .paused && $0.status.message == "CanaryPauseStep"
                    }
                }
                // Watches last ten minutes at most, and then begin from what was seen.
                #expect(world.clock.now - promotedAt < .seconds(700))
            }
        }
    }

    @Test("R16: reads through when a ReplicaSet is there already", arguments: [Faults.Kind.answerLost, .timedOut])
    func alreadyExists(_ kind: Faults.Kind) throws {
        try World.run(seed: 82, withController: false) { world in
            let faults = Faults(world.cluster.network, clock: world.clock, seed: 82)
            try await world.withController(over: faults) {
                try await world.startBasic(replicas: 4, steps: [Scenery.setWeight(50), Scenery.pause("10s")])
                faults.holdWatches(of: "replicasets")
                faults.plan(kind) { $0.method == .post && $0.url.hasSuffix("/replicasets") }
                try await world.setImage("myapp:v2")
                try await world.cluster.sleep(.seconds(120))
                let creations: Int = await world.cluster.server.requestCounts
                    .filter { $0.key.userAgent == World.controllerAgent && $0.key.verb == "create" && $0.key.resource == .replicaSets }
                    .reduce(0) { $0 + $1.count }
                #expect(creations >= 3, "the create was repeated")
                #expect(try await world.replicaSets().count == 2)
                let waiting: Rollout = try await world.rollout()
                #expect(!waiting.status.abort && waiting.status.collisionCount == nil)
                #expect(waiting.status.phase != .degraded)
                faults.release("replicasets")
                try await world.waitHealthy()
                #expect(try await world.sizes() == [0, 4])
                #expect(try await world.rollout().status.collisionCount == nil)
            }
        }
    }

    @Test("takes another name when the ReplicaSet that is there is somebody else's") func nameTaken() throws {
        try World.run(seed: 83) { world in
            try await world.startBasic(replicas: 2, steps: [Scenery.setWeight(50)])
            // What the name of the next one will be is known from a world like this one.
            let name: String = try World.run(seed: 83) { twin in
                try await twin.startBasic(replicas: 2, steps: [Scenery.setWeight(50)])
                try await twin.setImage("myapp:v2")
                try await twin.waitHealthy()
                return try await twin.replicaSets()[1].metadata.name
            }.result
            let squatter: JSONValue = [
                "apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": ["name": .string(name)],
                "spec": [
                    "replicas": 0, "selector": ["matchLabels": ["a": "b"]],
                    "template": ["metadata": ["labels": ["a": "b"]], "spec": ["containers": [["name": "x", "image": "x"]]]],
                ],
            ]
            let before: JSONValue = try await world.cluster.apply(squatter)
            try await world.setImage("myapp:v2")
            let done: Rollout = try await world.waitHealthy()
            #expect(done.status.collisionCount == 1)
            #expect(await world.document(.replicaSets, name)?["spec"] == before["spec"], "it is left alone")
            #expect(try await world.sizes() == [0, 2])
        }
    }
}
