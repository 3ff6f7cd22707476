/// A duration as Go writes it: `1h30m`, `1.5s`, `100ms`, `-2µs`, `0`.
///
/// - SeeAlso: Go, package time, `ParseDuration` and `Duration.String`; texts of errors are Go's, because users search for them.
public struct GoDuration: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// The length in nanoseconds, which is as exact as Go is.
    public var nanoseconds: Int64

    /// A duration of so many nanoseconds.
    public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    /// The same length, without what is below a nanosecond and beyond 292 years.
    public init(_ duration: Duration) { nanoseconds = duration.saturatedNanoseconds }

    /// The length that `text` spells: an optional sign and one or more decimal numbers, each with a unit
    /// (`ns`, `us`, `µs`, `ms`, `s`, `m`, `h`); `0` needs no unit.
    public init(parsing text: String) throws(GoDurationError) {
        let bytes = Array(text.utf8)
        var position = 0
        var isNegative = false
        if let sign = bytes.first, sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") {
            isNegative = sign == UInt8(ascii: "-")
            position = 1
        }
        if bytes[position...].elementsEqual(CollectionOfOne(UInt8(ascii: "0"))) {
            nanoseconds = 0
            return
        }
        guard position < bytes.count else { throw .invalid(text) }
        var total: UInt64 = 0
        while position < bytes.count {
            guard bytes[position] == UInt8(ascii: ".") || Self.isDigit(bytes[position]) else { throw .invalid(text) }
            total = try Self.adding(to: total, Self.part(bytes, &position, text), text)
        }
        if isNegative {
            nanoseconds = Int64(truncatingIfNeeded: 0 &- total)  // 2^63 itself fits only as a negative number
        } else {
            guard let value = Int64(exactly: total) else { throw .invalid(text) }
            nanoseconds = value
        }
    }

    /// The length.
    public var duration: Duration { .nanoseconds(nanoseconds) }

    /// Go's spelling: hours, minutes and seconds without leading zero parts (`1h0m0.5s`); below a second one unit (`1.5ms`).
    public var text: String {
        var magnitude = nanoseconds.magnitude
        if magnitude == 0 { return "0s" }
        let sign = nanoseconds < 0 ? "-" : ""
        if magnitude < 1000 { return "\(sign)\(magnitude)ns" }
        if magnitude < 1_000_000 { return sign + Self.decimal(magnitude, fractionDigits: 3) + "µs" }
        if magnitude < 1_000_000_000 { return sign + Self.decimal(magnitude, fractionDigits: 6) + "ms" }
        let minutes = magnitude / 60_000_000_000
        magnitude %= 60_000_000_000
        var text = Self.decimal(magnitude, fractionDigits: 9) + "s"
        if minutes > 0 { text = "\(minutes % 60)m" + text }
        if minutes >= 60 { text = "\(minutes / 60)h" + text }
        return sign + text
    }

    /// Go's spelling.
    public var description: String { text }

    /// Whether `left` is shorter.
    public static func < (left: GoDuration, right: GoDuration) -> Bool { left.nanoseconds < right.nanoseconds }

    private static func decimal(_ value: UInt64, fractionDigits: Int) -> String {
        var scale: UInt64 = 1
        for _ in 0..<fractionDigits { scale *= 10 }
        var fraction = value % scale
        if fraction == 0 { return String(value / scale) }
        var digits = fractionDigits
        while fraction % 10 == 0 {
            fraction /= 10
            digits -= 1
        }
        let text = String(fraction)
        return "\(value / scale)." + String(repeating: "0", count: digits - text.utf8.count) + text
    }

    private static func isDigit(_ byte: UInt8) -> Bool { byte &- UInt8(ascii: "0") <= 9 }

    private static func adding(to total: UInt64, _ part: UInt64, _ text: String) throws(GoDurationError) -> UInt64 {
        let (sum, overflow) = total.addingReportingOverflow(part)
        guard !overflow, sum <= 1 << 63 else { throw .invalid(text) }
        return sum
    }

    /// One number with its unit, in nanoseconds.
    private static func part(_ bytes: [UInt8], _ position: inout Int, _ text: String) throws(GoDurationError) -> UInt64 {
        let first = position
        var whole: UInt64 = 0
        while position < bytes.count, isDigit(bytes[position]) {
            guard whole <= (1 << 63) / 10 else { throw .invalid(text) }
            whole = whole * 10 + UInt64(bytes[position] - UInt8(ascii: "0"))
            guard whole <= 1 << 63 else { throw .invalid(text) }
            position += 1
        }
        var digits = position - first
        var fraction: UInt64 = 0
        var scale = 1.0
        if position < bytes.count, bytes[position] == UInt8(ascii: ".") {
            position += 1
            var isFull = false  // digits beyond the range of an integer change nothing, as in Go
            while position < bytes.count, isDigit(bytes[position]) {
                digits += 1
                if !isFull {
                    let next = fraction > (1 << 63 - 1) / 10 ? nil : fraction * 10 + UInt64(bytes[position] - UInt8(ascii: "0"))
                    if let next, next <= 1 << 63 {
                        fraction = next
                        scale *= 10
                    } else {
                        isFull = true
                    }
                }
                position += 1
            }
        }
        guard digits > 0 else { throw .invalid(text) }
        let unitStart = position
        while position < bytes.count, bytes[position] != UInt8(ascii: "."), !isDigit(bytes[position]) { position += 1 }
        let unitText = String(decoding: bytes[unitStart..<position], as: UTF8.self)
        guard !unitText.isEmpty else { throw .missingUnit(text) }
        guard let unit = unit(unitText) else { throw .unknownUnit(unitText, text) }
        let (product, overflow) = whole.multipliedReportingOverflow(by: unit)
        guard !overflow, product <= 1 << 63 else { throw .invalid(text) }
        guard fraction > 0 else { return product }
        // As Go does it, in floating point and truncated: 0.3h is the same number of nanoseconds there and here.
        return try adding(to: product, UInt64(Double(fraction) * (Double(unit) / scale)), text)
    }

    private static func unit(_ text: String) -> UInt64? {
        switch text {
        case "ns": return 1
        case "us", "\u{B5}s", "\u{3BC}s": return 1000  // both the micro sign and the Greek letter
        case "ms": return 1_000_000
        case "s": return 1_000_000_000
        case "m": return 60_000_000_000
        case "h": return 3_600_000_000_000
        default: return nil
        }
    }
}

