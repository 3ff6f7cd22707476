import KubeModel
import StrictJSON

/// A Gateway, as far as the simulated one reads it.
struct SimulatedGateway: ReadModel {
    static let resource = GroupVersionResource.gateways

    var metadata: ObjectMeta
    var className: String

    init(json: JSONValue) throws(DecodeError) {
        metadata = try ObjectMeta(object: json)
        className = try FieldReader(json).member("spec").string("gatewayClassName") ?? ""
    }
}

/// A GatewayClass: who looks after its Gateways.
struct SimulatedGatewayClass: ReadModel {
    static let resource = GroupVersionResource(group: "gateway.networking.k8s.io", version: "v1", resource: "gatewayclasses")

    var metadata: ObjectMeta
    var controllerName: String

    init(json: JSONValue) throws(DecodeError) {
        metadata = try ObjectMeta(object: json)
        controllerName = try FieldReader(json).member("spec").string("controllerName") ?? ""
    }
}
