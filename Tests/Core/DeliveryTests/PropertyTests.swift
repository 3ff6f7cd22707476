import Clockwork
import Delivery
import FoundationEssentials
import KubeModel
import RolloutModel
import StrictJSON
import Testing

/// How many histories each law is tried on; `SLUICE_PROPERTY_SEEDS` sets more for a long run.
let seedCount: UInt64 = ProcessInfo.processInfo.environment["SLUICE_PROPERTY_SEEDS"].flatMap { UInt64($0) } ?? 10

/// Histories of random users, pods and gateways. A failure names its seed.
@Suite("Every Rollout") struct PropertyTests {
    /// One thing that somebody or something does.
    enum Act: CaseIterable {
        case image, back, replicas, steps, promote, promoteFull, skip, abort, retry, pause, unpause, runEnds, podsFail, podsRecover, gateway, route, wake, wait
    }

    @Test("comes to rest, stays lawful, and depends neither on order nor on where a process dies", arguments: 0..<seedCount) func laws(_ seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var cluster: ModelCluster = Self.randomCluster(&random)
        cluster.settle(comment(seed, -1, nil))
        for round in 0..<30 where cluster.problems.isEmpty {
            let act: Act = Act.allCases.randomElement(using: &random)!
            Self.play(act, &cluster, &random)
            let comment: Comment = comment(seed, round, act)
            guard Self.isAtRestOverDeaths(&cluster, &random, comment) else { return }
            guard Self.isBlindToOrder(cluster, &random, comment) else { return }
            Self.checkWorld(cluster, comment)
        }
    }

    @Test("reaches its end once nothing is in its way", arguments: 0..<seedCount) func liveness(_ seed: UInt64) {
        var random = SeededGenerator(seed: seed &+ 1_000)
        var cluster: ModelCluster = Self.randomCluster(&random)
        cluster.settle(comment(seed, -1, nil))
        for round in 0..<25 where cluster.problems.isEmpty {
            Self.play(Act.allCases.randomElement(using: &random)!, &cluster, &random)
            cluster.settle(comment(seed, round, nil))
        }
        // Everything heals, and a good version is applied and promoted.
        cluster.podLimit = [:]
        cluster.gatewayIsHeld = false
        cluster.gatewayRefusal = nil
        if cluster.routes.isEmpty, cluster.services.count > 0 { cluster.add(route: Manifest.route(backends: Manifest.bothBackends)) }
        cluster.unpause()
        cluster.runPods()
        cluster.runGateway()
        if cluster.rollout.at("spec", "replicas")?.intValue == 0 { cluster.setReplicas(3) }
        cluster.setImage("good")
        cluster.settle(comment(seed, 100, nil))
        for round in 0..<20 where cluster.stable != "good" && cluster.problems.isEmpty {
            cluster.endRun(nil, "Successful")
            if !cluster.status.pauseConditions.isEmpty { cluster.promote() }
            cluster.settle(comment(seed, 200 + round, nil))
            cluster.run(for: .seconds(70))
        }
        cluster.run(for: .seconds(100))
        let total: Int = cluster.rollout.at("spec", "replicas")?.intValue ?? 1
        #expect(cluster.stable == "good" && cluster.size("good") == total && cluster.phase == "Healthy", "seed \(seed): \(cluster.phase) \(cluster.sizes) \(cluster.lastPlan?.waitsFor ?? "") \(cluster.journal.suffix(12))")
        let others: [Int] = cluster.replicaSets.keys.filter { cluster.image(ofReplicaSet: $0) != "good" }.map { cluster.available(replicaSet: $0) }
        #expect(others.allSatisfy { $0 == 0 }, "seed \(seed): \(cluster.sizes)")
        if let route = cluster.routes["app"], cluster.status.weights != nil {
            #expect(ModelCluster.weights(of: route).last?.weight == 0 || ModelCluster.weights(of: route).count == 1, "seed \(seed): \(cluster.routeText)")
        }
    }

    private func comment(_ seed: UInt64, _ round: Int, _ act: Act?) -> Comment { "seed \(seed), round \(round), \(act.map { "\($0)" } ?? "")" }

    // MARK: Worlds

