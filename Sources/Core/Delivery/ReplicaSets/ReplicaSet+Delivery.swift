import Clockwork
import KubeModel

/// Labels and annotations that carry meaning between Rollouts, ReplicaSets, Services and runs. They are API.
public enum Keys {
    public static let podHash: String = "rollouts-pod-template-hash"
    public static let revision: String = "rollout.argoproj.io/revision"
    public static let revisionHistory: String = "rollout.argoproj.io/revision-history"
    public static let desiredReplicas: String = "rollout.argoproj.io/desired-replicas"
    public static let scaleDownDeadline: String = "scale-down-deadline"
    public static let managedBy: String = "argo-rollouts.argoproj.io/managed-by-rollouts"
    public static let instanceID: String = "argo-rollouts.argoproj.io/controller-instance-id"
    public static let lastApplied: String = "kubectl.kubernetes.io/last-applied-configuration"
    public static let notified: String = "notified.notifications.argoproj.io"
    public static let runType: String = "rollout-type"
    public static let stepIndex: String = "step-index"
    /// Names the Experiment that a ReplicaSet or Service belongs to.
    public static let experimentName: String = "experiment.argoproj.io/name"
    /// Ours: the one label of a derived selector.
    public static let derivedSelector: String = "sluice/rollout"
    /// Ours: what the pod template meant that the ReplicaSet was made for, as `WantedTemplate.digest`.
    public static let templateDigest: String = "sluice/template-digest"
}

extension ReplicaSet {
    /// Pods asked for.
    var want: Int { replicas ?? 1 }
    /// Whether its controller has counted since its size was last changed; before, the counts are those of another size, whose pods
    /// may be on their way out.
    var isCounted: Bool { status.observedGeneration >= metadata.generation }
    /// The revision's identity; empty when the label is missing.
    public var podHash: String { metadata.labels[Keys.podHash] ?? "" }
    /// Nil when there is none or it is no number.
    public var revision: Int? { metadata.annotations[Keys.revision].flatMap { Int($0) } }
    var hasDeadline: Bool { !(metadata.annotations[Keys.scaleDownDeadline] ?? "").isEmpty }
    /// Nil when absent or unreadable; an unreadable deadline counts as passed wherever it matters.
    var deadline: Timestamp? { metadata.annotations[Keys.scaleDownDeadline].flatMap { try? Timestamp(rfc3339: $0) } }
    /// The size of the Rollout for which this ReplicaSet was last sized.
    var sizedFor: Int? { metadata.annotations[Keys.desiredReplicas].flatMap { Int($0) } }
    /// Older first; name decides between equals.
    func isOlder(than other: ReplicaSet) -> Bool {
        let zero = Timestamp(secondsSince1970: 0)
        return (metadata.creationTimestamp ?? zero, metadata.name) < (other.metadata.creationTimestamp ?? zero, other.metadata.name)
    }
}
