import KubeModel
import RolloutModel

/// The sizes that a canary goes for now, and whether it has arrived.
struct CanarySizes: Sendable {
    /// What this pass sets; in a basic canary a step towards the final ratio.
    var counts: ReplicaCounts
    /// What the step asks for in the end.
    var final: ReplicaCounts

    init(_ situation: CanarySituation) {
        let total: Int = situation.total
        let weight: Int = situation.podWeight
        let stable: ReplicaSet? = situation.roles.stable.flatMap { $0.metadata.uid == situation.roles.new?.metadata.uid ? nil : $0 }
        if situation.isBasic {
            var budget = PodBudget(situation.strategy, total: total)
            if !situation.guards.have(.maxUnavailable) { budget.unavailable = total }
            if !situation.guards.have(.maxSurge) { budget.surge += total }
            counts = basicReplicaCounts(
                total: total, weight: weight, budget: budget, new: situation.roles.new.map(PodCount.init),
                stable: stable.map(PodCount.init), others: situation.roles.others.map(PodCount.init))
            final = stable == nil
                ? ReplicaCounts(canary: total, stable: 0)
                : nearestSplit(total: total, weight: weight, hasSurge: budget.surge > 0)
        } else {
            // With routes the stable version stays at full size, so that an abort needs no new pods. Where somebody deleted it,
            // the new version is all that can serve.
            counts = stable == nil
                ? ReplicaCounts(canary: total, stable: 0)
                : ReplicaCounts(canary: Self.routedCanary(situation, weight: weight), stable: total)
            final = counts
        }
    }

    /// A number that a step names, or the share for a weight, which has at least the wanted minimum if it has any.
    private static func routedCanary(_ situation: CanarySituation, weight: Int) -> Int {
        let takesAll: Bool = situation.promotesFully || situation.isFirstDeploy || situation.isFullyPromoted
        if !takesAll, let pods = situation.scaleInForce?.replicas { return pods }
        let share: Int = scaled(situation.total, weight: weight, maxWeight: situation.maxWeight)
        return share == 0 ? 0 : max(share, min(situation.strategy.minPodsPerReplicaSet ?? 0, situation.total))
    }

    /// `ceil(weight × total / maxWeight)`.
    static func scaled(_ total: Int, weight: Int, maxWeight: Int) -> Int {
        (weight * total + maxWeight - 1) / maxWeight
    }
}

/// What a canary still waits for before its pods are as the step wants them; nil when they are.
///
/// Differs: upstream compares with the sizes of the pass, which can be 0 while other revisions use up the budget, so that
/// a step would complete without any pod of the new version. The final ratio counts.
func podsAwaited(_ situation: CanarySituation, _ sizes: CanarySizes) -> String? {
    guard let new = situation.roles.new else { return "the new ReplicaSet" }
    let canary: Int = situation.guards.have(.finalSizes) ? sizes.final.canary : sizes.counts.canary
    if new.want != canary || !situation.hasArrived(new.status.availableReplicas, of: canary) {
        return "\(canary) available pods of \(new.metadata.name) (\(new.status.availableReplicas) now)"
    }
    if !new.isCounted, situation.guards.have(.currentCounts) { return "the pods of \(new.metadata.name) to be counted" }
    // A stable ReplicaSet that somebody deleted must not hold up the one that replaces it.
    if let stable = situation.roles.stable, stable.metadata.uid != new.metadata.uid {
        let wanted: Int = sizes.final.stable
        // A stable version that cannot create pods must not hold up the one that replaces it.
        let cannotCreate: Bool = stable.status.availableReplicas == 0
            || stable.status.conditions.contains { $0.type == "ReplicaFailure" && $0.isTrue }
        if stable.want != wanted || (stable.status.replicas != wanted && !cannotCreate) {
            return "\(wanted) pods of \(stable.metadata.name) (\(stable.status.replicas) now)"
        }
    }
    if situation.isBasic, situation.guards.have(.finalSizes), let other = situation.roles.others.first(where: { $0.want > 0 || $0.status.availableReplicas > 0 }) {
        return "the pods of \(other.metadata.name) to go (\(other.status.replicas) now)"
    }
    return nil
}

extension CanarySituation {
    /// Whether the canary's available pods are those that its size asks for: exactly so many, or as many as the user calls enough.
    fileprivate func hasArrived(_ available: Int, of wanted: Int) -> Bool {
        strategy.progressThreshold == nil ? available == wanted : isEnough(available, of: wanted)
    }
}
