import Clockwork

/// A success or failure condition of a metric.
public struct Condition: Sendable, Equatable {
    public enum Name: String, Sendable {
        case success = "successCondition"
        case failure = "failureCondition"
    }

    public var name: Name
    /// The text after arguments have been substituted.
    public var text: String

    public init(_ name: Name, _ text: String) {
        self.name = name
        self.text = text
    }

    /// Compiles the condition for results of this type.
    public func compiled(for type: ExpressionType) throws(ExpressionError) -> CompiledExpression {
        try CompiledExpression(compiling: text, environment: .condition(result: type))
    }

    /// What is wrong with the condition for all results of this type; nil where it may have an answer.
    ///
    /// That is what does not compile, and what is certain to give something other than a boolean.
    /// Ask for `.vector`, `.float`, `.string`, `.object`, `.dynamicList`, `.unknown` to learn which shapes of data it fits.
    public func problem(for type: ExpressionType) -> ExpressionError? {
        do {
            let given = try compiled(for: type).resultType
            return given.mayBeBoolean ? nil : ExpressionError(.notBoolean, "expected bool, but got \(given.name)", at: 0, in: text)
        } catch {
            return error
        }
    }

    /// Whether the condition holds for a measured value. Static types are those of this very value.
    /// - Parameters:
    ///   - now: what `now()` says; without it a call of it is an error.
    ///   - compiler: who compiles it for the type of the value, or has done so before.
    /// - Throws: an error whose `message` is the complete text for the measurement.
    public func holds(
        for result: ExpressionValue, now: Timestamp? = nil, by compiler: some ConditionCompiler = ForgetfulCompiler()
    ) throws(ExpressionError) -> Bool {
        do {
            return try compiler.compiled(text, for: result.type).evaluateBoolean(result: result, now: now)
        } catch {
            throw wrapped(error, result)
        }
    }

    /// The error as a measurement shows it. A value that is nil, or a list without elements, is named instead of the
    /// real cause, whatever that was, even a mistake in the text.
    private func wrapped(_ error: ExpressionError, _ result: ExpressionValue) -> ExpressionError {
        var wrapped = error
        let cause = result.isNilOrEmptyList ? "metric result is nil or empty: no data returned from the metric provider" : error.message
        wrapped.message = "could not evaluate \(name.rawValue) \"\(text)\": \(cause)"
        return wrapped
    }
}
