import EmbeddedAPIServer
import Expression
import KubeModel
import StrictJSON

/// What the conditions of a scenario can ask about: the names that recorded scenarios use.
package struct TraceSight {
    private static let names: [String] = [
        "phase", "message", "step", "abort", "pause", "promoted", "cur", "stableH", "new", "stable", "canary", "revs", "weights", "svc", "ars",
        "conds", "deploys", "ro", "st",
    ]
    private static let environment = ExpressionEnvironment(
        variables: Dictionary(uniqueKeysWithValues: names.map { ($0, ExpressionType.unknown) }), functions: [])

    /// A condition, in the language that ours has in common with the scenarios' own; calls are written as members.
    package static func compile(_ text: String) throws -> CompiledExpression {
        let own: String = text
            .replacing(/\.get\('(\w+)'\) and/) { "['\($0.1)'] != nil and" }
            .replacing(/\.get\('(\w+)'\)/) { "['\($0.1)']" }
            .replacing(/\brev\((\d+)\)/) { "revs['\($0.1)']" }
            .replacing(/\bweight\(('[^']*')\)/) { "weights[\($0.1)]" }
            .replacing(/\bcond\(('[^']*')\)/) { "conds[\($0.1)]" }
            .replacing(/\bdeploy\(('[^']*')\)/) { "deploys[\($0.1)]" }
            .replacing(/\bars\(\)/, with: "ars")
        return try CompiledExpression(compiling: own, environment: environment)
    }

    private let values: [String: ExpressionValue]

    package init(_ state: ServerState) {
        let key = ObjectKey(namespace: "default", name: TraceScenario.rolloutName)
        let rollout: JSONValue = state.object(.rollouts, key) ?? [:]
        let status: JSONValue = rollout["status"] ?? [:]
        let current: String = status["currentPodHash"]?.stringValue ?? ""
        let stable: String = status["stableRS"]?.stringValue ?? ""
        var revisions: [(key: String, value: JSONValue)] = []
        var byHash: [String: JSONValue] = [:]
        for set in state.objects(of: .replicaSets, namespace: "default") {
            guard let hash = set.at("metadata", "labels", "rollouts-pod-template-hash")?.stringValue else { continue }
            let revision: String = set.at("metadata", "annotations", "rollout.argoproj.io/revision")?.stringValue ?? "0"
            let view: JSONValue = Self.replicaSet(set, revision: revision)
            revisions.append((revision, view))
            byHash[hash] = view
        }
        for number in 1...9 where !revisions.contains(where: { $0.key == "\(number)" }) { revisions.append(("\(number)", Self.noReplicaSet)) }
        var weights: [(key: String, value: JSONValue)] = []
        for route in state.objects(of: .httpRoutes, namespace: "default") {
            for backend in route.at("spec", "rules")?[0]?["backendRefs"]?.arrayValue ?? [] {
                weights.append((backend["name"]?.stringValue ?? "", JSONValue(backend["weight"]?.intValue ?? 1)))
            }
        }
        let services: [(key: String, value: JSONValue)] = state.objects(of: .services, namespace: "default").map { service in
            (service.at("metadata", "name")?.stringValue ?? "", service.at("spec", "selector", "rollouts-pod-template-hash") ?? .string("-"))
        }
        let runs: [JSONValue] = state.objects(of: .analysisRuns, namespace: "default").map { $0.at("status", "phase") ?? .string("") }
        let pauses: [JSONValue] = (status["pauseConditions"]?.arrayValue ?? []).compactMap { $0["reason"] }
        let conditions: [(key: String, value: JSONValue)] = (status["conditions"]?.arrayValue ?? []).map {
            ($0["type"]?.stringValue ?? "", .string("\($0["status"]?.stringValue ?? "")/\($0["reason"]?.stringValue ?? "")"))
        }
        let deployments: [(key: String, value: JSONValue)] = state.objects(of: .deployments, namespace: "default").map {
            ($0.at("metadata", "name")?.stringValue ?? "", $0.at("spec", "replicas") ?? JSONValue(1))
        }
        func object(_ pairs: [(key: String, value: JSONValue)]) -> ExpressionValue {
            .map(ExpressionMap(pairs.map { (key: $0.key, value: Self.value($0.value)) }))
        }
        values = [
            "phase": .string(status["phase"]?.stringValue ?? ""), "message": .string(status["message"]?.stringValue ?? ""),
            "step": status["currentStepIndex"].map(Self.value) ?? .null, "abort": .bool(status["abort"]?.boolValue ?? false),
            "pause": Self.value(.array(pauses)), "promoted": .bool(!current.isEmpty && current == stable && Self.isObserved(rollout)),
            "cur": .string(current), "stableH": .string(stable), "new": Self.value(byHash[current] ?? Self.noReplicaSet),
            "stable": Self.value(byHash[stable] ?? Self.noReplicaSet),
            "canary": Self.value((current == stable ? nil : byHash[current]) ?? Self.noReplicaSet), "revs": object(revisions),
            "weights": object(weights), "svc": object(services), "ars": Self.value(.array(runs)), "conds": object(conditions),
            "deploys": object(deployments), "ro": Self.value(rollout), "st": Self.value(status),
        ]
    }

    /// Whether the condition holds; one that cannot be answered yet does not.
    package func holds(_ condition: CompiledExpression) -> Bool {
        do {
            return try condition.evaluate(values) == .bool(true)
        } catch {
            return false
        }
    }

    private static let noReplicaSet: JSONValue = ["spec": 0, "n": 0, "ready": 0, "avail": 0, "rev": 0]

    private static func replicaSet(_ set: JSONValue, revision: String) -> JSONValue {
        func count(_ member: String) -> JSONValue { set["status"]?[member] ?? JSONValue(0) }
        return [
            "spec": set.at("spec", "replicas") ?? 1, "n": count("replicas"), "ready": count("readyReplicas"), "avail": count("availableReplicas"),
            "rev": .number(JSONNumber(Int(revision) ?? 0)),
        ]
    }

    private static func isObserved(_ rollout: JSONValue) -> Bool {
        rollout.at("status", "observedGeneration")?.stringValue == rollout.at("metadata", "generation")?.text()
    }

    private static func value(_ json: JSONValue) -> ExpressionValue {
        switch json {
        case .null: return .null
        case .bool(let value): return .bool(value)
        case .string(let text): return .string(text)
        case .number: return json.intValue.map { .int(Int64($0)) } ?? .null
        case .array(let elements): return .array(elements.map(value))
        case .object(let object): return .map(ExpressionMap(object.map { (key: $0.key, value: value($0.value)) }))
        }
    }
}
