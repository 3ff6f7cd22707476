import Clockwork
import Delivery
import StrictJSON
import Testing

/// More of the tricky cases of the specification by their number: pauses, deadlines, aborts and ends of canaries.
@Suite("Tricky cases of canaries") struct NumberedCanaryCasesTests {
    @Test("23: an aborted basic canary gives its canary Service to the stable version once that has a pod") func case23() {
        var cluster = ModelCluster(
            Manifest.rollout(
                replicas: 3, steps: [["setWeight": 30], ["pause": [:]]],
                canary: ["stableService": "app-stable", "canaryService": "app-canary"]),
            services: [Manifest.service("app-stable"), Manifest.service("app-canary")])
        cluster.settle()
        cluster.setImage("v2")
        cluster.settle()
        #expect(cluster.selected(by: "app-canary") == "v2" && cluster.selected(by: "app-stable") == "v1")
        cluster.abort()
        cluster.settle()
        #expect(cluster.selected(by: "app-canary") == "v1" && cluster.selected(by: "app-stable") == "v1")
    }

    @Test("26: a pause that ends by itself is told as completed and resumed") func case26() {
        var cluster = BasicCanaryTests.updated([["pause": ["duration": "3s"]], ["setWeight": 50], ["pause": [:]]])
        #expect(cluster.step == 0 && cluster.phase == "Paused CanaryPauseStep")
        cluster.forget()
        cluster.run(for: .seconds(2))
        #expect(cluster.step == 0 && cluster.reasons.isEmpty)
        cluster.run(for: .seconds(1))
        #expect(cluster.step == 2)
        #expect(cluster.reasons.filter { ["RolloutStepCompleted", "RolloutResumed"].contains($0) }.first == "RolloutStepCompleted")
        #expect(cluster.reasons.contains("RolloutResumed"))
    }

    @Test("27: one promote ends one pause, and the pause behind it begins") func case27() {
        var cluster = BasicCanaryTests.updated([["pause": [:]], ["pause": [:]], ["setWeight": 50]])
        for step in 0...1 {
            #expect(cluster.step == step && cluster.phase == "Paused CanaryPauseStep")
            cluster.editStatus(["pauseConditions": .null])
            cluster.settle()
        }
        #expect(cluster.phase == "Healthy")
    }

    @Test("28: what may take long misses no deadline", arguments: [["pause": ["duration": 30]], AnalysisScenarioTests.stepAnalysis] as [JSONValue])
    func case28(_ step: JSONValue) {
        var cluster = AnalysisScenarioTests.started([["setWeight": 50], step, ["setWeight": 75]], spec: ["progressDeadlineSeconds": 5])
        for _ in 0..<29 {
            cluster.run(for: .seconds(1))
            #expect(cluster.status.phase != .degraded)
        }
        cluster.endRun(nil, "Successful")
        cluster.run(for: .seconds(5))
        #expect(cluster.phase == "Healthy" && cluster.stable == "v2")
    }

    @Test("41: a missed deadline aborts only where that was asked for, also when it is asked for later") func case41() {
        var cluster = BasicCanaryTests.updated([["setWeight": 50]], spec: ["progressDeadlineSeconds": 30], limits: ["v2": 0, "v3": 0])
        cluster.run(for: .seconds(40))
        #expect(cluster.phase.hasPrefix("Degraded ProgressDeadlineExceeded") && cluster.size("v2") ?? 0 > 0 && !cluster.status.abort)
        cluster.edit(["spec": ["progressDeadlineAbort": true]])
        cluster.setImage("v3")
        cluster.settle()
        cluster.run(for: .seconds(20))
        #expect(!cluster.status.abort)
        cluster.run(for: .seconds(20))
        #expect(cluster.status.abort && cluster.size("v3") == 0 && cluster.size("v1") == 4)
    }

    @Test("42: pods that restart long after the release abort nothing") func case42() {
        var cluster = BasicCanaryTests.updated(nil, spec: ["progressDeadlineSeconds": 30, "progressDeadlineAbort": true])
        #expect(cluster.phase == "Healthy")
        cluster.run(for: .seconds(3600))
        cluster.podLimit["v2"] = 1
        cluster.runPods()
        cluster.settle()
        #expect(cluster.status.phase == .progressing && cluster.condition("Progressing") == "True/ReplicaSetNotAvailable")
        cluster.run(for: .seconds(20))
        cluster.podLimit = [:]
        cluster.runPods()
        cluster.settle()
        #expect(cluster.phase == "Healthy" && !cluster.status.abort)
    }

