/// Equality and order of values.
enum Comparison {
    /// `==`: numbers by value, lists element by element, everything else by deep identity. Values of different kinds
    /// are unequal, never an error.
    static func equal(_ left: ExpressionValue, _ right: ExpressionValue, _ budget: inout Budget, depth: Int = 0) throws(Fault) -> Bool {
        switch (left, right) {
        case (.float(let x), .float(let y)): return x == y
        case (.int(let x), .int(let y)): return x == y
        case (.string(let x), .string(let y)):
            try budget.pass(over: min(x.utf8.count, y.utf8.count))
            return sameBytes(x, y)
        case (.bool(let x), .bool(let y)): return x == y
        case (.null, .null): return true
        default: break
        }
        if let x = left.wrappedInteger, let y = right.wrappedInteger { return x == y }
        if let x = left.double, let y = right.double { return x == y }
        guard let count = left.listCount, let otherCount = right.listCount else { return try identical(left, right, &budget, depth: depth) }
        if case .typedArray(let element, _) = left {
            guard case .typedArray(element, _) = right else { return false }
            return try identical(left, right, &budget, depth: depth)
        }
        if case .typedArray = right { return false }
        guard left.isDynamicList || right.isDynamicList || left.type == right.type, count == otherCount else { return false }
        if depth > maximumValueDepth { throw Fault("recursion depth exceeded") }
        for index in 0..<count {
            try budget.step()
            guard try equal(left.listElement(index), right.listElement(index), &budget, depth: depth + 1) else { return false }
        }
        return true
    }

    /// The same kind, the same type and the same contents: what maps and records are compared by.
    private static func identical(_ left: ExpressionValue, _ right: ExpressionValue, _ budget: inout Budget, depth: Int) throws(Fault) -> Bool {
        if depth > maximumValueDepth { throw Fault("recursion depth exceeded") }
        try budget.step()
        switch (left, right) {
        case (.null, .null): return true
        case (.bool(let x), .bool(let y)): return x == y
        case (.int(let x), .int(let y)), (.int64(let x), .int64(let y)): return x == y
        case (.uint64(let x), .uint64(let y)): return x == y
        case (.uint8(let x), .uint8(let y)): return x == y
        case (.float(let x), .float(let y)): return x == y
        case (.string(let x), .string(let y)): return sameBytes(x, y)
        case (.rawString(let x), .rawString(let y)), (.bytes(let x), .bytes(let y)): return x == y
        case (.namedString(let type, let x), .namedString(let otherType, let y)): return type == otherType && sameBytes(x, y)
        case (.time(let x), .time(let y)): return x.isSameInstant(y)
        case (.duration(let x), .duration(let y)): return x == y
        case (.zone(let x), .zone(let y)): return x == y
        case (.namedInt(let type, let x), .namedInt(let otherType, let y)): return sameBytes(type, otherType) && x == y
        case (.map(let x), .map(let y)):
            guard x.kind == y.kind, x.count == y.count else { return false }
            for (key, value) in x.sorted {
                guard let other = y.entries[key], try identical(value, other, &budget, depth: depth + 1) else { return false }
            }
            return true
        case (.record(let x), .record(let y)):
            guard x.type == y.type else { return false }
            for name in x.type.fields.keys.sorted() {
                guard try identical(x.values[name] ?? .null, y.values[name] ?? .null, &budget, depth: depth + 1) else { return false }
            }
            return true
        default:
            guard let count = left.listCount, count == right.listCount, left.type == right.type else { return false }
            for index in 0..<count {
                guard try identical(left.listElement(index), right.listElement(index), &budget, depth: depth + 1) else { return false }
            }
            return true
        }
    }

    /// `< > <= >=`: numbers, strings byte by byte, times, durations. NaN is neither below nor above anything.
    static func ordered(_ left: ExpressionValue, _ binary: BinaryOperator, _ right: ExpressionValue, _ budget: inout Budget) throws(Fault) -> Bool {
        if case .float(let x) = left, case .float(let y) = right { return holds(x, binary, y) }
        if let x = left.wrappedInteger, let y = right.wrappedInteger { return holds(x, binary, y) }
        if let x = left.double, let y = right.double { return holds(x, binary, y) }
        switch (left, right) {
        case (.time(let x), .time(let y)): return holds(x.precedes(y) ? -1 : y.precedes(x) ? 1 : 0, binary, 0)
        case (.duration(let x), .duration(let y)): return holds(x, binary, y)
        default: break
        }
        guard let x = left.textBytes, let y = right.textBytes else { throw Arithmetic.mismatch(left, right, binary.rawValue) }
        try budget.pass(over: x.count + y.count)
        switch binary {
        case .less: return x.lexicographicallyPrecedes(y)
        case .greater: return y.lexicographicallyPrecedes(x)
        case .lessOrEqual: return !y.lexicographicallyPrecedes(x)
        default: return !x.lexicographicallyPrecedes(y)
        }
    }

    @inline(__always)
    private static func holds<Number: Comparable>(_ left: Number, _ binary: BinaryOperator, _ right: Number) -> Bool {
        switch binary {
        case .less: left < right
        case .greater: left > right
        case .lessOrEqual: left <= right
        default: left >= right
        }
    }
}

extension ExpressionValue {
    var isDynamicList: Bool {
        if case .array = self { return true }
        return false
    }
}
