public import Clockwork
import Synchronization
#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// The time of this machine. The only place of the project that reads a real clock or really sleeps.
public struct SystemClock: ControlClock {
    public typealias Duration = Swift.Duration

    /// Sleeps are cut into pieces no longer than this, so that a clock that is set, or a machine that was suspended, is noticed.
    private static let longestNap: Duration = .seconds(30)

    /// All copies tell the same time.
    private static let steady = Mutex(SteadyTime())

    /// The clock of this machine.
    public init() {}

    public var now: Timestamp {
        // Read inside the lock: two threads must not bring readings out of order.
        Timestamp(nanosecondsSince1970: Self.steady.withLock { steady in
            steady.now(wall: Self.nanoseconds(CLOCK_REALTIME), elapsed: Self.nanoseconds(CLOCK_BOOTTIME))
        })
    }

    public var minimumResolution: Duration { .nanoseconds(1) }

    public func sleep(until deadline: Timestamp, tolerance: Duration?) async throws {
        while true {
            try Task.checkCancellation()
            let rest = now.duration(to: deadline)
            if rest <= .zero { return }
            try await Task.sleep(for: min(rest, Self.longestNap), tolerance: tolerance)
        }
    }

    private static func nanoseconds(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}

/// Wall time by which short spans can be measured too, such as the age of a lease.
///
/// When the wall clock is set forward it follows at once. When it is set back by a little it runs one percent slow until the
/// two agree again, so that it never says that a lease is younger than it is by more than that. When it is set
/// back by a lot it follows at once: whoever leads then sees that its lease has an age that cannot be, and stops.
struct SteadyTime: Sendable {
    /// One minute: what time synchronisation corrects in normal operation is far below.
    static let tolerated: Int64 = 60_000_000_000

    private var last: (reading: Int64, elapsed: Int64)?

    /// The time, from the wall clock and from the time since the machine was started, both in nanoseconds.
    mutating func now(wall: Int64, elapsed: Int64) -> Int64 {
        guard let last else {
            self.last = (wall, elapsed)
            return wall
        }
        let span = max(0, elapsed - last.elapsed)
        let steady = last.reading + span
        let isBehind = wall < steady && steady - wall <= Self.tolerated
        let reading = isBehind ? max(wall, steady - span / 100) : wall
        self.last = (reading, max(elapsed, last.elapsed))
        return reading
    }
}
