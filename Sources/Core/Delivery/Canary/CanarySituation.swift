import Clockwork
import KubeModel
import RolloutModel
import Safety

/// A canary Rollout at one moment: the observation, who is who, and the questions that several decisions ask of them.
/// All answers come from the persisted status: nobody reads back what was only just computed.
struct CanarySituation: Sendable {
    let seen: RolloutObservation
    /// Without any member for a blue-green Rollout.
    let strategy: CanaryStrategy
    let selector: EffectiveSelector
    let roles: ReplicaSetRoles
    let now: Timestamp

    var rollout: Rollout { seen.rollout }
    var spec: RolloutSpec { seen.rollout.spec }
    /// The rules that hold.
    var guards: SafetyGuards { seen.guards }
    /// The status as it was read.
    var persisted: RolloutStatus { seen.rollout.status }
    var steps: [CanaryStep] { strategy.steps }
    /// Wanted pods of the Rollout.
    var total: Int { spec.desiredReplicas }
    /// The weight that means all traffic.
    var maxWeight: Int { strategy.maxTrafficWeight }
    var isBasic: Bool { strategy.trafficRouting == nil }
    /// Nil for a canary.
    var blueGreen: BlueGreenStrategy? { spec.blueGreen }
    var newHash: String { roles.new?.podHash ?? "" }

    /// Also true when both are empty, as upstream.
    var isFullyPromoted: Bool { persisted.stableRS == persisted.currentPodHash }

    /// The hash over the steps as they are now.
    var stepHashNow: String { blueGreen != nil ? "" : stepHash(of: strategy.raw["steps"]?.isNull ?? true ? nil : steps) }

    /// Whether the template or the steps are not those which the status speaks of; everything starts over then.
    var isReset: Bool {
        (blueGreen == nil && persisted.currentStepHash != stepHashNow && guards.have(.changedSteps))
            || (!persisted.currentPodHash.isEmpty && persisted.currentPodHash != newHash && guards.have(.changedTemplate))
    }

    /// Index of the current step, 0...steps.count; nil without steps.
    var stepIndex: Int? {
        if steps.isEmpty { return nil }
        return skipsSteps ? steps.count : min(max(persisted.currentStepIndex ?? 0, 0), steps.count)
    }

    /// Nil without steps and past their end.
    var currentStep: CanaryStep? {
        guard let stepIndex, stepIndex < steps.count else { return nil }
        return steps[stepIndex]
    }

    /// The weight of the nearest `setWeight` at or before an index; 0 if there is none.
    func weight(atOrBefore index: Int) -> Int {
        guard !steps.isEmpty, index >= 0 else { return 0 }
        for step in steps[...min(index, steps.count - 1)].reversed() {
            if case .setWeight(let weight) = step.kind { return weight }
        }
        return 0
    }

    /// Whether the stable version that the status names has no ReplicaSet any more.
    var stableIsGone: Bool { !persisted.stableRS.isEmpty && roles.stable == nil }

    /// Whether somebody asked for everything at once. An abort that came after that wish wins; a wish that came after the
    /// abort was acted upon (it has its time then) takes the abort back.
    var promotesFully: Bool { persisted.promoteFull && !(persisted.abort && persisted.abortedAt == nil && guards.have(.abortWins)) }

    /// Whether the update was given up, as the status says.
    var isAborted: Bool { persisted.abort && !promotesFully && !isFullyPromoted }

    /// Whether the weight that is recorded leads to a revision before the new one, which the canary Service still selects.
    var routesOlderCanary: Bool {
        guard let weights = persisted.weights, weights.canary.podTemplateHash != newHash else { return false }
        return weights.canary.weight > 0 || weights.isVerified == false
    }

    /// The weight that the steps ask for now: all of it without a current step, none while aborted.
    var stepWeight: Int {
        if isAborted { return 0 }
        guard let stepIndex, stepIndex < steps.count else { return maxWeight }
        return weight(atOrBefore: stepIndex)
    }

    /// The weight for which pods are wanted: everything on a first deploy, when promoted, and on request.
    var podWeight: Int {
        if promotesFully || persisted.stableRS.isEmpty || persisted.currentPodHash == persisted.stableRS { return maxWeight }
        return scaleInForce?.replicas == nil ? scaleInForce?.weight ?? stepWeight : stepWeight
    }

