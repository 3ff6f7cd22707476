import KubeModel
import StrictJSON

/// What the real server fills into built-in kinds, as far as Sluice and its users see it.
enum BuiltInDefaults {
    static func apply(to object: inout JSONValue, _ storage: StorageID) {
        switch (storage.group, storage.plural) {
        case ("", "namespaces"): namespace(&object)
        case ("", "pods"):
            object.update(["spec"]) { spec in
                PodDefaults.apply(to: &spec)
                spec.fill("enableServiceLinks", true)
            }
            object.update(["status"]) { status in
                if status["podIPs"] == nil, let address = status["podIP"], address != "" { status["podIPs"] = [["ip": address]] }
            }
        case ("", "services"): object.update(["spec"], service)
        case ("", "secrets"): secret(&object)
        case ("apps", "replicasets"):
            object.update(["spec"]) { $0.fill("replicas", 1) }
            object.update(["spec", "template", "spec"], PodDefaults.apply)
        case ("apps", "deployments"):
            object.update(["spec"], deployment)
            object.update(["spec", "template", "spec"], PodDefaults.apply)
        case ("batch", "jobs"):
            object.update(["spec"], job)
            object.update(["spec", "template", "spec"], PodDefaults.apply)
        case ("discovery.k8s.io", "endpointslices"): slice(&object)
        default: break
        }
    }

    private static func namespace(_ object: inout JSONValue) {
        if !object.name.isEmpty { object.set(.string(object.name), at: ["metadata", "labels", "kubernetes.io/metadata.name"]) }
        if object.at("spec", "finalizers") == nil { object.set(["kubernetes"], at: ["spec", "finalizers"]) }
    }

    private static func service(_ spec: inout JSONObject) {
        spec.fill("type", "ClusterIP")
        spec.fill("sessionAffinity", "None")
        if spec["type"] != "ExternalName" {
            spec.fill("internalTrafficPolicy", "Cluster")
            spec.fill("ipFamilyPolicy", "SingleStack")
            spec.fill("ipFamilies", ["IPv4"])
        }
        guard let ports = spec["ports"]?.arrayValue else { return }
        spec["ports"] = .array(ports.map { port in
            guard var port = port.objectValue else { return port }
            port.fill("protocol", "TCP")
            if port["targetPort"] == nil { port["targetPort"] = port["port"] }
            return .object(port)
        })
    }

    private static func secret(_ object: inout JSONValue) {
        if object["type"] == nil { object["type"] = "Opaque" }
        guard let texts = object["stringData"]?.objectValue else { return }
        for (key, value) in texts { object.set(.string(Base64.standardText(Array((value.stringValue ?? "").utf8))), at: ["data", key]) }
        object["stringData"] = nil
    }

    private static func deployment(_ spec: inout JSONObject) {
        spec.fill("replicas", 1)
        spec.fill("revisionHistoryLimit", 10)
        spec.fill("progressDeadlineSeconds", 600)
        var strategy = spec["strategy"]?.objectValue ?? [:]
        strategy.fill("type", "RollingUpdate")
        if strategy["type"] == "RollingUpdate" {
            var rolling = strategy["rollingUpdate"]?.objectValue ?? [:]
            rolling.fill("maxUnavailable", "25%")
            rolling.fill("maxSurge", "25%")
            strategy["rollingUpdate"] = .object(rolling)
        }
        spec["strategy"] = .object(strategy)
    }

    private static func job(_ spec: inout JSONObject) {
        if spec["completions"] == nil, spec["parallelism"] == nil { spec["completions"] = 1 }
        spec.fill("parallelism", 1)
        spec.fill("backoffLimit", 6)
        spec.fill("completionMode", "NonIndexed")
        spec.fill("suspend", false)
        spec.fill("podReplacementPolicy", "TerminatingOrFailed")
    }

    private static func slice(_ object: inout JSONValue) {
        guard let ports = object["ports"]?.arrayValue else { return }
        object["ports"] = .array(ports.map { port in
            guard var port = port.objectValue else { return port }
            port.fill("name", "")
            port.fill("protocol", "TCP")
            return .object(port)
        })
    }
}

extension JSONObject {
    /// Sets a member that is absent or null.
    fileprivate mutating func fill(_ key: String, _ value: JSONValue) {
        if self[key]?.isNull ?? true { self[key] = value }
    }
}

extension JSONValue {
    /// Changes the object at `path`, where there is one.
    fileprivate mutating func update(_ path: [String], _ change: (inout JSONObject) -> Void) {
        guard var object = at(path: path)?.objectValue else { return }
        change(&object)
        set(.object(object), at: path)
    }
}
