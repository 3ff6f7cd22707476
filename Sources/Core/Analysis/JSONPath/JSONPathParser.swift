/// Reads a template. It goes over the text once; the parts of unions, filters and quoted keys are read as templates of
/// their own, which are shorter, so that nesting ends.
struct JSONPathParser {
    private let input: [Unicode.Scalar]
    private var position = 0
    private var roots: [JSONPath.Node] = []
    /// How deep filters and unions stand in each other.
    private let depth: Int

    /// Deeper than people nest, and far from what a stack holds.
    private static let deepest = 16

    init(_ source: String, depth: Int = 0) {
        input = Array(source.unicodeScalars)
        self.depth = depth
    }

    private init(_ source: [Unicode.Scalar], depth: Int) {
        input = source
        self.depth = depth
    }

    mutating func parse() throws(JSONPath.SyntaxError) -> [JSONPath.Node] {
        var text = String.UnicodeScalarView()
        while let scalar = next() {
            guard scalar == "{" else {
                text.append(scalar)
                continue
            }
            if !text.isEmpty { roots.append(.text(String(text))) }
            text = String.UnicodeScalarView()
            roots.append(.list(try action()))
        }
        if !text.isEmpty { roots.append(.text(String(text))) }
        return roots
    }

    /// What stands between `{` and `}`.
    private mutating func action() throws(JSONPath.SyntaxError) -> [JSONPath.Node] {
        var nodes: [JSONPath.Node] = []
        while true {
            if skip("[?(") {
                nodes.append(try filter())
                continue
            }
            if skip("..") {
                if nodes.last == .descendants { throw error("invalid multiple recursive descent") }
                nodes.append(.descendants)
                if let scalar = peek, isWordPart(scalar) { nodes.append(field()) }
                continue
            }
            guard let scalar = next(), scalar != "\n", scalar != "\r" else { throw error("unclosed action") }
            switch scalar {
            case "}": return nodes
            case " ", "@", "$": continue
            case "[": nodes += try bracket()
            case "\"", "'": nodes.append(.text(try quotedText(scalar)))
            case ".": nodes.append(field())
            case "+", "-", _ where scalar.properties.numericType == .decimal: nodes.append(try number(scalar))
            case _ where isWordPart(scalar): nodes.append(word(scalar))
            default: throw error("unrecognized character in action: \(shown(scalar))")
            }
        }
    }

    private mutating func field() -> JSONPath.Node {
        var name = String.UnicodeScalarView()
        while let scalar = peek, !isTerminator(scalar) {
            position += 1
            if scalar == "\\" {
                // Whatever follows belongs to the name, also where it would end it.
                if let escaped = next(), escaped != "\\" { name.append(escaped) }
            } else {
                name.append(scalar)
            }
        }
        return String(name) == "*" ? .wildcard : .field(String(name))
    }

    private mutating func word(_ first: Unicode.Scalar) -> JSONPath.Node {
        var text = String.UnicodeScalarView([first])
        while let scalar = peek, !isTerminator(scalar) {
            text.append(scalar)
            position += 1
        }
        switch String(text) {
        case "true": return .bool(true)
        case "false": return .bool(false)
        case let word: return .word(word)
        }
    }

    private mutating func number(_ first: Unicode.Scalar) throws(JSONPath.SyntaxError) -> JSONPath.Node {
        var scalars = String.UnicodeScalarView([first])
        while let scalar = peek, scalar == "." || scalar.properties.numericType == .decimal {
            scalars.append(scalar)
            position += 1
        }
        let text = String(scalars)
        if let value = Int(text) { return .int(value) }
        if text.utf8.contains(where: { (48...57).contains($0) }), let value = Double(text), value.isFinite { return .float(value) }
        throw error("cannot parse number \(text)")
    }

    private mutating func quotedText(_ quote: Unicode.Scalar) throws(JSONPath.SyntaxError) -> String {
        let start = position - 1
        while true {
            guard let scalar = next(), scalar != "\n" else { throw error("unterminated quoted string") }
            if scalar == quote, input[position - 2] != "\\" { break }
        }
        let raw = input[start..<position]
        guard let text = unquoted(raw.dropFirst().dropLast(), quote) else {
            throw error("unquote string \(string(raw)) error invalid syntax")
        }
        return text
    }

