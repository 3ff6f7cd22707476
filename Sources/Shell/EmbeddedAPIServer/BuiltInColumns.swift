import Clockwork
import KubeModel
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

    static func containers(_ workload: JSONValue, _ member: String) -> JSONValue {
        let containers = workload.at("spec", "template", "spec", "containers")?.arrayValue ?? []
        return .string(containers.compactMap { $0[member]?.stringValue }.joined(separator: ","))
    }

    static func deploymentReady(_ deployment: JSONValue) -> JSONValue {
        .string("\(deployment.at("status", "readyReplicas")?.intValue ?? 0)/\(deployment.at("spec", "replicas")?.intValue ?? 0)")
    }

    static func jobCompletions(_ job: JSONValue) -> JSONValue {
        let succeeded = job.at("status", "succeeded")?.intValue ?? 0
        if let completions = job.at("spec", "completions")?.intValue { return .string("\(succeeded)/\(completions)") }
        let parallelism = job.at("spec", "parallelism")?.intValue ?? 0
        return .string(parallelism > 1 ? "\(succeeded)/1 of \(parallelism)" : "\(succeeded)/1")
    }

    /// How long a Job ran, or has been running.
    static func jobDuration(_ job: JSONValue, _ now: Timestamp) -> JSONValue {
        func time(_ member: String) -> Timestamp? {
            // What is no time was refused when it was written.
            job.at("status", member)?.stringValue.flatMap { try? Timestamp(rfc3339: $0) }
        }
        guard let start = time("startTime") else { return "" }
        return .string(Age.text(start.duration(to: time("completionTime") ?? now)))
    }

    /// A label selector as a text.
    static func labelSelector(_ selector: JSONValue?) -> JSONValue {
        guard let selector, let parsed = try? LabelSelector(json: selector) else { return "<none>" }   // those of stored objects were checked
        return .string(parsed.text.isEmpty ? "<none>" : parsed.text)
    }

    static func endpoints(_ slice: JSONValue) -> JSONValue {
        let addresses = (slice["endpoints"]?.arrayValue ?? []).flatMap { ($0["addresses"]?.arrayValue ?? []).compactMap(\.stringValue) }
        return .string(addresses.isEmpty ? "<unset>" : addresses.prefix(3).joined(separator: ",") + (addresses.count > 3 ? " + more..." : ""))
    }
}

extension BuiltInColumns {
    /// Those of both groups of events, which show the same.
    static let event: [TableColumn] = [
        column("Last Seen") { .string(since($0["lastTimestamp"], $0["firstTimestamp"], $0["eventTime"], $1)) },
        column("Type") { event, _ in event["type"] ?? "" }, column("Reason") { event, _ in event["reason"] ?? "" },
        column("Object") { event, _ in .string(object(event)) },
        column("Subobject", isWide: true) { event, _ in event.at("involvedObject", "fieldPath") ?? "" },
        column("Source", isWide: true) { event, _ in .string(source(event["source"])) },
        column("Message") { event, _ in .string((event["message"]?.stringValue ?? "").trimmingSpaces) },
        column("First Seen", isWide: true) { .string(since($0["firstTimestamp"], $0["eventTime"], Optional.none, $1)) },
        column("Count", isWide: true) { event, _ in event.at("series", "count") ?? event["count"] ?? 1 },
        column("Name", isWide: true, format: "name") { event, _ in .string(event.name) },
    ]

    private static func column(
        _ name: String, isWide: Bool = false, format: String = "", _ value: @escaping @Sendable (JSONValue, Timestamp) -> JSONValue
    ) -> TableColumn {
        TableColumn(
            name: name, type: "string", format: format, priority: isWide ? 1 : 0,
            source: .timed { event, now in value(event["regarding"] == nil ? event : EventConversion.toCore(event), now) })
    }

    /// How long ago the first of these times was that is one.
    private static func since(_ times: JSONValue?..., now: Timestamp) -> String {
        for text in times.compactMap({ $0?.stringValue }) {
            guard let time = try? Timestamp(rfc3339: text) else { continue }   // no time was ever stored that is none
            return Age.text(time.duration(to: now))
        }
        return "<unknown>"
    }

    private static func since(_ first: JSONValue?, _ second: JSONValue?, _ third: JSONValue?, _ now: Timestamp) -> String {
        since(first, second, third, now: now)
    }

    private static func object(_ event: JSONValue) -> String {
        let kind = (event.at("involvedObject", "kind")?.stringValue ?? "").lowercased()
        let name = event.at("involvedObject", "name")?.stringValue ?? ""
        return name.isEmpty ? kind : "\(kind)/\(name)"
    }

    private static func source(_ source: JSONValue?) -> String {
        let host = source?["host"]?.stringValue ?? ""
        return (source?["component"]?.stringValue ?? "") + (host.isEmpty ? "" : ", \(host)")
    }
}