    @Test("43: an old version that waits for its delay misses no deadline") func case43() {
        var cluster = RoutedCanaryTests.updated(spec: ["progressDeadlineSeconds": 5])
        cluster.promote()
        for _ in 0..<29 {
            cluster.run(for: .seconds(1))
            #expect(cluster.phase == "Healthy" && cluster.condition("Progressing") != "False/ProgressDeadlineExceeded")
        }
        cluster.run(for: .seconds(2))
        #expect(cluster.sizes == "v1: 0, v2: 4" && cluster.phase == "Healthy")
    }

    @Test("46, 47: the traffic leaves a superseded version before the Service does, and it keeps its pods until then") func case46() {
        var cluster = RoutedCanaryTests.updated(limits: ["v3": 0])
        #expect(cluster.routeText == "50/50")
        cluster.forget()
        cluster.setImage("v3")
        cluster.settle()
        #expect(cluster.routeText == "100/0" && cluster.selected(by: "app-canary") == "v2" && cluster.size("v2") ?? 0 > 0)
        cluster.podLimit = [:]
        cluster.runPods()
        cluster.settle()
        let route: Int? = cluster.journal.firstIndex(of: "route 100/0")
        let service: Int? = cluster.journal.firstIndex(of: "app-canary→v3")
        #expect(route != nil && service != nil && route! < service!)
        #expect(cluster.selected(by: "app-canary") == "v3" && cluster.routeText == "50/50")
        cluster.run(for: .seconds(60))
        #expect(cluster.size("v2") == 0)
    }

    @Test("57: an aborted canary that is scaled keeps its weight of nothing", arguments: [1, 2, 9]) func case57(_ total: Int) {
        var cluster = RoutedCanaryTests.updated()
        cluster.abort()
        cluster.settle()
        cluster.setReplicas(total)
        cluster.run(for: .seconds(60))
        #expect(cluster.routeText == "100/0" && cluster.sizes == "v1: \(total), v2: 0" && cluster.status.abort)
    }

    @Test("59: traffic does not go back to a stable version that lacks pods") func case59() {
        var cluster = RoutedCanaryTests.updated([["setWeight": 50], ["pause": [:]], ["setWeight": 0], ["pause": [:]]], replicas: 10)
        #expect(cluster.routeText == "50/50")
        cluster.podLimit["v1"] = 8
        cluster.runPods()
        cluster.promote()
        cluster.settle()
        #expect(cluster.step == 2 && cluster.routeText != "100/0")
        cluster.podLimit = [:]
        cluster.runPods()
        cluster.settle()
        #expect(cluster.step == 3 && cluster.routeText == "100/0")
    }

    @Test("61: more pods than are wanted do not stop the promotion") func case61() {
        var cluster = RoutedCanaryTests.updated([["setWeight": 100], ["pause": [:]]], replicas: 2)
        #expect(cluster.size("v2") == 2)
        cluster.setReplicas(1)
        cluster.promote()
        cluster.run(for: .seconds(60))
        #expect(cluster.stable == "v2" && cluster.sizes == "v1: 0, v2: 1" && cluster.phase == "Healthy")
    }

    @Test("100: without history the version before goes when it has no pods, and its runs with it") func case100() {
        var cluster = AnalysisScenarioTests.started([["setWeight": 50], AnalysisScenarioTests.stepAnalysis], spec: ["revisionHistoryLimit": 0])
        cluster.endRun(nil, "Successful")
        cluster.settle()
        cluster.podsAreHeld = true
        cluster.setImage("v3")
        cluster.settle()
        #expect(cluster.replicaSets.count >= 2)
        cluster.podsAreHeld = false
        cluster.runPods()
        cluster.settle()
        cluster.endRun(nil, "Successful")
        cluster.run(for: .seconds(60))
        #expect(cluster.stable == "v3" && cluster.sizes == "v3: 4", "\(cluster.sizes) \(cluster.phase)")
        #expect(cluster.runs.keys.allSatisfy { $0.contains(cluster.hash("v3")) }, "\(cluster.runs.keys)")
    }
}

