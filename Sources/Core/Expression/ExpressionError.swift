/// Why an expression has no value.
public struct ExpressionError: Error, Sendable, Equatable {
    public enum Kind: String, Sendable {
        /// The text is no expression.
        case syntax
        /// The text is an expression, but its names or types do not fit what it is compiled against.
        case type
        /// The text uses a part of the language that is not there yet.
        case unsupported
        /// The text is too long, too large or too deeply nested.
        case limit
        /// It was compiled, but has no value for this data.
        case runtime
        /// It has a value, but no boolean.
        case notBoolean
    }

    public var kind: Kind
    /// One sentence, without position: what ends in `measurement.message`.
    public var message: String
    /// Where in the text; nil where no place is to blame.
    public var position: SourcePosition?
    /// The line with a caret below the place; empty where there is no position.
    public var snippet: String

    init(_ kind: Kind, _ message: String, at offset: Int? = nil, in source: String = "") {
        self.kind = kind
        self.message = message
        position = offset.map { SourcePosition(offset: $0, in: source) }
        snippet = position.map { $0.snippet(of: source) } ?? ""
    }

    /// True when the expression never ran.
    public var isCompileError: Bool { kind != .runtime && kind != .notBoolean }
}

extension ExpressionError: CustomStringConvertible {
    /// The message with line, column and the marked line.
    public var description: String {
        guard let position else { return message }
        return "\(message) (\(position.line):\(position.column))\(snippet)"
    }
}

/// A place in a source text.
public struct SourcePosition: Sendable, Equatable {
    /// In code points from the beginning.
    public var offset: Int
    /// From 1.
    public var line: Int
    /// In code points, from 1.
    public var column: Int

    init(offset: Int, in source: String) {
        self.offset = offset
        (line, column) = (1, 1)
        for scalar in source.unicodeScalars.prefix(offset) {
            if scalar == "\n" {
                (line, column) = (line + 1, 1)
            } else {
                column += 1
            }
        }
    }

    /// Code points shown of a line on each side of the place, so that one long line does not fill a status.
    static let snippetReach = 120

    func snippet(of source: String) -> String {
        let lines = source.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false)
        guard line <= lines.count else { return "" }
        let text = Array(lines[line - 1])
        if text.isEmpty { return "" }
        let start = max(0, column - 1 - Self.snippetReach)
        let end = min(text.count, column - 1 + Self.snippetReach)
        guard start <= end else { return "" }
        var shown = String.UnicodeScalarView()
        for scalar in text[start..<end] { shown.append(scalar == "\t" || scalar == "\r" ? " " : scalar) }
        return "\n | \(String(shown))\n | \(String(repeating: ".", count: column - 1 - start))^"
    }
}
