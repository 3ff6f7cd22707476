import Clockwork
import Delivery
import StrictJSON
import Testing

@Suite("Changes in the middle of a rollout") struct MidRolloutTests {
    @Test("a third revision drains the second and starts at its first step") func thirdRevision() {
        var cluster = BasicCanaryTests.updated([["setWeight": 25], ["pause": [:]], ["setWeight": 50], ["pause": [:]]])
        cluster.promote()
        cluster.settle()
        cluster.setImage("v3")
        cluster.settle()
        #expect(cluster.sizes == "v1: 3, v2: 0, v3: 1" && cluster.step == 1 && cluster.phase == "Paused CanaryPauseStep")
    }

    @Test("back to the stable template skips the steps") func rollback() {
        var cluster = BasicCanaryTests.updated([["setWeight": 50], ["pause": [:]]])
        cluster.forget()
        cluster.setImage("v1")
        cluster.settle()
        #expect(cluster.sizes == "v1: 4, v2: 0" && cluster.phase == "Healthy" && cluster.step == 2)
        #expect(cluster.journal == [
            "v1 revision 3", "revision 3",
            "status phase=Progressing (old replicas are pending termination) current=v1 step=2 pause= Pg=True/ReplicaSetUpdated Co=True/RolloutCompleted",
            "status Paused=False/RolloutPaused", "v1 2→4", "v2 2→0", "status counts",
            "status phase=Healthy Pg=True/NewReplicaSetAvailable He=True/RolloutHealthy",
        ] || cluster.journal.first == "v1 revision 3", "\(cluster.journal)")
        #expect(cluster.reasons.contains("SkipSteps") && !cluster.reasons.contains("RolloutCompleted"))
    }

    @Test("changed steps begin anew without another ReplicaSet") func stepsChanged() {
        var cluster = BasicCanaryTests.updated([["setWeight": 50], ["pause": [:]]])
        cluster.setSteps([["setWeight": 25], ["pause": [:]], ["setWeight": 50], ["pause": [:]]])
        cluster.settle()
        #expect(cluster.sizes == "v1: 3, v2: 1" && cluster.step == 1 && cluster.replicaSets.count == 2)
        cluster.promote()
        cluster.settle()
        cluster.promote()
        cluster.settle()
        cluster.forget()
        cluster.setSteps([["setWeight": 10], ["pause": [:]]])
        cluster.settle()
        #expect(cluster.phase == "Healthy" && cluster.step == 2 && cluster.reasons == ["SkipSteps"])
    }

    @Test("a resize keeps step and pause, and writes no Service, route or run") func resize() {
        var cluster = ModelCluster.routed(Manifest.rollout(steps: [["setWeight": 50], ["pause": [:]]], canary: Manifest.routed()))
        cluster.settle()
        cluster.setImage("v2")
        cluster.settle()
        for (total, sizes) in [(10, "v1: 10, v2: 5"), (3, "v1: 3, v2: 2"), (0, "v1: 0, v2: 0"), (4, "v1: 4, v2: 2")] {
            cluster.forget()
            cluster.setReplicas(total)
            cluster.settle()
            #expect(cluster.sizes == sizes && cluster.step == 1 && cluster.phase == "Paused CanaryPauseStep", "\(total)")
            #expect(!cluster.journal.contains { $0.hasPrefix("app-") }, "\(cluster.journal)")
        }
    }

    @Test("a resume that has not been acted upon survives a resize (117)") func resumeSurvives() {
        var cluster = BasicCanaryTests.updated([["setWeight": 25], ["pause": [:]], ["setWeight": 50], ["pause": [:]]])
        cluster.editStatus(["pauseConditions": .null])
        cluster.setReplicas(8)
        cluster.settle()
        #expect(cluster.step == 3 && cluster.sizes == "v1: 4, v2: 4")
    }

    @Test("a stable ReplicaSet that somebody deleted does not hold up the update") func stableDeleted() {
        for canary in [JSONObject(), Manifest.routed()] {
            var cluster = ModelCluster.routed(Manifest.rollout(steps: [["setWeight": 50], ["pause": [:]]], canary: canary))
            cluster.settle()
            cluster.setImage("v2")
            cluster.settle()
            cluster.replicaSets[cluster.name("v1")] = nil
            cluster.settle()
            cluster.promote()
            cluster.settle()
            #expect(cluster.sizes == "v2: 4" && cluster.stable == "v2" && cluster.phase == "Healthy")
        }
    }

    @Test("an abort with a deleted stable ReplicaSet does not take away the pods that are left") func abortWithoutStable() {
        for canary in [JSONObject(), Manifest.routed()] {
            var cluster = ModelCluster.routed(Manifest.rollout(steps: [["setWeight": 50], ["pause": [:]]], canary: canary))
            cluster.settle()
            cluster.setImage("v2")
            cluster.settle()
            cluster.replicaSets[cluster.name("v1")] = nil
            cluster.abort()
            cluster.settle()
            cluster.run(for: .seconds(100))
            #expect(cluster.size("v2") == 4)
        }
    }

    @Test("an unhealthy stable version does not hold up a good one (R11)", arguments: [false, true]) func unhealthyStable(_ isRouted: Bool) {
        var cluster = ModelCluster.routed(
            Manifest.rollout(steps: [["setWeight": 50], ["pause": ["duration": 10]]], canary: isRouted ? Manifest.routed() : [:]))
        cluster.podLimit["v1"] = 0
        cluster.settle()
        cluster.setImage("v2")
        cluster.settle()
        cluster.run(for: .seconds(100))
        #expect(cluster.stable == "v2" && cluster.size("v2") == 4 && cluster.size("v1") == 0)
    }
}

