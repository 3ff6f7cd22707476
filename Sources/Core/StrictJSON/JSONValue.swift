/// Any JSON value.
///
/// Equality is structural: order of members does not matter, `1` equals `1.0`, strings are compared byte by byte.
public enum JSONValue: Sendable {
    case null
    case bool(Bool)
    case number(JSONNumber)
    case string(String)
    case array([JSONValue])
    case object(JSONObject)

    /// The value that `bytes` spell.
    ///
    /// - Throws: with place and reason, for anything that is not exactly one JSON value within the limits.
    public init(parsing bytes: some Collection<UInt8>, limits: JSONLimits = .standard) throws(JSONError) {
        if let array = bytes as? [UInt8] {
            self = try array.withUnsafeBufferPointer { buffer throws(JSONError) in try JSONParser.parse(buffer, limits: limits) }
            return
        }
        var outcome: Result<JSONValue, JSONError>?
        bytes.withContiguousStorageIfAvailable { buffer in
            outcome = Result { () throws(JSONError) in try JSONParser.parse(buffer, limits: limits) }
        }
        if let outcome {
            self = try outcome.get()
        } else {
            self = try Array(bytes).withUnsafeBufferPointer { buffer throws(JSONError) in try JSONParser.parse(buffer, limits: limits) }
        }
    }

    /// The value that `text` spells.
    public init(parsing text: String, limits: JSONLimits = .standard) throws(JSONError) {
        var text = text
        let outcome = text.withUTF8 { buffer in
            Result { () throws(JSONError) in try JSONParser.parse(buffer, limits: limits) }
        }
        self = try outcome.get()
    }

    /// A string.
    public init(_ value: String) { self = .string(value) }

    /// A number.
    public init(_ value: Int) { self = .number(JSONNumber(value)) }

    /// A number.
    public init(_ value: Int64) { self = .number(JSONNumber(value)) }

    /// A number.
    public init(_ value: Double) { self = .number(JSONNumber(value)) }

    /// A boolean.
    public init(_ value: Bool) { self = .bool(value) }

    /// An array.
    public init(_ value: [JSONValue]) { self = .array(value) }

    /// An array of strings.
    public init(_ value: [String]) { self = .array(value.map(JSONValue.string)) }

    /// An object.
    public init(_ value: JSONObject) { self = .object(value) }

    /// An object of strings, such as labels, sorted by key.
    public init(_ value: [String: String]) {
        let sorted = value.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
        self = .object(JSONObject(sorted.map { (key: $0.key, value: JSONValue.string($0.value)) }))
    }
}

extension JSONValue {
    /// The string, if it is one.
    public var stringValue: String? {
        if case .string(let value) = self { return value }
        return nil
    }

    /// The integer, if it is a number without a fraction that fits.
    public var intValue: Int? { int64Value.flatMap { Int(exactly: $0) } }

    /// The integer, if it is a number without a fraction that fits.
    public var int64Value: Int64? {
        if case .number(let value) = self { return value.int64 }
        return nil
    }

    /// The nearest double, if it is a number.
    public var doubleValue: Double? {
        if case .number(let value) = self { return value.double }
        return nil
    }

    /// The boolean, if it is one.
    public var boolValue: Bool? {
        if case .bool(let value) = self { return value }
        return nil
    }

    /// The elements, if it is an array.
    public var arrayValue: [JSONValue]? {
        if case .array(let value) = self { return value }
        return nil
    }

    /// The members, if it is an object.
    public var objectValue: JSONObject? {
        if case .object(let value) = self { return value }
        return nil
    }

    /// Whether it is `null`.
    public var isNull: Bool {
        if case .null = self { return true }
        return false
    }

    /// The kind in a word, for messages: `null`, `boolean`, `number`, `string`, `array` or `object`.
    public var kindName: String {
        switch self {
        case .null: return "null"
        case .bool: return "boolean"
        case .number: return "number"
        case .string: return "string"
        case .array: return "array"
        case .object: return "object"
        }
    }
}

