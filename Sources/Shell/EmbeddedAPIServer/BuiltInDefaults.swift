import KubeModel
import StrictJSON

/// What the real server fills into built-in kinds, as far as Sluice and its users see it.
enum BuiltInDefaults {
    static func apply(to object: inout JSONValue, _ storage: StorageID) {
        switch (storage.group, storage.plural) {
        case ("", "namespaces"): namespace(&object)
        case ("", "pods"):
            object.update(["spec"]) { spec in
                podSpec(&spec)
                spec.fill("enableServiceLinks", true)
            }
            object.update(["status"]) { status in
                if status["podIPs"] == nil, let address = status["podIP"], address != "" { status["podIPs"] = [["ip": address]] }
            }
            conditionTimes(["lastProbeTime", "lastTransitionTime"], of: &object)
        case ("", "services"): object.update(["spec"], service)
        case ("", "secrets"):
            secret(&object)
            dropEmpty(["data"], of: &object)
        case ("", "configmaps"): dropEmpty(["data", "binaryData"], of: &object)
        case ("", "events"): event(&object)
        case ("apps", "replicasets"):
            object.update(["spec"]) { $0.fill("replicas", 1) }
            conditionTimes(["lastTransitionTime"], of: &object)
            template(&object)
        case ("apps", "deployments"):
            object.update(["spec"], deployment)
            conditionTimes(["lastUpdateTime", "lastTransitionTime"], of: &object)
            template(&object)
        case ("batch", "jobs"):
            object.update(["spec"], job)
            template(&object)
        default: break
        }
    }

    /// What the types of the real server write though nobody set it.
    private static func template(_ object: inout JSONValue) {
        object.update(["spec", "template", "spec"], podSpec)
        object.update(["spec", "template"]) { template in
            var metadata = template["metadata"]?.objectValue ?? [:]
            metadata["creationTimestamp"] = .null
            template["metadata"] = .object(metadata)
        }
    }

    /// Times of conditions are written even where nobody set them.
    private static func conditionTimes(_ members: [String], of object: inout JSONValue) {
        guard let conditions = object.at("status", "conditions")?.arrayValue else { return }
        object.set(
            .array(conditions.map { condition in
                guard var condition = condition.objectValue else { return condition }
                for member in members where condition[member] == nil { condition[member] = .null }
                return .object(condition)
            }), at: ["status", "conditions"])
    }

    private static func podSpec(_ spec: inout JSONObject) {
        PodDefaults.apply(to: &spec)
        for list in ["containers", "initContainers"] {
            guard let containers = spec[list]?.arrayValue else { continue }
            spec[list] = .array(containers.map { container in
                guard var container = container.objectValue else { return container }
                container.fill("resources", [:])
                return .object(container)
            })
        }
    }

    /// Members that are written whether there is something to tell or not.
    private static func event(_ event: inout JSONValue) {
        for member in ["eventTime", "firstTimestamp", "lastTimestamp"] where event[member] == nil { event[member] = .null }
        for member in ["reportingComponent", "reportingInstance"] where event[member] == nil { event[member] = "" }
        if event["source"] == nil { event["source"] = [:] }
    }

    private static func dropEmpty(_ members: [String], of object: inout JSONValue) {
        for member in members where object[member]?.isNull ?? false || object[member]?.objectValue?.isEmpty ?? false { object[member] = nil }
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
        for (key, value) in texts { object.set(.string(base64(Array((value.stringValue ?? "").utf8))), at: ["data", key]) }
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

    static func base64(_ bytes: [UInt8]) -> String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
        var text = ""
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            var word = group.reduce(0) { $0 << 8 | Int($1) }
            word <<= 8 * (3 - group.count)
            for position in 0..<4 {
                text.append(position <= group.count ? alphabet[word >> (6 * (3 - position)) & 63] : "=")
            }
        }
        return text
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
