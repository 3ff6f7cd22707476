import KubeModel
import RolloutModel
import StrictJSON

/// What part a ReplicaSet plays in a release.
enum ReplicaSetTag: String, Sendable, Equatable {
    case stable, canary, active, preview, ping, pong

    /// The label by which controllers know their ReplicaSets.
    static let hashLabel = "rollouts-pod-template-hash"

    /// In the order in which they are shown.
    static func tags(of set: ReplicaSet, in rollout: Rollout) -> [ReplicaSetTag] {
        guard let hash = set.metadata.labels[hashLabel], !hash.isEmpty else { return [] }
        let status: RolloutStatus = rollout.status
        let isStable: Bool = hash == status.stableRS
        if let canary = rollout.spec.canary {
            guard isStable || hash == status.currentPodHash else { return [] }
            let role: ReplicaSetTag = isStable ? .stable : .canary
            guard let pingPong = canary.raw["pingPong"], !pingPong.isNull else { return [role] }
            let isStablePing: Bool = status.raw.at("canary", "stablePingPong")?.stringValue == "ping"
            return [role, isStable == isStablePing ? .ping : .pong]
        }
        guard rollout.spec.hasBlueGreen else { return [] }
        var tags: [ReplicaSetTag] = isStable ? [.stable] : []
        if status.raw.at("blueGreen", "activeSelector")?.stringValue == hash {
            tags.append(.active)
        } else if status.raw.at("blueGreen", "previewSelector")?.stringValue == hash {
            tags.append(.preview)
        }
        return tags
    }
}
