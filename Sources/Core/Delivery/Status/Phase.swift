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
    if isBasic && status.replicas > status.updatedReplicas { return (.progressing, "old replicas are pending termination") }
    if status.stableRS.isEmpty || status.stableRS != status.currentPodHash { return (.progressing, "waiting for all steps to complete") }
    return (.healthy, "")
}
