import Clockwork
import ControllerKit
import KubeClient
import KubeModel
import StrictJSON
import Synchronization

/// Keeps as many pods as each ReplicaSet wants, and counts them: the ReplicaSet controller of kube-controller-manager.
///
/// It knows pods by their owner only; pods that nobody owns are not adopted.
final class ReplicaSetTwin: Sendable {
    static let name: String = "replicaset-controller"

    private struct State: Sendable {
        var random: SeededGenerator
        /// UIDs of pods whose deletion was asked for and is not in the cache yet.
        var doomed: Set<String> = []
        /// How many pods a namespace may have.
        var quotas: [String: Int] = [:]
    }

    private let state: Mutex<State>
    private let caches: WorkloadCaches
    private let client: KubeClient
    private let clock: any ControlClock
    private let settings: ClusterSettings
    let barrier = WriteBarrier()
    let queue: WorkQueue

    init(caches: WorkloadCaches, client: KubeClient, clock: any ControlClock, random: SeededGenerator, settings: ClusterSettings) {
        self.caches = caches
        self.client = client
        self.clock = clock
        self.settings = settings
        queue = WorkQueue(clock: clock)
        state = Mutex(State(random: random))
        let queue: WorkQueue = queue
        caches.replicaSets.onChange { queue.add($0.key) }
        caches.pods.onChange { [weak self] change in
            if change.new == nil || change.new?.model?.metadata.isBeingDeleted ?? false, let uid = change.old?.metadata.uid {
                self?.state.withLock { _ = $0.doomed.remove(uid) }
            }
            guard let owner = (change.new ?? change.old)?.metadata.controller, owner.kind == "ReplicaSet" else { return }
            queue.add(ObjectKey(namespace: change.key.namespace, name: owner.name))
        }
    }

    /// From now on pods beyond `limit` are refused in `namespace`, as by a ResourceQuota; nil for no limit.
    func setQuota(_ limit: Int?, namespace: String) {
        state.withLock { $0.quotas[namespace] = limit }
        for replicaSet in caches.replicaSets.list(index: WorkloadCaches.Index.namespace, value: namespace) { queue.add(replicaSet.key) }
    }

    func reconcile(_ key: ObjectKey) async -> Outcome {
        guard let replicaSet = caches.replicaSets.get(key) else {
            barrier.forget(key)
            return .settled
        }
        let now = clock.now
        let doomed = state.withLock { $0.doomed }
        let pods = caches.pods.list(index: WorkloadCaches.Index.owner, value: replicaSet.metadata.uid)
            .filter { $0.isActive && !doomed.contains($0.metadata.uid) }
        var failure: (reason: String, error: KubeError)?
        do throws(KubeError) {
            if !replicaSet.metadata.isBeingDeleted {
                let wanted = replicaSet.replicas ?? 1
                for created in 0..<max(0, wanted - pods.count) { try await createPod(of: replicaSet, beside: created) }
                for pod in pods.sorted(by: Self.goesBefore).prefix(max(0, pods.count - wanted)) { try await delete(pod, for: key) }
            }
        } catch {
            if error == .cancelled { return .settled }
            failure = (pods.count < replicaSet.replicas ?? 1 ? "FailedCreate" : "FailedDelete", error)
        }
        do throws(KubeError) {
            try await writeStatus(of: replicaSet, pods, failure: failure, now: now)
        } catch {
            return Outcome(after: error)
        }
        if let failure { return .retry(after: nil, cause: failure.error.description) }
        let seconds = replicaSet.minReadySeconds
        let wakes = pods.compactMap(\.readySince).map { $0 + .seconds(seconds) }.filter { $0 > now }
        return wakes.min().map { .wake(at: $0) } ?? .settled
    }

