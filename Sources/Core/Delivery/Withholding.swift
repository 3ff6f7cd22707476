import Clockwork
import KubeModel
import RolloutModel

/// How long a Rollout may be held up by a missing right before it counts as degraded: an API server that starts anew refuses
/// for some seconds what it grants afterwards, and whoever waits for a release must not take that for its end.
let patienceWithRefusals: Duration = .seconds(60)

/// How soon a decision is made again that lacks something to read; when it can be read again that comes sooner.
private let unreadableInterval: Duration = .seconds(30)

extension RolloutAction {
    /// What a refusal of this action is remembered by.
    ///
    /// Objects of which there may be many, all of the same making, are refused together: one attempt tells about all of them.
    public var subject: String {
        switch self {
        case .createReplicaSet(let draft): "ReplicaSet/\(draft.name)"
        case .scaleReplicaSet, .patchReplicaSet, .adoptReplicaSet, .releaseReplicaSet: "patch ReplicaSet"
        case .deleteReplicaSet: "delete ReplicaSet"
        case .annotateRollout, .setReplicas: "patch Rollout"
        case .pointService(let name, _, _, _): "patch Service/\(name)"
        case .patchRoute(let edit): "patch HTTPRoute/\(edit.route.name)"
        case .createAnalysisRun(let draft): "AnalysisRun/\(draft.name)"
        case .beginAnalysisRun, .terminateAnalysisRun: "patch AnalysisRun"
        case .deleteAnalysisRun: "delete AnalysisRun"
        }
    }

    /// Whether a release goes on without it.
    fileprivate var isHousekeeping: Bool {
        switch self {
        case .deleteReplicaSet, .deleteAnalysisRun, .terminateAnalysisRun: true
        case .createReplicaSet, .scaleReplicaSet, .patchReplicaSet, .adoptReplicaSet, .releaseReplicaSet, .annotateRollout, .setReplicas,
             .pointService, .patchRoute, .createAnalysisRun, .beginAnalysisRun: false
        }
    }

    /// Whether it only takes weight from the canary, which is safe whatever was not done before it.
    fileprivate func takesWeightBack(recorded: Int) -> Bool {
        if case .patchRoute(let edit) = self { edit.weight < recorded } else { false }
    }
}

extension Refusal {
    /// What the server forbids, in words that say what to do; nil for refusals of another kind.
    fileprivate var forbids: (reason: String, words: String)? {
        switch cause {
        case .missingRight(let right): ("MissingPermission", right.sentence)
        case .forbidden(let text): ("Denied", text)
        case .nameTaken, .invalid: nil
        }
    }

    /// The subject of what an AnalysisRun's own controller could not store in it.
    public static let runStatus: String = "AnalysisRun status"

    /// Whether the release waits for what could not be created, or for an analysis that does not come to its end.
    fileprivate var holdsRelease: Bool {
        subject.hasPrefix("ReplicaSet/") || subject.hasPrefix("AnalysisRun/") || subject == Self.runStatus
    }
}

