import Clockwork
import KubeModel
import RolloutModel

/// One pass over a blue-green Rollout: the preview Service, sizes, the pause, the active Service, the promotion.
///
/// - Parameter isResize: the number of pods has changed; nothing but sizes moves then.
func blueGreenPlan(_ situation: CanarySituation, _ strategy: BlueGreenStrategy, isResize: Bool) -> RolloutPlan {
    var draft = StatusDraft(situation)
    let sizes = BlueGreenSizes(situation, strategy)
    draft.wake(at: sizes.wakeAt)
    if isResize {
        draft.isResize = true
        draft.status.blueGreen.prePromotionRun = situation.persisted.blueGreen.prePromotionRun
        draft.status.blueGreen.postPromotionRun = situation.persisted.blueGreen.postPromotionRun
        draft.finishBlueGreen(situation, nil)
        return plan(draft, sizes.actions)
    }
    // The strategy was another one: there is no step any more that could end.
    draft.removedPauses.insert(.canaryPauseStep)
    if situation.isFullyPromoted { draft.removesAbort = situation.persisted.abort }
    if situation.promotesFully || situation.skipsSteps {
        draft.clearsPause = true
        draft.removesAbort = true
    }
    let analysis = AnalysisPass(situation, &draft)
    if draft.abortRequest != nil {
        // The status says so first; the next decision takes the traffic back.
        draft.finishBlueGreen(situation, nil)
        return plan(draft, analysis.actions)
    }
    if let problem = analysis.problem {
        draft.waitsFor = problem
        draft.events.append(EventNote(.warning, .reconciliationError, "Reconciliation failed with error: \(problem)"))
        draft.finishBlueGreen(situation, nil)
        return plan(draft, analysis.actions)
    }
    let services = BlueGreenServices(situation, strategy)
    draft.pauseBlueGreen(situation, strategy)
    draft.promoteOrCheck(situation, strategy, services)
    draft.finishBlueGreen(situation, services)
    if draft.abortRequest != nil { return plan(draft, []) }
    var actions: [PlannedAction] = services.actions + historyCleanup(situation.seen, situation.roles) + sizes.actions
    if let switching = services.activeAction { actions.append(switching) }
    return plan(draft, actions + analysis.actions.filter { !actions.contains($0) })
}

extension StatusDraft {
    /// What is counted and carried over before the passes.
    mutating func startBlueGreen(_ situation: CanarySituation) {
        status.currentStepHash = ""
        status.currentStepIndex = nil
        status.blueGreen.prePromotionRun = nil
        status.blueGreen.postPromotionRun = nil
    }

    /// Pauses for a person or for a time, once the pods and the analysis before the switch are there.
    fileprivate mutating func pauseBlueGreen(_ situation: CanarySituation, _ strategy: BlueGreenStrategy) {
        let condition: PauseCondition? = situation.persisted.pauseConditions.first { $0.reason == .blueGreenPause }
        guard !situation.isAborted, !situation.persisted.abort, situation.isReadyForPause, !situation.isHalted else { return }
        let isNeeded: Bool = !strategy.isAutoPromoted || strategy.autoPromotionSeconds > 0
        if situation.isFastTracked || situation.persisted.blueGreen.scaleUpPreviewCheckPoint || !isNeeded {
            removedPauses.insert(.blueGreenPause)
            return
        }
        guard situation.prePromotionIsOver else { return }
        let end: Timestamp? = strategy.isAutoPromoted
            ? (condition?.startTime ?? situation.now.truncatedToSeconds) + .seconds(strategy.autoPromotionSeconds) : nil
        if condition != nil {
            if situation.pauseIsOver { removedPauses.insert(.blueGreenPause) } else { wait(until: end) }
        } else if !situation.isResumed {
            addedPauses.append(.blueGreenPause)
            wait(until: end)
        }
    }

    private mutating func wait(until end: Timestamp?) {
        wake(at: end)
        waitsFor = end.map { "the pause to end at \($0.rfc3339)" } ?? "somebody to promote or abort"
    }

    /// Makes the new version the stable one, or notes that it has passed what comes before its growing.
    fileprivate mutating func promoteOrCheck(_ situation: CanarySituation, _ strategy: BlueGreenStrategy, _ services: BlueGreenServices) {
        if let reason = promotionReason(situation, services) {
            clearsPause = true
            removesAbort = true
            status.promoteFull = false
            status.blueGreen.scaleUpPreviewCheckPoint = false
            guard status.stableRS != situation.newHash else { return }
            status.stableRS = situation.newHash
            events.append(EventNote(
                .normal, .rolloutCompleted,
                "Rollout completed update to revision \(situation.revisionText) (\(situation.newHash)): \(reason)"))
            return
        }
        if waitsFor.isEmpty {
            waitsFor = situation.isAborted ? "somebody to retry, or another version"
                : situation.spec.paused ? "spec.paused to be removed"
                : situation.isUndecided ? "somebody to decide: the analysis could not"
                : "\(situation.blueGreenSize) available pods of \(situation.roles.new?.metadata.name ?? "the new version")"
        }
        guard strategy.previewReplicaCount != nil, !isAborted, !situation.persisted.blueGreen.scaleUpPreviewCheckPoint,
              situation.isReadyForPause, situation.prePromotionIsOver, situation.pauseIsOver, !situation.isHalted else { return }
        status.blueGreen.scaleUpPreviewCheckPoint = true
    }

    private func promotionReason(_ situation: CanarySituation, _ services: BlueGreenServices) -> String? {
        if situation.persisted.stableRS.isEmpty { return "Initial deploy" }
        guard services.active == situation.newHash else { return nil }
        if situation.newHash == situation.persisted.stableRS { return "Fast rollback" }
        guard situation.newIsComplete, !isAborted else { return nil }
        if situation.promotesFully { return "Full promotion requested" }
        if situation.skipsSteps { return "Rollback within window" }
        if situation.isFastRollback { return "Fast rollback" }
        if situation.isUndecided && situation.guards.have(.undecidedPromotion) { return nil }
        // The outcome counts as it was when the traffic was there, not before.
        if situation.blueGreen?.postPromotionAnalysis != nil, services.activeAction != nil || !situation.postPromotionIsOver { return nil }
        return "Completed blue-green update"
    }

    /// Records selectors and what the active version has, and finishes.
    ///
    /// - Parameter services: after this pass; nil where it does not touch them.
    mutating func finishBlueGreen(_ situation: CanarySituation, _ services: BlueGreenServices?) {
        status.blueGreen.previewSelector = services?.preview ?? situation.previewHash
        status.blueGreen.activeSelector = services?.active ?? situation.activeHash
        if let active = situation.replicaSet(withHash: status.blueGreen.activeSelector) {
            status.readyReplicas = active.status.readyReplicas
            status.availableReplicas = active.status.availableReplicas
            status.hpaReplicas = active.status.replicas
            status.selector = active.selector.isEmpty ? status.selector : active.selector.statusText
        }
        finish(situation)
    }
}
