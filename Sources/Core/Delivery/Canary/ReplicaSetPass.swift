import Clockwork
import KubeModel
import RolloutModel

/// The change of sizes in this pass: at most one ReplicaSet is scaled, then the world is looked at again.
struct ReplicaSetPass: Sendable {
    var actions: [PlannedAction] = []
    /// Whether a size changes, which ends the plan: the next decision must see fresh numbers.
    var scales: Bool = false
    var wakeAt: Timestamp?
    /// What pods are kept for, in words; empty when none are.
    var waitsFor: String = ""

    /// - Parameter traffic: what the routes say; a canary that may still receive traffic keeps its pods.
    init(_ situation: CanarySituation, _ sizes: CanarySizes, traffic: TrafficPass, isAborted: Bool) {
        guard !(situation.isHalted && situation.guards.have(.haltedSizes)) else {
            // Sizes wait for a person; the annotation must not, or the Rollout would stay in "replicas only" for ever.
            refreshSizedFor(situation)
            return
        }
        let new: ReplicaSet? = situation.roles.new
        let stable: ReplicaSet? = situation.roles.stable
        let delaysAbort: Bool = isAborted && !situation.isBasic && stable != nil && new?.metadata.uid != stable?.metadata.uid

        for replicaSet in [new, stable].compactMap({ $0 }) where replicaSet.hasDeadline {
            if delaysAbort && replicaSet.metadata.uid == new?.metadata.uid { continue }
            let name: String = replicaSet.metadata.name
            guard !actions.contains(where: { $0.action == .patchReplicaSet(name: name, annotations: [Keys.scaleDownDeadline: nil], minReadySeconds: nil) }) else { continue }
            actions.append(PlannedAction(.patchReplicaSet(name: name, annotations: [Keys.scaleDownDeadline: nil], minReadySeconds: nil)))
        }
        if !actions.isEmpty {
            scales = true
            return
        }
        if let stable, stable.metadata.uid != new?.metadata.uid,
           let scale = Self.scale(stable, to: sizes.counts.stable, for: situation.total) {
            if waitsForCount(toShrink: stable, to: sizes.counts.stable, situation) { return }
            add(scale)
            if situation.guards.have(.oneResize) { return }
        }
        if let new {
            if delaysAbort {
                keepForAWhile(new, situation, traffic: traffic)
                if scales { return }
            } else {
                let size: Int = Self.size(of: new, sizes, situation, traffic)
                if waitsForCount(toShrink: new, to: size, situation) { return }
                if let scale = Self.scale(new, to: size, for: situation.total) {
                    add(scale)
                    return
                }
            }
        }
        shrinkOthers(situation, traffic: traffic)
    }

    /// The size of the new version. With routes it keeps the pods for the weight that may still be in force: traffic leaves first.
    private static func size(of new: ReplicaSet, _ sizes: CanarySizes, _ situation: CanarySituation, _ traffic: TrafficPass) -> Int {
        let wanted: Int = sizes.counts.canary
        guard !situation.isBasic, !situation.isFullyPromoted, situation.roles.stable != nil, wanted < new.want, situation.guards.have(.routeBeforeLowering)
        else { return wanted }
        guard traffic.isInForce, let weights = traffic.weights else { return new.want }
        // A step that names a size is obeyed also where its weight would ask for more; but never down to nothing.
        if situation.scaleInForce != nil { return min(new.want, max(wanted, weights.canary.weight > 0 ? 1 : 0)) }
        let needed: Int = CanarySizes.scaled(situation.total, weight: weights.canary.weight, maxWeight: situation.maxWeight)
        return min(new.want, max(wanted, needed))
    }

    /// Whether pods that would have to make up for those of a version are counted as of an earlier size, and may be on their way out.
    private mutating func waitsForCount(toShrink replicaSet: ReplicaSet, to size: Int, _ situation: CanarySituation) -> Bool {
        guard situation.isBasic, size < replicaSet.want, situation.guards.have(.currentCounts),
              let other = situation.roles.all.first(where: {
                  $0.metadata.uid != replicaSet.metadata.uid && !$0.isCounted && $0.want > 0 && $0.status.availableReplicas > 0
              }) else { return false }
        waitsFor = "the pods of \(other.metadata.name) to be counted"
        return true
    }

