import StrictJSON

/// Choices made from the bytes of an input: every input means something, and a changed byte is a changed choice.
///
/// An input that has run out chooses what is first and smallest, so that everything built from it comes to an end.
struct ByteSource {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: [UInt8]) { rest = bytes[...] }

    /// Whether nothing is left to choose by.
    var isEmpty: Bool { rest.isEmpty }

    /// The next byte; 0 at the end.
    mutating func byte() -> UInt8 { rest.popFirst() ?? 0 }

    /// A number from 0 to below `bound`, which is at most 256.
    mutating func below(_ bound: Int) -> Int { Int(byte()) % bound }

    /// One in `odds`, and false at the end.
    mutating func once(in odds: Int) -> Bool { below(odds) == odds - 1 }

    /// One of these.
    mutating func pick<Element>(_ choices: [Element]) -> Element { choices[below(choices.count)] }

    /// What a few bytes spell as a number.
    mutating func integer() -> Int64 {
        var value: UInt64 = 0
        for _ in 0..<below(9) { value = value << 8 | UInt64(byte()) }
        return Int64(bitPattern: value)
    }

    // MARK: JSON

    /// Few, so that they meet; with what is special in pointers, in YAML and in comparing texts.
    static let texts: [String] = [
        "a", "b", "c", "", "0", "1", "-", "01", "~", "/", "~1", "name", "weight", "é", "e\u{301}", "\u{1F600}", "null", "true", "1e3", "0x10", "yes",
        "<<", "=", "a: b", " a", "a ", "a\nb", "\n", "a\n", "\ta", "#a", "- a", "a #b", "'", "\"", "\\", "\u{0}", "\u{7F}", "\u{85}", "\u{2028}", "\u{FEFF}",
        "{}", "[]", "*a", "&a", "!a", "|", ">", "%", "@", "`", "?", "? a", ":", "---", "...", "2001-01-01", "1:30", "12345678901234567890", "a\r\nb", "\u{FFFD}", "\u{10FFFF}",
        ".inf", "+1", "1_000", "0o7", "~", "x: |", "\u{A0}", "a\n\n b\n", " \n", "<html>&",
    ]

    /// A text: one of the usual ones, or what the next bytes spell.
    mutating func text() -> String {
        let choice: Int = Int(byte())
        if choice < Self.texts.count { return Self.texts[choice] }
        let count: Int = choice % 12
        return String(decoding: (0..<count).map { _ in byte() }, as: UTF8.self)
    }

    /// A number: small, any integer, any double, or one that only its text can hold.
    mutating func number() -> JSONNumber {
        switch below(6) {
        case 0, 1: return JSONNumber(below(4))
        case 2: return JSONNumber(integer())
        case 3:
            let double = Double(bitPattern: UInt64(bitPattern: integer()))
            return double.isFinite ? JSONNumber(double) : JSONNumber(0)
        case 4: return JSONNumber(Double(integer()) / 8)
        default:
            let digits: String = (0..<(1 + below(24))).map { _ in String(below(10)) }.joined()
            return JSONNumber(text: "-0.\(digits)e\(below(200))") ?? JSONNumber(0)
        }
    }

    /// Any value with at most `depth` levels.
    mutating func value(depth: Int = 4) -> JSONValue {
        switch below(depth > 0 ? 9 : 5) {
        case 0: return .null
        case 1: return .bool(once(in: 2))
        case 2: return .number(number())
        case 3, 4: return .string(text())
        case 5, 6: return .array((0..<below(5)).map { _ in value(depth: depth - 1) })
        default:
            var object = JSONObject()
            for _ in 0..<below(5) { object[text()] = value(depth: depth - 1) }
            return .object(object)
        }
    }
}
