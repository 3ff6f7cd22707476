import Expression
import StrictJSON

/// A template in Kubernetes' dialect of JSONPath, as the web provider's `jsonPath` is.
///
/// Text outside of `{…}` is a result of its own. A missing key is an error, a null member is found, a null parent is
/// passed over. Members of objects are visited in the order of their keys.
///
/// Differs: upstream visits members in random order, and crashes for some paths on null; here those are errors.
public struct JSONPath: Sendable, Equatable {
    /// Why there is no such template, in upstream's words.
    public struct SyntaxError: Error, Sendable, Equatable, CustomStringConvertible {
        public var message: String
        public var description: String { message }
    }

    /// Why a template finds nothing in a document.
    public struct LookupError: Error, Sendable, Equatable, CustomStringConvertible {
        public var message: String
        /// Whether something had been found where the walk ended: all that a filter for existence asks.
        var hasPartialResult = false
        public var description: String { message }
    }

    /// A value that a template found.
    public enum Match: Sendable, Equatable {
        /// A part of the document.
        case json(JSONValue)
        /// A number in the template itself; no number of a document is of its kind.
        case int(Int)
        /// A byte of a string, which `*` and `..` take apart.
        case byte(UInt8)
    }

    /// 16 KiB: longer than any path that people write.
    static let longestSource = 16 << 10
    /// A million values looked at: several times what a document of the largest size has, and a second of work at most.
    /// Several `..` in one path would else take time that grows with the power of their number.
    static let stepLimit = 1_000_000

    let roots: [Node]

    /// Reads a template.
    public init(_ source: String) throws(SyntaxError) {
        guard source.utf8.count <= Self.longestSource else {
            throw SyntaxError(message: "the jsonPath is longer than \(Self.longestSource) bytes")
        }
        var parser = JSONPathParser(source)
        roots = try parser.parse()
    }

    /// The first value that the template finds in `document`; nil: it finds none, which is no error of the path.
    public func first(in document: JSONValue) throws(LookupError) -> Match? {
        var walk = JSONPathWalk(stepsLeft: Self.stepLimit)
        return try walk.find(roots[...], in: .json(document)).first
    }

    /// A part of a template.
    indirect enum Node: Sendable, Equatable {
        /// What stands in one pair of braces: each part is applied to what the one before found.
        case list([Node])
        case text(String)
        case int(Int)
        case float(Double)
        case bool(Bool)
        /// A bare word: `range` or `end`, nothing else.
        case word(String)
        case field(String)
        case slice(Slice)
        case wildcard
        case descendants
        case union([[Node]])
        case filter(left: [Node], operation: String?, right: [Node])
    }

    /// `[from:to:step]` or `[index]`.
    struct Slice: Sendable, Equatable {
        var from: Int?
        /// Nil: to the end.
        var to: Int?
        /// `to` was not written: it is the one after `from`.
        var isIndex: Bool
        var step: Int?
    }
}

extension JSONPath.Match {
    /// What `result` is in a condition.
    public var expressionValue: ExpressionValue {
        switch self {
        case .json(let value): ExpressionValue(json: value)
        case .int(let number): .int(Int64(number))
        case .byte(let byte): .uint8(byte)
        }
    }

    /// As Go writes it: compact, keys sorted, characters of HTML escaped.
    public var text: String {
        switch self {
        case .json(let value): value.text(JSONStyle(sortsKeys: true, escapesHTML: true))
        case .int(let number): String(number)
        case .byte(let byte): String(byte)
        }
    }
}
