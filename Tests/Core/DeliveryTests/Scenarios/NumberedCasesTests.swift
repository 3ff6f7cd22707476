import Clockwork
import StrictJSON
import Testing

/// The tricky cases of the specification by their number, as far as no other suite has them.
@Suite("Tricky cases") struct NumberedCasesTests {
    static func basic(
        replicas: Int, _ steps: [JSONValue]?, surge: JSONValue = .null, unavailable: JSONValue = .null, spec: JSONObject = [:], limits: [String: Int] = [:]
    ) -> ModelCluster {
        var cluster = ModelCluster(Manifest.rollout(replicas: replicas, steps: steps, canary: ["maxSurge": surge, "maxUnavailable": unavailable], spec: spec))
        cluster.podLimit = limits
        cluster.settle()
        cluster.forget()
        return cluster
    }

    static let slowPodSteps: [JSONValue] = [["setWeight": 50], ["pause": [:]]]

    @Test("1: a new Rollout goes straight to all pods, past its steps and its analysis") func case1() {
        var cluster = ModelCluster(
            Manifest.rollout(replicas: 3, steps: [["setWeight": 10], ["pause": [:]]], canary: ["analysis": ["templates": [["templateName": "ok"]]]]),
            templates: [Manifest.template()])
        cluster.podLimit["v1"] = 0
        cluster.settle()
        #expect(cluster.size("v1") == 3 && cluster.step == 2 && cluster.stable == "v1" && cluster.runs.isEmpty)
        cluster.podLimit = [:]
        cluster.runPods()
        cluster.settle()
        #expect(cluster.phase == "Healthy" && cluster.runs.isEmpty && cluster.status.pauseConditions.isEmpty)
    }

    @Test("2: an image that does not start is Degraded after the deadline, and Healthy when it does") func case2() {
        var cluster = Self.basic(replicas: 3, nil, limits: ["v1": 0])
        cluster.run(for: .seconds(601))
        #expect(cluster.phase.hasPrefix("Degraded ProgressDeadlineExceeded: ReplicaSet \"app-"))
        cluster.podLimit = [:]
        cluster.runPods()
        cluster.settle()
        #expect(cluster.phase == "Healthy")
    }

    @Test("15: a second crashing image takes the place of the first") func case15() {
        var cluster = Self.basic(replicas: 4, nil, surge: 1, unavailable: 0, limits: ["v2": 0, "v3": 0])
        cluster.setImage("v2")
        cluster.settle()
        #expect(cluster.sizes == "v1: 4, v2: 1")
        cluster.run(for: .seconds(700))
        #expect(cluster.phase.hasPrefix("Degraded ProgressDeadlineExceeded"))
        cluster.setImage("v3")
        cluster.settle()
        #expect(cluster.sizes == "v1: 4, v2: 0, v3: 1")
    }

    @Test("16: a first version that never became available is replaced; a bad third one is held", arguments: [nil, [["setWeight": 50], ["pause": ["duration": "5s"]]]] as [[JSONValue]?])
    func case16(_ steps: [JSONValue]?) {
        var cluster = Self.basic(replicas: 4, steps, surge: 1, unavailable: 0, limits: ["v1": 0, "bad": 0])
        cluster.setImage("v2")
        cluster.settle()
        cluster.run(for: .seconds(10))
        #expect(cluster.sizes == "v1: 0, v2: 4" && cluster.stable == "v2")
        cluster.setImage("bad")
        cluster.settle()
        #expect(cluster.size("v2") == 4 && cluster.size("bad") == 1)
    }

    @Test("17: a pause keeps its step while the number of pods changes") func case17() {
        var cluster = Self.basic(replicas: 1, [["setWeight": 25], ["pause": [:]]])
        cluster.setImage("v2")
        cluster.settle()
        #expect(cluster.sizes == "v1: 1, v2: 1")
        for (total, sizes) in [(8, "v1: 6, v2: 2"), (4, "v1: 3, v2: 1")] {
            cluster.setReplicas(total)
            cluster.settle()
            #expect(cluster.sizes == sizes && cluster.step == 1 && cluster.phase == "Paused CanaryPauseStep")
        }
    }

    @Test("18, 19: sizes follow the number of pods while the new ones are unavailable") func case18() {
        var cluster = Self.basic(replicas: 4, nil, surge: "100%", limits: ["v2": 0])
        cluster.setImage("v2")
        cluster.settle()
        #expect(cluster.sizes == "v1: 3, v2: 4")
        for (total, sizes) in [(8, "v1: 3, v2: 8"), (4, "v1: 3, v2: 4")] {
            cluster.setReplicas(total)
            cluster.settle()
            #expect(cluster.sizes == sizes)
        }
        var other = Self.basic(replicas: 4, nil, surge: 2, unavailable: 0, limits: ["v2": 0])
        other.setImage("v2")
        other.settle()
        #expect(other.sizes == "v1: 4, v2: 2")
        for (total, sizes) in [(8, "v1: 4, v2: 6"), (4, "v1: 4, v2: 2")] {
            other.setReplicas(total)
            other.settle()
            #expect(other.sizes == sizes)
        }
    }

