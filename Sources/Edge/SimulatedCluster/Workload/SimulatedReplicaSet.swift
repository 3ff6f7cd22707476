import KubeModel
import StrictJSON

/// A ReplicaSet with its whole template, of which pods are made.
@dynamicMemberLookup
struct SimulatedReplicaSet: ReadModel {
    static let resource = GroupVersionResource.replicaSets

    var base: ReplicaSet
    var template: PodTemplate

    var metadata: ObjectMeta { base.metadata }

    init(json: JSONValue) throws(DecodeError) {
        base = try ReplicaSet(json: json)
        template = PodTemplate(raw: json.at("spec", "template") ?? .object(JSONObject()))
    }

    subscript<Value>(dynamicMember member: KeyPath<ReplicaSet, Value>) -> Value { base[keyPath: member] }
}