extension JSONValue {
    /// The member `key`, nil unless this is an object that has it.
    ///
    /// Setting a member turns null into an object; setting nil removes it. On any other kind of value setting does
    /// nothing, because overwriting a whole array or string with one member is never what was meant.
    public subscript(key: String) -> JSONValue? {
        get {
            if case .object(let object) = self { return object[key] }
            return nil
        }
        set {
            switch self {
            case .object(var object):
                self = .null  // gives up this reference, so that the storage is changed in place
                object[key] = newValue
                self = .object(object)
            case .null:
                guard let newValue else { return }
                self = .object([key: newValue])
            case .bool, .number, .string, .array:
                return
            }
        }
    }

    /// The element at `index`, nil unless this is an array that reaches so far.
    public subscript(index: Int) -> JSONValue? {
        guard case .array(let array) = self, array.indices.contains(index) else { return nil }
        return array[index]
    }

    /// The member at the end of a path of keys; nil if any is missing.
    public func at(_ path: String...) -> JSONValue? { at(path: path) }

    /// The member at the end of a path of keys; nil if any is missing.
    public func at(path: [String]) -> JSONValue? {
        var value = self
        for key in path {
            guard let next = value[key] else { return nil }
            value = next
        }
        return value
    }

    /// Sets or, with nil, removes the member at the end of a path, creating objects on the way.
    ///
    /// What stands in the way and is no object is replaced by one. Removing creates nothing. An empty path means the
    /// value itself (nil: null).
    public mutating func set(_ value: JSONValue?, at path: [String]) { set(value, at: path[...]) }

    private mutating func set(_ value: JSONValue?, at path: ArraySlice<String>) {
        guard let key = path.first else {
            self = value ?? .null
            return
        }
        var object: JSONObject
        if case .object(let existing) = self { object = existing } else if value == nil { return } else { object = JSONObject() }
        self = .null  // gives up this reference, so that the storage is changed in place
        let rest = path.dropFirst()
        object.update(key) { member in
            if rest.isEmpty {
                member = value
            } else if member != nil || value != nil {
                member = member ?? .null
                member?.set(value, at: rest)
            }
        }
        self = .object(object)
    }
}

extension JSONValue: Hashable {
    /// Whether both are the same value; strings by their bytes.
    public static func == (left: JSONValue, right: JSONValue) -> Bool {
        switch (left, right) {
        case (.null, .null): return true
        case (.bool(let a), .bool(let b)): return a == b
        case (.number(let a), .number(let b)): return a == b
        case (.string(let a), .string(let b)): return a.hasSameBytes(as: b)
        case (.array(let a), .array(let b)): return a == b
        case (.object(let a), .object(let b)): return a == b
        case (.null, _), (.bool, _), (.number, _), (.string, _), (.array, _), (.object, _): return false
        }
    }

    /// Hashes what `==` compares.
    public func hash(into hasher: inout Hasher) {
        switch self {
        case .null: hasher.combine(0)
        case .bool(let value): hasher.combine(1); hasher.combine(value)
        case .number(let value): hasher.combine(2); hasher.combine(value)
        case .string(let value): hasher.combine(3); hasher.combine(ByteKey(value))
        case .array(let value): hasher.combine(4); hasher.combine(value)
        case .object(let value): hasher.combine(5); hasher.combine(value)
        }
    }
}

extension JSONValue: ExpressibleByNilLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
    ExpressibleByStringLiteral, ExpressibleByStringInterpolation, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    /// `null`.
    public init(nilLiteral: ()) { self = .null }

    /// A boolean.
    public init(booleanLiteral value: Bool) { self = .bool(value) }

    /// A number.
    public init(integerLiteral value: Int64) { self = .number(JSONNumber(value)) }

    /// A number.
    public init(floatLiteral value: Double) { self = .number(JSONNumber(value)) }

    /// A string.
    public init(stringLiteral value: String) { self = .string(value) }

    /// An array.
    public init(arrayLiteral elements: JSONValue...) { self = .array(elements) }

    /// An object with the members in this order.
    public init(dictionaryLiteral elements: (String, JSONValue)...) {
        self = .object(JSONObject(elements.map { (key: $0.0, value: $0.1) }))
    }
}

extension JSONValue: CustomStringConvertible {
    /// The compact text.
    public var description: String { text() }
}
