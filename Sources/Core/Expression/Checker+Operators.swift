extension Checker {
    /// The type of a binary operation, by the table of the specification.
    mutating func binary(_ binary: BinaryOperator, _ left: NodeID, _ right: NodeID, at id: NodeID) throws(Problem) -> ExpressionType {
        let (l, r) = (types[left], types[right])
        switch binary {
        case .equal, .notEqual:
            if l.isComparable(to: r) { return .bool }
        case .or, .doubleBar, .and, .doubleAmpersand:
            if fits(l, r, \.isBool) { return .bool }
        case .less, .greater, .lessOrEqual, .greaterOrEqual:
            if fits(l, r, \.isNumber) || fits(l, r, \.isText) || fits(l, r, \.isTime) || fits(l, r, \.isDuration) { return .bool }
        case .add:
            if l.isNumber && r.isNumber { return sum(l, r) }
            if l.isText && r.isText { return .string }
            if l == .time && r == .duration || l == .duration && r == .time { return .time }
            if l == .duration && r == .duration { return .duration }
            if oneUnknown(l, r, { $0.isNumber || $0.isText || $0.isTime || $0.isDuration }) { return .unknown }
        case .subtract:
            if l.isNumber && r.isNumber { return sum(l, r) }
            if l == .time && r == .time || l == .duration && r == .duration { return .duration }
            if l == .time && r == .duration { return .time }
            if oneUnknown(l, r, { $0.isNumber || $0.isTime || $0.isDuration }) { return .unknown }
        case .multiply:
            if l.isNumber && r.isNumber { return sum(l, r) }
            if (l.isNumber || l == .duration) && (r.isNumber || r == .duration) { return .duration }
            if oneUnknown(l, r, { $0.isNumber || $0.isDuration }) { return .unknown }
        case .divide, .doubleStar, .caret:
            if fits(l, r, \.isNumber) { return .float }
        case .remainder:
            if fits(l, r, \.isInteger) { return .int }
        case .range:
            if fits(l, r, \.isInteger) { return .list(of: .int, typed: false) }
        case .in:
            if environmentMembership(left, right, at: id) { return .bool }
            if try membership(l, r) { return .bool }
        case .matches:
            if case .string(let pattern) = syntax.nodes[right] { try compile(pattern, at: right) }
            if fits(l, r, \.isText) || l == .bytes && (r.isText || r.isUnknown) { return .bool }
        case .contains, .startsWith, .endsWith:
            if fits(l, r, \.isText) { return .bool }
        case .coalesce:
            if l == .null { return r }
            if r == .null { return l }
            return r.isAssignable(to: l) ? l : .unknown
        }
        throw Problem("invalid operation: \(binary.rawValue) (mismatched types \(l.name) and \(r.name))")
    }

    /// A pattern that can be read now is, so that a mistake in it is told before anything runs.
    private func compile(_ pattern: String, at id: NodeID) throws(Problem) {
        do throws(RegexProblem) { _ = try RegexPattern(pattern) } catch { throw Problem(error.message, at: id, kind: error.isUnsupported ? .unsupported : .type) }
    }

    private func membership(_ left: ExpressionType, _ right: ExpressionType) throws(Problem) -> Bool {
        if right.isUnknown { return true }
        if case .record = right, left == .string || left.isUnknown { return true }
        if right.isMap {
            if left.isUnknown || left.isAssignable(to: right.key) { return true }
            throw Problem("cannot use \(left.name) as type \(right.key.name) in map key")
        }
        if right.isList {
            if left.isComparable(to: right.element) { return true }
            throw Problem("cannot use \(left.name) as type \(right.element.name) in array")
        }
        return left.isUnknown && right == .string
    }

    private func sum(_ left: ExpressionType, _ right: ExpressionType) -> ExpressionType {
        left == .float || right == .float ? .float : .int
    }

    /// Both are of this sort, or one is and the other, or both, are unknown.
    private func fits(_ left: ExpressionType, _ right: ExpressionType, _ isSort: (ExpressionType) -> Bool) -> Bool {
        isSort(left) && isSort(right) || oneUnknown(left, right, isSort)
    }

    private func oneUnknown(_ left: ExpressionType, _ right: ExpressionType, _ isSort: (ExpressionType) -> Bool) -> Bool {
        left.isUnknown && right.isUnknown || left.isUnknown && isSort(right) || right.isUnknown && isSort(left)
    }
}

extension ExpressionType {
    fileprivate var isBool: Bool { self == .bool }
    fileprivate var isTime: Bool { self == .time }
    fileprivate var isDuration: Bool { self == .duration }

    /// Also strings of a named type: the reference lets them through here and refuses them when it runs.
    fileprivate var isText: Bool {
        switch self {
        case .string, .namedString: true
        default: false
        }
    }
}
