import Clockwork
import KubeModel
import RolloutModel

/// Rules that every plan keeps, whatever was seen; broken ones in words, none when all is well.
///
/// They repeat nothing of how a decision is made: they only compare what was seen with what would be written, so that a
/// mistake in one place does not hide in the other. Tests and simulations check each plan against them.
public func violations(of plan: RolloutPlan, seen: RolloutObservation, now: Timestamp) -> [String] {
    let world = WrittenWorld(plan, seen)
    return sizeViolations(world) + trafficViolations(world) + blueGreenViolations(world) + abortViolations(world) + statusViolations(world)
        + timeViolations(plan, seen, now: now)
}

/// What was seen, and what would be written.
private struct WrittenWorld {
    struct Resize {
        var replicaSet: ReplicaSet
        var size: Int
    }
    let plan: RolloutPlan
    let seen: RolloutObservation
    let strategy: CanaryStrategy?
    let roles: ReplicaSetRoles
    var resizes: [Resize] = []
    var edits: [RolloutAction] = []

    init(_ plan: RolloutPlan, _ seen: RolloutObservation) {
        self.plan = plan
        self.seen = seen
        strategy = seen.rollout.spec.canary
        roles = ReplicaSetRoles(of: seen, selector: EffectiveSelector(of: seen.rollout, replicaSets: seen.replicaSets))
        for step in plan.steps {
            switch step.action {
            case .scaleReplicaSet(let name, let from, let to, _, _):
                if let replicaSet = seen.replicaSets.first(where: { $0.metadata.name == name }), from != to {
                    resizes.append(Resize(replicaSet: replicaSet, size: to))
                }
            case .patchRoute:
                edits.append(step.action)
            case .createReplicaSet, .patchReplicaSet, .adoptReplicaSet, .releaseReplicaSet, .deleteReplicaSet, .annotateRollout,
                 .setReplicas, .pointService, .createAnalysisRun, .beginAnalysisRun, .terminateAnalysisRun, .deleteAnalysisRun:
                break
            }
        }
    }

    var before: RolloutStatus { seen.rollout.status }
    var after: RolloutStatus { plan.status }
    var total: Int { seen.rollout.spec.desiredReplicas }
    var isRouted: Bool { strategy?.trafficRouting != nil }

    /// Whether so many available pods may carry a weight: its share of the Rollout, unless the user has named a size for the
    /// canary or calls fewer enough.
    func mayCarry(_ weight: Int, pods available: Int) -> Bool {
        guard let strategy else { return true }
        if available * strategy.maxTrafficWeight >= weight * total { return true }
        var share: Int = (weight * total + strategy.maxTrafficWeight - 1) / strategy.maxTrafficWeight
        let index: Int = after.currentStepIndex ?? 0
        if index < strategy.steps.count {
            for step in strategy.steps[...index].reversed() {
                guard case .setCanaryScale(let scale) = step.kind else { continue }
                let named: Int? = scale.replicas ?? scale.weight.map { ($0 * total + strategy.maxTrafficWeight - 1) / strategy.maxTrafficWeight }
                if !scale.matchesTrafficWeight, let named { share = min(share, max(1, named)) }
                break
            }
        }
        return available >= share || (strategy.progressThreshold?.isMet(available: available, of: share) ?? false)
    }

    func name(_ hash: String) -> String { roles.all.first { $0.podHash == hash }?.metadata.name ?? hash }
}

