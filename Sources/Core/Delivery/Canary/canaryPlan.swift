import Clockwork
import KubeModel
import RolloutModel

/// One pass over a canary: Services, routes, analysis, sizes, steps, in the order that keeps traffic safe.
///
/// Services move before weights, weights before sizes shrink, and at most one ReplicaSet changes its size; then the world is
/// looked at again. What analysis says comes before all of them: nothing is raised on data that speak against it.
func canaryPlan(_ situation: CanarySituation) -> RolloutPlan {
    var draft = StatusDraft(situation)
    obeyWishes(&draft, situation)
    var analysis = AnalysisPass(situation, &draft)
    if let detail = draft.abortRequest { return abortPlan(situation, detail, announcing: []) }
    if let problem = analysis.problem {
        // Without the analysis that was asked for the update does not go on.
        draft.waitsFor = problem
        draft.events.append(EventNote(.warning, .reconciliationError, "Reconciliation failed with error: \(problem)"))
        draft.finish(situation)
        return plan(draft, analysis.actions)
    }
    let pausedByAnalysis: Bool = draft.addedPauses.contains { reason in !situation.persisted.pauseConditions.contains { $0.reason == reason } }
    if pausedByAnalysis {
        draft.finish(situation)
        return plan(draft, analysis.actions)
    }

    let sizes = CanarySizes(situation)
    let traffic = TrafficPass(situation, sizes)
    analysis.begin(situation, traffic)
    var actions: [PlannedAction] = historyCleanup(situation.seen, situation.roles)
    actions += analysis.creations
    actions += servicePass(situation, traffic: traffic)
    actions += traffic.actions
    draft.events += traffic.events
    draft.wake(at: traffic.wakeAt)
    if !situation.isBasic { draft.status.weights = traffic.weights }
    actions += analysis.actions.filter { !actions.contains($0) }

    let pass = ReplicaSetPass(situation, sizes, traffic: traffic, isAborted: draft.isAborted)
    draft.wake(at: pass.wakeAt)
    if draft.waitsFor.isEmpty { draft.waitsFor = pass.waitsFor }
    // A route that is being changed in this pass comes first; pods shrink only after it was seen to be in force.
    if pass.scales { actions += pass.actions }
    if !pass.scales || situation.isFirstDeploy {
        advance(&draft, situation, sizes, traffic: traffic, analysis: analysis)
    } else if draft.waitsFor.isEmpty {
        draft.waitsFor = podsAwaited(situation, sizes) ?? traffic.waitsFor
    }
    draft.finish(situation)
    if let detail = draft.abortRequest {
        // The deadline has passed in this very decision.
        return abortPlan(situation, detail, announcing: [EventNote(.warning, .rolloutAborted, detail)])
    }
    return plan(draft, actions)
}

/// What people asked for in the status counts from the first write on, also while sizes still change: a retry that
/// follows must not find the old step.
private func obeyWishes(_ draft: inout StatusDraft, _ situation: CanarySituation) {
    let count: Int = situation.steps.count
    if situation.isFullyPromoted { draft.removesAbort = situation.persisted.abort }
    if situation.promotesFully || situation.skipsSteps {
        draft.clearsPause = true
        draft.removesAbort = true
        if count > 0 { draft.status.currentStepIndex = count }
    } else if situation.isAborted, count > 0, situation.guards.have(.abortedSteps) {
        draft.status.currentStepIndex = 0
    }
}

/// Gives the update up: the status says so first, and the next decision takes the traffic and the pods back. What this
/// decision would have raised is left out.
private func abortPlan(_ situation: CanarySituation, _ detail: String, announcing events: [EventNote]) -> RolloutPlan {
    var draft = StatusDraft(situation)
    let analysis = AnalysisPass(situation, &draft)
    draft.requestAbort(detail)
    draft.events += events
    if !situation.steps.isEmpty { draft.status.currentStepIndex = 0 }
    draft.finish(situation)
    return plan(draft, analysis.actions)
}

