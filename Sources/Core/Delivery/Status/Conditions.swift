import Clockwork
import RolloutModel

extension RolloutStatus {
    /// The condition of a type; nil when there is none.
    func condition(_ kind: RolloutCondition.Kind) -> RolloutCondition? { conditions.first { $0.type == kind.rawValue } }

    /// Sets a condition: nothing happens when status and reason are the same already; otherwise it moves to the end, and the
    /// time of its last transition stays unless its status changed.
    ///
    /// - Parameter always: rewrite it even when it is the same, so that its update time moves.
    mutating func set(_ condition: RolloutCondition, always: Bool = false) {
        let old: RolloutCondition? = conditions.first { $0.type == condition.type }
        if let old, !always, old.status == condition.status, old.reason == condition.reason { return }
        var new: RolloutCondition = condition
        if let old, old.status == condition.status { new.lastTransitionTime = old.lastTransitionTime }
        conditions.removeAll { $0.type == condition.type }
        conditions.append(new)
    }

    mutating func remove(_ kind: RolloutCondition.Kind) { conditions.removeAll { $0.type == kind.rawValue } }

    var progressingReason: String { condition(.progressing)?.reason ?? "" }
}

/// Reasons of the `Progressing` condition: API, in Argo Rollouts' spelling.
enum ProgressReason {
    static let newReplicaSetCreated: String = "NewReplicaSetCreated"
    static let foundNewReplicaSet: String = "FoundNewReplicaSet"
    static let replicaSetUpdated: String = "ReplicaSetUpdated"
    static let replicaSetNotAvailable: String = "ReplicaSetNotAvailable"
    static let newReplicaSetAvailable: String = "NewReplicaSetAvailable"
    static let deadlineExceeded: String = "ProgressDeadlineExceeded"
    static let createError: String = "ReplicaSetCreateError"
    static let aborted: String = "RolloutAborted"
    static let paused: String = "RolloutPaused"
    static let resumed: String = "RolloutResumed"
    static let retry: String = "RolloutRetry"
}

/// Questions about a status that is being written, compared with the one that was read.
extension CanarySituation {
    func isHealthy(_ status: RolloutStatus) -> Bool {
        if let blueGreen { return isHealthy(status, blueGreen) }
        guard status.updatedReplicas == total, status.availableReplicas == total, status.replicas == total,
              persisted.observedGeneration == "\(rollout.metadata.generation)" else { return false }
        if let index = status.currentStepIndex, !steps.isEmpty, index != steps.count { return false }
        return !status.currentPodHash.isEmpty && status.stableRS == status.currentPodHash
    }

    func hasProgressed(_ status: RolloutStatus) -> Bool {
        // While the spec was invalid nothing could move: the clock starts anew.
        if persisted.condition(.invalidSpec) != nil && !isAtIndefiniteStep && guards.have(.deadlineAfterInvalidSpec) { return true }
        // Differs: another version starts its own clock, also where its ReplicaSet was there already; upstream would go on with
        // the deadline that the version before has missed.
        if status.currentPodHash != persisted.currentPodHash, guards.have(.deadlinePerVersion) { return true }
        if status.updatedReplicas != persisted.updatedReplicas { return true }
        if status.blueGreen.activeSelector != persisted.blueGreen.activeSelector { return true }
        if status.blueGreen.previewSelector != persisted.blueGreen.previewSelector { return true }
        if status.replicas - status.updatedReplicas < persisted.replicas - persisted.updatedReplicas { return true }
        if guards.have(.recoveredPods) {
            if LostPods(before: persisted).isExceeded(by: status) { return true }
        } else if status.readyReplicas > persisted.readyReplicas || status.availableReplicas > persisted.availableReplicas {
            return true
        }
        if status.stableRS != persisted.stableRS || status.currentStepHash != persisted.currentStepHash { return true }
        if let new = status.currentStepIndex, let old = persisted.currentStepIndex, new != old { return true }
        return false
    }

    /// When the deadline for progress passes; nil where there is no clock running.
    var progressDeadline: Timestamp? {
        guard let progressing = persisted.condition(.progressing),
              ![ProgressReason.aborted, ProgressReason.paused].contains(progressing.reason) else { return nil }
        return progressing.lastUpdateTime + .seconds(spec.progressDeadlineSeconds ?? 600)
    }

    var hasTimedOut: Bool {
        guard let progressing = persisted.condition(.progressing), let progressDeadline else { return false }
        return progressing.reason == ProgressReason.deadlineExceeded || now >= progressDeadline
    }

    /// Whether the present step may take as long as it likes.
    var isAtIndefiniteStep: Bool {
        if persisted.condition(.paused)?.status == .yes || (blueGreen != nil && analysisIsRunning) { return true }
        switch currentStep?.kind {
        case .pause, .analysis: return true
        case .setWeight, .setCanaryScale, .unsupported, .malformed, nil: return false
        }
    }

    /// Whether an old revision is only waiting out its delay.
    var waitsForScaleDown: Bool { roles.others.contains { $0.hasDeadline && $0.want > 0 } }

    /// The new ReplicaSet as conditions name it.
    var subject: String { roles.new.map { "ReplicaSet \"\($0.metadata.name)\"" } ?? "Rollout \"\(rollout.metadata.name)\"" }
}
