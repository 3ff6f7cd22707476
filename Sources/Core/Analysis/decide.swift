import Clockwork
import Expression
import RolloutModel

/// What to do about an AnalysisRun now.
///
/// While measurements are due, the plan names them and changes nothing else; `conclude` makes the rest of it from
/// their outcomes.
public func decide(_ seen: AnalysisRunObservation, now: Timestamp) -> AnalysisRunPlan {
    let run = seen.run
    if run.metadata.isBeingDeleted { return AnalysisRunPlan(status: run.status) }
    if run.status.phase?.isCompleted == true, seen.guards.have(.completedRun) { return afterCompletion(run, now: now) }
    do throws(AnalysisProblem) {
        let metrics = try runMetrics(of: run, guards: seen.guards)
        let due = try dueMeasurements(seen, metrics, now: now)
        guard due.isEmpty else { return AnalysisRunPlan(measurements: due, status: run.status) }
        return assessed(seen, metrics, [], ForgetfulCompiler(), now: now)
    } catch {
        return ended(run, because: error.message, now: now)
    }
}

/// What follows from the measurements that `decide` asked for.
///
/// - Parameters:
///   - seen: the same observation.
///   - results: one outcome per due measurement, in any order.
///   - now: the time after the last measurement.
///   - compiler: who compiles the conditions. Nothing is handed to it that a secret stands in.
public func conclude(
    _ seen: AnalysisRunObservation, results: [MeasurementOutcome], now: Timestamp, compiler: some ConditionCompiler = ForgetfulCompiler()
) -> AnalysisRunPlan {
    let run = seen.run
    if run.metadata.isBeingDeleted || run.status.phase?.isCompleted == true { return decide(seen, now: now) }
    do throws(AnalysisProblem) {
        return assessed(seen, try runMetrics(of: run, guards: seen.guards), results, compiler, now: now)
    } catch {
        return ended(run, because: error.message, now: now)
    }
}

/// The measurements that are due, in the order of the spec, with the real values of secrets in them.
///
/// All secrets must be readable, also when nothing that is due needs them.
private func dueMeasurements(
    _ seen: AnalysisRunObservation, _ metrics: [RunMetric], now: Timestamp
) throws(AnalysisProblem) -> [DueMeasurement] {
    let run = seen.run
    let resolved = try resolvedMetrics(of: run.spec) { reference throws(AnalysisProblem) in try seen.secret(reference) }
    let stopping = isTerminating(run, status: run.status)
    let counted = try sampleCounts(seen, resolved)
    return metrics.indices.compactMap { index in
        let move: DueMeasurement.Move
        switch turn(of: metrics[index], status: run.status, isTerminating: stopping, now: now) {
        case .finished, .stopped, .countReached, .held, .inFlight, .delayed, .waiting: return nil
        case .measure: move = .start
        case .resume(let measurement): move = .resume(measurement)
        case .terminate(let measurement): move = .terminate(measurement)
        }
        var metric = resolved[index]
        // Results are found by name, and a name with a secret in it must not be stored.
        metric.name = metrics[index].name
        let result = run.status.result(of: metric.name)
        // The counters come from a stored status, which a client may have edited to anything.
        let taken = (result?.count ?? 0).addingReportingOverflow(result?.error ?? 0).partialValue
        var due = DueMeasurement(
            metric: metric, move: move, run: run.metadata.key, runUID: run.metadata.uid,
            number: taken.addingReportingOverflow(1).partialValue)
        due.sampleCount = counted[index]
        return due
    }
}

/// For each metric whose policy asks for a number of samples, the metric that counts them.
private func sampleCounts(_ seen: AnalysisRunObservation, _ resolved: [AnalysisMetric]) throws(AnalysisProblem) -> [AnalysisMetric?] {
    let values = try argumentValues(seen.run.spec.arguments) { reference throws(AnalysisProblem) in try seen.secret(reference) }
    let policies = try policies(of: resolved, annotation: seen.run.metadata.annotations[MetricPolicy.annotation], arguments: values)
    return zip(resolved, policies).map { metric, policy in
        policy.minimumSamples.map { metric.asking($0.query) }
    }
}

