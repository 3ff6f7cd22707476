import Clockwork
import Controllers
import Delivery
import EmbeddedAPIServer
import KubeClient
import KubeModel
import Logging
import MetricProviders
import RolloutModel
import SimulatedCluster
import SimulatedTime
import StrictJSON

/// A routed canary in a simulated cluster, looked after by the production controllers.
struct CanaryWorld: Sendable {
    static let key = ObjectKey(namespace: "default", name: "my-app")
    private static let agent: String = "sluice-controller"

    let cluster: SimulatedCluster
    let controllers: ControllerSet
    let clock: VirtualClock

    /// Runs `body` in a world of its own, on this thread.
    static func run<Result: Sendable>(
        hooks: ControllerHooks = ControllerHooks(), _ body: @escaping @Sendable (CanaryWorld) async throws -> Result
    ) throws -> Result {
        let loop = SimulationLoop(seed: 1)
        let clock = VirtualClock(loop: loop)
        return try loop.run {
            let cluster = try await SimulatedCluster(
                clock: clock, seed: 1, definitions: RolloutDefinitions.all.map(\.document) + GatewayAPIDefinitions.all)
            return try await cluster.running { cluster in
                let controllers = ControllerSet(
                    settings: ControllerSettings(seed: 1), client: cluster.client(userAgent: agent), providers: MetricProviderSet([:]),
                    clock: clock, logger: Logger(label: "benchmark") { _ in SwiftLogNoOpLogHandler() }, hooks: hooks)
                return try await withThrowingTaskGroup(of: Result?.self) { group in
                    group.addTask {
                        await controllers.runCaches()
                        return nil
                    }
                    group.addTask {
                        await controllers.runControllers()
                        return nil
                    }
                    group.addTask { try await body(CanaryWorld(cluster: cluster, controllers: controllers, clock: clock)) }
                    defer { group.cancelAll() }
                    while let outcome = try await group.next() {
                        if let outcome { return outcome }
                    }
                    throw CancellationError()
                }
            }
        }
    }

    /// Everything that a user applies, with a pod template of 8 KB, and the first version everywhere.
    func begin(steps: [JSONValue]) async throws {
        for object in cluster.gatewayObjects(name: "production-gateway") { try await cluster.apply(object) }
        for name in ["my-app", "my-app-canary"] {
            try await cluster.apply([
                "apiVersion": "v1", "kind": "Service", "metadata": ["name": .string(name)],
                "spec": ["selector": ["app": "my-app"], "ports": [["port": 80]]],
            ])
        }
        try await cluster.apply([
            "apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute", "metadata": ["name": "my-app-route"],
            "spec": [
                "parentRefs": [["name": "production-gateway"]],
                "rules": [["backendRefs": [["name": "my-app", "port": 80], ["name": "my-app-canary", "port": 80, "weight": 0]]]],
            ],
        ])
        try await cluster.apply([
            "apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "metadata": ["name": "my-app"],
            "spec": [
                "replicas": 10, "selector": ["matchLabels": ["app": "my-app"]],
                "strategy": ["canary": [
                    "stableService": "my-app", "canaryService": "my-app-canary", "steps": .array(steps),
                    "trafficRouting": ["plugins": ["argoproj-labs/gatewayAPI": ["httpRoute": "my-app-route"]]],
                ]],
                "template": ["metadata": ["labels": ["app": "my-app"]], "spec": SampleObjects.podSpec("my-app", 0)],
            ],
        ])
        try await wait { $0.status.phase == .healthy && $0.status.availableReplicas == 10 }
    }

    /// `kubectl set image`.
    func release() async throws {
        let kubectl: KubeClient = cluster.client(userAgent: "kubectl")
        _ = try await kubectl.patch(.rollouts, namespace: Self.key.namespace, name: Self.key.name, .json(JSONPatch([
            .replace(JSONPointer(tokens: ["spec", "template", "spec", "containers", "0", "image"]), "registry.example.com/shop/my-app/app:2.0.0"),
        ])))
    }

    /// Waits until the stored Rollout is as wanted.
    func wait(until isTrue: @escaping @Sendable (Rollout) -> Bool) async throws {
        try await cluster.waitUntil("the rollout", timeout: .seconds(3600), polling: .seconds(1)) { state in
            // One that cannot be read is not what was waited for.
            guard let stored = state.object(.rollouts, Self.key), let rollout = try? Rollout(json: stored) else { return false }
            return rollout.status.observedGeneration == "\(rollout.metadata.generation)" && isTrue(rollout)
        }
    }

    /// The controller's requests so far, watches, events and the lists that begin watches aside.
    func requests() async -> Int {
        await cluster.server.requestCounts.reduce(0) { sum, entry in
            let isCounted: Bool = entry.key.userAgent == Self.agent && !["watch", "list"].contains(entry.key.verb) && entry.key.resource != .events
            return sum + (isCounted ? entry.count : 0)
        }
    }
}
