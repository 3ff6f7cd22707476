import Clockwork
import Delivery
import StrictJSON
import Testing

/// Whole lives of blue-green Rollouts; the numbers are those of the specification's cases and of the regressions.
@Suite("Blue-green") struct BlueGreenTests {
    static let analysis: JSONValue = ["templates": [["templateName": "ok"]]]

    /// Healthy at `v1`.
    static func steady(_ members: JSONObject = [:], replicas: Int = 3, preview: Bool = true, spec: JSONObject = [:]) -> ModelCluster {
        var strategy: JSONObject = ["activeService": "active"]
        if preview { strategy["previewService"] = "preview" }
        for (key, value) in members { strategy[key] = value }
        var manifest: JSONValue = Manifest.rollout(replicas: replicas, spec: spec)
        manifest.set(["blueGreen": .object(strategy)], at: ["spec", "strategy"])
        var cluster = ModelCluster(
            manifest, services: [Manifest.service("active")] + (preview ? [Manifest.service("preview")] : []), templates: [Manifest.template()])
        cluster.settle()
        // A release later than the first one: versions are told apart by age.
        cluster.run(for: .seconds(60))
        cluster.forget()
        return cluster
    }

    static func updating(_ members: JSONObject = [:], replicas: Int = 3, preview: Bool = true, spec: JSONObject = [:]) -> ModelCluster {
        var cluster = steady(members, replicas: replicas, preview: preview, spec: spec)
        cluster.setImage("v2")
        cluster.settle()
        return cluster
    }

    static func counts(_ cluster: ModelCluster) -> [Int] {
        let status = cluster.status
        return [status.replicas, status.updatedReplicas, status.readyReplicas, status.availableReplicas]
    }

    @Test("the first version goes live with its pods, and the events are those of upstream") func first() {
        var manifest: JSONValue = Manifest.rollout(replicas: 3)
        manifest.set(["blueGreen": ["activeService": "active"]], at: ["spec", "strategy"])
        var cluster = ModelCluster(manifest, services: [Manifest.service("active")])
        cluster.podLimit = ["v1": 2]
        cluster.settle()
        // 91: a Service without a hash is not narrowed before the pods are there.
        #expect(cluster.selected(by: "active") == "-" && cluster.stable == "v1" && cluster.status.phase == .progressing)
        cluster.podLimit = [:]
        cluster.runPods()
        cluster.settle()
        #expect(cluster.selected(by: "active") == "v1" && cluster.phase == "Healthy" && cluster.condition("Healthy") == "True/RolloutHealthy")
        #expect(cluster.status.blueGreen.activeSelector == cluster.status.currentPodHash && cluster.status.selector.contains("rollouts-pod-template-hash="))
        #expect(cluster.reasons == ["RolloutUpdated", "NewReplicaSetCreated", "ScalingReplicaSet", "RolloutCompleted", "SwitchService"], "\(cluster.reasons)")
    }

    @Test("81: healthy after the switch while the old pods wait out their delay") func automatic() {
        var cluster = Self.updating()
        #expect(cluster.phase == "Healthy" && Self.counts(cluster) == [6, 3, 3, 3] && cluster.stable == "v2")
        #expect(cluster.selected(by: "active") == "v2" && cluster.selected(by: "preview") == "v2" && cluster.sizes == "v1: 3, v2: 3")
        cluster.run(for: .seconds(31))
        #expect(cluster.sizes == "v1: 0, v2: 3" && cluster.annotation("scale-down-deadline", of: "v1") == nil)
        #expect(cluster.events.contains { $0.message.hasSuffix(": Completed blue-green update") })
    }

    @Test("82: waits for a person once all pods are there", arguments: ["promote", "full"]) func manual(_ how: String) {
        var cluster = Self.steady(["autoPromotionEnabled": false])
        cluster.podLimit = ["v2": 2]
        cluster.setImage("v2")
        cluster.settle()
        #expect(cluster.status.phase == .progressing && cluster.status.pauseConditions.isEmpty)
        cluster.podLimit = [:]
        cluster.runPods()
        cluster.settle()
        #expect(cluster.phase == "Paused BlueGreenPause" && cluster.condition("Paused") == "True/RolloutPaused" && cluster.selected(by: "active") == "v1")
        cluster.run(for: .seconds(3000))
        #expect(cluster.phase == "Paused BlueGreenPause" && cluster.sizes == "v1: 3, v2: 3")
        if how == "full" { cluster.promoteFull() } else { cluster.promote() }
        cluster.settle()
        #expect(cluster.phase == "Healthy" && cluster.selected(by: "active") == "v2" && cluster.stable == "v2" && !cluster.status.promoteFull)
        #expect(cluster.condition("Paused") == "False/RolloutPaused" && !cluster.status.controllerPause)
    }

