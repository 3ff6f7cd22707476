/// Numbers in the source text.
enum NumberLiteral {
    static func node(_ source: String) throws(Fault) -> Node {
        let text = source.filter { $0 != "_" }
        let lower = text.lowercased()
        if lower.hasPrefix("0x") { return .int(try integer(text, digits: text.dropFirst(2), radix: 16, "hex")) }
        if lower.contains(".") || lower.contains("e") {
            switch NumberText.float(text) {
            case .value(let value): return .float(value)
            case .invalid: throw Fault("invalid float literal: strconv.ParseFloat: parsing \(quoted(text)): invalid syntax")
            case .outOfRange: throw Fault("invalid float literal: strconv.ParseFloat: parsing \(quoted(text)): value out of range")
            }
        }
        if lower.hasPrefix("0b") { return .int(try integer(text, digits: text.dropFirst(2), radix: 2, "binary")) }
        if lower.hasPrefix("0o") { return .int(try integer(text, digits: text.dropFirst(2), radix: 8, "octal")) }
        return .int(try integer(text, digits: text[...], radix: 10, "integer"))
    }

    private static func integer(_ text: String, digits: Substring, radix: Int, _ kind: String) throws(Fault) -> Int64 {
        let isValid = !digits.isEmpty && digits.unicodeScalars.allSatisfy { ($0.hexValue ?? 99) < radix }
        guard isValid else { throw Fault("invalid \(kind) literal: strconv.ParseInt: parsing \(quoted(text)): invalid syntax") }
        guard let value = Int64(digits, radix: radix) else {
            throw Fault("invalid \(kind) literal: strconv.ParseInt: parsing \(quoted(text)): value out of range")
        }
        return value
    }
}

/// Numbers in strings, by the rules of `asInt`, `asFloat`, `int` and `float`.
enum NumberText {
    enum Outcome<Value> {
        case value(Value)
        case invalid
        case outOfRange
    }

    /// An optional sign and decimal digits.
    static func integer(_ text: String) -> Outcome<Int64> {
        let digits = text.utf8.first == UInt8(ascii: "+") || text.utf8.first == UInt8(ascii: "-") ? text.utf8.dropFirst() : text.utf8[...]
        guard !digits.isEmpty, digits.allSatisfy({ (48...57).contains($0) }) else { return .invalid }
        return Int64(text).map { .value($0) } ?? .outOfRange
    }

    /// Decimal or hexadecimal floats, `inf`, `infinity`, `nan`; a single underscore may stand between digits.
    static func float(_ text: String) -> Outcome<Double> {
        let bytes = Array(text.utf8)
        var rest = bytes[...]
        let isSigned = rest.first == UInt8(ascii: "+") || rest.first == UInt8(ascii: "-")
        if isSigned { rest = rest.dropFirst() }
        let isNegative = bytes.first == UInt8(ascii: "-")
        switch String(decoding: rest, as: UTF8.self).lowercased() {
        case "inf", "infinity": return .value(isNegative ? -.infinity : .infinity)
        case "nan": return isSigned ? .invalid : .value(.nan)
        default: break
        }
        guard hasFloatSyntax(rest), hasSeparatingUnderscores(rest) else { return .invalid }
        let plain = String(decoding: rest.filter { $0 != UInt8(ascii: "_") }, as: UTF8.self)
        guard let value = Double(normalised(plain)) else { return .invalid }
        if value.isInfinite { return .outOfRange }
        return .value(isNegative ? -value : value)
    }

    /// Swift reads `5.` and `.5` differently in its versions; both get a zero.
    private static func normalised(_ text: String) -> String {
        guard let dot = text.firstIndex(of: ".") else { return text }
        let isHex = text.hasPrefix("0x") || text.hasPrefix("0X")
        var whole = String(text[..<dot])
        var rest = String(text[text.index(after: dot)...])
        if whole.isEmpty { whole = "0" } else if isHex, whole.count == 2 { whole += "0" }
        if rest.first.map({ $0.hexDigitValue == nil || (!isHex && !$0.isNumber) }) ?? true { rest = "0" + rest }
        return whole + "." + rest
    }

    private static func hasFloatSyntax(_ text: ArraySlice<UInt8>) -> Bool {
        var rest = text
        let isHex = rest.count > 2 && rest.first == 48 && (rest.dropFirst().first! | 32) == UInt8(ascii: "x")
        if isHex { rest = rest.dropFirst(2) }
        func skipDigits(hex: Bool) -> Int {
            var count = 0
            while let byte = rest.first, byte == UInt8(ascii: "_") || (hex ? Unicode.Scalar(byte).hexValue != nil : (48...57).contains(byte)) {
                if byte != UInt8(ascii: "_") { count += 1 }
                rest = rest.dropFirst()
            }
            return count
        }
        var digits = skipDigits(hex: isHex)
        if rest.first == UInt8(ascii: ".") {
            rest = rest.dropFirst()
            digits += skipDigits(hex: isHex)
        }
        guard digits > 0 else { return false }
        if let byte = rest.first, byte | 32 == UInt8(ascii: isHex ? "p" : "e") {
            rest = rest.dropFirst()
            if rest.first == UInt8(ascii: "+") || rest.first == UInt8(ascii: "-") { rest = rest.dropFirst() }
            guard skipDigits(hex: false) > 0 else { return false }
        } else if isHex {
            return false
        }
        return rest.isEmpty
    }

    /// An underscore stands between two digits, or directly after a hexadecimal prefix.
    private static func hasSeparatingUnderscores(_ text: ArraySlice<UInt8>) -> Bool {
        let bytes = Array(text)
        let isHex = bytes.count > 1 && bytes[0] == 48 && bytes[1] | 32 == UInt8(ascii: "x")
        func isDigit(_ index: Int) -> Bool {
            guard bytes.indices.contains(index) else { return false }
            if isHex, index == 1 { return true }
            return isHex ? Unicode.Scalar(bytes[index]).hexValue != nil : (48...57).contains(bytes[index])
        }
        return bytes.indices.allSatisfy { bytes[$0] != UInt8(ascii: "_") || isDigit($0 - 1) && isDigit($0 + 1) }
    }
}
