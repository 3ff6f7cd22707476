import StrictJSON

/// An integer that may also be written as text, as `count` and the limits of a metric.
public enum IntOrString: Sendable, Hashable, CustomStringConvertible {
    case int(Int)
    case string(String)

    /// The number; text that is not a decimal integer counts as 0, text beyond 64 bits as the nearest end.
    public var intValue: Int {
        switch self {
        case .int(let number):
            return number
        case .string(let text):
            var digits = text.utf8[...]
            let isNegative = digits.first == UInt8(ascii: "-")
            if isNegative || digits.first == UInt8(ascii: "+") { digits = digits.dropFirst() }
            guard !digits.isEmpty, digits.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else { return 0 }
            return Int(text) ?? (isNegative ? .min : .max)
        }
    }

    /// The value as it stands in the object.
    public var description: String {
        switch self {
        case .int(let number): String(number)
        case .string(let text): text
        }
    }
}
