import Expression
import Clockwork
import RolloutModel
import Safety

/// A metric of a run with everything that scheduling and assessing need, its placeholders resolved and checked.
struct RunMetric: Sendable, Equatable {
    /// Secrets are replaced by a placeholder text here.
    var metric: AnalysisMetric
    /// The pause after a measurement; nil: one measurement.
    var interval: Duration?
    var initialDelay: Duration?
    var isDryRun: Bool
    /// How many measurements are kept.
    var retention: Int
    /// What it says beyond what the API knows.
    var policy: MetricPolicy = .none
    /// Whether the run has not begun and is not to begin yet.
    var isHeld: Bool = false
    /// The rules that hold.
    var guards: SafetyGuards = .all

    var name: String { metric.name }
}

/// How many measurements of a metric are kept where no rule says otherwise.
private let defaultRetention = 10

/// The metrics of a run, checked.
///
/// - Throws: the message with which the run ends.
func runMetrics(of run: AnalysisRun, guards: SafetyGuards = .all) throws(AnalysisProblem) -> [RunMetric] {
    if let problem = run.problems.first { throw .invalid("Analysis spec invalid: \(problem)") }
    let metrics = try resolvedMetrics(of: run.spec) { _ in secretPlaceholder }
    do throws(AnalysisProblem) {
        let schedules = try checkedSchedules(of: metrics)
        let names = metrics.map(\.name)
        let dryRun = try matches(of: run.spec.dryRun.map(\.metricName), in: names, field: "dryRun")
        let retention = try matches(of: run.spec.measurementRetention.map(\.metricName), in: names, field: "measurementRetention")
        let policies = try policies(
            of: metrics, annotation: run.metadata.annotations[MetricPolicy.annotation],
            arguments: try argumentValues(run.spec.arguments) { _ in secretPlaceholder })
        return metrics.indices.map { index in
            // Of several matching rules the last one counts; without a positive limit the default stays.
            let limit = run.spec.measurementRetention.indices.last { retention[$0].contains(index) }
                .map { run.spec.measurementRetention[$0].limit } ?? 0
            return RunMetric(
                metric: metrics[index], interval: schedules[index].interval, initialDelay: schedules[index].initialDelay,
                isDryRun: dryRun.contains { $0.contains(index) },
                retention: max(limit > 0 ? limit : defaultRetention, policies[index].measurementsNeeded), policy: policies[index],
                isHeld: run.isHeld, guards: guards)
        }
    } catch {
        throw .invalid("Analysis spec invalid: \(error.message)")
    }
}

/// The metrics with their placeholders replaced.
///
/// - Parameter secret: the value that stands for a secret.
func resolvedMetrics(
    of spec: AnalysisRunSpec, secret: (SecretReference) throws(AnalysisProblem) -> String
) throws(AnalysisProblem) -> [AnalysisMetric] {
    guard !spec.metrics.isEmpty else { return [] }
    do throws(AnalysisProblem) {
        let values = try argumentValues(spec.arguments, secret: secret)
        var metrics: [AnalysisMetric] = []
        for metric in spec.metrics { metrics.append(try resolved(metric, arguments: values)) }
        return metrics
    } catch {
        throw .invalid("Unable to resolve metric arguments: \(error.message)")
    }
}

/// One metric with its placeholders replaced.
func resolved(_ metric: AnalysisMetric, arguments: [String: String]) throws(AnalysisProblem) -> AnalysisMetric {
    var problems: [FieldProblem] = []
    // Replacing changes texts, never types, so nothing new can be wrong here.
    return AnalysisMetric(try substituting(metric.raw, arguments: arguments), at: "spec.metrics", &problems)
}

/// For each pattern the indices of the names that it finds; a pattern that finds none is an error.
func matches(of patterns: [String], in names: [String], field: String) throws(AnalysisProblem) -> [Set<Int>] {
    var found: [Set<Int>] = []
    for (index, source) in patterns.enumerated() {
        let pattern: RegexPattern?
        do throws(RegexProblem) { pattern = try RegexPattern(source) } catch {
            // Upstream takes a text that is no pattern for one that finds nothing; one that it would understand is refused by name.
            if error.isUnsupported { throw .invalid("\(field)[\(index)]: \(error.message)") }
            pattern = nil
        }
        let hits = Set(names.indices.filter { pattern?.matches(names[$0]) == true })
        if hits.isEmpty { throw .invalid("\(field)[\(index)]: Rule didn't match any metric name(s)") }
        found.append(hits)
    }
    return found
}
