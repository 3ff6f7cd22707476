import RolloutModel
import StrictJSON

/// Where a Rollout asks for an analysis.
public enum AnalysisPlace: Sendable, Hashable {
    case background, step, prePromotion, postPromotion
}

/// Why a Rollout's reference to templates cannot be used.
public struct ReferenceProblem: Sendable, Hashable {
    /// What is at fault: a template's name, or `templateNames: [a b]`.
    public var value: String
    /// What is wrong with it.
    public var detail: String

    /// The text of the condition: `PATH.templates: Invalid value: "t": AnalysisTemplate 't' not found`.
    ///
    /// - Parameter path: the path of the analysis in the Rollout, for instance `spec.strategy.canary.analysis`.
    public func message(at path: String) -> String { "\(path).templates: Invalid value: \(quoted(value)): \(detail)" }
}

/// An argument of a Rollout before its value is worked out.
public struct OfferedArgument: Sendable, Hashable {
    public var name: String
    /// Nil where the value comes from elsewhere.
    public var value: String?

    public init(name: String, value: String?) {
        self.name = name
        self.value = value
    }
}

/// The first problem with the templates that an analysis of a Rollout names; nil: a run can be made from them.
///
/// - Parameters:
///   - references: the templates that are named.
///   - arguments: what the Rollout gives.
///   - dryRun: the Rollout's own rules as written.
///   - measurementRetention: likewise.
///   - place: background runs may measure without end, others may not.
///   - lookup: the template that a reference names, nil where it does not exist.
public func referenceProblem(
    _ references: [RolloutAnalysis.TemplateReference], arguments: [OfferedArgument],
    dryRun: [JSONValue] = [], measurementRetention: [JSONValue] = [], place: AnalysisPlace,
    lookup: (RolloutAnalysis.TemplateReference) -> AnalysisTemplate?
) -> ReferenceProblem? {
    var current = "templateNames: [\(references.map(\.name).joined(separator: " "))]"
    do throws(AnalysisProblem) {
        let templates = try collectedTemplates(references, lookup: lookup)
        current = "templateNames: [\(templates.map(\.metadata.name).joined(separator: " "))]"
        let given = arguments.map { ResolvedArgument(name: $0.name, value: $0.value ?? dummyValue) }
        let composed = try analysisRunSpec(
            templates: templates, arguments: given, dryRun: dryRun, measurementRetention: measurementRetention)
        try checkRules(of: composed.spec, metrics: templates.flatMap(\.metrics).map(\.name))
        for template in templates {
            current = template.metadata.name
            switch place {
            case .background: try checkSupplied(template, arguments)
            case .step, .prePromotion, .postPromotion: try checkEnding(template, arguments)
            }
        }
        return nil
    } catch {
        if case .templateNotFound(let reference) = error { current = reference.name }
        return ReferenceProblem(value: current, detail: error.message)
    }
}

/// What stands for values that are known only when a run is made.
private let dummyValue = "dummy-value"

/// Every rule must find a metric. Names with placeholders in them are known only when a run is made, and are checked then.
private func checkRules(of spec: JSONValue, metrics names: [String]) throws(AnalysisProblem) {
    if names.contains(where: { $0.contains("{{") }) { return }
    for field in ["dryRun", "measurementRetention"] {
        let patterns = (spec[field]?.arrayValue ?? []).compactMap { $0["metricName"]?.stringValue }
        _ = try matches(of: patterns, in: names, field: field)
    }
}

/// Every argument without a value must be given by the Rollout.
private func checkSupplied(_ template: AnalysisTemplate, _ arguments: [OfferedArgument]) throws(AnalysisProblem) {
    for argument in template.arguments where argument.value == nil && argument.source == nil {
        if arguments.isEmpty { throw .invalid("missing analysis arguments in rollout spec") }
        if !arguments.contains(where: { $0.name == argument.name }) { throw .invalid(argument.name) }
    }
}

/// Every metric must come to an end by itself.
private func checkEnding(_ template: AnalysisTemplate, _ arguments: [OfferedArgument]) throws(AnalysisProblem) {
    var values: [String: String] = [:]
    // What the Rollout gives beyond what is declared is passed on where a placeholder names it.
    for argument in arguments { values[argument.name] = argument.value ?? dummyValue }
    for argument in template.arguments {
        if argument.source != nil && argument.value != nil {
            throw .invalid("AnalysisTemplate \(template.metadata.name): arg '\(argument.name)' has both Value and ValueFrom fields")
        }
        values[argument.name] = argument.value ?? dummyValue
    }
    for metric in template.metrics {
        let metric = try resolved(metric, arguments: values)
        guard metric.effectiveCount == nil else { continue }
        throw .invalid("AnalysisTemplate \(template.metadata.name) has metric \(metric.name) which runs indefinitely. "
            + "Invalid value for count: \(metric.count?.description ?? "<nil>")")
    }
}
