import Clockwork
import ControllerKit
import KubeClient
import KubeModel
import StrictJSON
import Synchronization

/// Stands in for a gateway's controller: accepts each generation of a route after a short while, remembers the weights
/// that it was given, and lets the traffic follow them.
final class GatewayStandIn: Sendable {
    /// Long enough that a controller that does not wait for the answer would be caught.
    static let delay: Duration = .milliseconds(400)

    /// One generation of a route.
    struct Generation: Sendable, Equatable, CustomStringConvertible {
        var number: Int64
        /// By rule, then as the backends stand in it: `my-app:95 my-app-canary:5`.
        var rules: [String]

        var description: String { rules.joined(separator: " | ") }
    }

    private struct State {
        var routes: [ObjectKey: [Generation]] = [:]
        var isAnswering: Bool = true
    }

    private let api: AdminAPI
    private let exporter: MetricsExporter
    private let state = Mutex(State())

    init(api: AdminAPI, exporter: MetricsExporter) {
        self.api = api
        self.exporter = exporter
    }

    /// What the route has said, oldest generation first.
    func history(of route: ObjectKey) -> [Generation] { state.withLock { $0.routes[route] ?? [] } }

    /// Until the task is cancelled.
    func run() async {
        await api.follow(.httpRoutes) { route, isGone in
            let metadata: ObjectMeta = try ObjectMeta(object: route)
            if isGone { return }
            let generation = Generation(number: metadata.generation, rules: Self.rules(of: route))
            state.withLock { state in
                if state.routes[metadata.key]?.last != generation { state.routes[metadata.key, default: []].append(generation) }
            }
            let parents: [JSONValue] = route.at("spec", "parentRefs")?.arrayValue ?? []
            let reported: [JSONValue] = route.at("status", "parents")?.arrayValue ?? []
            let isCurrent: Bool = !reported.isEmpty && reported.allSatisfy { parent in
                parent["conditions"]?.arrayValue?.allSatisfy { $0["observedGeneration"]?.int64Value == metadata.generation } ?? false
            }
            if isCurrent { return }
            let clock = SystemClock()
            try await clock.sleep(until: clock.now + Self.delay, tolerance: nil)
            let conditions: [JSONValue] = [("Accepted", "Accepted"), ("ResolvedRefs", "ResolvedRefs")].map { type, reason in
                [
                    "type": .string(type), "status": "True", "reason": .string(reason), "message": "stand-in",
                    "observedGeneration": .number(JSONNumber(metadata.generation)), "lastTransitionTime": .string(clock.now.rfc3339),
                ]
            }
            let statuses: [JSONValue] = parents.map { parent in
                ["parentRef": parent, "controllerName": "example.com/stand-in", "conditions": .array(conditions)]
            }
            _ = try await api.client.patch(
                .httpRoutes, namespace: metadata.namespace, name: metadata.name, subresource: "status",
                .merge(["status": ["parents": .array(statuses)]]))
            exporter.route(shareOfCanary: Self.shareOfCanary(route))
        }
    }

    private static func rules(of route: JSONValue) -> [String] {
        (route.at("spec", "rules")?.arrayValue ?? []).map { rule in
            (rule["backendRefs"]?.arrayValue ?? []).map { backend in
                "\(backend["name"]?.stringValue ?? "?"):\(backend["weight"]?.intValue.map(String.init) ?? "-")"
            }.joined(separator: " ")
        }
    }

    /// From 0 to 1, over all rules; a backend is the canary's if its name says so.
    private static func shareOfCanary(_ route: JSONValue) -> Double {
        var total: Int = 0
        var canary: Int = 0
        for backend in (route.at("spec", "rules")?.arrayValue ?? []).flatMap({ $0["backendRefs"]?.arrayValue ?? [] }) {
            let weight: Int = backend["weight"]?.intValue ?? 1
            total += weight
            if backend["name"]?.stringValue?.hasSuffix("-canary") ?? false { canary += weight }
        }
        return total == 0 ? 0 : Double(canary) / Double(total)
    }
}
