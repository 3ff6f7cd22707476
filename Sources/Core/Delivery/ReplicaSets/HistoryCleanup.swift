import KubeModel
import RolloutModel

/// Which old ReplicaSets go, and the runs of their revisions with them.
func historyCleanup(_ seen: RolloutObservation, _ roles: ReplicaSetRoles) -> [PlannedAction] {
    let limit: Int = seen.rollout.spec.revisionHistoryLimit ?? 10
    let candidates: [ReplicaSet] = roles.others.filter { !$0.metadata.isBeingDeleted }
    guard candidates.count > limit else { return [] }
    let current: Set<String> = [seen.rollout.status.stepAnalysisRun?.name ?? "", seen.rollout.status.backgroundAnalysisRun?.name ?? "",
        seen.rollout.status.blueGreen.prePromotionRun?.name ?? "", seen.rollout.status.blueGreen.postPromotionRun?.name ?? ""]
    var actions: [PlannedAction] = []
    for replicaSet in candidates.prefix(candidates.count - limit) {
        let isIdle: Bool = replicaSet.status.replicas == 0 && replicaSet.want == 0
            && replicaSet.metadata.generation <= replicaSet.status.observedGeneration
        guard isIdle || !seen.guards.have(.idleHistory) else { continue }
        actions.append(PlannedAction(.deleteReplicaSet(name: replicaSet.metadata.name)))
        let runs: [String] = seen.analysisRuns
            .filter { $0.metadata.labels[Keys.podHash] == replicaSet.podHash && !current.contains($0.metadata.name) && !$0.metadata.isBeingDeleted }
            .map(\.metadata.name).sorted()
        actions += runs.map { PlannedAction(.deleteAnalysisRun(name: $0)) }
    }
    return actions
}
