import KubeModel
import RolloutModel

/// Which pods the stable and the canary Service select.
///
/// Services move before weights, and only to ReplicaSets that have available pods: a route never names an empty backend.
func servicePass(_ situation: CanarySituation, traffic: TrafficPass) -> [PlannedAction] {
    var actions: [PlannedAction] = []
    func point(_ name: String, at target: ReplicaSet?, checksAvailability: Bool) {
        guard !name.isEmpty, let target, let service = situation.seen.services[name] else { return }
        let current: String = service.selector[Keys.podHash] ?? ""
        guard current != target.podHash else { return }
        let isManaged: Bool = service.metadata.annotations[Keys.managedBy] != nil
        if checksAvailability {
            let available: Int = target.status.availableReplicas
            if available == 0, situation.guards.have(.availableTarget) { return }
            // A Service that works today is not narrowed to pods that are not all there yet.
            if !isManaged && (target.want == 0 || available < target.want), situation.guards.have(.adoptedService) { return }
        }
        actions.append(PlannedAction(
            .pointService(name: name, hash: target.podHash, previous: current, adopts: !isManaged),
            event: EventNote(.normal, .switchService, "Switched selector for service '\(name)' from '\(current)' to '\(target.podHash)'")))
    }
    point(situation.strategy.stableService, at: situation.roles.stable, checksAvailability: true)
    if situation.isAborted {
        // One answer per pass: upstream points the canary Service to both revisions in turn while a routed canary is aborted.
        // Not before the stable version can carry all: what the route still gives to the canary Service would land on it.
        if traffic.weight == 0 || !situation.guards.have(.abortedService) {
            point(situation.strategy.canaryService, at: situation.roles.stable, checksAvailability: true)
        }
    } else {
        // While a weight may be in force for the revision before, its Service stays where it is: the route still leads there.
        if !situation.isBasic, situation.routesOlderCanary, !traffic.canaryIsUnrouted, situation.guards.have(.supersededService) { return actions }
        point(situation.strategy.canaryService, at: situation.roles.new, checksAvailability: true)
    }
    return actions
}
