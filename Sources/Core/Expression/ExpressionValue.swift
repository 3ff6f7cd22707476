/// A value of the condition language. The cases follow the kinds that the language tells apart.
public enum ExpressionValue: Sendable, Equatable {
    case null
    case bool(Bool)
    /// What integer literals, `len` and ranges give.
    case int(Int64)
    /// What `asInt` and signed columns of a data source give. Behaves as `int`, but has its own type name.
    case int64(Int64)
    case uint64(UInt64)
    /// What indexing a string or bytes gives.
    case uint8(UInt8)
    case float(Double)
    case string(String)
    /// A string that is no valid UTF-8: a slice may cut a character.
    case rawString([UInt8])
    /// A string of a type with a name of its own: equal only to its like.
    case namedString(type: String, String)
    /// An integer of a type with a name of its own: a month, a day of the week.
    case namedInt(type: String, Int64)
    case zone(Moment.Zone)
    case bytes([UInt8])
    /// A list whose elements are known only at run time: from JSON, from a literal, from `map` or `filter`.
    case array([ExpressionValue])
    /// A list of floats: a vector of samples.
    case floats([Double])
    /// A list of integers: a range.
    case ints([Int64])
    /// A list of strings: what `split` gives.
    case strings([String])
    /// A list of named maps or records.
    case typedArray(ExpressionType, [ExpressionValue])
    case map(ExpressionMap)
    case record(ExpressionRecord)
    case time(Moment)
    case duration(nanoseconds: Int64)
}

/// A map. Keys are compared byte by byte, unlike Swift's strings.
public struct ExpressionMap: Sendable, Equatable {
    enum Kind: Sendable, Equatable {
        /// String keys, any values; `name` where the type has one of its own.
        case text(name: String?)
        /// Any keys, lists as values: `groupBy`.
        case groups
        /// Any keys, any values: `fromPairs`.
        case pairs
    }

    var kind: Kind
    var entries: [MapKey: ExpressionValue]

    init(kind: Kind, entries: [MapKey: ExpressionValue]) {
        self.kind = kind
        self.entries = entries
    }

    /// A map from strings to any values. Of equal keys the first counts.
    /// - Parameter typeName: the name that messages use and that makes this type differ from others; nil for a plain map.
    public init(_ pairs: some Sequence<(key: String, value: ExpressionValue)>, typeName: String? = nil) {
        kind = .text(name: typeName)
        entries = [:]
        for (key, value) in pairs where entries[.text(key)] == nil { entries[.text(key)] = value }
    }

    public subscript(key: String) -> ExpressionValue? { entries[.text(key)] }
    public var count: Int { entries.count }

    /// Entries in the order of their keys, so that nothing that leaves depends on hashing.
    var sorted: [(key: MapKey, value: ExpressionValue)] {
        entries.map { (key: $0.key, value: $0.value) }.sorted { $0.key.precedes($1.key) }
    }
}

extension ExpressionMap: ExpressibleByDictionaryLiteral {
    public init(dictionaryLiteral elements: (String, ExpressionValue)...) {
        self.init(elements.map { (key: $0.0, value: $0.1) })
    }
}

/// A value of a type with fixed fields.
public struct ExpressionRecord: Sendable, Equatable {
    public var type: RecordType
    /// Values by field name; a field without a value is nil.
    public var values: [String: ExpressionValue]

    public init(type: RecordType, values: [String: ExpressionValue]) {
        self.type = type
        self.values = values
    }
}

/// What can be the key of a map.
enum MapKey: Sendable, Hashable {
    case text(ExactText)
    case rawText([UInt8])
    case null, bool(Bool), int(Int64), int64(Int64), uint64(UInt64), uint8(UInt8), float(Double)
    case time(Moment), duration(Int64)
    case named(type: ExactText, ExactText)
    case namedInt(type: ExactText, Int64)

    static func text(_ text: String) -> MapKey { .text(ExactText(text)) }

    /// Nil for values that cannot be keys: lists, maps, records.
    init?(_ value: ExpressionValue) {
        switch value {
        case .null: self = .null
        case .bool(let value): self = .bool(value)
        case .int(let value): self = .int(value)
        case .int64(let value): self = .int64(value)
        case .uint64(let value): self = .uint64(value)
        case .uint8(let value): self = .uint8(value)
        case .float(let value): self = .float(value)
        case .string(let text): self = .text(text)
        case .rawString(let bytes): self = .rawText(bytes)
        case .namedString(let type, let text): self = .named(type: ExactText(type), ExactText(text))
        case .time(let moment): self = .time(moment)
        case .namedInt(let type, let number): self = .namedInt(type: ExactText(type), number)
        case .duration(let nanoseconds): self = .duration(nanoseconds)
        case .zone, .bytes, .array, .floats, .ints, .strings, .typedArray, .map, .record: return nil
        }
    }

