import StrictJSON

/// One member of an object in a schema: name, type, meaning, defaults and rules.
public struct Field: Sendable, Equatable {
    public var name: String
    public var type: FieldType
    /// What the field means, in one or two sentences; may be empty where the name says it all.
    public var description: String
    /// The value that the API server writes into objects where the field is absent.
    ///
    /// Never an empty string: servers before 1.25 read `default: ""` as null and refuse the definition.
    public var storedDefault: JSONValue?
    /// The value that a reader takes where the field is absent. It is documented, not written.
    public var assumedDefault: JSONValue?
    public var rules: [FieldRule]

    /// A field.
    public init(
        _ name: String, _ type: FieldType, _ description: String = "", stored: JSONValue? = nil, assumed: JSONValue? = nil,
        rules: [FieldRule] = []
    ) {
        self.name = name
        self.type = type
        self.description = description
        self.storedDefault = stored
        self.assumedDefault = assumed
        self.rules = rules
    }
}

/// What may stand in a field.
public indirect enum FieldType: Sendable, Equatable {
    case string
    /// A string in the format `date-time`.
    case time
    case boolean
    case int32
    case int64
    case intOrString
    case list(of: FieldType)
    /// An object whose keys are free and whose values are all alike.
    case map(of: FieldType)
    /// An object with known members. Others are dropped when it is stored, unless it is `open`. An `atomic` one is
    /// replaced as a whole by server-side apply.
    case object([Field], open: Bool = false, atomic: Bool = false)
    /// An object that is kept as it comes.
    case anyObject
}

/// A rule about the value of a field, beyond its type.
public enum FieldRule: Sendable, Equatable {
    /// An expression in the API server's language, and what to say when it does not hold.
    case expression(String, message: String)

    /// The value may be set, but not changed.
    public static func immutable(message: String) -> FieldRule { .expression("self == oldSelf", message: message) }
}

extension Field {
    /// The OpenAPI v3 schema of the field.
    public var openAPI: JSONValue {
        var members: JSONObject = type.openAPI
        let text: String = documentation
        if !text.isEmpty { members = JSONObject([(key: "description", value: JSONValue.string(text))] + Array(members)) }
        if let storedDefault { members["default"] = storedDefault }
        if !rules.isEmpty { members["x-kubernetes-validations"] = .array(rules.map(\.json)) }
        return .object(members)
    }

    /// The description, with the default that readers assume.
    public var documentation: String {
        guard let assumedDefault else { return description }
        return (description.isEmpty ? "" : description + " ") + "Defaults to \(assumedDefault.stringValue ?? assumedDefault.text())."
    }
}

extension FieldRule {
    var json: JSONValue {
        switch self {
        case .expression(let rule, let message): return ["rule": .string(rule), "message": .string(message)]
        }
    }
}

extension FieldType {
    /// The OpenAPI v3 schema of the type.
    public var openAPI: JSONObject {
        switch self {
        case .string: return ["type": "string"]
        case .time: return ["type": "string", "format": "date-time"]
        case .boolean: return ["type": "boolean"]
        case .int32: return ["type": "integer", "format": "int32"]
        case .int64: return ["type": "integer", "format": "int64"]
        case .intOrString:
            return ["x-kubernetes-int-or-string": true, "anyOf": [["type": "integer"], ["type": "string"]]]
        case .list(let element): return ["type": "array", "items": .object(element.openAPI)]
        case .map(let value): return ["type": "object", "additionalProperties": .object(value.openAPI)]
        case .anyObject: return ["type": "object", "x-kubernetes-preserve-unknown-fields": true]
        case .object(let fields, let isOpen, let isAtomic):
            var schema: JSONObject = ["type": "object"]
            if isOpen { schema["x-kubernetes-preserve-unknown-fields"] = true }
            if isAtomic { schema["x-kubernetes-map-type"] = "atomic" }
            schema["properties"] = .object(JSONObject(fields.map { (key: $0.name, value: $0.openAPI) }))
            return schema
        }
    }
}