@Suite("Progress") struct ProgressTests {
    @Test("is missed on the second the deadline passes, and recovers") func deadline() {
        var cluster = BasicCanaryTests.updated([["setWeight": 50]], spec: ["progressDeadlineSeconds": 30], limits: ["v2": 0])
        let due: Timestamp = cluster.lastPlan?.wakeAt ?? cluster.now
        cluster.now = due - .seconds(1)
        cluster.settle()
        #expect(cluster.condition("Progressing") == "True/ReplicaSetUpdated")
        cluster.now = due
        cluster.forget()
        cluster.settle()
        #expect(cluster.phase == "Degraded ProgressDeadlineExceeded: ReplicaSet \"\(cluster.name("v2"))\" has timed out progressing.")
        #expect(cluster.events.isEmpty && cluster.statusWrites == 1)
        cluster.podLimit = [:]
        cluster.runPods()
        cluster.settle()
        #expect(cluster.phase == "Healthy")
    }

    @Test("R12: pods that are ready and lost in turn do not move the deadline, and what goes beyond does") func crashLoop() {
        var cluster = BasicCanaryTests.updated([["setWeight": 50]], spec: ["progressDeadlineSeconds": 30], limits: ["v2": 0])
        cluster.forget()
        for _ in 0..<5 {
            for limit in [1, 0] {
                cluster.podLimit = ["v2": limit]
                cluster.runPods()
                cluster.advance(by: .seconds(4))
            }
        }
        #expect(cluster.condition("Progressing") == "False/ProgressDeadlineExceeded")
        #expect(cluster.condition("PodsLost") == "True/PodsWereLost")
        cluster.podLimit = ["v2": 2]
        cluster.runPods()
        cluster.settle()
        #expect(cluster.condition("Progressing") == "True/ReplicaSetUpdated" || cluster.phase == "Healthy")
        cluster.podLimit = [:]
        cluster.runPods()
        cluster.settle()
        #expect(cluster.phase == "Healthy" && cluster.condition("PodsLost") == nil)
    }

