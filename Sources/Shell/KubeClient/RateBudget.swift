import Clockwork
import Synchronization

/// How many requests may be sent, so that a busy controller stays a good guest of the API server.
///
/// Reads and writes have a bucket each: writes never wait behind lists. A safety write never waits at all; it borrows
/// from the writes that come later. Requests of the lease are not counted.
public final class RateBudget: Sendable {
    /// Which bucket a request draws from.
    public enum Kind: Sendable, Hashable, CaseIterable { case read, write }

    /// Whether a request may wait.
    public enum Priority: Sendable, Hashable {
        case normal
        /// Takes traffic or pods away from a bad version: it goes at once.
        case safety
    }

    private struct Buckets: Sendable {
        var read: TokenBucket
        var write: TokenBucket

        subscript(kind: Kind) -> TokenBucket {
            get { kind == .read ? read : write }
            set { if kind == .read { read = newValue } else { write = newValue } }
        }
    }

    /// Nil: unlimited.
    private let buckets: Mutex<Buckets?>

    /// A budget per kind. The defaults are those of Argo Rollouts' `--qps` and `--burst`, which there cover both kinds together.
    public init(perSecond: Int = 40, burst: Int = 80) {
        let bucket = TokenBucket(perSecond: perSecond, burst: burst)
        buckets = Mutex(Buckets(read: bucket, write: bucket))
    }

    private init(buckets: Buckets?) { self.buckets = Mutex(buckets) }

    /// For a server in the same process, which needs no protection.
    public static let unlimited = RateBudget(buckets: nil)

    /// Takes one request's share, and waits until it is due.
    ///
    /// - Returns: how long it waited.
    func acquire(_ kind: Kind, _ priority: Priority, clock: any ControlClock) async throws(KubeError) -> Duration {
        let now = clock.now
        let wait = buckets.withLock { $0?[kind].take(now: now) } ?? .zero
        guard priority == .normal, wait > .zero else { return .zero }
        do {
            try await clock.sleep(until: now + wait, tolerance: nil)
        } catch {
            // Cancelled while waiting: the share goes back to those behind.
            buckets.withLock { $0?[kind].giveBack() }
            throw .cancelled
        }
        return wait
    }
}

/// A token bucket, kept as the instant at which it is full again: whole nanoseconds, no rounding, no refill loop.
struct TokenBucket: Sendable {
    private let interval: Duration
    private let tolerance: Duration
    private var fullAt: Timestamp?

    /// `burst` requests at once, then `perSecond`. Both are at least one.
    init(perSecond: Int, burst: Int) {
        interval = .nanoseconds(1_000_000_000 / Int64(max(1, perSecond)))
        tolerance = interval * (max(1, burst) - 1)
    }

    /// Takes a token.
    ///
    /// - Returns: how long to wait before using it.
    mutating func take(now: Timestamp) -> Duration {
        let base = fullAt.map { max($0, now) } ?? now
        fullAt = base + interval
        return max(.zero, now.duration(to: base) - tolerance)
    }

    mutating func giveBack() { fullAt = fullAt.map { $0 - interval } }
}
