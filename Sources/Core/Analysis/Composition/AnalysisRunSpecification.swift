import RolloutModel
import StrictJSON

/// An argument of a Rollout with its value worked out: pod hashes and field references are already text.
public struct ResolvedArgument: Sendable, Hashable {
    public var name: String
    public var value: String

    public init(name: String, value: String) {
        self.name = name
        self.value = value
    }
}

/// What templates and arguments come to.
public struct ComposedAnalysis: Sendable, Equatable {
    /// The `spec` of the AnalysisRun to create.
    public var spec: JSONValue
    /// What the user should know about arguments, in their order.
    public var notes: [CompositionNote]
    /// Annotations of the run: the policies of its metrics.
    public var annotations: [String: String] = [:]
}

/// Something that was done with an argument and that nobody would expect without being told.
public enum CompositionNote: Sendable, Hashable, CustomStringConvertible {
    /// No template declares it, but a placeholder of a metric names it.
    case passedOn(argument: String)
    /// No template declares it and no placeholder names it.
    case dropped(argument: String)
    /// The template takes it from a Secret, and the secret wins over the value that was given.
    case secretWins(argument: String)

    public var description: String {
        switch self {
        case .passedOn(let name):
            "argument '\(name)' is not declared by the templates; it was passed on because a metric names {{args.\(name)}}"
        case .dropped(let name):
            "argument '\(name)' is not declared by the templates and no metric names it; it was dropped"
        case .secretWins(let name):
            "argument '\(name)' has a value, but the template takes it from a Secret; the secret is used"
        }
    }
}

/// Builds the spec of an AnalysisRun.
///
/// Differs: an undeclared argument that a metric's placeholder names is passed on; upstream drops it, and the run
/// then ends because the placeholder cannot be resolved.
///
/// - Parameters:
///   - templates: as `collectedTemplates` returns them.
///   - arguments: what the Rollout gives.
///   - dryRun: the Rollout's own rules as written; they come before those of the templates.
///   - measurementRetention: likewise.
public func analysisRunSpec(
    templates: [AnalysisTemplate], arguments: [ResolvedArgument],
    dryRun: [JSONValue] = [], measurementRetention: [JSONValue] = []
) throws(AnalysisProblem) -> ComposedAnalysis {
    for template in templates {
        if let problem = template.problems.first {
            throw .invalid("\(template.isClusterScoped ? "ClusterAnalysisTemplate" : "AnalysisTemplate") '\(template.metadata.name)': \(problem)")
        }
    }
    let metrics = try mergedMetrics(of: templates)
    let merged = try mergedArguments(declared: declaredArguments(of: templates), given: arguments, metrics: metrics)
    var spec = JSONObject()
    spec["metrics"] = .array(metrics.map(\.raw))
    if !merged.arguments.isEmpty { spec["args"] = .array(merged.arguments.map(\.json)) }
    let dryRunRules = try ownDryRunRules(dryRun) + templates.flatMap(\.dryRun)
    if let name = firstRepeated(dryRunRules.map(\.metricName)) {
        throw .invalid("two Dry-Run metric rules have the same name '\(name)'")
    }
    if !dryRunRules.isEmpty { spec["dryRun"] = .array(dryRunRules.map(\.json)) }
    let retentionRules = try ownRetentionRules(measurementRetention) + templates.flatMap(\.measurementRetention)
    if let name = firstRepeated(retentionRules.map(\.metricName)) {
        throw .invalid("two Measurement Retention metric rules have the same name '\(name)'")
    }
    if !retentionRules.isEmpty { spec["measurementRetention"] = .array(retentionRules.map(\.json)) }
    let annotations = try policyAnnotation(of: templates).map { [MetricPolicy.annotation: $0] } ?? [:]
    return ComposedAnalysis(spec: .object(spec), notes: merged.notes, annotations: annotations)
}

/// All metrics one after the other; a name may occur once.
private func mergedMetrics(of templates: [AnalysisTemplate]) throws(AnalysisProblem) -> [AnalysisMetric] {
    let metrics = templates.flatMap(\.metrics)
    if let name = firstRepeated(metrics.map(\.name)) { throw .invalid("two metrics have the same name '\(name)'") }
    return metrics
}

/// The declared arguments: the first occurrence of a name has the position, the first value of it counts, and two
/// different values contradict each other whatever the Rollout gives.
private func declaredArguments(of templates: [AnalysisTemplate]) throws(AnalysisProblem) -> [AnalysisArgument] {
    var declared: [AnalysisArgument] = []
    for argument in templates.flatMap(\.arguments) {
        guard let index = declared.firstIndex(where: { $0.name == argument.name }) else {
            declared.append(argument)
            continue
        }
        guard let earlier = declared[index].value else {
            // An earlier valueFrom is lost here, as upstream.
            declared[index] = argument
            continue
        }
        if let later = argument.value, later != earlier {
            throw .invalid("Argument `\(argument.name)` specified multiple times with different values: '\(earlier)', '\(later)'")
        }
    }
    return declared
}

/// The declared arguments with the values that were given; afterwards each has a value or a source.
private func mergedArguments(
    declared: [AnalysisArgument], given: [ResolvedArgument], metrics: [AnalysisMetric]
) throws(AnalysisProblem) -> (arguments: [AnalysisArgument], notes: [CompositionNote]) {
    var arguments = declared
    var notes: [CompositionNote] = []
    let named = metrics.reduce(into: Set<String>()) { $0.formUnion(argumentNames(in: $1.raw)) }
    for argument in given {
        if let index = arguments.firstIndex(where: { $0.name == argument.name }) {
            arguments[index].value = argument.value
            if case .secret? = arguments[index].source { notes.append(.secretWins(argument: argument.name)) }
        } else if named.contains(argument.name) {
            arguments.append(AnalysisArgument(name: argument.name, value: argument.value))
            notes.append(.passedOn(argument: argument.name))
        } else {
            notes.append(.dropped(argument: argument.name))
        }
    }
    for argument in arguments where argument.value == nil && argument.source == nil {
        throw .invalid("args.\(argument.name) was not resolved")
    }
    return (arguments, notes)
}

private func ownDryRunRules(_ rules: [JSONValue]) throws(AnalysisProblem) -> [DryRunRule] {
    var problems: [FieldProblem] = []
    let result = rules.enumerated().map { DryRunRule($0.element, at: "dryRun[\($0.offset)]", &problems) }
    if let problem = problems.first { throw .invalid(problem.description) }
    return result
}

private func ownRetentionRules(_ rules: [JSONValue]) throws(AnalysisProblem) -> [MeasurementRetentionRule] {
    var problems: [FieldProblem] = []
    let result = rules.enumerated().map { MeasurementRetentionRule($0.element, at: "measurementRetention[\($0.offset)]", &problems) }
    if let problem = problems.first { throw .invalid(problem.description) }
    return result
}

/// The first name that has occurred before.
private func firstRepeated(_ names: [String]) -> String? {
    var seen: Set<String> = []
    return names.first { !seen.insert($0).inserted }
}
