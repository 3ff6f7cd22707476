import KubeYAML
import StrictJSON

/// A recorded scenario in its own words: objects, and what is done with them one after the other.
package struct TraceScenario: Sendable {
    package var name: String
    /// In the order in which they are applied; the Rollout `app` is not among them.
    package var objects: [JSONValue]
    package var rollout: JSONValue
    /// What the scripted Prometheus answers, by the text of the query.
    package var metrics: [(query: String, answers: [String])]
    package var start: Start
    package var steps: [TraceStep]
    private let image: String

    package enum Start: String, Sendable { case healthy, none, refused }

    package static let rolloutName: String = "app"
    package static let prometheus: String = "http://prometheus:9090"

    /// - Throws: what cannot be read, or that the scenario needs something which the player has not.
    package init(yaml bytes: [UInt8], name: String) throws {
        guard let json = try YAMLStream.parse(bytes, fileName: name).first?.json else { throw TraceProblem("\(name) is empty") }
        self.name = name
        image = json["image"]?.stringValue ?? "v1"
        var objects: [JSONValue] = try (json["objects"]?.arrayValue ?? []).map { try Self.filled($0) }
        let (rollout, routing) = try Self.rollout(json["rollout"] ?? [:], image: image)
        self.rollout = rollout
        var services: [String] = (json["services"]?.arrayValue ?? []).compactMap(\.stringValue)
        if routing { services += ["app-stable", "app-canary"] }
        objects += services.map { Scenery.service($0, selecting: ["app": "app"]) }
        if routing {
            let route: JSONValue = Self.route(json["route"])
            // Whatever else the route names is there too: a gateway, unlike the recorded cluster, would complain.
            let backends: [String] = (route.at("spec", "rules")?.arrayValue ?? []).flatMap { $0["backendRefs"]?.arrayValue ?? [] }
                .compactMap { $0["name"]?.stringValue }
            for name in backends where !services.contains(name) { objects.append(Scenery.service(name, selecting: ["app": name])) }
            objects.append(route)
        }
        for (template, spec) in json["templates"]?.objectValue ?? [:] { objects.append(try Self.template(template, spec)) }
        self.objects = objects
        metrics = (json["metrics"]?.objectValue ?? [:]).map { (query: $0.key, answers: TraceStep.answers($0.value)) }
        start = json["start"]?.stringValue.flatMap { Start(rawValue: $0) } ?? .healthy
        steps = try (json["steps"]?.arrayValue ?? []).map { try TraceStep($0) }
    }

    /// The Rollout with another spec.
    package func rollout(with spec: JSONValue) throws -> JSONValue { try Self.rollout(spec, image: image).0 }

    private static func rollout(_ spec: JSONValue, image: String) throws -> (JSONValue, isRouted: Bool) {
        var own = spec.objectValue ?? [:]
        let metadata: JSONValue? = own.removeValue(forKey: "metadata")
        var whole: JSONValue = [
            "replicas": 1, "selector": ["matchLabels": ["app": "app"]],
            "template": [
                "metadata": ["labels": ["app": "app"]], "spec": ["containers": [["name": "main", "image": .string("lab/app:\(image)")]]],
            ],
        ]
        for (key, value) in own { whole[key] = value }
        if whole["workloadRef"] != .none { whole["template"] = .none }
        let canary: [String] = ["strategy", "canary"]
        var isRouted = false
        if case .some(let shorthand) = whole.at("strategy", "canary", "tr") {
            isRouted = true
            var plugin: JSONValue = ["httpRoute": "app", "namespace": "default"]
            for (key, value) in shorthand["config"]?.objectValue ?? [:] { plugin[key] = value }
            var routing: JSONValue = ["plugins": ["argoproj-labs/gatewayAPI": plugin]]
            if case .some(let managed) = shorthand["managedRoutes"] { routing["managedRoutes"] = managed }
            var strategy = whole.at("strategy", "canary")?.objectValue ?? [:]
            strategy.removeValue(forKey: "tr")
            whole.set(.object(strategy), at: canary)
            whole.set(routing, at: canary + ["trafficRouting"])
            whole.set("app-stable", at: canary + ["stableService"])
            whole.set("app-canary", at: canary + ["canaryService"])
        }
        var document: JSONValue = ["apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "metadata": ["name": .string(rolloutName)], "spec": whole]
        for (key, value) in metadata?.objectValue ?? [:] { document.set(value, at: ["metadata", key]) }
        return (document, isRouted)
    }

    private static func route(_ given: JSONValue?) -> JSONValue {
        let backends: JSONValue = [Scenery.backend("app-stable"), Scenery.backend("app-canary")]
        var spec: JSONValue = ["parentRefs": [["name": "gateway"]], "rules": [["backendRefs": backends]]]
        for (key, value) in given?.objectValue ?? [:] { spec[key] = value }
        return ["apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute", "metadata": ["name": "app"], "spec": spec]
    }

    /// An AnalysisTemplate, with `prom` and `job` written out.
    private static func template(_ name: String, _ spec: JSONValue) throws -> JSONValue {
        var spec = spec
        let metrics: [JSONValue] = try (spec["metrics"]?.arrayValue ?? []).map { metric in
            var metric = metric.objectValue ?? [:]
            // What reads the scenarios elsewhere takes `n` for a text; as in kubectl, it is a boolean here.
            if let name = metric["name"]?.boolValue { metric["name"] = name ? "y" : "n" }
            if let query = metric.removeValue(forKey: "prom")?.stringValue {
                metric["provider"] = ["prometheus": ["address": .string(prometheus), "query": .string(query)]]
            } else if let image = metric.removeValue(forKey: "job")?.stringValue {
                let pod: JSONValue = ["restartPolicy": "Never", "containers": [["name": "main", "image": .string("lab/job:\(image)")]]]
                metric["provider"] = ["job": ["spec": ["backoffLimit": 0, "template": ["spec": pod]]]]
            } else if metric["provider"] == .none {
                throw TraceProblem("template \(name) has a metric without a provider that is known here")
            }
            return .object(metric)
        }
        spec["metrics"] = .array(metrics)
        return ["apiVersion": "argoproj.io/v1alpha1", "kind": "AnalysisTemplate", "metadata": ["name": .string(name)], "spec": spec]
    }

    /// With the namespace and the address of Prometheus in their places.
    private static func filled(_ object: JSONValue) throws -> JSONValue {
        try JSONValue(parsing: object.text().replacing("$NS", with: "default").replacing("$PROM", with: prometheus))
    }
}

/// Why a trace cannot be played.
package struct TraceProblem: Error, CustomStringConvertible {
    package var description: String
    init(_ description: String) { self.description = description }
}

/// One thing that is done, or waited for.
package enum TraceStep: Sendable {
    case wait(String, timeout: Int)
    /// Must be true all the time, for seconds.
    case hold(String, seconds: Int)
    case expect(String)
    case sleep(seconds: Int)
    /// Waits until nothing has changed for seconds.
    case settle(seconds: Int)
    case image(String)
    case scale(Int, asHPA: Bool)
    case metric([(query: String, answers: [String])])
    case patch(kind: String, name: String, body: JSONValue)
    case create(JSONValue)
    case delete(kind: String, name: String)
    /// Of one revision, or all.
    case deletePods(hash: String?)
    /// The Rollout is applied again with another spec, in the scenario's own words.
    case rollout(JSONValue)
    /// An analysis run by name, or all that run.
    case terminate(String?)
    case command(Command)

    package enum Command: String, Sendable, CaseIterable {
        case promote, promoteFully = "promote-full", skipStep = "skip-step", skipAll = "skip-all", abort, retry, pause, resume, restart, undo,
            kill
    }

    init(_ json: JSONValue) throws {
        if let word = json.stringValue {
            switch word {
            case "delete-pods": self = .deletePods(hash: nil)
            case "terminate": self = .terminate(nil)
            default: self = .command(try Self.command(word))
            }
            return
        }
        let fields = json.objectValue ?? [:]
        func number(_ key: String) -> Int? { fields[key]?.intValue }
        if let text = fields["wait"]?.stringValue {
            self = .wait(text, timeout: number("timeout") ?? 30)
        } else if let text = fields["hold"]?.stringValue {
            self = .hold(text, seconds: number("for") ?? 3)
        } else if let text = fields["expect"]?.stringValue {
            self = .expect(text)
        } else if let seconds = number("sleep") {
            self = .sleep(seconds: seconds)
        } else if let seconds = number("settle") {
            self = .settle(seconds: seconds)
        } else if let tag = fields["image"]?.stringValue {
            self = .image(tag)
        } else if let count = number("scale") {
            self = .scale(count, asHPA: false)
        } else if let count = number("hpa-scale") {
            self = .scale(count, asHPA: true)
        } else if let answers = fields["metric"]?.objectValue {
            self = .metric(answers.map { (query: $0.key, answers: Self.answers($0.value)) })
        } else if case .some(let object) = fields["create"] {
            self = .create(object)
        } else if case .some(let object) = fields["delete"] {
            self = .delete(kind: object["kind"]?.stringValue ?? "Rollout", name: object["name"]?.stringValue ?? TraceScenario.rolloutName)
        } else if case .some(let hash) = fields["delete-pods"] {
            self = .deletePods(hash: hash.stringValue)
        } else if case .some(let spec) = fields["rollout"] {
            self = .rollout(spec)
        } else if case .some(let name) = fields["terminate"] {
            self = .terminate(name.stringValue)
        } else if case .some(let patch) = fields["patch"], case .some(let body) = patch["body"] {
            self = .patch(kind: patch["kind"]?.stringValue ?? "Rollout", name: patch["name"]?.stringValue ?? TraceScenario.rolloutName, body: body)
        } else {
            throw TraceProblem("a step that the player does not know: \(json.text())")
        }
    }

    private static func command(_ word: String) throws -> Command {
        guard let command = Command(rawValue: word) else { throw TraceProblem("an action that the player does not know: \(word)") }
        return command
    }

    static func answers(_ value: JSONValue) -> [String] { (value.arrayValue ?? [value]).map { $0.stringValue ?? $0.text() } }
}
