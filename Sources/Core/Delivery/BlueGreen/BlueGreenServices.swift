import KubeModel
import RolloutModel

/// Which versions the preview and the active Service select after this pass.
struct BlueGreenServices: Sendable {
    /// Writes of the preview Service; they come first.
    var actions: [PlannedAction] = []
    /// The write of the active Service; it comes after sizes.
    var activeAction: PlannedAction?
    var preview: String
    var active: String

    /// The preview Service alone: it follows the new version at once, as long as nobody holds everything.
    init(previewOf situation: CanarySituation, _ strategy: BlueGreenStrategy) {
        preview = situation.previewHash
        active = situation.activeHash
        guard !situation.isHalted, let new = situation.roles.new,
              let action = Self.point(strategy.previewService, at: new, situation) else { return }
        actions.append(action)
        preview = new.podHash
    }

    /// Both. The active Service moves only to a version that has all its pods, or, after an abort, back to the stable one.
    init(_ situation: CanarySituation, _ strategy: BlueGreenStrategy) {
        self.init(previewOf: situation, strategy)
        guard let target = Self.target(situation),
              target.status.availableReplicas > 0 || situation.total == 0 || !situation.guards.have(.availableTarget),
              let action = Self.point(strategy.activeService, at: target, situation) else { return }
        activeAction = action
        active = target.podHash
    }

    private static func target(_ situation: CanarySituation) -> ReplicaSet? {
        let stable: ReplicaSet? = situation.roles.stable
        let hasStable: Bool = (stable?.status.availableReplicas ?? 0) > 0
        // Differs: upstream waits for the pods of the version that is given up, which may never come.
        if situation.isAborted, situation.guards.have(.abortedSwitch), let stable { return hasStable ? stable : nil }
        // A Service that selects no version of ours goes to the stable one, not past the gates to the new one.
        if situation.replicaSet(withHash: situation.activeHash) == nil, let stable, stable.podHash != situation.newHash {
            let isWhole: Bool = stable.status.availableReplicas >= max(1, stable.want)
            return (situation.activeHash.isEmpty ? isWhole : hasStable) ? stable : nil
        }
        guard !situation.isHalted, !situation.isReset, situation.newIsSaturated || !situation.guards.have(.switchPods), let new = situation.roles.new else { return nil }
        if situation.isFastTracked { return new }
        return situation.pauseIsOver && situation.prePromotionIsOver && !situation.persisted.abort ? new : nil
    }

    private static func point(_ name: String, at target: ReplicaSet, _ situation: CanarySituation) -> PlannedAction? {
        guard !name.isEmpty, let service = situation.seen.services[name] else { return nil }
        let current: String = service.selector[Keys.podHash] ?? ""
        let isManaged: Bool = service.metadata.annotations[Keys.managedBy] != nil
        guard current != target.podHash || !isManaged else { return nil }
        let event: EventNote? = current == target.podHash ? nil : EventNote(
            .normal, .switchService, "Switched selector for service '\(name)' from '\(current)' to '\(target.podHash)'")
        return PlannedAction(.pointService(name: name, hash: target.podHash, previous: current, adopts: !isManaged), event: event)
    }
}
