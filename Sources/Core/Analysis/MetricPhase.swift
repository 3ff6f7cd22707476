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

/// How the failures of a metric stand to what it allows.
private enum FailureStanding: Equatable {
    case allowed
    /// Too many, and the policy asks for another bad sample before that counts.
    case unconfirmed
    case tooMany(reason: String)

    init(_ limits: MetricLimits, _ result: MetricResult, _ policy: MetricPolicy) {
        let decided = result.measurements.filter { $0.phase == .successful || $0.phase == .failed || $0.phase == .inconclusive }
        let reason: String
        if let quota = policy.failures {
            let failed = decided.suffix(quota.of).count { $0.phase == .failed }
            guard failed >= quota.count else {
                self = .allowed
                return
            }
            reason = "failed (\(failed)) of the last \(min(decided.count, quota.of)) >= failures (\(quota.count) of \(quota.of))"
        } else {
            guard limits.failures >= 0, result.failed > limits.failures else {
                self = .allowed
                return
            }
            reason = "failed (\(result.failed)) > failureLimit (\(limits.failures))"
        }
        let isConfirmed = decided.count > 1 && decided.suffix(2).allSatisfy { $0.phase == .failed }
        if policy.confirms, !isConfirmed {
            // A good sample after a bad one: the bad one was noise.
            self = decided.last?.phase == .failed ? .unconfirmed : .allowed
        } else {
            self = .tooMany(reason: reason)
        }
    }
}

/// Whether the next sample of a metric decides about its end, and is taken soon.
func awaitsConfirmation(_ metric: AnalysisMetric, _ result: MetricResult, _ policy: MetricPolicy) -> Bool {
    policy.confirms && result.phase?.isCompleted != true
        && FailureStanding(MetricLimits(of: metric), result, policy) == .unconfirmed
}

/// The limit that is exceeded, if any; of several the last of failed, inconclusive, errors counts.
func exceededLimit(
    _ metric: AnalysisMetric, _ result: MetricResult, _ policy: MetricPolicy = .none, isTerminating: Bool = false,
    _ guards: SafetyGuards = .all
) -> ExceededLimit? {
    let limits = MetricLimits(of: metric)
    var exceeded: ExceededLimit?
    if guards.have(.failureLimit) {
        // No further sample will come that could take a bad one back.
        var asked = policy
        if isTerminating { asked.confirms = false }
        if case .tooMany(let reason) = FailureStanding(limits, result, asked) { exceeded = ExceededLimit(phase: .failed, reason: reason) }
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
    _ metric: AnalysisMetric, _ result: MetricResult, _ policy: MetricPolicy = .none, isTerminating: Bool,
    _ guards: SafetyGuards = .all
) -> AnalysisPhase {
    if let phase = result.phase, phase.isCompleted, guards.have(.completedMetric) { return phase }
    guard let last = result.measurements.last else { return isTerminating ? .successful : .pending }
    if last.phase?.isCompleted != true { return .running }
    if let exceeded = exceededLimit(metric, result, policy, isTerminating: isTerminating, guards) { return exceeded.phase }
    if !isTerminating, awaitsConfirmation(metric, result, policy) { return .running }
    let limits = MetricLimits(of: metric)
    if limits.consecutiveSuccesses > 0 && result.consecutiveSuccess >= limits.consecutiveSuccesses { return .successful }
    if let count = metric.effectiveCount, result.count >= count {
        // All measurements are made, and the successes in a row that were asked for did not come.
        if limits.consecutiveSuccesses > 0 { return limits.failures >= 0 ? .inconclusive : .failed }
        return .successful
    }
    return isTerminating ? .successful : .running
}
