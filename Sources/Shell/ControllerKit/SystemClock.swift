public import Clockwork
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

    /// The clock of this machine.
    public init() {}

    public var now: Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(nanosecondsSince1970: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
    }

    public var minimumResolution: Duration { .nanoseconds(1) }

    public func sleep(until deadline: Timestamp, tolerance: Duration?) async throws {
        while true {
            let rest = now.duration(to: deadline)
            if rest <= .zero { return try Task.checkCancellation() }
            try await Task.sleep(for: min(rest, Self.longestNap), tolerance: tolerance)
        }
    }
}
