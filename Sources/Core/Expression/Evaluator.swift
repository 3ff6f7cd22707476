/// One run of a compiled tree. A walk whose stack is bounded by the tree's depth, which the parser has limited.
struct Evaluator {
    let syntax: Syntax
    /// Values of the environment's variables, by slot; the first one by itself, since most expressions have no other.
    private let first: ExpressionValue
    private let others: ArraySlice<ExpressionValue>
    /// The value that `isNil` and `default` look at.
    let result: ExpressionValue
    var budget: Budget
    private var locals: [ExpressionValue]
    /// What the innermost predicate runs over; nil outside of predicates.
    private(set) var scope: Scope?
    /// What the predicates around it run over.
    private var outerScopes: [Scope] = []
    /// A `?.` has met nil; everything up to the end of the chain is nil.
    private var isChainBroken = false
    /// The node whose operation ran last: to blame in an error.
    private(set) var place: NodeID = 0
    private var lastPattern: RegexPattern?

    struct Scope {
        var collection: ExpressionValue
        var index = 0
        var accumulator = ExpressionValue.null
    }

    /// Trees higher than this are walked along their left side without recursion.
    private static let recursionHeight: Int32 = 48

    init(
        _ syntax: Syntax, first: ExpressionValue, others: ArraySlice<ExpressionValue>, result: ExpressionValue, limits: ExpressionLimits,
        now: Int64? = nil
    ) {
        self.syntax = syntax
        self.first = first
        self.others = others
        self.result = result
        budget = Budget(limits, now: now)
        locals = Array(repeating: .null, count: syntax.localCount)
    }

    mutating func evaluate(_ start: NodeID) throws(Fault) -> ExpressionValue {
        var id = start
        // What stands last is evaluated in the same round: else-branches and the rest after a `let` need no stack.
        while true {
            try budget.step()
            switch syntax.nodes[id] {
            case .null: return .null
            case .bool(let value): return .bool(value)
            case .int(let value): return .int(value)
            case .float(let value): return .float(value)
            case .string(let text): return .string(text)
            case .variable(let slot): return slot == 0 ? first : others[slot]
            case .local(let slot, _): return locals[slot]
            case .alias(let target): id = target
            case .binary, .member, .unary: return syntax.heights[id] > Self.recursionHeight ? try spine(id) : try evaluateLeft(id)
            case .pointer(let name, _, _): return pointer(name)
            case .conditional(let condition, let first, let second): id = try holds(condition) ? first : second
            case .assignment(let slot, let value, let body):
                locals[slot] = try evaluate(value)
                id = body
            default: return try evaluateRare(id)
            }
        }
    }

    private mutating func holds(_ condition: NodeID) throws(Fault) -> Bool {
        let value = try evaluate(condition)
        place = condition
        return try boolean(value)
    }

    private mutating func evaluateRare(_ id: NodeID) throws(Fault) -> ExpressionValue {
        switch syntax.nodes[id] {
        case .chain(let inner):
            let value = try evaluate(inner)
            defer { isChainBroken = false }
            return isChainBroken ? .null : value
        case .slice(let base, let from, let to):
            let value = try evaluate(base)
            if isChainBroken { return .null }
            let start = try evaluate(optional: from)
            let end = try evaluate(optional: to)
            place = id
            return try Access.slice(value, from: start, to: end, &budget)
        case .call(let callee, let arguments): return try call(callee, arguments, id)
        case .helper(let function, let arguments):
            let first = try evaluate(arguments[0])
            let second = arguments.count > 1 ? try evaluate(arguments[1]) : .null
            place = id
            return try function.apply(first, second, result: result, &budget)
        case .length(let argument):
            let value = try evaluate(argument)
            place = id
            return try Builtin.length(of: value, &budget)
        case .builtin(let name, let arguments):
            let values = try evaluate(all: arguments)
            place = id
            return try Builtin.table[name]!.apply(values, &budget)
        case .predicateCall(let function, let collection, let predicate, let extra):
            return try predicateCall(function, collection, predicate, extra, id)
        case .constant(let value):
            // A folded list counts like one that is made anew.
            if case .array(let elements) = value { try budget.grow(by: elements.count) }
            return value
        case .sequence(let parts):
            for part in parts.dropLast() { _ = try evaluate(part) }
            return try evaluate(parts.last!)
        case .list(let elements):
            try budget.grow(by: elements.count)
            return .array(try evaluate(all: elements))
        case .map(let entries): return try map(entries, id)
        case .null, .bool, .int, .float, .string, .variable, .local, .alias, .binary, .member, .unary, .pointer, .conditional, .assignment:
            preconditionFailure("evaluateRare met a node that evaluate handles")
        case .name, .functionName, .environment, .declaration:
            preconditionFailure("the checker left a node that has no value")
        }
    }