/// The plan with all outcomes booked and the run assessed.
private func assessed(
    _ seen: AnalysisRunObservation, _ metrics: [RunMetric], _ outcomes: [MeasurementOutcome], _ compiler: some ConditionCompiler, now: Timestamp
) -> AnalysisRunPlan {
    let run = seen.run
    let stopping = isTerminating(run, status: run.status)
    var plan = AnalysisRunPlan(status: run.status)
    let resolved = outcomes.isEmpty ? metrics.map(\.metric) : metricsWithSecrets(seen) ?? metrics.map(\.metric)
    for (metric, conditions) in zip(metrics, resolved) {
        guard let outcome = outcomes.first(where: { $0.metric == metric.name }) else { continue }
        let secrets = seen.guards.have(.secretsMasked) ? seen.secretValues + outcome.sensitive : []
        book(
            outcome, of: metric, conditions: conditions, by: compiler, noData: seen.noData, secrets: secrets, isTerminating: stopping, &plan)
    }
    assess(run, metrics, isTerminating: stopping, now: now, &plan)
    if seen.guards.have(.measurementRetention) {
        plan.discarded = trim(metrics, &plan.status)
        plan.discarded += keepWithinBudget(metrics, &plan.status)
    }
    if plan.status.phase?.isCompleted == true {
        plan.wakeAt = expiry(of: run, status: plan.status)
    } else {
        plan.wakeAt = nextTurn(
            of: metrics, status: plan.status, isTerminating: isTerminating(run, status: plan.status), now: now)
    }
    return plan
}

/// The metrics with the real values of secrets, nil where those cannot be read. An outcome exists only where they could.
private func metricsWithSecrets(_ seen: AnalysisRunObservation) -> [AnalysisMetric]? {
    do throws(AnalysisProblem) {
        return try resolvedMetrics(of: seen.run.spec) { reference throws(AnalysisProblem) in try seen.secret(reference) }
    } catch {
        return nil
    }
}

/// The end of a run that cannot go on: its spec is wrong, or an argument has no value.
///
/// Differs: upstream sets no `completedAt` here, so that such runs are never deleted.
private func ended(_ run: AnalysisRun, because message: String, now: Timestamp) -> AnalysisRunPlan {
    var status = run.status
    status.phase = .error
    status.message = message
    status.completedAt = now.truncatedToSeconds
    return AnalysisRunPlan(status: status, events: [.run(.error)], wakeAt: expiry(of: run, status: status))
}

/// A completed run only waits for its deletion.
///
/// Differs: upstream looks at this at resyncs only, up to 15 minutes late; here the plan says when.
private func afterCompletion(_ run: AnalysisRun, now: Timestamp) -> AnalysisRunPlan {
    guard let expiry = expiry(of: run, status: run.status) else { return AnalysisRunPlan(status: run.status) }
    return now < expiry
        ? AnalysisRunPlan(status: run.status, wakeAt: expiry)
        : AnalysisRunPlan(status: run.status, deletesRun: true)
}

/// Drops the oldest measurements beyond what is kept, and says which.
private func trim(_ metrics: [RunMetric], _ status: inout AnalysisRunStatus) -> [DiscardedMeasurement] {
    var discarded: [DiscardedMeasurement] = []
    for metric in metrics {
        guard let index = status.metricResults.firstIndex(where: { $0.name == metric.name }) else { continue }
        let excess = status.metricResults[index].measurements.count - metric.retention
        guard excess > 0 else { continue }
        discarded += status.metricResults[index].measurements.prefix(excess)
            .map { DiscardedMeasurement(metric: metric.metric, measurement: $0) }
        status.metricResults[index].measurements.removeFirst(excess)
    }
    return discarded
}
