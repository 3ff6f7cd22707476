extension Checker {
    mutating func call(_ callee: NodeID, _ arguments: [NodeID], at id: NodeID) throws(Problem) -> ExpressionType {
        if case .functionName(let name) = syntax.nodes[callee], let function = environment.function(name) {
            try check(function, arguments)
            replace(id, with: .helper(function, arguments))
            return function.resultType
        }
        if case .environment = syntax.nodes[callee] { throw Problem("map[string]interface {} is not callable") }
        if let method = try methodCall(callee, arguments) { return method }
        let type = types[callee]
        if type.isUnknown {
            // Nothing can be called, but what the name stands for is asked when it runs: for the message.
            if case .functionName(let name) = syntax.nodes[callee], let slot = environment.slot(of: name) { replace(callee, with: .variable(slot: slot)) }
            return .unknown
        }
        if type == .null {
            throw Problem("\(calledName(callee)) is nil; cannot call nil as function")
        }
        throw Problem("\(type.name) is not callable")
    }

    private func calledName(_ callee: NodeID) -> String {
        if case .functionName(let name) = syntax.nodes[callee] { return name }
        if case .member(_, let key, _) = syntax.nodes[callee], case .string(let name) = syntax.nodes[key] { return name }
        return "function"
    }

    private mutating func check(_ function: EnvironmentFunction, _ arguments: [NodeID]) throws(Problem) {
        try checkCount(function.rawValue, arguments.count, function.parameterCount...function.parameterCount)
        guard function == .isNaN || function == .isInf else { return }
        let type = types[arguments[0]]
        if type.isInteger {
            makeFloat(arguments[0])
        } else if type == .null {
            throw Problem("cannot use nil as argument (type float64) to call \(function.rawValue)", at: arguments[0])
        } else if type != .float && !type.isUnknown {
            throw Problem("cannot use \(type.name) as argument (type float64) to call \(function.rawValue) ", at: arguments[0])
        }
    }

    /// Turns the integer literals of an argument into floats, also below signs and in sums and products.
    private mutating func makeFloat(_ argument: NodeID) {
        var open = [argument]
        while let id = open.popLast() {
            switch syntax.nodes[id] {
            case .int(let value): replace(id, with: .float(Double(value)))
            case .unary(_, let operand): open.append(operand)
            case .binary(.add, let left, let right), .binary(.subtract, let left, let right), .binary(.multiply, let left, let right):
                open += [left, right]
            default: break
            }
        }
    }

    mutating func builtin(_ name: String, _ arguments: [NodeID], at id: NodeID) throws(Problem) -> ExpressionType {
        guard let builtin = Builtin.table[name] else { throw Problem("unknown name \(name)") }
        if name == "get", let type = try environmentGet(arguments, at: id) { return type }
        do {
            let type = try builtin.check(arguments.map { types[$0] })
            if name == "len" { replace(id, with: .length(arguments[0])) }
            return type
        } catch let fault {
            throw Problem(fault.message)
        }
    }

    func checkCount(_ name: String, _ count: Int, _ allowed: ClosedRange<Int>) throws(Problem) {
        if count < allowed.lowerBound { throw Problem("not enough arguments to call \(name)") }
        if count > allowed.upperBound { throw Problem("too many arguments to call \(name)") }
    }

    func predicateCall(
        _ function: PredicateFunction, _ collection: NodeID, _ predicate: NodeID?, _ extra: NodeID?
    ) throws(Problem) -> ExpressionType {
        let list = types[collection]
        guard list.isList || list.isUnknown else {
            throw Problem("builtin \(function.rawValue) takes only array (got \(list.name))", at: collection)
        }
        let result = predicate.map { types[$0] }
        if let predicate, let result {
            if result == .null { throw Problem("predicate should has one input and one output param", at: predicate) }
            if function.wantsBoolean, result != .bool, !result.isUnknown {
                throw Problem("predicate should return boolean (got \(result.name))", at: predicate)
            }
        }
        switch function {
        case .all, .none, .any, .one: return .bool
        case .filter: return list.isUnknown ? .dynamicList : list.element.listOfSelf
        case .map: return result!.listOfSelf
        case .count, .findIndex, .findLastIndex: return .int
        case .find, .findLast: return list.isUnknown ? .unknown : list.element
        case .sum: return result ?? (list.isUnknown ? .unknown : list.element)
        case .groupBy: return .groups
        case .sortBy:
            if let extra, types[extra] != .string, !types[extra].isUnknown {
                throw Problem("sortBy order argument must be a string (got \(types[extra].name))", at: extra)
            }
            return list
        case .reduce: return result!
        }
    }
}
