import StrictJSON

extension SchemaNode {
    /// The value without nulls that are neither allowed nor replaced by a default; nil if nothing has to change.
    func droppingNulls(_ value: JSONValue) -> JSONValue? {
        switch value {
        case .object(let object):
            var result: JSONObject?
            for (key, member) in object {
                guard let schema = properties[key] ?? additional else { continue }
                if member.isNull {
                    guard !schema.isNullable, schema.defaultValue == nil else { continue }
                    result = result ?? object
                    result?.removeValue(forKey: key)
                } else if let changed = schema.droppingNulls(member) {
                    result = result ?? object
                    result?[key] = changed
                }
            }
            return result.map(JSONValue.object)
        case .array(let list):
            guard let items else { return nil }
            var result: [JSONValue]?
            for (index, element) in list.enumerated() {
                if let changed = items.droppingNulls(element) {
                    result = result ?? list
                    result?[index] = changed
                }
            }
            return result.map(JSONValue.array)
        case .null, .bool, .number, .string:
            return nil
        }
    }

    /// The value with defaults put in; nil if nothing has to change.
    func defaulting(_ value: JSONValue) -> JSONValue? {
        guard hasDefaults else { return nil }
        switch value {
        case .object(let object): return defaulting(object).map(JSONValue.object)
        case .array(let list):
            guard let items, items.hasDefaults else { return nil }
            var result: [JSONValue]?
            for (index, element) in list.enumerated() {
                let replacement: JSONValue? = element.isNull && !items.isNullable ? items.defaultValue : nil
                if let changed = items.defaulting(replacement ?? element) ?? replacement {
                    result = result ?? list
                    result?[index] = changed
                }
            }
            return result.map(JSONValue.array)
        case .null, .bool, .number, .string: return nil
        }
    }

    private func defaulting(_ object: JSONObject) -> JSONObject? {
        var result: JSONObject?
        for name in propertyNames {
            guard let schema = properties[name], let value = schema.defaultValue else { continue }
            if let present = object[name], !present.isNull || schema.isNullable { continue }
            result = result ?? object
            result?[name] = value
        }
        for (key, member) in result ?? object {
            let known: SchemaNode? = properties[key]
            guard let schema = known ?? additional, schema.hasDefaults else { continue }
            let replacement: JSONValue? = known == nil && member.isNull && !schema.isNullable ? schema.defaultValue : nil
            if let changed = schema.defaulting(replacement ?? member) ?? replacement {
                result = result ?? object
                result?[key] = changed
            }
        }
        return result
    }
}