    private mutating func add(_ action: PlannedAction) {
        actions.append(action)
        scales = true
    }

    /// One write that sets size and annotation; nil when both are right.
    static func scale(_ replicaSet: ReplicaSet, to size: Int, for total: Int, dropsDeadline: Bool = true) -> PlannedAction? {
        let drops: Bool = dropsDeadline && size == 0 && replicaSet.hasDeadline
        if replicaSet.want == size && replicaSet.sizedFor == total && !(total == 0 && drops) { return nil }
        let action = RolloutAction.scaleReplicaSet(
            name: replicaSet.metadata.name, from: replicaSet.want, to: size, desiredReplicas: total, dropsDeadline: drops)
        guard replicaSet.want != size else { return PlannedAction(action) }
        let direction: String = size > replicaSet.want ? "up" : "down"
        let revision: String = replicaSet.metadata.annotations[Keys.revision] ?? "0"
        return PlannedAction(action, event: EventNote(
            .normal, .scalingReplicaSet,
            "Scaled \(direction) ReplicaSet \(replicaSet.metadata.name) (revision \(revision)) from \(replicaSet.want) to \(size)"))
    }

    private mutating func refreshSizedFor(_ situation: CanarySituation) {
        for replicaSet in [situation.roles.stable, situation.roles.new].compactMap({ $0 })
        where replicaSet.want > 0 && replicaSet.sizedFor != nil && replicaSet.sizedFor != situation.total {
            if let action = Self.scale(replicaSet, to: replicaSet.want, for: situation.total) {
                add(action)
                return
            }
        }
    }

    /// After an abort with routes the canary keeps its pods: first until nothing is routed to it any more, then for the delay.
    private mutating func keepForAWhile(_ new: ReplicaSet, _ situation: CanarySituation, traffic: TrafficPass) {
        let total: Int = situation.total
        func keep() {
            if let action = Self.scale(new, to: new.want, for: total) { add(action) }
        }
        if new.want == 0 { return keep() }
        let stableIsFull: Bool = (situation.roles.stable?.status.availableReplicas ?? 0) >= total
        guard traffic.canaryIsUnrouted || !situation.guards.have(.abortedCanaryRouted),
              stableIsFull || !situation.guards.have(.abortedCanaryNeeded) else {
            waitsFor = traffic.canaryIsUnrouted ? "all pods of the stable ReplicaSet" : traffic.waitsFor
            return keep()
        }
        let delay: Int = situation.strategy.abortScaleDownDelaySeconds ?? 30
        // An explicit 0 is documented as "never".
        if delay == 0 { return keep() }
        if !new.hasDeadline {
            actions.append(Self.deadline(for: new, at: situation.now + .seconds(delay)))
            scales = true
            return
        }
        if let deadline = situation.end(of: new), situation.now < deadline, situation.guards.have(.abortScaleDownDelay) {
            wakeAt = deadline
            waitsFor = "the delay after the abort to end at \(deadline.rfc3339), then the pods of \(new.metadata.name) go"
            return keep()
        }
        if let action = Self.scale(new, to: 0, for: total) { add(action) }
    }

    static func deadline(for replicaSet: ReplicaSet, at instant: Timestamp) -> PlannedAction {
        PlannedAction(.patchReplicaSet(
            name: replicaSet.metadata.name, annotations: [Keys.scaleDownDeadline: instant.rfc3339], minReadySeconds: nil))
    }

