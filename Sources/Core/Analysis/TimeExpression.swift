import Clockwork

/// What `rangeQuery.start` and `rangeQuery.end` may say: `now()`, `date("2026-03-01")` and `duration("5m")`, joined by `+`
/// and `-`, with parentheses.
///
/// It is the part of the condition language that gives times; the rest of that language gives none.
struct TimeExpression {
    private enum Value {
        case time(Timestamp)
        case duration(Duration)

        /// In the words of the language.
        var typeName: String {
            switch self {
            case .time: "time.Time"
            case .duration: "time.Duration"
            }
        }
    }

    private let input: [UInt8]
    private var position = 0
    private var depth = 0
    private let now: Timestamp

    /// Deeper than people nest, and far from what a stack holds.
    private static let deepest = 32
    /// 4 KiB: longer than any time that people write.
    private static let longest = 4 << 10

    /// The instant that a text names.
    static func instant(_ text: String, now: Timestamp) throws(AnalysisProblem) -> Timestamp {
        guard text.utf8.count <= longest else { throw .invalid("the expression is longer than \(longest) bytes") }
        var reader = TimeExpression(input: Array(text.utf8), now: now)
        let value = try reader.sum()
        if let rest = reader.peek() { throw reader.unexpected(rest, "+, - or the end") }
        guard case .time(let time) = value else { throw .invalid("expected time.Time, but got \(value.typeName)") }
        return time
    }

    private init(input: [UInt8], now: Timestamp) {
        self.input = input
        self.now = now
    }

    private mutating func sum() throws(AnalysisProblem) -> Value {
        var left = try term()
        while let sign = peek(), sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") {
            position += 1
            let right = try term()
            let isMinus = sign == UInt8(ascii: "-")
            switch (left, right) {
            case (.time(let time), .duration(let duration)): left = .time(time + (isMinus ? .zero - duration : duration))
            case (.duration(let first), .duration(let second)): left = .duration(isMinus ? first - second : first + second)
            case (.duration(let duration), .time(let time)) where !isMinus: left = .time(time + duration)
            case (.time(let first), .time(let second)) where isMinus: left = .duration(first - second)
            default:
                throw .invalid("invalid operation: \(isMinus ? "-" : "+") (mismatched types \(left.typeName) and \(right.typeName))")
            }
        }
        return left
    }

    private mutating func term() throws(AnalysisProblem) -> Value {
        guard let byte = peek() else { throw .invalid("unexpected token EOF") }
        if byte == UInt8(ascii: "(") {
            position += 1
            depth += 1
            guard depth <= Self.deepest else { throw .invalid("parentheses are nested deeper than \(Self.deepest)") }
            let value = try sum()
            depth -= 1
            try expect(UInt8(ascii: ")"))
            return value
        }
        let start = position
        while position < input.count, isLetter(input[position]) { position += 1 }
        let name = String(decoding: input[start..<position], as: UTF8.self)
        switch name {
        case "now":
            try expect(UInt8(ascii: "("))
            try expect(UInt8(ascii: ")"))
            return .time(now)
        case "duration":
            let text = try argument()
            do throws(GoDurationError) { return .duration(try GoDuration(parsing: text).duration) } catch { throw .invalid("\(error)") }
        case "date":
            return .time(try date(try argument()))
        case "": throw unexpected(byte, "now(), duration(\"…\"), date(\"…\") or (")
        default: throw .invalid("unknown name \(name) (a time is written as now(), now() - duration(\"5m\") or date(\"2026-03-01\"))")
        }
    }

    /// `("text")`
    private mutating func argument() throws(AnalysisProblem) -> String {
        try expect(UInt8(ascii: "("))
        guard let quote = peek(), quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'") else {
            throw .invalid("expected a text in quotes at character \(position + 1)")
        }
        position += 1
        let start = position
        while position < input.count, input[position] != quote { position += 1 }
        guard position < input.count else { throw .invalid("literal not terminated") }
        let text = String(decoding: input[start..<position], as: UTF8.self)
        position += 1
        try expect(UInt8(ascii: ")"))
        return text
    }

    /// A day, a day and a time with a blank between them, or RFC 3339; without a zone it is UTC.
    private func date(_ text: String) throws(AnalysisProblem) -> Timestamp {
        let blank = text.firstIndex(of: " ")
        let spelling = blank.map { "\(text[..<$0])T\(text[text.index(after: $0)...])Z" } ?? (text.utf8.count == 10 ? "\(text)T00:00:00Z" : text)
        do throws(TimestampError) { return try Timestamp(rfc3339: spelling) } catch { throw .invalid("invalid date \(text)") }
    }

    private mutating func expect(_ byte: UInt8) throws(AnalysisProblem) {
        let found = peek()
        guard found == byte else {
            let wanted = String(decoding: [byte], as: UTF8.self)
            guard let found else { throw .invalid("unexpected token EOF; \(wanted) is needed") }
            throw unexpected(found, wanted)
        }
        position += 1
    }

    /// The next byte that is no white space.
    private mutating func peek() -> UInt8? {
        while position < input.count, [0x20, 0x09, 0x0A, 0x0D].contains(input[position]) { position += 1 }
        return position < input.count ? input[position] : nil
    }

    private func unexpected(_ byte: UInt8, _ wanted: String) -> AnalysisProblem {
        .invalid("unexpected \(quoted(String(decoding: [byte], as: UTF8.self))) at character \(position + 1); \(wanted) is needed")
    }

    private func isLetter(_ byte: UInt8) -> Bool { (65...90).contains(byte & 0xDF) || byte == UInt8(ascii: "_") || (48...57).contains(byte) }
}

/// The window of a range query: `rangeQuery` of a Prometheus metric.
public struct QueryRange: Sendable, Equatable {
    public var start: Timestamp
    public var end: Timestamp
    public var step: Duration

    /// - Throws: a text for the measurement.
    public init(start: String, end: String, step: String, now: Timestamp) throws(AnalysisProblem) {
        do throws(AnalysisProblem) { self.start = try TimeExpression.instant(start, now: now) } catch {
            throw .invalid("failed to parse rangeQuery.start as time: \(error.message)")
        }
        do throws(AnalysisProblem) { self.end = try TimeExpression.instant(end, now: now) } catch {
            throw .invalid("failed to parse rangeQuery.end as time: \(error.message)")
        }
        do throws(GoDurationError) { self.step = try GoDuration(parsing: step).duration } catch {
            throw .invalid("failed to parse rangeQuery.step as duration: \(error)")
        }
    }
}
