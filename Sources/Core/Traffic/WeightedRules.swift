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
        /// Exactly one rule names the stable Service, and none the canary; or none but others' own, where we had added it.
        case stableOnly(rule: Int, backend: Int)
        /// Rules name the stable Service and none the canary beside it: nothing goes to the canary through them, and which is to
        /// be weighed nobody can say. What to write before it gets weight.
        case undecided(String)
        /// The weight cannot be expressed; why, and what to write.
        case none(String)
    }

    /// Only references that really mean the Services count: same kind, and the Rollout's namespace.
    ///
    /// - Parameter isAdded: the record says that we have added the canary's reference. Where it is gone somebody took it out, and a
    ///   rule that names the canary alone is theirs.
    static func find(in route: HTTPRoute, for intent: RouteIntent, isAdded: Bool) -> Found {
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
        var canaryOnly: [Int] = []
        for rule in route.rules {
            let stable: [Int] = positions(intent.stableService, in: rule)
            let canary: [Int] = positions(intent.canaryService, in: rule)
            if !stable.isEmpty && !canary.isEmpty {
                guard stable.count == canary.count || !intent.guards.have(.unevenRules) else {
                    return .none("spec.rules[\(rule.index)].backendRefs names \(intent.stableService) \(stable.count) times and "
                        + "\(intent.canaryService) \(canary.count) times; both must occur equally often, or the split would not be the one asked for")
                }
                both.append(Rule(index: rule.index, stable: stable, canary: canary))
            } else if !stable.isEmpty {
                stableOnly.append((rule.index, stable))
            } else if !canary.isEmpty {
                canaryOnly.append(rule.index)
            }
        }
        if !both.isEmpty { return .both(both) }
        if canaryOnly.isEmpty || isAdded, stableOnly.count == 1 || (!stableOnly.isEmpty && !intent.guards.have(.severalRules)), stableOnly[0].backends.count == 1 {
            return .stableOnly(rule: stableOnly[0].rule, backend: stableOnly[0].backends[0])
        }
        let advice: String = advice(for: route, intent, stableOnly: stableOnly.map(\.rule), canaryOnly: canaryOnly)
        return stableOnly.isEmpty ? .none(advice) : .undecided(advice)
    }

    private static func advice(for route: HTTPRoute, _ intent: RouteIntent, stableOnly: [Int], canaryOnly: [Int]) -> String {
        guard let first = stableOnly.first else {
            return "backendRef was not found in httpRoute: no rule of \(route.metadata.key) names the Service \(intent.stableService); "
                + "add backendRefs for \(intent.stableService) and \(intent.canaryService) to the rule that is to be weighted"
        }
        func list(_ rules: [Int]) -> String { rules.map { "spec.rules[\($0)]" }.joined(separator: ", ") }
        let port: String = route.rules[first].backendRefs
            .first { $0.name == intent.stableService }?.port.map { ", port: \($0)" } ?? ""
        let canary: String = canaryOnly.isEmpty ? "in none of them" : "apart from it in \(list(canaryOnly))"
        return "backendRef was not found in httpRoute: \(route.metadata.key) names \(intent.stableService) in \(list(stableOnly)) and "
            + "\(intent.canaryService) \(canary); add {name: \(intent.canaryService)\(port), weight: 0} to the backendRefs of the rule "
            + "that is to be weighted"
    }
}
