import Clockwork
import KubeModel
import StrictJSON

extension ProgrammedRoute {
    /// What the spec of `route` asks for.
    init(_ route: HTTPRoute) {
        generation = route.metadata.generation
        rules = route.rules.map { rule in
            rule.backendRefs.map { backend in
                Backend(
                    namespace: backend.namespace ?? route.metadata.namespace, name: backend.name, weight: backend.weight ?? 1,
                    isService: backend.group.isEmpty && backend.kind == "Service")
            }
        }
    }

    /// The first backend that does not exist, by the rules of the route.
    func firstMissing(_ exists: (ObjectKey) -> Bool) -> ObjectKey? {
        for backend in rules.joined() where backend.isService {
            let key = ObjectKey(namespace: backend.namespace, name: backend.name)
            if !exists(key) { return key }
        }
        return nil
    }
}

/// What a gateway says about a route to one of its parents.
struct RouteReport: Sendable {
    var controllerName: String
    /// As it stands in the route's spec.
    var parentRef: JSONValue
    var generation: Int64
    /// Why the route is not accepted.
    var rejection: (reason: String, message: String)?
    var missing: ObjectKey?

    /// The element of `status.parents`, keeping the times of what has not changed in `old`.
    func json(beside old: HTTPRoute.ParentStatus?, now: Timestamp) -> JSONValue {
        func condition(_ type: String, _ isTrue: Bool, _ reason: String, _ message: String) -> JSONValue {
            let status = isTrue ? "True" : "False"
            let known = old?.conditions.condition(type)
            let changedAt = known?.status == status ? known?.lastTransitionTime ?? now : now
            // The API asks for a message, also where there is nothing to say.
            var json = Condition(
                type: type, status: status, reason: reason, message: message, lastTransitionTime: changedAt, observedGeneration: generation).json
            json["message"] = .string(message)
            return json
        }
        let accepted = condition("Accepted", rejection == nil, rejection?.reason ?? "Accepted", rejection?.message ?? "")
        let resolved = condition(
            "ResolvedRefs", missing == nil, missing == nil ? "ResolvedRefs" : "BackendNotFound", missing.map { "service \($0) not found" } ?? "")
        return ["controllerName": .string(controllerName), "parentRef": parentRef, "conditions": [accepted, resolved]]
    }
}
