import StrictJSON

/// An amount of a resource, such as `500m`, `1.5Gi` or `2e3`; equal by value, printed as it was written.
public struct Quantity: Sendable, Hashable, CustomStringConvertible {
    /// As it was written.
    public let text: String
    /// The value is `mantissa · 10^exponent`, with a mantissa that does not end in zero.
    private let mantissa: Int128
    private let exponent: Int

    /// Parses Kubernetes' grammar: a decimal number, then a decimal suffix (`n u m k M G T P E`), a binary suffix
    /// (`Ki Mi Gi Ti Pi Ei`) or a decimal exponent. Nil for anything else and for values beyond 38 digits.
    public init?(_ text: String) {
        var digits = text.utf8[...]
        let isNegative = digits.first == UInt8(ascii: "-")
        if isNegative || digits.first == UInt8(ascii: "+") { digits.removeFirst() }
        var mantissa: Int128 = 0
        var exponent = 0
        var digitCount = 0
        var isFraction = false
        while let byte = digits.first {
            if byte == UInt8(ascii: "."), !isFraction {
                isFraction = true
            } else if (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) {
                let (product, tooLarge) = mantissa.multipliedReportingOverflow(by: 10)
                let (sum, overflow) = product.addingReportingOverflow(Int128(byte - UInt8(ascii: "0")))
                if tooLarge || overflow { return nil }
                mantissa = sum
                digitCount += 1
                if isFraction { exponent -= 1 }
            } else {
                break
            }
            digits.removeFirst()
        }
        guard digitCount > 0 else { return nil }
        let suffix = String(digits) ?? ""
        if let power = Self.decimalSuffixes[suffix] {
            exponent += power
        } else if let power = Self.binarySuffixes[suffix] {
            let (product, overflow) = mantissa.multipliedReportingOverflow(by: Int128(1) << (10 * power))
            if overflow { return nil }
            mantissa = product
        } else if let first = suffix.first, first == "e" || first == "E", let power = Int(suffix.dropFirst()), abs(power) < 1000 {
            exponent += power
        } else {
            return nil
        }
        while mantissa != 0, mantissa % 10 == 0 {
            mantissa /= 10
            exponent += 1
        }
        self.text = text
        self.mantissa = isNegative ? -mantissa : mantissa
        self.exponent = mantissa == 0 ? 0 : exponent
    }

    /// A quantity as it stands in an object: a string or a number.
    public init?(json: JSONValue) {
        switch json {
        case .string(let text): self.init(text)
        case .number(let number): self.init(number.text)
        default: return nil
        }
    }

    public var description: String { text }

    /// One spelling per value: the mantissa, and a decimal exponent where it is not zero.
    public var canonicalText: String { exponent == 0 ? String(mantissa) : "\(mantissa)e\(exponent)" }

    /// The spelling in which the API server answers: without a fraction, with the largest suffix of the sort that was written.
    public var servedText: String {
        if mantissa == 0 { return "0" }
        var count = mantissa
        var power = exponent
        if text.utf8.last == UInt8(ascii: "i"), power >= 0 {
            while power > 0, abs(count) < Int128(1) << 100 {
                count *= 10
                power -= 1
            }
            guard abs(count) >= 1024, power == 0 else { return power == 0 ? String(count) : text }
            var suffix = 0
            while count % 1024 == 0, suffix < 6 {
                count /= 1024
                suffix += 1
            }
            return String(count) + ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"][suffix]
        }
        while power % 3 != 0 {
            count *= 10
            power -= 1
        }
        let isScientific = text.utf8.dropLast().contains { $0 == UInt8(ascii: "e") || $0 == UInt8(ascii: "E") }
        if isScientific { return power == 0 ? String(count) : "\(count)e\(power)" }
        guard let suffix = Self.decimalSuffixes.first(where: { $0.value == power })?.key else { return text }
        return String(count) + suffix
    }

    public static func == (left: Self, right: Self) -> Bool { left.mantissa == right.mantissa && left.exponent == right.exponent }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(mantissa)
        hasher.combine(exponent)
    }

    private static let decimalSuffixes: [String: Int] = [
        "n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18,
    ]
    private static let binarySuffixes: [String: Int] = ["Ki": 1, "Mi": 2, "Gi": 3, "Ti": 4, "Pi": 5, "Ei": 6]
}