/// Moves to the next step, pauses, promotes or aborts: at most one of them.
private func advance(
    _ draft: inout StatusDraft, _ situation: CanarySituation, _ sizes: CanarySizes, traffic: TrafficPass, analysis: AnalysisPass
) {
    if let reason = promotionReason(situation, draft, traffic: traffic, analysis: analysis) {
        promote(&draft, situation, reason: reason)
        return
    }
    if draft.isAborted {
        if draft.waitsFor.isEmpty {
            draft.waitsFor = traffic.isInForce ? "somebody to retry, or another version" : traffic.waitsFor
        }
        return
    }
    if situation.promotesFully {
        draft.waitsFor = "\(situation.total) available pods of \(situation.roles.new?.metadata.name ?? "the new version")"
        return
    }
    if case .pause = situation.currentStep?.kind {} else if situation.guards.have(.pauseInheritance) {
        // Left over where somebody skipped a pause; the next one must not inherit its time.
        draft.removedPauses.insert(.canaryPauseStep)
    }
    switch stepState(situation, sizes, traffic: traffic, analysis: analysis) {
    case .complete:
        if let run = analysis.runThatIsBehind, !situation.isResumed {
            draft.waitsFor = "the measurement of AnalysisRun \(run) that is due"
        } else {
            complete(&draft, situation)
            pauseNext(&draft, situation)
        }
    case .waits(let words):
        if draft.waitsFor.isEmpty { draft.waitsFor = words }
    case .pauses(let until):
        draft.addedPauses.append(.canaryPauseStep)
        draft.wake(at: until)
        draft.waitsFor = waitingWords(until)
    case .over:
        if draft.waitsFor.isEmpty {
            draft.waitsFor = situation.isFullyPromoted
                ? (podsAwaited(situation, sizes) ?? "")
                : (podsAwaited(situation, sizes) ?? analysis.runThatIsBehind.map { "the measurement of AnalysisRun \($0) that is due" }
                    ?? (traffic.isInForce ? "\(situation.total) available pods" : traffic.waitsFor))
        }
    }
}

/// What the current step says.
private enum StepState {
    case complete
    case waits(String)
    /// Until an instant, or until a person ends it.
    case pauses(until: Timestamp?)
    /// There is no current step.
    case over
}

private func stepState(
    _ situation: CanarySituation, _ sizes: CanarySizes, traffic: TrafficPass, analysis: AnalysisPass
) -> StepState {
    guard let step = situation.currentStep, !situation.persisted.stableRS.isEmpty, !situation.isFullyPromoted else { return .over }
    if situation.spec.paused, situation.guards.have(.pausedStep) { return .waits("spec.paused to be removed") }
    let isUndecided: Bool = situation.isUndecided
    switch step.kind {
    case .setWeight, .analysis, .setCanaryScale:
        if isUndecided { return .waits("somebody to decide: the analysis could not") }
    case .pause, .unsupported, .malformed:
        break
    }
    switch step.kind {
    case .setWeight(let weight):
        if let pods = podsAwaited(situation, sizes) { return .waits(pods) }
        guard !situation.isBasic else { return .complete }
        // Without pods nobody is served, whatever a route says: no weight is waited for.
        if situation.total == 0, traffic.isInForce { return .complete }
        let isWanted: Bool = traffic.weights?.canary.weight == (situation.stableIsGone && situation.newIsComplete ? situation.maxWeight : weight)
        guard traffic.isInForce || !situation.guards.have(.stepReceipt), isWanted else {
            if weight > 0, sizes.final.canary == 0 {
                return .waits("pods that could take weight \(weight): a setCanaryScale step before it keeps the canary at 0")
            }
            return .waits(traffic.waitsFor.isEmpty ? "weight \(weight) to be in force" : traffic.waitsFor)
        }
        return .complete
    case .pause(let pause):
        let condition: PauseCondition? = situation.persisted.pauseConditions.first { $0.reason == .canaryPauseStep }
        // The controller paused and no entry is left: somebody resumed.
        if situation.isResumed { return .complete }
        guard let end = pause.end(since: condition?.startTime ?? situation.now.truncatedToSeconds) else { return .pauses(until: nil) }
        guard condition != nil && situation.now >= end else { return .pauses(until: end) }
        return isUndecided ? .pauses(until: nil) : .complete
    case .setCanaryScale:
        return podsAwaited(situation, sizes).map { .waits($0) } ?? .complete
    case .analysis:
        if analysis.stepSucceeded { return .complete }
        return .waits(analysis.problem ?? "the AnalysisRun of the step")
    case .unsupported, .malformed:
        return .over
    }
}

private func complete(_ draft: inout StatusDraft, _ situation: CanarySituation) {
    guard let index = situation.stepIndex, let step = situation.currentStep else { return }
    draft.status.currentStepIndex = index + 1
    draft.status.stepAnalysisRun = nil
    if situation.guards.have(.pauseInheritance) { draft.removedPauses.insert(.canaryPauseStep) }
    draft.events.append(EventNote(
        .normal, .rolloutStepCompleted, "Rollout step \(index + 1)/\(situation.steps.count) completed (\(step.text))"))
}

