/// The syntax tree: all nodes in one array, operands before operators. Trees thousands of levels deep are then made,
/// checked, folded and freed without recursion.
struct Syntax: Sendable {
    private(set) var nodes: [Node] = []
    /// Where each node stands in the text.
    private(set) var offsets: [Int32] = []
    /// Levels below each node.
    private(set) var heights: [Int32] = []
    /// Stack that evaluating each node takes: as the height, but a long run of left operands counts once.
    private(set) var depths: [Int32] = []
    /// Variables declared with `let`.
    var localCount = 0

    mutating func add(_ node: Node, at offset: Int) -> NodeID {
        var height: Int32 = 0
        var depth: Int32 = 0
        for operand in node.operands {
            height = max(height, heights[operand] + 1)
            let spine = operand == node.leftOperand && nodes[operand].leftOperand != nil
            depth = max(depth, depths[operand] + (spine ? 0 : 1))
        }
        nodes.append(node)
        offsets.append(Int32(offset))
        heights.append(height)
        depths.append(depth)
        return nodes.count - 1
    }

    mutating func replace(_ id: NodeID, with node: Node) { nodes[id] = node }

    /// Patterns of `matches` that are known before the run, by its node.
    private(set) var patterns: [NodeID: RegexPattern] = [:]

    /// Compiles the patterns that stand in the text, or that folding has put together.
    mutating func compilePatterns(source: String) throws(ExpressionError) {
        for id in nodes.indices {
            guard case .binary(.matches, _, var right) = nodes[id] else { continue }
            if case .alias(let target) = nodes[right] { right = target }
            guard case .string(let pattern) = nodes[right] else { continue }
            do throws(RegexProblem) {
                patterns[id] = try RegexPattern(pattern)
            } catch {
                throw ExpressionError(error.isUnsupported ? .unsupported : .type, error.message, at: Int(offsets[right]), in: source)
            }
        }
    }
}

typealias NodeID = Int

enum Node: Sendable {
    case null
    case bool(Bool)
    case int(Int64)
    case float(Double)
    case string(String)
    /// Any other value known before the run.
    case constant(ExpressionValue)
    /// A name that the parser does not know.
    case name(String)
    /// A name that is called.
    case functionName(String)
    /// `$env`.
    case environment
    /// A variable of the environment; made by the checker.
    case variable(slot: Int)
    /// A `let` variable.
    case local(slot: Int, value: NodeID)
    /// `#`, `#index`, `#acc` in the predicate of a function over a collection.
    case pointer(name: String, collection: NodeID, function: PredicateFunction)
    case unary(UnaryOperator, NodeID)
    case binary(BinaryOperator, NodeID, NodeID)
    /// The end of a chain of `?.`: where a nil on the left takes effect.
    case chain(NodeID)
    case member(NodeID, NodeID, optional: Bool)
    case slice(NodeID, from: NodeID?, to: NodeID?)
    case call(NodeID, [NodeID])
    /// A call of an environment's function; made by the checker.
    case helper(EnvironmentFunction, [NodeID])
    case builtin(String, [NodeID])
    /// `len`, which so many conditions begin with that it has a way of its own; made by the checker.
    case length(NodeID)
    case predicateCall(PredicateFunction, collection: NodeID, predicate: NodeID?, extra: NodeID?)
    /// The place of a `let`, before its value. Not evaluated.
    case declaration(String, redeclares: Bool)
    case assignment(slot: Int, value: NodeID, body: NodeID)
    case sequence([NodeID])
    case conditional(NodeID, NodeID, NodeID)
    case list([NodeID])
    case map([MapEntry])
    /// Stands for another node; made by folding.
    case alias(NodeID)

    struct MapEntry: Sendable {
        var key: NodeID
        var value: NodeID
    }

    var operands: [NodeID] {
        switch self {
        case .null, .bool, .int, .float, .string, .constant, .name, .functionName, .environment, .variable, .local, .pointer, .declaration: []
        case .unary(_, let operand), .chain(let operand), .alias(let operand), .length(let operand): [operand]
        case .binary(_, let left, let right): [left, right]
        case .member(let base, let key, _): [base, key]
        case .slice(let base, let from, let to): [base] + [from, to].compactMap { $0 }
        case .call(let callee, let arguments): [callee] + arguments
        case .helper(_, let arguments), .builtin(_, let arguments): arguments
        case .predicateCall(_, let collection, let predicate, let extra): [collection] + [predicate, extra].compactMap { $0 }
        case .assignment(_, let value, let body): [value, body]
        case .sequence(let parts), .list(let parts): parts
        case .conditional(let condition, let first, let second): [condition, first, second]
        case .map(let entries): entries.flatMap { [$0.key, $0.value] }
        }
    }

    /// The operand that a run of such nodes goes on with, however long the run is: `1 + 1 + 1 …`, `a.b.c …`, `!!!x`.
    var leftOperand: NodeID? {
        switch self {
        case .binary(_, let left, _), .member(let left, _, _), .unary(_, let left): left
        default: nil
        }
    }
}

enum UnaryOperator: String, Sendable {
    case not, bang = "!", minus = "-", plus = "+"

    /// What the operand's own operators must at least bind.
    var level: Int { self == .not || self == .bang ? 50 : 90 }
}

enum BinaryOperator: String, Sendable {
    case or, doubleBar = "||", and, doubleAmpersand = "&&"
    case equal = "==", notEqual = "!=", less = "<", greater = ">", lessOrEqual = "<=", greaterOrEqual = ">="
    case `in`, matches, contains, startsWith, endsWith
    case range = "..", add = "+", subtract = "-", multiply = "*", divide = "/", remainder = "%"
    case doubleStar = "**", caret = "^", coalesce = "??"

    var level: Int {
        switch self {
        case .or, .doubleBar: 10
        case .and, .doubleAmpersand: 15
        case .equal, .notEqual, .less, .greater, .lessOrEqual, .greaterOrEqual: 20
        case .in, .matches, .contains, .startsWith, .endsWith: 20
        case .range: 25
        case .add, .subtract: 30
        case .multiply, .divide, .remainder: 60
        case .doubleStar, .caret: 100
        case .coalesce: 500
        }
    }

    var isRightAssociative: Bool { self == .doubleStar || self == .caret }
    var isOrder: Bool { self == .less || self == .greater || self == .lessOrEqual || self == .greaterOrEqual }
    var isDisjunction: Bool { self == .or || self == .doubleBar }
    var isConjunction: Bool { self == .and || self == .doubleAmpersand }
    /// May stand after `not`.
    var isNegatable: Bool { self == .in || self == .matches || self == .contains || self == .startsWith || self == .endsWith }
}

/// Functions that take a predicate: an expression about each element.
enum PredicateFunction: String, Sendable {
    case all, none, any, one, filter, map, count, sum, find, findIndex, findLast, findLastIndex, groupBy, sortBy, reduce

    enum Parameter { case expression, predicate, optionalExpression, optionalPredicate }

    var parameters: [Parameter] {
        switch self {
        case .count, .sum: [.expression, .optionalPredicate]
        case .sortBy, .reduce: [.expression, .predicate, .optionalExpression]
        default: [.expression, .predicate]
        }
    }

    /// Whether the predicate must say yes or no.
    var wantsBoolean: Bool {
        switch self {
        case .all, .none, .any, .one, .filter, .count, .find, .findIndex, .findLast, .findLastIndex: true
        case .map, .sum, .groupBy, .sortBy, .reduce: false
        }
    }
}
