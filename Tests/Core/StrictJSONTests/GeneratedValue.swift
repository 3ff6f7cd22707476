import Clockwork
import StrictJSON

/// Any value, from a seed: all kinds, awkward strings and numbers, up to `depth` levels.
func generatedValue(_ random: inout SeededGenerator, depth: Int = 4) -> JSONValue {
    switch Int.random(in: 0..<(depth > 0 ? 9 : 7), using: &random) {
    case 0: return .null
    case 1: return .bool(Bool.random(using: &random))
    case 2: return JSONValue(Int64(truncatingIfNeeded: random.next()) >> Int64.random(in: 0..<63, using: &random))
    case 3: return JSONValue(generatedDouble(&random))
    case 4: return .number(JSONNumber(text: generatedNumberText(&random)) ?? JSONNumber(-1))
    case 5, 6: return .string(generatedString(&random))
    case 7: return .array((0..<Int.random(in: 0..<5, using: &random)).map { _ in generatedValue(&random, depth: depth - 1) })
    default:
        var object = JSONObject()
        let count = Ratio(1, of: 20).isHit(using: &random) ? 40 : Int.random(in: 0..<6, using: &random)
        for _ in 0..<count { object[generatedString(&random)] = generatedValue(&random, depth: depth - 1) }
        return .object(object)
    }
}

/// Any finite double, by its bits.
func generatedDouble(_ random: inout SeededGenerator) -> Double {
    let value = Ratio(1, of: 2).isHit(using: &random)
        ? Double(bitPattern: random.next())
        : Double(Int64.random(in: -100_000...100_000, using: &random)) / [1.0, 10.0, 100.0, 1000.0, 8.0].randomElement(using: &random)!
    return value.isFinite ? value : 0.5
}

/// A number in one of the spellings that JSON allows.
func generatedNumberText(_ random: inout SeededGenerator) -> String {
    func digits(_ range: ClosedRange<Int>, _ random: inout SeededGenerator) -> String {
        String(decoding: (0..<Int.random(in: range, using: &random)).map { _ in UInt8.random(in: 0x30...0x39, using: &random) }, as: UTF8.self)
    }
    var text = Bool.random(using: &random) ? "-" : ""
    text += Bool.random(using: &random) ? "0" : "\(Int.random(in: 1...9, using: &random))" + digits(0...24, &random)
    if Bool.random(using: &random) { text += "." + digits(1...24, &random) }
    if Bool.random(using: &random) { text += ["e", "E", "e+", "e-"].randomElement(using: &random)! + digits(1...3, &random) }
    return text
}

/// Strings that have made trouble before: escapes, combining characters, all planes, lengths around eight.
func generatedString(_ random: inout SeededGenerator) -> String {
    let pieces: [String] = [
        "a", "key", "spec", "creationTimestamp", "\"", "\\", "/", "\n", "\t", "\u{0}", "\u{1F}", "\u{7F}", "é", "e\u{301}", "€", "\u{2028}", "\u{2029}",
        "😀", "\u{FEFF}", "<b>&", "0123456789abcdef", " ", "\u{FFFF}", "\u{10FFFF}", "~", "~1", "- ", ": ", "#", "yes", "1", "null", "\r\n", "'",
    ]
    return (0..<Int.random(in: 0..<5, using: &random)).map { _ in pieces.randomElement(using: &random)! }.joined()
}
