import Clockwork
import ControllerKit
import KubeClient
import KubeModel
import Logging
import StrictJSON
import Synchronization

/// Runs pods to their end, again where they fail: the Job and TTL controllers of kube-controller-manager.
///
/// Its steps are decided by `JobRound`; here they are observed and done. Indexed Jobs run like others: their pods have no index.
final class JobTwin: Sendable {
    static let name: String = "job-controller"
    /// Held by pods that are not counted yet.
    static let finalizer: String = "batch.kubernetes.io/job-tracking"

    private let caches: WorkloadCaches
    private let client: KubeClient
    private let clock: any ControlClock
    private let random: Mutex<SeededGenerator>
    private let settings: ClusterSettings
    let publisher: EventPublisher
    let barrier = WriteBarrier()
    let queue: WorkQueue

    init(
        caches: WorkloadCaches, client: KubeClient, clock: any ControlClock, random: SeededGenerator, settings: ClusterSettings, logger: Logger
    ) {
        self.caches = caches
        self.client = client
        self.clock = clock
        self.random = Mutex(random)
        self.settings = settings
        publisher = EventPublisher(component: Self.name, client: client, clock: clock, logger: logger)
        queue = WorkQueue(clock: clock)
        let queue: WorkQueue = queue
        caches.jobs.onChange { queue.add($0.key) }
        caches.pods.onChange { change in
            guard let owner = (change.new ?? change.old)?.metadata.controller, owner.kind == "Job" else { return }
            queue.add(ObjectKey(namespace: change.key.namespace, name: owner.name))
        }
    }

    func reconcile(_ key: ObjectKey) async -> Outcome {
        let named = caches.pods.list(index: WorkloadCaches.Index.namespace, value: key.namespace).filter {
            $0.metadata.controller?.kind == "Job" && $0.metadata.controller?.name == key.name
        }
        do throws(KubeError) {
            guard let job = caches.jobs.get(key) else {
                // Pods must not outlive a Job for want of somebody who counts them.
                for pod in named where pod.isTracked { try await release(pod.metadata, for: key) }
                barrier.forget(key)
                return .settled
            }
            let plan = JobRound.decide(job, named.filter { $0.metadata.isControlled(byUID: job.metadata.uid) }, now: clock.now)
            try await apply(plan, to: job)
            return plan.wakeAt.map { .wake(at: $0) } ?? .settled
        } catch {
            return Outcome(after: error)
        }
    }

    private func apply(_ plan: JobPlan, to job: SimulatedJob) async throws(KubeError) {
        if plan.isOver {
            return try await client.delete(
                .jobs, namespace: job.metadata.namespace, name: job.metadata.name, preconditions: Preconditions(uid: job.metadata.uid),
                propagation: .background)
        }
        for pod in plan.releases { try await release(pod, for: job.key) }
        for pod in plan.deletions { try await end(pod, of: job) }
        for _ in 0..<plan.creations { try await start(job) }
        if plan.status != job.status {
            let stored = try await client.patch(
                .jobs, namespace: job.metadata.namespace, name: job.metadata.name, subresource: "status", .merge(["status": plan.status.json]))
            barrier.expect(
                stored.at("metadata", "resourceVersion")?.stringValue ?? "", of: job.key, in: caches.jobs, for: job.key, now: clock.now)
        }
        for note in plan.notes { publish(note.isWarning ? .warning : .normal, note.reason, note.message, about: job) }
    }

    private func start(_ job: SimulatedJob) async throws(KubeError) {
        let namespace = job.metadata.namespace
        let name = "\(job.metadata.name)-\(random.withLock { FNV.randomSuffix(using: &$0) })"
        var metadata: JSONValue = ["name": .string(name), "namespace": .string(namespace)]
        metadata["labels"] = job.template.raw.at("metadata", "labels")
        metadata["annotations"] = job.template.raw.at("metadata", "annotations")
        metadata["ownerReferences"] = [
            OwnerReference(apiVersion: "batch/v1", kind: "Job", name: job.metadata.name, uid: job.metadata.uid).json
        ]
        // The real server keeps a deleted pod until its kubelet lets go of it; here a finalizer does.
        metadata["finalizers"] = settings.terminationDelay > .zero ? [.string(Self.finalizer), .string(KubeletTwin.finalizer)] : [.string(Self.finalizer)]
        let pod: JSONValue = ["apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": job.template.raw["spec"] ?? [:]]
        expect(try await client.create(.pods, namespace: namespace, pod), name, job.key)
        publish(.normal, "SuccessfulCreate", "Created pod: \(name)", about: job)
    }

    private func end(_ pod: ObjectMeta, of job: SimulatedJob) async throws(KubeError) {
        try await release(pod, for: job.key)
        do throws(KubeError) {
            try await client.delete(.pods, namespace: pod.namespace, name: pod.name, preconditions: Preconditions(uid: pod.uid))
        } catch .notFound {
            return
        }
        publish(.normal, "SuccessfulDelete", "Deleted pod: \(pod.name)", about: job)
    }

    private func release(_ pod: ObjectMeta, for key: ObjectKey) async throws(KubeError) {
        guard pod.finalizers.contains(Self.finalizer) else { return }
        let kept = pod.finalizers.filter { $0 != Self.finalizer }
        // The version as well: somebody else's finalizer must not come back.
        let stored: JSONValue
        do throws(KubeError) {
            stored = try await client.patch(.pods, namespace: pod.namespace, name: pod.name, .merge([
                "metadata": [
                    "finalizers": kept.isEmpty ? .null : JSONValue(kept), "uid": .string(pod.uid), "resourceVersion": .string(pod.resourceVersion),
                ]
            ]))
        } catch .notFound {
            return
        }
        // One that was only kept by it is gone now; the version is that of its removal, which the cache learns of otherwise.
        if stored.at("metadata", "deletionTimestamp") == nil || !kept.isEmpty { expect(stored, pod.name, key) }
    }

    private func expect(_ stored: JSONValue, _ name: String, _ key: ObjectKey) {
        barrier.expect(
            stored.at("metadata", "resourceVersion")?.stringValue ?? "", of: ObjectKey(namespace: key.namespace, name: name),
            in: caches.pods, for: key, now: clock.now)
    }

    private func publish(_ kind: PublishedEvent.Kind, _ reason: String, _ message: String, about job: SimulatedJob) {
        publisher.publish(PublishedEvent(
            about: ObjectReference(
                kind: GroupVersionKind(group: "batch", version: "v1", kind: "Job"), key: job.key, uid: job.metadata.uid,
                resourceVersion: job.metadata.resourceVersion),
            kind: kind, reason: reason, message: message))
    }
}
