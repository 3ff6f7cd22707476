extension Builtin {
    static let numbers: [Builtin] = [
        Builtin("len", count: 1, check: checkLength) { (arguments, budget) throws(Fault) in try length(of: arguments[0], &budget) },
        Builtin("type", [.any], gives: .string) { (arguments, _) throws(Fault) in .string(typeWord(arguments[0])) },
        Builtin("abs", count: 1, check: { (types) throws(Fault) in try checkNumber(types[0], "abs").declared }, absolute),
        rounding("ceil", .up),
        rounding("floor", .down),
        rounding("round", .toNearestOrAwayFromZero),
        Builtin("int", count: 1, check: { (types) throws(Fault) in try checkConvertible(types[0], "int", .int) }, toInteger),
        Builtin("float", count: 1, check: { (types) throws(Fault) in try checkConvertible(types[0], "float", .float) }, toFloat),
        Builtin("max", check: { (types) throws(Fault) in try checkAggregate(types, "max") }, apply: { (arguments, budget) throws(Fault) in
            try extreme("max", .less, arguments, &budget)
        }),
        Builtin("min", check: { (types) throws(Fault) in try checkAggregate(types, "min") }, apply: { (arguments, budget) throws(Fault) in
            try extreme("min", .greater, arguments, &budget)
        }),
        Builtin("mean", check: { (types) throws(Fault) in try checkAggregate(types, "mean") }, apply: { (arguments, budget) throws(Fault) in
            var (sum, count) = (0.0, 0)
            for argument in arguments { (sum, count) = try added(argument, to: sum, count, &budget, depth: 0) }
            return .float(count == 0 ? 0 : sum / Double(count))
        }),
        Builtin("median", check: { (types) throws(Fault) in try checkAggregate(types, "median") }, apply: median),
        bits("bitand") { (x, y) throws(Fault) in x & y },
        bits("bitor") { (x, y) throws(Fault) in x | y },
        bits("bitxor") { (x, y) throws(Fault) in x ^ y },
        bits("bitnand") { (x, y) throws(Fault) in x & ~y },
        bits("bitshl") { (x, y) throws(Fault) in x << (try shift(y)) },
        bits("bitshr") { (x, y) throws(Fault) in x >> (try shift(y)) },
        bits("bitushr") { (x, y) throws(Fault) in Int64(bitPattern: UInt64(bitPattern: x) >> UInt64(try shift(y))) },
        Builtin("bitnot", [.int], gives: .int) { (arguments, _) throws(Fault) in .int(~(try bitOperand(arguments[0], "bitnot"))) },
    ]

    // MARK: Length and kind

    private static func checkLength(_ types: [ExpressionType]) throws(Fault) -> ExpressionType {
        switch types[0] {
        case .unknown, .any, .string, .namedString, .list, .bytes, .map, .groups, .pairs: return .int
        default: throw Fault("invalid argument for len (type \(argumentName(types[0])))")
        }
    }

    /// Elements, or code points of a string.
    static func length(of value: ExpressionValue, _ budget: inout Budget) throws(Fault) -> ExpressionValue {
        switch value {
        case .string(let text), .namedString(_, let text):
            try budget.pass(over: text.utf8.count)
            return .int(Int64(text.unicodeScalars.count))
        case .rawString(let bytes):
            try budget.pass(over: bytes.count)
            return .int(Int64(ByteText.characters(of: bytes).count))
        case .map(let map): return .int(Int64(map.count))
        case let value:
            guard let count = value.listCount else { throw Fault("invalid argument for len (type \(value.typeName))") }
            return .int(Int64(count))
        }
    }

    private static func typeWord(_ value: ExpressionValue) -> String {
        switch value {
        case .null: "nil"
        case .bool: "bool"
        case .int, .int64: "int"
        case .uint64, .uint8: "uint"
        case .float: "float"
        case .string, .rawString: "string"
        case .namedString(let type, _): type
        case .bytes, .array, .floats, .ints, .strings, .typedArray: "array"
        case .map(let map): if case .text(let name?) = map.kind { name } else { "map" }
        case .record(let record): record.type.name
        case .namedInt(let type, _): type
        case .zone: "time.Location"
        case .time: "time.Time"
        case .duration: "time.Duration"
        }
    }

    // MARK: Conversions and rounding

    private static func checkNumber(_ type: ExpressionType, _ name: String) throws(Fault) -> ExpressionType {
        guard type.isNumber || type.isUnknown else { throw Fault("invalid argument for \(name) (type \(argumentName(type)))") }
        return type.isUnknown ? .any : type
    }

    private static func absolute(_ arguments: [ExpressionValue], _ budget: inout Budget) throws(Fault) -> ExpressionValue {
        switch arguments[0] {
        case .float(let value): .float(value < 0 ? -value : value)
        case .int(let value): .int(value < 0 ? 0 &- value : value)
        case .int64(let value): .int64(value < 0 ? 0 &- value : value)
        case .uint64, .uint8: arguments[0]
        default: throw Fault("invalid argument for abs (type \(arguments[0].typeName))")
        }
    }

    private static func rounding(_ name: String, _ rule: FloatingPointRoundingRule) -> Builtin {
        Builtin(name, count: 1, check: { (types) throws(Fault) in
            _ = try checkNumber(types[0], name)
            return .float
        }, { (arguments, _) throws(Fault) in
            guard let value = arguments[0].double else { throw Fault("invalid argument for \(name) (type \(arguments[0].typeName))") }
            return .float(value.rounded(rule))
        })
    }

    private static func checkConvertible(_ type: ExpressionType, _ name: String, _ result: ExpressionType) throws(Fault) -> ExpressionType {
        guard type.isNumber || type.isUnknown || type == .string || name == "int" && (type == TimeMethod.month || type == TimeMethod.weekday) else { throw Fault("invalid argument for \(name) (type \(argumentName(type)))") }
        return result
    }

    private static func toInteger(_ arguments: [ExpressionValue], _ budget: inout Budget) throws(Fault) -> ExpressionValue {
        if case .string(let text) = arguments[0] {
            guard case .value(let value) = NumberText.integer(text) else { throw Fault("invalid operation: int(\(text))") }
            return .int(value)
        }
        return .int(try arguments[0].truncated())
    }

    private static func toFloat(_ arguments: [ExpressionValue], _ budget: inout Budget) throws(Fault) -> ExpressionValue {
        if case .string(let text) = arguments[0] {
            guard case .value(let value) = NumberText.float(text) else { throw Fault("invalid operation: float(\(text))") }
            return .float(value)
        }
        guard let value = arguments[0].double else { throw Fault("invalid operation: float(\(arguments[0].typeName))") }
        return .float(value)
    }

    // MARK: Aggregates

    private static func checkAggregate(_ types: [ExpressionType], _ name: String) throws(Fault) -> ExpressionType {
        guard let first = types.first else { throw Fault("not enough arguments to call \(name)") }
        for type in types {
            if type.isUnknown || type.isList { return .any }
            if !type.isNumber { throw Fault("invalid argument for \(name) (type \(argumentName(type)))") }
        }
        return first
    }

    /// The first value stays until one is strictly `worse`-ordered behind it, so a leading NaN stays and a later one is ignored.
    private static func extreme(
        _ name: String, _ worse: BinaryOperator, _ arguments: [ExpressionValue], _ budget: inout Budget
    ) throws(Fault) -> ExpressionValue {
        if arguments.count == 1, !arguments[0].isNumber, arguments[0].listCount == nil { return arguments[0] }
        var best: ExpressionValue?
        for argument in arguments { try extreme(name, worse, argument, &best, &budget, depth: 0) }
        return best ?? .null
    }

    /// - Parameter best: the best value so far. A typed list competes with its own best value, the elements of a dynamic
    ///   list compete one by one; only with NaN is there a difference.
    private static func extreme(
        _ name: String, _ worse: BinaryOperator, _ value: ExpressionValue, _ best: inout ExpressionValue?, _ budget: inout Budget, depth: Int
    ) throws(Fault) {
        try budget.step()
        if depth > maximumValueDepth { throw Fault("recursion depth exceeded") }
        guard let count = value.listCount else {
            guard value.isNumber else { throw Fault("invalid argument for \(name) (type \(value.typeName))") }
            if let current = best, !(try Comparison.ordered(current, worse, value, &budget)) { return }
            best = value
            return
        }
        var inner: ExpressionValue?
        for index in 0..<count {
            let element = value.listElement(index)
            if value.isDynamicList, element.listCount == nil {
                try extreme(name, worse, element, &best, &budget, depth: depth + 1)
            } else if value.isDynamicList {
                inner = nil
                try extreme(name, worse, element, &inner, &budget, depth: depth + 1)
                if let inner { try extreme(name, worse, inner, &best, &budget, depth: depth + 1) }
            } else {
                try extreme(name, worse, element, &inner, &budget, depth: depth + 1)
            }
        }
        if !value.isDynamicList, let inner { try extreme(name, worse, inner, &best, &budget, depth: depth + 1) }
    }

    private static func added(
        _ value: ExpressionValue, to sum: Double, _ count: Int, _ budget: inout Budget, depth: Int
    ) throws(Fault) -> (Double, Int) {
        var (total, counted) = (sum, count)
        for number in try numbers(in: value, "mean", &budget, depth: depth) { (total, counted) = (total + number, counted + 1) }
        return (total, counted)
    }

    private static func numbers(in value: ExpressionValue, _ name: String, _ budget: inout Budget, depth: Int) throws(Fault) -> [Double] {
        try budget.step()
        if case .floats(let values) = value {
            try budget.pass(over: values.count)
            return values
        }
        guard let count = value.listCount else {
            guard let number = value.double else { throw Fault("invalid argument for \(name) (type \(value.typeName))") }
            return [number]
        }
        if depth > maximumValueDepth { throw Fault("recursion depth exceeded") }
        var found: [Double] = []
        for index in 0..<count {
            let inner = try numbers(in: value.listElement(index), name, &budget, depth: depth + 1)
            try budget.pass(over: inner.count)
            found += inner
        }
        return found
    }

    private static func median(_ arguments: [ExpressionValue], _ budget: inout Budget) throws(Fault) -> ExpressionValue {
        var values: [Double] = []
        for argument in arguments { values += try numbers(in: argument, "median", &budget, depth: 0) }
        if values.isEmpty { return .float(0) }
        // NaN is below everything.
        values.sort { $0 < $1 || $0.isNaN && !$1.isNaN }
        let middle = values.count / 2
        return .float(values.count % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2)
    }

    // MARK: Bits

    private static func bits(_ name: String, _ function: @escaping @Sendable (Int64, Int64) throws(Fault) -> Int64) -> Builtin {
        Builtin(name, [.int, .int], gives: .int) { (arguments, _) throws(Fault) in
            let (x, y) = (try bitOperand(arguments[0], name), try bitOperand(arguments[1], name))
            return .int(try function(x, y))
        }
    }

    private static func bitOperand(_ value: ExpressionValue, _ name: String) throws(Fault) -> Int64 {
        guard let number = value.wrappedInteger else { throw Fault("cannot use \(value.typeName) as argument (type int) to call \(name)") }
        return number
    }

    /// Swift's shifts already give 0 (or the sign) for 64 and more.
    private static func shift(_ count: Int64) throws(Fault) -> Int64 {
        if count < 0 { throw Fault("invalid operation: negative shift count \(count) (type int)") }
        return count
    }
}