    @Test("83: few pods before the promotion, all of them before the switch") func preview() {
        var cluster = Self.updating(["autoPromotionEnabled": false, "previewReplicaCount": 1], replicas: 2)
        #expect(cluster.phase.hasPrefix("Paused") && cluster.sizes == "v1: 2, v2: 1" && Self.counts(cluster) == [3, 1, 2, 2])
        cluster.podLimit = ["v2": 1]
        cluster.promote()
        cluster.settle()
        #expect(cluster.status.blueGreen.scaleUpPreviewCheckPoint && cluster.sizes == "v1: 2, v2: 2" && cluster.selected(by: "active") == "v1")
        cluster.podLimit = [:]
        cluster.runPods()
        cluster.settle()
        #expect(cluster.phase == "Healthy" && Self.counts(cluster) == [4, 2, 2, 2] && !cluster.status.blueGreen.scaleUpPreviewCheckPoint)
    }

    @Test("84: one pod, an analysis, a timed pause, the switch, and back when the second analysis fails") func wholeLife() {
        var cluster = Self.updating([
            "previewReplicaCount": 1, "autoPromotionSeconds": 10, "prePromotionAnalysis": Self.analysis, "postPromotionAnalysis": Self.analysis,
        ], replicas: 2)
        #expect(cluster.runs.keys.map(cluster.runName) == ["app-v2-2-pre"] && cluster.sizes == "v1: 2, v2: 1" && cluster.status.pauseConditions.isEmpty)
        cluster.run(for: .seconds(10))
        #expect(cluster.selected(by: "active") == "v1")
        cluster.endRun("-pre", "Successful")
        cluster.settle()
        #expect(cluster.phase == "Paused BlueGreenPause")
        cluster.run(for: .seconds(5))
        #expect(cluster.phase == "Paused BlueGreenPause" && cluster.sizes == "v1: 2, v2: 1")
        cluster.run(for: .seconds(6))
        #expect(cluster.selected(by: "active") == "v2" && cluster.phase == "Progressing waiting for analysis to complete" && cluster.stable == "v1")
        cluster.endRun("-post", "Failed", message: "bad")
        cluster.settle()
        #expect(cluster.phase == "Degraded RolloutAborted: Rollout aborted update to revision 2: Blue/green post-promotion analysis phase error/failed: bad")
        #expect(cluster.selected(by: "active") == "v1" && cluster.selected(by: "preview") == "v2" && cluster.stable == "v1" && cluster.sizes == "v1: 2, v2: 2")
        cluster.run(for: .seconds(31))
        #expect(cluster.sizes == "v1: 2, v2: 0" && cluster.reasons.filter { $0 == "RolloutAborted" }.count == 1, "R39")
    }

    @Test("85: a failed analysis keeps the old version; a retry measures again") func retry() {
        var cluster = Self.updating(["prePromotionAnalysis": Self.analysis])
        cluster.endRun(nil, "Failed")
        cluster.settle()
        #expect(cluster.status.phase == .degraded && cluster.selected(by: "active") == "v1" && cluster.selected(by: "preview") == "v2")
        cluster.retry()
        cluster.settle()
        #expect(cluster.runs.keys.map(cluster.runName).sorted() == ["app-v2-2-pre", "app-v2-2-pre.1"] && cluster.selected(by: "active") == "v1")
        cluster.endRun(nil, "Successful")
        cluster.settle()
        #expect(cluster.phase == "Healthy" && cluster.selected(by: "active") == "v2")
    }

    @Test("86: another version after a failed one starts over, and both old ones wait out their delay") func third() {
        var cluster = Self.updating(["postPromotionAnalysis": Self.analysis, "scaleDownDelaySeconds": 60])
        cluster.endRun(nil, "Failed")
        cluster.settle()
        cluster.setImage("v3")
        cluster.settle()
        #expect(!cluster.status.abort && cluster.annotation("scale-down-deadline", of: "v2") != nil && cluster.size("v1") == 3)
        cluster.endRun(nil, "Successful")
        cluster.settle()
        #expect(cluster.phase == "Healthy" && cluster.stable == "v3" && cluster.annotation("scale-down-deadline", of: "v1") != nil)
        cluster.run(for: .seconds(61))
        #expect(cluster.sizes == "v1: 0, v2: 0, v3: 3")
    }

