import Clockwork
import Synchronization

/// How many requests may be sent, so that a busy controller stays a good guest of the API server.
///
/// Reads, writes and events have a bucket each: writes never wait behind lists, nor behind what is told about them. A safety
/// write never waits at all; it borrows from the writes that come later. Requests of the lease are not counted.
///
/// The buckets are a brake for what goes wrong, not the pace: how much is too much the server knows, by its priorities and
/// fairness. When it says so, everything but safety writes and the lease waits for as long as it asks.
public final class RateBudget: Sendable {
    /// Which bucket a request draws from.
    public enum Kind: Sendable, Hashable, CaseIterable { case read, write, event }

    /// Whether a request may wait.
    public enum Priority: Sendable, Hashable {
        case normal
        /// Takes traffic or pods away from a bad version: it goes at once.
        case safety
    }

    private struct Buckets: Sendable {
        var read: TokenBucket
        var write: TokenBucket
        var event: TokenBucket

        subscript(kind: Kind) -> TokenBucket {
            get {
                switch kind {
                case .read: read
                case .write: write
                case .event: event
                }
            }
            set {
                switch kind {
                case .read: read = newValue
                case .write: write = newValue
                case .event: event = newValue
                }
            }
        }
    }

    /// Nil: unlimited.
    private let buckets: Mutex<Buckets?>
    /// Until when the server has asked us to wait.
    private let held = Mutex<Timestamp?>(nil)

    /// What `--qps` and `--burst` are when nobody sets them. Argo Rollouts' 40 and 80 are less than a hundred Rollouts need that
    /// are updated at once.
    public static let defaultPerSecond: Int = 200
    public static let defaultBurst: Int = 1000

    /// How long to wait after a refusal that does not say it, as client-go.
    static let defaultHold: Duration = .seconds(1)

    /// A budget per kind.
    public init(perSecond: Int = defaultPerSecond, burst: Int = defaultBurst) {
        let bucket = TokenBucket(perSecond: perSecond, burst: burst)
        buckets = Mutex(Buckets(read: bucket, write: bucket, event: bucket))
    }

    private init(buckets: Buckets?) { self.buckets = Mutex(buckets) }

    /// For a server in the same process, which needs no protection.
    public static let unlimited = RateBudget(buckets: nil)

    /// Takes one request's share, and waits until it is due.
    ///
    /// - Returns: how long it waited.
    func acquire(_ kind: Kind, _ priority: Priority, clock: any ControlClock) async throws(KubeError) -> Duration {
        let now = clock.now
        let due = buckets.withLock { $0?[kind].take(now: now) } ?? .zero
        let asked: Duration = held.withLock { $0 }.map { now.duration(to: $0) } ?? .zero
        let wait: Duration = max(due, asked)
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

extension RateBudget {
    /// The server has more than it can do: nobody asks for anything before `duration` is over.
    func hold(for duration: Duration?, now: Timestamp) {
        // Without limits there is one budget for everybody, and no server that needs protection.
        guard buckets.withLock({ $0 != nil }) else { return }
        let until: Timestamp = now + (duration ?? Self.defaultHold)
        held.withLock { $0 = max($0 ?? until, until) }
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
