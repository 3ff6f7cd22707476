import Clockwork

/// An expression that has been parsed, checked and simplified. Compile once, evaluate often; it holds no state.
public struct CompiledExpression: Sendable {
    public let source: String
    /// The static type of the value, as far as it is known: `.bool` for most conditions, `.unknown` for a field of JSON.
    public let resultType: ExpressionType
    private let syntax: Syntax
    private let root: NodeID
    private let names: [String]
    private let limits: ExpressionLimits

    /// - Throws: the first problem of the text; `isCompileError` is true for all of them.
    public init(
        compiling source: String, environment: ExpressionEnvironment, limits: ExpressionLimits = .standard
    ) throws(ExpressionError) {
        let parsed = try Parser.parse(source, limits: limits)
        let checked = try Checker.check(parsed.syntax, root: parsed.root, environment, source: source)
        var folded = try Folding.fold(checked.syntax, root: parsed.root, source: source)
        try folded.syntax.compilePatterns(source: source)
        (syntax, root) = folded
        self.source = source
        self.limits = limits
        resultType = checked.type
        names = environment.variables.map(\.name)
    }

    /// The value for these variables; one that the environment has and the dictionary lacks is nil.
    /// - Parameter now: what `now()` says; without it a call of it is an error.
    public func evaluate(_ variables: [String: ExpressionValue], now: Timestamp? = nil) throws(ExpressionError) -> ExpressionValue {
        let values = names.map { variables[$0] ?? .null }
        return try run(values.first ?? .null, values.dropFirst(), result: variables[ExpressionEnvironment.resultName] ?? .null, now: now)
    }

    /// The value for this `result`, which must be the only variable of the environment.
    /// - Parameter now: what `now()` says; without it a call of it is an error.
    public func evaluate(result: ExpressionValue, now: Timestamp? = nil) throws(ExpressionError) -> ExpressionValue {
        try run(result, [], result: result, now: now)
    }

    /// The answer for this `result`. There is no truthiness: any value but a boolean is an error.
    /// - Parameter now: what `now()` says; without it a call of it is an error.
    public func evaluateBoolean(result: ExpressionValue, now: Timestamp? = nil) throws(ExpressionError) -> Bool {
        let value = try evaluate(result: result, now: now)
        guard case .bool(let answer) = value else {
            throw ExpressionError(.notBoolean, "expected bool, but got \(value.typeName)")
        }
        return answer
    }

    /// How many syntax nodes it keeps.
    var nodeCount: Int { syntax.nodes.count }

    /// - Parameters:
    ///   - first: the value of the first variable: mostly the only one, which then needs no list.
    ///   - others: those of the others.
    private func run(
        _ first: ExpressionValue, _ others: ArraySlice<ExpressionValue>, result: ExpressionValue, now: Timestamp?
    ) throws(ExpressionError) -> ExpressionValue {
        var evaluator = Evaluator(syntax, first: first, others: others, result: result, limits: limits, now: now?.nanosecondsSince1970)
        do {
            return try evaluator.evaluate(root)
        } catch let fault {
            throw ExpressionError(.runtime, fault.message, at: Int(syntax.offsets[evaluator.place]), in: source)
        }
    }
}
