import Clockwork
import Delivery
import KubeModel
import StrictJSON

/// What happens in the cluster without the controller: pods, runs, the gateway.
extension ModelCluster {
    /// Pods come and go as far as the script lets them.
    mutating func runPods() {
        guard !podsAreHeld else { return }
        for name in replicaSets.keys.sorted() {
            guard let object = replicaSets[name] else { continue }
            let want: Int = object.at("spec", "replicas")?.intValue ?? 1
            let available: Int = min(want, podLimit[image(ofReplicaSet: name)] ?? want)
            var status: JSONValue = object["status"] ?? .object([:])
            status["replicas"] = .number(JSONNumber(want))
            status["readyReplicas"] = .number(JSONNumber(available))
            status["availableReplicas"] = .number(JSONNumber(available))
            status["observedGeneration"] = object.at("metadata", "generation")
            replicaSets[name] = patched(object, ["status": status])
        }
    }

    /// New runs begin; runs that are told to stop do so.
    mutating func runRuns() {
        for name in runs.keys.sorted() {
            guard let run = runs[name] else { continue }
            let phase: String? = run.at("status", "phase")?.stringValue
            if run.at("spec", "terminate")?.boolValue == true, phase == nil || ["Running", "Pending"].contains(phase) {
                runs[name] = patched(run, ["status": ["phase": "Successful", "message": "Run Terminated"]])
            } else if phase == nil && !runsAreHeld {
                runs[name] = patched(run, ["status": ["phase": "Running"]])
            }
        }
    }

    /// The gateway takes up every route and says so in its status.
    mutating func runGateway() {
        for name in routes.keys.sorted() {
            guard let route = routes[name], let parents = route.at("spec", "parentRefs")?.arrayValue else { continue }
            let generation: JSONValue = route.at("metadata", "generation") ?? 1
            let reports: [JSONValue] = parents.map { parent in
                let isRefused: Bool = gatewayRefusal != nil
                let accepted: JSONValue = [
                    "type": "Accepted", "status": isRefused ? "False" : "True", "reason": isRefused ? "Refused" : "Accepted",
                    "message": .string(gatewayRefusal ?? ""), "observedGeneration": generation,
                ]
                let resolved: JSONValue = ["type": "ResolvedRefs", "status": "True", "reason": "ResolvedRefs", "message": "", "observedGeneration": generation]
                return ["parentRef": parent, "controllerName": "example.com/gateway", "conditions": [accepted, resolved]]
            }
            routes[name] = patched(route, ["status": ["parents": .array(reports)]])
            if gatewayRefusal == nil { programmed[name] = route.at("spec", "rules") }
        }
    }

    /// Names of the ready pods that a Service selects.
    func endpoints(of service: String) -> Set<String> {
        let selector: JSONObject = services[service]?.at("spec", "selector")?.objectValue ?? JSONObject()
        var pods: Set<String> = []
        for name in replicaSets.keys {
            let labels: JSONValue = replicaSets[name]?.at("spec", "template", "metadata", "labels") ?? .object([:])
            guard selector.keys.allSatisfy({ labels[$0] == selector[$0] }) else { continue }
            for index in 0..<available(replicaSet: name) { pods.insert("\(name)-\(index)") }
        }
        return pods
    }

    func available(replicaSet name: String) -> Int {
        min(replicaSets[name]?.at("status", "availableReplicas")?.intValue ?? 0, replicaSets[name]?.at("spec", "replicas")?.intValue ?? 0)
    }

    /// Backends that the gateway gives requests to and that have no ready pod: what users would see as errors.
    func darkRoutes() -> [String] {
        var dark: [String] = []
        for name in programmed.keys.sorted() {
            for rule in programmed[name]?.arrayValue ?? [] {
                for backend in rule["backendRefs"]?.arrayValue ?? [] where (backend["weight"]?.intValue ?? 1) > 0 {
                    let service: String = backend["name"]?.stringValue ?? ""
                    if endpoints(of: service).isEmpty { dark.append("route \(name) sends requests to \(service), which has no ready pod") }
                }
            }
        }
        return dark
    }

    // MARK: Names for people

    /// `v2` of an image `web:v2`.
    func image(ofReplicaSet name: String) -> String {
        let image: String = replicaSets[name]?.at("spec", "template", "spec", "containers")?[0]?["image"]?.stringValue ?? name
        return image.split(separator: ":").last.map(String.init) ?? image
    }

    func version(ofReplicaSet name: String) -> String { image(ofReplicaSet: name) }

    func version(ofHash hash: String) -> String {
        for name in replicaSets.keys.sorted() where replicaSets[name]?.at("metadata", "labels", Keys.podHash)?.stringValue == hash {
            return image(ofReplicaSet: name)
        }
        return hash.isEmpty ? "-" : hash
    }

    /// A run's name with the hash written as a version.
    func runName(_ name: String) -> String {
        for replicaSet in replicaSets.keys {
            let hash: String = replicaSets[replicaSet]?.at("metadata", "labels", Keys.podHash)?.stringValue ?? ""
            if !hash.isEmpty, let range = name.range(of: hash) { return name.replacing(range, with: image(ofReplicaSet: replicaSet)) }
        }
        return name
    }

    struct NamedWeight: Sendable, Equatable {
        var name: String
        var weight: Int?
        var text: String { weight.map(String.init) ?? "-" }
    }

    /// The backends of a route's first rule.
    static func weights(of route: JSONValue) -> [NamedWeight] {
        (route.at("spec", "rules")?[0]?["backendRefs"]?.arrayValue ?? []).map {
            NamedWeight(name: $0["name"]?.stringValue ?? "", weight: $0["weight"]?.intValue)
        }
    }
}

extension String {
    /// The range of the first occurrence of a text.
    func range(of text: String) -> Range<String.Index>? { firstRange(of: text) }

    func replacing(_ range: Range<String.Index>, with text: String) -> String {
        var copy = self
        copy.replaceSubrange(range, with: text)
        return copy
    }
}
