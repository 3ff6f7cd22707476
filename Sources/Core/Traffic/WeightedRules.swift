import KubeModel

/// Where in a route the weights of a Rollout stand.
struct WeightedRules: Sendable, Equatable {
    /// One rule with the positions of both Services among its backendRefs.
    struct Rule: Sendable, Equatable {
        var index: Int
        var stable: [Int]
        var canary: [Int]
    }

    enum Found: Sendable, Equatable {
        /// Rules that name both Services.
        case both([Rule])
        /// No rule names the canary and exactly one names the stable Service.
        case stableOnly(rule: Int, backend: Int)
        /// The weight cannot be expressed; why, and what to write.
        case none(String)
    }

    /// Only references that really mean the Services count: same kind, and the Rollout's namespace.
    static func find(in route: HTTPRoute, for intent: RouteIntent) -> Found {
        let namespace: String = intent.rollout.namespace
        func positions(_ name: String, in rule: HTTPRoute.Rule) -> [Int] {
            rule.backendRefs
                .filter {
                    $0.refersToService(name, namespace: namespace, routeNamespace: route.metadata.namespace)
                        || (!intent.guards.have(.foreignBackends) && $0.name == name)
                }
                .map(\.index)
        }
        var both: [Rule] = []
        var stableOnly: [(rule: Int, backends: [Int])] = []
        var namesCanary: Bool = false
        for rule in route.rules {
            let stable: [Int] = positions(intent.stableService, in: rule)
            let canary: [Int] = positions(intent.canaryService, in: rule)
            if !canary.isEmpty { namesCanary = true }
            if !stable.isEmpty && !canary.isEmpty {
                guard stable.count == canary.count || !intent.guards.have(.unevenRules) else {
                    return .none("spec.rules[\(rule.index)].backendRefs names \(intent.stableService) \(stable.count) times and "
                        + "\(intent.canaryService) \(canary.count) times; both must occur equally often, or the split would not be the one asked for")
                }
                both.append(Rule(index: rule.index, stable: stable, canary: canary))
            } else if !stable.isEmpty {
                stableOnly.append((rule.index, stable))
            }
        }
        if !both.isEmpty { return .both(both) }
        if !namesCanary, stableOnly.count == 1 || (!stableOnly.isEmpty && !intent.guards.have(.severalRules)), stableOnly[0].backends.count == 1 {
            return .stableOnly(rule: stableOnly[0].rule, backend: stableOnly[0].backends[0])
        }
        return .none(advice(for: route, intent, stableOnly: stableOnly.map(\.rule)))
    }

    private static func advice(for route: HTTPRoute, _ intent: RouteIntent, stableOnly: [Int]) -> String {
        guard let first = stableOnly.first else {
            return "backendRef was not found in httpRoute: no rule of \(route.metadata.key) names the Service \(intent.stableService); "
                + "add backendRefs for \(intent.stableService) and \(intent.canaryService) to the rule that is to be weighted"
        }
        let port: String = route.rules[first].backendRefs
            .first { $0.name == intent.stableService }?.port.map { ", port: \($0)" } ?? ""
        let rules: String = stableOnly.map { "spec.rules[\($0)]" }.joined(separator: ", ")
        return "backendRef was not found in httpRoute: \(route.metadata.key) names \(intent.stableService) in \(rules) and "
            + "\(intent.canaryService) in none of them; add {name: \(intent.canaryService)\(port), weight: 0} to the backendRefs of the rule "
            + "that is to be weighted"
    }
}