    /// The nearest `setCanaryScale` at or before the current step that still sets the canary's size; nil where its weight does.
    ///
    /// None while aborted: what is kept of an aborted canary is a matter of the delay, not of steps.
    var scaleInForce: CanaryScale? {
        guard !isBasic, !isAborted, let stepIndex, stepIndex < steps.count else { return nil }
        for step in steps[...stepIndex].reversed() {
            guard case .setCanaryScale(let scale) = step.kind else { continue }
            return scale.matchesTrafficWeight || (scale.weight == nil && scale.replicas == nil) ? nil : scale
        }
        return nil
    }

    /// Whether so many available pods are enough to go on; all of them unless the user has set a threshold.
    func isEnough(_ available: Int, of wanted: Int) -> Bool {
        strategy.progressThreshold?.isMet(available: available, of: wanted) ?? (available >= wanted)
    }

    /// Whether the Rollout returns to a revision that `rollbackWindow` lets it return to without steps and analysis.
    ///
    /// Counted are the revisions between that one and the stable one, by the age of their ReplicaSets, as upstream; those of
    /// Experiments are not.
    var isRollbackWithinWindow: Bool {
        guard spec.rollbackWindow > 0, let new = roles.new?.metadata.creationTimestamp, let stable = roles.stable?.metadata.creationTimestamp,
              new < stable else { return false }
        let between: Int = roles.all.filter { replicaSet in
            guard replicaSet.metadata.annotations[Keys.experimentName] == nil, let created = replicaSet.metadata.creationTimestamp else { return false }
            return created > new && created < stable
        }.count
        return between < spec.rollbackWindow
    }

    /// Whether a rollback within the window goes past all steps.
    ///
    /// Differs: upstream takes back an abort of it too; here a person who gives the rollback up is obeyed.
    var skipsSteps: Bool { isRollbackWithinWindow && !isFullyPromoted && !persisted.abort && persisted.currentPodHash == newHash }

    /// Whether a person, or an analysis that could not decide, holds everything.
    var isHalted: Bool { spec.paused || isUndecided }

    /// Whether an analysis could not decide, so that a person has to.
    var isUndecided: Bool { persisted.pauseConditions.contains { $0.reason == .inconclusiveAnalysis } }

    /// Whether the recorded revision is one whose runs and pauses no longer matter.
    var cancelsAnalysis: Bool {
        isFullyPromoted || isAborted || promotesFully || persisted.stableRS.isEmpty || newHash == persisted.stableRS
            || skipsSteps || (blueGreen != nil && isFastRollback)
    }

    /// Revision of the new ReplicaSet as text, for messages and names.
    var revisionText: String {
        roles.new?.metadata.annotations[Keys.revision] ?? rollout.metadata.annotations[Keys.revision] ?? "0"
    }

    /// Pods that may be missing during an update.
    var maxUnavailable: Int { PodBudget(strategy, total: total).unavailable }

    /// Whether the new version has as many available pods as the Rollout wants in all, or as many as the user calls enough.
    var newIsComplete: Bool {
        if let new = roles.new, !new.isCounted, guards.have(.currentCounts) { return false }
        return newHadEnough || !guards.have(.promotionPods)
    }

    /// The same by the last count, which may be of another size: enough to be quiet, not to act.
    var newHadEnough: Bool { isEnough(roles.new?.status.availableReplicas ?? 0, of: total) }
}

/// Surge and unavailability in pods, from what the user wrote.
struct PodBudget: Sendable, Equatable {
    /// Pods above the wanted number.
    var surge: Int
    /// Pods below the wanted number.
    var unavailable: Int

    init(surge: Int, unavailable: Int) {
        self.surge = surge
        self.unavailable = unavailable
    }

    /// Surge rounds up, unavailability down; one of them is at least one, or nothing could ever be replaced.
    init(_ strategy: CanaryStrategy, total: Int) {
        let quarter = IntOrPercent.percent("25%")
        surge = max(0, (strategy.maxSurge ?? quarter).resolved(of: total, roundUp: true))
        unavailable = max(0, (strategy.maxUnavailable ?? quarter).resolved(of: total, roundUp: false))
        if surge == 0 && unavailable == 0 { unavailable = 1 }
        unavailable = min(unavailable, total)
    }
}
