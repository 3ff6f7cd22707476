import Clockwork
import KubeModel
import RolloutModel

/// The questions that several decisions about a blue-green Rollout ask. "Active" is what the active Service was seen to select.
extension CanarySituation {
    func replicaSet(withHash hash: String) -> ReplicaSet? { hash.isEmpty ? nil : roles.all.first { $0.podHash == hash } }

    /// The pod hash that the active Service selects; empty before it was first pointed anywhere.
    var activeHash: String { blueGreen.flatMap { seen.services[$0.activeService]?.selector[Keys.podHash] } ?? "" }
    var previewHash: String { blueGreen.flatMap { seen.services[$0.previewService]?.selector[Keys.podHash] } ?? "" }

    /// Whether the new version has all pods, sized for the present number and counted since.
    var newIsSaturated: Bool {
        guard let new = roles.new, new.want == total, new.sizedFor == total, new.status.availableReplicas >= total else { return false }
        return new.isCounted || !guards.have(.currentCounts)
    }

    /// Whether the new version has the pods that it is to have before it is promoted.
    var isReadyForPause: Bool {
        guard let new = roles.new, new.want == blueGreenSize, new.status.availableReplicas >= blueGreenSize else { return false }
        return new.isCounted || !guards.have(.currentCounts)
    }

    /// Pods of the new version.
    var blueGreenSize: Int {
        guard let preview = blueGreen?.previewReplicaCount else { return total }
        let status: BlueGreenStatus = persisted.blueGreen
        let active: ReplicaSet? = replicaSet(withHash: status.activeSelector)
        if active == nil || active?.podHash == newHash || activeHash == newHash || isFastTracked { return total }
        if newHash == persisted.currentPodHash, !spec.paused, persisted.pauseConditions.isEmpty, status.scaleUpPreviewCheckPoint { return total }
        return min(preview, total)
    }

    /// Whether the Rollout returns to a version that still waits out its delay: no gate holds it then.
    ///
    /// The delay stays on the ReplicaSet until the switch, so that a pod that is lost on the way does not lose the way back. A retry
    /// after an abort is none: what was given up goes through all gates again.
    var isFastRollback: Bool {
        if isFullyPromoted || newHash == persisted.stableRS || skipsSteps { return true }
        guard !persisted.abort, persisted.abortedAt == nil, let new = roles.new, let stable = roles.stable, let deadline = new.deadline else { return false }
        return now < deadline && new.isOlder(than: stable)
    }

    /// Whether neither pause nor analysis comes before the switch.
    var isFastTracked: Bool {
        persisted.stableRS.isEmpty || isFastRollback || promotesFully || (!activeHash.isEmpty && activeHash == newHash)
    }

    /// Whether the analysis before the switch has succeeded, or none was asked for.
    var prePromotionIsOver: Bool {
        guard blueGreen?.prePromotionAnalysis != nil, guards.have(.prePromotionGate) else { return true }
        guard let recorded = persisted.blueGreen.prePromotionRun, let run = seen.analysisRuns.first(where: { $0.metadata.name == recorded.name })
        else { return false }
        return run.status.phase == .successful && !succeededWithoutPods(run, recorded: recorded)
    }

    var postPromotionIsOver: Bool {
        guard blueGreen?.postPromotionAnalysis != nil, guards.have(.postPromotionGate) else { return true }
        return phase(of: persisted.blueGreen.postPromotionRun) == .successful
    }

    /// The phase of a recorded run as it is now; nil: there is none, or it has none yet.
    private func phase(of recorded: RunStatus?) -> AnalysisPhase? {
        guard let recorded else { return nil }
        return seen.analysisRuns.first { $0.metadata.name == recorded.name }?.status.phase
    }

    /// Whether an analysis of the update goes on, which may take as long as it likes.
    var analysisIsRunning: Bool {
        [persisted.blueGreen.prePromotionRun, persisted.blueGreen.postPromotionRun]
            .compactMap { $0 }.contains { ["", "Pending", "Running"].contains($0.phase) }
    }

    /// Whether a person need not be asked, or has been.
    var pauseIsOver: Bool {
        guard let strategy = blueGreen, guards.have(.promotionPause) else { return true }
        if persisted.blueGreen.scaleUpPreviewCheckPoint { return true }
        if strategy.isAutoPromoted && strategy.autoPromotionSeconds == 0 { return true }
        guard let pause = persisted.pauseConditions.first(where: { $0.reason == .blueGreenPause }) else {
            // Somebody has ended it.
            return isResumed && prePromotionIsOver
        }
        return strategy.isAutoPromoted && now >= pause.startTime + .seconds(strategy.autoPromotionSeconds)
    }

    /// Whether a pause that a person has ended is still to be acted upon, so that it stays ended.
    func isStillBeforeSwitch(_ status: RolloutStatus) -> Bool {
        prePromotionIsOver && status.currentPodHash == persisted.currentPodHash && status.blueGreen.activeSelector != status.currentPodHash
            && !status.blueGreen.scaleUpPreviewCheckPoint
    }

    func isHealthy(_ status: RolloutStatus, _ strategy: BlueGreenStrategy) -> Bool {
        guard status.updatedReplicas == total, status.availableReplicas == total, !status.currentPodHash.isEmpty,
              persisted.observedGeneration == "\(rollout.metadata.generation)" else { return false }
        return status.blueGreen.activeSelector == status.currentPodHash
            && (strategy.previewService.isEmpty || status.blueGreen.previewSelector == status.currentPodHash)
    }
}

extension BlueGreenStatus {
    /// Forgets what belongs to one version; no gate that it has passed counts for the next.
    mutating func resetUpdate() {
        scaleUpPreviewCheckPoint = false
        prePromotionRun = nil
        postPromotionRun = nil
    }
}
