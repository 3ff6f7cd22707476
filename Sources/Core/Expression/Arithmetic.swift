extension ExpressionValue {
    /// Integers of every kind as 64-bit signed; an unsigned value above the range wraps. Nil for anything else.
    var wrappedInteger: Int64? {
        switch self {
        case .int(let value), .int64(let value): value
        case .uint64(let value): Int64(bitPattern: value)
        case .uint8(let value): Int64(value)
        default: nil
        }
    }

    /// Any number as a float; nil for anything else.
    var double: Double? {
        switch self {
        case .float(let value): value
        case .int(let value), .int64(let value): Double(value)
        case .uint64(let value): Double(value)
        case .uint8(let value): Double(value)
        default: nil
        }
    }

    var isNumber: Bool { double != nil }

    /// A number as an integer, cut at the decimal point: for indexes and ranges.
    func truncated() throws(Fault) -> Int64 {
        if let integer = wrappedInteger { return integer }
        if case .float(let value) = self { return integer(saturating: value) }
        if case .namedInt(_, let value) = self { return value }
        throw Fault("invalid operation: int(\(typeName))")
    }
}

/// The integer part, held within 64 bits; NaN is 0. Differs: the reference's result outside the range depends on the processor.
func integer(saturating value: Double) -> Int64 {
    if value.isNaN { return 0 }
    if value >= 0x1p63 { return .max }
    if value < -0x1p63 { return .min }
    return Int64(value)
}

/// Operators on numbers, and what of them strings, times and durations share.
enum Arithmetic {
    static func add(_ left: ExpressionValue, _ right: ExpressionValue) throws(Fault) -> ExpressionValue {
        switch (left, right) {
        case (.float(let x), .float(let y)): return .float(x + y)
        case (.time(let x), .duration(let y)), (.duration(let y), .time(let x)): return .time(x.adding(y))
        case (.duration(let x), .duration(let y)): return .duration(nanoseconds: x &+ y)
        default: return try numbers(left, right, "+", { $0 &+ $1 }, { $0 + $1 })
        }
    }

    static func subtract(_ left: ExpressionValue, _ right: ExpressionValue) throws(Fault) -> ExpressionValue {
        switch (left, right) {
        case (.float(let x), .float(let y)): return .float(x - y)
        case (.time(let x), .time(let y)): return .duration(nanoseconds: x.since(y))
        case (.duration(let x), .duration(let y)): return .duration(nanoseconds: x &- y)
        case (.time(let x), .duration(let y)): return .time(x.adding(0 &- y))
        default: return try numbers(left, right, "-", { $0 &- $1 }, { $0 - $1 })
        }
    }

    static func multiply(_ left: ExpressionValue, _ right: ExpressionValue) throws(Fault) -> ExpressionValue {
        switch (left, right) {
        case (.float(let x), .float(let y)): return .float(x * y)
        case (.duration(let x), .duration(let y)): return .duration(nanoseconds: x &* y)
        case (.duration(let x), _):
            if let y = right.wrappedInteger { return .duration(nanoseconds: x &* y) }
            if let y = right.double { return .duration(nanoseconds: integer(saturating: Double(x) * y)) }
        case (_, .duration(let y)):
            if let x = left.wrappedInteger { return .duration(nanoseconds: x &* y) }
            if let x = left.double { return .duration(nanoseconds: integer(saturating: x * Double(y))) }
        default: break
        }
        return try numbers(left, right, "*", { $0 &* $1 }, { $0 * $1 })
    }

    /// Always a float: division by zero gives an infinity or NaN.
    static func divide(_ left: ExpressionValue, _ right: ExpressionValue) throws(Fault) -> ExpressionValue {
        guard let x = left.double, let y = right.double else { throw mismatch(left, right, "/") }
        return .float(x / y)
    }

    static func remainder(_ left: ExpressionValue, _ right: ExpressionValue) throws(Fault) -> ExpressionValue {
        guard let x = left.wrappedInteger, let y = right.wrappedInteger else { throw mismatch(left, right, "%") }
        if y == 0 { throw Fault("runtime error: integer divide by zero") }
        return .int(y == -1 ? 0 : x % y)
    }

    static func power(_ left: ExpressionValue, _ right: ExpressionValue) throws(Fault) -> ExpressionValue {
        guard let x = left.double else { throw Fault("invalid operation: float(\(left.typeName))") }
        guard let y = right.double else { throw Fault("invalid operation: float(\(right.typeName))") }
        return .float(Power.raise(x, to: y))
    }

    static func negate(_ value: ExpressionValue) throws(Fault) -> ExpressionValue {
        switch value {
        case .int(let value): .int(0 &- value)
        case .int64(let value): .int64(0 &- value)
        case .uint64(let value): .uint64(0 &- value)
        case .uint8(let value): .uint8(0 &- value)
        case .float(let value): .float(-value)
        default: throw Fault("invalid operation: - \(value.typeName)")
        }
    }

    static func mismatch(_ left: ExpressionValue, _ right: ExpressionValue, _ name: String) -> Fault {
        Fault("invalid operation: \(left.typeName) \(name) \(right.typeName)")
    }

    private static func numbers(
        _ left: ExpressionValue, _ right: ExpressionValue, _ name: String,
        _ integers: (Int64, Int64) -> Int64, _ floats: (Double, Double) -> Double
    ) throws(Fault) -> ExpressionValue {
        if let x = left.wrappedInteger, let y = right.wrappedInteger { return .int(integers(x, y)) }
        guard let x = left.double, let y = right.double else { throw mismatch(left, right, name) }
        return .float(floats(x, y))
    }
}
