import Clockwork
import Controllers
import ControllerKit
import Synchronization

/// Whether the process lives, and whether it is ready.
final class ProcessHealth: Sendable {
    /// For how long keys may wait without any round coming to its end before the workers count as stuck.
    static let patience: Duration = .seconds(300)

    /// The role of this process among its replicas.
    enum Role: Sendable { case follower, leader }

    /// A question's answer: what is wrong, nothing when all is well.
    typealias Complaints = [String]

    private struct State: Sendable {
        var role = Role.follower
        var leaderSince: Timestamp?
        var pagesServed: Set<String> = []
        var lastRound: Timestamp?
        var rounds: Int = 0
    }

    private let state = Mutex(State())
    private let expectedPages: Set<String>

    init(expecting pages: Set<String>) { expectedPages = pages }

    func isServed(_ page: String) { state.withLock { _ = $0.pagesServed.insert(page) } }

    func take(_ role: Role, at instant: Timestamp) {
        state.withLock { state in
            state.role = role
            state.leaderSince = role == .leader ? instant : nil
        }
    }

    func noteRound(at instant: Timestamp) {
        state.withLock { state in
            state.lastRound = instant
            state.rounds += 1
        }
    }

    /// How many rounds have ended so far.
    var rounds: Int { state.withLock { $0.rounds } }

    var role: Role { state.withLock { $0.role } }

    /// For the liveness probe: what only a restart can mend.
    func lifeComplaints(_ queues: [(name: String, queue: WorkQueue)], elector: LeaderElector?, now: Timestamp) -> Complaints {
        let (leaderSince, lastRound) = state.withLock { ($0.leaderSince, $0.lastRound) }
        // A follower has no workers whose rounds could end.
        guard let leaderSince else { return [] }
        var complaints: Complaints = []
        if let elector, !elector.isLeading { complaints.append("the lease is not renewed") }
        let quietSince = max(lastRound ?? leaderSince, leaderSince)
        for (name, queue) in queues {
            guard let oldest = queue.statistics.oldestReadySince, max(oldest, quietSince) + Self.patience < now else { continue }
            complaints.append("no round of the \(name) controller has ended since \(max(oldest, quietSince).rfc3339), and objects wait")
        }
        return complaints
    }

    /// For the readiness probe.
    ///
    /// Of what may not be read only the Rollouts themselves count: without them nothing can be done, nor told in a condition.
    func readinessComplaints(_ caches: ClusterCaches, elector: LeaderElector?) -> Complaints {
        let (role, served) = state.withLock { ($0.role, $0.pagesServed) }
        var complaints: Complaints = expectedPages.subtracting(served).sorted().map { "\($0) is not served yet" }
        // A follower is ready to take over whatever its caches hold.
        if role == .leader, !caches.areReady { complaints.append("the caches are not complete yet") }
        if let right = caches.rollouts.missingRight {
            complaints.append("may not \(right): \(right.remedy)" + (right.namespace.isEmpty ? ", or run with --namespaced" : ""))
        }
        if let right = elector?.missingRight { complaints.append("cannot lead, may not \(right): \(right.remedy)") }
        return complaints
    }
}
