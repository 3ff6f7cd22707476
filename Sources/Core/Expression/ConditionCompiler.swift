/// Compiles conditions, and may remember what it has compiled: a run asks for the same ones at each of its measurements.
public protocol ConditionCompiler: Sendable {
    /// The condition for results of this type, as `CompiledExpression` makes it.
    func compiled(_ text: String, for type: ExpressionType) throws(ExpressionError) -> CompiledExpression
}

/// Compiles anew each time: for conditions that nothing may remember, since a secret stands in them.
public struct ForgetfulCompiler: ConditionCompiler {
    /// It has nothing to remember.
    public init() {}

    public func compiled(_ text: String, for type: ExpressionType) throws(ExpressionError) -> CompiledExpression {
        try CompiledExpression(compiling: text, environment: .condition(result: type))
    }
}

/// What conditions have become, or why they do not compile: each for one type of result.
///
/// It holds what was asked for last, within a bound: two halves, of which the older one is dropped when the newer one is full.
public struct ConditionMemory: Sendable {
    /// What compiling a condition gives.
    public typealias Outcome = Result<CompiledExpression, ExpressionError>

    private var recent: [Key: Outcome] = [:]
    private var older: [Key: Outcome] = [:]
    private var recentNodes = 0
    private let capacity: Int

    /// - Parameter capacity: syntax nodes in all that are kept; 32 768 are about 6 MB, and 2 000 usual conditions.
    public init(capacity: Int = 32_768) { self.capacity = capacity }

    /// What was remembered; nil: nothing.
    public mutating func outcome(of text: String, for type: ExpressionType) -> Outcome? {
        let key = Key(text: ExactText(text), type: type)
        if let found = recent[key] { return found }
        guard let found = older.removeValue(forKey: key) else { return nil }
        keep(found, key)
        return found
    }

    /// Remembers what came of compiling. A condition that would take much of the room is not kept.
    public mutating func remember(_ outcome: Outcome, of text: String, for type: ExpressionType) {
        guard Self.weight(of: outcome) <= capacity / 8 else { return }
        keep(outcome, Key(text: ExactText(text), type: type))
    }

    /// How many conditions are held.
    public var count: Int { recent.count + older.count }

    private mutating func keep(_ outcome: Outcome, _ key: Key) {
        let weight = Self.weight(of: outcome)
        if recentNodes + weight > capacity / 2 {
            (older, recent, recentNodes) = (recent, [:], 0)
        }
        if recent.updateValue(outcome, forKey: key) == nil { recentNodes += weight }
        older[key] = nil
    }

    /// In nodes; an error is little more than its text.
    private static func weight(of outcome: Outcome) -> Int {
        switch outcome {
        case .success(let compiled): 8 + compiled.nodeCount
        case .failure(let error): 8 + (error.message.utf8.count + error.snippet.utf8.count) / 128
        }
    }

    private struct Key: Hashable {
        var text: ExactText
        var type: ExpressionType
    }
}