    @Test("87: back within the delay without pause and analysis; outside of it as any update", arguments: [true, false]) func fastRollback(_ isWithin: Bool) {
        var cluster = Self.updating(["autoPromotionEnabled": false, "prePromotionAnalysis": Self.analysis])
        cluster.endRun(nil, "Successful")
        cluster.settle()
        cluster.promote()
        cluster.settle()
        #expect(cluster.stable == "v2")
        if !isWithin { cluster.run(for: .seconds(60)) }
        let runs: Int = cluster.runs.count
        cluster.setImage("v1")
        cluster.settle()
        if isWithin {
            #expect(cluster.phase == "Healthy" && cluster.stable == "v1" && cluster.selected(by: "active") == "v1" && cluster.runs.count == runs)
            #expect(cluster.annotation("rollout.argoproj.io/revision", of: "v1") == "3" && cluster.annotation("scale-down-deadline", of: "v1") == nil)
        } else {
            #expect(cluster.stable == "v2" && cluster.selected(by: "active") == "v2" && cluster.runs.count == runs + 1)
        }
    }

    @Test("88: only so many old versions keep pods") func revisionLimit() {
        var cluster = Self.steady(["scaleDownDelaySeconds": 86_400, "scaleDownDelayRevisionLimit": 2], replicas: 1)
        for image in ["v2", "v3", "v4"] {
            cluster.setImage(image)
            cluster.settle()
        }
        #expect(cluster.sizes == "v1: 0, v2: 1, v3: 1, v4: 1")
        cluster.edit(["spec": ["strategy": ["blueGreen": ["scaleDownDelayRevisionLimit": 1]]]])
        cluster.settle()
        #expect(cluster.sizes == "v1: 0, v2: 0, v3: 1, v4: 1")
    }

    @Test("89, R28: a pod that is lost ends no analysis, and no version goes live without its pods") func lostPod() {
        var cluster = Self.updating(["prePromotionAnalysis": Self.analysis])
        cluster.podLimit = ["v2": 1]
        cluster.runPods()
        cluster.settle()
        #expect(cluster.runs.values.first?.at("spec", "terminate") == nil)
        cluster.endRun(nil, "Successful")
        cluster.settle()
        #expect(cluster.selected(by: "active") == "v1")
    }

    @Test("90: an abort in the pause takes the pods after its delay; 0 keeps them", arguments: [1, 0]) func abort(_ delay: Int) {
        var cluster = Self.updating(["autoPromotionEnabled": false, "previewReplicaCount": 1, "abortScaleDownDelaySeconds": .number(JSONNumber(delay))])
        cluster.abort()
        cluster.settle()
        #expect(cluster.status.phase == .degraded && cluster.status.pauseConditions.isEmpty && cluster.size("v2") == 1)
        cluster.run(for: .seconds(2))
        #expect(cluster.size("v2") == (delay == 0 ? 1 : 0) && cluster.size("v1") == 3)
        // R04: nothing revives it.
        cluster.setReplicas(5)
        cluster.settle()
        #expect(cluster.size("v2") == (delay == 0 ? 1 : 0) && cluster.size("v1") == 5 && cluster.selected(by: "active") == "v1")
    }

    @Test("92: under spec.paused pods come and Services stay") func paused() {
        var cluster = Self.steady()
        cluster.pause()
        cluster.settle()
        cluster.setImage("v2")
        cluster.settle()
        #expect(cluster.size("v2") == 3 && cluster.selected(by: "active") == "v1" && cluster.selected(by: "preview") == "v1")
        cluster.unpause()
        cluster.settle()
        #expect(cluster.phase == "Healthy" && cluster.selected(by: "active") == "v2")
    }