    /// Revisions that are neither new nor stable lose their pods: broken ones at once, the rest as availability allows.
    private mutating func shrinkOthers(_ situation: CanarySituation, traffic: TrafficPass) {
        let others: [ReplicaSet] = situation.roles.others.filter { $0.want > 0 }
        guard !others.isEmpty else { return }
        let total: Int = situation.total
        for replicaSet in others where replicaSet.want > replicaSet.status.availableReplicas && situation.isBasic {
            if let action = Self.scale(replicaSet, to: replicaSet.status.availableReplicas, for: total) { return add(action) }
        }
        if !situation.isBasic { return retireRouted(others, situation, traffic: traffic) }
        let available: Int = situation.availablePods
        let room: Int = available - (total - situation.maxUnavailable)
        guard room > 0 else { return }
        for replicaSet in others.reversed() {
            if let action = Self.scale(replicaSet, to: max(0, replicaSet.want - room), for: total) { return add(action) }
        }
    }

    /// With routes an old revision waits until no route, Service or record leads to it, and then for the delay.
    private mutating func retireRouted(_ others: [ReplicaSet], _ situation: CanarySituation, traffic: TrafficPass) {
        // What this pass writes to a route has to be seen in force first; after a promotion, that the traffic is back on stable.
        let total: Int = situation.total
        let isRouted: Bool = situation.isFullyPromoted ? traffic.canaryIsUnrouted : traffic.isInForce
        guard total == 0 || isRouted || !situation.guards.have(.retiredAfterRoute) else { return }
        let delay: Int = situation.strategy.scaleDownDelaySeconds ?? 30
        let limit: Int = situation.strategy.scaleDownDelayRevisionLimit ?? Int.max
        let available: Int = situation.availablePods
        var delayed: Int = 0
        for replicaSet in others.reversed() {
            // Where no pods are wanted at all nobody is to be served, and no Service will ever move to pods of another version.
            if total > 0, situation.isReferenced(replicaSet), situation.guards.have(.referencedReplicaSets) { continue }
            // While pods of the versions in use are missing an old one is the quickest way back.
            let lost: Int = replicaSet.status.availableReplicas
            let mayGo: Bool = lost == 0 || available - lost >= total - situation.maxUnavailable || !situation.guards.have(.retiredWhenSpared)
            if delay == 0 || delayed >= limit {
                if mayGo, let action = Self.scale(replicaSet, to: 0, for: total) { return add(action) }
                continue
            }
            delayed += 1
            guard replicaSet.hasDeadline else {
                actions.append(Self.deadline(for: replicaSet, at: situation.now + .seconds(delay)))
                scales = true
                return
            }
            if let deadline = situation.end(of: replicaSet), situation.now < deadline, situation.guards.have(.scaleDownDelay) {
                wakeAt = min(wakeAt ?? deadline, deadline)
                continue
            }
            if mayGo, let action = Self.scale(replicaSet, to: 0, for: total) { return add(action) }
        }
    }
}

extension CanarySituation {
    /// Available pods of all versions. Those that were asked to go count no more, even while they are still there; nor those that
    /// were counted at an earlier size, which may have been asked to go.
    fileprivate var availablePods: Int {
        roles.all.reduce(0) { $0 + ($1.isCounted || !guards.have(.currentCounts) ? min($1.want, $1.status.availableReplicas) : 0) }
    }

    /// When the delay of a ReplicaSet ends; nil: it has none, or one that cannot be read and so has ended.
    func end(of replicaSet: ReplicaSet) -> Timestamp? {
        replicaSet.deadline ?? (guards.have(.unreadableDeadline) ? nil : now + .seconds(1))
    }

    /// Whether anything may still lead traffic to a ReplicaSet: the status, the recorded weights, or a Service's selector.
    func isReferenced(_ replicaSet: ReplicaSet) -> Bool {
        let hash: String = replicaSet.podHash
        if hash == persisted.stableRS || hash == persisted.currentPodHash { return true }
        if let weights = persisted.weights {
            if weights.stable.podTemplateHash == hash { return true }
            if weights.canary.podTemplateHash == hash { return true }
            // What was written is not in force yet: the old way may still be used.
            if weights.isVerified == false { return true }
        }
        return [strategy.canaryService, strategy.stableService]
            .compactMap { seen.services[$0] }
            .contains { $0.selector[Keys.podHash] == hash }
    }
}
