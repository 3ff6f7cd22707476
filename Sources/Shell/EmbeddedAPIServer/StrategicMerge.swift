import StrictJSON

/// Strategic merge patches: merge patches that know which lists are sets of elements with a key.
///
/// Which those are stands with the types of the built-in kinds. Lists that it does not name are replaced whole.
enum StrategicMerge {
    private typealias Merging = BuiltInType.Merging

    /// The object that `patch` makes of `object`.
    ///
    /// - Parameter type: that of the object; nil where this server has none, so that all lists are replaced.
    static func apply(_ patch: JSONValue, to object: JSONValue, as type: BuiltInType?) throws(APIFailure) -> JSONValue {
        .object(try merged(object.objectValue ?? [:], patch.objectValue ?? [:], type))
    }

    private static func merged(_ old: JSONObject, _ patch: JSONObject, _ type: BuiltInType?) throws(APIFailure) -> JSONObject {
        switch patch["$patch"]?.stringValue {
        case nil, "merge": break
        case "replace":
            var whole = patch
            whole["$patch"] = nil
            return cleaned(whole)
        case "delete": return [:]
        case .some(let other): throw unknownDirective(other)
        }
        var result = old
        if let kept = patch["$retainKeys"]?.arrayValue?.compactMap(\.stringValue) {
            for key in result.keys where !kept.contains(key) { result[key] = nil }
        }
        for (key, value) in patch where !key.hasPrefix("$") {
            switch value {
            case .null: result[key] = nil
            case .object(let members):
                let before = result[key]?.objectValue ?? [:]
                let after = try merged(before, members, type?.field(key)?.shape.content)
                result[key] = members["$patch"] == "delete" ? Optional.none : .object(after)
            case .array(let elements):
                result[key] = .array(
                    try list(
                        result[key]?.arrayValue ?? [], elements, key: key, type?.field(key),
                        order: patch["$setElementOrder/\(key)"]?.arrayValue))
            default: result[key] = value
            }
        }
        for (key, value) in patch {
            if let name = key.dropping(prefix: "$deleteFromPrimitiveList/") {
                let gone = value.arrayValue ?? []
                let kept = (result[name]?.arrayValue ?? []).filter { !gone.contains($0) }
                result[name] = kept.isEmpty ? Optional.none : .array(kept)
            } else if let name = key.dropping(prefix: "$setElementOrder/"), patch[name] == nil, let current = result[name]?.arrayValue {
                result[name] = .array(ordered(current, by: value.arrayValue ?? [], as: current, type?.field(name)?.merging))
            } else if key.hasPrefix("$"), !["$patch", "$retainKeys"].contains(key), !key.hasPrefix("$setElementOrder/") {
                throw unknownDirective(key)
            }
        }
        return result
    }

    private static func list(
        _ old: [JSONValue], _ patch: [JSONValue], key name: String, _ field: BuiltInType.Field?, order: [JSONValue]?
    ) throws(APIFailure) -> [JSONValue] {
        if patch.contains(where: { $0["$patch"] == "replace" }) { return patch.filter { $0["$patch"] == nil } }
        switch field?.merging {
        case nil: return patch.map { cleaned($0) }
        case .values?:
            var result = old
            for value in patch where !result.contains(value) { result.append(value) }
            return ordered(result, by: order ?? patch, as: old, .values)
        case .key(let key)?:
            var result = old
            for element in patch {
                guard let members = element.objectValue else {
                    throw .badRequest("expected an object in the list \(name), found \(element.text())")
                }
                guard let identity = members[key] else {
                    throw APIFailure(
                        500, "", "map: \(GoSyntax.plain(element)) does not contain declared merge key: \(key)")
                }
                let position = result.firstIndex { $0[key] == identity }
                if members["$patch"] == "delete" {
                    result.removeAll { $0[key] == identity }
                } else if let position {
                    result[position] = .object(try merged(result[position].objectValue ?? [:], members, field?.shape.content))
                } else {
                    result.append(.object(try merged([:], members, field?.shape.content)))
                }
            }
            return ordered(result, by: order ?? patch, as: old, .key(key))
        }
    }

    /// Elements that the patch names in its order, between the others in theirs: each of the others stands before the named one that
    /// it stood before, and new ones come as early as they can.
    private static func ordered(
        _ elements: [JSONValue], by patchOrder: [JSONValue], as before: [JSONValue], _ merging: Merging?
    ) -> [JSONValue] {
        func identity(_ element: JSONValue) -> JSONValue {
            if case .key(let key)? = merging { return element[key] ?? .null }
            return element
        }
        let wanted = patchOrder.map(identity)
        let old = before.map(identity)
        func rank(_ element: JSONValue, in order: [JSONValue]) -> Int { order.firstIndex(of: identity(element)) ?? Int.max }
        var named = elements.filter { wanted.contains(identity($0)) }.sorted { rank($0, in: wanted) < rank($1, in: wanted) }[...]
        var others = elements.filter { !wanted.contains(identity($0)) }.sorted { rank($0, in: old) < rank($1, in: old) }[...]
        var result: [JSONValue] = []
        while let left = others.first, let right = named.first {
            let (leftRank, rightRank) = (rank(left, in: old), rank(right, in: old))
            if leftRank != Int.max, rightRank != Int.max, leftRank < rightRank {
                result.append(others.removeFirst())
            } else {
                result.append(named.removeFirst())
            }
        }
        return result + others + named
    }

    /// Without directives, and without members that a patch would remove.
    private static func cleaned(_ value: JSONValue) -> JSONValue {
        switch value {
        case .object(let members): .object(cleaned(members))
        case .array(let elements): .array(elements.map { cleaned($0) })
        default: value
        }
    }

    private static func cleaned(_ members: JSONObject) -> JSONObject {
        var result = JSONObject()
        for (key, value) in members where !key.hasPrefix("$") && !value.isNull { result[key] = cleaned(value) }
        return result
    }

    private static func unknownDirective(_ name: String) -> APIFailure {
        APIFailure(500, "", "Unknown patch type found: \(name)")
    }
}

extension String {
    fileprivate func dropping(prefix: String) -> String? { hasPrefix(prefix) ? String(dropFirst(prefix.count)) : nil }
}

extension BuiltInType.Shape {
    /// The type of the object that a member holds, alone or in a list.
    fileprivate var content: BuiltInType? {
        switch self {
        case .structure(let number): BuiltInTypes.all[number]
        case .pointer(let inner), .list(let inner): inner.content
        default: nil
        }
    }
}