    @Test("93, R26: no gate that one version has passed counts for the next") func gates() {
        var cluster = Self.updating(["autoPromotionEnabled": false, "previewReplicaCount": 1, "prePromotionAnalysis": Self.analysis])
        cluster.endRun(nil, "Successful")
        cluster.settle()
        cluster.podLimit = ["v2": 1]
        cluster.promote()
        cluster.settle()
        #expect(cluster.status.blueGreen.scaleUpPreviewCheckPoint)
        cluster.setImage("v3")
        cluster.settle()
        #expect(!cluster.status.blueGreen.scaleUpPreviewCheckPoint && cluster.size("v3") == 1 && cluster.status.pauseConditions.isEmpty)
        #expect(cluster.runs.keys.map(cluster.runName).contains("app-v3-3-pre"))
        cluster.endRun(nil, "Successful")
        cluster.settle()
        #expect(cluster.phase == "Paused BlueGreenPause" && cluster.selected(by: "active") == "v1")
    }

    @Test("R26: a person's answer to an analysis that could not decide is no answer to the pause behind it") func inconclusive() {
        var cluster = Self.updating(["autoPromotionEnabled": false, "prePromotionAnalysis": Self.analysis])
        cluster.endRun(nil, "Inconclusive")
        cluster.settle()
        #expect(cluster.phase == "Paused InconclusiveAnalysisRun")
        cluster.promote()
        cluster.settle()
        #expect(cluster.runs.count == 2 && cluster.selected(by: "active") == "v1")
        cluster.endRun(nil, "Successful")
        cluster.settle()
        #expect(cluster.phase == "Paused BlueGreenPause" && cluster.selected(by: "active") == "v1")
    }

    @Test("R27, R10: versions that crash never go live, and a good one after them does") func crashing() {
        var cluster = Self.steady()
        cluster.podLimit = ["v2": 0, "v3": 0]
        for image in ["v2", "v3"] {
            cluster.setImage(image)
            cluster.settle()
            #expect(cluster.selected(by: "active") == "v1" && cluster.size("v1") == 3)
        }
        cluster.setImage("v4")
        cluster.settle()
        #expect(cluster.phase == "Healthy" && cluster.selected(by: "active") == "v4")
    }

    @Test("an abort after the switch goes back though the new version has no pods left, and takes none while it serves") func hazard() {
        var cluster = Self.updating(["postPromotionAnalysis": Self.analysis])
        #expect(cluster.selected(by: "active") == "v2")
        cluster.podLimit = ["v2": 0]
        cluster.runPods()
        cluster.abort()
        cluster.settle()
        #expect(cluster.selected(by: "active") == "v1" && cluster.size("v1") == 3)
    }

    @Test("a version that the active Service selects keeps its pods after an abort while stable cannot serve") func keepsServing() {
        var cluster = Self.updating(["postPromotionAnalysis": Self.analysis])
        cluster.podLimit = ["v1": 0]
        cluster.runPods()
        cluster.settle()
        cluster.abort()
        cluster.settle()
        #expect(cluster.selected(by: "active") == "v2" && cluster.annotation("scale-down-deadline", of: "v2") == nil)
        // Somebody has put a deadline there; it changes nothing while the Service selects the version.
        cluster.editReplicaSet("v2", ["metadata": ["annotations": ["scale-down-deadline": "2020-01-01T00:00:00Z"]]])
        cluster.podLimit = ["v1": 3]
        var plan = cluster.decideNow()
        #expect(!plan.steps.contains { if case .scaleReplicaSet(_, _, 0, _, _) = $0.action { true } else { false } })
        cluster.runPods()
        plan = cluster.decideNow()
        #expect(!plan.steps.contains { if case .scaleReplicaSet(_, _, 0, _, _) = $0.action { true } else { false } })
        cluster.settle()
        #expect(cluster.selected(by: "active") == "v1")
    }

    @Test("R05: an abort after the wish for full promotion wins; R14: the wish right after a rollback is honoured") func wishes() {
        var cluster = Self.steady(["autoPromotionEnabled": false])
        cluster.podLimit = ["v2": 0]
        cluster.setImage("v2")
        cluster.settle()
        cluster.promoteFull()
        cluster.settle()
        cluster.abort()
        cluster.settle()
        #expect(cluster.status.abort && !cluster.status.promoteFull && cluster.selected(by: "active") == "v1")
        cluster.podLimit = [:]
        cluster.runPods()
        cluster.setImage("v3")
        cluster.settle()
        cluster.promoteFull()
        cluster.settle()
        #expect(cluster.stable == "v3" && cluster.phase == "Healthy")
    }

