import Clockwork
import KubeModel
import StrictJSON
import Traffic

/// Routes as others write them, and what of them is ours.
enum RouteScene {
    static let now = Timestamp(secondsSince1970: 1_772_359_200)
    static let record = "rollouts.argoproj.io/gatewayapi-managed-rules"
    private static let label = "rollouts.argoproj.io/gatewayapi-canary"
    private static let rollout = ObjectKey(namespace: "web", name: "shop")

    static func intent(_ source: inout ByteSource) -> RouteIntent {
        let maximum: Int = source.pick([100, 1000, 1, 7])
        let weight: Int = source.pick([0, 20, 100, 1, 50, source.below(256)]) % (maximum + 1)
        return RouteIntent(
            rollout: rollout, stableService: "stable", canaryService: "canary", weight: weight, maxWeight: maximum,
            progressLabel: source.once(in: 3) ? nil : .init(), verification: source.pick([.strict, .lenient, .off]))
    }

    // MARK: Making routes

    static func route(_ source: inout ByteSource) -> JSONValue {
        let generation: Int = source.below(4)
        var metadata: JSONValue = [
            "name": "shop", "namespace": .string(source.once(in: 6) ? "other" : "web"), "generation": .number(JSONNumber(generation)), "resourceVersion": "7",
        ]
        if source.once(in: 2) { metadata["annotations"] = annotations(&source) }
        if source.once(in: 3) { metadata["labels"] = source.once(in: 2) ? [:] : [label: .string(source.pick(["in-progress", "theirs"])), "app": "shop"] }
        var route: JSONValue = ["apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute", "metadata": metadata]
        route["spec"] = [
            "parentRefs": [["name": "gateway"]], "rules": .array((0..<(1 + source.below(3))).map { _ in rule(&source) }),
        ]
        if source.once(in: 3) { route["status"] = ["parents": .array((0..<source.below(3)).map { _ in parent(&source) })] }
        if source.once(in: 8) { route[source.pick(["spec", "status", "metadata", "extra"])] = source.value(depth: 3) }
        return route
    }

    private static func annotations(_ source: inout ByteSource) -> JSONValue {
        var annotations: JSONValue = [:]
        if source.once(in: 2) { annotations["note"] = .string(source.text()) }
        switch source.below(6) {
        case 0: annotations[record] = .string(source.text())
        case 1: annotations[record] = .string(source.value(depth: 3).text())
        case 2, 3: annotations[record] = .string(records(&source).text(source.once(in: 2) ? .compact : .sortedKeys))
        default: break
        }
        return annotations
    }

    /// Records of this Rollout, of others, and of kinds that we do not know.
    private static func records(_ source: inout ByteSource) -> JSONValue {
        var records: JSONValue = [:]
        for owner in ["web/shop", "web/other", "other/shop"] where source.once(in: 2) {
            records[owner] = .array((0..<source.below(3)).map { _ in
                var entry: JSONValue = ["kind": .string(source.pick(["backendRef", "rule"])), "name": .string(source.pick(["canary", "elsewhere"]))]
                if source.once(in: 2) { entry["stableWeight"] = .number(JSONNumber(source.below(200))) }
                return entry
            })
        }
        return records
    }

    private static func rule(_ source: inout ByteSource) -> JSONValue {
        var rule: JSONValue = [:]
        if source.once(in: 3) { rule["name"] = .string(source.text()) }
        if source.once(in: 3) { rule["matches"] = .array([["path": ["type": "PathPrefix", "value": .string("/" + source.text())]]]) }
        if source.once(in: 4) { rule["filters"] = .array([source.value(depth: 2)]) }
        if source.once(in: 6) { rule[source.text()] = source.value(depth: 2) }
        let count: Int = source.below(5)
        if count > 0 || source.once(in: 2) { rule["backendRefs"] = .array((0..<count).map { _ in backend(&source) }) }
        return rule
    }

    private static func backend(_ source: inout ByteSource) -> JSONValue {
        var backend: JSONValue = ["name": .string(source.pick(["stable", "canary", "elsewhere", "stable", "canary", "sta\u{301}ble"]))]
        if source.once(in: 2) { backend["port"] = .number(JSONNumber(80 + source.below(3))) }
        switch source.below(4) {
        case 0: break
        case 1: backend["weight"] = .number(JSONNumber(source.pick([100, 0, 1, 80, 20])))
        case 2: backend["weight"] = .number(JSONNumber(source.below(256)))
        default: backend["weight"] = .number(JSONNumber(source.integer()))
        }
        if source.once(in: 8) { backend["namespace"] = .string(source.pick(["web", "other"])) }
        if source.once(in: 8) { backend["kind"] = .string(source.pick(["Service", "Bucket"])) }
        if source.once(in: 8) { backend["group"] = .string(source.pick(["", "storage.example"])) }
        if source.once(in: 8) { backend["filters"] = .array([source.value(depth: 2)]) }
        return backend
    }

    private static func parent(_ source: inout ByteSource) -> JSONValue {
        var conditions: [JSONValue] = []
        for _ in 0..<source.below(4) {
            conditions.append([
                "type": .string(source.pick(["Accepted", "ResolvedRefs", "PartiallyInvalid"])), "status": .string(source.pick(["True", "False", "Unknown"])),
                "observedGeneration": .number(JSONNumber(source.below(4))), "reason": .string(source.pick(["", "BackendNotFound"])), "message": .string(source.text()),
                "lastTransitionTime": "2026-03-01T10:00:00Z",
            ])
        }
        return ["parentRef": ["name": .string(source.pick(["gateway", "other"]))], "controllerName": "example.com/gateway", "conditions": .array(conditions)]
    }