    /// - Parameter others: pods that were created just now, and are not in the cache yet.
    private func createPod(of replicaSet: SimulatedReplicaSet, beside others: Int) async throws(KubeError) {
        let namespace = replicaSet.metadata.namespace
        let (name, quota) = state.withLock { state in
            ("\(replicaSet.metadata.name)-\(FNV.randomSuffix(using: &state.random))", state.quotas[namespace])
        }
        let used = caches.pods.list(index: WorkloadCaches.Index.namespace, value: namespace).count + others
        if let quota, used >= quota {
            let text = "pods \"\(name)\" is forbidden: exceeded quota: pods, requested: pods=1, used: pods=\(used), limited: pods=\(quota)"
            throw .forbidden(verb: "create", resource: "pods", status: APIStatus(code: 403, reason: "Forbidden", message: text))
        }
        let template = replicaSet.template.raw
        var metadata: JSONValue = ["name": .string(name), "namespace": .string(namespace)]
        metadata["labels"] = template.at("metadata", "labels")
        metadata["annotations"] = template.at("metadata", "annotations")
        metadata["ownerReferences"] = [
            OwnerReference(apiVersion: "apps/v1", kind: "ReplicaSet", name: replicaSet.metadata.name, uid: replicaSet.metadata.uid).json
        ]
        // The real server keeps a deleted pod until its kubelet lets go of it; here a finalizer does.
        if settings.terminationDelay > .zero { metadata["finalizers"] = [.string(KubeletTwin.finalizer)] }
        let pod: JSONValue = ["apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template["spec"] ?? [:]]
        let stored = try await client.create(.pods, namespace: namespace, pod)
        barrier.expect(
            stored.at("metadata", "resourceVersion")?.stringValue ?? "", of: ObjectKey(namespace: namespace, name: name), in: caches.pods,
            for: replicaSet.key, now: clock.now)
    }

    private func delete(_ pod: SimulatedPod, for key: ObjectKey) async throws(KubeError) {
        state.withLock { _ = $0.doomed.insert(pod.metadata.uid) }
        do throws(KubeError) {
            try await client.delete(.pods, namespace: pod.metadata.namespace, name: pod.metadata.name, preconditions: Preconditions(uid: pod.metadata.uid))
        } catch {
            if case .notFound = error { return }
            state.withLock { _ = $0.doomed.remove(pod.metadata.uid) }
            throw error
        }
    }

    /// Who is deleted first: pods that wait for a node, then those that are not ready, then those that became ready last.
    ///
    /// - SeeAlso: Kubernetes, `ActivePodsWithRanks`.
    private static func goesBefore(_ left: SimulatedPod, _ right: SimulatedPod) -> Bool {
        func rank(_ pod: SimulatedPod) -> Int { pod.isReady ? 2 : pod.phase == .running ? 1 : 0 }
        if rank(left) != rank(right) { return rank(left) < rank(right) }
        if let first = left.readySince, let second = right.readySince, first != second { return first > second }
        if left.restarts != right.restarts { return left.restarts > right.restarts }
        if let first = left.metadata.creationTimestamp, let second = right.metadata.creationTimestamp, first != second { return first > second }
        return left.metadata.name < right.metadata.name
    }

    private func writeStatus(
        of replicaSet: SimulatedReplicaSet, _ pods: [SimulatedPod], failure: (reason: String, error: KubeError)?, now: Timestamp
    ) async throws(KubeError) {
        let old = replicaSet.status
        var new = old
        new.replicas = pods.count
        new.readyReplicas = pods.count(where: \.isReady)
        new.availableReplicas = pods.count { pod in
            pod.readySince.map { replicaSet.minReadySeconds == 0 || $0 + .seconds(replicaSet.minReadySeconds) <= now } ?? pod.isReady
        }
        new.observedGeneration = replicaSet.metadata.generation
        new.conditions.removeAll { $0.type == "ReplicaFailure" }
        if let failure {
            let condition = Condition(
                type: "ReplicaFailure", status: "True", reason: failure.reason, message: failure.error.description, lastTransitionTime: now)
            // The message names a pod that never was: one name is as good as the other.
            let known = old.conditions.condition("ReplicaFailure").flatMap { $0.reason == failure.reason ? $0 : nil }
            new.conditions.append(known ?? condition)
        }
        guard new != old else { return }
        func count(_ number: Int) -> JSONValue { number == 0 ? .null : JSONValue(number) }
        let status: JSONValue = [
            "replicas": JSONValue(new.replicas), "fullyLabeledReplicas": count(new.replicas), "readyReplicas": count(new.readyReplicas),
            "availableReplicas": count(new.availableReplicas), "observedGeneration": JSONValue(new.observedGeneration),
            "conditions": new.conditions.isEmpty ? .null : .array(new.conditions.map(\.json)),
        ]
        let stored = try await client.patch(
            .replicaSets, namespace: replicaSet.metadata.namespace, name: replicaSet.metadata.name, subresource: "status",
            .merge(["status": status]))
        barrier.expect(
            stored.at("metadata", "resourceVersion")?.stringValue ?? "", of: replicaSet.key, in: caches.replicaSets, for: replicaSet.key,
            now: clock.now)
    }
}
