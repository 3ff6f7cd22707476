import Clockwork
import Delivery
import StrictJSON
import Testing

@Suite("A version that is no longer needed") struct RetiredVersionTests {
    /// v2 is promoted and the delay of v1 has begun.
    static func promoted(canary: JSONObject = [:], spec: JSONObject = [:]) -> ModelCluster {
        var cluster = RoutedCanaryTests.updated(canary: canary, spec: spec)
        cluster.promote()
        cluster.settle()
        return cluster
    }

    @Test("stays after its delay while the present one lacks pods") func spared() {
        var cluster = Self.promoted(canary: ["maxUnavailable": 0])
        #expect(cluster.stable == "v2" && cluster.annotation("scale-down-deadline", of: "v1") != nil)
        cluster.podLimit["v2"] = 3
        cluster.runPods()
        cluster.advance(by: .seconds(3600))
        #expect(cluster.size("v1") == 4)
        cluster.podLimit = [:]
        cluster.runPods()
        cluster.settle()
        #expect(cluster.size("v1") == 0)
    }

    @Test("R35: goes at once when the end of its delay cannot be read") func unreadable() {
        var cluster = Self.promoted(canary: ["scaleDownDelaySeconds": 600])
        cluster.editReplicaSet("v1", ["metadata": ["annotations": ["scale-down-deadline": "soon"]]])
        cluster.settle()
        #expect(cluster.size("v1") == 0)
    }

    @Test("is not deleted while it has pods, however short history is") func history() {
        var cluster = Self.promoted(canary: ["scaleDownDelaySeconds": 600], spec: ["revisionHistoryLimit": 0])
        #expect(cluster.stable == "v2" && cluster.size("v1") == 4)
        cluster.run(for: .seconds(601))
        #expect(cluster.size("v1") == nil)
    }

    @Test("that was aborted keeps its pods while the stable one lacks some") func aborted() {
        var cluster = RoutedCanaryTests.updated(canary: ["abortScaleDownDelaySeconds": 10])
        cluster.abort()
        cluster.settle()
        #expect(cluster.routeText == "100/0" && cluster.size("v2") == 2)
        cluster.podLimit["v1"] = 3
        cluster.runPods()
        cluster.advance(by: .seconds(60))
        #expect(cluster.size("v2") == 2)
        cluster.podLimit = [:]
        cluster.runPods()
        cluster.settle()
        cluster.run(for: .seconds(10))
        #expect(cluster.size("v2") == 0)
    }
}

@Suite("What does not count") struct NotCountedTests {
    @Test("a run of a step that somebody skipped, for the next one") func runOfSkippedStep() {
        var cluster = AnalysisScenarioTests.started(
            [["setWeight": 50], AnalysisScenarioTests.stepAnalysis, AnalysisScenarioTests.stepAnalysis, ["pause": [:]]])
        cluster.endRun(nil, "Successful")
        cluster.skipStep()
        cluster.settle()
        #expect(cluster.step == 2 && cluster.runs.keys.map(cluster.runName).sorted() == ["app-v2-2-1", "app-v2-2-2"])
    }

    @Test("R29: pods that come after an analysis could not decide, for the promotion") func undecided() {
        var cluster = AnalysisScenarioTests.started(
            [["setWeight": 50]], background: ["templates": [["templateName": "ok"]]], templates: [Manifest.template(count: nil)])
        #expect(cluster.stable == "v2", "without a doubt it goes through")
        cluster.podLimit["v3"] = 3
        cluster.setImage("v3")
        cluster.settle()
        #expect(cluster.step == 1 && cluster.stable == "v2")
        cluster.endRun(nil, "Inconclusive")
        cluster.settle()
        cluster.podLimit = [:]
        cluster.runPods()
        cluster.settle()
        #expect(cluster.phase == "Paused InconclusiveAnalysisRun" && cluster.stable == "v2")
    }

    @Test("the deadline that another version has missed, also where neither has a pod") func deadlineOfAnother() {
        var cluster = ModelCluster(Manifest.rollout(steps: [["setWeight": 50], ["pause": [:]]], image: "v0", spec: ["progressDeadlineSeconds": 30]))
        cluster.settle()
        cluster.setImage("v1")
        cluster.settle()
        cluster.promote()
        cluster.settle()
        cluster.podsAreHeld = true
        cluster.setImage("v2")
        cluster.settle()
        cluster.run(for: .seconds(100))
        #expect(cluster.condition("Progressing") == "False/ProgressDeadlineExceeded")
        cluster.setImage("v0")
        cluster.settle()
        #expect(cluster.condition("Progressing") == "True/ReplicaSetUpdated")
    }

    @Test("an annotation about a template that somebody has changed since") func editedTemplate() {
        var cluster = BasicCanaryTests.updated(to: "v1")
        let edited: String = cluster.name("v1")
        cluster.editReplicaSet("v1", ["spec": ["template": ["spec": ["containers": [["name": "web", "image": "web:v9"]]]]]])
        cluster.settle()
        #expect(cluster.current == "v1" && cluster.name("v1") != edited && cluster.sizes == "v1: 1, v9: 3")
    }

    @Test("R18: an old version that somebody has edited until it was the wanted one") func editedOldTemplate() {
        var cluster = BasicCanaryTests.updated(to: "v1")
        cluster.setImage("v2")
        cluster.settle()
        cluster.promoteFull()
        cluster.settle()
        let old: String = cluster.hash("v1")
        cluster.editReplicaSet("v1", ["spec": ["template": ["spec": ["containers": [["name": "web", "image": "web:v3"]]]]]])
        cluster.setImage("v3")
        cluster.settle()
        #expect(cluster.replicaSets.count == 3 && cluster.status.currentPodHash != old && cluster.current == "v3")
    }

    @Test("what stands in the annotation: another text for the same template would be another version of everything") func digestIsPinned() {
        var cluster = BasicCanaryTests.updated(to: "v1")
        cluster.settle()
        #expect(cluster.annotation("sluice/template-digest", of: "v1") == "1.abb61fc84adf2191-b469a41cf201d043")
    }

    @Test("R17: a template that is spelled otherwise and carries no annotation of ours, as another version") func spelledOtherwise() {
        var cluster = BasicCanaryTests.updated(to: "v1")
        cluster.editReplicaSet("v1", [
            "metadata": ["annotations": ["sluice/template-digest": .null]],
            "spec": ["template": ["spec": ["restartPolicy": "Always", "terminationGracePeriodSeconds": 30]]],
        ])
        cluster.forget()
        cluster.settle()
        #expect(cluster.journal.isEmpty && cluster.replicaSets.count == 1)
    }

    @Test("a ReplicaSet that another object controls, as an orphan") func controlledByAnother() {
        var cluster = BasicCanaryTests.updated(to: "v1")
        cluster.editReplicaSet("v1", [
            "metadata": ["ownerReferences": [["apiVersion": "apps/v1", "kind": "Deployment", "name": "other", "uid": "other", "controller": true]]],
        ])
        let plan = cluster.decideNow()
        #expect(!plan.steps.contains { if case .adoptReplicaSet = $0.action { true } else { false } })
    }

    @Test("a change that comes after the deletion has begun") func deleted() {
        var cluster = BasicCanaryTests.updated([["setWeight": 50], ["pause": [:]]], to: "v1")
        cluster.setImage("v2")
        cluster.rollout.set("2027-01-15T08:00:00Z", at: ["metadata", "deletionTimestamp"])
        let plan = cluster.decideNow()
        #expect(plan.steps.isEmpty && plan.events.isEmpty && cluster.isQuiet(plan))
    }
}