    static func randomSteps(_ random: inout SeededGenerator, isRouted: Bool) -> [JSONValue] {
        (0..<Int.random(in: 1...5, using: &random)).map { _ in
            switch Int.random(in: 0..<(isRouted ? 10 : 8), using: &random) {
            case 8: ["setCanaryScale": ["replicas": .number(JSONNumber(Int.random(in: 0...8, using: &random)))]]
            case 9:
                Bool.random(using: &random)
                    ? ["setCanaryScale": ["matchTrafficWeight": true]]
                    : ["setCanaryScale": ["weight": .number(JSONNumber([0, 10, 50, 100, 150].randomElement(using: &random)!))]]
            case 0: ["pause": [:]]
            case 1: ["pause": ["duration": .number(JSONNumber(Int.random(in: 0...90, using: &random)))]]
            case 7: ["analysis": ["templates": [["templateName": "ok"]]]]
            default: ["setWeight": .number(JSONNumber([0, 5, 10, 20, 33, 50, 75, 99, 100].randomElement(using: &random)!))]
            }
        }
    }

    static func randomCluster(_ random: inout SeededGenerator) -> ModelCluster {
        var canary: JSONObject = [:]
        let isRouted: Bool = Bool.random(using: &random)
        if isRouted {
            canary = Manifest.routed(gateway: ["httpRoute": "app", "verifyWeight": .string(["lenient", "strict", "off"].randomElement(using: &random)!)])
            if Bool.random(using: &random) { canary["scaleDownDelaySeconds"] = .number(JSONNumber([0, 5, 60].randomElement(using: &random)!)) }
            if Bool.random(using: &random) { canary["abortScaleDownDelaySeconds"] = .number(JSONNumber([0, 5, 60].randomElement(using: &random)!)) }
        } else {
            if Bool.random(using: &random) { canary["maxSurge"] = .number(JSONNumber(Int.random(in: 0...3, using: &random))) }
            if Bool.random(using: &random) { canary["maxUnavailable"] = .number(JSONNumber(Int.random(in: 1...3, using: &random))) }
        }
        if Int.random(in: 0..<3, using: &random) == 0 {
            canary["analysis"] = ["templates": [["templateName": "ok"]], "startingStep": .number(JSONNumber(Int.random(in: 0...2, using: &random)))]
        }
        var spec: JSONObject = ["revisionHistoryLimit": .number(JSONNumber(Int.random(in: 0...4, using: &random)))]
        if Bool.random(using: &random) { spec["progressDeadlineSeconds"] = 45 }
        if Int.random(in: 0..<3, using: &random) == 0 { spec["progressDeadlineAbort"] = true }
        if Int.random(in: 0..<3, using: &random) == 0 { spec["rollbackWindow"] = ["revisions": .number(JSONNumber(Int.random(in: 1...3, using: &random)))] }
        if Int.random(in: 0..<4, using: &random) == 0 { canary["minPodsPerReplicaSet"] = .number(JSONNumber(Int.random(in: 1...4, using: &random))) }
        if Int.random(in: 0..<4, using: &random) == 0 {
            canary["replicaProgressThreshold"] = Bool.random(using: &random)
                ? ["type": "Percent", "value": .number(JSONNumber(Int.random(in: 0...100, using: &random)))]
                : ["type": "Pods", "value": .number(JSONNumber(Int.random(in: 0...8, using: &random)))]
        }
        let steps: [JSONValue]? = Int.random(in: 0..<8, using: &random) == 0 ? nil : randomSteps(&random, isRouted: isRouted)
        let manifest = Manifest.rollout(
            replicas: Int.random(in: 0...7, using: &random), steps: steps, selector: isRouted || Bool.random(using: &random), canary: canary, spec: spec)
        guard isRouted else { return ModelCluster(manifest, templates: [Manifest.template()]) }
        let backends: [JSONValue] = Bool.random(using: &random) ? Manifest.bothBackends : [["name": "app-stable", "port": 80]]
        return ModelCluster.routed(manifest, backends: backends, templates: [Manifest.template()])
    }

