import Clockwork
import KubeModel
import RolloutModel
import SimulatedCluster
import StrictJSON
import Synchronization
import Testing
import World

@Suite("What went wrong for users of others") struct RegressionTests {
    static let steps: [JSONValue] = [Scenery.setWeight(25), Scenery.pause("10s"), Scenery.setWeight(50), Scenery.pause("10s")]

    /// Releases a version and returns right after the `number`th write that the controller makes of it, events aside.
    ///
    /// - Returns: false when there was no such write: the release is over.
    private static func release(_ image: String, _ world: World, untilWrite number: Int) async throws -> Bool {
        let count = Mutex(0)
        world.cluster.onWrite { write, _ in
            guard write.userAgent == World.controllerAgent, write.resource != .events else { return }
            count.withLock { $0 += 1 }
        }
        try await world.setImage(image)
        do {
            try await world.cluster.waitUntil("write \(number)", timeout: .seconds(180)) { _ in count.withLock { $0 >= number } }
            return true
        } catch is WaitTimedOut {
            return false
        }
    }

    @Test("R09: superseding in every interleaving with our writes", arguments: [true, false]) func superseding(isRouted: Bool) throws {
        var number: Int = 0
        var isOver: Bool = false
        while !isOver {
            number += 1
            do {
                isOver = try World.run(seed: 111) { [number] world in
                    if isRouted {
                        try await world.startRouted(replicas: 4, steps: Self.steps)
                    } else {
                        try await world.startBasic(replicas: 4, steps: Self.steps)
                    }
                    let safety = SafetyWatch(world)
                    let isEarly: Bool = try await Self.release("myapp:v2", world, untilWrite: number)
                    try await world.setImage("myapp:v3")
                    try await world.waitHealthy(timeout: .seconds(900))
                    try await world.cluster.sleep(.seconds(90))
                    #expect(await world.pods(ofImage: "myapp:v3") == 4)
                    #expect(try await world.sizes().reduce(0, +) == 4)
                    #expect(safety.violations.isEmpty, "write \(number): \(safety.violations)")
                    return !isEarly
                }.result
            } catch {
                Issue.record("superseded after write \(number): \(error)")
            }
        }
        #expect(number > 15)
    }

    @Test("R10: a canary that never becomes ready blocks neither the next version, nor an abort, nor the deadline", arguments: ["next", "abort", "deadline"])
    func failingCanary(_ way: String) throws {
        try World.run(seed: 112) { world in
            try await world.startRouted(replicas: 4, steps: Self.steps)
            let safety = SafetyWatch(world)
            if way == "deadline" { try await world.patchRollout(["spec": ["progressDeadlineAbort": true, "progressDeadlineSeconds": 60]]) }
            try await world.setImage("myapp:never")
            try await world.cluster.sleep(.seconds(30))
            #expect(try await world.rollout().status.currentStepIndex == 0)
            switch way {
            case "next":
                try await world.setImage("myapp:v3")
                try await world.waitHealthy(timeout: .seconds(600))
                #expect(await world.pods(ofImage: "myapp:v3") == 4)
            case "abort":
                try await world.abort()
                try await world.waitFor("aborted", timeout: .seconds(600)) { $0.status.phase == .degraded && $0.status.replicas == 4 }
            default:
                try await world.waitFor("aborted by the deadline", timeout: .seconds(600)) { $0.status.abort && $0.status.replicas == 4 }
            }
            #expect(safety.violations.isEmpty, "\(safety.violations)")
        }
    }

    @Test("R34: one write for each change of a size") func flapping() throws {
        try World.run(seed: 115) { world in
            try await world.startRouted(replicas: 10, steps: Self.steps)
            let sizes = Recorded<String>()
            world.cluster.onWrite { write, _ in
                guard write.resource == .replicaSets, write.userAgent == World.controllerAgent, write.verb == .update else { return }
                let before: JSONValue? = write.old?.at("spec", "replicas")
                let after: JSONValue? = write.new?.at("spec", "replicas")
                if before != after { sizes.append("\(before?.text() ?? "")→\(after?.text() ?? "")") }
            }
            try await world.setImage("myapp:v2")
            try await world.waitFor("over") { $0.status.phase == .healthy && $0.status.replicas == 10 }
            try await world.cluster.sleep(.seconds(600))
            #expect(sizes.all == ["0→3", "3→5", "5→10", "10→0"])
        }
    }

    @Test("R35: a deadline that cannot be read does not keep pods for ever", arguments: ["", "soon"]) func unreadableDeadline(_ text: String) throws {
        try World.run(seed: 116) { world in
            try await world.startRouted(replicas: 4, steps: Self.steps)
            try await world.setImage("myapp:v2")
            try await world.waitFor("over") { $0.status.phase == .healthy && $0.status.replicas == 8 }
            let old: ReplicaSet = try #require(try await world.replicaSets().first)
            _ = try await world.kubectl.patch(
                .replicaSets, namespace: "default", name: old.metadata.name, .merge(["metadata": ["annotations": ["scale-down-deadline": .string(text)]]]))
            try await world.waitFor("the old pods are gone", timeout: .seconds(120)) { $0.status.replicas == 4 }
        }
    }

    @Test("R37: no pods at all, and more of them in the middle") func replicas() throws {
        try World.run(seed: 117) { world in
            try await world.startBasic(replicas: 0, steps: Self.steps)
            try await world.setImage("myapp:v2")
            try await world.waitHealthy()
            try await world.patchRollout(["spec": ["replicas": 4]])
            try await world.waitHealthy()
            try await world.setImage("myapp:v3")
            try await world.waitPaused(atStep: 1)
            try await world.patchRollout(["spec": ["replicas": 8]])
            try await world.waitPaused(atStep: 3)
            #expect(await world.pods(ofImage: "myapp:v3") == 4)
            try await world.patchRollout(["spec": ["replicas": 1]])
            try await world.waitHealthy()
            #expect(try await world.sizes().reduce(0, +) == 1)
        }
    }

    @Test("R38: a spec that was wrong for longer than the deadline gets a fresh one when it is put right") func fixedSpec() throws {
        try World.run(seed: 118) { world in
            try await world.startBasic(replicas: 4, steps: Self.steps)
            try await world.patchRollout(["spec": ["progressDeadlineAbort": true, "progressDeadlineSeconds": 60]])
            try await world.patchRollout(["spec": ["strategy": ["canary": ["steps": [["setWeight": 500]]]]]])
            try await world.setImage("myapp:v2")
            try await world.waitDegraded()
            try await world.cluster.sleep(.seconds(3600))
            try await world.patchRollout(["spec": ["strategy": ["canary": ["steps": .array(Self.steps)]]]])
            let done: Rollout = try await world.waitHealthy()
            #expect(done.status.condition("InvalidSpec") == nil)
            #expect(!(await world.isEvent("RolloutAborted")))
        }
    }
}
