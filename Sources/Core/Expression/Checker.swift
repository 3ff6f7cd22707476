/// Gives every node a static type, resolves names, and refuses what cannot be right for any value of these types.
///
/// Nodes are visited in the order of the arena, operands first, so each subexpression is checked once, whether or not it
/// would ever run.
struct Checker {
    private(set) var syntax: Syntax
    let environment: ExpressionEnvironment
    private let source: String
    var types: [ExpressionType] = []
    /// Uses of `$env` that nobody has accounted for: as a value of its own it is not supported.
    private var loose: Set<NodeID> = []
    /// Methods of times and durations that nobody has called yet.
    private var uncalled: Set<NodeID> = []

    /// The checked tree, with names resolved, and the type of its root.
    static func check(
        _ syntax: Syntax, root: NodeID, _ environment: ExpressionEnvironment, source: String
    ) throws(ExpressionError) -> (syntax: Syntax, type: ExpressionType) {
        var checker = Checker(syntax: syntax, environment: environment, source: source)
        checker.types.reserveCapacity(syntax.nodes.count)
        for id in syntax.nodes.indices {
            do {
                checker.types.append(try checker.type(of: id))
            } catch let problem {
                throw ExpressionError(problem.kind, problem.message, at: Int(syntax.offsets[problem.node ?? id]), in: source)
            }
        }
        if let id = checker.loose.min() {
            throw ExpressionError(.unsupported, "$env is supported only as $env.NAME and NAME in $env", at: Int(syntax.offsets[id]), in: source)
        }
        if let id = checker.uncalled.min() {
            throw ExpressionError(.unsupported, "a method that is not called is not supported; write () behind it", at: Int(syntax.offsets[id]), in: source)
        }
        return (checker.syntax, checker.types[root])
    }

    private init(syntax: Syntax, environment: ExpressionEnvironment, source: String) {
        self.syntax = syntax
        self.environment = environment
        self.source = source
    }

    /// What is wrong, and with which node if not with the one being checked.
    struct Problem: Error {
        var kind: ExpressionError.Kind = .type
        var message: String
        var node: NodeID?

        init(_ message: String, at node: NodeID? = nil, kind: ExpressionError.Kind = .type) {
            self.message = message
            self.node = node
            self.kind = kind
        }
    }

    private mutating func type(of id: NodeID) throws(Problem) -> ExpressionType {
        switch syntax.nodes[id] {
        case .null: return .null
        case .bool: return .bool
        case .int: return .int
        case .float: return .float
        case .string: return .string
        case .constant(let value): return value.type
        case .name(let name): return try resolve(name, at: id)
        case .functionName(let name):
            if environment.function(name) != nil { return .unknown }
            if let slot = environment.slot(of: name) { return environment.variables[slot].type }
            throw Problem("unknown name \(name)")
        case .environment:
            loose.insert(id)
            return .unknown
        case .variable(let slot): return environment.variables[slot].type
        case .local(_, let value): return types[value]
        case .pointer(let name, let collection, let function): return try pointer(name, collection, function)
        case .unary(let unary, let operand): return try self.unary(unary, types[operand])
        case .binary(let binary, let left, let right): return try self.binary(binary, left, right, at: id)
        case .chain(let inner): return types[inner]
        case .member(let base, let key, let optional): return try member(base, key, optional: optional, at: id)
        case .slice(let base, let from, let to): return try slice(base, [from, to].compactMap { $0 })
        case .call(let callee, let arguments): return try call(callee, arguments, at: id)
        case .helper(let function, _): return function.resultType
        case .builtin(let name, let arguments): return try builtin(name, arguments, at: id)
        case .length: return .int
        case .predicateCall(let function, let collection, let predicate, let extra):
            return try predicateCall(function, collection, predicate, extra)
        case .declaration(let name, let redeclares):
            if environment.slot(of: name) != nil || environment.function(name) != nil { throw Problem("cannot redeclare \(name)") }
            if Builtin.isName(name) || PredicateFunction(rawValue: name) != nil { throw Problem("cannot redeclare builtin \(name)") }
            if redeclares { throw Problem("cannot redeclare variable \(name)") }
            return .unknown
        case .assignment(_, _, let body): return types[body]
        case .sequence(let parts): return types[parts.last!]
        case .conditional(let condition, let first, let second): return try conditional(condition, types[first], types[second])
        case .list(let elements): return list(elements)
        case .map: return .object
        case .alias(let target): return types[target]
        }
    }

    private mutating func resolve(_ name: String, at id: NodeID) throws(Problem) -> ExpressionType {
        if let slot = environment.slot(of: name) {
            syntax.replace(id, with: .variable(slot: slot))
            return environment.variables[slot].type
        }
        if environment.function(name) != nil || Builtin.isName(name) || PredicateFunction(rawValue: name) != nil {
            throw Problem("function \(name) is used without a call; functions as values are not supported", kind: .unsupported)
        }
        throw Problem("unknown name \(name)")
    }

    private func pointer(_ name: String, _ collection: NodeID, _ function: PredicateFunction) throws(Problem) -> ExpressionType {
        switch name {
        case "":
            let type = types[collection]
            if type.isUnknown { return .unknown }
            guard type.isList else { throw Problem("builtin \(function.rawValue) takes only array (got \(type.name))", at: collection) }
            return type.element
        case "index" where function == .map || function == .reduce: return .int
        case "acc" where function == .reduce: return .unknown
        default: throw Problem("unknown pointer #\(name)")
        }
    }