/// A pause behind the step that was just completed begins with it: nothing has to be seen in between, and it saves a write.
private func pauseNext(_ draft: inout StatusDraft, _ situation: CanarySituation) {
    guard let done = situation.currentStep, let index = draft.status.currentStepIndex, index < situation.steps.count,
          case .pause(let pause) = situation.steps[index].kind else { return }
    // An entry of the pause that has just ended would be taken for this one's.
    if case .pause = done.kind { return }
    let until: Timestamp? = pause.end(since: situation.now.truncatedToSeconds)
    draft.addedPauses.append(.canaryPauseStep)
    draft.wake(at: until)
    draft.waitsFor = waitingWords(until)
}

private func waitingWords(_ until: Timestamp?) -> String {
    until.map { "the pause to end at \($0.rfc3339)" } ?? "somebody to promote or abort"
}

extension PauseStep {
    /// When it ends that began at an instant; nil: when somebody ends it.
    fileprivate func end(since start: Timestamp) -> Timestamp? { duration?.seconds.map { start + .seconds($0) } }
}

/// Why the new version is to become the stable one now; nil: not yet.
private func promotionReason(
    _ situation: CanarySituation, _ draft: StatusDraft, traffic: TrafficPass, analysis: AnalysisPass
) -> String? {
    if situation.persisted.stableRS.isEmpty { return "Initial deploy" }
    if draft.isAborted { return nil }
    guard situation.roles.new != nil, situation.newIsComplete else { return nil }
    // The stable version goes only after all traffic was seen to have left it.
    let isRoutedFully: Bool = situation.isBasic || situation.isFullyPromoted || situation.steps.isEmpty
        || situation.promotesFully || !situation.guards.have(.promotionReceipt)
        || (traffic.isInForce && (traffic.weights?.canary.weight == situation.maxWeight || situation.total == 0))
    guard isRoutedFully else { return nil }
    if situation.promotesFully { return "Full promotion requested" }
    if situation.newHash == situation.persisted.stableRS { return "Fast rollback" }
    // Differs: upstream promotes a version under a pause by hand that has all its steps behind it.
    if situation.spec.paused && situation.guards.have(.pausedStep) { return nil }
    if situation.skipsSteps { return "Rollback within window" }
    if situation.isUndecided && situation.guards.have(.undecidedPromotion) || analysis.runThatIsBehind != nil { return nil }
    let count: Int = situation.steps.count
    if count == 0 || situation.persisted.currentStepIndex == count { return "Completed all \(count) canary steps" }
    return nil
}

private func promote(_ draft: inout StatusDraft, _ situation: CanarySituation, reason: String) {
    draft.clearsPause = true
    draft.removesAbort = true
    draft.status.promoteFull = false
    draft.status.currentStepIndex = situation.steps.isEmpty ? nil : situation.steps.count
    guard draft.status.stableRS != situation.newHash else { return }
    draft.status.stableRS = situation.newHash
    draft.events.append(EventNote(
        .normal, .rolloutCompleted,
        "Rollout completed update to revision \(situation.revisionText) (\(situation.newHash)): \(reason)"))
}

extension CanarySituation {
    /// The controller has paused and somebody has taken the pause away: a person's wish, which waits for no measurement.
    ///
    /// A pause of a canary's step that was ended is no answer to that before a blue-green switch.
    var isResumed: Bool { persisted.controllerPause && persisted.pauseConditions.isEmpty && !(blueGreen != nil && wasCanary) }

    /// Whether the status is that of a canary, whatever the strategy is now: only a canary has a hash of its steps.
    var wasCanary: Bool { !persisted.currentStepHash.isEmpty }

    /// Before anything is stable there is nothing to protect: the first version is sized and recorded in one pass.
    var isFirstDeploy: Bool { persisted.stableRS.isEmpty }
}

extension TrafficPass {
    /// The routes as the status records them, for decisions that do not touch them.
    static func asRecorded(_ situation: CanarySituation) -> TrafficPass {
        var pass = TrafficPass()
        pass.weight = situation.persisted.weights?.canary.weight ?? 0
        pass.weights = situation.persisted.weights
        pass.isInForce = situation.persisted.weights?.isVerified ?? true
        pass.canaryIsUnrouted = situation.isBasic
            || ((situation.persisted.weights?.canary.weight ?? 0) == 0 && pass.isInForce)
        return pass
    }
}
