import StrictJSON

/// Reads the keywords of one schema object, and says which one is malformed and how.
struct KeywordReader {
    let object: JSONObject
    let path: String

    func below(_ keyword: String) -> String { path.isEmpty ? keyword : "\(path).\(keyword)" }

    private func wrong(_ keyword: String, expected: String, found: JSONValue) -> SchemaError {
        SchemaError(path: below(keyword), message: "expected \(expected), found \(found.kindName)")
    }

    func flag(_ keyword: String) throws(SchemaError) -> Bool {
        guard let value = object[keyword] else { return false }
        guard let flag = value.boolValue else { throw wrong(keyword, expected: "true or false", found: value) }
        return flag
    }

    func text(_ keyword: String) throws(SchemaError) -> String? {
        guard let value = object[keyword] else { return nil }
        guard let text = value.stringValue else { throw wrong(keyword, expected: "a string", found: value) }
        return text
    }

    func texts(_ keyword: String) throws(SchemaError) -> [String] {
        var texts: [String] = []
        for value in try list(keyword) ?? [] {
            guard let text = value.stringValue else { throw wrong(keyword, expected: "a list of strings", found: value) }
            texts.append(text)
        }
        return texts
    }

    func list(_ keyword: String) throws(SchemaError) -> [JSONValue]? {
        guard let value = object[keyword] else { return nil }
        guard let list = value.arrayValue else { throw wrong(keyword, expected: "a list", found: value) }
        return list
    }

    func number(_ keyword: String) throws(SchemaError) -> JSONNumber? {
        guard let value = object[keyword] else { return nil }
        guard case .number(let number) = value else { throw wrong(keyword, expected: "a number", found: value) }
        return number
    }

    func count(_ keyword: String) throws(SchemaError) -> Int64? {
        guard let value = object[keyword] else { return nil }
        guard let count = value.int64Value else { throw wrong(keyword, expected: "a whole number", found: value) }
        return count
    }

    func schema(_ keyword: String) throws(SchemaError) -> SchemaNode? {
        guard let value = object[keyword] else { return nil }
        return try SchemaNode(value, path: below(keyword))
    }

    func schemas(_ keyword: String) throws(SchemaError) -> [String: SchemaNode] {
        guard let value = object[keyword] else { return [:] }
        guard let members = value.objectValue else { throw wrong(keyword, expected: "an object of schemas", found: value) }
        var schemas: [String: SchemaNode] = [:]
        for (name, schema) in members { schemas[name] = try SchemaNode(schema, path: below("\(keyword).\(name)")) }
        return schemas
    }

    func schemaList(_ keyword: String) throws(SchemaError) -> [SchemaNode] {
        var schemas: [SchemaNode] = []
        for (index, schema) in (try list(keyword) ?? []).enumerated() {
            schemas.append(try SchemaNode(schema, path: below("\(keyword)[\(index)]")))
        }
        return schemas
    }
}
