import Clockwork

/// JSON and Base64.
extension Builtin {
    static let encoding: [Builtin] = [
        Builtin("toJSON", [.any], gives: .string) { (arguments, budget) throws(Fault) in
            var out = ""
            try JSONWriting.append(arguments[0], to: &out, indent: 0, &budget)
            return .string(out)
        },
        Builtin("fromJSON", [.string], gives: .any) { (arguments, budget) throws(Fault) in
            var reader = JSONReading(try arguments.bytes(0))
            return try reader.document(&budget)
        },
        Builtin("toBase64", [.string], gives: .string) { (arguments, budget) throws(Fault) in
            let bytes: [UInt8] = try arguments.bytes(0)
            try budget.text(bytes.count / 3 * 4 + 4)
            return .string(Base64Text.encoded(bytes))
        },
        Builtin("fromBase64", [.string], gives: .string) { (arguments, budget) throws(Fault) in
            let bytes: [UInt8] = try arguments.bytes(0)
            try budget.text(bytes.count + 1)
            return ExpressionValue(text: try Base64Text.decoded(bytes))
        },
    ]
}

/// Base64 in its standard form, with padding.
public enum Base64Text {
    private static let alphabet: [UInt8] = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    /// The text for some bytes.
    public static func encoded(_ bytes: [UInt8]) -> String {
        var out: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group: ArraySlice<UInt8> = bytes[start..<min(start + 3, bytes.count)]
            let bits: UInt32 = group.reduce(0) { $0 << 8 | UInt32($1) } << UInt32(8 * (3 - group.count))
            for index in 0..<4 { out.append(index <= group.count ? alphabet[Int(bits >> UInt32(18 - 6 * index) & 63)] : UInt8(ascii: "=")) }
        }
        return String(decoding: out, as: UTF8.self)
    }

    /// Padded standard Base64; line ends are passed over, as in the reference.
    static func decoded(_ text: [UInt8]) throws(Fault) -> [UInt8] {
        var out: [UInt8] = []
        var (bits, count, padding): (UInt32, Int, Int) = (0, 0, 0)
        for (place, byte) in text.enumerated() where byte != 10 && byte != 13 {
            if byte == UInt8(ascii: "="), count % 4 >= 2, (count % 4) + padding < 4 {
                padding += 1
                continue
            }
            guard padding == 0, let value = alphabet.firstIndex(of: byte) else { throw Fault("illegal base64 data at input byte \(place)") }
            bits = bits << 6 | UInt32(value)
            count += 1
            if count % 4 == 0 {
                out += [UInt8(truncatingIfNeeded: bits >> 16), UInt8(truncatingIfNeeded: bits >> 8), UInt8(truncatingIfNeeded: bits)]
                bits = 0
            }
        }
        switch (count % 4, padding) {
        case (0, 0): break
        case (2, 2): out.append(UInt8(truncatingIfNeeded: bits >> 4))
        case (3, 1): out += [UInt8(truncatingIfNeeded: bits >> 10), UInt8(truncatingIfNeeded: bits >> 2)]
        default: throw Fault("illegal base64 data at input byte \(text.count)")
        }
        return out
    }
}

