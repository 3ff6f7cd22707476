import StrictJSON

/// RFC 6902 read plainly: every operation makes a new value, nothing is changed in place.
enum PlainPatch {
    /// The value after all operations; or nil, and the first operation that cannot be done.
    static func apply(_ patch: JSONPatch, to value: JSONValue) -> (value: JSONValue?, failed: Int) {
        var value: JSONValue = value
        for (index, operation) in patch.operations.enumerated() {
            guard let next = apply(operation, to: value) else { return (nil, index) }
            value = next
        }
        return (value, -1)
    }

    private static func apply(_ operation: JSONPatch.Operation, to value: JSONValue) -> JSONValue? {
        switch operation {
        case .add(let place, let new): return adding(new, to: value, at: place.tokens[...])
        case .remove(let place): return place.tokens.isEmpty ? .null : removing(from: value, at: place.tokens[...])
        case .replace(let place, let new): return replacing(value, at: place.tokens[...], by: new)
        case .test(let place, let expected): return found(in: value, at: place.tokens[...]) == expected ? value : .none
        case .copy(let from, let to):
            guard let part = found(in: value, at: from.tokens[...]) else { return nil }
            return adding(part, to: value, at: to.tokens[...])
        case .move(let from, let to):
            guard let part = found(in: value, at: from.tokens[...]) else { return nil }
            if from.tokens.elementsEqual(to.tokens, by: sameBytes) { return value }
            // Nothing can be moved into itself.
            if to.tokens.count > from.tokens.count, zip(from.tokens, to.tokens).allSatisfy(sameBytes) { return nil }
            guard let without = removing(from: value, at: from.tokens[...]) else { return nil }
            return adding(part, to: without, at: to.tokens[...])
        }
    }

    private static func sameBytes(_ left: String, _ right: String) -> Bool { left.utf8.elementsEqual(right.utf8) }

    /// Digits without a leading zero.
    private static func index(_ token: String, upTo limit: Int) -> Int? {
        guard let index = Int(token), index >= 0, index <= limit, sameBytes(String(index), token) else { return nil }
        return index
    }

    private static func found(in value: JSONValue, at path: ArraySlice<String>) -> JSONValue? {
        guard let token = path.first else { return value }
        guard let part = child(of: value, token) else { return nil }
        return found(in: part, at: path.dropFirst())
    }

    private static func child(of value: JSONValue, _ token: String) -> JSONValue? {
        switch value {
        case .object(let object): return object.first { sameBytes($0.key, token) }?.value
        case .array(let array): return index(token, upTo: array.count - 1).map { array[$0] }
        case .null, .bool, .number, .string: return nil
        }
    }

    /// The value with another part under `token`; nil: without that part.
    private static func exchanging(_ value: JSONValue, _ token: String, for part: JSONValue?) -> JSONValue? {
        switch value {
        case .object(let object):
            var members: [(key: String, value: JSONValue)] = []
            for member in object {
                if !sameBytes(member.key, token) { members.append(member) } else if let part { members.append((member.key, part)) }
            }
            return .object(JSONObject(members))
        case .array(let array):
            guard let position = index(token, upTo: array.count - 1) else { return nil }
            return .array(Array(array[..<position]) + (part.map { [$0] } ?? []) + Array(array[(position + 1)...]))
        case .null, .bool, .number, .string: return nil
        }
    }

    private static func inParent(_ value: JSONValue, _ path: ArraySlice<String>, _ change: (JSONValue, String) -> JSONValue?) -> JSONValue? {
        guard let token = path.first else { return nil }
        if path.count == 1 { return change(value, token) }
        guard let part = child(of: value, token), let changed = inParent(part, path.dropFirst(), change) else { return nil }
        return exchanging(value, token, for: changed)
    }

    private static func adding(_ new: JSONValue, to value: JSONValue, at path: ArraySlice<String>) -> JSONValue? {
        if path.isEmpty { return new }
        return inParent(value, path) { parent, token in
            switch parent {
            case .object(let object):
                if child(of: parent, token) != nil { return exchanging(parent, token, for: new) }
                return .object(JSONObject(Array(object) + [(key: token, value: new)]))
            case .array(let array):
                guard let position = token == "-" ? array.count : index(token, upTo: array.count) else { return nil }
                return .array(Array(array[..<position]) + [new] + Array(array[position...]))
            case .null, .bool, .number, .string: return nil
            }
        }
    }

    private static func removing(from value: JSONValue, at path: ArraySlice<String>) -> JSONValue? {
        inParent(value, path) { parent, token in child(of: parent, token) == nil ? nil : exchanging(parent, token, for: nil) }
    }

    private static func replacing(_ value: JSONValue, at path: ArraySlice<String>, by new: JSONValue) -> JSONValue? {
        if path.isEmpty { return new }
        return inParent(value, path) { parent, token in child(of: parent, token) == nil ? nil : exchanging(parent, token, for: new) }
    }
}
