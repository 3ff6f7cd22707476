import Expression
import RolloutModel
import StrictJSON

/// How a measurement came to its phase, for somebody who has not written the metric: what was asked, what the answer was, and
/// the conditions with its values in them. It begins like every note, so that it stays with the measurement.
///
/// - Parameter masked: takes the secrets out of a text. It is asked before anything is cut: half a secret is not found any more.
func story(
    of sample: MetricSample, asked: String, _ metric: AnalysisMetric, _ judgement: Judgement, masked: (String) -> String = { $0 }
) -> String {
    var sentences: [String] = isNote(judgement.message) ? [masked(String(judgement.message.dropFirst(notePrefix.count)))] : []
    if !asked.isEmpty { sentences.append("asked: \(shownQuestion(asked, masked))") }
    sentences.append("answered: \(shownAnswer(sample.text, masked))")
    for condition in [Condition(.success, metric.successCondition), Condition(.failure, metric.failureCondition)] where !condition.text.isEmpty {
        // The phase says which of them hold: both false is Inconclusive, and a failure condition that holds is what fails.
        let holds = condition.name == .failure && judgement.phase == .failed
        let filled = filledIn(condition.text, sample.result, masked: masked)
        // Of two conditions the success condition is not what decided.
        if condition.name == .success, !metric.failureCondition.isEmpty, judgement.phase == .failed { continue }
        sentences.append("\(condition.name.rawValue) \(shortened(masked(condition.text), to: 200)) is \(holds)"
            + (filled == condition.text ? "" : " (\(shortened(masked(filled), to: 200)))"))
    }
    sentences.append("so it is \(judgement.phase.rawValue)")
    return notePrefix + sentences.joined(separator: "; ")
}

/// What was asked, on one line.
func shownQuestion(_ asked: String, _ masked: (String) -> String) -> String { shortened(masked(asked), to: 300) }

/// The raw answer, on one line; enough of it to see what kind of answer it is.
func shownAnswer(_ answer: String, _ masked: (String) -> String) -> String { shortened(masked(answer), to: 200) }

/// A condition with values in place of `result[0]`, `result.rate` and the like, where they are single values.
func filledIn(_ condition: String, _ result: ExpressionValue, masked: (String) -> String = { $0 }) -> String {
    let scalars = Array(condition.unicodeScalars)
    var output = ""
    var index = 0
    var quote: Unicode.Scalar?
    while index < scalars.count {
        let scalar = scalars[index]
        if let open = quote {
            output.unicodeScalars.append(scalar)
            if scalar == "\\", index + 1 < scalars.count, open != "`" {
                index += 1
                output.unicodeScalars.append(scalars[index])
            } else if scalar == open {
                quote = nil
            }
            index += 1
            continue
        }
        guard isNamePart(scalar) else {
            if scalar == "\"" || scalar == "'" || scalar == "`" { quote = scalar }
            output.unicodeScalars.append(scalar)
            index += 1
            continue
        }
        let start = index
        while index < scalars.count, isNamePart(scalars[index]) { index += 1 }
        let isMember = start > 0 && (scalars[start - 1] == "." || scalars[start - 1] == "#")
        guard text(scalars[start..<index]) == ExpressionEnvironment.resultName, !isMember else {
            output += text(scalars[start..<index])
            continue
        }
        var value: ExpressionValue? = result
        while let step = accessor(scalars, index) {
            value = value.flatMap { step.taken(from: $0) }
            index = step.end
        }
        output += value.flatMap { shownValue($0, masked) } ?? text(scalars[start..<index])
    }
    return output
}

/// `[0]` or `.name` after a value.
private struct Accessor {
    enum Kind { case index(Int), member(String) }
    var kind: Kind
    var end: Int

    func taken(from value: ExpressionValue) -> ExpressionValue? {
        switch (kind, value) {
        case (.index(let index), .floats(let numbers)): return numbers.indices.contains(index) ? .float(numbers[index]) : nil
        case (.index(let index), .array(let elements)): return elements.indices.contains(index) ? elements[index] : nil
        case (.member(let name), .map(let map)): return map[name]
        default: return nil
        }
    }
}

