import Clockwork

/// Instants and durations. All of it is UTC: a value holds no zone.
extension Builtin {
    static let time: [Builtin] = [
        Builtin("now", [], gives: .time) { (_, budget) throws(Fault) in
            guard let now = budget.now else { throw Fault("now() is not known here: the expression is evaluated without a clock") }
            return .time(nanoseconds: now)
        },
        Builtin("duration", [.string], gives: .duration) { (arguments, _) throws(Fault) in
            let text = String(decoding: try arguments.bytes(0), as: UTF8.self)
            do throws(GoDurationError) {
                let parts = try GoDuration(parsing: text).duration.components
                return .duration(nanoseconds: parts.seconds &* 1_000_000_000 &+ parts.attoseconds / 1_000_000_000)
            } catch {
                throw Fault(error.description)
            }
        },
        Builtin("date", [.string], gives: .time) { (arguments, _) throws(Fault) in
            .time(nanoseconds: try TimeText.date(String(decoding: try arguments.bytes(0), as: UTF8.self)))
        },
    ]
}

enum TimeText {
    static func rfc3339(_ nanoseconds: Int64) -> String { Timestamp(nanosecondsSince1970: nanoseconds).rfc3339 }

    /// A day, a day and a time with a blank between them, or RFC 3339 in UTC.
    static func date(_ text: String) throws(Fault) -> Int64 {
        var spelling: String = text
        let bytes = Array(text.utf8)
        if bytes.count == 10 { spelling += "T00:00:00Z" }
        if bytes.count == 19, bytes[10] == UInt8(ascii: " ") { spelling = text.replacingOccurrence(at: 10, with: "T") + "Z" }
        let time: Timestamp
        do throws(TimestampError) { time = try Timestamp(rfc3339: spelling) } catch { throw Fault("invalid date \(text)") }
        guard spelling.hasSuffix("Z") || spelling.hasSuffix("z") else {
            throw Fault("the date \(text) has a zone, which is not supported yet: write it in UTC, with a Z at its end")
        }
        return time.nanosecondsSince1970
    }
}

extension String {
    /// The same text with one ASCII byte replaced.
    fileprivate func replacingOccurrence(at index: Int, with byte: Unicode.Scalar) -> String {
        var bytes = Array(utf8)
        bytes[index] = UInt8(ascii: byte)
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// Methods of times and durations, by name.
enum TimeMethod: String, Sendable {
    case hours = "Hours", minutes = "Minutes", seconds = "Seconds"
    case milliseconds = "Milliseconds", microseconds = "Microseconds", nanoseconds = "Nanoseconds"
    case year = "Year", day = "Day", hour = "Hour", minute = "Minute", second = "Second", nanosecond = "Nanosecond", yearDay = "YearDay"
    case unix = "Unix", unixMilli = "UnixMilli", unixMicro = "UnixMicro", unixNano = "UnixNano"
    case before = "Before", after = "After", equal = "Equal", add = "Add", sub = "Sub", utc = "UTC"

    /// What it is a method of.
    var base: ExpressionType {
        switch self {
        case .hours, .minutes, .seconds, .milliseconds, .microseconds, .nanoseconds: .duration
        default: .time
        }
    }

    var result: ExpressionType {
        switch self {
        case .hours, .minutes, .seconds: .float
        case .milliseconds, .microseconds, .nanoseconds, .unix, .unixMilli, .unixMicro, .unixNano: .int64
        case .year, .day, .hour, .minute, .second, .nanosecond, .yearDay: .int
        case .before, .after, .equal: .bool
        case .add, .utc: .time
        case .sub: .duration
        }
    }

    var parameter: ExpressionType? {
        switch self {
        case .before, .after, .equal, .sub: .time
        case .add: .duration
        default: nil
        }
    }

    func apply(to base: ExpressionValue, _ arguments: [ExpressionValue]) throws(Fault) -> ExpressionValue {
        guard arguments.count == (parameter == nil ? 0 : 1) else {
            throw Fault(arguments.isEmpty ? "not enough arguments to call \(rawValue)" : "too many arguments to call \(rawValue)")
        }
        switch base {
        case .duration(let length) where self.base == .duration: return duration(length)
        case .time(let instant) where self.base == .time: return try time(instant, arguments.first)
        default: throw Fault("cannot fetch \(rawValue) from \(base.typeName)")
        }
    }

    private func duration(_ length: Int64) -> ExpressionValue {
        switch self {
        case .hours: .float(Double(length) / 3.6e12)
        case .minutes: .float(Double(length) / 6e10)
        case .seconds: .float(Double(length) / 1e9)
        case .milliseconds: .int64(length / 1_000_000)
        case .microseconds: .int64(length / 1_000)
        default: .int64(length)
        }
    }

    private func time(_ instant: Int64, _ argument: ExpressionValue?) throws(Fault) -> ExpressionValue {
        let stamp = Timestamp(nanosecondsSince1970: instant)
        let (year, _, day, hour, minute, second) = stamp.calendarUTC
        func below(_ unit: Int64) -> Int64 { instant >= 0 ? instant / unit : (instant - unit + 1) / unit }
        switch (self, argument) {
        case (.year, _): return .int(Int64(year))
        case (.day, _): return .int(Int64(day))
        case (.hour, _): return .int(Int64(hour))
        case (.minute, _): return .int(Int64(minute))
        case (.second, _): return .int(Int64(second))
        case (.nanosecond, _): return .int(instant - below(1_000_000_000) * 1_000_000_000)
        case (.yearDay, _):
            let first: Int64 = try TimeText.date("\(String(repeating: "0", count: max(0, 4 - String(year).count)))\(year)-01-01")
            return .int((instant - first) / 86_400_000_000_000 + 1)
        case (.unix, _): return .int64(below(1_000_000_000))
        case (.unixMilli, _): return .int64(below(1_000_000))
        case (.unixMicro, _): return .int64(below(1_000))
        case (.unixNano, _): return .int64(instant)
        case (.utc, _): return .time(nanoseconds: instant)
        case (.before, .time(let other)?): return .bool(instant < other)
        case (.after, .time(let other)?): return .bool(instant > other)
        case (.equal, .time(let other)?): return .bool(instant == other)
        case (.sub, .time(let other)?): return .duration(nanoseconds: instant &- other)
        case (.add, .duration(let length)?): return .time(nanoseconds: instant &+ length)
        default: throw Fault("cannot use \(argument?.typeName ?? "nil") as argument to call \(rawValue)")
        }
    }
}