    /// What stands in brackets: an index, a slice, a key in quotes, or several of them.
    private mutating func bracket() throws(JSONPath.SyntaxError) -> [JSONPath.Node] {
        let start = position
        while true {
            guard let scalar = next(), scalar != "\n" else { throw error("unterminated array") }
            if scalar == "]" { break }
        }
        let text = input[start..<(position - 1)]
        if string(text) == "*" { return [.slice(JSONPath.Slice(from: nil, to: nil, isIndex: false, step: nil))] }
        let parts = text.split(separator: ",", omittingEmptySubsequences: false)
        if parts.count > 1 {
            var union: [[JSONPath.Node]] = []
            for part in parts {
                let trimmed = part.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed()
                union.append(try inner(["["] + trimmed + ["]"]))
            }
            return [.union(union)]
        }
        if text.count > 1, text.first == "'", text.last == "'", !text.dropFirst().dropLast().contains("'") {
            // Read like a field after a dot: upstream's, so that `['a.b']` is the member b of a.
            return try inner(["."] + text.dropFirst().dropLast())
        }
        return [.slice(try slice(text))]
    }

    private func slice(_ text: ArraySlice<Unicode.Scalar>) throws(JSONPath.SyntaxError) -> JSONPath.Slice {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        let isWellFormed = parts.count <= 3 && parts.allSatisfy { part in
            let digits = part.first == "-" ? part.dropFirst() : part
            return digits.allSatisfy { ("0"..."9").contains($0) }
        }
        guard isWellFormed else { throw error("invalid array index \(string(text))") }
        var numbers: [Int?] = []
        for part in parts {
            let digits = string(part)
            if digits.isEmpty {
                numbers.append(nil)
            } else if let number = Int(digits) {
                numbers.append(number)
            } else {
                throw error("array index \(digits) is not a number")
            }
        }
        let from = numbers[0]
        guard parts.count > 1 else {
            let (end, overflow) = (from ?? 0).addingReportingOverflow(1)
            if overflow { throw error("array index \(string(text)) is not a number") }
            return JSONPath.Slice(from: from, to: end, isIndex: true, step: nil)
        }
        return JSONPath.Slice(from: from, to: numbers[1], isIndex: false, step: parts.count > 2 ? numbers[2] : nil)
    }

    /// `[?(left OP right)]` or `[?(existing)]`; the opening is read.
    private mutating func filter() throws(JSONPath.SyntaxError) -> JSONPath.Node {
        let start = position
        var quote: Unicode.Scalar?
        var isClosed = false
        while true {
            guard let scalar = next(), scalar != "\n" else { throw error("unterminated filter") }
            if scalar == "\"" || scalar == "'" {
                if quote == nil {
                    quote = scalar
                } else if scalar == quote, input[position - 2] != "\\" {
                    isClosed = true
                }
            } else if scalar == ")", (quote != nil) == isClosed {
                break
            }
        }
        guard next() == "]" else { throw error("unclosed array expect ]") }
        let text = input[start..<(position - 2)]
        guard let cut = cut(text) else { return .filter(left: try inner(text), operation: nil, right: []) }
        return .filter(left: try inner(cut.left), operation: string(cut.operation), right: try inner(cut.right))
    }

    /// The text before, in and after the first run of characters of operators; nil where there is none to compare with.
    private func cut(
        _ text: ArraySlice<Unicode.Scalar>
    ) -> (left: ArraySlice<Unicode.Scalar>, operation: ArraySlice<Unicode.Scalar>, right: ArraySlice<Unicode.Scalar>)? {
        func isOperator(_ scalar: Unicode.Scalar) -> Bool { scalar == "!" || scalar == "<" || scalar == "=" || scalar == ">" }
        guard let begin = text.firstIndex(where: isOperator), begin > text.startIndex else { return nil }
        var end = text[begin...].firstIndex { !isOperator($0) } ?? text.endIndex
        // The right side has at least one character, if need be the last one of the operator.
        if end == text.endIndex { end -= 1 }
        return end > begin ? (text[..<begin], text[begin..<end], text[end...]) : nil
    }

