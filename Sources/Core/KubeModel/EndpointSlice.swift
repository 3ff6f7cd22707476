import StrictJSON

/// Which pods a Service leads to, as far as we read it.
public struct EndpointSlice: ReadModel {
    public static let resource = GroupVersionResource.endpointSlices

    public var metadata: ObjectMeta
    /// Names of the pods that are ready; endpoints that are no pods are left out.
    public var readyPods: Set<String>

    public init(metadata: ObjectMeta, readyPods: Set<String>) {
        self.metadata = metadata
        self.readyPods = readyPods
    }

    public init(json: JSONValue) throws(DecodeError) {
        metadata = try ObjectMeta(object: json)
        readyPods = []
        for endpoint in try FieldReader(json).elements("endpoints") {
            // Absent means ready, as the API says.
            guard try endpoint.member("conditions").bool("ready") ?? true else { continue }
            let target = try endpoint.member("targetRef")
            if try target.string("kind") == "Pod", let name = try target.string("name") { readyPods.insert(name) }
        }
    }

    /// The Service it belongs to; empty when the label is missing.
    public var serviceName: String { metadata.labels["kubernetes.io/service-name"] ?? "" }
}
