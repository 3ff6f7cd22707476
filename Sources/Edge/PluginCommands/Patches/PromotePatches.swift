import RolloutModel
import StrictJSON

/// What `promote` is asked to do.
enum PromoteMode: Sendable, Equatable, CaseIterable {
    /// Resume from a pause, or go on to the next step.
    case normal
    /// Skip all steps, pauses and analyses that are left.
    case full
    /// Deprecated spelling of going on to the next step.
    case skipCurrentStep
    /// Deprecated spelling of going on behind the last step.
    case skipAllSteps
}

/// The merge patches of one promotion, in the order in which they are sent: status, then spec. Nil: none is needed.
struct PromotePatches: Sendable, Equatable {
    var status: JSONValue?
    var spec: JSONValue?
    /// In place of the status patch where the kind has no status subresource.
    var unified: JSONValue?

    /// - Throws: why such a Rollout cannot be promoted like that.
    init(_ mode: PromoteMode, of rollout: Rollout) throws(CommandFailure) {
        let steps: [CanaryStep] = rollout.spec.canary?.steps ?? []
        let last: JSONValue = .number(JSONNumber(steps.count))
        let next: JSONValue = .number(JSONNumber(min((rollout.status.currentStepIndex ?? 0) + 1, steps.count)))
        let unpause: JSONValue = ["paused": false]
        switch mode {
        case .skipCurrentStep, .skipAllSteps:
            if rollout.spec.hasBlueGreen { throw .message("Cannot skip steps of a bluegreen rollout. Run without a flags") }
            if steps.isEmpty { throw .message("Cannot skip steps of a rollout without steps") }
            status = ["status": ["currentStepIndex": mode == .skipCurrentStep ? next : last]]
            unified = status
        case .full:
            if rollout.spec.paused { spec = ["spec": unpause] }
            if rollout.status.currentPodHash != rollout.status.stableRS {
                status = ["status": ["promoteFull": true]]
                unified = ["spec": unpause, "status": ["promoteFull": true]]
            }
        case .normal:
            if rollout.spec.paused { spec = ["spec": unpause] }
            let isInconclusive: Bool = rollout.spec.canary != nil && rollout.status.stepAnalysisRun?.phase == "Inconclusive"
            if !rollout.status.pauseConditions.isEmpty {
                // The controller leaves the pause by itself; only an inconclusive run would stop it again at once.
                status = isInconclusive && rollout.status.controllerPause && !steps.isEmpty
                    ? ["status": ["pauseConditions": nil, "controllerPause": false, "currentStepIndex": next]]
                    : ["status": ["pauseConditions": nil]]
                unified = ["spec": unpause, "status": ["pauseConditions": nil]]
            } else if !steps.isEmpty {
                status = ["status": ["pauseConditions": nil, "currentStepIndex": next]]
                unified = ["spec": unpause, "status": ["pauseConditions": nil, "currentStepIndex": next]]
            }
        }
    }

    /// Lets the first patch apply to this version of the Rollout only; the second one follows from it.
    mutating func require(resourceVersion: String) {
        let precondition: JSONValue = ["metadata": ["resourceVersion": .string(resourceVersion)]]
        if status != nil {
            status?["metadata"] = precondition["metadata"]
            unified?["metadata"] = precondition["metadata"]
        } else {
            spec?["metadata"] = precondition["metadata"]
        }
    }
}
