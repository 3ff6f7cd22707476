import StrictJSON

private typealias Fixture = ContractDefinitions

/// A kind as the matrix sees it: what is asked of each kind in the same way.
struct ContractSubject: Sendable {
    var kind: String
    var group = ""
    var version = "v1"
    var plural: String
    var isNamespaced = true
    var isCustom = false
    /// Whether a PUT must name the version that it replaces.
    var needsVersion = false
    /// Whether a PUT of what does not exist creates it.
    var createsOnPut = false
    /// Whether a DELETE answers the object.
    var answersDeleted = false
    /// Whether the generation counts its changes; nil where versions of Kubernetes differ.
    var countsGeneration: Bool? = false
    /// What besides metadata an object must have.
    var content: JSONValue = [:]
    /// A merge patch that changes it, and the path at which it shows.
    var change: JSONValue
    var changedPath: String
    /// A merge patch of the status; nil where that is no subresource.
    var statusChange: JSONValue?

    /// The collection in the case's namespace.
    func path(_ session: ContractSession) -> String {
        let root = group.isEmpty ? "/api/\(version)" : "/apis/\(group)/\(version)"
        return isNamespaced ? "\(root)/namespaces/\(session.namespace)/\(plural)" : "\(root)/\(plural)"
    }

    /// A name that is free: objects outside of namespaces are told apart by that of the case.
    func name(_ short: String, _ session: ContractSession) -> String { isNamespaced ? short : "\(short)-\(session.namespace)" }

    func object(_ short: String, _ session: ContractSession, labels: [String: String] = [:]) -> JSONValue {
        var object: JSONValue = [
            "apiVersion": .string(group.isEmpty ? version : "\(group)/\(version)"), "kind": .string(kind),
            "metadata": ["name": .string(name(short, session))],
        ]
        if !labels.isEmpty { object.set(JSONValue(labels), at: ["metadata", "labels"]) }
        for (key, value) in content.objectValue ?? [:] { object[key] = value }
        if kind == "Event" { object.set(.string(session.namespace), at: ["involvedObject", "namespace"]) }
        return object
    }

    private static let template: JSONValue = ["metadata": ["labels": ["app": "web"]], "spec": ["containers": [["name": "web", "image": "web:1"]]]]
    private static let workload: JSONValue = ["spec": ["selector": ["matchLabels": ["app": "web"]], "template": template]]

    static let all: [ContractSubject] = [
        ContractSubject(
            kind: "Widget", group: "contract.example.com", plural: "widgets", isCustom: true, needsVersion: true, countsGeneration: true,
            content: ["spec": ["size": 1]], change: ["spec": ["size": 2]], changedPath: "spec.size", statusChange: ["status": ["phase": "Done"]]),
        ContractSubject(
            kind: "Gadget", group: "contract.example.com", plural: "gadgets", isCustom: true, needsVersion: true, countsGeneration: true,
            content: ["spec": ["any": ["thing": 1]]], change: ["spec": ["any": ["thing": 2]]], changedPath: "spec.any.thing"),
        ContractSubject(kind: "ConfigMap", plural: "configmaps", content: ["data": ["a": "1"]], change: ["data": ["a": "2"]], changedPath: "data.a"),
        ContractSubject(
            kind: "Secret", plural: "secrets", content: ["data": ["a": "MQ=="]], change: ["data": ["a": "Mg=="]], changedPath: "data.a"),
        ContractSubject(
            kind: "ServiceAccount", plural: "serviceaccounts", answersDeleted: true, change: ["imagePullSecrets": [["name": "x"]]],
            changedPath: "imagePullSecrets.0.name"),
        ContractSubject(
            kind: "Event", plural: "events", createsOnPut: true,
            content: ["involvedObject": ["kind": "Widget", "name": "w"], "reason": "Tested", "type": "Normal"], change: ["message": "x"],
            changedPath: "message"),
        ContractSubject(
            kind: "Lease", group: "coordination.k8s.io", plural: "leases", needsVersion: true, createsOnPut: true,
            content: ["spec": ["holderIdentity": "one"]], change: ["spec": ["holderIdentity": "two"]], changedPath: "spec.holderIdentity"),
        ContractSubject(
            kind: "ReplicaSet", group: "apps", plural: "replicasets", countsGeneration: true, content: workload,
            change: ["spec": ["replicas": 2]], changedPath: "spec.replicas", statusChange: ["status": ["replicas": 3]]),
        ContractSubject(
            kind: "Deployment", group: "apps", plural: "deployments", countsGeneration: true, content: workload,
            change: ["spec": ["replicas": 2]], changedPath: "spec.replicas", statusChange: ["status": ["replicas": 3]]),
        ContractSubject(
            kind: "Job", group: "batch", plural: "jobs", countsGeneration: .none,
            content: ["spec": ["template": template.with("spec.restartPolicy", "Never")]], change: ["spec": ["parallelism": 2]],
            changedPath: "spec.parallelism", statusChange: ["status": ["active": 3]]),
        ContractSubject(
            kind: "Namespace", plural: "namespaces", isNamespaced: false, change: ["metadata": ["annotations": ["a": "b"]]],
            changedPath: "metadata.annotations.a"),
    ]
}
