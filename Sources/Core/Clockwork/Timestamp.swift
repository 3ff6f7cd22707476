/// An instant: nanoseconds since 1970-01-01T00:00:00Z, without leap seconds, as Unix counts.
///
/// It reaches from 1677-09-21 to 2262-04-11. Arithmetic that would leave this range stops at its ends, since deadlines are
/// computed from what users write.
public struct Timestamp: Sendable, Hashable, Comparable, InstantProtocol {
    /// Differences between instants.
    public typealias Duration = Swift.Duration

    /// Nanoseconds since 1970, negative before.
    public var nanosecondsSince1970: Int64

    /// The instant so many nanoseconds after 1970 began.
    public init(nanosecondsSince1970: Int64) { self.nanosecondsSince1970 = nanosecondsSince1970 }

    /// The instant so many seconds after 1970 began; the end of the range if it lies beyond.
    public init(secondsSince1970: Int64) {
        self.init(nanosecondsSince1970: Int64(clamping: Int128(secondsSince1970) * 1_000_000_000))
    }

    /// 1970-01-01T00:00:00Z.
    public static let epoch = Timestamp(nanosecondsSince1970: 0)
    /// The last instant that can be told.
    public static let distantFuture = Timestamp(nanosecondsSince1970: .max)
    /// The first instant that can be told.
    public static let distantPast = Timestamp(nanosecondsSince1970: .min)

    /// Whole seconds since 1970, rounded down.
    public var secondsSince1970: Int64 {
        let (quotient, remainder) = nanosecondsSince1970.quotientAndRemainder(dividingBy: 1_000_000_000)
        return remainder < 0 ? quotient - 1 : quotient
    }

    /// Nanoseconds within the second, 0...999_999_999.
    var nanosecondOfSecond: Int64 {
        let remainder = nanosecondsSince1970 % 1_000_000_000
        return remainder < 0 ? remainder + 1_000_000_000 : remainder
    }

    /// The beginning of the second that this instant lies in, as status fields store it.
    public var truncatedToSeconds: Timestamp { Timestamp(secondsSince1970: secondsSince1970) }

    /// This instant, moved by `duration`.
    public func advanced(by duration: Duration) -> Timestamp {
        Timestamp(nanosecondsSince1970: Int64(clamping: Int128(nanosecondsSince1970) + duration.wideNanoseconds))
    }

    /// How long it is from here to `other`; negative if that lies before.
    public func duration(to other: Timestamp) -> Duration {
        // In two parts, since the difference of two instants may not fit one Int64 of nanoseconds.
        .seconds(other.secondsSince1970 - secondsSince1970) + .nanoseconds(other.nanosecondOfSecond - nanosecondOfSecond)
    }

    /// Whether `left` lies before `right`.
    public static func < (left: Timestamp, right: Timestamp) -> Bool { left.nanosecondsSince1970 < right.nanosecondsSince1970 }

    /// `instant`, moved by `duration`.
    public static func + (instant: Timestamp, duration: Duration) -> Timestamp { instant.advanced(by: duration) }

    /// `instant`, moved back by `duration`.
    public static func - (instant: Timestamp, duration: Duration) -> Timestamp { instant.advanced(by: .zero - duration) }

    /// How long it is from `earlier` to `later`.
    public static func - (later: Timestamp, earlier: Timestamp) -> Duration { earlier.duration(to: later) }

    /// Moves the instant by `duration`.
    public static func += (instant: inout Timestamp, duration: Duration) { instant = instant + duration }

    /// Moves the instant back by `duration`.
    public static func -= (instant: inout Timestamp, duration: Duration) { instant = instant - duration }
}

extension Duration {
    /// Nanoseconds, rounded towards zero; the end of the range of `Int64` (292 years) if there are more.
    public var saturatedNanoseconds: Int64 { Int64(clamping: wideNanoseconds) }

    /// Nanoseconds, rounded towards zero.
    var wideNanoseconds: Int128 {
        let (seconds, attoseconds) = components
        return Int128(seconds) * 1_000_000_000 + Int128(attoseconds / 1_000_000_000)
    }

    /// Seconds as a fraction, for metrics and reports; not for arithmetic on time.
    public var inSeconds: Double {
        let (seconds, attoseconds) = components
        return Double(seconds) + Double(attoseconds) / 1e18
    }
}
