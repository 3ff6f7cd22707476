import Clockwork
import Delivery
import StrictJSON
import Testing

/// `spec.rollbackWindow`: a young old revision is returned to without steps and analysis.
@Suite("A rollback within the window") struct RollbackWindowTests {
    /// Released one after another, each for a minute, all promoted.
    static func released(_ images: [String], window: Int, steps: [JSONValue] = RoutedCanaryTests.halfway, isRouted: Bool = true, spec: JSONObject = [:]) -> ModelCluster {
        var spec: JSONObject = spec
        spec["rollbackWindow"] = ["revisions": .number(JSONNumber(window))]
        let canary: JSONObject = isRouted ? Manifest.routed(["analysis": ["templates": [["templateName": "ok"]]]]) : [:]
        let manifest: JSONValue = Manifest.rollout(replicas: 4, steps: steps, image: images[0], canary: canary, spec: spec)
        var cluster: ModelCluster = isRouted ? .routed(manifest, templates: [Manifest.template()]) : ModelCluster(manifest)
        cluster.settle()
        for image in images.dropFirst() {
            cluster.run(for: .seconds(60))
            cluster.setImage(image)
            cluster.settle()
            cluster.promoteFull()
            cluster.settle()
            cluster.run(for: .seconds(60))
        }
        cluster.forget()
        return cluster
    }

    @Test("78: goes past steps and analysis, promoted as soon as its pods are there", arguments: [true, false]) func within(_ isRouted: Bool) {
        var cluster = Self.released(["v1", "v2", "v3", "v4"], window: 2, isRouted: isRouted)
        let runs: Int = cluster.runs.count
        cluster.setImage("v2")
        cluster.settle()
        cluster.run(for: .seconds(60))
        #expect(cluster.stable == "v2" && cluster.sizes == "v1: 0, v2: 4, v3: 0, v4: 0", "\(cluster.phase) \(cluster.sizes)")
        #expect(cluster.runs.count == runs)
        #expect(cluster.events.first { $0.reason == "RolloutCompleted" }?.message.hasSuffix(": Rollback within window") == true)
        #expect(!cluster.reasons.contains("RolloutPaused") && !cluster.reasons.contains("RolloutStepCompleted"))
        #expect(cluster.problems.isEmpty)
    }

    @Test("78: outside the window takes the steps and a new run", arguments: [(["v1", "v2", "v3", "v4", "v5"], 2), (["v1", "v2", "v3"], 0)])
    func outside(_ images: [String], _ window: Int) {
        var cluster = Self.released(images, window: window)
        cluster.setImage(window == 0 ? "v1" : "v2")
        cluster.settle()
        #expect(cluster.status.phase == .paused && cluster.step == 1 && cluster.stable == images.last)
    }

    @Test("counts the revisions between by age, as the specification's examples do", arguments: [
        (1, "v4", true), (1, "v3", false), (2, "v3", true), (3, "v2", true), (3, "v1", false),
    ])
    func counting(_ window: Int, _ target: String, _ isWithin: Bool) {
        var cluster = Self.released(["v1", "v2", "v3", "v4", "v5"], window: window)
        cluster.setImage(target)
        cluster.settle()
        #expect((cluster.stable == target) == isWithin)
    }

    @Test("79: does not count the ReplicaSets of Experiments") func experiments() {
        var cluster = Self.released(["v1", "v2", "v3"], window: 1)
        cluster.editReplicaSet("v2", ["metadata": ["annotations": ["experiment.argoproj.io/name": "e"]]])
        cluster.setImage("v1")
        cluster.settle()
        #expect(cluster.stable == "v1")
    }

    @Test("80: says that it skips the steps only where the old revision still has pods", arguments: [true, false]) func event(_ hasPods: Bool) {
        var cluster = Self.released(["v1", "v2"], window: 2)
        if hasPods { cluster.editReplicaSet("v1", ["spec": ["replicas": 2]]) }
        cluster.runPods()
        cluster.setImage("v1")
        cluster.settle()
        #expect(cluster.events.contains { $0.message == "Rollback to active ReplicaSets within RollbackWindow" } == hasPods)
        #expect(cluster.stable == "v1")
    }

    @Test("hazard 2: raises no weight before its pods are there") func weight() {
        var cluster = Self.released(["v1", "v2"], window: 2)
        cluster.podLimit["v1"] = 1
        cluster.setImage("v1")
        cluster.settle()
        #expect(cluster.routeText == "100/0" && cluster.stable == "v2")
        cluster.podLimit = [:]
        cluster.runPods()
        cluster.settle()
        cluster.run(for: .seconds(60))
        #expect(cluster.stable == "v1")
        #expect(cluster.problems.isEmpty)
    }

    @Test("is given up when somebody aborts it, and stays so until a retry") func abort() {
        var cluster = Self.released(["v1", "v2"], window: 2)
        cluster.podLimit["v1"] = 1
        cluster.setImage("v1")
        cluster.settle()
        cluster.abort()
        cluster.settle()
        cluster.podLimit = [:]
        cluster.runPods()
        cluster.run(for: .seconds(120))
        #expect(cluster.status.abort && cluster.stable == "v2" && cluster.routeText == "100/0" && cluster.size("v1") == 0)
        cluster.retry()
        cluster.settle()
        cluster.run(for: .seconds(60))
        #expect(cluster.stable == "v1")
        #expect(cluster.problems.isEmpty)
    }
}
