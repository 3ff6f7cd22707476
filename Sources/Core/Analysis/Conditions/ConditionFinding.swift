import Expression
import RolloutModel
import StrictJSON

/// Something wrong with a condition, found without measuring.
public struct ConditionFinding: Sendable, Equatable {
    /// How sure it is that it will hurt.
    public enum Severity: String, Sendable, Comparable {
        /// It may turn out wrong, depending on what is measured or given.
        case warning
        /// Every measurement will end in an error.
        case error

        public static func < (left: Severity, right: Severity) -> Bool { left == .warning && right == .error }
    }

    /// Whether it is wrong in any case.
    public var severity: Severity
    /// The name of the metric.
    public var metric: String
    /// What is wrong and what would be right, in one sentence that begins with the condition.
    public var message: String
    /// The line of the condition that is to blame, with a mark below the place; empty where no place is.
    public var snippet: String
}

/// What is wrong with the conditions of a template.
///
/// Arguments count with their default values; where there is none the condition is tried with 1 in its place, and what is wrong
/// then is a warning.
public func conditionFindings(of template: AnalysisTemplate) -> [ConditionFinding] {
    var known: [String: String] = [:]
    for argument in template.arguments where argument.source == nil { known[argument.name] = argument.value }
    return template.metrics.flatMap { metric -> [ConditionFinding] in
        let stand = standIn(for: argumentNames(in: metric.raw).subtracting(known.keys))
        do throws(AnalysisProblem) {
            let isGuess = argumentNames(in: [.string(metric.successCondition), .string(metric.failureCondition)]).contains { known[$0] == nil }
            return conditionFindings(of: try resolved(metric, arguments: known.merging(stand) { own, _ in own }), isGuess: isGuess)
        } catch {
            return [ConditionFinding(severity: .error, metric: metric.name, message: error.message, snippet: "")]
        }
    }
}

/// A number is what most arguments of conditions are, and it can stand in quotes as well.
private func standIn(for names: Set<String>) -> [String: String] { Dictionary(uniqueKeysWithValues: names.map { ($0, "1") }) }

/// What is wrong with the conditions of a metric without placeholders.
///
/// - Parameter isGuess: whether arguments have been made up, so that nothing is certain.
public func conditionFindings(of metric: AnalysisMetric, isGuess: Bool = false) -> [ConditionFinding] {
    let conditions = [Condition(.success, metric.successCondition), Condition(.failure, metric.failureCondition)].filter { !$0.text.isEmpty }
    let provider = providerNames(of: metric).first
    let shapes = ResultShape.all(of: metric)
    return conditions.compactMap { condition in
        guard let provider else { return nil }
        if shapes.isEmpty {
            return ConditionFinding(
                severity: .warning, metric: metric.name, message: "\(condition.quotedName) is not looked at: the provider \(provider) decides by itself",
                snippet: "")
        }
        guard var finding = finding(condition, metric.name, provider, shapes) else { return nil }
        if isGuess, finding.severity == .error {
            finding.severity = .warning
            finding.message += " (with 1 for arguments that have no value yet)"
        }
        return finding
    }
}

private func finding(_ condition: Condition, _ metric: String, _ provider: String, _ shapes: [ResultShape]) -> ConditionFinding? {
    let wrong = shapes.compactMap { shape in condition.problem(for: shape.type).map { (shape: shape, problem: $0) } }
    guard let first = wrong.first else { return nil }
    if wrong.count == shapes.count {
        let isAlike = wrong.allSatisfy { $0.problem.message == first.problem.message }
        let causes = wrong.map { "for \($0.shape.name): \($0.problem.message)" }.joined(separator: "; ")
        return ConditionFinding(
            severity: .error, metric: metric,
            message: isAlike && shapes.count > 1
                ? "\(condition.quotedName) cannot be evaluated: \(first.problem.message)"
                : "\(condition.quotedName) is wrong for all that \(provider) gives: \(causes)",
            snippet: first.problem.placeAndSnippet)
    }
    guard let usual = wrong.first(where: \.shape.isUsual) else { return nil }
    let fitting = shapes.filter { shape in !wrong.contains { $0.shape == shape } }.map(\.name).joined(separator: ", ")
    let advice = usual.shape.type == .vector ? condition.spellingForFirstSample.map { "; write \($0)" } ?? "" : ""
    return ConditionFinding(
        severity: .warning, metric: metric,
        message: "\(condition.quotedName) fits \(fitting), but \(usual.shape.name), which \(provider) usually gives, makes it an error: "
            + usual.problem.message + advice,
        snippet: usual.problem.placeAndSnippet)
}

extension Condition {
    /// `successCondition "result < 1"`.
    var quotedName: String { "\(name.rawValue) \(quoted(text))" }

    /// The shapes of a metric's result that the condition fits.
    public func fitting(_ shapes: [ResultShape]) -> [ResultShape] { shapes.filter { problem(for: $0.type) == nil } }
}

extension ExpressionError {
    /// `(1:8)` and the marked line; empty where there is no place.
    fileprivate var placeAndSnippet: String { position.map { "(\($0.line):\($0.column))\(snippet)" } ?? "" }
}
