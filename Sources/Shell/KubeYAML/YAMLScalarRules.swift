import StrictJSON

/// Which type a scalar has, by its looks and its tag: the rules of YAML 1.1 as Kubernetes' fork of go-yaml v2 applies them,
/// since that is what every manifest has been tried with.
///
/// Differs: numbers that need more than 64 bits or a double keep their digits (go-yaml rounds them or, beyond a double, makes
/// them strings).
enum YAMLScalarRules {
    /// Why a scalar can't become JSON.
    struct Refusal: Error {
        var message: String
    }

    private static let prefix = "tag:yaml.org,2002:"

    /// The value of a scalar.
    static func value(of text: String, isPlain: Bool, tag: String?) throws(Refusal) -> JSONValue {
        guard let tag else { return isPlain ? try plainValue(of: text) : .string(text) }
        guard tag.hasPrefix(prefix) else { return .string(text) }  // somebody's own tag: the text stands for itself
        let name = String(tag.dropFirst(prefix.count))
        switch name {
        case "binary":
            throw Refusal(message: "the tag !!binary is not supported; write the base64 text as a plain string, as the data of a Secret")
        case "null", "bool", "int", "float":
            let value = try plainValue(of: text)
            switch (name, value) {
            case ("null", .null), ("bool", .bool), ("float", .number): return value
            case ("int", .number(let number)) where number.int64 != nil: return value
            default: throw Refusal(message: "\"\(text)\" is not a value of the type !!\(name); correct the value or remove the tag")
            }
        default: return .string(text)
        }
    }

    /// The value of a scalar without quotes and tag.
    static func plainValue(of text: String) throws(Refusal) -> JSONValue {
        switch text {
        case "", "~", "null", "Null", "NULL": return .null
        case "y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON": return .bool(true)
        case "n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF": return .bool(false)
        case ".nan", ".NaN", ".NAN", ".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF", "-.inf", "-.Inf", "-.INF":
            throw Refusal(message: "\(text) is a number that JSON does not have; put it in quotes if the text is meant")
        default: break
        }
        guard let first = text.utf8.first else { return .null }
        switch first {
        case UInt8(ascii: "."): return fraction(Array(text.utf8)).map(JSONValue.number) ?? .string(text)
        case UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
            let digits = text.utf8.filter { $0 != UInt8(ascii: "_") }
            if let integer = try integer(digits, text) { return .number(integer) }
            return fraction(digits).map(JSONValue.number) ?? .string(text)
        default: return .string(text)
        }
    }

    /// Go's `ParseInt` with base 0: decimal, `0x`, `0o`, `0b`, and a leading zero for octal. Nil if it is none of these.
    private static func integer(_ bytes: [UInt8], _ text: String) throws(Refusal) -> JSONNumber? {
        var rest = bytes[...]
        let isNegative = rest.first == UInt8(ascii: "-")
        if isNegative || rest.first == UInt8(ascii: "+") { rest = rest.dropFirst() }
        var radix: UInt64 = 10
        if rest.count > 1, rest.first == UInt8(ascii: "0") {
            switch rest[rest.startIndex + 1] | 0x20 {
            case UInt8(ascii: "x"): radix = 16
            case UInt8(ascii: "o"): radix = 8
            case UInt8(ascii: "b"): radix = 2
            default: radix = 0
            }
            rest = rest.dropFirst(radix == 0 ? 1 : 2)
            if radix == 0 { radix = 8 }
        }
        guard !rest.isEmpty else { return nil }
        var magnitude: UInt64 = 0
        var overflows = false
        for byte in rest {
            guard let digit = digitValue(byte), digit < radix else { return nil }
            let (product, tooLarge) = magnitude.multipliedReportingOverflow(by: radix)
            let (sum, stillTooLarge) = product.addingReportingOverflow(digit)
            overflows = overflows || tooLarge || stillTooLarge
            magnitude = sum
        }
        if overflows || (isNegative && magnitude > 1 << 63) {
            // Decimal digits are read again as a number of any size.
            guard radix != 10 else { return nil }
            throw Refusal(message: "\(text) has more than 64 bits; put it in quotes if the text is meant")
        }
        return JSONNumber(text: (isNegative && magnitude > 0 ? "-" : "") + String(magnitude))
    }

    private static func digitValue(_ byte: UInt8) -> UInt64? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): return UInt64(byte - UInt8(ascii: "0"))
        case UInt8(ascii: "a")...UInt8(ascii: "f"): return UInt64(byte - UInt8(ascii: "a")) + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): return UInt64(byte - UInt8(ascii: "A")) + 10
        default: return nil
        }
    }

    /// `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?` in JSON's spelling; nil if it is none.
    private static func fraction(_ bytes: [UInt8]) -> JSONNumber? {
        var index = 0
        func digits() -> ArraySlice<UInt8> {
            let first = index
            while index < bytes.count, UInt8(ascii: "0")...UInt8(ascii: "9") ~= bytes[index] { index += 1 }
            return bytes[first..<index]
        }
        var out: [UInt8] = []
        if let sign = bytes.first, sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") {
            if sign == UInt8(ascii: "-") { out.append(sign) }
            index = 1
        }
        let whole = digits()
        out += whole.drop { $0 == UInt8(ascii: "0") }
        if out.last.map({ $0 == UInt8(ascii: "-") }) ?? true { out.append(UInt8(ascii: "0")) }
        if index < bytes.count, bytes[index] == UInt8(ascii: ".") {
            index += 1
            let part = digits()
            guard !(whole.isEmpty && part.isEmpty) else { return nil }
            if !part.isEmpty { out += [UInt8(ascii: ".")] + part }
        } else if whole.isEmpty {
            return nil
        }
        if index < bytes.count, bytes[index] | 0x20 == UInt8(ascii: "e") {
            out.append(bytes[index])
            index += 1
            if index < bytes.count, bytes[index] == UInt8(ascii: "-") || bytes[index] == UInt8(ascii: "+") {
                out.append(bytes[index])
                index += 1
            }
            let exponent = digits()
            guard !exponent.isEmpty else { return nil }
            out += exponent
        }
        guard index == bytes.count else { return nil }
        return JSONNumber(text: String(decoding: out, as: UTF8.self))
    }

    /// A number as a key: integers in full, fractions with the digits of a 32-bit float, as sigs.k8s.io/yaml has it
    /// (`1.10: x` has the key `1.1`).
    static func keyText(_ number: JSONNumber) -> String {
        guard number.int64 == nil, Float(number.double).isFinite else { return number.text }
        let text = JSONNumber(Double(Float(number.double).description) ?? number.double).text
        return text
    }

    /// Whether go-yaml would take a plain `text` for a time, so that the writer puts it in quotes as kubectl does.
    static func looksLikeTimestamp(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        func isDigit(_ index: Int) -> Bool { index < bytes.count && UInt8(ascii: "0")...UInt8(ascii: "9") ~= bytes[index] }
        guard (0..<4).allSatisfy(isDigit), bytes.count > 7, bytes[4] == UInt8(ascii: "-") else { return false }
        var index = 5
        for separator in [true, false] {
            guard isDigit(index) else { return false }
            index += isDigit(index + 1) ? 2 : 1
            if separator {
                guard index < bytes.count, bytes[index] == UInt8(ascii: "-") else { return false }
                index += 1
            }
        }
        if index == bytes.count { return true }
        return [UInt8(ascii: "T"), UInt8(ascii: "t"), UInt8(ascii: " ")].contains(bytes[index]) && isDigit(index + 1) && bytes.contains(UInt8(ascii: ":"))
    }
}
