import Clockwork
import KubeModel
import RolloutModel

/// What to do about a Rollout, as it was seen, at an instant.
public func decide(_ seen: RolloutObservation, now: Timestamp) -> RolloutPlan {
    guard !(seen.rollout.metadata.isBeingDeleted && seen.guards.have(.deletedRollout)) else { return RolloutPlan(status: seen.rollout.status) }
    guard seen.unreadable.isEmpty else { return unreadablePlan(seen, now: now) }
    return withheld(wantedPlan(seen, now: now), seen, now: now)
}

/// What to do where nobody forbids it.
private func wantedPlan(_ seen: RolloutObservation, now: Timestamp) -> RolloutPlan {
    let rollout: Rollout = seen.rollout
    let selector = EffectiveSelector(of: rollout, replicaSets: seen.replicaSets)
    if let problem = specProblem(seen, selector: selector), seen.guards.have(.invalidSpec) { return invalidSpecPlan(rollout, problem, now: now) }
    var none: [FieldProblem] = []
    let bare: CanaryStrategy? = rollout.spec.blueGreen == nil ? nil : CanaryStrategy(json: .object([:]), path: "", problems: &none)
    guard let strategy = rollout.spec.canary ?? bare else { return RolloutPlan(status: rollout.status) }
    let roles = ReplicaSetRoles(of: seen, selector: selector)
    let claims: [PlannedAction] = roles.adopted.map { PlannedAction(.adoptReplicaSet(name: $0.metadata.name)) }
        + roles.released.map { PlannedAction(.releaseReplicaSet(name: $0.metadata.name)) }
    if !claims.isEmpty { return RolloutPlan(steps: claims, status: rollout.status) }
    if let lost = LostStable(seen, roles, service: rollout.spec.blueGreen?.activeService ?? strategy.stableService) { return lost.plan(rollout) }

    let situation = CanarySituation(seen: seen, strategy: strategy, selector: selector, roles: roles, now: now)
    guard let new = roles.new else { return creationPlan(situation) }
    guard rollout.spec.replicas != nil else { return RolloutPlan(steps: [PlannedAction(.setReplicas(1))], status: rollout.status) }
    if let status = pauseSync(situation) { return RolloutPlan(status: status) }
    let sync = RevisionSync(rollout, new: new, older: roles.olderOnes)
    if !sync.actions.isEmpty { return RolloutPlan(steps: sync.actions, status: rollout.status) }
    if rollout.status.condition(.progressing) == nil { return foundPlan(situation, new) }
    // Differs: upstream resizes first, and gives a version that has just come back the size of the one that is recorded.
    if situation.isReset { return resetPlan(situation) }
    if let blueGreen = situation.blueGreen { return blueGreenPlan(situation, blueGreen, isResize: isResized(situation)) }
    return isResized(situation) ? resizePlan(situation) : canaryPlan(situation)
}

/// A spec that cannot be carried out changes nothing but the condition that says so.
private func invalidSpecPlan(_ rollout: Rollout, _ problem: String, now: Timestamp) -> RolloutPlan {
    let message: String = "The Rollout \"\(rollout.metadata.name)\" is invalid: \(problem)"
    var status: RolloutStatus = rollout.status
    if let old = status.condition(.invalidSpec), old.message != message { status.remove(.invalidSpec) }
    status.set(RolloutCondition(.invalidSpec, .yes, reason: "InvalidSpec", message: message, at: now))
    status.observedGeneration = "\(rollout.metadata.generation)"
    status.phase = .degraded
    status.message = "InvalidSpec: \(message)"
    return RolloutPlan(status: status, waitsFor: message)
}

/// Creates the new ReplicaSet, with no pods: how many is decided when it has been seen.
private func creationPlan(_ situation: CanarySituation) -> RolloutPlan {
    let rollout: Rollout = situation.rollout
    let new = NewReplicaSet(for: rollout, roles: situation.roles, selector: situation.selector, refusals: situation.seen.refusals)
    var status: RolloutStatus = rollout.status
    let refusal: Refusal? = situation.seen.refusals.first { $0.subject == "ReplicaSet/\(new.draft.name)" }
    if let refusal {
        let words: String
        switch refusal.cause {
        case .nameTaken:
            // Another hash, another name; the object that has this one is left alone.
            if situation.guards.have(.collisionCount) { status.collisionCount = (status.collisionCount ?? 0) + 1 }
            return RolloutPlan(status: status)
        case .invalid(let text), .forbidden(let text): words = text
        case .missingRight(let right): words = right.sentence
        }
        let message: String = "Failed to create new replica set \"\(new.draft.name)\": \(words)"
        var events: [EventNote] = []
        if status.condition(.progressing)?.message != message {
            status.remove(.progressing)
            events.append(EventNote(.warning, .replicaSetCreateError, message))
        }
        status.set(RolloutCondition(.progressing, .no, reason: ProgressReason.createError, message: message, at: situation.now))
        return RolloutPlan(status: status, events: events, waitsFor: message)
    }
    status.set(
        RolloutCondition(
            .progressing, .yes, reason: ProgressReason.newReplicaSetCreated,
            message: "Created new replica set \"\(new.draft.name)\"", at: situation.now),
        always: true)
    var steps: [PlannedAction] = [
        PlannedAction(.createReplicaSet(new.draft)),
    ]
    if rollout.metadata.annotations[Keys.revision] != "\(new.revision)" { steps.append(RevisionSync.recordRevision("\(new.revision)")) }
    var events: [EventNote] = [EventNote(
        .normal, .newReplicaSetCreated, "Created ReplicaSet \(new.draft.name) (revision \(new.revision))")]
    if situation.selector.origin == .derived {
        events.append(EventNote(
            .normal, .selectorDerived,
            "spec.selector is not set; pods are selected by the label \(situation.selector.selector.text), which is added to them"))
    }
    guard let begun = begun(situation, with: new) else { return RolloutPlan(steps: steps, status: status, events: events) }
    let reset: RolloutPlan = resetPlan(begun)
    return RolloutPlan(steps: steps, status: reset.status, events: events + reset.events, wakeAt: reset.wakeAt)
}

