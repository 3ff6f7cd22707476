import Clockwork
import ControllerKit
import KubeClient
import KubeModel
import Logging

/// What the simulated parts know of the cluster. They share caches as the parts of kube-controller-manager do.
struct WorkloadCaches: Sendable {
    enum Index {
        /// UID of the controlling owner.
        static let owner: String = "owner"
        static let namespace: String = "namespace"
        /// `namespace/name` of the Service.
        static let service: String = "service"
    }

    let pods = ObjectStore<SimulatedPod>(indexes: [
        Index.owner: { $0.metadata.controller.map { [$0.uid] } ?? [] },
        Index.namespace: { [$0.metadata.namespace] },
    ])
    let replicaSets = ObjectStore<SimulatedReplicaSet>(indexes: [Index.namespace: { [$0.metadata.namespace] }])
    let deployments = ObjectStore<SimulatedDeployment>(indexes: [Index.namespace: { [$0.metadata.namespace] }])
    let jobs = ObjectStore<SimulatedJob>()
    let services = ObjectStore<Service>(indexes: [Index.namespace: { [$0.metadata.namespace] }])
    let slices = ObjectStore<SimulatedSlice>(indexes: [Index.service: { $0.service.map { [$0] } ?? [] }])
    let routes = ObjectStore<HTTPRoute>()
    let gateways = ObjectStore<SimulatedGateway>()
    let gatewayClasses = ObjectStore<SimulatedGatewayClass>()
    /// Whether the API server has the kinds of Gateway API.
    let hasGateways: Bool

    /// Follows the server until the task is cancelled.
    func run(client: KubeClient, clock: any ControlClock, seed: UInt64, logger: Logger) async {
        func follow<Model: ReadModel>(_ store: ObjectStore<Model>, _ number: UInt64) async {
            await Reflector(into: store, client: client, clock: clock, seed: seed &+ number, logger: logger).run()
        }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await follow(pods, 1) }
            group.addTask { await follow(replicaSets, 2) }
            group.addTask { await follow(services, 3) }
            group.addTask { await follow(slices, 4) }
            group.addTask { await follow(deployments, 8) }
            group.addTask { await follow(jobs, 9) }
            guard hasGateways else { return }
            group.addTask { await follow(routes, 5) }
            group.addTask { await follow(gateways, 6) }
            group.addTask { await follow(gatewayClasses, 7) }
        }
    }
}
