import Clockwork
import Expression
import KubeModel
import RolloutModel
import Safety

/// Writes the outcome of one measurement into the status: the measurement itself and the counters.
///
/// - Parameters:
///   - conditions: the metric with the real values of secrets in its conditions.
///   - compiler: who compiles the conditions, and may remember them: those with a secret in them it never sees.
///   - secrets: texts that must not stand in the status.
func book(
    _ outcome: MeasurementOutcome, of metric: RunMetric, conditions: AnalysisMetric,
    by compiler: some ConditionCompiler = ForgetfulCompiler(), noData: NoDataPolicy, secrets: [String], isTerminating: Bool,
    _ plan: inout AnalysisRunPlan
) {
    let secrets = secrets.flatMap(spellings)
    let index: Int
    let isFirst: Bool
    if let existing = plan.status.metricResults.firstIndex(where: { $0.name == metric.name }) {
        index = existing
        isFirst = plan.status.metricResults[existing].measurements.isEmpty
    } else {
        index = plan.status.metricResults.count
        isFirst = true
        let metadata = outcome.metricMetadata.mapValues { bounded(redacted($0, secrets: secrets), metric.guards) }
        plan.status.metricResults.append(MetricResult(name: metric.name, dryRun: metric.isDryRun, metadata: metadata))
    }
    var result = plan.status.metricResults[index]
    let last = result.measurements.last
    let unfinished = last?.finishedAt == nil ? last : nil
    let measurement = measured(
        outcome, metric, conditions, compiler, noData, continuing: unfinished, secrets: secrets, isTerminating: isTerminating)
    if let phase = measurement.phase, phase.isCompleted { result.count(phase) }
    if unfinished != nil { result.measurements.removeLast() }
    result.measurements.append(measurement)
    plan.status.metricResults[index] = result
    if isFirst, isNote(measurement.message), measurement.message.contains(onlySampleWords) {
        plan.events.append(.conditionJudgedOnSample(metric: metric.name, note: measurement.message))
    }
    // The message of the measurement speaks of this one result, and hides the cause where that is empty: whether any could be right is told here.
    if isFirst, measurement.phase == .error, case .sample = outcome.finding {
        for finding in conditionFindings(of: conditions) where finding.severity == .error {
            plan.events.append(.conditionInvalid(metric: metric.name, redacted(finding.message, secrets: secrets)))
        }
    }
}

/// The measurement that an outcome makes, without any secret in it.
private func measured(
    _ outcome: MeasurementOutcome, _ metric: RunMetric, _ conditions: AnalysisMetric, _ compiler: some ConditionCompiler, _ noData: NoDataPolicy,
    continuing unfinished: Measurement?, secrets: [String], isTerminating: Bool
) -> Measurement {
    let guards = metric.guards
    func masked(_ text: String) -> String { redacted(text, secrets: secrets) }
    var measurement = unfinished ?? Measurement(phase: .running, startedAt: outcome.startedAt.truncatedToSeconds)
    measurement.resumeAt = nil
    measurement.metadata[noDataKey] = nil
    var finding = outcome.finding
    if case .sample(let sample) = finding {
        if case .failed(let cause)? = outcome.sampleCount {
            finding = .failure("the samples could not be counted: \(cause)")
        } else if let cause = missingData(sample, outcome.sampleCount, metric.policy),
            let other = findingWithoutData(
                metric.policy.noData(default: noData), because: cause, text: sample.text, since: measurement.startedAt ?? outcome.startedAt,
                interval: metric.interval, isTerminating: isTerminating, now: outcome.finishedAt) {
            finding = other
            if case .inFlight = other { measurement.metadata[noDataKey] = cause }
        }
    }
    switch finding {
    case .sample(let sample):
        let isPlain = conditions.successCondition == metric.metric.successCondition && conditions.failureCondition == metric.metric.failureCondition
        let judgement = isPlain
            ? judge(sample, by: conditions, at: outcome.finishedAt, compiler) : judge(sample, by: conditions, at: outcome.finishedAt)
        measurement.phase = judgement.phase
        measurement.message = judgement.message
        if judgement.phase == .failed || judgement.phase == .inconclusive {
            measurement.message = story(of: sample, asked: outcome.asked, conditions, judgement, masked: masked)
        }
        if judgement.phase == .error { measurement.explain(asked: outcome.asked, answered: sample.text, masked) }
        measurement.value = judgement.phase == .error && !sample.keepsTextOnError ? "" : sample.text
    case .failure(let message):
        measurement.phase = .error
        measurement.message = message
        measurement.explain(asked: outcome.asked, answered: outcome.answered, masked)
    case .verdict(let phase, let message, let value):
        measurement.phase = phase
        measurement.message = message
        measurement.value = value
    case .inFlight(let resumeAt):
        measurement.phase = .running
        // Rounded up: stored to whole seconds, the time to look again must not lie before it was asked for.
        measurement.resumeAt = resumeAt.map { ($0 + .nanoseconds(999_999_999)).truncatedToSeconds }
    }
    if measurement.phase?.isCompleted == true { measurement.finishedAt = outcome.finishedAt.truncatedToSeconds }
    if isTerminating, unfinished != nil, measurement.phase == .successful || measurement.phase == .inconclusive {
        measurement.message = "Metric Terminated"
    }
    measurement.metadata.merge(outcome.metadata) { $1 }
    // Masked first: a cut must not leave a part of a secret that is no longer recognised.
    measurement.message = bounded(masked(measurement.message), guards)
    measurement.value = bounded(masked(measurement.value), guards)
    measurement.metadata = measurement.metadata.mapValues { bounded(masked($0), guards) }
    return measurement
}

/// The metadata of a measurement that is an error: what was asked, and what the answer was.
let askedKey = "asked"
let answeredKey = "answered"

extension Measurement {
    /// The message of an error is the one that Argo Rollouts writes; what helps to understand it stands beside it.
    fileprivate mutating func explain(asked: String, answered: String, _ masked: (String) -> String) {
        if !asked.isEmpty { metadata[askedKey] = shownQuestion(asked, masked) }
        if !answered.isEmpty { metadata[answeredKey] = shownAnswer(answered, masked) }
    }
}

/// A secret, and how it looks where it was encoded on its way.
private func spellings(of secret: String) -> [String] {
    if secret.isEmpty { return [] }
    return Array(Set([secret, percentEncoded(secret), base64(secret), String(quoted(secret).dropFirst().dropLast())])).sorted()
}

/// 4 KiB: room for any message and for hundreds of samples. Ten measurements of many metrics must fit into one
/// object, which the API server refuses beyond 1.5 MiB, and with it every later status.
private let textLimit = 4 << 10

/// Differs: upstream stores texts of any length. A longer one is cut, and says so.
private func bounded(_ text: String, _ guards: SafetyGuards) -> String {
    guards.have(.textLimit) ? cut(text, to: textLimit) : text
}

extension MetricResult {
    /// Counts one completed measurement.
    fileprivate mutating func count(_ phase: AnalysisPhase) {
        // Counters come from a stored status that any client may have edited; they stop at the end of their range.
        func increment(_ counter: inout Int) { counter = min(counter, Int(Int32.max) - 1) + 1 }
        switch phase {
        case .successful: increment(&successful)
        case .failed: increment(&failed)
        case .inconclusive: increment(&inconclusive)
        case .error: increment(&error)
        case .pending, .running: return
        }
        if phase == .error {
            increment(&consecutiveError)
        } else {
            increment(&count)
            consecutiveError = 0
        }
        if phase == .successful {
            increment(&consecutiveSuccess)
        } else {
            consecutiveSuccess = 0
        }
    }
}