    /// The left operand by recursion, then the node itself.
    private mutating func evaluateLeft(_ id: NodeID) throws(Fault) -> ExpressionValue {
        try finish(id, try evaluate(syntax.nodes[id].leftOperand!))
    }

    /// The same for a long run of left operands: down without evaluating, up again with the value.
    private mutating func spine(_ top: NodeID) throws(Fault) -> ExpressionValue {
        var open = [top]
        var value = ExpressionValue.null
        while true {
            var left = syntax.nodes[open.last!].leftOperand!
            if case .alias(let target) = syntax.nodes[left] { left = target }
            guard syntax.nodes[left].leftOperand != nil else {
                value = try evaluate(left)
                break
            }
            try budget.step()
            open.append(left)
        }
        while let id = open.popLast() { value = try finish(id, value) }
        return value
    }

    /// An operation or member access, the left side of which is known.
    private mutating func finish(_ id: NodeID, _ left: ExpressionValue) throws(Fault) -> ExpressionValue {
        switch syntax.nodes[id] {
        case .binary(let binary, _, let right): return try self.binary(binary, left, right, id)
        case .member(_, let key, let optional):
            if isChainBroken { return .null }
            if optional, left.isNull {
                isChainBroken = true
                return .null
            }
            let key = try evaluate(key)
            place = id
            return try Access.fetch(key, from: left)
        case .unary(let unary, _):
            place = id
            switch unary {
            case .not, .bang: return .bool(!(try boolean(left)))
            case .minus: return try Arithmetic.negate(left)
            case .plus: return left
            }
        default: preconditionFailure("only operators and members have a left side")
        }
    }

    private mutating func binary(_ binary: BinaryOperator, _ left: ExpressionValue, _ rightID: NodeID, _ id: NodeID) throws(Fault) -> ExpressionValue {
        switch binary {
        case .and, .doubleAmpersand, .or, .doubleBar:
            place = id
            // The right side is passed on as it is, whatever it is.
            return try boolean(left) == binary.isDisjunction ? left : try evaluate(rightID)
        case .coalesce: return left.isNull ? try evaluate(rightID) : left
        default: break
        }
        let right = try evaluate(rightID)
        place = id
        switch binary {
        case .equal: return .bool(try Comparison.equal(left, right, &budget))
        case .notEqual: return .bool(!(try Comparison.equal(left, right, &budget)))
        case .less, .greater, .lessOrEqual, .greaterOrEqual: return .bool(try Comparison.ordered(left, binary, right, &budget))
        case .add:
            guard let x = left.textBytes, let y = right.textBytes else { return try Arithmetic.add(left, right) }
            try budget.text(x.count + y.count)
            return ExpressionValue(text: x + y)
        case .subtract: return try Arithmetic.subtract(left, right)
        case .multiply: return try Arithmetic.multiply(left, right)
        case .divide: return try Arithmetic.divide(left, right)
        case .remainder: return try Arithmetic.remainder(left, right)
        case .doubleStar, .caret: return try Arithmetic.power(left, right)
        case .range: return try range(left, right)
        case .in: return .bool(try Access.contains(right, left, &budget))
        case .contains, .startsWith, .endsWith: return .bool(try text(left, binary, right))
        case .matches: return .bool(try matches(left, right, id))
        case .and, .doubleAmpersand, .or, .doubleBar, .coalesce: preconditionFailure("\(binary) is decided elsewhere")
        }
    }

    private mutating func text(_ left: ExpressionValue, _ binary: BinaryOperator, _ right: ExpressionValue) throws(Fault) -> Bool {
        if left.isNull || right.isNull { return false }
        guard let text = left.textBytes else { throw Fault.conversion(of: left, to: "string") }
        guard let part = right.textBytes else { throw Fault.conversion(of: right, to: "string") }
        try budget.pass(over: text.count + part.count)
        switch binary {
        case .startsWith: return text.starts(with: part)
        case .endsWith: return text.reversed().starts(with: part.reversed())
        default: return ByteText.firstIndex(of: part, in: text) != nil
        }
    }

