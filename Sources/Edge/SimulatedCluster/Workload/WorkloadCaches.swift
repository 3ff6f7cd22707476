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
    let replicaSets = ObjectStore<ReplicaSet>(indexes: [Index.namespace: { [$0.metadata.namespace] }])

    /// Follows the server until the task is cancelled.
    func run(client: KubeClient, clock: any ControlClock, seed: UInt64, logger: Logger) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await Reflector(into: pods, client: client, clock: clock, seed: seed, logger: logger).run() }
            group.addTask { await Reflector(into: replicaSets, client: client, clock: clock, seed: seed &+ 1, logger: logger).run() }
        }
    }
}
