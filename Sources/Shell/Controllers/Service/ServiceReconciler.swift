import Clockwork
import ControllerKit
import Delivery
import KubeClient
import KubeModel
import Logging
import RolloutModel
import Safety
import StrictJSON

/// Frees Services that no Rollout manages any more: otherwise they would select the pods of one revision for ever.
///
/// Only Services that carry our annotation are touched, and only after the API server itself has said that their Rollout is
/// gone or names them no longer; the cache may not know Rollouts of another instance.
struct ServiceReconciler: Sendable {
    let caches: ClusterCaches
    let client: KubeClient
    let barrier: WriteBarrier
    let refusalLog: RefusalLog
    let clock: any ControlClock
    let logger: Logger
    let guards: SafetyGuards

    func reconcile(_ key: ObjectKey) async -> Outcome {
        guard let service = caches.services.get(key), !service.metadata.isBeingDeleted,
              let manager = service.metadata.annotations[Keys.managedBy] else { return .settled }
        // At a start all Services may be listed before the Rollouts that name them.
        guard caches.rollouts.list(index: ClusterCaches.Index.service, value: key.description).isEmpty else { return .settled }
        do throws(KubeError) {
            guard try await !isManaged(service, by: manager) || !guards.have(.managedService) else { return .settled }
            let change: JSONValue = [
                "metadata": [
                    "resourceVersion": .string(service.metadata.resourceVersion), "annotations": .object([Keys.managedBy: .null]),
                ],
                "spec": ["selector": .object([Keys.podHash: .null])],
            ]
            let answer: JSONValue = try await client.patch(.services, namespace: key.namespace, name: key.name, .merge(change))
            barrier.expect(
                answer.at("metadata", "resourceVersion")?.stringValue ?? "", of: key, in: caches.services, for: key, now: clock.now)
            logger.info("freed, its rollout is gone or names it no longer", metadata: ["service": "\(key)", "rollout": "\(manager)"])
            return .settled
        } catch .forbidden(let verb, let resource, let status) {
            // Nobody is left whose condition could tell of it.
            refusalLog.tell(
                .forbidden(verb: verb, resource: resource, status: status),
                "refused; Services that no rollout manages any more keep selecting one revision", ["service": "\(key)"])
            return .wake(at: clock.now + RefusalLog.retryInterval)
        } catch {
            return Outcome(after: error)
        }
    }

    private func isManaged(_ service: Service, by manager: String) async throws(KubeError) -> Bool {
        let stored: JSONValue
        do throws(KubeError) {
            stored = try await client.get(.rollouts, namespace: service.metadata.namespace, name: manager)
        } catch .notFound {
            return false
        }
        // Read leniently: a Rollout whose spec is wrong still names its Services, blue-green ones included.
        let strategy: JSONValue = stored.at("spec", "strategy") ?? .null
        let names: [String?] = [
            strategy.at("canary", "stableService")?.stringValue, strategy.at("canary", "canaryService")?.stringValue,
            strategy.at("canary", "pingPong", "pingService")?.stringValue, strategy.at("canary", "pingPong", "pongService")?.stringValue,
            strategy.at("blueGreen", "activeService")?.stringValue, strategy.at("blueGreen", "previewService")?.stringValue,
        ]
        return names.contains(service.metadata.name)
    }
}
