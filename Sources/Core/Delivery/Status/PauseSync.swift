import Clockwork
import RolloutModel

/// Brings the conditions in line with what a person did to the status (resume, retry) or the spec (pause), before anything
/// else is decided. Nil when they agree already.
///
/// It ends the decision: a retry restarts at step 0 only once the status says so.
func pauseSync(_ situation: CanarySituation) -> RolloutStatus? {
    let persisted: RolloutStatus = situation.persisted
    guard persisted.observedGeneration == "\(situation.rollout.metadata.generation)" else { return nil }
    let now: Timestamp = situation.now
    var status: RolloutStatus = persisted
    var changes: Bool = status.syncPause(spec: situation.spec, now: now)
    if !persisted.abort && persisted.progressingReason == ProgressReason.aborted {
        status.set(RolloutCondition(
            .progressing, .unknown, reason: ProgressReason.retry, message: "Retrying Rollout after abort", at: now))
        changes = true
    }
    guard changes else { return nil }
    let (phase, message) = phaseAndMessage(of: status, spec: situation.spec, total: situation.total, isBasic: situation.isBasic)
    status.phase = phase
    status.message = message
    return status
}

extension RolloutStatus {
    /// Makes the conditions say whether the Rollout is paused.
    ///
    /// - Returns: whether anything changed.
    mutating func syncPause(spec: RolloutSpec, now: Timestamp) -> Bool {
        let reason: String = progressingReason
        guard reason != ProgressReason.aborted else { return false }
        let isPaused: Bool = !pauseConditions.isEmpty || spec.paused
        let isCompleted: Bool = !stableRS.isEmpty && stableRS == currentPodHash
        var changes: Bool = false
        if isPaused != (reason == ProgressReason.paused), !isCompleted {
            set(isPaused
                ? RolloutCondition(.progressing, .unknown, reason: ProgressReason.paused, message: "Rollout is paused", at: now)
                : RolloutCondition(.progressing, .unknown, reason: ProgressReason.resumed, message: "Rollout is resumed", at: now))
            changes = true
        }
        if isPaused != (condition(.paused)?.status == .yes) {
            set(RolloutCondition(.paused, isPaused ? .yes : .no, reason: "RolloutPaused", message: "Rollout is paused", at: now))
            changes = true
        }
        return changes
    }
}
