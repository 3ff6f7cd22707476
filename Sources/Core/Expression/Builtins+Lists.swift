extension Builtin {
    static let lists: [Builtin] = [
        Builtin("first", count: 1, check: { (types) throws(Fault) in try checkEnd(types[0], "first") }) { (arguments, _) throws(Fault) in
            try end(of: arguments[0], 0)
        },
        Builtin("last", count: 1, check: { (types) throws(Fault) in try checkEnd(types[0], "last") }) { (arguments, _) throws(Fault) in
            try end(of: arguments[0], -1)
        },
        Builtin("get", count: 2, check: checkGet) { (arguments, _) throws(Fault) in try Access.get(arguments[1], from: arguments[0]) },
        Builtin("keys", count: 1, check: { (types) throws(Fault) in try checkMap(types[0], "get keys from") }) { (arguments, _) throws(Fault) in
            .array(try entries(arguments[0], "get keys from").map(\.key.value))
        },
        Builtin("values", count: 1, check: { (types) throws(Fault) in try checkMap(types[0], "get values from") }) { (arguments, _) throws(Fault) in
            .array(try entries(arguments[0], "get values from").map(\.value))
        },
        Builtin("toPairs", count: 1, check: { (types) throws(Fault) in try checkMap(types[0], "transform to pairs") }) { (arguments, _) throws(Fault) in
            .array(try entries(arguments[0], "transform to pairs").map { .array([$0.key.value, $0.value]) })
        },
        Builtin("fromPairs", count: 1, check: { (types) throws(Fault) in
            _ = try checkLists(types, "transform from pairs")
            return .pairs
        }, fromPairs),
        Builtin("take", count: 2, check: checkTake, take),
        Builtin("reverse", count: 1, check: { (types) throws(Fault) in try checkLists(types, "reverse") }) { (arguments, budget) throws(Fault) in
            let elements = try arguments.list(0, "reverse")
            try budget.grow(by: elements.count)
            return .array(elements.reversed())
        },
        Builtin("uniq", count: 1, check: { (types) throws(Fault) in try checkLists(types, "uniq") }, unique),
        Builtin("concat", check: { (types) throws(Fault) in
            if types.isEmpty { throw Fault("invalid number of arguments (expected at least 1, got 0)") }
            return try checkLists(types, "concat")
        }, apply: { (arguments, budget) throws(Fault) in
            var joined: [ExpressionValue] = []
            for index in arguments.indices {
                let elements = try arguments.list(index, "concat")
                try budget.grow(by: elements.count)
                joined += elements
            }
            return .array(joined)
        }),
        Builtin("flatten", count: 1, check: { (types) throws(Fault) in try checkLists(types, "flatten") }) { (arguments, budget) throws(Fault) in
            var flat: [ExpressionValue] = []
            try flatten(try arguments.list(0, "flatten"), into: &flat, &budget, depth: 0)
            return .array(flat)
        },
        Builtin("sort", [.list, .string], optional: 1, gives: .dynamicList) { (arguments, budget) throws(Fault) in
            let elements = try arguments.list(0, "sort")
            let named: ExpressionValue? = arguments.count > 1 ? arguments[1] : nil
            var shown = "<nil>"
            if case .string(let text)? = named { shown = text }
            let order = try SortOrder(named, "invalid order \(shown), expected asc or desc")
            try budget.grow(by: elements.count)
            return .array(try Sorting.order(elements, order, &budget).map { elements[$0] })
        },
    ]

    // MARK: Checks

    private static func checkEnd(_ type: ExpressionType, _ name: String) throws(Fault) -> ExpressionType {
        guard type.isUnknown || type.isList else { throw Fault("cannot get \(name) element from \(argumentName(type))") }
        return type.declaredElement
    }

    private static func checkMap(_ type: ExpressionType, _ verb: String) throws(Fault) -> ExpressionType {
        guard type.isUnknown || type.isMap else { throw Fault("cannot \(verb) \(argumentName(type))") }
        return .dynamicList
    }

    private static func checkLists(_ types: [ExpressionType], _ verb: String) throws(Fault) -> ExpressionType {
        for type in types where !type.isUnknown && !type.isList { throw Fault("cannot \(verb) \(argumentName(type))") }
        return .dynamicList
    }

    private static func checkTake(_ types: [ExpressionType]) throws(Fault) -> ExpressionType {
        _ = try checkLists([types[0]], "take from")
        guard types[1].isUnknown || types[1] == .int || types[1] == .int64 else { throw Fault("cannot take \(argumentName(types[1])) elements") }
        return types[0].isUnknown ? .any : types[0].declared
    }

    private static func checkGet(_ types: [ExpressionType]) throws(Fault) -> ExpressionType {
        let (base, key) = (types[0], types[1])
        if base.isUnknown { return .unknown }
        if base.isList {
            guard key.isInteger || key.isUnknown else { throw Fault("non-integer slice index \(key.name)") }
            return base.element
        }
        if base.isMap {
            guard key.isAssignable(to: base.key) || key.isUnknown else { throw Fault("cannot use \(key.name) to get an element from \(base.name)") }
            return base.element
        }
        throw Fault("type \(base.name) does not support indexing")
    }

    // MARK: Functions

    /// The first or last element; nil where there is none, or no list.
    private static func end(of value: ExpressionValue, _ index: Int64) throws(Fault) -> ExpressionValue {
        switch value {
        case .map, .record: .null
        default: try Access.get(.int(index), from: value)
        }
    }

    private static func entries(_ value: ExpressionValue, _ verb: String) throws(Fault) -> [(key: MapKey, value: ExpressionValue)] {
        guard case .map(let map) = value else { throw Fault("cannot \(verb) \(value.typeName)") }
        return map.sorted
    }

    private static func fromPairs(_ arguments: [ExpressionValue], _ budget: inout Budget) throws(Fault) -> ExpressionValue {
        let pairs = try arguments.list(0, "transform from pairs")
        try budget.grow(by: pairs.count)
        var map = ExpressionMap(kind: .pairs, entries: [:])
        for pair in pairs {
            guard pair.listCount == 2 else { throw Fault("invalid pair of type \(pair.typeName)") }
            guard let key = MapKey(pair.listElement(0)) else { throw Fault("cannot use \(pair.listElement(0).typeName) as map key") }
            map.entries[key] = pair.listElement(1)
        }
        return .map(map)
    }

    private static func take(_ arguments: [ExpressionValue], _ budget: inout Budget) throws(Fault) -> ExpressionValue {
        guard let count = arguments[0].listCount else { throw Fault("cannot take from \(arguments[0].typeName)") }
        let wanted: Int64
        switch arguments[1] {
        case .int(let number), .int64(let number): wanted = number
        default: throw Fault("cannot take \(arguments[1].typeName) elements")
        }
        if wanted < 0 { throw Fault("cannot take \(wanted) elements") }
        return try Access.slice(arguments[0], from: nil, to: .int(min(wanted, Int64(count))), &budget)
    }

    private static func unique(_ arguments: [ExpressionValue], _ budget: inout Budget) throws(Fault) -> ExpressionValue {
        var kept: [ExpressionValue] = []
        next: for element in try arguments.list(0, "uniq") {
            for other in kept {
                try budget.step()
                if try Comparison.equal(element, other, &budget) { continue next }
            }
            kept.append(element)
        }
        return .array(kept)
    }

    private static func flatten(
        _ elements: [ExpressionValue], into flat: inout [ExpressionValue], _ budget: inout Budget, depth: Int
    ) throws(Fault) {
        if depth > maximumValueDepth { throw Fault("recursion depth exceeded") }
        for element in elements {
            try budget.step()
            if let inner = element.listElements {
                try flatten(inner, into: &flat, &budget, depth: depth + 1)
            } else {
                try budget.grow(by: 1)
                flat.append(element)
            }
        }
    }
}
