import Expression
import RolloutModel
import StrictJSON

/// How a measurement came to its phase, for somebody who has not written the metric: what was asked, what the answer was, and
/// the conditions with its values in them. It begins like every note, so that it stays with the measurement.
func story(of sample: MetricSample, asked: String, _ metric: AnalysisMetric, _ judgement: Judgement) -> String {
    var sentences: [String] = isNote(judgement.message) ? [String(judgement.message.dropFirst(notePrefix.count))] : []
    if !asked.isEmpty { sentences.append("asked: \(shortened(asked, to: 300))") }
    sentences.append("answered: \(shortened(sample.text, to: 200))")
    for condition in [Condition(.success, metric.successCondition), Condition(.failure, metric.failureCondition)] where !condition.text.isEmpty {
        // The phase says which of them hold: both false is Inconclusive, and a failure condition that holds is what fails.
        let holds = condition.name == .failure && judgement.phase == .failed
        let filled = filledIn(condition.text, sample.result)
        // Of two conditions the success condition is not what decided.
        if condition.name == .success, !metric.failureCondition.isEmpty, judgement.phase == .failed { continue }
        sentences.append("\(condition.name.rawValue) \(shortened(condition.text, to: 200)) is \(holds)"
            + (filled == condition.text ? "" : " (\(shortened(filled, to: 200)))"))
    }
    sentences.append("so it is \(judgement.phase.rawValue)")
    return notePrefix + sentences.joined(separator: "; ")
}

/// A condition with values in place of `result[0]`, `result.rate` and the like, where they are single values.
func filledIn(_ condition: String, _ result: ExpressionValue) -> String {
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
        output += value.flatMap(shownValue) ?? text(scalars[start..<index])
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

private func shownValue(_ value: ExpressionValue) -> String? {
    switch value {
    case .null: "nil"
    case .bool(let flag): String(flag)
    case .float(let number): numberText(number)
    case .int(let number), .int64(let number): String(number)
    case .string(let text): quoted(shortened(text, to: 60))
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

/// What was measured last of the metric that brought a run to its bad end, in one sentence; nil: it came to none, or nothing was said.
public func explanation(of run: AnalysisRun) -> String? {
    guard let phase = run.status.phase, phase.isUnsuccessfulCompletion else { return nil }
    guard let result = run.status.metricResults.first(where: { !$0.dryRun && $0.phase == phase }),
        let message = result.measurements.last(where: { $0.phase == phase || $0.phase == .failed })?.message, !message.isEmpty
    else { return nil }
    return "metric \"\(result.name)\": \(isNote(message) ? String(message.dropFirst(notePrefix.count)) : message)"
}
