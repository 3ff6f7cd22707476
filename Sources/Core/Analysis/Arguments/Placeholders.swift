import StrictJSON

/// The text between `{{` and the first following `}}`, where it stands in a string.
struct Placeholder: Equatable {
    /// As written, with its blanks.
    var raw: Substring
    /// Without surrounding white space: `args.service-name`.
    var name: String

    /// The name of the argument that is meant, nil for anything else.
    var argument: String? { name.hasPrefix("args.") ? String(name.dropFirst(5)) : nil }
}

/// A string cut at its placeholders. There is no escaping, no nesting and no second pass over what was inserted.
enum TextPiece {
    case literal(Substring)
    case placeholder(Placeholder)
}

/// Cuts `text` at its placeholders.
func pieces(of text: String) throws(AnalysisProblem) -> [TextPiece] {
    var pieces: [TextPiece] = []
    var rest = text[...]
    while let opening = position(of: UInt8(ascii: "{"), in: rest) {
        let inner = rest[rest.utf8.index(opening, offsetBy: 2)...]
        guard let closing = position(of: UInt8(ascii: "}"), in: inner) else {
            throw .invalid("Cannot find end tag=\"}}\" in the template=\(quoted(text)) starting from \(quoted(String(inner)))")
        }
        if opening != rest.startIndex { pieces.append(.literal(rest[..<opening])) }
        let raw = inner[..<closing]
        pieces.append(.placeholder(Placeholder(raw: raw, name: trimmed(raw))))
        rest = inner[inner.utf8.index(closing, offsetBy: 2)...]
    }
    if !rest.isEmpty { pieces.append(.literal(rest)) }
    return pieces
}

/// The names of the arguments that placeholders in any string or key of `value` name; unreadable placeholders name none.
public func argumentNames(in value: JSONValue) -> Set<String> {
    var names: Set<String> = []
    func visit(_ text: String) {
        // A placeholder without an end is reported when the run resolves its metrics; here it just names nothing.
        guard let pieces = try? pieces(of: text) else { return }
        for case .placeholder(let placeholder) in pieces {
            if let name = placeholder.argument { names.insert(name) }
        }
    }
    func walk(_ value: JSONValue) {
        switch value {
        case .null, .bool, .number: break
        case .string(let text): visit(text)
        case .array(let elements): for element in elements { walk(element) }
        case .object(let members):
            for (key, member) in members {
                visit(key)
                walk(member)
            }
        }
    }
    walk(value)
    return names
}

/// `value` with every placeholder replaced by the value of its argument.
///
/// Differs: upstream replaces in the metric's JSON text, where some control characters break the JSON; here any
/// text can be inserted. An unknown name is an error; of several the last one is named, as upstream.
func substituting(_ value: JSONValue, arguments: [String: String]) throws(AnalysisProblem) -> JSONValue {
    var unresolved: Substring?
    func replaced(_ text: String) throws(AnalysisProblem) -> String {
        var result = ""
        for piece in try pieces(of: text) {
            switch piece {
            case .literal(let literal):
                result += literal
            case .placeholder(let placeholder):
                if let name = placeholder.argument, let value = arguments[name] {
                    result += value
                } else {
                    unresolved = placeholder.raw
                }
            }
        }
        return result
    }
    func walk(_ value: JSONValue) throws(AnalysisProblem) -> JSONValue {
        switch value {
        case .null, .bool, .number:
            return value
        case .string(let text):
            return .string(try replaced(text))
        case .array(let elements):
            var list: [JSONValue] = []
            for element in elements { list.append(try walk(element)) }
            return .array(list)
        case .object(let members):
            var object = JSONObject()
            for (key, member) in members { object[try replaced(key)] = try walk(member) }
            return .object(object)
        }
    }
    let result = try walk(value)
    if let unresolved { throw .invalid("failed to resolve {{\(unresolved)}}") }
    return result
}

/// Where two of `byte` stand side by side for the first time.
private func position(of byte: UInt8, in text: Substring) -> Substring.Index? {
    var previous: Substring.Index?
    for index in text.utf8.indices {
        if text.utf8[index] == byte {
            if let previous { return previous }
            previous = index
        } else {
            previous = nil
        }
    }
    return nil
}

private func trimmed(_ text: Substring) -> String {
    var result = text.unicodeScalars
    while let first = result.first, first.properties.isWhitespace { result.removeFirst() }
    while let last = result.last, last.properties.isWhitespace { result.removeLast() }
    return String(result)
}

/// The text in double quotes with JSON's escapes.
func quoted(_ text: String) -> String { JSONValue.string(text).text() }