    /// What somebody may have done to the route meanwhile.
    static func changedByOthers(_ document: JSONValue, _ source: inout ByteSource) -> JSONValue {
        var document: JSONValue = document
        guard var rules = document.at("spec", "rules")?.arrayValue, !rules.isEmpty else { return document }
        let index: Int = source.below(rules.count)
        var backends: [JSONValue] = rules[index]["backendRefs"]?.arrayValue ?? []
        switch source.below(6) {
        case 0: rules.insert(rule(&source), at: index)
        case 1: rules.remove(at: index)
        case 2: backends.insert(backend(&source), at: source.below(backends.count + 1))
        case 3: if !backends.isEmpty { backends.remove(at: source.below(backends.count)) }
        case 4: backends.reverse()
        default: document.set(annotations(&source), at: ["metadata", "annotations"])
        }
        if index < rules.count, rules[index]["backendRefs"] != nil { rules[index]["backendRefs"] = .array(backends) }
        document.set("8", at: ["metadata", "resourceVersion"])
        document.set(.array(rules), at: ["spec", "rules"])
        return document
    }

    // MARK: What is ours

    static func references(to service: String, in rule: HTTPRoute.Rule, _ route: HTTPRoute, _ intent: RouteIntent) -> [HTTPRoute.BackendReference] {
        rule.backendRefs.filter { $0.refersToService(service, namespace: intent.rollout.namespace, routeNamespace: route.metadata.namespace) }
    }

    /// How many references name a Service.
    static func named(_ service: String, in route: HTTPRoute, _ intent: RouteIntent) -> Int {
        route.rules.reduce(0) { $0 + references(to: service, in: $1, route, intent).count }
    }

    /// The rules of a route in which an edit may change something: those that name both Services; where there are none, the one
    /// that names the stable Service.
    static func weighed(in route: HTTPRoute, _ intent: RouteIntent) -> [Int] {
        let stable = route.rules.filter { !references(to: intent.stableService, in: $0, route, intent).isEmpty }
        let both = stable.filter { !references(to: intent.canaryService, in: $0, route, intent).isEmpty }
        return (both.isEmpty && stable.count == 1 ? stable : both).map(\.index)
    }

    /// The document without what an edit may change: references to the canary and weights of references to stable, but only in
    /// `rules`; our entry of the record; our label.
    static func withoutOurs(_ document: JSONValue, in rules: [Int], _ intent: RouteIntent) -> JSONValue {
        guard let route = try? HTTPRoute(json: document) else { broken("an edited route can be read: \(document)") }
        var document: JSONValue = document
        for rule in route.rules where rules.contains(rule.index) {
            let stable = references(to: intent.stableService, in: rule, route, intent)
            let canary = references(to: intent.canaryService, in: rule, route, intent)
            guard var backends = document.at("spec", "rules")?[rule.index]?["backendRefs"]?.arrayValue else { continue }
            for reference in stable { backends[reference.index]["weight"] = JSONValue?.none }
            for reference in canary.reversed() { backends.remove(at: reference.index) }
            setBackends(backends, ofRule: rule.index, in: &document)
        }
        return withoutMarks(document, intent)
    }

    /// The document without references that have the canary's name, weights of those that have the stable one's, and our marks.
    static func withoutNames(_ document: JSONValue, _ intent: RouteIntent) -> JSONValue {
        var document: JSONValue = document
        for (index, rule) in (document.at("spec", "rules")?.arrayValue ?? []).enumerated() {
            guard var backends = rule["backendRefs"]?.arrayValue else { continue }
            backends.removeAll { $0["name"] == .string(intent.canaryService) }
            for position in backends.indices where backends[position]["name"] == .string(intent.stableService) {
                backends[position]["weight"] = JSONValue?.none
            }
            setBackends(backends, ofRule: index, in: &document)
        }
        return withoutMarks(document, intent)
    }

    private static func setBackends(_ backends: [JSONValue], ofRule index: Int, in document: inout JSONValue) {
        guard var rules = document.at("spec", "rules")?.arrayValue else { return }
        rules[index]["backendRefs"] = .array(backends)
        document.set(.array(rules), at: ["spec", "rules"])
    }

    private static func withoutMarks(_ document: JSONValue, _ intent: RouteIntent) -> JSONValue {
        var document: JSONValue = document
        if let text = document.at("metadata", "annotations", record)?.stringValue, var records = (try? JSONValue(parsing: text))?.objectValue {
            let key: String = intent.rollout.description
            let others: [JSONValue] = (records[key]?.arrayValue ?? []).filter { $0["kind"] != "backendRef" }
            records[key] = others.isEmpty ? JSONValue?.none : .array(others)
            document.set(records.isEmpty ? JSONValue?.none : .object(records), at: ["metadata", "annotations", record])
        }
        document.set(nil, at: ["metadata", "labels", label])
        return withoutEmptyMaps(document)
    }

    /// An absent map and an empty one are the same to the API server.
    static func withoutEmptyMaps(_ document: JSONValue) -> JSONValue {
        var document: JSONValue = document
        for map in ["annotations", "labels"] where document.at("metadata", map) == .object(JSONObject()) { document.set(nil, at: ["metadata", map]) }
        return document
    }
}