    @Test("that fails aborts where that was asked for, in one write with the reason") func deadlineAbort() {
        var cluster = BasicCanaryTests.updated(
            [["setWeight": 50]], spec: ["progressDeadlineSeconds": 30, "progressDeadlineAbort": true], limits: ["v2": 0])
        cluster.forget()
        cluster.run(for: .seconds(60))
        #expect(cluster.phase == "Degraded RolloutAborted: Rollout aborted update to revision 2: ReplicaSet \"\(cluster.name("v2"))\" has timed out progressing.")
        #expect(cluster.sizes == "v1: 4, v2: 0")
        #expect(cluster.reasons.filter { $0 == "RolloutAborted" }.count == 2)
        #expect(cluster.journal.filter { $0.contains("abort=true") } == ["status phase=Degraded (\(cluster.status.message)) abort=true abortedAt=true Pg=False/RolloutAborted"])
        cluster.run(for: .seconds(3600))
        #expect(cluster.status.abort)
    }

    @Test("after promote in full that fails is aborted once and stays so") func deadlineAbortInFull() {
        var cluster = BasicCanaryTests.updated(
            [["setWeight": 25], ["pause": [:]]], spec: ["progressDeadlineSeconds": 30, "progressDeadlineAbort": true], limits: ["v2": 1])
        cluster.promoteFull()
        cluster.settle()
        cluster.run(for: .seconds(3600))
        #expect(cluster.status.abort && !cluster.status.promoteFull && cluster.sizes == "v1: 4, v2: 0")
    }

    @Test("R10: a version that missed its deadline blocks neither the next one nor one that was there before", arguments: ["v3", "v0"])
    func nextVersion(_ next: String) {
        var cluster = ModelCluster(Manifest.rollout(
            steps: [["setWeight": 50], ["pause": [:]]], image: "v0", spec: ["progressDeadlineSeconds": 30, "progressDeadlineAbort": true]))
        cluster.settle()
        cluster.setImage("v1")
        cluster.settle()
        cluster.promote()
        cluster.settle()
        cluster.podLimit["v2"] = 0
        cluster.setImage("v2")
        cluster.settle()
        cluster.run(for: .seconds(100))
        #expect(cluster.status.abort)
        cluster.podLimit[next] = 1
        cluster.setImage(next)
        cluster.settle()
        #expect(!cluster.status.abort && cluster.condition("Progressing") == "True/ReplicaSetUpdated")
        cluster.run(for: .seconds(29))
        #expect(!cluster.status.abort)
        cluster.podLimit = [:]
        cluster.runPods()
        cluster.settle()
        #expect(cluster.phase == "Paused CanaryPauseStep")
    }

    @Test("R38: a spec that was invalid for longer than the deadline gets a fresh one") func invalidLonger() {
        var cluster = BasicCanaryTests.updated(
            [["setWeight": 50]], spec: ["progressDeadlineSeconds": 30, "progressDeadlineAbort": true], limits: ["v2": 0])
        cluster.setCanary("stableService", "nobody")
        cluster.settle()
        #expect(cluster.phase.hasPrefix("Degraded InvalidSpec"))
        cluster.run(for: .seconds(600))
        cluster.setCanary("stableService", .null)
        cluster.settle()
        #expect(!cluster.status.abort && cluster.condition("InvalidSpec") == nil)
        cluster.run(for: .seconds(29))
        #expect(!cluster.status.abort)
        cluster.run(for: .seconds(1))
        #expect(cluster.status.abort)
    }

    @Test("is not asked for in pauses, however long") func pause() {
        var cluster = BasicCanaryTests.updated([["setWeight": 50], ["pause": ["duration": 30]]], spec: ["progressDeadlineSeconds": 5])
        cluster.run(for: .seconds(29))
        #expect(cluster.phase == "Paused CanaryPauseStep")
        cluster.run(for: .seconds(10))
        #expect(cluster.phase == "Healthy")
    }
}