/// Why a text is no duration. The descriptions are Go's.
public enum GoDurationError: Error, Sendable, Equatable, CustomStringConvertible {
    /// It has another form, or is longer than 292 years.
    case invalid(String)
    /// A number stands without unit.
    case missingUnit(String)
    /// The unit (first) is none of ns, us, µs, ms, s, m, h.
    case unknownUnit(String, String)

    /// `time: unknown unit "d" in duration "1d"`.
    public var description: String {
        switch self {
        case .invalid(let text): return "time: invalid duration " + Self.quoted(text)
        case .missingUnit(let text): return "time: missing unit in duration " + Self.quoted(text)
        case .unknownUnit(let unit, let text): return "time: unknown unit " + Self.quoted(unit) + " in duration " + Self.quoted(text)
        }
    }

    /// Go's quoting in package time: bytes beyond ASCII and control characters as `\xNN`.
    private static func quoted(_ text: String) -> String {
        let hex = Array("0123456789abcdef".utf8)
        var out: [UInt8] = [UInt8(ascii: "\"")]
        for byte in text.utf8 {
            if byte >= 0x80 || byte < 0x20 {
                out.append(contentsOf: [UInt8(ascii: "\\"), UInt8(ascii: "x"), hex[Int(byte >> 4)], hex[Int(byte & 15)]])
            } else {
                if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { out.append(UInt8(ascii: "\\")) }
                out.append(byte)
            }
        }
        out.append(UInt8(ascii: "\""))
        return String(decoding: out, as: UTF8.self)
    }
}
