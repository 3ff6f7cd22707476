import KubeModel
import StrictJSON

/// A Rollout as it was read.
public struct Rollout: ReadModel {
    public static var resource: GroupVersionResource { .rollouts }

    public var metadata: ObjectMeta
    public var spec: RolloutSpec
    public var status: RolloutStatus
    /// Fields whose value has the wrong type; the Rollout is invalid while there are any.
    public var problems: [FieldProblem]

    public init(json: JSONValue) throws(DecodeError) {
        metadata = try ObjectMeta(object: json)
        var problems: [FieldProblem] = []
        spec = RolloutSpec(json: json["spec"] ?? .object([:]), problems: &problems)
        status = RolloutStatus(json: json["status"] ?? .object([:]))
        self.problems = problems
    }

    /// `namespace/name`.
    public var key: ObjectKey { ObjectKey(namespace: metadata.namespace, name: metadata.name) }
}
