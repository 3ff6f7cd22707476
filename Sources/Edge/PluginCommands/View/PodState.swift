import Clockwork
import KubeModel
import StrictJSON

/// A pod as `kubectl get pods` shows it.
struct PodState: Sendable, Equatable {
    var name: String
    var creation: Timestamp?
    var status: String
    /// `1/2`
    var ready: String
    var restarts: Int

    /// Reads a pod loosely: what is missing or odd is shown as if the kubelet had not written it yet.
    init(pod: JSONValue, metadata: ObjectMeta) {
        name = metadata.name
        creation = metadata.creationTimestamp
        let summary = Self.summary(of: pod)
        status = summary.status
        restarts = summary.restarts
        ready = "\(summary.ready)/\(pod.at("spec", "containers")?.arrayValue?.count ?? 0)"
        if metadata.isBeingDeleted {
            status = pod.at("status", "reason")?.stringValue == "NodeLost" ? "Unknown" : "Terminating"
        }
    }

    private typealias Summary = (status: String, ready: Int, restarts: Int)

    private static func summary(of pod: JSONValue) -> Summary {
        let written: String? = pod.at("status", "reason")?.stringValue
        let status: String = written.flatMap { $0.isEmpty ? nil : $0 } ?? pod.at("status", "phase")?.stringValue ?? ""
        return initializing(pod) ?? running(pod, status: status)
    }

    /// Nil once all init containers are done; then only the main containers count.
    private static func initializing(_ pod: JSONValue) -> Summary? {
        let containers: [JSONValue] = pod.at("spec", "initContainers")?.arrayValue ?? []
        let sidecars: Set<String> = Set(containers.filter { $0["restartPolicy"]?.stringValue == "Always" }.compactMap { $0["name"]?.stringValue })
        var restarts = 0
        for (index, container) in (pod.at("status", "initContainerStatuses")?.arrayValue ?? []).enumerated() {
            restarts += container["restartCount"]?.intValue ?? 0
            if let terminated = container.at("state", "terminated") {
                if terminated["exitCode"]?.intValue ?? 0 == 0 { continue }
                return ("Init:" + ending(of: terminated), 0, restarts)
            }
            let isSidecar: Bool = container["name"]?.stringValue.map(sidecars.contains) ?? false
            if isSidecar, container["started"]?.boolValue == true, container["ready"]?.boolValue == true { continue }
            // A sidecar that has started and is not ready yet does not hold up the others.
            if isSidecar, container["started"]?.boolValue == true { return nil }
            if let reason = container.at("state", "waiting", "reason")?.stringValue, !reason.isEmpty, reason != "PodInitializing" {
                return ("Init:\(reason)", 0, restarts)
            }
            return ("Init:\(index)/\(containers.count)", 0, restarts)
        }
        return nil
    }

    private static func running(_ pod: JSONValue, status: String) -> Summary {
        var status = status
        var ready = 0
        var restarts = 0
        // Backwards, so that the first container has the last word.
        for container in (pod.at("status", "containerStatuses")?.arrayValue ?? []).reversed() {
            restarts += container["restartCount"]?.intValue ?? 0
            if let reason = container.at("state", "waiting", "reason")?.stringValue, !reason.isEmpty {
                status = reason
            } else if let terminated = container.at("state", "terminated") {
                status = ending(of: terminated)
            } else if container["ready"]?.boolValue == true, container.at("state", "running") != nil {
                ready += 1
            }
        }
        if status == "Completed", ready > 0 { status = "Running" }
        return (status, ready, restarts)
    }

    private static func ending(of terminated: JSONValue) -> String {
        if let reason = terminated["reason"]?.stringValue, !reason.isEmpty { return reason }
        if let signal = terminated["signal"]?.intValue, signal != 0 { return "Signal:\(signal)" }
        return "ExitCode:\(terminated["exitCode"]?.intValue ?? 0)"
    }
}
