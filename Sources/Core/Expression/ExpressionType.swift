/// The static type of an expression, as far as it is known before it runs.
public indirect enum ExpressionType: Sendable, Hashable {
    /// Known only at run time. Messages print `unknown`.
    case unknown
    /// Known only at run time, an element of something typed. Messages print `interface {}`.
    case any
    case null
    case bool, int, int64, uint64, uint8, float, string, bytes, time, duration
    case namedString(String)
    /// A month or a day of the week: no number, though it can be made one.
    case namedInt(String)
    /// A time zone.
    case zone
    /// `typed`: the list itself has this element type (a vector of samples). Otherwise it may hold anything and
    /// the element type is only what the checker has seen of it.
    case list(of: ExpressionType, typed: Bool)
    /// String keys and any values; `name` where the type has one of its own.
    case map(name: String?)
    /// The result of `groupBy`.
    case groups
    /// The result of `fromPairs`.
    case pairs
    case record(RecordType)

    /// A vector of samples, as Prometheus returns it.
    public static let vector = ExpressionType.list(of: .float, typed: true)
    /// A list from JSON.
    public static let dynamicList = ExpressionType.list(of: .any, typed: false)
    /// An object from JSON.
    public static let object = ExpressionType.map(name: nil)
}

/// A type with a name and fixed fields.
public struct RecordType: Sendable, Hashable {
    public var name: String
    public var fields: [String: ExpressionType]

    public init(name: String, fields: [String: ExpressionType]) {
        self.name = name
        self.fields = fields
    }
}

extension ExpressionType {
    /// The name that messages print; Go's spelling, since people search for these texts.
    public var name: String {
        switch self {
        case .unknown, .null: "unknown"
        case .any: "interface {}"
        case .bool: "bool"
        case .int: "int"
        case .int64: "int64"
        case .uint64: "uint64"
        case .uint8: "uint8"
        case .float: "float64"
        case .string: "string"
        case .bytes: "[]uint8"
        case .time: "time.Time"
        case .duration: "time.Duration"
        case .namedString(let name), .namedInt(let name): name
        case .zone: "*time.Location"
        case .list(let element, typed: true): "[]" + element.name
        case .list(_, typed: false): "[]interface {}"
        case .map(let name): name ?? "map[string]interface {}"
        case .groups: "map[interface {}][]interface {}"
        case .pairs: "map[interface {}]interface {}"
        case .record(let type): type.name
        }
    }

    var isUnknown: Bool { self == .unknown || self == .any }
    var isInteger: Bool { self == .int || self == .int64 || self == .uint64 || self == .uint8 }
    var isNumber: Bool { self == .float || isInteger }

    /// Whether a value of this static type can turn out to be a boolean. Nil says little: a list whose elements are nil or
    /// unknown counts as one of nil.
    var mayBeBoolean: Bool { self == .bool || self == .null || isUnknown }

    var isList: Bool {
        switch self {
        case .list, .bytes: true
        default: false
        }
    }

    var isMap: Bool {
        switch self {
        case .map, .groups, .pairs: true
        default: false
        }
    }

    /// What an element of a list or a value of a map is.
    var element: ExpressionType {
        switch self {
        case .list(let element, _): element
        case .bytes: .uint8
        case .map, .pairs: .any
        case .groups: .dynamicList
        default: .unknown
        }
    }

    /// The element type that survives being passed through a function: only that of a typed list.
    var declaredElement: ExpressionType {
        switch self {
        case .list(let element, typed: true): element
        case .bytes: .uint8
        default: .any
        }
    }

    /// The type itself without what the checker has seen of the elements.
    var declared: ExpressionType {
        if case .list(_, typed: false) = self { return .dynamicList }
        return self
    }

    var key: ExpressionType { if case .map = self { .string } else { .any } }

    /// A list literal of this element type. Deep nesting is forgotten, so that types stay small.
    var listOfSelf: ExpressionType {
        var (depth, inner) = (0, self)
        while case .list(let element, _) = inner {
            (depth, inner) = (depth + 1, element)
            if depth > 32 { return .dynamicList }
        }
        return .list(of: self, typed: false)
    }

    /// Whether a value of this type may stand where one of `other` is expected.
    func isAssignable(to other: ExpressionType) -> Bool {
        switch (self, other) {
        case (.null, .any), (.null, .list), (.null, .bytes), (.null, .map), (.null, .groups), (.null, .pairs): true
        case (.null, _), (.unknown, _), (_, .unknown), (_, .null): false
        case (_, .any): true
        case (.list(_, typed: false), .list(_, typed: false)): true
        case (.map(let left), .map(let right)): left == right || left == nil || right == nil
        default: self == other
        }
    }

    /// Whether `==` accepts the two.
    func isComparable(to other: ExpressionType) -> Bool {
        isUnknown || other.isUnknown || self == .null || other == .null
            || isNumber && other.isNumber || isList && other.isList || isAssignable(to: other)
    }

    /// The kinds that decide whether the elements of a list literal are alike.
    var kind: Int {
        switch self {
        case .unknown, .null: 0
        case .any: 1
        case .bool: 2
        case .int, .namedInt: 3
        case .int64, .duration: 4
        case .uint64: 5
        case .uint8: 6
        case .float: 7
        case .string, .namedString: 8
        case .list, .bytes: 9
        case .map, .groups, .pairs: 10
        case .time, .record: 11
        case .zone: 12
        }
    }
}

extension ExpressionValue {
    /// The static type that a bound value has for the checker.
    public var type: ExpressionType {
        switch self {
        case .null: .null
        case .bool: .bool
        case .int: .int
        case .int64: .int64
        case .uint64: .uint64
        case .uint8: .uint8
        case .float: .float
        case .string, .rawString: .string
        case .namedString(let type, _): .namedString(type)
        case .namedInt(let type, _): .namedInt(type)
        case .zone: .zone
        case .bytes: .bytes
        case .array: .dynamicList
        case .floats: .vector
        case .ints: .list(of: .int, typed: true)
        case .strings: .list(of: .string, typed: true)
        case .typedArray(let element, _): .list(of: element, typed: true)
        case .map(let map):
            switch map.kind {
            case .text(let name): .map(name: name)
            case .groups: .groups
            case .pairs: .pairs
            }
        case .record(let record): .record(record.type)
        case .time: .time
        case .duration: .duration
        }
    }

    /// The dynamic type name that messages print.
    public var typeName: String { isNull ? "<nil>" : type.name }
}
