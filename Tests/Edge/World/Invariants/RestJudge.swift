import Clockwork
import EmbeddedAPIServer
import KubeModel
import RolloutModel
import StrictJSON

/// Judges a world in which trouble is over and everything should have come to a standstill: no excuse counts here.
struct RestJudge {
    /// How a Rollout stands still.
    enum Rest: String, Sendable {
        case promoted, aborted, pausedAtStep, pausedByHand, timedOut, undecided
    }

    let truth: TrueState
    let wishes: Wishes
    let now: Timestamp
    /// The spec of the route as its user has written it.
    let routeBefore: JSONValue?
    /// Whether pods of an image become ready.
    let isGood: (String) -> Bool

    private var status: RolloutStatus { truth.rollout.status }
    private var total: Int { truth.total }
    private var isPromoted: Bool { !status.stableRS.isEmpty && status.stableRS == status.currentPodHash && truth.image(ofRevision: status.currentPodHash) == truth.image }

    /// Nil while it is still moving, or says that it is.
    var rest: Rest? {
        guard status.observedGeneration == "\(truth.rollout.metadata.generation)", truth.image(ofRevision: status.currentPodHash) == truth.image
        else { return nil }
        if status.abort && !isPromoted { return .aborted }
        if truth.rollout.spec.paused { return .pausedByHand }
        if isPromoted { return .promoted }
        if status.pauseConditions.contains(where: { $0.reason == .inconclusiveAnalysis }) { return .undecided }
        if isAtEndlessPause || isBeforeSwitch { return .pausedAtStep }
        if status.condition("Progressing")?.reason == "ProgressDeadlineExceeded" { return .timedOut }
        return nil
    }

    private var isAtEndlessPause: Bool {
        guard let index = status.currentStepIndex, let steps = truth.canary?.steps, index < steps.count, case .pause(let pause) = steps[index].kind,
              pause.duration == nil else { return false }
        return status.pauseConditions.contains { $0.reason == .canaryPauseStep }
    }

    /// What is not as it should be; nothing when all is well.
    func problems() -> [Violation] {
        guard let rest else {
            return [Violation(.settles, "still \(status.phase?.rawValue ?? "without phase"), \(status.message), at step \(status.currentStepIndex ?? -1)", at: now)]
        }
        return (sizes(rest) + routes(rest) + services(rest) + wish(rest) + runs(rest) + truthfulness(rest)).map { Violation($0.0, $0.1, at: now) }
    }

    private typealias Finding = (Invariant, String)

    // MARK: Pods

    private func sizes(_ rest: Rest) -> [Finding] {
        let sizes: [String: Int] = Dictionary(uniqueKeysWithValues: truth.replicaSets.map { (TrueState.hash(of: $0), TrueState.wanted($0)) })
        func show() -> String {
            truth.replicaSets.map { "\(TrueState.image(ofTemplate: $0.at("spec", "template"))): \(TrueState.wanted($0))" }.joined(separator: ", ")
        }
        var expected: [String: ClosedRange<Int>] = [:]
        switch rest {
        // A person holds everything as it is.
        case .pausedByHand: return []
        case .aborted where truth.rollout.spec.paused: return []
        case .promoted: expected[status.stableRS] = total...total
        case .aborted:
            expected[status.stableRS] = total...total
            // An explicit 0 keeps the pods of an aborted canary for ever.
            if truth.isRouted, truth.canary?.abortScaleDownDelaySeconds == 0 { expected[status.currentPodHash] = 0...Int.max }
        case .pausedAtStep, .timedOut, .undecided:
            if truth.blueGreen != nil {
                // Below.
            } else if truth.isRouted {
                expected[status.stableRS] = total...total
                expected[status.currentPodHash] = canarySize...canarySize
            } else {
                expected[status.stableRS] = 0...total
                expected[status.currentPodHash] = 0...total
                // A version that never becomes ready may hold the surge for which an older one waits; another version frees it.
                if rest == .timedOut { for hash in sizes.keys { expected[hash] = 0...total } }
                let sum: Int = sizes.filter { expected[$0.key] != nil }.reduce(0) { $0 + $1.value }
                // What was asked for before it was scaled down stays as well, where the rest is too few without it.
                let surge: Int = truth.budget(total: total).surge + (rest == .timedOut ? sum : 0)
                if !(total - truth.budget(total: total).unavailable...total + surge).contains(sum) {
                    return [(.sizesAsAsked, "\(rest.rawValue): \(show()), in all \(sum) of \(total) and at most \(surge) more")]
                }
            }
        }
        if let blueGreen = truth.blueGreen { expected = blueGreenSizes(blueGreen, rest) }
        // What the canary Service selects stays until there are other pods to select.
        if truth.isRouted, [.pausedAtStep, .timedOut, .undecided].contains(rest), let service = truth.canary?.canaryService {
            let hash: String = truth.revision(ofService: service)
            if hash != status.stableRS, hash != status.currentPodHash { expected[hash] = 0...Int.max }
        }
        var found: [Finding] = []
        for (hash, size) in sizes.sorted(by: { $0.key < $1.key }) {
            let range: ClosedRange<Int> = expected[hash] ?? 0...0
            if !range.contains(size) { found.append((.sizesAsAsked, "\(rest.rawValue): \(truth.image(ofRevision: hash)) has \(size) pods and should have \(range) (\(show()))")) }
        }
        for (hash, size) in sizes.sorted(by: { $0.key < $1.key }) {
            let pods: Int = truth.pods(ofRevision: hash).count
            if pods != size { found.append((.sizesAsAsked, "\(truth.image(ofRevision: hash)) wants \(size) pods and has \(pods)")) }
            let ready: Int = truth.readyPods(ofRevision: hash)
            if isGood(truth.image(ofRevision: hash)), ready != size { found.append((.settles, "\(ready) of \(size) pods of \(truth.image(ofRevision: hash)) are ready")) }
        }
        return found
    }

