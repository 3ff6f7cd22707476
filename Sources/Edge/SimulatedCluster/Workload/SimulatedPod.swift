public import Clockwork
public import KubeModel
public import StrictJSON

/// A pod of the simulated cluster, as its caches know it.
public struct SimulatedPod: ReadModel {
    public static let resource = GroupVersionResource.pods

    /// One container: its name and image, nothing else matters here.
    public struct Container: Sendable, Hashable {
        public var name: String
        public var image: String
    }

    public var metadata: ObjectMeta
    public var containers: [Container]
    public var phase: Pod.Phase
    public var conditions: [Condition]
    /// Empty until the pod runs.
    public var address: String
    /// Restarts of the first container.
    public var restarts: Int
    /// `Always`, `OnFailure` or `Never`.
    public var restartPolicy: String
    /// With what the first container has ended for good; nil while the pod goes on.
    public var exitCode: Int?
    /// When that was.
    public var finishedAt: Timestamp?
    /// When the kubelet took the pod up.
    public var startTime: Timestamp?

    public init(json: JSONValue) throws(DecodeError) {
        metadata = try ObjectMeta(object: json)
        let root = FieldReader(json)
        containers = []
        for container in try root.member("spec").elements("containers") {
            containers.append(Container(name: try container.requiredString("name"), image: try container.requiredString("image")))
        }
        restartPolicy = try root.member("spec").string("restartPolicy") ?? "Always"
        let status = try root.member("status")
        phase = Pod.Phase(try status.string("phase"))
        conditions = try Condition.list(status.member("conditions"))
        address = try status.string("podIP") ?? ""
        let first = try status.elements("containerStatuses").first
        restarts = try first?.int("restartCount") ?? 0
        let end = try first?.member("state").member("terminated")
        exitCode = try end?.int("exitCode")
        finishedAt = try end?.timestamp("finishedAt")
        startTime = try status.timestamp("startTime")
    }

    public var isReady: Bool { conditions.condition("Ready")?.isTrue ?? false }

    /// Neither finished nor on its way out.
    public var isActive: Bool { !metadata.isBeingDeleted && phase != .succeeded && phase != .failed }

    public var readySince: Timestamp? { isReady ? conditions.condition("Ready")?.lastTransitionTime : nil }

    /// The hash of the revision that the pod belongs to: Argo's label, else that of Deployments; empty without either.
    public var revision: String { metadata.labels["rollouts-pod-template-hash"] ?? metadata.labels["pod-template-hash"] ?? "" }

    /// The image of the first container.
    public var image: String { containers.first?.image ?? "" }
}
