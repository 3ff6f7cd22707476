import KubeModel

/// How many pods of the new and of the stable version.
struct ReplicaCounts: Sendable, Equatable {
    var canary: Int
    var stable: Int
}

/// One ReplicaSet as the formulas see it.
struct PodCount: Sendable, Equatable {
    var want: Int
    var available: Int

    init(want: Int, available: Int) {
        self.want = want
        self.available = available
    }

    init(_ replicaSet: ReplicaSet) {
        self.init(want: replicaSet.want, available: replicaSet.status.availableReplicas)
    }
}

/// The split of pods that comes nearest to a weight, when the number of pods is all that can be changed.
///
/// Of the splits of `total` pods and, where surge allows it, of `total + 1`, the nearest one wins; ties round the canary up;
/// neither side is empty for a weight strictly between none and all as long as two pods are possible.
///
/// - Parameter weight: 0...maxWeight.
/// - SeeAlso: Argo Rollouts, features/canary; the rule in full in `docs/compatibility.md`.
func nearestSplit(total: Int, weight: Int, maxWeight: Int = 100, hasSurge: Bool) -> ReplicaCounts {
    guard total > 0 else { return ReplicaCounts(canary: 0, stable: 0) }
    let mayBeEmpty: Bool = weight == maxWeight || weight == 0 || (total == 1 && !hasSurge)
    var best: (canary: Int, of: Int)?
    func consider(_ canary: Int, of pods: Int) {
        guard let leader = best else {
            best = (canary, pods)
            return
        }
        // |c·M/p − w| compared without division: multiply both sides by both denominators.
        let distance: Int = abs(canary * maxWeight - weight * pods) * leader.of
        let leading: Int = abs(leader.canary * maxWeight - weight * leader.of) * pods
        if distance < leading { best = (canary, pods) }
    }
    for pods in hasSurge ? [total, total + 1] : [total] {
        let (down, remainder) = (weight * pods).quotientAndRemainder(dividingBy: maxWeight)
        let up: Int = remainder == 0 ? down : down + 1
        let isTied: Bool = remainder * 2 == maxWeight
        if up < pods || mayBeEmpty { consider(up, of: pods) }
        if !isTied, down != 0 || mayBeEmpty { consider(down, of: pods) }
    }
    // Differs: a tie whose larger half would be all pods (75 % of 2) has no option upstream, which then starts no canary at all.
    if best == nil { consider(weight * total / maxWeight, of: total) }
    guard let best else { return ReplicaCounts(canary: 0, stable: total) }
    return ReplicaCounts(canary: best.canary, stable: best.of - best.canary)
}

/// The sizes to go for in this pass: the nearest split, approached within surge and availability.
///
/// Growth comes first and has the stable version first; nothing shrinks while other revisions still have pods, nor below what
/// must stay available. The version that is drained is counted by the pods asked for, so crashing pods never block it;
/// the other one by pods that are available.
///
/// - Parameters:
///   - stable: nil when there is none or when it is the new one.
///   - others: all other owned ReplicaSets.
func basicReplicaCounts(
    total: Int, weight: Int, maxWeight: Int = 100, budget: PodBudget, new: PodCount?, stable: PodCount?, others: [PodCount]
) -> ReplicaCounts {
    guard let stable else {
        // Also a return to the stable version stays within the surge: until its pods are ready, those of the others serve.
        let want: Int = new?.want ?? 0
        let room: Int = max(0, total + budget.surge - want - others.reduce(0) { $0 + $1.want })
        return ReplicaCounts(canary: min(total, want + room), stable: 0)
    }
    let split: ReplicaCounts = nearestSplit(total: total, weight: weight, maxWeight: maxWeight, hasSurge: budget.surge > 0)
    var counts = ReplicaCounts(canary: new?.want ?? 0, stable: stable.want)
    let most: Int = total + budget.surge
    var room: Int = most - (counts.canary + counts.stable + others.reduce(0) { $0 + $1.want })
    if counts.stable < split.stable, room > 0 {
        let grown: Int = min(split.stable, counts.stable + room)
        room -= grown - counts.stable
        counts.stable = grown
    }
    if counts.canary < split.canary, room > 0 {
        counts.canary = min(split.canary, counts.canary + room)
    }
    if others.contains(where: { $0.want > 0 }) { return counts }

    let least: Int = total - budget.unavailable
    let canaryGrows: Bool = new.map { split.canary >= $0.want } ?? true
    func counted(_ side: PodCount?, byWant: Bool) -> Int {
        guard let side else { return 0 }
        return side.want < side.available || byWant ? side.want : side.available
    }
    let present: Int = counted(new, byWant: !canaryGrows) + counted(stable, byWant: canaryGrows)
    guard present > least else { return counts }
    let spare: Int = present - least
    if canaryGrows {
        if stable.want > split.stable {
            counts.stable = max(split.stable, stable.want - spare)
            (counts.stable, counts.canary) = balanced(
                draining: counts.stable, of: stable, keeping: counts.canary, of: new, least: least, most: most)
        }
    } else if let new, new.want > split.canary {
        counts.canary = max(split.canary, new.want - spare)
        (counts.canary, counts.stable) = balanced(
            draining: counts.canary, of: new, keeping: counts.stable, of: stable, least: least, most: most)
    }
    return counts
}

/// Corrects the two sizes where growing one and draining the other in one pass would break a limit.
private func balanced(
    draining: Int, of drained: PodCount, keeping: Int, of kept: PodCount?, least: Int, most: Int
) -> (draining: Int, keeping: Int) {
    var draining: Int = draining
    var keeping: Int = keeping
    let over: Int = max(0, draining + keeping - most)
    if let kept {
        keeping -= over
        let lost: Int = max(0, kept.available - keeping)
        let available: Int = min(drained.available, draining) + min(kept.available, keeping)
        keeping += min(lost, max(0, least - available))
    }
    draining -= max(0, draining + keeping - most)
    return (draining, keeping)
}
