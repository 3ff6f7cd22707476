import Clockwork
import RolloutModel

/// The new status while it is being built, and what the passes of this decision have asked for.
struct StatusDraft: Sendable {
    /// Starts from what is carried over; everything else is computed anew in each decision.
    var status: RolloutStatus
    let persisted: RolloutStatus
    var events: [EventNote] = []
    var notes: [String] = []
    /// Why the Rollout is to be aborted; nil: nobody asked in this decision.
    var abortRequest: String?
    var removesAbort: Bool = false
    var clearsPause: Bool = false
    /// Only sizes change in this decision; the deadline is judged by the next one.
    var isResize: Bool = false
    var addedPauses: [PauseCondition.Reason] = []
    var removedPauses: Set<PauseCondition.Reason> = []
    var wakeTimes: [Timestamp] = []
    var waitsFor: String = ""

    init(_ situation: CanarySituation) {
        persisted = situation.persisted
        status = situation.persisted
        let roles: ReplicaSetRoles = situation.roles
        status.currentPodHash = situation.newHash
        status.currentStepHash = situation.stepHashNow
        status.currentStepIndex = situation.stepIndex
        status.replicas = roles.all.reduce(0) { $0 + $1.status.replicas }
        status.updatedReplicas = roles.new?.status.replicas ?? 0
        status.readyReplicas = roles.all.reduce(0) { $0 + $1.status.readyReplicas }
        status.availableReplicas = roles.all.reduce(0) { $0 + $1.status.availableReplicas }
        status.hpaReplicas = status.replicas
        status.selector = situation.selector.selector.statusText
        status.stepAnalysisRun = nil
        status.backgroundAnalysisRun = nil
        if situation.blueGreen == nil { status.blueGreen = BlueGreenStatus() } else { startBlueGreen(situation) }
        if situation.isBasic { status.weights = nil }
    }

    var isAborted: Bool { !removesAbort && (abortRequest != nil || persisted.abort) }

    mutating func requestAbort(_ detail: String) {
        if abortRequest == nil { abortRequest = detail }
    }

    mutating func wake(at instant: Timestamp?) {
        if let instant { wakeTimes.append(instant) }
    }
}
