import KubeModel
import StrictJSON

/// An EndpointSlice with all that its controller compares.
struct SimulatedSlice: ReadModel {
    static let resource = GroupVersionResource.endpointSlices

    /// One pod behind a Service.
    struct Endpoint: Sendable, Hashable {
        var address: String
        /// Namespace and name of the pod.
        var pod: ObjectKey
        var uid: String
        var isReady: Bool
        var isServing: Bool
        var isTerminating: Bool
    }

    var metadata: ObjectMeta
    var endpoints: [Endpoint]
    /// As they are written.
    var ports: JSONValue

    /// Of the Service, as `namespace/name`; nil without the label.
    var service: String? { metadata.labels[Self.serviceLabel].map { "\(metadata.namespace)/\($0)" } }

    static let serviceLabel: String = "kubernetes.io/service-name"

    init(json: JSONValue) throws(DecodeError) {
        metadata = try ObjectMeta(object: json)
        endpoints = []
        for element in try FieldReader(json).elements("endpoints") {
            let conditions = try element.member("conditions")
            let target = try element.member("targetRef")
            let isReady = try conditions.bool("ready") ?? true
            endpoints.append(Endpoint(
                address: try element.strings("addresses").first ?? "",
                pod: ObjectKey(namespace: try target.string("namespace") ?? metadata.namespace, name: try target.string("name") ?? ""),
                uid: try target.string("uid") ?? "", isReady: isReady, isServing: try conditions.bool("serving") ?? isReady,
                isTerminating: try conditions.bool("terminating") ?? false))
        }
        ports = json["ports"] ?? []
    }
}

extension SimulatedSlice.Endpoint {
    init(_ pod: SimulatedPod) {
        self.init(
            address: pod.address, pod: pod.key, uid: pod.metadata.uid, isReady: pod.isReady && !pod.metadata.isBeingDeleted,
            isServing: pod.isReady, isTerminating: pod.metadata.isBeingDeleted)
    }

    var json: JSONValue {
        [
            "addresses": [.string(address)],
            "conditions": ["ready": .bool(isReady), "serving": .bool(isServing), "terminating": .bool(isTerminating)],
            "targetRef": ["kind": "Pod", "namespace": .string(pod.namespace), "name": .string(pod.name), "uid": .string(uid)],
        ]
    }
}
