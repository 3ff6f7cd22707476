import KubeModel
import StrictJSON

/// A ReplicaSet with its whole template, of which pods are made.
@dynamicMemberLookup
struct SimulatedReplicaSet: ReadModel {
    static let resource = GroupVersionResource.replicaSets

    var base: ReplicaSet
    var template: PodTemplate

    var metadata: ObjectMeta {
        get { base.metadata }
        set { base.metadata = newValue }
    }

    init(metadata: ObjectMeta, replicas: Int?, minReadySeconds: Int = 0, selector: LabelSelector, template: PodTemplate) {
        base = ReplicaSet(metadata: metadata, replicas: replicas, minReadySeconds: minReadySeconds, selector: selector, template: template)
        self.template = template
    }

    init(json: JSONValue) throws(DecodeError) {
        base = try ReplicaSet(json: json)
        template = PodTemplate(raw: json.at("spec", "template") ?? .object(JSONObject()))
    }

    subscript<Value>(dynamicMember member: WritableKeyPath<ReplicaSet, Value>) -> Value {
        get { base[keyPath: member] }
        set { base[keyPath: member] = newValue }
    }
}
