import RolloutModel
import Safety

/// The limits of a metric with their defaults.
struct MetricLimits: Sendable, Equatable {
    /// Tolerated failed measurements; -1: any number.
    var failures: Int
    var inconclusives: Int
    var consecutiveErrors: Int
    /// Successes in a row that end the metric; 0: never.
    var consecutiveSuccesses: Int

    init(of metric: AnalysisMetric) {
        failures = metric.failureLimit?.intValue ?? 0
        inconclusives = metric.inconclusiveLimit?.intValue ?? 0
        consecutiveErrors = metric.consecutiveErrorLimit?.intValue ?? 4
        consecutiveSuccesses = metric.consecutiveSuccessLimit?.intValue ?? 0
    }
}

/// A limit that the measurements of a metric have gone beyond.
struct ExceededLimit: Sendable, Equatable {
    /// What the metric becomes by it.
    var phase: AnalysisPhase
    /// `failed (2) > failureLimit (1)`.
    var reason: String
}

/// The limit that is exceeded, if any; of several the last of failed, inconclusive, errors counts.
func exceededLimit(_ metric: AnalysisMetric, _ result: MetricResult, _ guards: SafetyGuards = .all) -> ExceededLimit? {
    let limits = MetricLimits(of: metric)
    var exceeded: ExceededLimit?
    if limits.failures >= 0 && result.failed > limits.failures, guards.have(.failureLimit) {
        exceeded = ExceededLimit(phase: .failed, reason: "failed (\(result.failed)) > failureLimit (\(limits.failures))")
    }
    if result.inconclusive > limits.inconclusives, guards.have(.inconclusiveLimit) {
        exceeded = ExceededLimit(
            phase: .inconclusive, reason: "inconclusive (\(result.inconclusive)) > inconclusiveLimit (\(limits.inconclusives))")
    }
    if result.consecutiveError > limits.consecutiveErrors, guards.have(.consecutiveErrorLimit) {
        exceeded = ExceededLimit(
            phase: .error,
            reason: "consecutiveErrors (\(result.consecutiveError)) > consecutiveErrorLimit (\(limits.consecutiveErrors))")
    }
    return exceeded
}

/// The phase of a metric by its limits, its counters and its last measurement. A completed phase never changes.
func metricPhase(
    _ metric: AnalysisMetric, _ result: MetricResult, isTerminating: Bool, _ guards: SafetyGuards = .all
) -> AnalysisPhase {
    if let phase = result.phase, phase.isCompleted, guards.have(.completedMetric) { return phase }
    guard let last = result.measurements.last else { return isTerminating ? .successful : .pending }
    if last.phase?.isCompleted != true { return .running }
    if let exceeded = exceededLimit(metric, result, guards) { return exceeded.phase }
    let limits = MetricLimits(of: metric)
    if limits.consecutiveSuccesses > 0 && result.consecutiveSuccess >= limits.consecutiveSuccesses { return .successful }
    if let count = metric.effectiveCount, result.count >= count {
        // All measurements are made, and the successes in a row that were asked for did not come.
        if limits.consecutiveSuccesses > 0 { return limits.failures >= 0 ? .inconclusive : .failed }
        return .successful
    }
    return isTerminating ? .successful : .running
}