    @Test("20: the canary is not drained before stable pods are there") func case20() {
        var cluster = Self.basic(replicas: 3, [["setWeight": 100], ["pause": [:]], ["setWeight": 0], ["pause": [:]]], surge: 2, unavailable: 0)
        cluster.setImage("v2")
        cluster.settle()
        #expect(cluster.sizes == "v1: 0, v2: 3")
        cluster.podLimit["v1"] = 0
        cluster.promote()
        cluster.settle()
        #expect(cluster.sizes == "v1: 2, v2: 3")
        cluster.podLimit = [:]
        cluster.runPods()
        cluster.settle()
        #expect(cluster.sizes == "v1: 3, v2: 0" && cluster.step == 3)
    }

    @Test("21: a third revision at a pause: the first keeps its pods, the second loses them") func case21() {
        var cluster = Self.basic(replicas: 3, [["setWeight": 20], ["pause": [:]]])
        cluster.setImage("v2")
        cluster.settle()
        cluster.setImage("v3")
        cluster.settle()
        #expect(cluster.sizes == "v1: 3, v2: 0, v3: 1" && cluster.phase == "Paused CanaryPauseStep")
    }

    @Test("22: template and number of pods change together, in mid-pause, twice") func case22() {
        var cluster = Self.basic(replicas: 2, [["setWeight": 50], ["pause": [:]]])
        cluster.setImage("v2")
        cluster.settle()
        for (total, image) in [(3, "v3"), (4, "v4")] {
            cluster.setReplicas(total)
            cluster.setImage(image)
            cluster.settle()
            #expect(cluster.current == image && cluster.step == 1)
        }
        cluster.promote()
        cluster.settle()
        #expect(cluster.sizes == "v1: 0, v2: 0, v3: 0, v4: 4" && cluster.phase == "Healthy")
    }

    @Test("24: an abort without a stable pod left never has fewer than the wanted ones available") func case24() {
        var cluster = Self.basic(replicas: 4, [["setWeight": 100], ["pause": [:]]], surge: 1, unavailable: 0)
        cluster.setImage("v2")
        cluster.settle()
        #expect(cluster.sizes == "v1: 0, v2: 4")
        cluster.forget()
        cluster.abort()
        cluster.settle()
        #expect(cluster.journal.filter { $0.contains("→") }.prefix(4) == ["v1 0→1", "v2 4→3", "v1 1→2", "v2 3→2"])
        #expect(cluster.sizes == "v1: 4, v2: 0")
    }

    @Test("25: one percent and ninety-nine leave neither side empty", arguments: [(1, JSONValue.null, "v1: 10, v2: 1"), (1, 0, "v1: 9, v2: 1"), (99, 1, "v1: 1, v2: 10"), (99, 0, "v1: 1, v2: 9")] as [(Int, JSONValue, String)])
    func case25(_ weight: Int, _ surge: JSONValue, _ sizes: String) {
        var cluster = Self.basic(replicas: 10, [["setWeight": .number(JSONNumber(weight))], ["pause": [:]]], surge: surge, unavailable: 1)
        cluster.setImage("v2")
        cluster.settle()
        #expect(cluster.sizes == sizes)
    }

    @Test("hazard 25: the first step of a third revision does not end without its pods") func hazard25() {
        var cluster = Self.basic(replicas: 4, [["setWeight": 25], ["pause": [:]]], surge: 1, unavailable: 0, limits: ["v2": 0, "v3": 0])
        cluster.setImage("v2")
        cluster.settle()
        cluster.setImage("v3")
        cluster.settle()
        #expect(cluster.step == 0 && cluster.size("v3") == 1)
    }

    @Test("hazard 25: nor while the pods of the second one are all that may be missing") func hazard25WithoutRoom() {
        var cluster = Self.basic(replicas: 4, [["setWeight": 25], ["pause": [:]]], surge: 0, unavailable: 1)
        cluster.setImage("v2")
        cluster.settle()
        #expect(cluster.sizes == "v1: 3, v2: 1" && cluster.step == 1)
        cluster.podLimit["v1"] = 2
        cluster.runPods()
        cluster.setImage("v3")
        cluster.settle()
        #expect(cluster.sizes == "v1: 3, v2: 1, v3: 0" && cluster.step == 0)
        cluster.podLimit = [:]
        cluster.runPods()
        cluster.settle()
        #expect(cluster.sizes == "v1: 3, v2: 0, v3: 1" && cluster.step == 1)
    }

