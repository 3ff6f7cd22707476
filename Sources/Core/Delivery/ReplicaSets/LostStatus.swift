import Clockwork
import KubeModel
import RolloutModel

/// The stable version of a Rollout whose status does not name one though it had one: restored from a backup, which holds no status,
/// or its status wiped by hand.
///
/// Differs: upstream takes it for new, and gives all pods and all traffic to whatever template there is, in the middle of a canary
/// too. The version that serves counts as stable, and the canary begins again at its first step.
struct LostStable {
    let replicaSet: ReplicaSet

    /// Nil where the status names a stable version, or none but the wanted one serves.
    ///
    /// - Parameter service: the Service of the stable version; empty where there is none.
    init?(_ seen: RolloutObservation, _ roles: ReplicaSetRoles, service: String) {
        guard seen.rollout.status.stableRS.isEmpty, seen.guards.have(.lostStatus) else { return nil }
        // What waits out its delay was stable once, and is not any more.
        let serving: [ReplicaSet] = roles.olderOnes.filter {
            !$0.podHash.isEmpty && $0.want > 0 && !$0.hasDeadline && $0.status.availableReplicas > 0
        }
        let selected: String = seen.services[service]?.selector[Keys.podHash] ?? ""
        // The Service of the stable version names it: the wanted one has been promoted then, or another one is stable.
        if !selected.isEmpty, selected == roles.new?.podHash { return nil }
        let byAge: [ReplicaSet] = serving.sorted { ($0.revision ?? 0, $0.metadata.name) < ($1.revision ?? 0, $1.metadata.name) }
        // Versions between the stable one and the newest were superseded: the oldest that is still sized is the stable one.
        guard let found = serving.first(where: { $0.podHash == selected }) ?? byAge.first else { return nil }
        replicaSet = found
    }

    /// Names it in the status, and nothing else: everything follows from that.
    func plan(_ rollout: Rollout) -> RolloutPlan {
        var status: RolloutStatus = rollout.status
        status.stableRS = replicaSet.podHash
        let revision: String = replicaSet.revision.map { " (revision \($0))" } ?? ""
        return RolloutPlan(
            status: status,
            events: [EventNote(
                .warning, .stableRecovered,
                "The status names no stable version though ReplicaSet \"\(replicaSet.metadata.name)\"\(revision) serves: it counts as stable, "
                    + "and the update starts over")])
    }
}
