import KubeModel
import RolloutModel

/// Where a Rollout has to stand for a promotion to be right. A pipeline that runs twice does not skip a step then.
struct PromoteExpectation: Sendable, Equatable {
    /// Nil: any.
    var step: Int?
    var revision: Int?

    var isEmpty: Bool { step == nil && revision == nil }

    /// - Throws: where it stands instead.
    func check(_ rollout: Rollout) throws(CommandFailure) {
        let step: Int = rollout.status.currentStepIndex ?? 0
        if let wanted = self.step, wanted != step {
            throw .message("rollout \(rollout.key) is at step \(step), not at step \(wanted); it was not promoted")
        }
        let revision: Int = rollout.metadata.revision
        if let wanted = self.revision, wanted != revision {
            throw .message("rollout \(rollout.key) is at revision \(revision), not at revision \(wanted); it was not promoted")
        }
    }
}
