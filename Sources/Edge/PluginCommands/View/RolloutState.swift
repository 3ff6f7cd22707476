import RolloutModel
import StrictJSON

/// In which phase clients see a Rollout, and why. The list, the tree and the gate of pipelines all show this.
///
/// The controller's own word counts, once it has seen the newest spec; the rest is for controllers that say nothing.
struct RolloutState: Sendable, Equatable {
    var phase: String
    var message: String

    init(_ phase: String, _ message: String = "") {
        self.phase = phase
        self.message = message
    }

    init(of rollout: Rollout) {
        let status: RolloutStatus = rollout.status
        // Old controllers stored a hash here, which is no number and counts as seen.
        if let observed = Int64(status.observedGeneration), observed < rollout.metadata.generation {
            self.init("Progressing", "waiting for rollout spec update to be observed")
        } else if status.controllerPause, status.pauseConditions.isEmpty {
            self.init("Progressing", "waiting for rollout to unpause")
        } else if let phase = status.raw["phase"]?.stringValue, !phase.isEmpty {
            self.init(phase, status.message)
        } else {
            self = Self.computed(rollout)
        }
    }

    /// As an old controller would have named it.
    private static func computed(_ rollout: Rollout) -> RolloutState {
        let status: RolloutStatus = rollout.status
        let spec: RolloutSpec = rollout.spec
        for condition in status.conditions {
            if condition.type == "InvalidSpec" { return RolloutState("Degraded", "InvalidSpec: \(condition.message)") }
            if ["RolloutAborted", "ProgressDeadlineExceeded"].contains(condition.reason) {
                return RolloutState("Degraded", "\(condition.reason): \(condition.message)")
            }
        }
        if spec.paused { return RolloutState("Paused", "manually paused") }
        if let pause = status.pauseConditions.first { return RolloutState("Paused", pause.reason.rawValue) }
        if let restart = spec.raw["restartAt"]?.stringValue, restart != status.raw["restartedAt"]?.stringValue {
            return RolloutState("Progressing", "rollout is restarting")
        }
        if status.updatedReplicas < spec.desiredReplicas { return RolloutState("Progressing", "more replicas need to be updated") }
        if status.availableReplicas < status.updatedReplicas {
            return RolloutState("Progressing", "updated replicas are still becoming available")
        }
        let isPromoted: Bool = !status.stableRS.isEmpty && status.stableRS == status.currentPodHash
        if spec.hasBlueGreen {
            let active: String = status.raw.at("blueGreen", "activeSelector")?.stringValue ?? ""
            if active.isEmpty || active != status.currentPodHash { return RolloutState("Progressing", "active service cutover pending") }
            if !isPromoted {
                let run: String? = status.raw.at("blueGreen", "postPromotionAnalysisRunStatus", "status")?.stringValue
                let isRunning: Bool = run.map { AnalysisPhase(rawValue: $0)?.isCompleted != true } ?? false
                return RolloutState(
                    "Progressing", isRunning ? "waiting for analysis to complete" : "waiting for post-promotion verification to complete")
            }
        } else if let canary = spec.canary {
            if canary.trafficRouting == nil, status.replicas > status.updatedReplicas {
                return RolloutState("Progressing", "old replicas are pending termination")
            }
            if !isPromoted { return RolloutState("Progressing", "waiting for all steps to complete") }
        }
        return RolloutState("Healthy")
    }

    /// `Paused - CanaryPauseStep`, or the phase alone where there is nothing to add.
    var text: String { message.isEmpty ? phase : "\(phase) - \(message)" }

    /// Whether nothing more will happen by itself.
    var isFinal: Bool { phase == "Healthy" || phase == "Degraded" }
}
