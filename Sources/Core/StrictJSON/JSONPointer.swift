/// A place within a JSON value (RFC 6901): `/spec/rules/0/backendRefs`.
public struct JSONPointer: Sendable, Hashable, CustomStringConvertible {
    /// The steps from the root, unescaped. None: the whole value.
    public var tokens: [String]

    /// The place at the end of these steps.
    public init(tokens: [String]) { self.tokens = tokens }

    /// The place that `text` spells: empty, or `/` before each step, with `~1` for `/` and `~0` for `~`.
    public init(_ text: String) throws(JSONPointerError) {
        tokens = []
        guard !text.isEmpty else { return }
        guard text.utf8.first == UInt8(ascii: "/") else { throw .noLeadingSlash(text) }
        var token: [UInt8] = []
        var isEscaped = false
        for byte in text.utf8.dropFirst() {
            if isEscaped {
                guard byte == UInt8(ascii: "0") || byte == UInt8(ascii: "1") else { throw .badEscape(text) }
                token.append(byte == UInt8(ascii: "0") ? UInt8(ascii: "~") : UInt8(ascii: "/"))
                isEscaped = false
            } else if byte == UInt8(ascii: "~") {
                isEscaped = true
            } else if byte == UInt8(ascii: "/") {
                tokens.append(String(decoding: token, as: UTF8.self))
                token.removeAll(keepingCapacity: true)
            } else {
                token.append(byte)
            }
        }
        guard !isEscaped else { throw .badEscape(text) }
        tokens.append(String(decoding: token, as: UTF8.self))
    }

    /// The spelling, escaped.
    public var text: String {
        var out: [UInt8] = []
        for token in tokens {
            out.append(UInt8(ascii: "/"))
            for byte in token.utf8 {
                switch byte {
                case UInt8(ascii: "~"): out.append(contentsOf: "~0".utf8)
                case UInt8(ascii: "/"): out.append(contentsOf: "~1".utf8)
                default: out.append(byte)
                }
            }
        }
        return String(decoding: out, as: UTF8.self)
    }

    /// The spelling, escaped.
    public var description: String { text }

    /// The place one step further.
    public func appending(_ token: String) -> JSONPointer { JSONPointer(tokens: tokens + [token]) }

    /// The element at `index` of this place.
    public func appending(_ index: Int) -> JSONPointer { appending(String(index)) }

    /// Whether this place is `other` or within it.
    public func isWithin(_ other: JSONPointer) -> Bool { tokens.starts(with: other.tokens) }

    /// An array index as RFC 6901 spells it: digits without a leading zero; nil for anything else.
    static func index(_ token: String) -> Int? {
        guard !token.isEmpty, token.utf8.allSatisfy({ UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }) else { return nil }
        if token.utf8.count > 1, token.utf8.first == UInt8(ascii: "0") { return nil }
        return Int(token)
    }
}

/// Why a text is no JSON Pointer.
public enum JSONPointerError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The text is not empty and does not begin with a slash.
    case noLeadingSlash(String)
    /// A tilde is followed by something else than 0 or 1.
    case badEscape(String)

    /// What was found and what would be right.
    public var description: String {
        switch self {
        case .noLeadingSlash(let text): return "\"\(text)\" is not a JSON pointer: it must be empty or begin with \"/\""
        case .badEscape(let text): return "\"\(text)\" is not a JSON pointer: \"~\" must be written \"~0\", and \"/\" within a name \"~1\""
        }
    }
}

extension JSONValue {
    /// The value at `pointer`; nil if there is none.
    public subscript(pointer: JSONPointer) -> JSONValue? {
        var value = self
        for token in pointer.tokens {
            switch value {
            case .object(let object):
                guard let member = object[token] else { return nil }
                value = member
            case .array(let array):
                guard let index = JSONPointer.index(token), array.indices.contains(index) else { return nil }
                value = array[index]
            case .null, .bool, .number, .string: return nil
            }
        }
        return value
    }
}
