import StrictJSON

/// A number of pods, or a share of them, that keeps its spelling.
///
/// JSON integers are numbers of pods. Every string is a percentage, with or without the sign:
/// `"5"` means `"5%"`, as in Argo Rollouts, whose defaults are the string `"25"`.
public enum IntOrPercent: Sendable, Hashable, CustomStringConvertible {
    case count(Int)
    case percent(String)

    /// Reads a field that is an integer or a string.
    public init?(_ field: FieldReader) throws(DecodeError) {
        guard let value = field.value else { return nil }
        switch value {
        case .string(let text): self = .percent(text)
        case .number(let number):
            guard let int64 = number.int64, let count = Int(exactly: int64) else { throw field.mismatch(expected: "an integer or a percentage") }
            self = .count(count)
        default: throw field.mismatch(expected: "an integer or a percentage")
        }
    }

    /// Reads an integer or a string.
    public init(json: JSONValue) throws(DecodeError) {
        guard let value = try Self(FieldReader(json)) else { throw FieldReader(nil).mismatch(expected: "an integer or a percentage") }
        self = value
    }

    /// As it was written.
    public var json: JSONValue {
        switch self {
        case .count(let count): .number(JSONNumber(count))
        case .percent(let text): .string(text)
        }
    }

    /// As it was written.
    public var description: String {
        switch self {
        case .count(let count): String(count)
        case .percent(let text): text
        }
    }

    /// The percentage, nil for a count and for a string that is not a whole number.
    public var percentage: Int? {
        guard case .percent(let text) = self else { return nil }
        return Int(text.last == "%" ? text.dropLast() : text[...])
    }

    /// How many of `total` pods that are. A string that is not a percentage is none at all, as upstream;
    /// products beyond the range of `Int` are clamped to it.
    public func resolved(of total: Int, roundUp: Bool) -> Int {
        switch self {
        case .count(let count): return count
        case .percent:
            guard let percentage else { return 0 }
            let (product, overflow) = percentage.multipliedReportingOverflow(by: total)
            if overflow { return (percentage < 0) == (total < 0) ? Int.max / 100 : Int.min / 100 }
            let (quotient, remainder) = product.quotientAndRemainder(dividingBy: 100)
            if remainder == 0 { return quotient }
            return roundUp ? (product > 0 ? quotient + 1 : quotient) : (product > 0 ? quotient : quotient - 1)
        }
    }
}