/// Values as the reference's JSON: two blanks of indent, keys in order, `<`, `>` and `&` escaped.
enum JSONWriting {
    static func append(_ value: ExpressionValue, to out: inout String, indent: Int, _ budget: inout Budget) throws(Fault) {
        if indent > maximumValueDepth / 4 { throw Fault("recursion depth exceeded") }
        try budget.step()
        func newLine(_ levels: Int) -> String { "\n" + String(repeating: "  ", count: levels) }
        switch value {
        case .null: out += "null"
        case .bool(let value): out += value ? "true" : "false"
        case .int(let number), .int64(let number), .duration(let number), .namedInt(_, let number): out += String(number)
        case .zone: out += "{}"
        case .uint64(let number): out += String(number)
        case .uint8(let number): out += String(number)
        case .float(let number):
            guard number.isFinite else { throw Fault("json: unsupported value: \(FloatText.general(number))") }
            out += FloatText.json(number)
        case .string(let text), .namedString(_, let text): try quote(text, to: &out, &budget)
        case .rawString(let bytes): try quote(String(decoding: bytes, as: UTF8.self), to: &out, &budget)
        case .bytes(let bytes): out += "\"" + Base64Text.encoded(bytes) + "\""
        case .time(let moment): out += "\"" + (try TimeText.json(of: moment)) + "\""
        case .map(let map):
            try budget.text(2 * indent * (map.count + 1) + 2)
            guard map.count > 0 else { out += "{}"; return }
            out += "{"
            for (index, entry) in map.sorted.enumerated() {
                guard case .text(let key) = entry.key else { throw Fault("json: unsupported type: \(value.typeName)") }
                out += (index > 0 ? "," : "") + newLine(indent + 1)
                try quote(key.text, to: &out, &budget)
                out += ": "
                try append(entry.value, to: &out, indent: indent + 1, &budget)
            }
            out += newLine(indent) + "}"
        case .record(let record):
            out += "{"
            for (index, name) in record.type.fields.keys.sorted().enumerated() {
                out += (index > 0 ? "," : "") + newLine(indent + 1) + "\"\(name)\": "
                try append(record.values[name] ?? .null, to: &out, indent: indent + 1, &budget)
            }
            out += newLine(indent) + "}"
        case .array, .floats, .ints, .strings, .typedArray:
            let count: Int = value.listCount ?? 0
            try budget.text(2 * (indent + 1) * (count + 1) + 2)
            guard count > 0 else { out += "[]"; return }
            out += "["
            for index in 0..<count {
                out += (index > 0 ? "," : "") + newLine(indent + 1)
                try append(value.listElement(index), to: &out, indent: indent + 1, &budget)
            }
            out += newLine(indent) + "]"
        }
    }

    private static func quote(_ text: String, to out: inout String, _ budget: inout Budget) throws(Fault) {
        try budget.text(text.utf8.count + 2)
        out += "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": out += "\\\""
            case "\\": out += "\\\\"
            case "\n": out += "\\n"
            case "\r": out += "\\r"
            case "\t": out += "\\t"
            case "\u{8}": out += "\\b"
            case "\u{C}": out += "\\f"
            case "<", ">", "&", "\u{2028}", "\u{2029}", "\u{0}"..."\u{1F}":
                let digits = String(scalar.value, radix: 16)
                out += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: out.unicodeScalars.append(scalar)
            }
        }
        out += "\""
    }
}

/// JSON to values: numbers are floats, of equal keys the last one counts. Errors are in the reference's words.
struct JSONReading {
    private let input: [UInt8]
    private var place = 0
    private static let depthLimit = 250

    init(_ input: [UInt8]) { self.input = input }

    mutating func document(_ budget: inout Budget) throws(Fault) -> ExpressionValue {
        try budget.pass(over: input.count)
        let value: ExpressionValue = try value(&budget, depth: 0)
        skipBlanks()
        if place < input.count { throw unexpected("after top-level value") }
        return value
    }

    private mutating func skipBlanks() {
        while place < input.count, [9, 10, 13, 32].contains(input[place]) { place += 1 }
    }

    private func unexpected(_ context: String) -> Fault {
        guard place < input.count else { return Fault("unexpected end of JSON input") }
        let character = ByteText.characters(of: Array(input[place..<min(place + 4, input.count)])).first?.scalar ?? "\u{FFFD}"
        let shown: String = character == "'" ? "'\\''" : character == "\"" ? "'\"'" : "'\(character)'"
        return Fault("invalid character \(shown) \(context)")
    }

    private mutating func value(_ budget: inout Budget, depth: Int) throws(Fault) -> ExpressionValue {
        if depth > Self.depthLimit { throw Fault("exceeded max depth") }
        try budget.step()
        try budget.grow(by: 1)
        skipBlanks()
        guard place < input.count else { throw unexpected("") }
        switch input[place] {
        case UInt8(ascii: "{"): return try object(&budget, depth: depth)
        case UInt8(ascii: "["): return try list(&budget, depth: depth)
        case UInt8(ascii: "\""): return .string(try string(&budget))
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        case UInt8(ascii: "-"), 48...57: return try number()
        default: throw unexpected("looking for beginning of value")
        }
    }

    private mutating func word(_ word: String, _ value: ExpressionValue) throws(Fault) -> ExpressionValue {
        for (index, byte) in word.utf8.enumerated() {
            guard place < input.count, input[place] == byte else {
                throw unexpected("in literal \(word) (expecting '\(Unicode.Scalar(Array(word.utf8)[index]))')")
            }
            place += 1
        }
        return value
    }

