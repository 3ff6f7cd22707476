import Clockwork
import EmbeddedAPIServer
import KubeModel
import RolloutModel
import StrictJSON

/// The server's state around one Rollout, as it truly is.
struct TrueState {
    static let hashLabel: String = "rollouts-pod-template-hash"
    static let deadlineAnnotation: String = "scale-down-deadline"

    let state: ServerState
    let rollout: Rollout
    let replicaSets: [JSONValue]

    /// Nil when there is no such Rollout, or none that can be read.
    init?(_ state: ServerState, rollout key: ObjectKey) {
        // One that cannot be read is not ours to judge.
        guard let stored = state.object(.rollouts, key), let rollout = try? Rollout(json: stored) else { return nil }
        self.state = state
        self.rollout = rollout
        replicaSets = state.objects(of: .replicaSets, namespace: key.namespace).filter { entry in
            entry.at("metadata", "ownerReferences")?[0]?["uid"]?.stringValue == rollout.metadata.uid
        }
    }

    var namespace: String { rollout.metadata.namespace }
    var total: Int { rollout.spec.desiredReplicas }
    var canary: CanaryStrategy? { rollout.spec.canary }
    var blueGreen: BlueGreenStrategy? { rollout.spec.blueGreen }
    var isRouted: Bool { canary?.trafficRouting != nil }
    var image: String { Self.image(ofTemplate: rollout.spec.template.value) }

    static func image(ofTemplate template: JSONValue?) -> String {
        template?.at("spec", "containers")?[0]?["image"]?.stringValue ?? ""
    }

    static func hash(of object: JSONValue) -> String { object.at("metadata", "labels", hashLabel)?.stringValue ?? "" }
    static func name(of object: JSONValue) -> String { object.at("metadata", "name")?.stringValue ?? "" }
    static func wanted(_ replicaSet: JSONValue) -> Int { replicaSet.at("spec", "replicas")?.intValue ?? 1 }

    func replicaSet(ofRevision hash: String) -> JSONValue? { replicaSets.first { Self.hash(of: $0) == hash } }
    func image(ofRevision hash: String) -> String { Self.image(ofTemplate: replicaSet(ofRevision: hash)?.at("spec", "template")) }
    func wanted(ofRevision hash: String) -> Int { replicaSet(ofRevision: hash).map(Self.wanted) ?? 0 }

    static func isReady(_ pod: JSONValue) -> Bool {
        pod.at("metadata", "deletionTimestamp") == nil
            && (pod.at("status", "conditions")?.arrayValue ?? []).contains { $0["type"] == "Ready" && $0["status"] == "True" }
    }

    func pods(ofRevision hash: String? = nil) -> [JSONValue] {
        state.objects(of: .pods, namespace: namespace).filter { hash == nil || Self.hash(of: $0) == hash }
    }

    func readyPods(ofRevision hash: String) -> Int { pods(ofRevision: hash).filter(Self.isReady).count }

    /// The revision that a Service selects; empty when there is none.
    func revision(ofService name: String) -> String {
        state.object(.services, ObjectKey(namespace: namespace, name: name))?.at("spec", "selector", Self.hashLabel)?.stringValue ?? ""
    }

    /// The part of the traffic that a route gives to the canary Service, of `maxTrafficWeight`, in the rule that names it or the first.
    func canaryWeight(ofRoute route: JSONValue?) -> Int {
        guard let canary else { return 0 }
        for rule in route?.at("spec", "rules")?.arrayValue ?? [] {
            let backends: [JSONValue] = rule["backendRefs"]?.arrayValue ?? []
            guard let weight = backends.first(where: { $0["name"]?.stringValue == canary.canaryService }).map({ $0["weight"]?.intValue ?? 1 })
            else { continue }
            let sum: Int = backends.reduce(0) { $0 + ($1["weight"]?.intValue ?? 1) }
            return sum == 0 ? 0 : weight * canary.maxTrafficWeight / sum
        }
        return 0
    }

    /// Pods that may be missing, and pods that may be too many.
    func budget(total: Int) -> (unavailable: Int, surge: Int) {
        let quarter = IntOrPercent.percent("25%")
        let unavailable: Int = (canary?.maxUnavailable ?? quarter).resolved(of: total, roundUp: false)
        let surge: Int = (canary?.maxSurge ?? quarter).resolved(of: total, roundUp: true)
        return (unavailable == 0 && surge == 0 ? 1 : unavailable, surge)
    }
}
