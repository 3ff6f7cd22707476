import StrictJSON

/// How a string is written so that it is read as the same string.
///
/// As go-yaml chooses: plain if nothing speaks against it; double quotes if it would be read as another type or has
/// characters that need an escape; single quotes if only its punctuation is in the way.
enum YAMLScalarStyle {
    /// A string on one line.
    static func flow(_ text: String) -> String {
        if needsEscapes(text) || readsAsOtherType(text) { return doubleQuoted(text) }
        return hasPlainSyntax(text) ? text : singleQuoted(text)
    }

    /// A key. The same as a value on one line, except that `<<` would merge.
    static func key(_ text: String) -> String { flow(text) }

    /// Whether `text` has several lines that can stand as they are. The first one decides the indentation, so it must not
    /// begin with a blank; a blank at the very end would be invisible.
    static func canBeLiteral(_ text: String) -> Bool {
        guard let first = text.utf8.first, let last = text.utf8.last, text.utf8.contains(0x0A) else { return false }
        guard first != 0x20, first != 0x09, first != 0x0A, last != 0x20, last != 0x09 else { return false }
        return text.unicodeScalars.allSatisfy { $0 == "\n" || $0 == "\t" || isPrintable($0) }
    }

    private static func needsEscapes(_ text: String) -> Bool { !text.unicodeScalars.allSatisfy(isPrintable) }

    /// Whether a character may stand unescaped on one line. Line separators count as line breaks in YAML 1.1.
    private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x20...0x7E, 0xA0...0x2027, 0x202A...0xD7FF, 0xE000...0xFEFE, 0xFF00...0xFFFD, 0x10000...0x10FFFF: return true
        default: return false
        }
    }

    private static func readsAsOtherType(_ text: String) -> Bool {
        if text == "<<" || text == "=" || YAMLScalarRules.looksLikeTimestamp(text) || looksLikeBase60(text) { return true }
        guard let value = try? YAMLScalarRules.plainValue(of: text) else { return true }  // refused: certainly not as this string
        if case .string = value { return false }
        return true
    }

    /// `1:30`, a number for other YAML 1.1 readers.
    private static func looksLikeBase60(_ text: String) -> Bool {
        var bytes = Array(text.utf8)[...]
        if bytes.first == UInt8(ascii: "-") || bytes.first == UInt8(ascii: "+") { bytes = bytes.dropFirst() }
        guard let first = bytes.first, UInt8(ascii: "0")...UInt8(ascii: "9") ~= first, bytes.contains(UInt8(ascii: ":")) else { return false }
        return bytes.allSatisfy { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 || $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: ".") }
    }

    /// Whether the punctuation of `text`, which is printable, allows it without quotes in block style.
    private static func hasPlainSyntax(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        guard let first = bytes.first, let last = bytes.last, first != 0x20, last != 0x20, last != UInt8(ascii: ":") else { return false }
        if text.hasPrefix("---") || text.hasPrefix("...") { return false }
        switch first {
        case UInt8(ascii: "#"), UInt8(ascii: ","), UInt8(ascii: "["), UInt8(ascii: "]"), UInt8(ascii: "{"), UInt8(ascii: "}"), UInt8(ascii: "&"),
            UInt8(ascii: "*"), UInt8(ascii: "!"), UInt8(ascii: "|"), UInt8(ascii: ">"), UInt8(ascii: "'"), UInt8(ascii: "\""), UInt8(ascii: "%"),
            UInt8(ascii: "@"), UInt8(ascii: "`"):
            return false
        case UInt8(ascii: "-"), UInt8(ascii: "?"), UInt8(ascii: ":"):
            guard bytes.count > 1, bytes[1] != 0x20 else { return false }
        default: break
        }
        for index in 1..<max(bytes.count, 1) {
            if bytes[index] == 0x20, bytes[index - 1] == UInt8(ascii: ":") { return false }
            if bytes[index] == UInt8(ascii: "#"), bytes[index - 1] == 0x20 { return false }
        }
        return true
    }

    /// By scalars: to Swift, a quote with an accent behind it is another character.
    private static func singleQuoted(_ text: String) -> String {
        var out: String.UnicodeScalarView = "'".unicodeScalars
        for scalar in text.unicodeScalars {
            out.append(scalar)
            if scalar == "'" { out.append(scalar) }
        }
        return String(out) + "'"
    }

    private static func doubleQuoted(_ text: String) -> String {
        var out = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": out += "\\\""
            case "\\": out += "\\\\"
            case "\n": out += "\\n"
            case "\r": out += "\\r"
            case "\t": out += "\\t"
            default:
                if isPrintable(scalar) {
                    out.unicodeScalars.append(scalar)
                } else {
                    out += escape(scalar)
                }
            }
        }
        return out + "\""
    }

    private static func escape(_ scalar: Unicode.Scalar) -> String {
        let hex = String(scalar.value, radix: 16, uppercase: true)
        let width = scalar.value <= 0xFF ? 2 : (scalar.value <= 0xFFFF ? 4 : 8)
        return (width == 2 ? "\\x" : (width == 4 ? "\\u" : "\\U")) + String(repeating: "0", count: width - hex.utf8.count) + hex
    }
}
