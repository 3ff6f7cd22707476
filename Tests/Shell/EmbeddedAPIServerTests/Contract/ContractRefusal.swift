/// What the real server does and the embedded one refuses, so that nobody takes its silence for an answer.
public struct ContractRefusal: Sendable, CustomStringConvertible {
    public var name: String
    public var method: String
    public var target: String
    public var headers: [(name: String, value: String)]
    public var body: String
    public var status: Int

    public var description: String { "\(name) (\(status))" }

    public static let all: [ContractRefusal] = [
        ContractRefusal(
            name: "server-side apply", method: "PATCH", target: "/api/v1/namespaces/default",
            headers: [("Content-Type", "application/apply-patch+yaml")], body: "{}", status: 415),
        ContractRefusal(
            name: "YAML", method: "POST", target: "/api/v1/namespaces", headers: [("Content-Type", "application/yaml")],
            body: "kind: Namespace", status: 415),
        ContractRefusal(
            name: "protobuf", method: "GET", target: "/api/v1/namespaces",
            headers: [("Accept", "application/vnd.kubernetes.protobuf")], body: "", status: 406),
        ContractRefusal(
            name: "metadata alone", method: "GET", target: "/api/v1/namespaces",
            headers: [("Accept", "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io")], body: "", status: 406),
        ContractRefusal(
            name: "lists within watches", method: "GET", target: "/api/v1/namespaces?watch=1&sendInitialEvents=true", headers: [], body: "",
            status: 422),
    ]
}