    /// The pods that the steps so far ask for.
    private var canarySize: Int { truth.namedCanary(total: total) ?? truth.canaryShare(ofWeight: stepWeight, total: total) }

    /// The weight that the current step asks for.
    private var stepWeight: Int {
        guard let canary = truth.canary, !canary.steps.isEmpty else { return 100 }
        guard let index = status.currentStepIndex, index < canary.steps.count else { return canary.maxTrafficWeight }
        for step in canary.steps[...index].reversed() {
            if case .setWeight(let weight) = step.kind { return weight }
        }
        return 0
    }

    // MARK: Traffic

    private func routes(_ rest: Rest) -> [Finding] {
        guard truth.isRouted, let routing = truth.canary?.trafficRouting, let name = routing.httpRoutes.first else { return [] }
        let route: JSONValue? = truth.state.object(.httpRoutes, ObjectKey(namespace: truth.namespace, name: name))
        switch rest {
        case .promoted, .aborted:
            // While a person holds everything, pods may be missing that would carry the traffic.
            if truth.rollout.spec.paused { return [] }
            guard route?["spec"] != routeBefore else { return [] }
            return [(.routeAsAsked, "\(rest.rawValue): the route is \(route?.at("spec", "rules")?.text() ?? "gone") and was \(routeBefore?["rules"]?.text() ?? "")")]
        case .pausedAtStep:
            // Where no pods are wanted nobody is sent to them.
            if total == 0 { return [] }
            let weight: Int = truth.canaryWeight(ofRoute: route)
            // A version without pods gets nothing: a step has asked for none, or none ever becomes ready.
            let expected: Int = canarySize == 0 || !isGood(truth.image) ? 0 : stepWeight
            return weight == expected ? [] : [(.routeAsAsked, "paused at step \(status.currentStepIndex ?? -1): the canary has weight \(weight) and should have \(expected)")]
        case .pausedByHand, .timedOut, .undecided:
            return []
        }
    }

    private func services(_ rest: Rest) -> [Finding] {
        if let blueGreen = truth.blueGreen { return blueGreenServices(blueGreen, rest) }
        guard truth.isRouted, let canary = truth.canary, !truth.rollout.spec.paused else { return [] }
        var found: [Finding] = []
        let stable: String = truth.revision(ofService: canary.stableService)
        // A Service is not moved to pods that are not there.
        if stable != status.stableRS, total > 0 {
            found.append((.servicesAsAsked, "\(rest.rawValue): \(canary.stableService) selects \(truth.image(ofRevision: stable)), stable is \(truth.image(ofRevision: status.stableRS))"))
        }
        guard total > 0, [.promoted, .aborted].contains(rest) else { return found }
        let other: String = truth.revision(ofService: canary.canaryService)
        if other != status.stableRS {
            found.append((.servicesAsAsked, "\(rest.rawValue): \(canary.canaryService) selects \(truth.image(ofRevision: other)), stable is \(truth.image(ofRevision: status.stableRS))"))
        }
        return found
    }

