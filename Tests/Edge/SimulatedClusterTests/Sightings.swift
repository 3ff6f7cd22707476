import EmbeddedAPIServer
import KubeModel
import SimulatedCluster
import StrictJSON
import Synchronization

/// The most pods that were wanted, and the fewest that were ready, over all writes.
final class Extremes: Sendable {
    private let state = Mutex((most: 0, least: Int.max))

    var mostWanted: Int { state.withLock { $0.most } }
    var leastReady: Int { state.withLock { $0.least } }

    func note(_ server: ServerState) {
        let wanted = server.objects(of: .replicaSets).reduce(0) { $0 + ($1.at("spec", "replicas")?.intValue ?? 0) }
        let ready = pods(of: server).count { $0.isReady && !$0.metadata.isBeingDeleted }
        state.withLock { $0 = (max($0.most, wanted), min($0.least, ready)) }
    }
}

/// Moments at which pods of more than one image were there.
final class Images: Sendable {
    private let state = Mutex<[[String]]>([])

    var mixtures: [[String]] { state.withLock { $0 } }

    func note(_ server: ServerState) {
        let images = Set(pods(of: server).map(\.image)).sorted()
        if images.count > 1 { state.withLock { $0.append(images) } }
    }
}

private func pods(of server: ServerState) -> [SimulatedPod] {
    // All pods are made by the twins.
    server.objects(of: .pods).compactMap { try? SimulatedPod(json: $0) }
}

/// The largest of some numbers.
final class Most: Sendable {
    private let state = Mutex(0)

    var value: Int { state.withLock { $0 } }

    func note(_ number: Int) { state.withLock { $0 = max($0, number) } }
}
