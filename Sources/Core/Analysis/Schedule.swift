import Clockwork
import RolloutModel

/// What a metric's turn is at one moment.
enum MetricTurn: Sendable, Equatable {
    /// The metric is completed.
    case finished
    /// No measurement is started any more, because the run is stopping.
    case stopped
    /// As many measurements as were asked for are made.
    case countReached
    /// A measurement is in flight and is not looked at before `until`.
    case inFlight(until: Timestamp)
    /// The run has not begun.
    case held
    /// The first measurement is not due before `until`; nil: before the run has started.
    case delayed(until: Timestamp?)
    /// The next measurement is not due before `until`.
    case waiting(until: Timestamp)
    /// A new measurement is due.
    case measure
    /// The measurement in flight is looked at again.
    case resume(Measurement)
    /// The measurement in flight is stopped.
    case terminate(Measurement)
}

/// How long to wait after a measurement that was an error, whatever the interval.
private let errorRetryDelay = Duration.seconds(10)
/// How long to wait for the sample that confirms a bad one or takes it back, where the interval is longer.
private let confirmationDelay = Duration.seconds(10)
/// Differs: upstream measures without any pause where the interval is below a second, since it stores whole seconds.
private let shortestInterval = Duration.seconds(1)
/// The smallest step of time: "later than" an instant begins one of these after it.
private let instant = Duration.nanoseconds(1)

/// Whether a run is stopping: it was asked to, or a metric whose result counts has come to a bad end.
func isTerminating(_ run: AnalysisRun, status: AnalysisRunStatus) -> Bool {
    run.spec.terminate
        || status.metricResults.contains { !$0.dryRun && $0.phase?.isUnsuccessfulCompletion == true }
}

/// Whose turn it is. The order of the questions is the specification's.
func turn(of metric: RunMetric, status: AnalysisRunStatus, isTerminating: Bool, now: Timestamp) -> MetricTurn {
    let result = status.result(of: metric.name)
    if result?.phase?.isCompleted == true { return .finished }
    if let last = result?.measurements.last, last.finishedAt == nil, metric.guards.have(.measurementInFlight) {
        if isTerminating { return .terminate(last) }
        if let resumeAt = last.resumeAt, now < resumeAt { return .inFlight(until: resumeAt) }
        return .resume(last)
    }
    if isTerminating { return .stopped }
    guard let result, let last = result.measurements.last, let finishedAt = last.finishedAt else {
        if metric.isHeld { return .held }
        guard let delay = metric.initialDelay else { return .measure }
        guard let startedAt = status.startedAt else { return .delayed(until: nil) }
        let due = startedAt + delay
        return now < due ? .delayed(until: due) : .measure
    }
    let isConfirming = awaitsConfirmation(metric.metric, result, metric.policy)
    if let count = metric.metric.effectiveCount, result.count >= count, !isConfirming { return .countReached }
    let interval = max(metric.interval ?? errorRetryDelay, shortestInterval)
    let wait = last.phase == .error ? errorRetryDelay : isConfirming ? min(interval, confirmationDelay) : interval
    // Strictly later than the end of the wait, as upstream.
    let due = finishedAt + wait + instant
    return now < due ? .waiting(until: due) : .measure
}

/// The earliest instant at which a metric's turn changes by itself; nil: it does not.
func nextTurn(of metrics: [RunMetric], status: AnalysisRunStatus, isTerminating: Bool, now: Timestamp) -> Timestamp? {
    metrics.compactMap { metric -> Timestamp? in
        switch turn(of: metric, status: status, isTerminating: isTerminating, now: now) {
        case .finished, .stopped, .countReached, .held: nil
        case .inFlight(let until), .waiting(let until): until
        case .delayed(let until): until
        case .measure: now
        // A measurement without a time to resume is finished by an event of what it waits for.
        case .resume(let measurement): measurement.resumeAt.map { max($0, now) }
        case .terminate: now
        }
    }.min()
}

/// When a run takes its next measurement: now or earlier when one is overdue, or has no answer yet and is to have one; nil when none will be taken any more, or when the
/// one in flight decides.
///
/// A run that cannot be read counts as overdue: it is about to end with an error.
public func nextMeasurement(of run: AnalysisRun, now: Timestamp) -> Timestamp? {
    if run.metadata.isBeingDeleted || run.status.phase?.isCompleted == true { return nil }
    let metrics: [RunMetric]
    do throws(AnalysisProblem) {
        metrics = try runMetrics(of: run)
    } catch {
        return now
    }
    let stopping: Bool = isTerminating(run, status: run.status)
    return metrics.compactMap { metric -> Timestamp? in
        let turn = turn(of: metric, status: run.status, isTerminating: stopping, now: now)
        if let result = run.status.result(of: metric.name), isUndecided(metric, result, turn) { return now }
        switch turn {
        case .finished, .stopped, .countReached, .held, .inFlight, .resume, .terminate: return nil
        case .waiting(let until): return until
        case .delayed(let until): return until ?? now
        case .measure: return now
        }
    }.min()
}

/// Whether a measurement has begun that is to have an answer before anything is built on the ones before: it waits for data, or
/// for the sample that confirms a bad one.
private func isUndecided(_ metric: RunMetric, _ result: MetricResult, _ turn: MetricTurn) -> Bool {
    switch turn {
    case .inFlight, .resume: result.measurements.last?.metadata[noDataKey] != nil
    case .waiting, .measure: awaitsConfirmation(metric.metric, result, metric.policy)
    case .finished, .stopped, .countReached, .held, .delayed, .terminate: false
    }
}

/// When a completed run is deleted: the first instant at which more than the allowed whole seconds have passed.
/// Nil: never by time.
func expiry(of run: AnalysisRun, status: AnalysisRunStatus) -> Timestamp? {
    guard let ttl = run.spec.ttlStrategy, let completedAt = status.completedAt, let phase = status.phase, phase.isCompleted else {
        return nil
    }
    let specific: Int? =
        switch phase {
        case .successful: ttl.secondsAfterSuccess
        case .failed: ttl.secondsAfterFailure
        case .error, .inconclusive, .pending, .running: nil
        }
    guard let seconds = specific ?? ttl.secondsAfterCompletion else { return nil }
    return completedAt + .seconds(seconds) + .seconds(1)
}