    /// The first action of a text that is put into braces.
    private func inner(_ text: some Sequence<Unicode.Scalar>) throws(JSONPath.SyntaxError) -> [JSONPath.Node] {
        guard depth < Self.deepest else { throw error("filters and unions are nested deeper than \(Self.deepest)") }
        var parser = JSONPathParser(["{"] + text + ["}"], depth: depth + 1)
        guard case .list(let nodes)? = try parser.parse().first else { return [] }
        return nodes
    }

    private var peek: Unicode.Scalar? { position < input.count ? input[position] : nil }

    private mutating func next() -> Unicode.Scalar? {
        guard let scalar = peek else { return nil }
        position += 1
        return scalar
    }

    private mutating func skip(_ text: String) -> Bool {
        guard input[position...].starts(with: text.unicodeScalars) else { return false }
        position += text.unicodeScalars.count
        return true
    }

    private func error(_ message: String) -> JSONPath.SyntaxError { JSONPath.SyntaxError(message: message) }

    private func string(_ scalars: some Sequence<Unicode.Scalar>) -> String {
        var view = String.UnicodeScalarView()
        view.append(contentsOf: scalars)
        return String(view)
    }

    private func isWordPart(_ scalar: Unicode.Scalar) -> Bool {
        scalar == "_" || scalar.properties.numericType == .decimal || scalar.properties.generalCategory.isLetter
    }

    /// What ends a name.
    private func isTerminator(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case " ", "\t", "\r", "\n", ".", ",", "[", "]", "$", "@", "{", "}": true
        default: false
        }
    }

    /// `U+002C ','`
    private func shown(_ scalar: Unicode.Scalar) -> String {
        let hex = String(scalar.value, radix: 16, uppercase: true)
        let code = "U+" + String(repeating: "0", count: max(0, 4 - hex.count)) + hex
        switch scalar.properties.generalCategory {
        case .control, .format, .unassigned, .privateUse, .surrogate, .lineSeparator, .paragraphSeparator: return code
        default: return "\(code) '\(scalar)'"
        }
    }
}

extension Unicode.GeneralCategory {
    fileprivate var isLetter: Bool {
        switch self {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: true
        default: false
        }
    }
}

/// The text of a literal with Go's escapes replaced; nil where an escape is none.
private func unquoted(_ body: ArraySlice<Unicode.Scalar>, _ quote: Unicode.Scalar) -> String? {
    var output: [UInt8] = []
    var rest = body
    while let scalar = rest.popFirst() {
        guard scalar == "\\" else {
            if scalar == quote { return nil }
            output += Array(String(scalar).utf8)
            continue
        }
        guard let escape = rest.popFirst() else { return nil }
        switch escape {
        case "a": output.append(7)
        case "b": output.append(8)
        case "f": output.append(12)
        case "n": output.append(10)
        case "r": output.append(13)
        case "t": output.append(9)
        case "v": output.append(11)
        case "\\": output.append(92)
        case "'", "\"":
            guard escape == quote else { return nil }
            output += Array(String(escape).utf8)
        case "x", "u", "U", "0"..."7":
            let isOctal = escape.value < 64
            let count = isOctal ? 3 : escape == "x" ? 2 : escape == "u" ? 4 : 8
            var digits = isOctal ? String(escape) : ""
            while digits.unicodeScalars.count < count, let digit = rest.popFirst() { digits.unicodeScalars.append(digit) }
            guard digits.utf8.count == count, digits.first != "+", digits.first != "-",
                let value = UInt32(digits, radix: isOctal ? 8 : 16) else { return nil }
            if isOctal || escape == "x" {
                guard value < 256 else { return nil }
                output.append(UInt8(value))
            } else {
                guard let character = Unicode.Scalar(value) else { return nil }
                output += Array(String(character).utf8)
            }
        default: return nil
        }
    }
    return String(decoding: output, as: UTF8.self)
}