extension MissingRight {
    /// For conditions: what we may not do, and what to do about it.
    var sentence: String { "the controller may not \(description)\(name.isEmpty ? "" : " (\"\(name)\")"); \(remedy)" }
}

/// What is needed to decide cannot be read: nothing is done, and the condition says what is missing.
func unreadablePlan(_ seen: RolloutObservation, now: Timestamp) -> RolloutPlan {
    let words: String = sentences(seen.unreadable.map(\.sentence))
    var plan = RolloutPlan(status: seen.rollout.status, wakeAt: now + unreadableInterval, waitsFor: words)
    hold(&plan, seen, reason: "MissingPermission", words, now: now)
    return plan
}

/// The plan without what the API server has refused, and without what would have built upon it.
///
/// Nothing of the new status is stored that the refused action was to bring about; a condition names what is missing. What
/// takes weight from a canary is still done, and housekeeping holds nothing up.
func withheld(_ plan: RolloutPlan, _ seen: RolloutObservation, now: Timestamp) -> RolloutPlan {
    let refusals: [Refusal] = seen.refusals.filter { $0.forbids != nil }
    var plan: RolloutPlan = plan
    guard !refusals.isEmpty else {
        plan.status.remove(.forbidden)
        return plan
    }
    let subjects = Set(refusals.map(\.subject))
    let recorded: Int = seen.rollout.status.weights?.canary.weight ?? 0
    var kept: [PlannedAction] = []
    var isHeld: Bool = false
    var holdsRoutes: Bool = false
    for step in plan.steps {
        if subjects.contains(step.action.subject) {
            if !step.action.isHousekeeping { isHeld = true }
            if case .patchRoute = step.action { holdsRoutes = true }
        } else if !isHeld || step.action.takesWeightBack(recorded: recorded) {
            kept.append(step)
        }
    }
    let reason: String = refusals.contains { $0.forbids?.reason == "MissingPermission" } ? "MissingPermission" : "Denied"
    let words: String = sentences(refusals.compactMap { $0.forbids?.words })
    plan.steps = kept
    if isHeld && plan.status.abort {
        // That the update was given up stands whatever is missing; only what the routes carry is not what it was to be.
        if holdsRoutes {
            plan.status.weights = seen.rollout.status.weights
            plan.status.weights?.isVerified = false
        }
        plan.waitsFor = words
        note(&plan, seen, reason: reason, words, now: now)
        return plan
    }
    if isHeld {
        plan.status = counted(seen.rollout.status, as: plan.status)
        plan.events = []
        plan.notes = []
        plan.waitsFor = words
    }
    if isHeld || refusals.contains(where: \.holdsRelease) {
        hold(&plan, seen, reason: reason, words, now: now)
    } else {
        note(&plan, seen, reason: reason, words, now: now)
    }
    return plan
}

/// The stored status with the numbers that were counted just now: they depend on nothing that was to be done.
private func counted(_ stored: RolloutStatus, as new: RolloutStatus) -> RolloutStatus {
    var status: RolloutStatus = stored
    status.replicas = new.replicas
    status.updatedReplicas = new.updatedReplicas
    status.readyReplicas = new.readyReplicas
    status.availableReplicas = new.availableReplicas
    status.hpaReplicas = new.hpaReplicas
    status.selector = new.selector
    return status
}

/// Sets the condition.
///
/// - Returns: since when it stands.
@discardableResult
private func note(_ plan: inout RolloutPlan, _ seen: RolloutObservation, reason: String, _ words: String, now: Timestamp) -> Timestamp {
    let stored: RolloutCondition? = seen.rollout.status.condition(.forbidden)
    let since: Timestamp = stored?.lastTransitionTime ?? now.truncatedToSeconds
    plan.events.append(EventNote(.warning, .forbidden, words))
    if let stored, stored.reason == reason, stored.message == words, plan.status.condition(.forbidden) == stored { return since }
    var condition = RolloutCondition(.forbidden, .yes, reason: reason, message: words, at: now)
    condition.lastTransitionTime = since
    plan.status.remove(.forbidden)
    plan.status.set(condition)
    return since
}

/// Sets the condition, and the phase of a Rollout that does not go on. One that is at rest and asks for nothing stays as it is.
private func hold(_ plan: inout RolloutPlan, _ seen: RolloutObservation, reason: String, _ words: String, now: Timestamp) {
    let rollout: Rollout = seen.rollout
    let since: Timestamp = note(&plan, seen, reason: reason, words, now: now)
    let generation: String = "\(rollout.metadata.generation)"
    if rollout.status.phase == .healthy && rollout.status.observedGeneration == generation { return }
    plan.status.observedGeneration = generation
    plan.status.phase = now >= since + patienceWithRefusals ? .degraded : .progressing
    plan.status.message = "Forbidden: \(words)"
    if plan.status.phase == .progressing { plan.wakeAt = min(plan.wakeAt ?? since + patienceWithRefusals, since + patienceWithRefusals) }
}

/// Each once, in an order that does not depend on who came first.
private func sentences(_ parts: [String]) -> String { Set(parts).sorted().joined(separator: "; ") }