    // MARK: What was asked for

    private func wish(_ rest: Rest) -> [Finding] {
        var found: [Finding] = []
        if let abort = wishes.abort {
            if rest != .aborted { found.append((.lastWishWins, "an abort was the last wish, and the Rollout is \(rest.rawValue)")) }
            if truth.image(ofRevision: status.stableRS) != abort.stableImage {
                found.append((.lastWishWins, "aborted back to \(abort.stableImage), and \(truth.image(ofRevision: status.stableRS)) is stable"))
            }
        } else if !wishes.isOpen, status.abort, !hasFailedRun {
            found.append((.lastWishWins, "aborted, though nobody has asked for it and no analysis has failed: \(status.message)"))
        }
        if let full = wishes.full, !wishes.isOpen, full == status.currentPodHash, rest == .pausedAtStep {
            found.append((.lastWishWins, "promoted in full, and paused at step \(status.currentStepIndex ?? -1)"))
        }
        return found
    }

    private var hasFailedRun: Bool {
        runs.contains { run in
            TrueState.hash(of: run) == status.currentPodHash
                && ["Failed", "Error", "Inconclusive"].contains(run.at("status", "phase")?.stringValue ?? "")
        }
    }

    private var runs: [JSONValue] { truth.state.objects(of: .analysisRuns, namespace: truth.namespace) }

    private func runs(_ rest: Rest) -> [Finding] {
        let running: [String] = runs.filter { ["", "Pending", "Running"].contains($0.at("status", "phase")?.stringValue ?? "") }.map(TrueState.name)
        let named: [RunStatus?] = [
            status.stepAnalysisRun, status.backgroundAnalysisRun, status.blueGreen.prePromotionRun, status.blueGreen.postPromotionRun,
        ]
        let current: Set<String> = Set(named.compactMap { $0?.name })
        let mayRun: Set<String> = [.promoted, .aborted].contains(rest) ? [] : current
        let strays: [String] = running.filter { !mayRun.contains($0) }
        return strays.isEmpty ? [] : [(.noStrayRuns, "\(rest.rawValue): still running: \(strays.joined(separator: ", "))")]
    }

    // MARK: The status

    private func truthfulness(_ rest: Rest) -> [Finding] {
        var found: [Finding] = []
        func compare(_ what: String, _ told: Int, _ real: Int) {
            if told != real { found.append((.statusIsTrue, "\(rest.rawValue): status.\(what) is \(told), there are \(real)")) }
        }
        let pods: [JSONValue] = truth.pods()
        compare("replicas", status.replicas, pods.count)
        compare("updatedReplicas", status.updatedReplicas, truth.pods(ofRevision: status.currentPodHash).count)
        if let blueGreen = truth.blueGreen {
            found += blueGreenStatus(blueGreen, compare)
        } else {
            compare("readyReplicas", status.readyReplicas, pods.filter(TrueState.isReady).count)
            compare("availableReplicas", status.availableReplicas, pods.filter(TrueState.isReady).count)
        }
        if rest == .promoted {
            if status.promoteFull || status.abort || !status.pauseConditions.isEmpty { found.append((.statusIsTrue, "promoted, and the status is not at its end: \(status.json.text())")) }
            if status.phase != .healthy, isGood(truth.image) { found.append((.statusIsTrue, "promoted, and \(status.phase?.rawValue ?? "without phase"): \(status.message)")) }
            if let count = truth.canary?.steps.count, count > 0, status.currentStepIndex != count { found.append((.statusIsTrue, "promoted, and at step \(status.currentStepIndex ?? -1) of \(count)")) }
        }
        if rest == .aborted, status.phase != .degraded { found.append((.statusIsTrue, "aborted, and \(status.phase?.rawValue ?? "without phase")")) }
        if truth.isRouted, let weights = status.weights, rest == .promoted || rest == .aborted, weights.canary.weight != 0, !truth.rollout.spec.paused {
            found.append((.statusIsTrue, "\(rest.rawValue), and weight \(weights.canary.weight) is recorded"))
        }
        if status.collisionCount != nil { found.append((.statusIsTrue, "a collision of names is counted, and there was none")) }
        return found
    }
}
