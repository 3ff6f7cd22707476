import StrictJSON

extension Validator {
    /// Lists of type `set` hold no value twice, lists of type `map` no combination of keys twice.
    mutating func checkLists(_ value: JSONValue, _ schema: SchemaNode) {
        guard schema.hasDistinctLists else { return }
        switch value {
        case .array(let list):
            switch schema.listType {
            case .atomic: break
            case .set: reportRepetitions(list)
            case .map: checkKeys(list, schema.listKeys)
            }
            guard let items = schema.items else { return }
            for (index, element) in list.enumerated() {
                path.push(index)
                checkLists(element, items)
                path.pop()
            }
        case .object(let object):
            for (key, member) in object.sortedByKey() {
                if let property = schema.properties[key] {
                    path.push(key)
                    checkLists(member, property)
                    path.pop()
                } else if let additional = schema.additional {
                    path.pushKey(key)
                    checkLists(member, additional)
                    path.pop()
                }
            }
        case .null, .bool, .number, .string: break
        }
    }

    private mutating func checkKeys(_ list: [JSONValue], _ names: [String]) {
        var keys: [JSONValue] = []
        for (index, element) in list.enumerated() {
            if element.isNull {
                keys.append([:])
                continue
            }
            guard let object = element.objectValue else {
                path.push(index)
                report(.invalid(path.text, element.spelledAsBadValue, "must be an object for an array of list-type map"))
                path.pop()
                return
            }
            keys.append(.object(JSONObject(names.compactMap { name in object[name].map { (key: name, value: $0) } })))
        }
        reportRepetitions(keys)
    }

    /// Reports the second appearance of each value, and only that.
    private mutating func reportRepetitions(_ values: [JSONValue]) {
        guard values.count > 1 else { return }
        var appearances: [JSONValue: Int] = [:]
        for (index, value) in values.enumerated() {
            appearances[value, default: 0] += 1
            guard appearances[value] == 2 else { continue }
            path.push(index)
            report(.duplicate(path.text, value))
            path.pop()
        }
    }

    /// Fields whose rule says that they stay as they are, once they are set.
    mutating func checkImmutable(_ value: JSONValue, was old: JSONValue, _ schema: SchemaNode) {
        guard schema.hasImmutable, !old.isNull else { return }
        if let message = schema.immutableMessage, value != old {
            report(.invalid(path.text, value.kindName.goQuoted, message))
        }
        guard case .object(let object) = value, case .object(let before) = old else { return }
        for (key, member) in object.sortedByKey() {
            guard let below = schema.properties[key] ?? schema.additional, let was = before[key] else { continue }
            path.push(key)
            checkImmutable(member, was: was, below)
            path.pop()
        }
    }
}