    @Test("29: slow pods: Degraded, then Paused, then through to Healthy") func case29() {
        var cluster = Self.basic(replicas: 2, Self.slowPodSteps, spec: ["progressDeadlineSeconds": 5], limits: ["v2": 0])
        cluster.setImage("v2")
        cluster.settle()
        cluster.run(for: .seconds(6))
        #expect(cluster.phase.hasPrefix("Degraded ProgressDeadlineExceeded"))
        cluster.podLimit["v2"] = 1
        cluster.runPods()
        cluster.settle()
        #expect(cluster.phase == "Paused CanaryPauseStep")
        cluster.promote()
        cluster.settle()
        cluster.run(for: .seconds(6))
        #expect(cluster.phase.hasPrefix("Degraded ProgressDeadlineExceeded"))
        cluster.podLimit = [:]
        cluster.runPods()
        cluster.settle()
        #expect(cluster.phase == "Healthy")
    }

    @Test("31: an abort of a promoted Rollout is taken back at once") func case31() {
        var cluster = Self.basic(replicas: 2, Self.slowPodSteps)
        cluster.abort()
        cluster.settle()
        #expect(cluster.phase == "Healthy" && !cluster.status.abort && !cluster.journal.contains { $0.contains("Degraded") })
    }

    @Test("36: spec.paused on a healthy Rollout does not flap") func case36() {
        var cluster = Self.basic(replicas: 2, Self.slowPodSteps)
        cluster.pause()
        cluster.settle()
        #expect(cluster.phase == "Paused manually paused" && cluster.condition("Progressing") == "True/NewReplicaSetAvailable")
        #expect(cluster.condition("Paused") == "True/RolloutPaused" && !cluster.journal.contains { $0.contains("Pg=Unknown") })
        #expect(cluster.statusWrites <= 3)
    }

    @Test("37: spec.paused and a new template: a ReplicaSet without pods, nothing else until unpaused") func case37() {
        var cluster = Self.basic(replicas: 2, Self.slowPodSteps)
        cluster.pause()
        cluster.setImage("v2")
        cluster.settle()
        #expect(cluster.sizes == "v1: 2, v2: 0" && cluster.current == "v2" && cluster.step == 0)
        cluster.unpause()
        cluster.settle()
        #expect(cluster.sizes == "v1: 1, v2: 1" && cluster.step == 1)
    }

    @Test("38: an abort while paused drops the pause without RolloutResumed") func case38() {
        var cluster = Self.basic(replicas: 2, Self.slowPodSteps)
        cluster.setImage("v2")
        cluster.settle()
        cluster.forget()
        cluster.abort()
        cluster.settle()
        #expect(cluster.status.pauseConditions.isEmpty && !cluster.reasons.contains("RolloutResumed"))
    }

    @Test("39, 40: another template clears an abort; the stable one skips the steps", arguments: ["v3", "v1"]) func case39(_ image: String) {
        var cluster = Self.basic(replicas: 4, Self.slowPodSteps)
        cluster.setImage("v2")
        cluster.settle()
        cluster.abort()
        cluster.settle()
        cluster.forget()
        cluster.setImage(image)
        cluster.settle()
        #expect(!cluster.status.abort && cluster.current == image)
        if image == "v1" {
            #expect(cluster.phase == "Healthy" && cluster.reasons.contains("SkipSteps") && cluster.step == 2)
        } else {
            #expect(cluster.phase == "Paused CanaryPauseStep" && cluster.step == 1)
        }
    }

    @Test("115: an aborted Rollout at rest writes nothing, and the time of its abort stays") func case115() {
        var cluster = Self.basic(replicas: 4, Self.slowPodSteps)
        cluster.setImage("v2")
        cluster.settle()
        cluster.abort()
        cluster.settle()
        let time = cluster.status.abortedAt
        cluster.forget()
        cluster.run(for: .seconds(7200))
        #expect(cluster.writes == 0 && cluster.status.abortedAt == time)
    }

    @Test("116: an intermediate ReplicaSet with an old size annotation is no resize") func case116() {
        var cluster = Self.basic(replicas: 4, [["setWeight": 25], ["pause": [:]]], limits: ["v2": 1])
        cluster.setImage("v2")
        cluster.settle()
        cluster.podsAreHeld = true
        cluster.setImage("v3")
        cluster.settle()
        cluster.editReplicaSet("v2", ["metadata": ["annotations": ["rollout.argoproj.io/desired-replicas": "99"]]])
        cluster.podsAreHeld = false
        cluster.runPods()
        cluster.settle()
        #expect(cluster.phase == "Paused CanaryPauseStep" && cluster.sizes == "v1: 3, v2: 0, v3: 1")
    }
}
