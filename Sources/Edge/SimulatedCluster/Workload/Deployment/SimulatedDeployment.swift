import KubeModel
import StrictJSON

/// A Deployment with all that its controller acts by.
struct SimulatedDeployment: ReadModel {
    static let resource = GroupVersionResource.deployments

    /// How pods of an old template make room for those of a new one.
    enum Strategy: Sendable, Hashable {
        case recreate
        case rollingUpdate(maxSurge: IntOrPercent, maxUnavailable: IntOrPercent)
    }

    /// What the controller has counted and concluded.
    struct Status: Sendable, Hashable {
        var observedGeneration: Int64 = 0
        var replicas = 0
        var updatedReplicas = 0
        var readyReplicas = 0
        var availableReplicas = 0
        var unavailableReplicas = 0
        /// How often the name of a new ReplicaSet was taken by another one; nil: never.
        var collisionCount: Int?
        var conditions: [Condition] = []
    }

    var metadata: ObjectMeta
    var replicas: Int
    var minReadySeconds: Int
    var isPaused: Bool
    var strategy: Strategy
    /// How many ReplicaSets of old templates are kept; nil: all.
    var revisionHistoryLimit: Int?
    /// Seconds without progress after which a rollout counts as stuck; nil: never.
    var progressDeadlineSeconds: Int?
    var selector: LabelSelector
    var template: PodTemplate
    var status: Status

    init(json: JSONValue) throws(DecodeError) {
        metadata = try ObjectMeta(object: json)
        let spec = try FieldReader(json).member("spec")
        replicas = try spec.int("replicas") ?? 1
        minReadySeconds = try spec.int("minReadySeconds") ?? 0
        isPaused = try spec.bool("paused") ?? false
        let strategy = try spec.member("strategy")
        if try strategy.string("type") == "Recreate" {
            self.strategy = .recreate
        } else {
            let rolling = try strategy.member("rollingUpdate")
            self.strategy = .rollingUpdate(
                maxSurge: try IntOrPercent(rolling.member("maxSurge")) ?? .percent("25%"),
                maxUnavailable: try IntOrPercent(rolling.member("maxUnavailable")) ?? .percent("25%"))
        }
        revisionHistoryLimit = try spec.int("revisionHistoryLimit").flatMap { $0 == Self.unlimited ? nil : $0 }
        progressDeadlineSeconds = try spec.int("progressDeadlineSeconds").flatMap { $0 == Self.unlimited ? nil : $0 }
        selector = try LabelSelector(spec.member("selector"))
        template = PodTemplate(raw: try spec.member("template").object().map(JSONValue.object) ?? [:])
        let status = try FieldReader(json).member("status")
        self.status = Status(
            observedGeneration: Int64(try status.int("observedGeneration") ?? 0), replicas: try status.int("replicas") ?? 0,
            updatedReplicas: try status.int("updatedReplicas") ?? 0, readyReplicas: try status.int("readyReplicas") ?? 0,
            availableReplicas: try status.int("availableReplicas") ?? 0, unavailableReplicas: try status.int("unavailableReplicas") ?? 0,
            collisionCount: try status.int("collisionCount"), conditions: try Condition.list(status.member("conditions")))
    }

    /// The largest number of the API's 32 bits, by which Kubernetes says "without limit".
    private static let unlimited = 2_147_483_647

    /// How many pods beyond `replicas` there may be.
    var maxSurge: Int { limits.surge }

    /// How many of `replicas` need not be available.
    var maxUnavailable: Int { replicas == 0 ? 0 : min(replicas, limits.unavailable) }

    private var limits: (surge: Int, unavailable: Int) {
        guard case .rollingUpdate(let maxSurge, let maxUnavailable) = strategy else { return (0, 0) }
        let surge = maxSurge.resolved(of: replicas, roundUp: true)
        let unavailable = maxUnavailable.resolved(of: replicas, roundUp: false)
        // With neither, nothing could ever move.
        return surge == 0 && unavailable == 0 ? (0, 1) : (surge, unavailable)
    }
}

extension SimulatedDeployment.Status {
    /// As a merge patch of `status`: what is nothing is left out, as Go's types do.
    var json: JSONValue {
        func count(_ number: Int) -> JSONValue { number == 0 ? .null : JSONValue(number) }
        return [
            "observedGeneration": JSONValue(observedGeneration), "replicas": count(replicas), "updatedReplicas": count(updatedReplicas),
            "readyReplicas": count(readyReplicas), "availableReplicas": count(availableReplicas),
            "unavailableReplicas": count(unavailableReplicas), "collisionCount": collisionCount.map { JSONValue($0) } ?? .null,
            "conditions": conditions.isEmpty ? .null : .array(conditions.map(\.json)),
        ]
    }
}

/// Annotations by which the controller remembers.
enum DeploymentAnnotation {
    static let revision: String = "deployment.kubernetes.io/revision"
    /// Revisions that a ReplicaSet had before its template came back.
    static let revisionHistory: String = "deployment.kubernetes.io/revision-history"
    static let desiredReplicas: String = "deployment.kubernetes.io/desired-replicas"
    static let maxReplicas: String = "deployment.kubernetes.io/max-replicas"

    /// Those of a Deployment that its ReplicaSets do not get.
    static let notCopied: Set<String> = [
        "kubectl.kubernetes.io/last-applied-configuration", revision, revisionHistory, desiredReplicas, maxReplicas,
        "deprecated.deployment.rollback.to",
    ]
}

/// By which pods and ReplicaSets of one template are told from those of another.
let podTemplateHash: String = "pod-template-hash"
