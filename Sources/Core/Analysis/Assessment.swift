import Clockwork
import RolloutModel

/// Moves the phases of the metrics and of the run on, and writes message and summaries.
///
/// - Parameter isTerminating: whether the run was stopping before these results came in. A metric that fails now ends
///   the others in the next reconcile only.
func assess(_ run: AnalysisRun, _ metrics: [RunMetric], isTerminating: Bool, now: Timestamp, _ plan: inout AnalysisRunPlan) {
    // Delays count from the moment in which the run begins, not from the one in which it was made.
    if isTerminating || !run.isHeld { plan.status.startedAt = plan.status.startedAt ?? now.truncatedToSeconds }
    var worst: AnalysisPhase?
    var message = run.spec.terminate ? "Run Terminated" : ""
    var isEverythingCompleted = true
    var summary = AnalysisRunSummary()
    var dryRunSummary = AnalysisRunSummary()
    for metric in metrics {
        if metric.isDryRun { dryRunSummary.count += 1 } else { summary.count += 1 }
        guard let index = plan.status.metricResults.firstIndex(where: { $0.name == metric.name }) else {
            isEverythingCompleted = false
            continue
        }
        updatePhase(of: &plan.status.metricResults[index], metric, isTerminating: isTerminating, &plan.events)
        let result = plan.status.metricResults[index]
        guard let phase = result.phase, phase.isCompleted else {
            isEverythingCompleted = false
            continue
        }
        let exceeded = exceededLimit(metric.metric, result, metric.policy, isTerminating: isTerminating, metric.guards)
        if metric.isDryRun {
            worst = worst ?? .successful
            if let exceeded {
                plan.status.metricResults[index].message = "Metric assessed \(phase.rawValue) due to \(exceeded.reason)"
            }
            dryRunSummary.add(exceeded?.phase)
        } else {
            if worst == nil || phase.isWorse(than: worst) {
                worst = phase
                if let exceeded { message = runMessage(metric.name, phase, exceeded, because: result.message) }
            }
            summary.add(exceeded?.phase)
        }
    }
    plan.status.runSummary = summary
    plan.status.dryRunSummary = dryRunSummary
    let phase = isTerminating ? worst ?? .successful : isEverythingCompleted ? worst ?? .running : .running
    if phase == .running { plan.status.message = run.isHeld ? RunBeginning.waitingWords : "" }
    guard phase != plan.status.phase else { return }
    plan.status.phase = phase
    if phase != .running { plan.status.message = message }
    if phase.isCompleted {
        plan.status.completedAt = now.truncatedToSeconds
        plan.events.append(.run(phase))
    }
}

/// The new phase of one metric; with a change it takes over the message of its last measurement.
private func updatePhase(
    of result: inout MetricResult, _ metric: RunMetric, isTerminating: Bool, _ events: inout [AnalysisEvent]
) {
    let phase = metricPhase(metric.metric, result, metric.policy, isTerminating: isTerminating, metric.guards)
    guard phase != result.phase else { return }
    result.phase = phase
    // A note explains a measurement; it is not what became of the metric.
    if let last = result.measurements.last { result.message = isNote(last.message) ? "" : last.message }
    if phase.isCompleted { events.append(.metric(result.name, phase)) }
}

private func runMessage(_ metric: String, _ phase: AnalysisPhase, _ exceeded: ExceededLimit, because cause: String) -> String {
    let message = "Metric \"\(metric)\" assessed \(phase.rawValue) due to \(exceeded.reason)"
    // A note explains how a number was read; it is no error.
    return cause.isEmpty || isNote(cause) ? message : "\(message): \"Error Message: \(cause)\""
}

extension AnalysisRunSummary {
    /// Counts one completed metric by the limit that it exceeded. A metric that ended in another way counts as
    /// successful, also where it is Failed or Inconclusive because its count was reached, as upstream.
    fileprivate mutating func add(_ exceeded: AnalysisPhase?) {
        switch exceeded {
        case .failed?: failed += 1
        case .inconclusive?: inconclusive += 1
        case .error?: error += 1
        case .successful?, .running?, .pending?, nil: successful += 1
        }
    }
}
