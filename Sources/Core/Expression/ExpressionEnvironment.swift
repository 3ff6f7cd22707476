/// The names that an expression may use, with their types.
public struct ExpressionEnvironment: Sendable, Equatable {
    /// Variables in the order of their slots.
    let variables: [(name: String, type: ExpressionType)]
    let functions: Set<EnvironmentFunction>

    public init(variables: [String: ExpressionType], functions: Set<EnvironmentFunction>) {
        self.variables = variables.sorted { $0.key < $1.key }.map { (name: $0.key, type: $0.value) }
        self.functions = functions
    }

    /// What a condition may use: `result` of the given type, and all functions.
    public static func condition(result type: ExpressionType) -> ExpressionEnvironment {
        ExpressionEnvironment(variables: [resultName: type], functions: Set(EnvironmentFunction.allCases))
    }

    /// The name that the measured value is bound to.
    public static let resultName = "result"

    func slot(of name: String) -> Int? { variables.firstIndex { sameBytes($0.name, name) } }

    func function(_ name: String) -> EnvironmentFunction? {
        EnvironmentFunction(rawValue: name).flatMap { functions.contains($0) ? $0 : nil }
    }

    public static func == (left: ExpressionEnvironment, right: ExpressionEnvironment) -> Bool {
        left.functions == right.functions && left.variables.elementsEqual(right.variables, by: ==)
    }
}

/// Functions that the environment brings, beside those of the language.
public enum EnvironmentFunction: String, Sendable, CaseIterable {
    case isNaN, isInf, asInt, asFloat, isNil, `default`

    var parameterCount: Int { self == .default ? 2 : 1 }

    var resultType: ExpressionType {
        switch self {
        case .isNaN, .isInf, .isNil: .bool
        case .asInt: .int64
        case .asFloat: .float
        case .default: .any
        }
    }

    /// - Parameters:
    ///   - second: the second argument; nil for functions that take one.
    ///   - result: the value bound to `result`. `isNil` and `default` look at it and not at their first argument:
    ///     that is how the reference behaves, and conditions depend on it.
    func apply(_ first: ExpressionValue, _ second: ExpressionValue, result: ExpressionValue, _ budget: inout Budget) throws(Fault) -> ExpressionValue {
        switch self {
        case .isNaN: return .bool(try float(first).isNaN)
        case .isInf: return .bool(try float(first).isInfinite)
        case .isNil: return .bool(result.isNull)
        case .default: return result.isNull ? second : result
        case .asInt:
            switch first {
            case .float(let value): return .int64(integer(saturating: value))
            case .string(let text):
                switch NumberText.integer(text) {
                case .value(let value): return .int64(value)
                case .invalid: throw Fault("strconv.ParseInt: parsing \(quoted(text)): invalid syntax")
                case .outOfRange: throw Fault("strconv.ParseInt: parsing \(quoted(text)): value out of range")
                }
            case let value:
                if let number = value.wrappedInteger { return .int64(number) }
                throw try unsupported(value, &budget)
            }
        case .asFloat:
            switch first {
            case .float: return first
            case .string(let text):
                switch NumberText.float(text) {
                case .value(let value): return .float(value)
                case .invalid: throw Fault("strconv.ParseFloat: parsing \(quoted(text)): invalid syntax")
                case .outOfRange: throw Fault("strconv.ParseFloat: parsing \(quoted(text)): value out of range")
                }
            case let value:
                if let number = value.double { return .float(number) }
                throw try unsupported(value, &budget)
            }
        }
    }

    private func float(_ value: ExpressionValue) throws(Fault) -> Double {
        guard case .float(let number) = value else { throw Fault.conversion(of: value, to: "float64") }
        return number
    }

    private func unsupported(_ value: ExpressionValue, _ budget: inout Budget) throws(Fault) -> Fault {
        var shown = try TextForm.string(of: value, &budget)
        if shown.count > 200 { shown = String(shown.prefix(200)) + "…" }
        return Fault("\(rawValue)() not supported on \(value.typeName) \(shown)")
    }
}

extension Fault {
    /// A value of one kind where another is needed.
    static func conversion(of value: ExpressionValue, to type: String) -> Fault {
        Fault("interface conversion: interface {} is \(value.isNull ? "nil" : value.typeName), not \(type)")
    }
}
