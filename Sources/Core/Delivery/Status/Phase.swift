import RolloutModel

/// Phase and message: the first rule that matches.
func phaseAndMessage(of status: RolloutStatus, spec: RolloutSpec, total: Int, isBasic: Bool) -> (phase: RolloutPhase, message: String) {
    for condition in status.conditions {
        if condition.type == RolloutCondition.Kind.invalidSpec.rawValue { return (.degraded, "InvalidSpec: \(condition.message)") }
        if [ProgressReason.aborted, ProgressReason.deadlineExceeded].contains(condition.reason) {
            return (.degraded, "\(condition.reason): \(condition.message)")
        }
    }
    if spec.paused { return (.paused, "manually paused") }
    if let pause = status.pauseConditions.first { return (.paused, pause.reason.rawValue) }
    if status.updatedReplicas < total { return (.progressing, "more replicas need to be updated") }
    if status.availableReplicas < status.updatedReplicas { return (.progressing, "updated replicas are still becoming available") }
    if let strategy = spec.blueGreen { return blueGreenPhase(of: status, strategy) }
    if isBasic && status.replicas > status.updatedReplicas { return (.progressing, "old replicas are pending termination") }
    if status.stableRS.isEmpty || status.stableRS != status.currentPodHash { return (.progressing, "waiting for all steps to complete") }
    return (.healthy, "")
}

/// What a blue-green Rollout still waits for whose pods are all there.
private func blueGreenPhase(of status: RolloutStatus, _ strategy: BlueGreenStrategy) -> (phase: RolloutPhase, message: String) {
    let active: String = status.blueGreen.activeSelector
    if active.isEmpty || active != status.currentPodHash { return (.progressing, "active service cutover pending") }
    if !status.stableRS.isEmpty && status.stableRS == status.currentPodHash { return (.healthy, "") }
    let run: String = status.blueGreen.postPromotionRun?.phase ?? ""
    if strategy.postPromotionAnalysis != nil, !["Successful", "Failed", "Error", "Inconclusive"].contains(run) {
        return (.progressing, "waiting for analysis to complete")
    }
    return (.progressing, "waiting for post-promotion verification to complete")
}
