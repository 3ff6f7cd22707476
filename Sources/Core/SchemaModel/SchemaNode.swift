import StrictJSON

/// One node of a compiled schema: what is allowed at one place of an object.
///
/// Immutable after compilation; a class because the tree is shared by every use of the schema.
final class SchemaNode: Sendable {
    let types: TypeSet
    /// The types as messages name them: `integer`, or `integer,string` for int-or-string.
    let typeText: String
    let format: String
    let isNullable: Bool
    let preservesUnknownFields: Bool
    let isEmbeddedResource: Bool
    let defaultValue: JSONValue?
    /// Whether this node or one below it has a default.
    let hasDefaults: Bool

    let properties: [String: SchemaNode]
    /// Names of `properties` in the order in which violations are reported.
    let propertyNames: [String]
    let additional: SchemaNode?
    let items: SchemaNode?
    /// `additionalProperties: true`, or a schema for them.
    let allowsAdditional: Bool
    /// `additionalProperties: false`, which makes unknown members violations.
    let forbidsAdditional: Bool
    let required: [String]

    let listType: ListType
    let listKeys: [String]

    let limits: Limits
    let allowedValues: [JSONValue]?
    /// Nil where there is none, or where it uses constructs that the matcher does not know: then it is not checked.
    let pattern: PatternMatcher?
    let anyOf: [SchemaNode]
    let oneOf: [SchemaNode]
    let allOf: [SchemaNode]
    let not: SchemaNode?

    /// What to say if the value changes; nil unless a rule forbids that.
    let immutableMessage: String?
    /// Whether this node or one below it has an immutable value.
    let hasImmutable: Bool
    /// Whether this node or one below it is a list whose elements must differ.
    let hasDistinctLists: Bool

    init(_ json: JSONValue, path: String) throws(SchemaError) {
        guard case .object(let object) = json else {
            throw SchemaError(path: path, message: "expected an object that describes a schema, found \(json.kindName)")
        }
        let reader = KeywordReader(object: object, path: path)

        let intOrString: Bool = try reader.flag("x-kubernetes-int-or-string")
        if intOrString {
            types = [.integer, .string]
            typeText = "integer,string"
        } else if let name = try reader.text("type") {
            guard let type = TypeSet(name: name) else {
                throw SchemaError(path: path, message: "type \(name.goQuoted) is none of object, array, string, integer, number, boolean")
            }
            types = type
            typeText = name
        } else {
            types = []
            typeText = ""
        }
        format = try reader.text("format") ?? ""
        isNullable = try reader.flag("nullable")
        preservesUnknownFields = try reader.flag("x-kubernetes-preserve-unknown-fields")
        isEmbeddedResource = try reader.flag("x-kubernetes-embedded-resource")
        // A default that is null is no default.
        defaultValue = object["default"].flatMap { $0.isNull ? nil : $0 }

        properties = try reader.schemas("properties")
        propertyNames = properties.keys.sorted()
        switch object["additionalProperties"] {
        case nil:
            (additional, allowsAdditional, forbidsAdditional) = (nil, false, false)
        case .bool(let allowed):
            (additional, allowsAdditional, forbidsAdditional) = (nil, allowed, !allowed)
        case .some(let schema):
            additional = try SchemaNode(schema, path: reader.below("additionalProperties"))
            (allowsAdditional, forbidsAdditional) = (true, false)
        }
        items = try reader.schema("items")
        required = try reader.texts("required")

        listType = try ListType(reader)
        listKeys = try reader.texts("x-kubernetes-list-map-keys")
        limits = try Limits(reader)
        allowedValues = try reader.list("enum")
        if let source = try reader.text("pattern") {
            pattern = PatternMatcher(source)
        } else {
            pattern = nil
        }
        anyOf = try reader.schemaList("anyOf")
        oneOf = try reader.schemaList("oneOf")
        allOf = try reader.schemaList("allOf")
        not = try reader.schema("not")

        immutableMessage = try SchemaNode.immutableMessage(reader)
        let below: [SchemaNode] = Array(properties.values) + [additional, items].compactMap { $0 }
        hasDefaults = defaultValue != nil || below.contains { $0.hasDefaults }
        hasDistinctLists = listType != .atomic || below.contains { $0.hasDistinctLists }
        // A list is one value to such rules unless its elements can be told apart, so nothing is looked for inside lists.
        hasImmutable = immutableMessage != nil || properties.values.contains { $0.hasImmutable } || (additional?.hasImmutable ?? false)
    }

    private static func immutableMessage(_ reader: KeywordReader) throws(SchemaError) -> String? {
        for rule in try reader.list("x-kubernetes-validations") ?? [] {
            let terms: [Substring] = (rule["rule"]?.stringValue ?? "").split { $0 == " " || $0 == "\n" }
            if terms == ["self", "==", "oldSelf"] || terms == ["oldSelf", "==", "self"] {
                return rule["message"]?.stringValue ?? "failed rule: self == oldSelf"
            }
        }
        return nil
    }
}

/// The JSON types that a schema allows at a place; empty means any.
struct TypeSet: OptionSet, Sendable {
    let rawValue: UInt8

    static let object = TypeSet(rawValue: 1 << 0)
    static let array = TypeSet(rawValue: 1 << 1)
    static let string = TypeSet(rawValue: 1 << 2)
    static let integer = TypeSet(rawValue: 1 << 3)
    static let number = TypeSet(rawValue: 1 << 4)
    static let boolean = TypeSet(rawValue: 1 << 5)

    init(rawValue: UInt8) { self.rawValue = rawValue }

    init?(name: String) {
        switch name {
        case "object": self = .object
        case "array": self = .array
        case "string": self = .string
        case "integer": self = .integer
        case "number": self = .number
        case "boolean": self = .boolean
        default: return nil
        }
    }
}

/// What `x-kubernetes-list-type` says about a list.
enum ListType: Sendable {
    case atomic, set, map

    init(_ reader: KeywordReader) throws(SchemaError) {
        switch try reader.text("x-kubernetes-list-type") {
        case nil, "atomic": self = .atomic
        case "set": self = .set
        case "map": self = .map
        case .some(let other):
            throw SchemaError(path: reader.path, message: "x-kubernetes-list-type \(other.goQuoted) is none of atomic, set, map")
        }
    }
}

/// Bounds of numbers, lengths and counts.
struct Limits: Sendable {
    var minimum: JSONNumber?
    var maximum: JSONNumber?
    var excludesMinimum: Bool
    var excludesMaximum: Bool
    var multipleOf: JSONNumber?
    var minLength: Int64?
    var maxLength: Int64?
    var minItems: Int64?
    var maxItems: Int64?
    var uniqueItems: Bool
    var minProperties: Int64?
    var maxProperties: Int64?

    init(_ reader: KeywordReader) throws(SchemaError) {
        minimum = try reader.number("minimum")
        maximum = try reader.number("maximum")
        excludesMinimum = try reader.flag("exclusiveMinimum")
        excludesMaximum = try reader.flag("exclusiveMaximum")
        multipleOf = try reader.number("multipleOf")
        minLength = try reader.count("minLength")
        maxLength = try reader.count("maxLength")
        minItems = try reader.count("minItems")
        maxItems = try reader.count("maxItems")
        uniqueItems = try reader.flag("uniqueItems")
        minProperties = try reader.count("minProperties")
        maxProperties = try reader.count("maxProperties")
    }
}
