import StrictJSON

/// Cells of built-in kinds that are not just the value of a field, as `kubectl get` shows them.
enum BuiltInColumns {
    static func podReady(_ pod: JSONValue) -> JSONValue {
        let statuses = pod.at("status", "containerStatuses")?.arrayValue ?? []
        let ready = statuses.filter { $0["ready"]?.boolValue == true }.count
        return .string("\(ready)/\(pod.at("spec", "containers")?.arrayValue?.count ?? 0)")
    }

    static func podStatus(_ pod: JSONValue) -> JSONValue {
        if pod.isDeleting { return "Terminating" }
        for status in pod.at("status", "containerStatuses")?.arrayValue ?? [] {
            for state in ["waiting", "terminated"] {
                if let reason = status.at("state", state, "reason"), reason.stringValue != "" { return reason }
            }
        }
        return pod.at("status", "reason") ?? pod.at("status", "phase") ?? "Unknown"
    }

    static func podRestarts(_ pod: JSONValue) -> JSONValue {
        let statuses = pod.at("status", "containerStatuses")?.arrayValue ?? []
        return .string(String(statuses.reduce(0) { $0 + ($1["restartCount"]?.intValue ?? 0) }))
    }

    static func servicePorts(_ service: JSONValue) -> JSONValue {
        let ports = (service.at("spec", "ports")?.arrayValue ?? []).map { port in
            let nodePort = port["nodePort"]?.intValue.map { ":\($0)" } ?? ""
            return "\(port["port"]?.intValue ?? 0)\(nodePort)/\(port["protocol"]?.stringValue ?? "TCP")"
        }
        return .string(ports.isEmpty ? "<none>" : ports.joined(separator: ","))
    }

    static func selector(_ labels: JSONValue?) -> JSONValue {
        let pairs = (labels?.stringMap ?? [:]).map { "\($0.key)=\($0.value)" }.sorted()
        return .string(pairs.isEmpty ? "<none>" : pairs.joined(separator: ","))
    }

    static func eventObject(_ event: JSONValue) -> JSONValue {
        let object = event["involvedObject"]
        return .string("\((object?["kind"]?.stringValue ?? "").lowercased())/\(object?["name"]?.stringValue ?? "")")
    }

    static func containers(_ workload: JSONValue, _ member: String) -> JSONValue {
        let containers = workload.at("spec", "template", "spec", "containers")?.arrayValue ?? []
        return .string(containers.compactMap { $0[member]?.stringValue }.joined(separator: ","))
    }

    static func deploymentReady(_ deployment: JSONValue) -> JSONValue {
        .string("\(deployment.at("status", "readyReplicas")?.intValue ?? 0)/\(deployment.at("spec", "replicas")?.intValue ?? 0)")
    }

    static func jobCompletions(_ job: JSONValue) -> JSONValue {
        .string("\(job.at("status", "succeeded")?.intValue ?? 0)/\(job.at("spec", "completions")?.intValue ?? 1)")
    }

    static func endpoints(_ slice: JSONValue) -> JSONValue {
        let addresses = (slice["endpoints"]?.arrayValue ?? []).flatMap { ($0["addresses"]?.arrayValue ?? []).compactMap(\.stringValue) }
        return .string(addresses.isEmpty ? "<unset>" : addresses.prefix(3).joined(separator: ",") + (addresses.count > 3 ? " + more..." : ""))
    }
}
