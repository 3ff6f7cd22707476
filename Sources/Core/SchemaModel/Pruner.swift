import StrictJSON

/// Drops the members of an object that a schema does not know, and remembers where they were.
struct Pruner {
    private(set) var dropped: [String] = []
    private var path = FieldPath()

    mutating func prunedRoot(_ object: JSONValue, _ schema: SchemaNode) -> JSONValue {
        pruned(object, schema, isResource: true) ?? object
    }

    /// The value without unknown members; nil if nothing has to change, so that untouched parts are shared.
    ///
    /// - Parameters:
    ///   - isResource: whether `apiVersion`, `kind` and `metadata` stay as they are even if the schema has no such members.
    ///   - keepsUnknown: whether unknown members stay because of the list around; the schema's own word is added to it.
    private mutating func pruned(_ value: JSONValue, _ schema: SchemaNode?, isResource: Bool, keepsUnknown: Bool = false) -> JSONValue? {
        let keepsUnknown: Bool = keepsUnknown || (schema?.preservesUnknownFields ?? false)
        switch value {
        case .object(let object): return pruned(object, schema, isResource: isResource, keepsUnknown: keepsUnknown)
        case .array(let list): return pruned(list, schema?.items, keepsUnknown: keepsUnknown)
        case .null, .bool, .number, .string: return nil
        }
    }

    private mutating func pruned(_ object: JSONObject, _ schema: SchemaNode?, isResource: Bool, keepsUnknown: Bool) -> JSONValue? {
        var result: JSONObject?
        for (key, member) in object {
            if isResource, key == "metadata" || key == "kind" || key == "apiVersion" { continue }
            path.push(key)
            defer { path.pop() }
            let known: SchemaNode? = schema?.properties[key]
            if known != nil || (schema?.allowsAdditional ?? false) {
                let below: SchemaNode? = known ?? schema?.additional
                if let changed = pruned(member, below, isResource: below?.isEmbeddedResource ?? false) {
                    result = result ?? object
                    result?[key] = changed
                }
            } else if !keepsUnknown {
                dropped.append(path.text)
                result = result ?? object
                result?.removeValue(forKey: key)
            }
        }
        return result.map(JSONValue.object)
    }

    private mutating func pruned(_ list: [JSONValue], _ items: SchemaNode?, keepsUnknown: Bool) -> JSONValue? {
        // Where unknown members are kept, elements without a schema are kept whole.
        if keepsUnknown, items == nil { return nil }
        var result: [JSONValue]?
        for (index, element) in list.enumerated() {
            path.push(index)
            defer { path.pop() }
            if let changed = pruned(element, items, isResource: items?.isEmbeddedResource ?? false, keepsUnknown: keepsUnknown) {
                result = result ?? list
                result?[index] = changed
            }
        }
        return result.map(JSONValue.array)
    }
}

/// A place in an object, pushed and popped while walking it; its text is made only when somebody asks.
struct FieldPath {
    private enum Segment { case name(String), index(Int), key(String) }
    private var segments: [Segment] = []

    mutating func push(_ name: String) { segments.append(.name(name)) }
    mutating func push(_ index: Int) { segments.append(.index(index)) }
    /// A key of a map, which some messages write in brackets.
    mutating func pushKey(_ key: String) { segments.append(.key(key)) }
    mutating func pop() { segments.removeLast() }

    /// As `spec.steps[2].setWeight`; empty at the root.
    var text: String {
        var out = ""
        for segment in segments {
            switch segment {
            case .name(let name): out += out.isEmpty ? name : "." + name
            case .index(let index): out += "[\(index)]"
            case .key(let key): out += "[\(key)]"
            }
        }
        return out
    }
}