private func sizeViolations(_ world: WrittenWorld) -> [String] {
    var found: [String] = []
    if world.resizes.count > 1, world.strategy != nil { found.append("\(world.resizes.count) ReplicaSets change their size in one plan") }
    for resize in world.resizes where resize.size < resize.replicaSet.want {
        let replicaSet: ReplicaSet = resize.replicaSet
        let name: String = replicaSet.metadata.name
        let remaining: Int = min(replicaSet.status.availableReplicas, resize.size)
        let lost: Int = replicaSet.status.availableReplicas - remaining
        if resize.size < 0 { found.append("\(name) would have \(resize.size) pods") }
        if lost > 0, world.isRouted, let strategy = world.strategy, replicaSet.podHash == world.roles.new?.podHash,
           replicaSet.podHash != world.after.stableRS {
            // A routed canary needs the pods for its weight; those beyond it serve nobody.
            // What was seen in force counts, not what an earlier process had recorded.
            let old: Int = world.before.weights.map { $0.canary.podTemplateHash == replicaSet.podHash ? $0.canary.weight : 0 } ?? 0
            let new: Int = world.after.weights?.canary.weight ?? 0
            let weight: Int = world.after.weights?.isVerified == true ? new : max(old, new)
            if !world.after.abort, strategy.trafficRouting != nil, !world.mayCarry(weight, pods: remaining) {
                found.append("scaling \(name) to \(resize.size) leaves \(remaining) pods for weight \(weight)")
            }
        } else if lost > 0, let strategy = world.strategy {
            let available: Int = world.roles.all.reduce(0) { $0 + $1.status.availableReplicas }
            let least: Int = world.total - PodBudget(strategy, total: world.total).unavailable
            if available - lost < least {
                found.append("scaling \(name) to \(resize.size) leaves \(available - lost) available pods, \(least) must stay")
            }
        }
        guard world.total > 0, world.isRouted, resize.size == 0 else { continue }
        if let weights = world.before.weights {
            let isLeftNow: Bool = world.after.weights?.canary.weight == 0 && world.after.weights?.isVerified == true
            let hasCanaryWeight: Bool = weights.canary.weight > 0 || weights.isVerified == false
            if hasCanaryWeight && !isLeftNow && weights.canary.podTemplateHash == replicaSet.podHash && replicaSet.status.availableReplicas > 0 {
                found.append("\(name) is scaled to 0 while weight \(weights.canary.weight) is recorded for it")
            }
        }
        let isNamed: [String] = [world.strategy?.stableService ?? ""]
            .filter { world.seen.services[$0]?.selector[Keys.podHash] == replicaSet.podHash }
        for service in isNamed { found.append("\(name) is scaled to 0 while the Service \(service) selects it") }
    }
    for step in world.plan.steps {
        guard case .deleteReplicaSet(let name) = step.action, let gone = world.roles.all.first(where: { $0.metadata.name == name }) else { continue }
        if gone.want > 0 || gone.status.replicas > 0 { found.append("\(name) is deleted though it has pods") }
        if gone.podHash == world.after.stableRS || gone.podHash == world.after.currentPodHash { found.append("\(name) is deleted though it is in use") }
    }
    return found
}

/// What the active Service selects is there, and stays.
private func blueGreenViolations(_ world: WrittenWorld) -> [String] {
    guard let strategy = world.seen.rollout.spec.blueGreen, world.total > 0 else { return [] }
    var found: [String] = []
    let active: String = world.seen.services[strategy.activeService]?.selector[Keys.podHash] ?? ""
    for resize in world.resizes where resize.replicaSet.podHash == active && resize.size < min(world.total, resize.replicaSet.want) {
        found.append("\(resize.replicaSet.metadata.name) is scaled to \(resize.size) while the Service \(strategy.activeService) selects it")
    }
    if Set(world.resizes.map(\.replicaSet.metadata.name)).count != world.resizes.count { found.append("a ReplicaSet is sized twice in one plan") }
    for step in world.plan.steps {
        guard case .pointService(strategy.activeService, let hash, let previous, _) = step.action, hash != previous else { continue }
        let target: ReplicaSet? = world.roles.all.first { $0.podHash == hash }
        let available: Int = target?.status.availableReplicas ?? 0
        if available == 0 { found.append("the Service \(strategy.activeService) would select \(world.name(hash)), which has no available pod") }
        if hash != world.before.stableRS, available < world.total {
            found.append("the Service \(strategy.activeService) would select \(world.name(hash)) with \(available) of \(world.total) pods")
        }
        if hash != world.before.stableRS, world.before.abort, !world.before.promoteFull { found.append("an aborted version would go live") }
    }
    return found
}

private func trafficViolations(_ world: WrittenWorld) -> [String] {
    guard let strategy = world.strategy, world.isRouted else { return [] }
    var found: [String] = []
    let most: Int = strategy.maxTrafficWeight
    if let weights = world.after.weights {
        if weights.canary.weight + weights.stable.weight != most {
            found.append("weights \(weights.canary.weight) and \(weights.stable.weight) do not sum to \(most)")
        }
        if !(0...most).contains(weights.canary.weight) { found.append("weight \(weights.canary.weight) is not within 0...\(most)") }
    }
    let recorded: Int = world.before.weights?.canary.weight ?? 0
    for case .patchRoute(let edit) in world.edits where edit.weight > recorded {
        let target: String = world.seen.services[strategy.canaryService]?.selector[Keys.podHash] ?? ""
        // The Service may be pointed in the same plan, before the route.
        let pointed: String? = world.plan.steps.lazy.compactMap { step -> String? in
            guard case .pointService(strategy.canaryService, let hash, _, _) = step.action else { return nil }
            return hash
        }.first
        let selected: String = pointed ?? target
        // A Service that was never adopted selects by the user's labels alone.
        guard !selected.isEmpty else { continue }
        let available: Int = world.roles.all.first { $0.podHash == selected }?.status.availableReplicas ?? 0
        if available == 0 { found.append("weight \(edit.weight) would go to \(world.name(selected)), which has no available pod") }
        if !world.mayCarry(edit.weight, pods: available) && !world.before.promoteFull {
            found.append("weight \(edit.weight) would go to \(world.name(selected)), which has \(available) of \(world.total) pods")
        }
        for resize in world.resizes where resize.replicaSet.podHash == selected && resize.size < resize.replicaSet.want {
            found.append("\(resize.replicaSet.metadata.name) shrinks in the plan that raises its weight")
        }
    }
    return found
}