    private mutating func number() throws(Fault) -> ExpressionValue {
        let start: Int = place
        func digit() -> Bool { place < input.count && (48...57).contains(input[place]) }
        if input[place] == UInt8(ascii: "-") { place += 1 }
        guard digit() else { throw unexpected("in numeric literal") }
        if input[place] == 48 { place += 1 } else { while digit() { place += 1 } }
        if place < input.count, input[place] == UInt8(ascii: ".") {
            place += 1
            guard digit() else { throw unexpected("after decimal point in numeric literal") }
            while digit() { place += 1 }
        }
        if place < input.count, input[place] | 32 == UInt8(ascii: "e") {
            place += 1
            if place < input.count, input[place] == UInt8(ascii: "+") || input[place] == UInt8(ascii: "-") { place += 1 }
            guard digit() else { throw unexpected("in exponent of numeric literal") }
            while digit() { place += 1 }
        }
        let text = String(decoding: input[start..<place], as: UTF8.self)
        guard let value = Double(text), value.isFinite else { throw Fault("json: cannot unmarshal number \(text) into Go value of type float64") }
        return .float(value)
    }

    private mutating func list(_ budget: inout Budget, depth: Int) throws(Fault) -> ExpressionValue {
        place += 1
        var elements: [ExpressionValue] = []
        skipBlanks()
        if place < input.count, input[place] == UInt8(ascii: "]") { place += 1; return .array([]) }
        while true {
            elements.append(try value(&budget, depth: depth + 1))
            skipBlanks()
            guard place < input.count, input[place] == UInt8(ascii: ",") || input[place] == UInt8(ascii: "]") else { throw unexpected("after array element") }
            place += 1
            if input[place - 1] == UInt8(ascii: "]") { return .array(elements) }
        }
    }

    private mutating func object(_ budget: inout Budget, depth: Int) throws(Fault) -> ExpressionValue {
        place += 1
        var map = ExpressionMap(kind: .text(name: nil), entries: [:])
        skipBlanks()
        if place < input.count, input[place] == UInt8(ascii: "}") { place += 1; return .map(map) }
        while true {
            skipBlanks()
            guard place < input.count, input[place] == UInt8(ascii: "\"") else { throw unexpected("looking for beginning of object key string") }
            let key: String = try string(&budget)
            skipBlanks()
            guard place < input.count, input[place] == UInt8(ascii: ":") else { throw unexpected("after object key") }
            place += 1
            map.entries[.text(key)] = try value(&budget, depth: depth + 1)
            skipBlanks()
            guard place < input.count, input[place] == UInt8(ascii: ",") || input[place] == UInt8(ascii: "}") else { throw unexpected("after object key:value pair") }
            place += 1
            if input[place - 1] == UInt8(ascii: "}") { return .map(map) }
        }
    }

    private mutating func string(_ budget: inout Budget) throws(Fault) -> String {
        place += 1
        var bytes: [UInt8] = []
        while place < input.count {
            let byte: UInt8 = input[place]
            switch byte {
            case UInt8(ascii: "\""):
                place += 1
                try budget.text(bytes.count + 1)
                return String(decoding: bytes, as: UTF8.self)
            case UInt8(ascii: "\\"):
                place += 1
                try escape(&bytes)
            case 0..<0x20: throw unexpected("in string literal")
            default:
                bytes.append(byte)
                place += 1
            }
        }
        throw unexpected("in string literal")
    }

    private mutating func escape(_ bytes: inout [UInt8]) throws(Fault) {
        guard place < input.count else { throw unexpected("in string escape code") }
        let plain: [UInt8: UInt8] = [34: 34, 92: 92, 47: 47, 98: 8, 102: 12, 110: 10, 114: 13, 116: 9]
        if let byte = plain[input[place]] {
            bytes.append(byte)
            place += 1
            return
        }
        guard input[place] == UInt8(ascii: "u") else { throw unexpected("in string escape code") }
        place += 1
        var unit: UInt32 = try hexadecimal()
        if (0xD800..<0xDC00).contains(unit), place + 1 < input.count, input[place] == 92, input[place + 1] == UInt8(ascii: "u") {
            let after: Int = place
            place += 2
            let low: UInt32 = try hexadecimal()
            if (0xDC00..<0xE000).contains(low) { unit = 0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00) } else { place = after }
        }
        bytes += Array(String(Unicode.Scalar(unit) ?? "\u{FFFD}").utf8)
    }

    private mutating func hexadecimal() throws(Fault) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard place < input.count, let digit = Unicode.Scalar(input[place]).hexValue else { throw unexpected("in \\u hexadecimal character escape") }
            value = value << 4 | UInt32(digit)
            place += 1
        }
        return value
    }
}