    private func unary(_ unary: UnaryOperator, _ type: ExpressionType) throws(Problem) -> ExpressionType {
        switch unary {
        case .not, .bang: if type == .bool || type.isUnknown { return .bool }
        case .minus, .plus:
            if type.isNumber { return type }
            if type.isUnknown { return .unknown }
        }
        throw Problem("invalid operation: \(unary.rawValue) (mismatched type \(type.name))")
    }

    private func slice(_ base: NodeID, _ bounds: [NodeID]) throws(Problem) -> ExpressionType {
        let type = types[base]
        if type.isUnknown { return .unknown }
        switch type {
        case .string, .namedString, .list, .bytes: break
        default: throw Problem("cannot slice \(type.name)")
        }
        for bound in bounds where !types[bound].isInteger && !types[bound].isUnknown {
            throw Problem("non-integer slice index \(types[bound].name)", at: bound)
        }
        return type
    }

    private func conditional(_ condition: NodeID, _ first: ExpressionType, _ second: ExpressionType) throws(Problem) -> ExpressionType {
        let type = types[condition]
        guard type == .bool || type.isUnknown else {
            throw Problem("non-bool expression (type \(type.name)) used as condition", at: condition)
        }
        if first == .null { return second }
        if second == .null { return first }
        guard first.isAssignable(to: second) else { return .unknown }
        if case .list(let left, _) = first, case .list(let right, _) = second, left != right { return .dynamicList }
        return first
    }

    private func list(_ elements: [NodeID]) -> ExpressionType {
        guard let last = elements.last else { return ExpressionType.list(of: .unknown, typed: false) }
        let isUniform = elements.allSatisfy { types[$0].kind == types[last].kind }
        return isUniform ? types[last].listOfSelf : .dynamicList
    }

    private mutating func member(_ base: NodeID, _ key: NodeID, optional: Bool, at id: NodeID) throws(Problem) -> ExpressionType {
        var name: String?
        if case .string(let text) = syntax.nodes[key] { name = text }
        if case .environment = syntax.nodes[base] {
            guard let name else { return .unknown }              // stays loose, and so is refused at the end
            return try environmentMember(name, optional: optional, base: base, at: id)
        }
        let (type, keyType) = (types[base], types[key])
        if type.isUnknown { return .unknown }
        switch type {
        case .null:
            if let name { throw Problem("type nil has no field \(name)") }
        case .map, .groups, .pairs:
            guard keyType.isAssignable(to: type.key) || keyType.isUnknown else {
                throw Problem("cannot use \(keyType.name) to get an element from \(type.name)", at: key)
            }
            return type.element
        case .list, .bytes:
            guard keyType.isInteger || keyType.isUnknown else {
                throw Problem("array elements can only be selected using an integer (got \(keyType.name))", at: key)
            }
            return type.element
        case .record(let record):
            if let name, let field = record.fields[name] { return field }
        case .time, .duration, .namedInt, .zone:
            if let name {
                guard TimeMethod.named(name, of: type) != nil else { throw Problem("type \(type.name) has no field \(name)") }
                uncalled.insert(id)
                return .unknown
            }
        default: break
        }
        throw Problem(name.map { "type \(type.name) has no field \($0)" } ?? "type \(type.name)[\(keyType.name)] is undefined")
    }

    /// `$env.NAME`. Once resolved it is the variable itself.
    private mutating func environmentMember(_ name: String, optional: Bool, base: NodeID, at id: NodeID) throws(Problem) -> ExpressionType {
        loose.remove(base)
        if let slot = environment.slot(of: name) {
            syntax.replace(id, with: .variable(slot: slot))
            return environment.variables[slot].type
        }
        if environment.function(name) != nil {
            throw Problem("$env.\(name) is not supported; call the function by its name", kind: .unsupported)
        }
        guard optional else { throw Problem("unknown name \(name)") }
        syntax.replace(id, with: .null)
        return .unknown
    }

    /// `"NAME" in $env`, which is known before the run. Nil where the right side is something else.
    mutating func environmentMembership(_ left: NodeID, _ right: NodeID, at id: NodeID) -> Bool {
        guard case .environment = syntax.nodes[right], case .string(let name) = syntax.nodes[left] else { return false }
        loose.remove(right)
        syntax.replace(id, with: .bool(environment.slot(of: name) != nil || environment.function(name) != nil))
        return true
    }

    /// `get($env, "NAME")`: like `$env?.NAME`.
    mutating func environmentGet(_ arguments: [NodeID], at id: NodeID) throws(Problem) -> ExpressionType? {
        guard arguments.count == 2, case .environment = syntax.nodes[arguments[0]], case .string(let name) = syntax.nodes[arguments[1]] else { return nil }
        return try environmentMember(name, optional: true, base: arguments[0], at: id)
    }

    /// The type of a call of a method of a time or a duration; nil where the callee is none.
    mutating func methodCall(_ callee: NodeID, _ arguments: [NodeID]) throws(Problem) -> ExpressionType? {
        guard uncalled.remove(callee) != nil, case .member(let base, let key, _) = syntax.nodes[callee], case .string(let name) = syntax.nodes[key],
              let method = TimeMethod.named(name, of: types[base]) else { return nil }
        try checkCount(name, arguments.count, method.parameters.count...method.parameters.count)
        for (argument, parameter) in zip(arguments, method.parameters) where !types[argument].isUnknown && types[argument] != parameter {
            throw Problem("cannot use \(argumentName(types[argument])) as argument (type \(parameter.name)) to call \(name) ", at: argument)
        }
        return method.result
    }

    mutating func replace(_ id: NodeID, with node: Node) { syntax.replace(id, with: node) }
}
