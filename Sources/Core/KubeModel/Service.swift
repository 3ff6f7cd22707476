import StrictJSON

/// A Service as it was read: labels and annotations are in its metadata.
public struct Service: ReadModel {
    public static let resource = GroupVersionResource.services

    public var metadata: ObjectMeta
    /// Labels that pods must have; empty when someone else manages the endpoints.
    public var selector: [String: String]
    public var ports: [Port]

    /// One port of a Service.
    public struct Port: Sendable, Hashable {
        /// Empty where there is only one.
        public var name: String
        public var port: Int
        /// `TCP`, `UDP` or `SCTP`.
        public var transportProtocol: String

        /// A port with the given members.
        public init(name: String = "", port: Int, transportProtocol: String = "TCP") {
            self.name = name
            self.port = port
            self.transportProtocol = transportProtocol
        }
    }

    /// A Service with the given members.
    public init(metadata: ObjectMeta, selector: [String: String] = [:], ports: [Port] = []) {
        self.metadata = metadata
        self.selector = selector
        self.ports = ports
    }

    public init(json: JSONValue) throws(DecodeError) {
        let spec = try FieldReader(json).member("spec")
        self.init(metadata: try ObjectMeta(object: json), selector: try spec.stringMap("selector"))
        for port in try spec.elements("ports") {
            ports.append(Port(
                name: try port.string("name") ?? "", port: try port.int("port") ?? 0,
                transportProtocol: try port.string("protocol") ?? "TCP"))
        }
    }
}
