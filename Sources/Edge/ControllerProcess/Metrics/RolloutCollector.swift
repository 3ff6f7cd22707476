import KubeModel
import Observability
import RolloutModel

/// The metrics of Rollouts that are computed from the cache when they are asked for.
struct RolloutCollector {
    /// The phases that `rollout_phase` has a series for.
    private static let phases: [String] = ["Abort", "Completed", "Error", "Paused", "Progressing", "Timeout"]

    /// In the order of their keys.
    let rollouts: [Rollout]

    func collect(into page: inout MetricPage) {
        page.add(MetricNames.rolloutInfo) { samples in
            for rollout in rollouts {
                samples.append(labels(rollout) + [rollout.strategyLabel, rollout.routerLabel, rollout.phaseLabel], 1)
            }
        }
        gauge(MetricNames.replicasAvailable, &page) { $0.status.availableReplicas }
        gauge(MetricNames.replicasUnavailable, &page) { $0.status.replicas - $0.status.availableReplicas }
        gauge(MetricNames.replicasDesired, &page) { $0.spec.desiredReplicas }
        gauge(MetricNames.replicasUpdated, &page) { $0.status.updatedReplicas }
        page.add(MetricNames.rolloutPhase) { samples in
            for rollout in rollouts {
                let present = rollout.phaseLabel
                for phase in Self.phases { samples.append(labels(rollout) + [rollout.strategyLabel, phase], phase == present ? 1 : 0) }
            }
        }
        page.add(MetricNames.weightUnverified) { samples in
            for rollout in rollouts where rollout.spec.canary?.trafficRouting != nil {
                samples.append(labels(rollout), rollout.status.weights?.isVerified == false ? 1 : 0)
            }
        }
    }

    private func gauge(_ definition: MetricDefinition, _ page: inout MetricPage, _ value: (Rollout) -> Int) {
        page.add(definition) { samples in
            for rollout in rollouts { samples.append(labels(rollout), Double(value(rollout))) }
        }
    }

    private func labels(_ rollout: Rollout) -> [String] { [rollout.metadata.namespace, rollout.metadata.name] }
}

extension Rollout {
    fileprivate var strategyLabel: String { spec.canary != nil ? "canary" : spec.hasBlueGreen ? "blueGreen" : "none" }

    /// Differs: upstream leaves it empty for plugins; routes of the Gateway API are our own.
    fileprivate var routerLabel: String { spec.canary?.trafficRouting.map { $0.httpRoutes.isEmpty ? "" : "GatewayAPI" } ?? "" }

    /// By the reason of the condition *Progressing*; an invalid spec counts before everything else.
    fileprivate var phaseLabel: String {
        if status.conditions.contains(where: { $0.type == RolloutCondition.Kind.invalidSpec.rawValue && $0.status == .yes }) { return "InvalidSpec" }
        switch status.conditions.first(where: { $0.type == RolloutCondition.Kind.progressing.rawValue })?.reason {
        case "NewReplicaSetAvailable": return "Completed"
        case "RolloutPaused": return "Paused"
        case "ReplicaSetCreateError": return "Error"
        case "ProgressDeadlineExceeded": return "Timeout"
        case "RolloutAborted": return "Abort"
        default: return "Progressing"
        }
    }
}