    /// Patterns that are known before the run were compiled with the expression; of the others the last one is kept.
    private mutating func matches(_ left: ExpressionValue, _ right: ExpressionValue, _ id: NodeID) throws(Fault) -> Bool {
        if left.isNull || right.isNull { return false }
        guard let pattern = right.textBytes else { throw Fault.conversion(of: right, to: "string") }
        let text: [UInt8]
        if case .bytes(let bytes) = left {
            text = bytes
        } else {
            guard let bytes = left.textBytes else { throw Fault.conversion(of: left, to: "[]uint8") }
            text = bytes
        }
        let source = String(decoding: pattern, as: UTF8.self)
        if let compiled = syntax.patterns[id] { return try compiled.isFound(in: text, &budget) }
        if lastPattern?.source != source {
            try budget.pass(over: 64 * pattern.count)
            do throws(RegexProblem) { lastPattern = try RegexPattern(source) } catch { throw Fault(error.message) }
        }
        guard let lastPattern else { return false }
        return try lastPattern.isFound(in: text, &budget)
    }

    private mutating func range(_ left: ExpressionValue, _ right: ExpressionValue) throws(Fault) -> ExpressionValue {
        let (from, to) = (try left.truncated(), try right.truncated())
        let count = to &- from &+ 1
        if to < from || count <= 0 { return .ints([]) }
        try budget.grow(by: Int(count))
        try budget.pass(over: Int(count))
        return .ints(Array(from...to))
    }

    private func pointer(_ name: String) -> ExpressionValue {
        guard let scope else { preconditionFailure("# outside a predicate") }
        switch name {
        case "index": return .int(Int64(scope.index))
        case "acc": return scope.accumulator
        default: return scope.collection.listElement(scope.index)
        }
    }

    private mutating func call(_ callee: NodeID, _ arguments: [NodeID], _ id: NodeID) throws(Fault) -> ExpressionValue {
        // No value can be called: this is a member of something unknown, and only the message is open.
        if case .chain = syntax.nodes[callee] {} else if case .member(let base, let key, let optional) = syntax.nodes[callee] {
            let value = try evaluate(base)
            if isChainBroken { return .null }
            if optional, value.isNull {
                isChainBroken = true
                return .null
            }
            let values = try evaluate(all: arguments)
            let name = try evaluate(key)
            place = callee
            if TimeMethod.exist(for: value.type), case .string(let text) = name, let method = TimeMethod.named(text, of: value.type) {
                return try method.apply(to: value, values)
            }
            let member = try Access.fetch(name, from: value)
            throw Fault(member.isNull ? "invalid operation: cannot call nil" : "invalid operation: cannot call non-function of type \(member.typeName)")
        }
        _ = try evaluate(all: arguments)
        let value = try evaluate(callee)
        place = id
        throw Fault(value.isNull ? "invalid operation: cannot call nil" : "invalid operation: cannot call non-function of type \(value.typeName)")
    }

    private mutating func map(_ entries: [Node.MapEntry], _ id: NodeID) throws(Fault) -> ExpressionValue {
        try budget.grow(by: entries.count)
        var map = ExpressionMap(kind: .text(name: nil), entries: [:])
        for entry in entries {
            let key = try evaluate(entry.key)
            let value = try evaluate(entry.value)
            place = id
            guard key.textBytes != nil, let mapKey = MapKey(key) else { throw Fault.conversion(of: key, to: "string") }
            if map.entries[mapKey] == nil { map.entries[mapKey] = value }
        }
        return .map(map)
    }

    mutating func evaluate(all ids: [NodeID]) throws(Fault) -> [ExpressionValue] {
        var values: [ExpressionValue] = []
        values.reserveCapacity(ids.count)
        for id in ids { values.append(try evaluate(id)) }
        return values
    }

    private mutating func evaluate(optional id: NodeID?) throws(Fault) -> ExpressionValue? {
        guard let id else { return nil }
        return try evaluate(id)
    }

    func boolean(_ value: ExpressionValue) throws(Fault) -> Bool {
        guard case .bool(let answer) = value else { throw Fault.conversion(of: value, to: "bool") }
        return answer
    }

    // MARK: Scopes of predicates

    mutating func open(_ collection: ExpressionValue) {
        if let scope { outerScopes.append(scope) }
        scope = Scope(collection: collection)
    }

    mutating func close() { scope = outerScopes.popLast() }

    /// Moves the innermost predicate on to an element.
    mutating func move(to index: Int) { scope!.index = index }

    mutating func accumulate(_ value: ExpressionValue) { scope!.accumulator = value }

    /// Blames this node for what happens next.
    mutating func enter(_ id: NodeID) { place = id }
}
