import Clockwork
import KubeModel

// What the Deployment says of itself.
extension DeploymentRound {
    /// Replaces or adds a condition; one that says the same for the same reason stays as it is, times and message.
    mutating func note(_ type: String, _ value: String, _ reason: String, _ message: String) {
        let old = status.conditions.condition(type)
        if let old, old.status == value, old.reason == reason { return }
        let since = old?.status == value ? old?.lastTransitionTime ?? now : now
        status.conditions.removeAll { $0.type == type }
        status.conditions.append(
            Condition(type: type, status: value, reason: reason, message: message, lastTransitionTime: since, lastUpdateTime: now))
    }

    /// While a Deployment is paused the clock of its deadline stands still.
    mutating func notePaused() {
        guard deployment.progressDeadlineSeconds != nil else { return }
        let progress = status.conditions.condition("Progressing")
        if progress?.reason == Self.deadlineExceeded { return }
        let isNoted = progress?.reason == "DeploymentPaused"
        if deployment.isPaused, !isNoted { note("Progressing", "Unknown", "DeploymentPaused", "Deployment is paused") }
        if !deployment.isPaused, isNoted { note("Progressing", "Unknown", "DeploymentResumed", "Deployment is resumed") }
    }

    /// The status with new counts and a new verdict about availability.
    mutating func counted() -> SimulatedDeployment.Status {
        let total = all.reduce(0) { $0 + $1.size }
        let available = all.reduce(0) { $0 + $1.status.availableReplicas }
        if available >= deployment.replicas - deployment.maxUnavailable {
            note("Available", "True", "MinimumReplicasAvailable", "Deployment has minimum availability.")
        } else {
            note("Available", "False", "MinimumReplicasUnavailable", "Deployment does not have minimum availability.")
        }
        return SimulatedDeployment.Status(
            observedGeneration: deployment.metadata.generation, replicas: all.reduce(0) { $0 + $1.status.replicas },
            updatedReplicas: new?.status.replicas ?? 0, readyReplicas: all.reduce(0) { $0 + $1.status.readyReplicas },
            availableReplicas: available, unavailableReplicas: max(0, total - available), collisionCount: status.collisionCount,
            conditions: status.conditions)
    }

    /// Whether all pods are of the new template and available, and nobody has changed anything since.
    func isComplete(_ status: SimulatedDeployment.Status) -> Bool {
        status.updatedReplicas == deployment.replicas && status.replicas == deployment.replicas
            && status.availableReplicas == deployment.replicas && status.observedGeneration >= deployment.metadata.generation
    }

    mutating func updateRolloutStatus() {
        let before = deployment.status
        let progress = status.conditions.condition("Progressing")
        status = counted()
        let subject = new.map { "ReplicaSet \"\($0.metadata.name)\"" } ?? "Deployment \"\(deployment.metadata.name)\""
        let wasComplete = status.replicas == status.updatedReplicas && progress?.reason == Self.newAvailable
        if deployment.progressDeadlineSeconds == nil {
            status.conditions.removeAll { $0.type == "Progressing" }
        } else if !wasComplete {
            if isComplete(status) {
                note("Progressing", "True", Self.newAvailable, "\(subject) has successfully progressed.")
            } else if isProgress(from: before) {
                // Each step of progress counts from now.
                status.conditions.removeAll { $0.type == "Progressing" }
                note("Progressing", "True", "ReplicaSetUpdated", "\(subject) is progressing.")
                if progress?.isTrue ?? false, let since = progress?.lastTransitionTime {
                    status.conditions[status.conditions.count - 1].lastTransitionTime = since
                }
            } else if hasTimedOut {
                note("Progressing", "False", Self.deadlineExceeded, "\(subject) has timed out progressing.")
            }
        }
        noteFailure()
    }

    /// A ReplicaSet that cannot make pods is the Deployment's own failure, that of the new one before others.
    private mutating func noteFailure() {
        let failures = ((new.map { [$0] } ?? []) + old).compactMap { $0.status.conditions.condition("ReplicaFailure") }
        guard let failure = failures.first else { return status.conditions.removeAll { $0.type == "ReplicaFailure" } }
        note("ReplicaFailure", failure.status, failure.reason, failure.message)
    }

    private func isProgress(from before: SimulatedDeployment.Status) -> Bool {
        status.updatedReplicas > before.updatedReplicas
            || status.replicas - status.updatedReplicas < before.replicas - before.updatedReplicas
            || status.readyReplicas > before.readyReplicas || status.availableReplicas > before.availableReplicas
    }

    private var hasTimedOut: Bool {
        guard let limit = deployment.progressDeadlineSeconds, let progress = status.conditions.condition("Progressing"),
            progress.reason != Self.newAvailable
        else { return false }
        if progress.reason == Self.deadlineExceeded { return true }
        return progress.lastUpdateTime.map { $0 + .seconds(limit) < now } ?? false
    }

    /// When time alone makes the rollout one that is stuck; nil where it does not.
    var stuckAt: Timestamp? {
        guard let limit = deployment.progressDeadlineSeconds, !deployment.isPaused, !deployment.metadata.isBeingDeleted, !isComplete(status),
            let progress = status.conditions.condition("Progressing"), ![Self.deadlineExceeded, Self.newAvailable].contains(progress.reason),
            let since = progress.lastUpdateTime
        else { return nil }
        return since + .seconds(limit + 1)
    }

    static let newAvailable: String = "NewReplicaSetAvailable"
    static let deadlineExceeded: String = "ProgressDeadlineExceeded"
}