    var value: ExpressionValue {
        switch self {
        case .text(let text): .string(text.text)
        case .rawText(let bytes): .rawString(bytes)
        case .null: .null
        case .bool(let value): .bool(value)
        case .int(let value): .int(value)
        case .int64(let value): .int64(value)
        case .uint64(let value): .uint64(value)
        case .uint8(let value): .uint8(value)
        case .float(let value): .float(value)
        case .time(let value): .time(value)
        case .namedInt(let type, let number): .namedInt(type: type.text, number)
        case .duration(let value): .duration(nanoseconds: value)
        case .named(let type, let text): .namedString(type: type.text, text.text)
        }
    }

    /// Kinds first, then values: nil, booleans, numbers, strings.
    func precedes(_ other: MapKey) -> Bool {
        func rank(_ key: MapKey) -> (Int, Double, [UInt8]) {
            switch key {
            case .null: (0, 0, [])
            case .bool(let value): (1, value ? 1 : 0, [])
            case .int(let value), .int64(let value): (2, Double(value), [])
            case .uint64(let value): (2, Double(value), [])
            case .uint8(let value): (2, Double(value), [])
            case .float(let value): (2, value, [])
            case .namedInt(_, let value): (2, Double(value), [])
            case .time(let value): (3, Double(value.seconds) + Double(value.nanosecond) / 1e9, [])
            case .duration(let value): (3, Double(value), [])
            case .text(let text), .named(_, let text): (4, 0, Array(text.text.utf8))
            case .rawText(let bytes): (4, 0, bytes)
            }
        }
        let (left, right) = (rank(self), rank(other))
        if left.0 != right.0 { return left.0 < right.0 }
        if left.1 != right.1 { return left.1 < right.1 }
        return left.2.lexicographicallyPrecedes(right.2)
    }
}

/// A string that is equal to another only byte by byte; Swift's own equality ignores how a character is composed.
struct ExactText: Sendable, Hashable {
    var text: String
    init(_ text: String) { self.text = text }

    static func == (left: ExactText, right: ExactText) -> Bool { sameBytes(left.text, right.text) }
    func hash(into hasher: inout Hasher) {
        let isHashed: Void? = text.utf8.withContiguousStorageIfAvailable { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
        if isHashed == nil { Array(text.utf8).withUnsafeBytes { hasher.combine(bytes: $0) } }
    }
}

func sameBytes(_ left: String, _ right: String) -> Bool {
    left.utf8.count == right.utf8.count && left.utf8.elementsEqual(right.utf8)
}

extension ExpressionValue {
    /// The bytes of a string of either form; nil for anything else.
    var textBytes: [UInt8]? {
        switch self {
        case .string(let text): Array(text.utf8)
        case .rawString(let bytes): bytes
        default: nil
        }
    }

    /// A string of these bytes, whether or not they are valid UTF-8.
    init(text bytes: some Collection<UInt8>) {
        if let text = String(validating: bytes, as: UTF8.self) {
            self = .string(text)
        } else {
            self = .rawString(Array(bytes))
        }
    }

    /// Number of elements; nil for what is no list.
    var listCount: Int? {
        switch self {
        case .array(let elements): elements.count
        case .floats(let elements): elements.count
        case .ints(let elements): elements.count
        case .strings(let elements): elements.count
        case .typedArray(_, let elements): elements.count
        case .bytes(let elements): elements.count
        default: nil
        }
    }

    /// The element at an index within `listCount`.
    func listElement(_ index: Int) -> ExpressionValue {
        switch self {
        case .array(let elements): elements[index]
        case .floats(let elements): .float(elements[index])
        case .ints(let elements): .int(elements[index])
        case .strings(let elements): .string(elements[index])
        case .typedArray(_, let elements): elements[index]
        case .bytes(let elements): .uint8(elements[index])
        default: preconditionFailure("element of \(typeName), which is no list")
        }
    }

    /// All elements as values; nil for what is no list.
    var listElements: [ExpressionValue]? {
        if case .array(let elements) = self { return elements }
        return listCount.map { count in (0..<count).map(listElement) }
    }

    var isNull: Bool {
        if case .null = self { return true }
        return false
    }

    /// True for nil and for a list without elements: what the rule of error texts calls "nil or empty".
    public var isNilOrEmptyList: Bool { isNull || listCount == 0 }
}
