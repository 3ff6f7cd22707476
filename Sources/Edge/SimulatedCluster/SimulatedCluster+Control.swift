public import Clockwork
public import EmbeddedAPIServer
public import KubeClient
import KubeModel
import ControllerKit

/// Something that was waited for did not happen in time.
public struct WaitTimedOut: Error, Sendable, CustomStringConvertible {
    /// What was waited for.
    public let what: String
    public let at: Timestamp
    public let timeout: Duration

    public var description: String { "\(what) did not happen within \(GoDuration(timeout)), until \(at.rfc3339)" }
}

extension SimulatedCluster {
    /// Waits until `isTrue` of what is stored. It is asked now, after each write, and each second, since some answers change with time.
    ///
    /// - Parameter what: for the message, such as `the rollout is healthy`.
    /// - Throws: `WaitTimedOut`, or `CancellationError`.
    public func waitUntil(
        _ what: String = "the condition", timeout: Duration = .seconds(3600), polling: Duration = .seconds(1),
        _ isTrue: @Sendable (ServerState) -> Bool
    ) async throws {
        let deadline = clock.now + timeout
        while true {
            try Task.checkCancellation()
            let write = journal.nextWrite
            if isTrue(await server.state) { return }
            let now = clock.now
            guard now < deadline else { throw WaitTimedOut(what: what, at: now, timeout: timeout) }
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await write.wait() }
                group.addTask { [clock] in
                    // Cancelled: by the write, or with the whole wait; the loop looks again either way.
                    try? await clock.sleep(until: min(deadline, now + polling), tolerance: nil)
                }
                await group.next()
                group.cancelAll()
            }
        }
    }

    /// Lets virtual time pass.
    public func sleep(_ duration: Duration) async throws { try await clock.sleep(until: clock.now + duration, tolerance: nil) }

    /// Lets everything happen that happens at this instant: caches follow, controllers react. Takes a nanosecond.
    public func settle() async throws { try await sleep(.nanoseconds(1)) }

    // MARK: Pods

    /// The pods that are stored now, by namespace and name, optionally of one namespace and one revision.
    public func pods(namespace: String? = nil, revision: String? = nil) async -> [SimulatedPod] {
        // Pods that somebody else has malformed are nobody's business here.
        await server.objects(of: .pods, namespace: namespace).compactMap { try? SimulatedPod(json: $0) }
            .filter { revision == nil || $0.revision == revision }
    }

    /// The pods by revision.
    public func podsByRevision(namespace: String) async -> [String: [SimulatedPod]] {
        Dictionary(grouping: await pods(namespace: namespace), by: \.revision)
    }

    /// Says what becomes of the pods of `image`, also of those that exist; nil: as its tag says.
    public func setBehaviour(_ behaviour: PodBehaviour?, ofImage image: String) { kubelet.setBehaviour(behaviour, ofImage: image) }

    /// Makes the selected pods ready or not; nil: as their image has it.
    public func setReadiness(_ isReady: Bool?, ofPods isSelected: @Sendable (SimulatedPod) -> Bool) async {
        for pod in await pods() where isSelected(pod) { kubelet.setReadiness(isReady, of: pod.key) }
    }

    /// Deletes the selected pods, as somebody with kubectl would.
    public func deletePods(_ isSelected: @Sendable (SimulatedPod) -> Bool) async throws(KubeError) {
        let client = client(userAgent: "kubectl")
        for pod in await pods() where pod.isActive && isSelected(pod) {
            try await client.delete(.pods, namespace: pod.metadata.namespace, name: pod.metadata.name)
        }
    }

    /// From now on pods beyond `limit` are refused in `namespace`, as by a ResourceQuota; nil for no limit.
    public func setPodQuota(_ limit: Int?, namespace: String) { replicaSets.setQuota(limit, namespace: namespace) }
}