private func accessor(_ scalars: [Unicode.Scalar], _ start: Int) -> Accessor? {
    var index = start
    guard index < scalars.count else { return nil }
    if scalars[index] == "[" {
        let digits = scalars[(index + 1)...].prefix { ("0"..."9").contains($0) }
        guard let number = Int(text(digits)), digits.endIndex < scalars.count, scalars[digits.endIndex] == "]" else { return nil }
        return Accessor(kind: .index(number), end: digits.endIndex + 1)
    }
    if scalars[index] == "?" { index += 1 }
    guard index < scalars.count, scalars[index] == "." else { return nil }
    let name = scalars[(index + 1)...].prefix(while: isNamePart)
    return name.isEmpty ? nil : Accessor(kind: .member(text(name)), end: name.endIndex)
}

private func shownValue(_ value: ExpressionValue, _ masked: (String) -> String) -> String? {
    switch value {
    case .null: "nil"
    case .bool(let flag): String(flag)
    case .float(let number): numberText(number)
    case .int(let number), .int64(let number): String(number)
    case .string(let text): quoted(shortened(masked(text), to: 60))
    default: nil
    }
}

private func text(_ scalars: some Sequence<Unicode.Scalar>) -> String {
    var view = String.UnicodeScalarView()
    view.append(contentsOf: scalars)
    return String(view)
}

private func isNamePart(_ scalar: Unicode.Scalar) -> Bool {
    scalar == "_" || scalar == "$" || scalar.properties.isAlphabetic || scalar.properties.numericType != nil
}

/// The text on one line, cut where it is longer than `limit` characters.
func shortened(_ text: String, to limit: Int) -> String {
    let line = String(text.map { $0.isNewline ? " " : $0 })
    return line.count <= limit ? line : String(line.prefix(limit - 1)) + "…"
}

/// What was measured last of the metric that brought a run to its bad end, and which rule decided; nil: it came to none, or nothing
/// was said.
public func explanation(of run: AnalysisRun) -> String? {
    guard let phase = run.status.phase, phase.isUnsuccessfulCompletion else { return nil }
    guard let result = run.status.metricResults.first(where: { !$0.dryRun && $0.phase == phase }),
        let last = result.measurements.last(where: { $0.phase == phase || $0.phase == .failed }), !last.message.isEmpty
    else { return nil }
    var sentences = [isNote(last.message) ? String(last.message.dropFirst(notePrefix.count)) : last.message]
    if let asked = last.metadata[askedKey] { sentences.append("asked: \(asked)") }
    if let answered = last.metadata[answeredKey] { sentences.append("answered: \(answered)") }
    if let rule = decidingRule(of: result, in: run) { sentences.append("the metric is \(phase.rawValue): \(rule)") }
    return "metric \"\(result.name)\": \(shortened(sentences.joined(separator: "; "), to: explanationLimit))"
}

/// An event is read in a table; what does not fit stands in the AnalysisRun.
private let explanationLimit = 1000

/// The rule that ended a metric, as it is named in the message of the run, or the one that has no name there.
private func decidingRule(of result: MetricResult, in run: AnalysisRun) -> String? {
    let opening = "Metric \"\(result.name)\" assessed \(result.phase?.rawValue ?? "") due to "
    if run.status.message.hasPrefix(opening) {
        let reason = run.status.message.dropFirst(opening.count)
        return String(reason.split(separator: ": \"Error Message", maxSplits: 1, omittingEmptySubsequences: false)[0])
    }
    // The spec as written: a limit that is a placeholder is 0 here, and then nothing is claimed.
    guard let metric = run.spec.metrics.first(where: { $0.name == result.name }) else { return nil }
    let successes = MetricLimits(of: metric).consecutiveSuccesses
    guard successes > 0, let count = metric.effectiveCount, result.count >= count else { return nil }
    return "count (\(count)) was reached without consecutiveSuccessLimit (\(successes)) successes in a row"
}
