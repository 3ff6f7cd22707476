import Clockwork
import ControllerKit
import KubeClient
import KubeModel
import StrictJSON
import Synchronization

/// Lets pods start, become ready, fail and go: scheduler and kubelet of all nodes in one.
final class KubeletTwin: Sendable {
    static let name: String = "kubelet"
    /// Held by pods until their termination is over.
    static let finalizer: String = "simulated-cluster/kubelet"

    private struct Known: Sendable {
        var startedAt: Timestamp
        var delay: Duration
        var address: String
        var deletionSeenAt: Timestamp?
    }

    private struct State: Sendable {
        /// By UID.
        var pods: [String: Known] = [:]
        var readiness: [ObjectKey: Bool] = [:]
        var behaviours: [String: PodBehaviour] = [:]
        var addresses = 0
    }

    private let state = Mutex(State())
    private let caches: WorkloadCaches
    private let client: KubeClient
    private let clock: any ControlClock
    private let seed: UInt64
    private let settings: ClusterSettings
    let barrier = WriteBarrier()
    let queue: WorkQueue

    init(caches: WorkloadCaches, client: KubeClient, clock: any ControlClock, seed: UInt64, settings: ClusterSettings) {
        self.caches = caches
        self.client = client
        self.clock = clock
        self.seed = seed
        self.settings = settings
        queue = WorkQueue(clock: clock)
        let queue: WorkQueue = queue
        caches.pods.onChange { [weak self] change in
            if let old = change.old?.metadata, change.new?.metadata.uid != old.uid { self?.forget(old) }
            queue.add(change.key)
        }
    }

    private func forget(_ metadata: ObjectMeta) {
        state.withLock { state in
            state.pods[metadata.uid] = nil
            state.readiness[metadata.key] = nil
        }
        barrier.forget(metadata.key)
    }

    /// Orders a pod to be ready or not, once it runs; nil: as its image has it.
    func setReadiness(_ isReady: Bool?, of key: ObjectKey) {
        state.withLock { $0.readiness[key] = isReady }
        queue.add(key)
    }

    /// Says what becomes of the pods of `image`, also of those that exist; nil: as its tag says.
    func setBehaviour(_ behaviour: PodBehaviour?, ofImage image: String) {
        state.withLock { $0.behaviours[image] = behaviour }
        for pod in caches.pods.list() where pod.image == image { queue.add(pod.key) }
    }

    func reconcile(_ key: ObjectKey) async -> Outcome {
        guard let pod = caches.pods.get(key) else { return .settled }
        let now = clock.now
        do throws(KubeError) {
            if pod.metadata.isBeingDeleted { return try await terminate(pod, now: now) }
            guard pod.isActive else { return .settled }
            let (life, address) = life(of: pod, now: now)
            let (stage, wakeAt) = life.stage(at: now)
            if stage != pod.stage {
                let stored = try await client.patch(
                    .pods, namespace: key.namespace, name: key.name, subresource: "status",
                    .merge(pod.status(at: stage, startedAt: life.startedAt, address: address, now: now)))
                barrier.expect(stored.at("metadata", "resourceVersion")?.stringValue ?? "", of: key, in: caches.pods, for: key, now: now)
            }
            return wakeAt.map { .wake(at: $0) } ?? .settled
        } catch {
            return Outcome(after: error)
        }
    }

    private func life(of pod: SimulatedPod, now: Timestamp) -> (PodLife, address: String) {
        let attempt = failures(beside: pod)
        let isFirst = state.withLock { $0.addresses == 0 }
        let used = isFirst ? usedAddresses : 0
        return state.withLock { state in
            let behaviour = state.behaviours[pod.image] ?? PodBehaviour(image: pod.image, settings: settings)
            if state.pods[pod.metadata.uid] == nil {
                if state.addresses == 0 { state.addresses = used }
                state.addresses += 1
                let address = "10.244.\(state.addresses >> 8 & 255).\(state.addresses & 255)"
                // One that a kubelet before this one has taken up goes on as it was.
                state.pods[pod.metadata.uid] = Known(startedAt: pod.startTime ?? now, delay: drawn(settings.readyDelay, pod), address: address)
            }
            let known = state.pods[pod.metadata.uid] ?? Known(startedAt: now, delay: .zero, address: "")
            var delay = known.delay
            if case .ready(after: let given?) = behaviour { delay = given }
            var life = PodLife(behaviour: behaviour, startedAt: known.startedAt, delay: delay, readiness: state.readiness[pod.key])
            life.run = PodRun(of: pod, behaviour, duration: drawn(settings.runDuration, pod), attempt: attempt)
            return (life, pod.address.isEmpty ? known.address : pod.address)
        }
    }

    /// How many pods of the same owner have failed.
    private func failures(beside pod: SimulatedPod) -> Int {
        guard pod.restartPolicy != "Always", let owner = pod.metadata.controller else { return 0 }
        return caches.pods.list(index: WorkloadCaches.Index.owner, value: owner.uid).count { $0.phase == .failed }
    }

    /// The highest number among the addresses of pods that another kubelet has started.
    private var usedAddresses: Int {
        caches.pods.list().map { pod in
            let parts = pod.address.split(separator: ".").compactMap { Int($0) }
            return parts.count == 4 ? parts[2] << 8 | parts[3] : 0
        }.max() ?? 0
    }

    /// From the seed and the name alone, so that it does not depend on what else happens.
    private func drawn(_ range: DelayRange, _ pod: SimulatedPod) -> Duration {
        var random = SeededGenerator(seed: seed ^ FNV.fnv1a64(pod.key.description.utf8))
        return range.draw(using: &random)
    }

    private func terminate(_ pod: SimulatedPod, now: Timestamp) async throws(KubeError) -> Outcome {
        guard pod.metadata.finalizers.contains(Self.finalizer) else { return .settled }
        let since = state.withLock { state in
            let since = state.pods[pod.metadata.uid]?.deletionSeenAt ?? now
            state.pods[pod.metadata.uid, default: Known(startedAt: now, delay: .zero, address: pod.address)].deletionSeenAt = since
            return since
        }
        if now < since + settings.terminationDelay { return .wake(at: since + settings.terminationDelay) }
        let kept = pod.metadata.finalizers.filter { $0 != Self.finalizer }
        _ = try await client.patch(
            .pods, namespace: pod.metadata.namespace, name: pod.metadata.name,
            // The version as well: what somebody else has taken off the list must not come back.
            .merge(["metadata": ["finalizers": kept.isEmpty ? .null : JSONValue(kept), "resourceVersion": .string(pod.metadata.resourceVersion)]]))
        return .settled
    }
}
