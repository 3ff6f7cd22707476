import Clockwork
import KubeModel
import Safety

/// What is to be done about a route, or what it says.
public enum RouteVerdict: Sendable, Equatable {
    /// It says what is wanted and its parents have confirmed that.
    case inForce
    /// In force by the rule for parents that do not report; which ones.
    case assumed(String)
    /// It has to be written.
    case write(RouteEdit)
    /// Written, and the parents have not confirmed it; what is missing, and when a lenient reading would count it.
    case pending(String, until: Timestamp?)
    /// A parent refuses it; its words.
    case rejected(String)
    /// The weight cannot be expressed in this route; why, and what to write.
    case impossible(String)
}

/// How long a parent may stay silent before a lenient reading takes it for willing; also the time that a backend Service
/// that was just created may be unknown to a gateway.
public let lenientPatience: Duration = .seconds(60)

/// - Parameter since: when the route's present generation was first seen.
public func verdict(on route: HTTPRoute, for intent: RouteIntent, since: Timestamp, now: Timestamp) -> RouteVerdict {
    switch neededEdit(of: route, for: intent) {
    case .edit(let edit): return .write(edit)
    case .impossible(let problem): return .impossible(problem)
    case .none: break
    }
    if intent.verification == .off { return .inForce }
    let patience: Timestamp = since + lenientPatience
    var assumed: [String] = []
    for parent in route.parentRefs {
        let name: String = "\(parent.kind) \(parent.namespace ?? route.metadata.namespace)/\(parent.name)"
        let entries: [HTTPRoute.ParentStatus] = route.parents.filter { isSameParent($0.parentRef, parent, in: route.metadata.namespace) }
        var missing: String?
        if entries.isEmpty, intent.guards.have(.silentParents) { missing = "\(name) has not reported on the route" }
        for entry in entries {
            switch report(of: entry, generation: route.metadata.generation, name: name, isNew: now < patience, intent.guards) {
            case .confirmed: break
            case .silent(let words): missing = words
            case .refused(let words): return .rejected(words)
            }
        }
        guard let missing else { continue }
        if intent.verification == .lenient && now >= patience {
            assumed.append(missing)
        } else {
            // A strict reading changes then too: a backend that is still unknown is no longer new.
            return .pending(missing, until: now < patience ? patience : nil)
        }
    }
    return assumed.isEmpty ? .inForce : .assumed(assumed.joined(separator: "; "))
}

private enum ParentReport { case confirmed, silent(String), refused(String) }

private func report(of entry: HTTPRoute.ParentStatus, generation: Int64, name: String, isNew: Bool, _ guards: SafetyGuards) -> ParentReport {
    for type in ["Accepted", "ResolvedRefs"] {
        guard let condition = entry.conditions.condition(type),
              (condition.observedGeneration ?? 0) >= generation || !guards.have(.receipts),
              condition.status != "Unknown" else {
            return .silent("\(name) has not reported \(type) for generation \(generation)")
        }
        if condition.isFalse, guards.have(.refusedRoutes) {
            let words: String = "\(name): \(type) is False, \(condition.reason)" + (condition.message.isEmpty ? "" : ": \(condition.message)")
            // A Service that was only just created is unknown to the gateway for a moment.
            if type == "ResolvedRefs" && condition.reason == "BackendNotFound" && isNew { return .silent(words) }
            return .refused(words)
        }
    }
    if let partly = entry.conditions.condition("PartiallyInvalid"), partly.isTrue {
        return .refused("\(name): PartiallyInvalid, \(partly.message)")
    }
    return .confirmed
}

/// Compared member by member after defaulting: raw JSON differs where one side spells a default out.
private func isSameParent(_ a: HTTPRoute.ParentReference, _ b: HTTPRoute.ParentReference, in namespace: String) -> Bool {
    a.group == b.group && a.kind == b.kind && a.name == b.name
        && (a.namespace ?? namespace) == (b.namespace ?? namespace)
        && a.sectionName == b.sectionName && a.port == b.port
}
