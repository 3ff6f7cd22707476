/// Cuts a text into tokens, one at a time, so that the first error of the text is the one that is reported.
struct Lexer {
    struct Problem: Error, Equatable {
        var message: String
        var offset: Int
    }

    private let scalars: [Unicode.Scalar]
    private var index = 0

    init(_ source: String) { scalars = Array(source.unicodeScalars) }

    private static let wordOperators: Set<String> = [
        "not", "in", "or", "and", "matches", "contains", "startsWith", "endsWith", "let", "if", "else",
    ]

    /// Words that are operators, and so are no names except after a dot.
    static func isWordOperator(_ text: String) -> Bool { wordOperators.contains(text) }

    /// The next token; `.end` for ever after the last one.
    mutating func next() throws(Problem) -> Token {
        try skipBlanks()
        let start = index
        guard let first = take() else { return Token(kind: .end, text: "", offset: start) }
        switch first {
        case "'", "\"":
            var literal = StringLiteral(quote: first, bytes: false)
            return Token(kind: .string, text: try scan(&literal), offset: start)
        case "`":
            return Token(kind: .string, text: try rawString(), offset: start)
        case "b" where peek == "'" || peek == "\"", "B" where peek == "'" || peek == "\"":
            var literal = StringLiteral(quote: scalars[index], bytes: true)
            index += 1
            _ = try scan(&literal)
            return Token(kind: .bytes, text: "", bytes: literal.bytes, offset: start)
        case "0"..."9":
            index = start
            return try number(from: start)
        case ".":
            if let following = peek, following.isDigit { return try number(from: start) }
            accept(".")
        case "#":
            pendingPointer = true
            accept("#")
        case "?": if !accept("?") { accept(".") }
        case "|": accept("|")
        case ":": accept(":")
        case "(", ")", "[", "]", "{", "}":
            return Token(kind: .bracket, text: String(first), offset: start)
        case ",", ";", "%", "+", "-", "^", "/": break
        case "&", "!", "=", "*", "<", ">": if !accept("&"), !accept("=") { accept("*") }
        case _ where first.isIdentifierPart:
            while let following = peek, following.isIdentifierPart { index += 1 }
            let word = text(from: start)
            let kind: Token.Kind = !afterPointer && Self.wordOperators.contains(word) ? .operator : .identifier
            afterPointer = false
            return Token(kind: kind, text: word, offset: start)
        default:
            let shown = first.isPrintable ? " '\(first)'" : ""
            throw Problem(message: "unrecognized character: U+\(hex(first.value, width: 4, uppercase: true))\(shown)", offset: start)
        }
        return Token(kind: .operator, text: text(from: start), offset: start)
    }

    /// Set by `#`: a word that follows without a blank is a name, even if it would be an operator.
    private var pendingPointer = false
    private var afterPointer = false

    private var peek: Unicode.Scalar? { index < scalars.count ? scalars[index] : nil }

    private mutating func take() -> Unicode.Scalar? {
        guard index < scalars.count else { return nil }
        defer { index += 1 }
        return scalars[index]
    }

    @discardableResult
    private mutating func accept(_ wanted: Unicode.Scalar) -> Bool {
        guard peek == wanted else { return false }
        index += 1
        return true
    }

    private func text(from start: Int) -> String {
        var view = String.UnicodeScalarView()
        view.append(contentsOf: scalars[start..<index])
        return String(view)
    }

    private mutating func skipBlanks() throws(Problem) {
        let start = index
        while let scalar = peek {
            if scalar.isSpace {
                index += 1
            } else if scalar == "/", index + 1 < scalars.count, scalars[index + 1] == "/" {
                while let following = take(), following != "\n" {}
            } else if scalar == "/", index + 1 < scalars.count, scalars[index + 1] == "*" {
                let opened = index
                index += 2
                var closed = false
                while !closed {
                    guard let following = take() else { throw Problem(message: "unclosed comment", offset: opened) }
                    if following == "*" { closed = accept("/") }
                }
            } else {
                break
            }
        }
        afterPointer = pendingPointer && index == start
        pendingPointer = false
    }

    private mutating func number(from start: Int) throws(Problem) -> Token {
        func isDecimal(_ scalar: Unicode.Scalar) -> Bool { scalar.isDigit || scalar == "_" }
        var isDigit = isDecimal
        if accept("0") {
            if accept("x") || accept("X") {
                isDigit = { $0.hexValue != nil || $0 == "_" }
            } else if accept("o") || accept("O") {
                isDigit = { ("0"..."7").contains($0) || $0 == "_" }
            } else if accept("b") || accept("B") {
                isDigit = { $0 == "0" || $0 == "1" || $0 == "_" }
            }
        }
        while let scalar = peek, isDigit(scalar) { index += 1 }
        if peek == "." {
            // Two dots are a range: the number ends before them.
            if index + 1 < scalars.count, scalars[index + 1] == "." { return Token(kind: .number, text: text(from: start), offset: start) }
            index += 1
            while let scalar = peek, isDigit(scalar) { index += 1 }
        }
        if accept("e") || accept("E") {
            if !accept("+") { accept("-") }
            while let scalar = peek, isDigit(scalar) { index += 1 }
        }
        if let scalar = peek, scalar.isIdentifierPart {
            index += 1
            throw Problem(message: "bad number syntax: \(quoted(text(from: start)))", offset: index - 1)
        }
        return Token(kind: .number, text: text(from: start), offset: start)
    }

    private mutating func rawString() throws(Problem) -> String {
        var view = String.UnicodeScalarView()
        let opened = index - 1
        while let scalar = take() {
            if scalar == "`", !accept("`") { return String(view) }
            view.append(scalar)
        }
        throw Problem(message: "literal not terminated", offset: opened)
    }

    /// The rest of a quoted literal, up to and with its closing quote.
    private mutating func scan(_ literal: inout StringLiteral) throws(Problem) -> String {
        let opened = index - 1
        while true {
            guard let scalar = take(), scalar != "\n" else { throw Problem(message: "literal not terminated", offset: opened) }
            if scalar == literal.quote { return literal.text }
            if scalar != "\\" {
                literal.append(scalar == "\r" ? "\n" : scalar)
                continue
            }
            let escape = index - 1
            do {
                try literal.escape { take() }
            } catch let fault {
                throw Problem(message: fault.message, offset: escape)
            }
        }
    }
}
