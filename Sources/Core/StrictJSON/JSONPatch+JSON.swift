extension JSONPatch {
    /// The patch that a JSON array of operations spells.
    public init(json: JSONValue) throws(JSONPatchError) {
        guard let list = json.arrayValue else {
            throw JSONPatchError(operation: nil, pointer: nil, cause: .malformed("a JSON patch is an array of operations, found \(json.kindName)"))
        }
        operations = []
        for (index, entry) in list.enumerated() {
            do throws(JSONPatchError.Cause) {
                operations.append(try Operation(json: entry))
            } catch {
                throw JSONPatchError(operation: index, pointer: nil, cause: error)
            }
        }
    }

    /// The patch as a JSON array.
    public var json: JSONValue { .array(operations.map(\.json)) }
}

extension JSONPatch.Operation {
    fileprivate init(json: JSONValue) throws(JSONPatchError.Cause) {
        guard let object = json.objectValue else { throw .malformed("an operation is an object, found \(json.kindName)") }
        guard let name = object["op"]?.stringValue else { throw .malformed("\"op\" must be one of add, remove, replace, move, copy, test") }
        let path = try Self.pointer(object, "path")
        switch name {
        case "add": self = .add(path, try Self.value(object))
        case "remove": self = .remove(path)
        case "replace": self = .replace(path, try Self.value(object))
        case "move": self = .move(from: try Self.pointer(object, "from"), to: path)
        case "copy": self = .copy(from: try Self.pointer(object, "from"), to: path)
        case "test": self = .test(path, try Self.value(object))
        default: throw .malformed("\"op\" is \"\(name)\"; it must be one of add, remove, replace, move, copy, test")
        }
    }

    private static func pointer(_ object: JSONObject, _ key: String) throws(JSONPatchError.Cause) -> JSONPointer {
        guard let text = object[key]?.stringValue else { throw .malformed("\"\(key)\" must be a JSON pointer such as \"/spec/replicas\"") }
        do throws(JSONPointerError) { return try JSONPointer(text) } catch { throw .malformed("\"\(key)\": \(error.description)") }
    }

    private static func value(_ object: JSONObject) throws(JSONPatchError.Cause) -> JSONValue {
        guard let value = object["value"] else { throw .malformed("\"value\" is missing") }
        return value
    }

    fileprivate var json: JSONValue {
        switch self {
        case .add(let path, let value): return ["op": "add", "path": .string(path.text), "value": value]
        case .remove(let path): return ["op": "remove", "path": .string(path.text)]
        case .replace(let path, let value): return ["op": "replace", "path": .string(path.text), "value": value]
        case .move(let from, let to): return ["op": "move", "from": .string(from.text), "path": .string(to.text)]
        case .copy(let from, let to): return ["op": "copy", "from": .string(from.text), "path": .string(to.text)]
        case .test(let path, let value): return ["op": "test", "path": .string(path.text), "value": value]
        }
    }
}
