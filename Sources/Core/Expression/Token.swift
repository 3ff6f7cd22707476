/// One word of the language.
struct Token: Equatable {
    enum Kind: String {
        case identifier = "Identifier"
        case number = "Number"
        case string = "String"
        case bytes = "Bytes"
        case `operator` = "Operator"
        case bracket = "Bracket"
        case end = "EOF"
    }

    var kind: Kind
    /// The text; of a string its value, without quotes and escapes.
    var text: String
    /// The value of a bytes literal.
    var bytes: [UInt8] = []
    /// In code points from the beginning.
    var offset: Int

    func isOperator(_ text: String) -> Bool { kind == .operator && self.text == text }
    func isBracket(_ text: String) -> Bool { kind == .bracket && self.text == text }

    /// As error messages print it: `Number("1")`, `EOF`.
    var description: String {
        let shown = kind == .bytes ? String(decoding: bytes, as: UTF8.self) : text
        return shown.isEmpty ? kind.rawValue : "\(kind.rawValue)(\(quoted(shown)))"
    }
}

extension Unicode.Scalar {
    /// May begin an identifier.
    var isIdentifierStart: Bool {
        if isASCII { return ("a"..."z").contains(self) || ("A"..."Z").contains(self) || self == "_" || self == "$" }
        switch properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: return true
        default: return false
        }
    }

    /// May stand inside an identifier.
    var isIdentifierPart: Bool { isIdentifierStart || (isASCII ? isDigit : properties.generalCategory == .decimalNumber) }
    var isDigit: Bool { ("0"..."9").contains(self) }
    var isSpace: Bool { isASCII ? (value == 32 || (9...13).contains(value)) : properties.isWhitespace }

    /// 0...15, nil for what is no hexadecimal digit.
    var hexValue: UInt32? {
        switch self {
        case "0"..."9": value - 48
        case "a"..."f": value - 87
        case "A"..."F": value - 55
        default: nil
        }
    }
}

/// The text in double quotes, escaped as Go does it; the reference's messages look like this.
func quoted(_ text: String) -> String {
    var out = "\""
    for scalar in text.unicodeScalars {
        switch scalar {
        case "\"": out += "\\\""
        case "\\": out += "\\\\"
        case "\n": out += "\\n"
        case "\r": out += "\\r"
        case "\t": out += "\\t"
        case "\u{07}": out += "\\a"
        case "\u{08}": out += "\\b"
        case "\u{0B}": out += "\\v"
        case "\u{0C}": out += "\\f"
        case _ where scalar.value < 32 || scalar.value == 127: out += "\\x" + hex(scalar.value, width: 2)
        case _ where !scalar.isPrintable: out += scalar.value < 0x10000 ? "\\u" + hex(scalar.value, width: 4) : "\\U" + hex(scalar.value, width: 8)
        default: out.unicodeScalars.append(scalar)
        }
    }
    return out + "\""
}

func hex(_ value: UInt32, width: Int, uppercase: Bool = false) -> String {
    let digits = String(value, radix: 16, uppercase: uppercase)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
}

extension Unicode.Scalar {
    var isPrintable: Bool {
        if isASCII { return (32..<127).contains(value) }
        switch properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .spaceSeparator, .lineSeparator, .paragraphSeparator: return false
        default: return true
        }
    }
}
