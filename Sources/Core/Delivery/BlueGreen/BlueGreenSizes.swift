import Clockwork
import KubeModel
import RolloutModel

/// Sizes and delays of all versions in this pass; at most one write for each ReplicaSet.
struct BlueGreenSizes: Sendable {
    var actions: [PlannedAction] = []
    var wakeAt: Timestamp?

    init(_ situation: CanarySituation, _ strategy: BlueGreenStrategy) {
        let new: ReplicaSet? = situation.roles.new
        let stable: ReplicaSet? = situation.roles.stable
        if let stable, stable.metadata.uid != new?.metadata.uid { sizeInUse(stable, to: situation.total, situation) }
        if let new {
            if situation.isAborted, stable != nil, stable?.metadata.uid != new.metadata.uid {
                keepAborted(new, situation, strategy)
            } else {
                sizeNew(new, situation)
            }
        }
        retireOthers(situation, strategy)
    }

    private mutating func wake(at instant: Timestamp) { wakeAt = min(wakeAt ?? instant, instant) }

    private mutating func scale(_ replicaSet: ReplicaSet, to size: Int, _ situation: CanarySituation) {
        if let action = ReplicaSetPass.scale(replicaSet, to: size, for: situation.total) { actions.append(action) }
    }

    /// A version in use waits for no end; the size comes with the next pass where both are to be written.
    private mutating func sizeInUse(_ replicaSet: ReplicaSet, to size: Int, _ situation: CanarySituation) {
        guard !replicaSet.hasDeadline else {
            return actions.append(PlannedAction(.patchReplicaSet(
                name: replicaSet.metadata.name, annotations: [Keys.scaleDownDeadline: nil], minReadySeconds: nil)))
        }
        scale(replicaSet, to: size, situation)
    }

    private mutating func sizeNew(_ new: ReplicaSet, _ situation: CanarySituation) {
        let size: Int = situation.blueGreenSize
        // The end of the delay says that this is a way back past the gates; it goes once that has been taken.
        let isWayBack: Bool = new.hasDeadline && situation.isFastRollback && !situation.isFullyPromoted && situation.activeHash != new.podHash
        guard isWayBack, let deadline = new.deadline, situation.now < deadline else { return sizeInUse(new, to: size, situation) }
        wake(at: deadline)
        scale(new, to: size, situation)
    }

    /// A version that was given up keeps its pods until the active Service has left it and stable is whole, and then for the delay.
    private mutating func keepAborted(_ new: ReplicaSet, _ situation: CanarySituation, _ strategy: BlueGreenStrategy) {
        let delay: Int = strategy.abortScaleDownDelaySeconds ?? 30
        let isServing: Bool = situation.activeHash == new.podHash && situation.guards.have(.activePods)
        let stableIsWhole: Bool = (situation.roles.stable?.status.availableReplicas ?? 0) >= situation.total
            || !situation.guards.have(.abortedCanaryNeeded)
        if new.want == 0 || isServing || !stableIsWhole || delay == 0 { return scale(new, to: new.want, situation) }
        guard new.hasDeadline else {
            return actions.append(ReplicaSetPass.deadline(for: new, at: situation.now + .seconds(delay)))
        }
        if let deadline = situation.end(of: new), situation.now < deadline, situation.guards.have(.abortScaleDownDelay) {
            wake(at: deadline)
            return scale(new, to: new.want, situation)
        }
        scale(new, to: 0, situation)
    }

    /// Older versions wait out their delay once neither Service nor status names them, the newest first.
    private mutating func retireOthers(_ situation: CanarySituation, _ strategy: BlueGreenStrategy) {
        if situation.isUndecided && situation.guards.have(.haltedSizes) { return }
        if strategy.postPromotionAnalysis != nil, strategy.scaleDownDelaySeconds == nil, !situation.isFullyPromoted,
           situation.persisted.blueGreen.activeSelector == situation.newHash, !situation.postPromotionIsOver { return }
        let delay: Int = strategy.scaleDownDelaySeconds ?? 30
        let limit: Int = strategy.scaleDownDelayRevisionLimit ?? Int.max
        let others: [ReplicaSet] = situation.roles.others.filter { $0.want > 0 }.sorted {
            ($0.revision ?? 0) == ($1.revision ?? 0) ? $1.isOlder(than: $0) : ($0.revision ?? 0) > ($1.revision ?? 0)
        }
        var delayed: Int = 0
        for replicaSet in others {
            if isReferenced(replicaSet, situation), situation.guards.have(.referencedReplicaSets) {
                // Differs: what serves without being stable, since another version came before it was, follows the wanted number as well.
                if replicaSet.podHash == situation.activeHash { sizeInUse(replicaSet, to: situation.total, situation) }
                continue
            }
            delayed += 1
            guard delayed <= limit, delay > 0 else {
                scale(replicaSet, to: 0, situation)
                continue
            }
            guard replicaSet.hasDeadline else {
                actions.append(ReplicaSetPass.deadline(for: replicaSet, at: situation.now + .seconds(delay)))
                continue
            }
            if let deadline = situation.end(of: replicaSet), situation.now < deadline, situation.guards.have(.scaleDownDelay) {
                wake(at: deadline)
                scale(replicaSet, to: situation.total, situation)
            } else {
                scale(replicaSet, to: 0, situation)
            }
        }
    }

    /// Whether a Service selects it, as seen now or as recorded, or the status names it.
    private func isReferenced(_ replicaSet: ReplicaSet, _ situation: CanarySituation) -> Bool {
        let status: RolloutStatus = situation.persisted
        return [
            situation.activeHash, situation.previewHash, status.stableRS, status.currentPodHash, status.blueGreen.activeSelector,
        ].contains(replicaSet.podHash)
    }
}
