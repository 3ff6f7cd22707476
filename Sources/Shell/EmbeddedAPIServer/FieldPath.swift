import StrictJSON

/// The part of JSONPath that printer columns and scale paths use: members, indexes, `[*]` and `[?(@.a=="b")]`.
struct FieldPath: Sendable {
    private var steps: [Step] = []

    private enum Step: Sendable {
        case member(String)
        case element(Int)
        case every
        case matching(path: [String], equals: String)
    }

    /// Reads `.spec.items[0].name`, with or without the leading dot and braces; nil where it uses anything else.
    init?(_ text: String) {
        var rest = text[...]
        if rest.first == "{", rest.last == "}" { rest = rest.dropFirst().dropLast() }
        if rest.first == "$" { rest = rest.dropFirst() }
        while let character = rest.first {
            switch character {
            case ".":
                rest = rest.dropFirst()
                if rest.isEmpty { return }
            case "[":
                guard let step = Self.bracket(&rest) else { return nil }
                steps.append(step)
            default:
                var name = ""
                while let next = rest.first, next != ".", next != "[" {
                    rest = rest.dropFirst()
                    // A dot inside a name is written `\.`.
                    if next == "\\", let escaped = rest.popFirst() { name.append(escaped) } else { name.append(next) }
                }
                steps.append(name == "*" ? .every : .member(name))
            }
        }
    }

    private static func bracket(_ rest: inout Substring) -> Step? {
        guard let end = rest.firstIndex(of: "]") else { return nil }
        let inside = rest[rest.index(after: rest.startIndex)..<end]
        rest = rest[rest.index(after: end)...]
        if inside == "*" { return .every }
        if let index = Int(inside) { return .element(index) }
        if let quote = inside.first, quote == "'" || quote == "\"", inside.last == quote, inside.count > 1 {
            return .member(String(inside.dropFirst().dropLast()))
        }
        guard inside.hasPrefix("?(@."), inside.hasSuffix(")") else { return nil }
        let condition = inside.dropFirst(4).dropLast()
        guard let equals = condition.firstIndex(of: "="), condition[equals...].hasPrefix("==") else { return nil }
        let value = condition[equals...].dropFirst(2).filter { $0 != "\"" && $0 != "'" }
        let path = condition[..<equals].split(separator: ".").map { String($0.filter { $0 != " " }) }
        return .matching(path: path, equals: String(value).trimmingSpaces)
    }

    /// What the path finds in `object`, in order.
    func values(in object: JSONValue) -> [JSONValue] {
        var found = [object]
        for step in steps {
            found = found.flatMap { value -> [JSONValue] in
                switch step {
                case .member(let name):
                    return value[name].map { [$0] } ?? []
                case .element(let index):
                    let elements = value.arrayValue ?? []
                    let position = index < 0 ? elements.count + index : index
                    return elements.indices.contains(position) ? [elements[position]] : []
                case .every:
                    return value.arrayValue ?? value.objectValue?.values ?? []
                case .matching(let path, let wanted):
                    return (value.arrayValue ?? []).filter { element in
                        guard let leaf = element.at(path: path) else { return false }
                        return leaf.stringValue == wanted || leaf.text() == wanted
                    }
                }
            }
        }
        return found
    }

    /// The member names, where the path consists of nothing else.
    var members: [String]? {
        var names: [String] = []
        for step in steps {
            guard case .member(let name) = step else { return nil }
            names.append(name)
        }
        return names
    }
}

extension String {
    var trimmingSpaces: String {
        var text = self[...]
        while text.first == " " { text.removeFirst() }
        while text.last == " " { text.removeLast() }
        return String(text)
    }
}