/// What went wrong for users of other controllers, as far as sizes and weights of canaries are concerned.
@Suite("Regressions of canaries") struct CanaryRegressionTests {
    /// The weight in force must not exceed what the canary's pods can carry of all that are wanted.
    private func isCarried(_ cluster: ModelCluster, by image: String, of total: Int) -> Bool {
        guard let weight = cluster.routes["app"].map({ ModelCluster.weights(of: $0).last?.weight ?? 0 }) else { return false }
        return weight * total <= 100 * cluster.available(replicaSet: cluster.name(image))
    }

    @Test("R06: a rollback within the window gets no more traffic than its pods carry while they start") func r06() {
        var cluster = RollbackWindowTests.released(["v1", "v2"], window: 2)
        cluster.podLimit["v1"] = 0
        cluster.setImage("v1")
        for pods in 0...4 {
            cluster.podLimit["v1"] = pods
            cluster.runPods()
            cluster.settle()
            #expect(pods == 4 || isCarried(cluster, by: "v1", of: 4), "\(pods) pods, \(cluster.routeText)")
        }
        cluster.run(for: .seconds(60))
        #expect(cluster.stable == "v1" && cluster.phase == "Healthy")
    }

    @Test("R07: traffic goes back to a stable version that was short of pods only as fast as they come") func r07() {
        var cluster = RoutedCanaryTests.updated([["setWeight": 75], ["pause": [:]]])
        cluster.podLimit["v1"] = 1
        cluster.podLimit["v3"] = 0
        cluster.runPods()
        cluster.setImage("v3")
        cluster.settle()
        for pods in 1...4 {
            cluster.podLimit["v1"] = pods
            cluster.runPods()
            cluster.settle()
            let stableWeight: Int = cluster.routes["app"].flatMap { ModelCluster.weights(of: $0).first?.weight } ?? 100
            // The share that it had before the pods went is not ours to take away; more than that has to be carried.
            #expect(stableWeight <= 25 || stableWeight * 4 <= 100 * pods, "\(pods) pods, \(cluster.routeText)")
        }
        #expect(cluster.routeText == "100/0")
    }

    @Test("R11: a stable version without a pod does not hold up a good one", arguments: [true, false]) func r11(_ isRouted: Bool) {
        var cluster: ModelCluster = isRouted ? RoutedCanaryTests.updated(limits: ["v2": 0]) : BasicCanaryTests.updated(RoutedCanaryTests.halfway, limits: ["v2": 0])
        cluster.podLimit = ["v1": 0]
        cluster.runPods()
        cluster.settle()
        cluster.promoteFull()
        cluster.run(for: .seconds(90))
        #expect(cluster.stable == "v2" && cluster.size("v2") == 4 && cluster.phase == "Healthy", "\(cluster.phase) \(cluster.sizes)")
    }

    @Test("R25: weights stay between nothing and all, whatever the sizes", arguments: [0, 1, 3, 21], [100, 1000, 100_000_000])
    func r25(_ total: Int, _ most: Int) {
        var cluster = ModelCluster.routed(Manifest.rollout(
            replicas: total, steps: [["setCanaryScale": ["replicas": 2]], ["setWeight": .number(JSONNumber(most / 3))], ["pause": [:]]],
            canary: ["stableService": "app-stable", "canaryService": "app-canary", "trafficRouting": [
                "maxTrafficWeight": .number(JSONNumber(most)), "plugins": ["argoproj-labs/gatewayAPI": ["httpRoute": "app"]],
            ]]))
        cluster.settle()
        cluster.setImage("v2")
        func check() {
            let weights: [Int] = cluster.routes["app"].map { ModelCluster.weights(of: $0).map { $0.weight ?? 0 } } ?? []
            #expect(weights.allSatisfy { (0...most).contains($0) }, "\(weights)")
        }
        for act in ["settle", "full", "abort"] {
            if act == "full" { cluster.promoteFull() }
            if act == "abort" { cluster.abort() }
            cluster.run(for: .seconds(60))
            check()
        }
        #expect(cluster.problems.isEmpty)
    }

    @Test("R41: a change of the number of pods is no new version", arguments: [1, 7]) func r41(_ total: Int) {
        var cluster = RoutedCanaryTests.updated()
        cluster.forget()
        cluster.setReplicas(total)
        cluster.settle()
        #expect(cluster.step == 1 && cluster.replicaSets.count == 2 && cluster.phase == "Paused CanaryPauseStep" && !cluster.reasons.contains("RolloutUpdated"))
    }
}
