import Clockwork
import Delivery
import StrictJSON
import Testing

/// Histories of random users and pods. A failure names its seed.
@Suite("Every blue-green Rollout") struct BlueGreenPropertyTests {
    enum Act: CaseIterable { case image, back, replicas, promote, promoteFull, abort, retry, pause, unpause, runEnds, podsFail, podsRecover, wake, wait, gate }

    static func randomCluster(_ random: inout SeededGenerator) -> ModelCluster {
        var members: JSONObject = [:]
        func maybe(_ key: String, _ value: JSONValue) { if Bool.random(using: &random) { members[key] = value } }
        maybe("autoPromotionEnabled", false)
        maybe("autoPromotionSeconds", 20)
        maybe("previewReplicaCount", .number(JSONNumber(Int.random(in: 1...6, using: &random))))
        maybe("prePromotionAnalysis", BlueGreenTests.analysis)
        maybe("postPromotionAnalysis", BlueGreenTests.analysis)
        maybe("scaleDownDelaySeconds", .number(JSONNumber([0, 5, 90].randomElement(using: &random)!)))
        maybe("abortScaleDownDelaySeconds", .number(JSONNumber([0, 5, 90].randomElement(using: &random)!)))
        maybe("scaleDownDelayRevisionLimit", .number(JSONNumber(Int.random(in: 0...2, using: &random))))
        var spec: JSONObject = ["progressDeadlineSeconds": 45, "revisionHistoryLimit": .number(JSONNumber(Int.random(in: 2...4, using: &random)))]
        if Bool.random(using: &random) { spec["progressDeadlineAbort"] = true }
        if Bool.random(using: &random) { spec["rollbackWindow"] = ["revisions": 1] }
        return BlueGreenTests.steady(members, replicas: Int.random(in: 0...5, using: &random), preview: Bool.random(using: &random), spec: spec)
    }

    static func play(_ act: Act, _ cluster: inout ModelCluster, _ random: inout SeededGenerator) {
        let images: [String] = ["v1", "v2", "v3", "v4"]
        switch act {
        case .image: cluster.setImage(images.randomElement(using: &random)!)
        case .back: if images.contains(cluster.stable) { cluster.setImage(cluster.stable) }
        case .replicas: cluster.setReplicas(Int.random(in: 0...6, using: &random))
        case .promote: cluster.promote()
        case .promoteFull: cluster.promoteFull()
        case .abort: cluster.abort()
        case .retry: if cluster.status.abort { cluster.retry() }
        case .pause: cluster.pause()
        case .unpause: cluster.unpause()
        case .runEnds: cluster.endRun(nil, ["Successful", "Successful", "Failed", "Error", "Inconclusive"].randomElement(using: &random)!)
        case .podsFail:
            cluster.podLimit[images.randomElement(using: &random)!] = Int.random(in: 0...3, using: &random)
            cluster.runPods()
        case .podsRecover:
            cluster.podLimit = [:]
            cluster.runPods()
        case .wake: cluster.now = max(cluster.now, cluster.lastPlan?.wakeAt ?? cluster.now)
        case .wait: cluster.now += .seconds([1, 7, 31, 61, 700].randomElement(using: &random)!)
        case .gate: cluster.edit(["spec": ["strategy": ["blueGreen": ["autoPromotionEnabled": .bool(Bool.random(using: &random))]]]])
        }
    }

    @Test("comes to rest, stays lawful, and a good version goes live at the end", arguments: 0..<seedCount) func laws(_ seed: UInt64) {
        var random = SeededGenerator(seed: seed &+ 5_000)
        var cluster: ModelCluster = Self.randomCluster(&random)
        for round in 0..<30 where cluster.problems.isEmpty {
            let act: Act = Act.allCases.randomElement(using: &random)!
            Self.play(act, &cluster, &random)
            let comment: Comment = "seed \(seed), round \(round), \(act)"
            guard PropertyTests.isAtRestOverDeaths(&cluster, &random, comment), PropertyTests.isBlindToOrder(cluster, &random, comment) else { return }
            PropertyTests.checkWorld(cluster, comment)
        }
        cluster.podLimit = [:]
        cluster.unpause()
        cluster.runPods()
        if cluster.rollout.at("spec", "replicas")?.intValue == 0 { cluster.setReplicas(3) }
        cluster.setImage("good")
        cluster.settle("seed \(seed), good")
        for _ in 0..<20 where cluster.stable != "good" && cluster.problems.isEmpty {
            cluster.endRun(nil, "Successful")
            if !cluster.status.pauseConditions.isEmpty { cluster.promote() }
            cluster.settle("seed \(seed), good")
            cluster.run(for: .seconds(70))
        }
        cluster.run(for: .seconds(100))
        #expect(cluster.stable == "good" && cluster.selected(by: "active") == "good" && cluster.phase == "Healthy", "seed \(seed): \(cluster.phase) \(cluster.sizes) \(cluster.lastPlan?.waitsFor ?? "") \(cluster.journal.suffix(12))")
    }
}
