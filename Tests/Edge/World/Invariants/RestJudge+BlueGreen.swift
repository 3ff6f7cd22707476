import KubeModel
import RolloutModel
import StrictJSON

/// How a blue-green Rollout stands still.
extension RestJudge {
    /// Whether it waits for a person before the switch.
    var isBeforeSwitch: Bool {
        guard let blueGreen = truth.blueGreen, !blueGreen.isAutoPromoted else { return false }
        return BlueGreenGates.isPaused(truth.rollout.status)
    }

    /// The pods that each revision may have.
    func blueGreenSizes(_ blueGreen: BlueGreenStrategy, _ rest: Rest) -> [String: ClosedRange<Int>] {
        let status: RolloutStatus = truth.rollout.status
        let total: Int = truth.total
        var expected: [String: ClosedRange<Int>] = [:]
        switch rest {
        case .promoted, .pausedByHand: break
        case .aborted:
            // An explicit 0 keeps the pods of a version that was given up for ever.
            if blueGreen.abortScaleDownDelaySeconds == 0 { expected[status.currentPodHash] = 0...Int.max }
        case .pausedAtStep:
            let size: Int = min(blueGreen.previewReplicaCount ?? total, total)
            expected[status.currentPodHash] = size...size
        case .timedOut, .undecided:
            expected[status.currentPodHash] = min(blueGreen.previewReplicaCount ?? total, total)...total
        }
        // Another version came before what is live was stable: it serves until the next switch.
        let active: String = truth.revision(ofService: blueGreen.activeService)
        if rest == .pausedAtStep || rest == .timedOut || rest == .undecided { expected[active] = total...total }
        expected[status.stableRS] = total...total
        return expected
    }

    func blueGreenServices(_ blueGreen: BlueGreenStrategy, _ rest: Rest) -> [(Invariant, String)] {
        let status: RolloutStatus = truth.rollout.status
        // A Service is not moved to pods that are not there.
        guard truth.total > 0, !truth.rollout.spec.paused else { return [] }
        var found: [(Invariant, String)] = []
        func expect(_ service: String, _ hash: String) {
            let selected: String = truth.revision(ofService: service)
            guard selected != hash else { return }
            found.append((
                .servicesAsAsked,
                "\(rest.rawValue): \(service) selects \(truth.image(ofRevision: selected)) and should select \(truth.image(ofRevision: hash))"))
        }
        switch rest {
        case .promoted, .aborted: expect(blueGreen.activeService, status.stableRS)
        case .pausedAtStep:
            if truth.revision(ofService: blueGreen.activeService) == status.currentPodHash {
                found.append((.servicesAsAsked, "it waits for a person, and \(blueGreen.activeService) selects the new version already"))
            }
        // Behind the switch it may wait as well.
        case .timedOut, .undecided, .pausedByHand: break
        }
        if !blueGreen.previewService.isEmpty { expect(blueGreen.previewService, status.currentPodHash) }
        return found
    }

    /// What the status says of the pods that serve, and of the Services.
    func blueGreenStatus(_ blueGreen: BlueGreenStrategy, _ compare: (String, Int, Int) -> Void) -> [(Invariant, String)] {
        let status: RolloutStatus = truth.rollout.status
        let active: String = truth.revision(ofService: blueGreen.activeService)
        let pods: [JSONValue] = active.isEmpty ? truth.pods() : truth.pods(ofRevision: active)
        compare("readyReplicas", status.readyReplicas, pods.filter(TrueState.isReady).count)
        compare("availableReplicas", status.availableReplicas, pods.filter(TrueState.isReady).count)
        compare("HPAReplicas", status.hpaReplicas, pods.count)
        var found: [(Invariant, String)] = []
        for (what, told, service) in [
            ("activeSelector", status.blueGreen.activeSelector, blueGreen.activeService),
            ("previewSelector", status.blueGreen.previewSelector, blueGreen.previewService),
        ] where !service.isEmpty && told != truth.revision(ofService: service) {
            found.append((.statusIsTrue, "status.blueGreen.\(what) is \(told), \(service) selects \(truth.revision(ofService: service))"))
        }
        return found
    }
}
