import Clockwork
import ControllerKit
import KubeClient
import KubeModel
import Logging
import StrictJSON

/// Moves pods from one template to the next by way of ReplicaSets: the Deployment controller of kube-controller-manager.
///
/// Its steps are decided by `DeploymentRound`; here they are observed and done.
final class DeploymentTwin: Sendable {
    static let name: String = "deployment-controller"

    private let caches: WorkloadCaches
    private let client: KubeClient
    private let clock: any ControlClock
    let publisher: EventPublisher
    let barrier = WriteBarrier()
    let queue: WorkQueue

    init(caches: WorkloadCaches, client: KubeClient, clock: any ControlClock, logger: Logger) {
        self.caches = caches
        self.client = client
        self.clock = clock
        publisher = EventPublisher(component: Self.name, client: client, clock: clock, logger: logger)
        queue = WorkQueue(clock: clock)
        let queue: WorkQueue = queue
        caches.deployments.onChange { queue.add($0.key) }
        caches.replicaSets.onChange { change in
            for entry in [change.old, change.new] {
                guard let metadata = entry?.metadata else { continue }
                if let owner = metadata.controller {
                    if owner.kind == "Deployment" { queue.add(ObjectKey(namespace: metadata.namespace, name: owner.name)) }
                } else {
                    for deployment in caches.deployments.list(index: WorkloadCaches.Index.namespace, value: metadata.namespace)
                    where deployment.selector.matches(metadata.labels) { queue.add(deployment.key) }
                }
            }
        }
        caches.pods.onChange { change in
            // Who recreates waits for the last old pod to be gone.
            guard change.new == nil, let owner = change.old?.metadata.controller, owner.kind == "ReplicaSet",
                let replicaSet = caches.replicaSets.get(ObjectKey(namespace: change.key.namespace, name: owner.name)),
                let deployment = replicaSet.metadata.controller, deployment.kind == "Deployment"
            else { return }
            queue.add(ObjectKey(namespace: change.key.namespace, name: deployment.name))
        }
    }

    func reconcile(_ key: ObjectKey) async -> Outcome {
        guard let deployment = caches.deployments.get(key) else {
            barrier.forget(key)
            return .settled
        }
        let plan = DeploymentRound.decide(
            deployment, caches.replicaSets.list(index: WorkloadCaches.Index.namespace, value: key.namespace),
            hasPods: { uid in
                caches.pods.list(index: WorkloadCaches.Index.owner, value: uid).contains { $0.phase != .succeeded && $0.phase != .failed }
            },
            now: clock.now)
        do throws(KubeError) {
            try await apply(plan, to: deployment)
            return plan.wakeAt.map { .wake(at: $0) } ?? .settled
        } catch {
            return Outcome(after: error)
        }
    }

    private func apply(_ plan: DeploymentPlan, to deployment: SimulatedDeployment) async throws(KubeError) {
        if !plan.adoptions.isEmpty {
            // The cache may not know yet that the Deployment is gone: what it adopted then would be deleted after it.
            let fresh = try await client.get(.deployments, namespace: deployment.metadata.namespace, name: deployment.metadata.name)
            let isThere = fresh.at("metadata", "uid")?.stringValue == deployment.metadata.uid && fresh.at("metadata", "deletionTimestamp") == nil
            guard isThere else { return }
        }
        for orphan in plan.adoptions { try await adopt(orphan, by: deployment) }
        if let draft = plan.creation {
            do throws(KubeError) {
                expect(try await client.create(.replicaSets, namespace: deployment.metadata.namespace, draft.json), draft.metadata.name, deployment)
            } catch .alreadyExists {
                return try await avoid(draft, deployment)
            }
        }
        for set in plan.changes { try await change(set, of: deployment) }
        for metadata in plan.deletions {
            do throws(KubeError) {
                try await client.delete(
                    .replicaSets, namespace: metadata.namespace, name: metadata.name, preconditions: Preconditions(uid: metadata.uid))
            } catch .notFound {
                // Somebody else was faster.
            }
        }
        for message in plan.scalings { publish(message, about: deployment) }
        try await write(plan, to: deployment)
    }

    private func adopt(_ orphan: ObjectMeta, by deployment: SimulatedDeployment) async throws(KubeError) {
        let owner = OwnerReference(apiVersion: "apps/v1", kind: "Deployment", name: deployment.metadata.name, uid: deployment.metadata.uid)
        let stored = try await client.patch(.replicaSets, namespace: orphan.namespace, name: orphan.name, .merge([
            "metadata": ["ownerReferences": .array(orphan.ownerReferences.map(\.json) + [owner.json]), "uid": .string(orphan.uid)]
        ]))
        expect(stored, orphan.name, deployment)
    }

