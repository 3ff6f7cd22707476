import Clockwork

/// Values as text: what `string()` gives and what messages print.
enum TextForm {
    static func string(of value: ExpressionValue, _ budget: inout Budget) throws(Fault) -> String {
        var out = ""
        try append(value, to: &out, &budget, depth: 0)
        return out
    }

    private static func append(_ value: ExpressionValue, to out: inout String, _ budget: inout Budget, depth: Int) throws(Fault) {
        if depth > maximumValueDepth { throw Fault("recursion depth exceeded") }
        try budget.step()
        let text: String
        switch value {
        case .null: text = "<nil>"
        case .bool(let value): text = value ? "true" : "false"
        case .int(let value), .int64(let value): text = String(value)
        case .uint64(let value): text = String(value)
        case .uint8(let value): text = String(value)
        case .float(let value): text = FloatText.general(value)
        case .string(let value), .namedString(_, let value): text = value
        case .rawString(let bytes): text = String(decoding: bytes, as: UTF8.self)
        case .time(let moment): text = TimeText.text(of: moment)
        case .duration(let length): text = GoDuration(nanoseconds: length).text
        case .namedInt(let type, let number): text = TimeMethod.name(of: number, type: type)
        case .zone(let zone): text = zone.name
        case .map(let map):
            out += "map["
            for (index, entry) in map.sorted.enumerated() {
                if index > 0 { out += " " }
                try append(entry.key.value, to: &out, &budget, depth: depth + 1)
                out += ":"
                try append(entry.value, to: &out, &budget, depth: depth + 1)
            }
            text = "]"
        case .record: throw Fault("the text form of \(value.typeName) is not supported yet")
        case .array, .floats, .ints, .strings, .typedArray, .bytes:
            out += "["
            for index in 0..<value.listCount! {
                if index > 0 { out += " " }
                try append(value.listElement(index), to: &out, &budget, depth: depth + 1)
            }
            text = "]"
        }
        try budget.text(text.utf8.count)
        out += text
    }
}

/// Floats as the language prints them.
enum FloatText {
    /// The shortest digits that read back the same value: plain where the decimal exponent is -4...5, else `1.5e+06`.
    static func general(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        let sign = value.sign == .minus ? "-" : ""
        if value == 0 { return sign + "0" }
        let (digits, exponent) = shortest(value.magnitude)
        if (-4...5).contains(exponent) { return sign + plain(digits, exponent) }
        let fraction = digits.count > 1 ? "." + String(decoding: digits.dropFirst(), as: UTF8.self) : ""
        let magnitude = String(exponent.magnitude)
        return sign + String(Unicode.Scalar(digits[0])) + fraction + (exponent < 0 ? "e-" : "e+") + (magnitude.count < 2 ? "0" : "") + magnitude
    }

    /// As JSON has it: plain where the decimal exponent is -6...20, else `1e-7`, without padding.
    static func json(_ value: Double) -> String {
        let sign = value.sign == .minus ? "-" : ""
        if value == 0 { return sign + "0" }
        let (digits, exponent) = shortest(value.magnitude)
        if (-6...20).contains(exponent) { return sign + plain(digits, exponent) }
        let fraction = digits.count > 1 ? "." + String(decoding: digits.dropFirst(), as: UTF8.self) : ""
        return sign + String(Unicode.Scalar(digits[0])) + fraction + (exponent < 0 ? "e-" : "e+") + String(exponent.magnitude)
    }

    /// Significant digits and the decimal exponent of the first one.
    private static func shortest(_ value: Double) -> (digits: [UInt8], exponent: Int) {
        var digits: [UInt8] = []
        var (point, exponent, seenPoint): (Int, Int, Bool) = (0, 0, false)
        let text = Array(value.description.utf8)
        var index = 0
        while index < text.count {
            let byte = text[index]
            index += 1
            if byte == UInt8(ascii: ".") {
                seenPoint = true
            } else if byte | 32 == UInt8(ascii: "e") {
                exponent = Int(String(decoding: text[index...], as: UTF8.self)) ?? 0
                break
            } else {
                digits.append(byte)
                if !seenPoint { point += 1 }
            }
        }
        let leading = digits.prefix { $0 == UInt8(ascii: "0") }.count
        digits.removeFirst(leading)
        while digits.count > 1, digits.last == UInt8(ascii: "0") { digits.removeLast() }
        return (digits, point - leading - 1 + exponent)
    }

    private static func plain(_ digits: [UInt8], _ exponent: Int) -> String {
        if exponent < 0 { return "0." + String(repeating: "0", count: -exponent - 1) + String(decoding: digits, as: UTF8.self) }
        let whole = exponent + 1
        if digits.count <= whole { return String(decoding: digits, as: UTF8.self) + String(repeating: "0", count: whole - digits.count) }
        return String(decoding: digits[..<whole], as: UTF8.self) + "." + String(decoding: digits[whole...], as: UTF8.self)
    }
}