/// The situation once the new ReplicaSet is there, so that one write says that there is one and that everything starts over.
/// Nil where something else comes between the two.
private func begun(_ situation: CanarySituation, with new: NewReplicaSet) -> CanarySituation? {
    guard situation.rollout.spec.replicas != nil, !isResized(situation) else { return nil }
    var roles: ReplicaSetRoles = situation.roles
    let expected: ReplicaSet = new.expected(for: situation.rollout, at: situation.now)
    roles.new = expected
    roles.all.append(expected)
    let begun = CanarySituation(
        seen: situation.seen, strategy: situation.strategy, selector: situation.selector, roles: roles, now: situation.now)
    return begun.isReset ? begun : nil
}

/// A ReplicaSet exists though no status speaks of it: after a restore, or a crash between two writes.
private func foundPlan(_ situation: CanarySituation, _ new: ReplicaSet) -> RolloutPlan {
    var status: RolloutStatus = situation.persisted
    status.set(RolloutCondition(
        .progressing, .yes, reason: ProgressReason.foundNewReplicaSet,
        message: "Found new replica set \"\(new.metadata.name)\"", at: situation.now))
    return RolloutPlan(status: status)
}

/// Whether the wanted number of pods has changed since the ReplicaSets were last sized.
private func isResized(_ situation: CanarySituation) -> Bool {
    [situation.roles.new, situation.roles.stable].contains { replicaSet in
        guard let replicaSet, replicaSet.want > 0, let sizedFor = replicaSet.sizedFor else { return false }
        return sizedFor != situation.total
    }
}

/// While the number of pods changes nothing else moves: weights and steps would be judged by numbers that are about to change.
private func resizePlan(_ situation: CanarySituation) -> RolloutPlan {
    let sizes = CanarySizes(situation)
    var draft = StatusDraft(situation)
    draft.status = situation.persisted
    draft.isResize = true
    draft.status.availableReplicas = situation.roles.all.reduce(0) { $0 + $1.status.availableReplicas }
    draft.status.hpaReplicas = situation.roles.all.reduce(0) { $0 + $1.status.replicas }
    let traffic = TrafficPass.asRecorded(situation)
    let pass = ReplicaSetPass(situation, sizes, traffic: traffic, isAborted: draft.isAborted)
    draft.wake(at: pass.wakeAt)
    if situation.persisted.controllerPause && situation.persisted.pauseConditions.isEmpty {
        // A resume that has not been acted upon survives the resize.
        draft.finish(situation)
        draft.status.controllerPause = true
    } else {
        draft.finish(situation)
    }
    return plan(draft, pass.actions)
}

/// A new template or new steps: everything starts over, and nothing is scaled or routed before the status says so.
private func resetPlan(_ situation: CanarySituation) -> RolloutPlan {
    var draft = StatusDraft(situation)
    draft.clearsPause = true
    draft.removesAbort = true
    draft.status.promoteFull = false
    draft.status.currentStepIndex = situation.steps.isEmpty ? nil : 0
    if !situation.steps.isEmpty, situation.newHash == situation.persisted.stableRS {
        draft.status.currentStepIndex = situation.steps.count
        draft.events.append(EventNote(.normal, .skipSteps, "Rollback to stable ReplicaSets"))
    } else if !situation.steps.isEmpty, situation.isRollbackWithinWindow, situation.roles.new?.want ?? 0 > 0 {
        draft.status.currentStepIndex = situation.steps.count
        draft.events.append(EventNote(.normal, .skipSteps, "Rollback to active ReplicaSets within RollbackWindow"))
    }
    guard let blueGreen = situation.blueGreen else {
        draft.finish(situation)
        return plan(draft, [])
    }
    if situation.guards.have(.gatesOfOneVersion) { draft.status.blueGreen.resetUpdate() }
    let services = BlueGreenServices(previewOf: situation, blueGreen)
    draft.finishBlueGreen(situation, services)
    return plan(draft, services.actions)
}

/// Puts the pieces together.
func plan(_ draft: StatusDraft, _ actions: [PlannedAction]) -> RolloutPlan {
    RolloutPlan(
        steps: actions, status: draft.status, events: draft.events, wakeAt: draft.wakeTimes.min(), notes: draft.notes,
        waitsFor: draft.waitsFor)
}