    @Test("R34: one write of size for one change") func flapping() {
        var cluster = Self.updating()
        cluster.run(for: .seconds(40))
        let scalings: [String] = cluster.journal.filter { $0.contains("→") && ($0.hasPrefix("v1 ") || $0.hasPrefix("v2 ")) }
        #expect(scalings == ["v2 0→3", "v1 3→0"], "\(scalings)")
    }

    @Test("R35: a delay whose end is empty or cannot be read does not last for ever", arguments: ["", "soon"]) func unreadable(_ text: String) {
        var cluster = Self.updating()
        cluster.editReplicaSet("v1", ["metadata": ["annotations": ["scale-down-deadline": .string(text)]]])
        cluster.run(for: .seconds(31))
        #expect(cluster.size("v1") == 0)
    }

    @Test("R37: without pods an update ends, and pods that come later serve") func noPods() {
        var cluster = Self.updating(replicas: 0)
        #expect(cluster.phase == "Healthy" && cluster.stable == "v2" && cluster.selected(by: "active") == "v2")
        cluster.setReplicas(2)
        cluster.settle()
        #expect(cluster.phase == "Healthy" && cluster.sizes == "v1: 0, v2: 2")
    }

    @Test("sizes follow the number of pods in the middle of an update, the old version first of all") func resize() {
        var cluster = Self.updating(["autoPromotionEnabled": false])
        cluster.setReplicas(5)
        cluster.settle()
        #expect(cluster.sizes == "v1: 5, v2: 5" && cluster.phase == "Paused BlueGreenPause")
        cluster.promote()
        cluster.settle()
        #expect(cluster.phase == "Healthy" && cluster.selected(by: "active") == "v2")
    }

    @Test("another version before the one that serves was stable: that one serves on with all wanted pods; an abort goes back to stable") func superseded() {
        var cluster = Self.updating(["autoPromotionEnabled": false, "postPromotionAnalysis": Self.analysis])
        cluster.promote()
        cluster.settle()
        cluster.setImage("v3")
        cluster.settle()
        #expect(cluster.phase == "Paused BlueGreenPause" && cluster.selected(by: "active") == "v2" && cluster.stable == "v1")
        cluster.setReplicas(5)
        cluster.settle()
        cluster.run(for: .seconds(600))
        #expect(cluster.sizes == "v1: 5, v2: 5, v3: 5" && cluster.selected(by: "active") == "v2")
        cluster.abort()
        cluster.settle()
        #expect(cluster.selected(by: "active") == "v1")
        cluster.run(for: .seconds(60))
        #expect(cluster.sizes == "v1: 5, v2: 0, v3: 0")
    }

    @Test("0 seconds of delay take the old pods at once, but not before the Service has left them") func noDelay() {
        let cluster = Self.updating(["scaleDownDelaySeconds": 0])
        #expect(cluster.sizes == "v1: 0, v2: 3")
        let (switching, shrinking) = (cluster.journal.firstIndex(of: "active→v2"), cluster.journal.firstIndex(of: "v1 3→0"))
        #expect(switching != nil && shrinking != nil && switching! < shrinking!)
    }

    @Test("what is wrong is named", arguments: [
        (["previewService": "active"], "spec.strategy.activeService: Invalid value: \"active\": This rollout uses the same service for the active and preview services, but two different services are required."),
        (["scaleDownDelayRevisionLimit": 11], "spec.strategy.scaleDownDelayRevisionLimit: Invalid value: 11: This rollout's revision history limit can not be smaller than the rollout's scale down limit"),
        (["activeService": "nobody"], "spec.strategy.blueGreen.activeService: Invalid value: \"nobody\": service \"nobody\" not found"),
        (["prePromotionAnalysis": ["templates": [["templateName": "none"]]]], "spec.strategy.blueGreen.prePromotionAnalysis.templates: Invalid value: \"none\": AnalysisTemplate 'none' not found"),
        (["previewMetadata": ["labels": ["a": "b"]]], "spec.strategy.blueGreen.previewMetadata: is not carried out by this version of Sluice"),
    ] as [(JSONObject, String)]) func validation(_ members: JSONObject, _ words: String) {
        let cluster = Self.steady(members)
        #expect(cluster.status.message.contains(words), "\(cluster.status.message)")
        #expect(cluster.replicaSets.isEmpty)
    }
}
