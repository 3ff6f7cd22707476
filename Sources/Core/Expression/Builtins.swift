/// A function of the language that takes values: a name, a check of static types and the function itself.
/// Functions with a predicate are part of the syntax, see `PredicateFunction`.
struct Builtin: Sendable {
    let name: String
    /// The type of the result, or what is wrong with the arguments.
    let check: @Sendable ([ExpressionType]) throws(Fault) -> ExpressionType
    let apply: @Sendable ([ExpressionValue], inout Budget) throws(Fault) -> ExpressionValue

    static let table: [String: Builtin] = {
        var table: [String: Builtin] = [:]
        for builtin in numbers + lists + text + encoding + time { table[builtin.name] = builtin }
        return table
    }()

    static func isName(_ name: String) -> Bool { table[name] != nil }
}

extension Builtin {
    /// A function whose arguments have simple types, in the given order; the last ones may be optional.
    init(
        _ name: String, _ parameters: [Parameter], optional: Int = 0, gives result: ExpressionType,
        _ function: @escaping @Sendable ([ExpressionValue], inout Budget) throws(Fault) -> ExpressionValue
    ) {
        self.name = name
        check = { (types) throws(Fault) in
            if types.count < parameters.count - optional { throw Fault("not enough arguments to call \(name)") }
            if types.count > parameters.count { throw Fault("too many arguments to call \(name)") }
            for (type, parameter) in zip(types, parameters) where !parameter.accepts(type) {
                if type == .null { throw Fault("cannot use nil as argument (type \(parameter.rawValue)) to call \(name)") }
                throw Fault("cannot use \(type.name) as argument (type \(parameter.rawValue)) to call \(name) ")
            }
            return result
        }
        apply = function
    }

    /// A function of so many arguments with a check of its own.
    init(
        _ name: String, count: Int, check: @escaping @Sendable ([ExpressionType]) throws(Fault) -> ExpressionType,
        _ function: @escaping @Sendable ([ExpressionValue], inout Budget) throws(Fault) -> ExpressionValue
    ) {
        self.name = name
        self.check = { (types) throws(Fault) in
            guard types.count == count else { throw Fault("invalid number of arguments (expected \(count), got \(types.count))") }
            return try check(types)
        }
        apply = function
    }

    init(
        _ name: String, check: @escaping @Sendable ([ExpressionType]) throws(Fault) -> ExpressionType,
        apply: @escaping @Sendable ([ExpressionValue], inout Budget) throws(Fault) -> ExpressionValue
    ) {
        self.name = name
        self.check = check
        self.apply = apply
    }

    enum Parameter: String, Sendable {
        case string, int, any = "interface {}", list = "[]interface {}"

        func accepts(_ type: ExpressionType) -> Bool {
            if type.isUnknown { return true }
            return switch self {
            case .string: type == .string
            case .int: type.isInteger
            case .any: true
            case .list: type.isList || type == .null
            }
        }
    }
}

/// The name of a static type in the messages of functions.
func argumentName(_ type: ExpressionType) -> String { type == .null ? "nil" : type.isUnknown ? "interface {}" : type.name }

extension Array where Element == ExpressionValue {
    /// An argument that must be a string, as bytes.
    func bytes(_ index: Int) throws(Fault) -> [UInt8] {
        guard let bytes = self[index].textBytes else { throw Fault.conversion(of: self[index], to: "string") }
        return bytes
    }

    /// An optional argument that must be a string.
    func bytes(_ index: Int, default text: String) throws(Fault) -> [UInt8] {
        index < count ? try bytes(index) : Array<UInt8>(text.utf8)
    }

    /// An argument that must be a list; `verb` is what cannot be done with anything else.
    func list(_ index: Int, _ verb: String) throws(Fault) -> [ExpressionValue] {
        guard let elements = self[index].listElements else { throw Fault("cannot \(verb) \(self[index].typeName)") }
        return elements
    }
}
