import Clockwork
import Delivery
import KubeModel
import RolloutModel
import StrictJSON
import Synchronization

/// Statuses that were decided and not written yet, because they only count pods or record weights. They ride along with the
/// next write that matters, or are written when they have waited for long enough.
///
/// Decisions are made from what is held as if it were stored. If this process ends before it is written, the next one is where
/// it would be after an end between a route and its status: it reads pods and weights from where they are.
final class HeldStatuses: Sendable {
    /// How long a status is held: longer than a gateway needs to accept a weight as a rule, short enough for who looks on.
    static let patience: Duration = .seconds(2)

    private struct Held {
        var status: RolloutStatus
        /// The Rollout from which it was decided.
        var uid: String
        var version: String
        /// As stored then.
        var storedWeights: TrafficWeights?
        var until: Timestamp
    }

    private let entries = Mutex<[ObjectKey: Held]>([:])

    /// The status to decide from. When somebody has written since, only the weights that we know better are left of it.
    func present(_ rollout: Rollout) -> RolloutStatus {
        guard let held = entries.withLock({ $0[rollout.key] }), held.uid == rollout.metadata.uid else { return rollout.status }
        if held.version == rollout.metadata.resourceVersion { return held.status }
        guard rollout.status.weights == held.storedWeights else { return rollout.status }
        var status: RolloutStatus = rollout.status
        status.weights = held.status.weights
        return status
    }

    /// Holds a status.
    ///
    /// - Parameter rollout: as it is stored.
    /// - Returns: when it has to be written; nil: now, since something was held for as long as it may.
    func hold(_ status: RolloutStatus, of rollout: Rollout, now: Timestamp) -> Timestamp? {
        entries.withLock { entries in
            let until: Timestamp = entries[rollout.key].flatMap { $0.uid == rollout.metadata.uid ? $0.until : nil } ?? now + Self.patience
            guard now < until else { return nil }
            entries[rollout.key] = Held(
                status: status, uid: rollout.metadata.uid, version: rollout.metadata.resourceVersion, storedWeights: rollout.status.weights,
                until: until)
            return until
        }
    }

    /// It is stored, or of no interest any more.
    func forget(_ key: ObjectKey) { entries.withLock { $0[key] = nil } }
}