    static func play(_ act: Act, _ cluster: inout ModelCluster, _ random: inout SeededGenerator) {
        let images: [String] = ["v1", "v2", "v3", "v4"]
        switch act {
        case .image: cluster.setImage(images.randomElement(using: &random)!)
        case .back: if images.contains(cluster.stable) { cluster.setImage(cluster.stable) }
        case .replicas: cluster.setReplicas(Int.random(in: 0...8, using: &random))
        case .steps: if cluster.rollout.at("spec", "strategy", "canary", "steps") != nil { cluster.setSteps(randomSteps(&random, isRouted: !cluster.services.isEmpty)) }
        case .promote: cluster.promote()
        case .promoteFull: cluster.promoteFull()
        case .skip: cluster.skipStep()
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
        case .gateway:
            cluster.gatewayIsHeld.toggle()
            if !cluster.gatewayIsHeld { cluster.runGateway() }
        case .route:
            guard let route = cluster.routes["app"] else {
                if cluster.services.count > 0 { cluster.add(route: Manifest.route(backends: Manifest.bothBackends)) }
                return
            }
            if Int.random(in: 0..<4, using: &random) == 0 {
                cluster.routes["app"] = nil
            } else {
                // Somebody applies the manifest again: the weights that it does not name are gone.
                var edited: JSONValue = route
                edited.set([["backendRefs": .array(Manifest.bothBackends)]], at: ["spec", "rules"])
                edited.set(.number(JSONNumber((route.at("metadata", "generation")?.intValue ?? 0) + 1)), at: ["metadata", "generation"])
                cluster.routes["app"] = edited
                cluster.routesSince["app"] = cluster.now
            }
        case .wake: cluster.now = max(cluster.now, cluster.lastPlan?.wakeAt ?? cluster.now)
        case .wait: cluster.now += .seconds([1, 7, 31, 61, 700].randomElement(using: &random)!)
        }
    }

    // MARK: Laws

    /// Settles, and now and then lets a copy die after some writes of a plan: it must come to the same end.
    static func isAtRestOverDeaths(_ cluster: inout ModelCluster, _ random: inout SeededGenerator, _ comment: Comment) -> Bool {
        var dead: ModelCluster?
        var words: String = ""
        for _ in 0..<80 {
            let seen = cluster.observe()
            let plan = decide(seen, now: cluster.now)
            if cluster.isQuiet(plan) { break }
            if dead == nil, !plan.steps.isEmpty, Int.random(in: 0..<3, using: &random) == 0 {
                var copy = cluster
                let prefix: Int = Int.random(in: 1...plan.steps.count, using: &random)
                copy.apply(plan, prefix: prefix)
                copy.told = []
                dead = copy
                words = "after \(prefix) of \(plan.steps.map(\.action))"
            }
            cluster.problems += violations(of: plan, seen: seen, now: cluster.now)
            guard cluster.problems.isEmpty else { break }
            cluster.apply(plan)
        }
        cluster.settle(comment)
        guard cluster.problems.isEmpty else { return false }
        if var dead {
            dead.settle("\(comment.rawValue), dead \(words)")
            let (expected, found) = (cluster.fingerprint, dead.fingerprint)
            guard expected == found else {
                Issue.record("\(comment), dead \(words): \(found.filter { !expected.contains($0) }) instead of \(expected.filter { !found.contains($0) })")
                return false
            }
        }
        return true
    }

    static func isBlindToOrder(_ cluster: ModelCluster, _ random: inout SeededGenerator, _ comment: Comment) -> Bool {
        var seen: RolloutObservation = cluster.observe()
        let plan = decide(seen, now: cluster.now)
        seen.replicaSets.shuffle(using: &random)
        seen.analysisRuns.shuffle(using: &random)
        guard decide(seen, now: cluster.now) == plan else {
            Issue.record("\(comment): another order of the lists is another plan")
            return false
        }
        return true
    }

    /// What must be true of the world at rest.
    static func checkWorld(_ cluster: ModelCluster, _ comment: Comment) {
        let status = cluster.status
        #expect(cluster.lastPlan.map { !$0.waitsFor.isEmpty || status.phase == .healthy || status.phase == .degraded || status.phase == .paused || cluster.stable == cluster.current } ?? true,
                "\(comment): waits for nothing and is \(cluster.phase)")
        if status.abort, let route = cluster.routes["app"], status.weights?.isVerified == true, status.weights?.canary.weight == 0 {
            let weights = ModelCluster.weights(of: route)
            #expect(weights.count == 1 || weights.last?.weight == 0 || status.stableRS == status.currentPodHash, "\(comment): \(cluster.routeText)")
        }
        #expect(cluster.rollout.text().utf8.count < 40_000, "\(comment)")
    }
}
