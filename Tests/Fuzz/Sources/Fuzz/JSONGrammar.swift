/// RFC 8259 as it is written there, and nothing else: an opinion that is independent of the parser's.
///
/// Text must be UTF-8, and escapes must spell whole characters.
struct JSONGrammar {
    private let bytes: [UInt8]
    private var position = 0

    static func accepts(_ bytes: [UInt8]) -> Bool {
        guard String(validating: bytes, as: UTF8.self) != nil else { return false }
        var grammar = JSONGrammar(bytes: bytes)
        return grammar.value() && grammar.position == bytes.count
    }

    private init(bytes: [UInt8]) { self.bytes = bytes }

    private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func take(_ byte: Character) -> Bool {
        guard next == byte.asciiValue else { return false }
        position += 1
        return true
    }

    private mutating func blanks() {
        while let byte = next, [0x20, 0x09, 0x0A, 0x0D].contains(byte) { position += 1 }
    }

    /// A value with blanks around it. Containers are kept on a list, since the grammar knows no limit of nesting.
    private mutating func value() -> Bool {
        var open: [Character] = []
        while true {
            blanks()
            if take("[") {
                blanks()
                if !take("]") {
                    open.append("]")
                    continue
                }
            } else if take("{") {
                blanks()
                if !take("}") {
                    guard key() else { return false }
                    open.append("}")
                    continue
                }
            } else {
                guard scalar() else { return false }
            }
            while true {
                blanks()
                guard let close = open.last else { return true }
                if take(",") {
                    if close == "}" {
                        blanks()
                        guard key() else { return false }
                    }
                    break
                }
                guard take(close) else { return false }
                open.removeLast()
            }
        }
    }

    private mutating func key() -> Bool {
        guard string() else { return false }
        blanks()
        return take(":")
    }

    private mutating func scalar() -> Bool {
        switch next {
        case UInt8(ascii: "\""): return string()
        case UInt8(ascii: "t"): return word("true")
        case UInt8(ascii: "f"): return word("false")
        case UInt8(ascii: "n"): return word("null")
        default: return number()
        }
    }

    private mutating func word(_ text: String) -> Bool { text.allSatisfy { take($0) } }

    private mutating func digits() -> Bool {
        let first: Int = position
        while let byte = next, (0x30...0x39).contains(byte) { position += 1 }
        return position > first
    }

    private mutating func number() -> Bool {
        _ = take("-")
        if !take("0") { guard digits() else { return false } }
        if take(".") { guard digits() else { return false } }
        if take("e") || take("E") {
            if !take("+") { _ = take("-") }
            guard digits() else { return false }
        }
        return true
    }

    private mutating func string() -> Bool {
        guard take("\"") else { return false }
        var high: Bool = false
        while let byte = next {
            position += 1
            guard byte == UInt8(ascii: "\\") else {
                if high { return false }
                if byte == UInt8(ascii: "\"") { return true }
                if byte < 0x20 { return false }
                continue
            }
            guard let kind = next else { return false }
            position += 1
            guard kind == UInt8(ascii: "u") else {
                if high || !"\"\\/bfnrt".utf8.contains(kind) { return false }
                continue
            }
            guard position + 4 <= bytes.count, bytes[position..<(position + 4)].allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }),
                  let code = UInt16(String(decoding: bytes[position..<(position + 4)], as: UTF8.self), radix: 16) else { return false }
            position += 4
            if high != (0xDC00...0xDFFF).contains(code) { return false }
            high = (0xD800...0xDBFF).contains(code)
        }
        return false
    }
}
