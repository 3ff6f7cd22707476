import EmbeddedAPIServer
import KubeModel
import StrictJSON

/// What a trace says of an object: short values by path, as recorded traces write them.
package struct TraceView: Sendable {
    /// Pod template hashes by order of appearance.
    private(set) var hashes: [String] = []

    /// H1, H2, … in place of a hash.
    mutating func alias(_ hash: String) -> String {
        guard !hash.isEmpty else { return "" }
        if !hashes.contains(hash) { hashes.append(hash) }
        return "H\((hashes.firstIndex(of: hash) ?? 0) + 1)"
    }

    /// A text with aliases in place of the hashes that are known.
    func aliased(_ text: String) -> String {
        var text = text
        for (index, hash) in hashes.enumerated() { text = text.replacing(hash, with: "H\(index + 1)") }
        return text
    }

    /// The values of one object; empty for kinds that traces do not tell of.
    mutating func values(of resource: GroupVersionResource, _ object: JSONValue) -> [(path: String, value: String)] {
        let name: String = object.at("metadata", "name")?.stringValue ?? ""
        switch resource {
        case .rollouts: return rollout(name, object)
        case .replicaSets: return replicaSet(object)
        case .services: return service(name, object)
        case .httpRoutes: return [("rt/\(name)", Self.weights(object))]
        case .analysisRuns: return analysisRun(name, object)
        default: return []
        }
    }

    private mutating func rollout(_ name: String, _ object: JSONValue) -> [(path: String, value: String)] {
        let status: JSONValue = object["status"] ?? [:]
        func text(_ path: String...) -> String { status.at(path: path)?.stringValue ?? "" }
        func number(_ member: String) -> String { status[member]?.intValue.map(String.init) ?? "0" }
        func flag(_ path: String) -> String { status[path]?.boolValue == true ? "true" : "false" }
        let current: String = alias(text("currentPodHash"))
        let stable: String = alias(text("stableRS"))
        let pauses: [String] = (status["pauseConditions"]?.arrayValue ?? []).compactMap { $0["reason"]?.stringValue }
        var values: [(path: String, value: String)] = [
            ("current", current), ("stable", stable), ("phase", text("phase")), ("message", aliased(text("message"))),
            ("step", number("currentStepIndex")), ("abort", flag("abort")), ("abortedAt", status["abortedAt"]?.stringValue == nil ? "false" : "true"),
            ("controllerPause", flag("controllerPause")), ("promoteFull", flag("promoteFull")), ("pause", pauses.joined(separator: ",")),
            ("n.replicas", number("replicas")), ("n.updated", number("updatedReplicas")), ("n.ready", number("readyReplicas")),
            ("n.available", number("availableReplicas")), ("n.hpa", number("HPAReplicas")),
            ("revision", object.at("metadata", "annotations", "rollout.argoproj.io/revision")?.stringValue ?? ""),
            ("selector", aliased(text("selector"))), ("spec.replicas", object.at("spec", "replicas")?.text() ?? ""),
            ("active", alias(text("blueGreen", "activeSelector"))), ("preview", alias(text("blueGreen", "previewSelector"))),
            ("restartedAt", status["restartedAt"]?.stringValue == nil ? "false" : "true"),
        ].map { ("ro/\(name).\($0.0)", $0.1) }
        for condition in status["conditions"]?.arrayValue ?? [] {
            let type: String = condition["type"]?.stringValue ?? ""
            values.append(("ro/\(name).cond.\(type)", "\(condition["status"]?.stringValue ?? "")/\(condition["reason"]?.stringValue ?? "")"))
            values.append(("ro/\(name).condmsg.\(type)", aliased(condition["message"]?.stringValue ?? "")))
        }
        for side in ["canary", "stable"] {
            guard let weight = status.at("canary", "weights", side), weight != .null else { continue }
            let hash: String = alias(weight["podTemplateHash"]?.stringValue ?? "")
            values.append(("ro/\(name).weights.\(side)", "\(weight["weight"]?.text() ?? "")@\(weight["serviceName"]?.stringValue ?? "")@\(hash)"))
        }
        let runs: [(strategy: String, member: String)] = [
            ("canary", "currentBackgroundAnalysisRunStatus"), ("canary", "currentStepAnalysisRunStatus"),
            ("blueGreen", "prePromotionAnalysisRunStatus"), ("blueGreen", "postPromotionAnalysisRunStatus"),
        ]
        for (strategy, member) in runs {
            let run: JSONValue? = status.at(strategy, member)
            let parts: [String] = ["name", "status", "message"].map { run?[$0]?.stringValue ?? "" }.filter { !$0.isEmpty }
            values.append(("ro/\(name).\(member)", aliased(parts.joined(separator: " "))))
        }
        return values
    }

    private mutating func replicaSet(_ object: JSONValue) -> [(path: String, value: String)] {
        guard let hash = object.at("metadata", "labels", "rollouts-pod-template-hash")?.stringValue else { return [] }
        let name: String = "rs/\(alias(hash))"
        let counts: [String] = ["replicas", "readyReplicas", "availableReplicas"].map { object["status"]?[$0]?.text() ?? "0" }
        let notes: JSONValue? = object.at("metadata", "annotations")
        return [
            ("\(name).spec", object.at("spec", "replicas")?.text() ?? "1"), ("\(name).status", counts.joined(separator: "/")),
            ("\(name).revision", notes?["rollout.argoproj.io/revision"]?.stringValue ?? ""),
            ("\(name).scaleDownDeadline", (notes?["scale-down-deadline"]?.stringValue ?? "").isEmpty ? "false" : "true"),
        ]
    }

    private mutating func service(_ name: String, _ object: JSONValue) -> [(path: String, value: String)] {
        let hash: String = alias(object.at("spec", "selector", "rollouts-pod-template-hash")?.stringValue ?? "")
        let manager: String? = object.at("metadata", "annotations", "argo-rollouts.argoproj.io/managed-by-rollouts")?.stringValue
        return [("svc/\(name)", hash.isEmpty ? "-" : hash), ("svc/\(name).managedBy", manager == nil ? "false" : "true")]
    }

    /// `a=80 b=20 | [/path] c=1`; a weight that is not there counts as 1.
    private static func weights(_ route: JSONValue) -> String {
        (route.at("spec", "rules")?.arrayValue ?? []).enumerated().map { index, rule in
            let backends: [String] = (rule["backendRefs"]?.arrayValue ?? []).map { "\($0["name"]?.stringValue ?? "")=\($0["weight"]?.intValue ?? 1)" }
            let path: String? = rule["matches"]?[0]?.at("path", "value")?.stringValue
            return ((index > 0 ? path.map { ["[\($0)]"] } ?? [] : []) + backends).joined(separator: " ")
        }.joined(separator: " | ")
    }

    private func analysisRun(_ name: String, _ object: JSONValue) -> [(path: String, value: String)] {
        let status: JSONValue = object["status"] ?? [:]
        let name: String = "ar/\(aliased(name))"
        var values: [(path: String, value: String)] = [
            (name, status["phase"]?.stringValue ?? ""), ("\(name).message", aliased(status["message"]?.stringValue ?? "")),
            ("\(name).terminate", object.at("spec", "terminate")?.boolValue == true ? "true" : "false"),
        ]
        for metric in status["metricResults"]?.arrayValue ?? [] {
            let title: String = metric["name"]?.stringValue ?? ""
            values.append(("\(name).metric.\(title)", metric["phase"]?.stringValue ?? ""))
            values.append(("\(name).mmsg.\(title)", aliased(metric["message"]?.stringValue ?? "")))
            let counts: [String] = ["count", "successful", "failed", "inconclusive", "error", "consecutiveError", "consecutiveSuccess"].compactMap { key in
                metric[key]?.intValue.flatMap { $0 == 0 ? nil : "\(key)=\($0)" }
            }
            let dryRun: [String] = metric["dryRun"]?.boolValue == true ? ["dryRun=True"] : []
            values.append(("\(name).counts.\(title)", (counts + dryRun).joined(separator: " ")))
        }
        return values
    }
}
