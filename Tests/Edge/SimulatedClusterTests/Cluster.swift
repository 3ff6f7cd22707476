import Clockwork
import EmbeddedAPIServer
import KubeModel
import KubeYAML
import SimulatedCluster
import SimulatedTime
import StrictJSON
import Testing

/// Runs `body` beside a cluster of its own, in virtual time.
@discardableResult
func simulate<Result: Sendable>(
    seed: UInt64 = 1, definitions: [JSONValue] = [], settings: ClusterSettings = ClusterSettings(),
    _ body: @escaping @Sendable (SimulatedCluster, VirtualClock) async throws -> Result
) throws -> Result {
    let loop = SimulationLoop(seed: seed)
    let clock = VirtualClock(loop: loop)
    let result = try loop.run {
        let cluster = try await SimulatedCluster(clock: clock, seed: seed, definitions: definitions, settings: settings)
        return try await cluster.running { try await body($0, clock) }
    }
    #expect(loop.foreignJobs == 0, "something has escaped from the simulation")
    return result
}

/// Settings under which pods are ready exactly 0.6 s after they exist, as in the recorded traces.
var punctual: ClusterSettings {
    var settings = ClusterSettings()
    settings.readyDelay = .exactly(.milliseconds(600))
    return settings
}

func replicaSet(_ name: String = "web", replicas: Int, image: String = "web:v1", minReadySeconds: Int = 0, hash: String = "h1") -> JSONValue {
    let labels: JSONValue = ["app": "web", "rollouts-pod-template-hash": .string(hash)]
    return [
        "apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": ["name": .string(name)],
        "spec": [
            "replicas": JSONValue(replicas), "minReadySeconds": JSONValue(minReadySeconds), "selector": ["matchLabels": labels],
            "template": ["metadata": ["labels": labels], "spec": ["containers": [["name": "web", "image": .string(image)]]]],
        ],
    ]
}

func service(_ name: String, selector: JSONValue = ["app": "web"]) -> JSONValue {
    [
        "apiVersion": "v1", "kind": "Service", "metadata": ["name": .string(name)],
        "spec": ["selector": selector, "ports": [["port": 80, "targetPort": 8080]]],
    ]
}

extension ServerState {
    func replicaSet(_ name: String = "web") -> ReplicaSet? {
        // A test that looks for something else than a ReplicaSet under this name finds nothing, and fails.
        object(.replicaSets, ObjectKey(namespace: "default", name: name)).flatMap { try? ReplicaSet(json: $0) }
    }
}
