import Clockwork
import KubeModel
import RolloutModel
import StrictJSON

/// What people see of a Rollout: its numbers, and what belongs to it by revision. It holds no ages, so it only changes
/// when an object does.
struct RolloutOverview: Sendable, Equatable {
    var name: String
    var namespace: String
    var creation: Timestamp?
    var state: RolloutState
    /// `Canary`, `BlueGreen` or empty.
    var strategy: String
    /// Nil unless the strategy is a canary.
    var canary: CanaryProgress?
    var desired: Int
    var current: Int
    var updated: Int
    var ready: Int
    var available: Int
    var replicaSets: [ReplicaSetOverview]
    var experiments: [ExperimentOverview]
    var analysisRuns: [AnalysisRunOverview]

    init(_ objects: RolloutObjects) {
        let rollout: Rollout = objects.rollout
        let uid: String = rollout.metadata.uid
        let owned: [ReplicaSet] = objects.replicaSets.filter { $0.metadata.isOwned(byUID: uid) }
        name = rollout.metadata.name
        namespace = rollout.metadata.namespace
        creation = rollout.metadata.creationTimestamp
        state = RolloutState(of: rollout)
        canary = rollout.spec.canary.map { CanaryProgress(of: rollout, canary: $0, replicaSets: owned) }
        strategy = Self.strategy(of: rollout)
        desired = rollout.spec.desiredReplicas
        current = rollout.status.replicas
        updated = rollout.status.updatedReplicas
        ready = rollout.status.readyReplicas
        available = rollout.status.availableReplicas
        replicaSets = ReplicaSetOverview.owned(byUID: uid, in: objects, rollout: rollout)
        experiments = ExperimentOverview.owned(byUID: uid, in: objects)
        analysisRuns = AnalysisRunOverview.owned(byUID: uid, in: objects)
    }

    static func strategy(of rollout: Rollout) -> String {
        if rollout.spec.canary != nil { return "Canary" }
        return rollout.spec.hasBlueGreen ? "BlueGreen" : ""
    }

    /// Newest first.
    var revisions: [Int] {
        Set(replicaSets.map(\.revision) + experiments.map(\.revision) + analysisRuns.map(\.revision)).sorted(by: >)
    }
}

/// A ReplicaSet and its pods.
struct ReplicaSetOverview: Sendable, Equatable {
    var name: String
    var creation: Timestamp?
    var revision: Int
    var status: String
    var tags: [ReplicaSetTag]
    /// When it is to be scaled down, where that was put off.
    var scaleDownDeadline: Timestamp?
    /// The template's name, where an experiment made it.
    var experimentTemplate: String
    var replicas: Int
    var images: [String]
    var pods: [PodState]

    /// - Parameter rollout: nil for the ReplicaSets of an experiment, which have no tags.
    static func owned(byUID uid: String, in objects: RolloutObjects, rollout: Rollout?) -> [ReplicaSetOverview] {
        objects.replicaSets.filter { $0.metadata.isOwned(byUID: uid) }
            .map { set in
                ReplicaSetOverview(
                    name: set.metadata.name, creation: set.metadata.creationTimestamp, revision: set.metadata.revision,
                    status: health(of: set), tags: rollout.map { ReplicaSetTag.tags(of: set, in: $0) } ?? [],
                    // An annotation that is no time was not written by a controller; it says nothing.
                    scaleDownDeadline: set.metadata.annotations["scale-down-deadline"].flatMap { try? Timestamp(rfc3339: $0) },
                    experimentTemplate: set.metadata.annotations["experiment.argoproj.io/template-name"] ?? "",
                    replicas: set.status.replicas,
                    images: set.template.images,
                    pods: pods(of: set, in: objects))
            }
            .sorted { $0.revision != $1.revision ? $0.revision > $1.revision : $0.name < $1.name }
    }

    private static func pods(of set: ReplicaSet, in objects: RolloutObjects) -> [PodState] {
        objects.pods.filter { $0.metadata.isOwned(byUID: set.metadata.uid) }
            .map { PodState(pod: $0.json, metadata: $0.metadata) }
            .sorted { ($0.creation ?? .epoch, $0.name) < ($1.creation ?? .epoch, $1.name) }
    }

    private static func health(of set: ReplicaSet) -> String {
        if set.metadata.generation > set.status.observedGeneration { return "Progressing" }
        if set.status.conditions.condition("ReplicaFailure")?.isTrue ?? false { return "ReplicaFailure" }
        if let wanted = set.replicas, set.status.availableReplicas < wanted { return "Progressing" }
        return set.replicas == 0 ? "ScaledDown" : "Healthy"
    }

    var icon: Icon {
        switch status {
        case "Progressing": .progressing
        case "Healthy": .good
        case "ReplicaFailure": .bad
        case "ScaledDown": .scaledDown
        default: .none
        }
    }
}
