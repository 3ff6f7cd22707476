import StrictJSON

/// The types of built-in kinds as OpenAPI describes them: without a word of explanation, but with every member and its merge key.
enum BuiltInSchemas {
    /// All types by name.
    static let all: JSONObject = {
        var schemas = JSONObject()
        for type in BuiltInTypes.all { schemas[name(of: type)] = schema(of: type) }
        return schemas
    }()

    static func name(of type: BuiltInType) -> String { "io.k8s.\(type.name)" }

    /// The description of one type; the kinds among them say beside it which they are.
    static func schema(of type: BuiltInType) -> JSONValue {
        var properties = JSONObject()
        for field in type.fields {
            if case .dropped = field.shape { continue }
            var property = schema(of: field.shape)
            var strategies: [String] = []
            if let merging = field.merging {
                strategies.append("merge")
                if case .key(let key) = merging { property["x-kubernetes-patch-merge-key"] = .string(key) }
            }
            if field.retainsKeys { strategies.append("retainKeys") }
            if !strategies.isEmpty {
                // What stands beside a reference is not read.
                if let reference = property["$ref"] {
                    property = ["allOf": [["$ref": reference]]]
                }
                property["x-kubernetes-patch-strategy"] = .string(strategies.joined(separator: ","))
            }
            properties[field.name] = property
        }
        return ["type": "object", "description": .string("\(type.name) of Kubernetes' API."), "properties": .object(properties)]
    }

    private static func schema(of shape: BuiltInType.Shape) -> JSONValue {
        switch shape {
        case .string: ["type": "string"]
        case .bool: ["type": "boolean"]
        case .int32: ["type": "integer", "format": "int32"]
        case .int64: ["type": "integer", "format": "int64"]
        case .number: ["type": "number", "format": "double"]
        case .bytes: ["type": "string", "format": "byte"]
        case .time, .microTime: ["type": "string", "format": "date-time"]
        case .quantity, .intOrString: ["x-kubernetes-int-or-string": true]
        case .any, .dropped: ["type": "object", "x-kubernetes-preserve-unknown-fields": true]
        case .structure(let number): ["$ref": .string("#/components/schemas/\(name(of: BuiltInTypes.all[number]))")]
        case .pointer(let inner): schema(of: inner)
        case .list(let element): ["type": "array", "items": schema(of: element)]
        case .map(let element): ["type": "object", "additionalProperties": schema(of: element)]
        }
    }
}