/// An update that was given up sends nothing new to the canary.
private func abortViolations(_ world: WrittenWorld) -> [String] {
    guard world.after.abort, world.after.stableRS != world.after.currentPodHash else { return [] }
    var found: [String] = []
    let recorded: Int = world.before.weights?.canary.weight ?? 0
    for case .patchRoute(let edit) in world.edits where edit.weight > recorded {
        found.append("the weight of an aborted canary would rise from \(recorded) to \(edit.weight)")
    }
    if let weight = world.after.weights?.canary.weight, weight > recorded {
        found.append("the recorded weight of an aborted canary would rise from \(recorded) to \(weight)")
    }
    if let new = world.roles.new, world.roles.stable != nil {
        for resize in world.resizes where resize.replicaSet.podHash == new.podHash && resize.size > new.want {
            found.append("the aborted \(new.metadata.name) would grow from \(new.want) to \(resize.size)")
        }
    }
    if !world.after.pauseConditions.isEmpty { found.append("an aborted Rollout would be paused") }
    return found
}

private func statusViolations(_ world: WrittenWorld) -> [String] {
    let (before, after) = (world.before, world.after)
    var found: [String] = []
    if let index = after.currentStepIndex, let strategy = world.strategy, !(0...max(strategy.steps.count, before.currentStepIndex ?? 0)).contains(index) {
        found.append("step index \(index) of \(strategy.steps.count)")
    }
    if let old = before.currentStepIndex, let new = after.currentStepIndex, new > old + 1, after.currentPodHash == before.currentPodHash,
       let count = world.strategy?.steps.count, new != count {
        found.append("the step moves from \(old) to \(new) at once")
    }
    if after.abort && before.abortedAt != nil && before.abort && after.abortedAt != before.abortedAt { found.append("the time of the abort changes") }
    if !before.stableRS.isEmpty && after.stableRS.isEmpty { found.append("the stable version is forgotten") }
    if before.stableRS != after.stableRS, !before.stableRS.isEmpty {
        let available: Int = world.roles.new?.status.availableReplicas ?? 0
        let isEnough: Bool = world.strategy?.progressThreshold?.isMet(available: available, of: world.total) ?? false
        if available < world.total && !isEnough { found.append("promoted with \(available) of \(world.total) pods available") }
        if before.abort && !before.promoteFull { found.append("promoted though aborted") }
        if !before.promoteFull && before.pauseConditions.contains(where: { $0.reason == .inconclusiveAnalysis }) {
            found.append("promoted though an analysis could not decide")
        }
    }
    let types: [String] = after.conditions.map(\.type)
    if Set(types).count != types.count { found.append("a condition occurs twice: \(types)") }
    if RolloutStatus(json: after.json).json != after.json { found.append("the status reads back differently") }
    return found
}

/// Until `wakeAt` time alone changes nothing, and then something is due.
private func timeViolations(_ plan: RolloutPlan, _ seen: RolloutObservation, now: Timestamp) -> [String] {
    guard plan.isQuiet(comparedWith: seen.rollout.status) else { return [] }
    if let wakeAt = plan.wakeAt, wakeAt <= now { return ["a plan that writes nothing would be made again at once (\(wakeAt.rfc3339))"] }
    let last: Timestamp = plan.wakeAt.map { $0 - .nanoseconds(1) } ?? now + .seconds(365 * 86_400)
    for moment in [now + .seconds(1), now + (last - now) / 2, last] where moment > now && moment <= last {
        let later: RolloutPlan = decide(seen, now: moment)
        if !later.isQuiet(comparedWith: seen.rollout.status) {
            return ["without being woken (\(plan.wakeAt?.rfc3339 ?? "never")) the decision is another one at \(moment.rfc3339)"]
        }
    }
    return []
}
