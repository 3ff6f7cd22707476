import Clockwork
import Expression
import RolloutModel

/// What the conditions of a metric say about a sample.
struct Judgement: Sendable, Equatable {
    var phase: AnalysisPhase
    /// Why there is no answer, or a note about how the result was read.
    var message: String
}

/// What begins a message that explains how a result was read, as against one that reports an error.
let notePrefix = "note: "
/// What is said where a condition for one number was judged on the only sample of a vector.
let onlySampleWords = "was judged on the only sample of the vector"

/// Whether a message of a measurement is a note and no error.
func isNote(_ message: String) -> Bool { message.hasPrefix(notePrefix) }

/// Judges a sample by the success and failure condition of a metric.
///
/// Both conditions are evaluated where both are set, success first; failure wins; neither is Inconclusive. Without
/// conditions every sample is Successful. An error in either is an Error.
///
/// - Parameters:
///   - now: what `now()` says in them.
///   - compiler: who compiles them.
func judge(_ sample: MetricSample, by metric: AnalysisMetric, at now: Timestamp, _ compiler: some ConditionCompiler = ForgetfulCompiler()) -> Judgement {
    var notes: [String] = []
    do throws(AnalysisProblem) {
        let success = try verdict(Condition(.success, metric.successCondition), sample, now, compiler, &notes)
        let failure = try verdict(Condition(.failure, metric.failureCondition), sample, now, compiler, &notes)
        let phase: AnalysisPhase =
            switch (success, failure) {
            case (nil, nil): .successful
            case (let success?, nil): success ? .successful : .failed
            case (nil, let failure?): failure ? .failed : .successful
            case (_, true?): .failed
            case (let success?, false?): success ? .successful : .inconclusive
            }
        return Judgement(phase: phase, message: notes.isEmpty ? "" : notePrefix + notes.joined(separator: "; "))
    } catch {
        return Judgement(phase: .error, message: error.message)
    }
}

/// What one condition says; nil for an empty one, which says nothing.
///
/// Differs: a condition that cannot be typed against a vector but can against its only sample is judged on that
/// sample, and the note says so. The rule lives here and not in the language: `result` itself stays a list.
private func verdict(
    _ condition: Condition, _ sample: MetricSample, _ now: Timestamp, _ compiler: some ConditionCompiler, _ notes: inout [String]
) throws(AnalysisProblem) -> Bool? {
    if condition.text.isEmpty { return nil }
    let error: ExpressionError
    do throws(ExpressionError) { return try condition.holds(for: sample.result, now: now, by: compiler) } catch let cause { error = cause }
    if sample.result.isNilOrEmptyList { throw .invalid(error.message + emptyVectorAdvice(sample)) }
    guard error.isCompileError, case .floats(let samples) = sample.result, let only = samples.first,
        condition.problem(for: .float) == nil
    else { throw .invalid(error.message) }
    let safe = condition.spellingForFirstSample
    if samples.count > 1 {
        throw .invalid("\(error.message); the result is a vector of \(samples.count) samples and the condition fits a single one"
            + (safe.map { ": write \($0) for the first of them, or let the query return one" } ?? ""))
    }
    do throws(ExpressionError) {
        let answer = try condition.holds(for: .float(only), now: now, by: compiler)
        notes.append("\(condition.name.rawValue) \"\(condition.text)\" \(onlySampleWords) (\(numberText(only)))"
            + (safe.map { "; \($0) says the same and is valid everywhere" } ?? ""))
        return answer
    } catch {
        throw .invalid(error.message)
    }
}

/// The usual cause of an empty vector and what to do about it.
private func emptyVectorAdvice(_ sample: MetricSample) -> String {
    guard case .floats = sample.result else { return "" }
    return " (the query matched no series; usually nothing was counted because there were no errors or no requests: "
        + "append \"or vector(0)\" to the query to read that as 0)"
}
