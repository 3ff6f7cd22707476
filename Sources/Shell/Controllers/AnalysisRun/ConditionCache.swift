import Expression
import Synchronization

/// What the conditions of all runs have been compiled to, within a bound: each is compiled once for each type of result.
final class ConditionCache: ConditionCompiler {
    private let memory = Mutex(ConditionMemory())

    func compiled(_ text: String, for type: ExpressionType) throws(ExpressionError) -> CompiledExpression {
        if let known = memory.withLock({ $0.outcome(of: text, for: type) }) { return try known.get() }
        // Outside of the lock: the longest conditions take milliseconds. Two that come at once do the work twice.
        let outcome = ConditionMemory.Outcome { () throws(ExpressionError) in try ForgetfulCompiler().compiled(text, for: type) }
        memory.withLock { $0.remember(outcome, of: text, for: type) }
        return try outcome.get()
    }
}