@Suite("Creating a ReplicaSet") struct CreationTests {
    @Test("that the API server refuses says so once and is tried again") func refused() {
        var cluster = BasicCanaryTests.updated([["setWeight": 50], ["pause": [:]]], to: "v1")
        cluster.createRefusal = .invalid("spec.template.spec.containers[0].name: Invalid value")
        cluster.setImage("v2")
        cluster.settle()
        #expect(cluster.condition("Progressing") == "False/ReplicaSetCreateError")
        #expect(cluster.status.conditions.contains { $0.message.hasPrefix("Failed to create new replica set \"app-") && $0.message.hasSuffix("Invalid value") })
        #expect(cluster.reasons == ["ReplicaSetCreateError"])
        #expect(cluster.sizes == "v1: 4")
        cluster.run(for: .seconds(29))
        #expect(cluster.reasons == ["ReplicaSetCreateError"])
        cluster.createRefusal = nil
        cluster.run(for: .seconds(2))
        #expect(cluster.phase == "Paused CanaryPauseStep")
    }

    @Test("7: a name that somebody else has is left alone, and another hash is used") func collision() {
        var cluster = BasicCanaryTests.updated(to: "v1")
        cluster.setImage("v2")
        let plan = cluster.decideNow()
        guard case .createReplicaSet(let draft) = plan.steps.first?.action else {
            Issue.record("nothing is created")
            return
        }
        var foreign: JSONValue = draft.object
        foreign.set(["containers": [["name": "other", "image": "other:v9"]]], at: ["spec", "template", "spec"])
        foreign.set(.array([]), at: ["metadata", "ownerReferences"])
        foreign.set(["x": "y"], at: ["metadata", "labels"])
        cluster.replicaSets[draft.name] = cluster.created(foreign)
        let before: JSONValue? = cluster.replicaSets[draft.name]?["spec"]
        cluster.settle()
        #expect(cluster.status.collisionCount == 1)
        #expect(cluster.current == "v2" && cluster.name("v2") != draft.name)
        #expect(cluster.replicaSets[draft.name]?["spec"] == before)
    }

    @Test("10: what a dead process created is found and used") func found() {
        var cluster = ModelCluster(Manifest.rollout(steps: [["setWeight": 50]]))
        cluster.apply(cluster.decideNow(), prefix: 1)
        cluster.settle()
        #expect(cluster.journal.contains("status step=none Pg=True/FoundNewReplicaSet"))
        #expect(cluster.replicaSets.count == 1 && cluster.phase == "Healthy")
    }

    @Test("11: orphans are adopted and strangers released, never deleted") func claims() {
        var cluster = BasicCanaryTests.updated([["setWeight": 50], ["pause": [:]]])
        let name: String = cluster.name("v2")
        cluster.editReplicaSet("v2", ["metadata": ["ownerReferences": []]])
        cluster.settle()
        #expect(cluster.journal.contains("v2 adopted") && cluster.replicaSets.count == 2 && cluster.sizes == "v1: 2, v2: 2")
        cluster.editReplicaSet("v2", ["metadata": ["labels": ["app": "other"]]])
        cluster.settle()
        #expect(cluster.journal.contains("v2 released") && cluster.replicaSets[name] != nil)
    }

    @Test("8, 9: a ReplicaSet with another kind of hash and defaulted fields is the new one") func otherHash() {
        var cluster = BasicCanaryTests.updated(to: "v1")
        let old: String = cluster.name("v1")
        var object: JSONValue = cluster.replicaSets[old]!
        object.set("app-legacy", at: ["metadata", "name"])
        object.set("legacy", at: ["metadata", "labels", "rollouts-pod-template-hash"])
        object.set("legacy", at: ["spec", "selector", "matchLabels", "rollouts-pod-template-hash"])
        object.set("legacy", at: ["spec", "template", "metadata", "labels", "rollouts-pod-template-hash"])
        object.set("Always", at: ["spec", "template", "spec", "restartPolicy"])
        object.set(30, at: ["spec", "template", "spec", "terminationGracePeriodSeconds"])
        cluster.replicaSets[old] = nil
        cluster.replicaSets["app-legacy"] = object
        cluster.editStatus(["stableRS": "legacy", "currentPodHash": "legacy"])
        cluster.forget()
        cluster.settle()
        #expect(cluster.journal.isEmpty && cluster.replicaSets.count == 1)
    }
}