    /// The name is taken: by a ReplicaSet that the cache does not know yet, or by another one, and then the next hash is another.
    private func avoid(_ draft: SimulatedReplicaSet, _ deployment: SimulatedDeployment) async throws(KubeError) {
        let namespace = deployment.metadata.namespace
        let taken = try await client.get(.replicaSets, namespace: namespace, name: draft.metadata.name)
        do {
            let found = try SimulatedReplicaSet(json: taken)
            // Its own, or one that it will adopt as soon as the cache knows that nobody controls it.
            let isOwn = found.metadata.controller.map { $0.uid == deployment.metadata.uid } ?? true
            if isOwn, !found.metadata.isBeingDeleted, found.template.isSemanticallyEqual(to: draft.template, ignoringLabels: [podTemplateHash]) {
                expect(taken, draft.metadata.name, deployment)
                return queue.add(deployment.key)
            }
        } catch {
            // One that cannot be read is another one for sure.
        }
        var status = deployment.status
        status.collisionCount = (status.collisionCount ?? 0) + 1
        try await store(["status": status.json], of: deployment)
    }

    private func change(_ set: SimulatedReplicaSet, of deployment: SimulatedDeployment) async throws(KubeError) {
        // Annotations are only ever added here, so that a merge patch says it all.
        let stored = try await client.patch(.replicaSets, namespace: set.metadata.namespace, name: set.metadata.name, .merge([
            "metadata": ["annotations": JSONValue(set.metadata.annotations), "uid": .string(set.metadata.uid)],
            "spec": ["replicas": JSONValue(set.size), "minReadySeconds": set.minReadySeconds == 0 ? .null : JSONValue(set.minReadySeconds)],
        ]))
        expect(stored, set.metadata.name, deployment)
    }

    private func write(_ plan: DeploymentPlan, to deployment: SimulatedDeployment) async throws(KubeError) {
        let isRevisionKnown = deployment.metadata.annotations[DeploymentAnnotation.revision] ?? "" == plan.revision
        if plan.status == deployment.status, isRevisionKnown { return }
        var patch: JSONValue = ["status": plan.status.json]
        // With the status, since a change of annotations alone would count as a new generation.
        if !isRevisionKnown { patch.set(.string(plan.revision), at: ["metadata", "annotations", DeploymentAnnotation.revision]) }
        try await store(patch, of: deployment)
    }

    private func store(_ patch: JSONValue, of deployment: SimulatedDeployment) async throws(KubeError) {
        let stored = try await client.patch(
            .deployments, namespace: deployment.metadata.namespace, name: deployment.metadata.name, subresource: "status", .merge(patch))
        barrier.expect(
            stored.at("metadata", "resourceVersion")?.stringValue ?? "", of: deployment.key, in: caches.deployments, for: deployment.key,
            now: clock.now)
    }

    private func expect(_ stored: JSONValue, _ name: String, _ deployment: SimulatedDeployment) {
        barrier.expect(
            stored.at("metadata", "resourceVersion")?.stringValue ?? "",
            of: ObjectKey(namespace: deployment.metadata.namespace, name: name), in: caches.replicaSets, for: deployment.key, now: clock.now)
    }

    private func publish(_ message: String, about deployment: SimulatedDeployment) {
        publisher.publish(PublishedEvent(
            about: ObjectReference(
                kind: GroupVersionKind(group: "apps", version: "v1", kind: "Deployment"), key: deployment.key, uid: deployment.metadata.uid,
                resourceVersion: deployment.metadata.resourceVersion), kind: .normal, reason: "ScalingReplicaSet",
            message: message))
    }
}

extension SimulatedReplicaSet {
    /// As it is created.
    fileprivate var json: JSONValue {
        var spec: JSONValue = ["replicas": JSONValue(size), "selector": base.selector.json, "template": template.raw]
        if base.minReadySeconds > 0 { spec["minReadySeconds"] = JSONValue(base.minReadySeconds) }
        return [
            "apiVersion": "apps/v1", "kind": "ReplicaSet",
            "metadata": [
                "name": .string(metadata.name), "namespace": .string(metadata.namespace), "labels": JSONValue(metadata.labels),
                "annotations": JSONValue(metadata.annotations), "ownerReferences": .array(metadata.ownerReferences.map(\.json)),
            ],
            "spec": spec,
        ]
    }
}
