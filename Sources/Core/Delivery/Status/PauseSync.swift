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
    let isPaused: Bool = !persisted.pauseConditions.isEmpty || situation.spec.paused
    let reason: String = persisted.progressingReason
    let isMarkedAborted: Bool = reason == ProgressReason.aborted
    let isCompleted: Bool = !persisted.stableRS.isEmpty && persisted.stableRS == persisted.currentPodHash
    var status: RolloutStatus = persisted
    var changes: Bool = false
    if isPaused != (reason == ProgressReason.paused), !isMarkedAborted, !isCompleted {
        if isPaused {
            status.set(RolloutCondition(.progressing, .unknown, reason: ProgressReason.paused, message: "Rollout is paused", at: now))
            changes = true
        } else {
            status.set(RolloutCondition(.progressing, .unknown, reason: ProgressReason.resumed, message: "Rollout is resumed", at: now))
            changes = true
        }
    }
    if !persisted.abort && isMarkedAborted {
        status.set(RolloutCondition(
            .progressing, .unknown, reason: ProgressReason.retry, message: "Retrying Rollout after abort", at: now))
        changes = true
    }
    if isPaused != (persisted.condition(.paused)?.status == .yes), !isMarkedAborted {
        status.set(RolloutCondition(.paused, isPaused ? .yes : .no, reason: "RolloutPaused", message: "Rollout is paused", at: now))
        changes = true
    }
    guard changes else { return nil }
    let (phase, message) = phaseAndMessage(of: status, spec: situation.spec, total: situation.total, isBasic: situation.isBasic)
    status.phase = phase
    status.message = message
    return status
}
