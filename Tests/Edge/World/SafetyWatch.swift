import EmbeddedAPIServer
import KubeModel
import RolloutModel
import SimulatedCluster
import StrictJSON
import Synchronization

/// Looks at the server's true state at each write of the controller, and says what was unsafe about it:
///
/// - a route gives weight only to a Service that selects a revision with ready pods;
/// - what the gateway sends requests to is not scaled to nothing;
/// - our own writes never take available pods below what the Rollout keeps.
package final class SafetyWatch: Sendable {
    private let found = Recorded<String>()

    /// What was unsafe, in order; empty is what is expected.
    package var violations: [String] { found.all }

    package init(_ world: World, rollout name: String = "my-app") {
        let key: ObjectKey = world.key(name)
        let found = found
        let cluster: SimulatedCluster = world.cluster
        let seed: UInt64 = world.seed
        cluster.onWrite { write, state in
            guard write.userAgent == World.controllerAgent, let new = write.new, let stored = state.object(.rollouts, key),
                  let rollout = try? Rollout(json: stored) else { return }  // of another kind, or not ours to judge
            let scene = Scene(state: state, rollout: rollout)
            var problems: [String] = []
            switch write.resource {
            case .httpRoutes: problems = scene.emptyBackends(of: new)
            case .services: problems = scene.emptySelection(of: new, routes: cluster.programmedRoutes(of: rollout))
            case .replicaSets where write.verb == .update:
                problems = scene.scaling(from: write.old, to: new, routes: cluster.programmedRoutes(of: rollout))
            default: break
            }
            for problem in problems { found.append("seed \(seed), version \(write.resourceVersion), \(write.at.rfc3339): \(problem)") }
        }
    }

    /// The server's state around one Rollout.
    private struct Scene {
        let state: ServerState
        let rollout: Rollout

        func readyPods(ofRevision hash: String) -> Int {
            state.objects(of: .pods, namespace: rollout.metadata.namespace).filter { pod in
                guard pod.at("metadata", "labels", "rollouts-pod-template-hash")?.stringValue == hash, pod.at("metadata", "deletionTimestamp") == nil
                else { return false }
                return (pod.at("status", "conditions")?.arrayValue ?? []).contains { $0["type"] == "Ready" && $0["status"] == "True" }
            }.count
        }

        func revision(ofService name: String) -> String {
            state.object(.services, ObjectKey(namespace: rollout.metadata.namespace, name: name))?
                .at("spec", "selector", "rollouts-pod-template-hash")?.stringValue ?? ""
        }

        func emptyBackends(of route: JSONValue) -> [String] {
            guard let canary = rollout.spec.canary else { return [] }
            var problems: [String] = []
            for rule in route.at("spec", "rules")?.arrayValue ?? [] {
                for backend in rule["backendRefs"]?.arrayValue ?? [] {
                    guard let name = backend["name"]?.stringValue, [canary.stableService, canary.canaryService].contains(name),
                          (backend["weight"]?.intValue ?? 1) > 0 else { continue }
                    let hash: String = revision(ofService: name)
                    if hash.isEmpty || readyPods(ofRevision: hash) == 0 {
                        problems.append("weight \(backend["weight"]?.text() ?? "1") for \(name), whose revision \(hash) has no ready pod")
                    }
                }
            }
            return problems
        }

        func emptySelection(of service: JSONValue, routes: [ProgrammedRoute]) -> [String] {
            let name: String = service.at("metadata", "name")?.stringValue ?? ""
            let hash: String = service.at("spec", "selector", "rollouts-pod-template-hash")?.stringValue ?? ""
            guard readyPods(ofRevision: hash) == 0, routes.contains(where: { $0.sends(to: name) }) else { return [] }
            return ["service \(name) receives requests and now selects \(hash), which has no ready pod"]
        }

        func scaling(from old: JSONValue?, to new: JSONValue, routes: [ProgrammedRoute]) -> [String] {
            guard let before = old?.at("spec", "replicas")?.intValue, let after = new.at("spec", "replicas")?.intValue, after < before else { return [] }
            let name: String = new.at("metadata", "name")?.stringValue ?? ""
            let hash: String = new.at("metadata", "labels", "rollouts-pod-template-hash")?.stringValue ?? ""
            var problems: [String] = []
            if after == 0, let canary = rollout.spec.canary {
                for service in [canary.stableService, canary.canaryService] where !service.isEmpty && revision(ofService: service) == hash {
                    if routes.contains(where: { $0.sends(to: service) }) { problems.append("\(name) is scaled to 0 while \(service) sends requests to it") }
                }
            }
            // Counted as if the pods that are to go were gone already.
            var left: Int = 0
            var was: Int = 0
            for entry in state.objects(of: .replicaSets, namespace: rollout.metadata.namespace) {
                let owner: String? = entry.at("metadata", "ownerReferences")?[0]?["uid"]?.stringValue
                guard owner == rollout.metadata.uid else { continue }
                let revision: String = entry.at("metadata", "labels", "rollouts-pod-template-hash")?.stringValue ?? ""
                let ready: Int = readyPods(ofRevision: revision)
                let wanted: Int = entry.at("spec", "replicas")?.intValue ?? 1
                left += min(ready, wanted)
                was += min(ready, revision == hash ? before : wanted)
            }
            let floor: Int = rollout.spec.desiredReplicas - unavailable
            if left < min(floor, was) { problems.append("\(name) is scaled from \(before) to \(after), which leaves \(left) ready pods of at least \(floor)") }
            return problems
        }

        private var unavailable: Int {
            let total: Int = rollout.spec.desiredReplicas
            let written: IntOrPercent = rollout.spec.canary?.maxUnavailable ?? .percent("25%")
            let surge: IntOrPercent = rollout.spec.canary?.maxSurge ?? .percent("25%")
            let pods: Int = written.resolved(of: total, roundUp: false)
            return pods == 0 && surge.resolved(of: total, roundUp: true) == 0 ? 1 : pods
        }
    }
}

package extension SimulatedCluster {
    /// What the gateway does for the routes of a Rollout.
    func programmedRoutes(of rollout: Rollout) -> [ProgrammedRoute] {
        guard let routing = rollout.spec.canary?.trafficRouting else { return [] }
        return routing.httpRoutes.compactMap { programmedRoute(ObjectKey(namespace: routing.namespace ?? rollout.metadata.namespace, name: $0)) }
    }
}

package extension ProgrammedRoute {
    func sends(to service: String) -> Bool { rules.joined().contains { $0.name == service && $0.weight > 0 } }
}
