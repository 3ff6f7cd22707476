import KubeModel
import StrictJSON

/// An AnalysisTemplate or the content of a ClusterAnalysisTemplate, as far as we read it.
public struct AnalysisTemplate: ReadModel {
    public static var resource: GroupVersionResource { .analysisTemplates }

    public var metadata: ObjectMeta
    /// True for a ClusterAnalysisTemplate.
    public var isClusterScoped: Bool
    /// The spec as it stands in the object.
    public var spec: JSONValue
    public var metrics: [AnalysisMetric]
    public var arguments: [AnalysisArgument]
    public var dryRun: [DryRunRule]
    public var measurementRetention: [MeasurementRetentionRule]
    /// Other templates that belong to this one.
    public var templates: [RolloutAnalysis.TemplateReference]
    /// Fields of the wrong type; a template with any cannot become a run.
    public var problems: [FieldProblem]

    /// Reads a namespaced template; only metadata that cannot be read is an error, all else is in `problems`.
    public init(json: JSONValue) throws(DecodeError) { try self.init(json: json, isClusterScoped: false) }

    /// Reads a template of either kind; only metadata that cannot be read is an error, all else is in `problems`.
    public init(json: JSONValue, isClusterScoped: Bool) throws(DecodeError) {
        metadata = try ObjectMeta(object: json)
        self.isClusterScoped = isClusterScoped
        var problems: [FieldProblem] = []
        spec = json["spec"] ?? [:]
        let fields = AnalysisReader(json["spec"], at: "spec", &problems)
        metrics = fields.elements("metrics", &problems).map { AnalysisMetric($0.value, at: $0.path, &problems) }
        arguments = fields.elements("args", &problems).map { AnalysisArgument($0.value, at: $0.path, &problems) }
        dryRun = fields.elements("dryRun", &problems).map { DryRunRule($0.value, at: $0.path, &problems) }
        measurementRetention = fields.elements("measurementRetention", &problems)
            .map { MeasurementRetentionRule($0.value, at: $0.path, &problems) }
        templates = fields.elements("templates", &problems).map { element in
            let reference = AnalysisReader(element.value, at: element.path, &problems)
            return RolloutAnalysis.TemplateReference(
                name: reference.string("templateName", &problems) ?? "",
                isClusterScoped: reference.bool("clusterScope", &problems))
        }
        self.problems = problems
    }

    /// The reference that finds this template.
    public var reference: RolloutAnalysis.TemplateReference {
        RolloutAnalysis.TemplateReference(name: metadata.name, isClusterScoped: isClusterScoped)
    }
}

/// A ClusterAnalysisTemplate: the same content in another collection.
public struct ClusterAnalysisTemplate: ReadModel {
    public static var resource: GroupVersionResource { .clusterAnalysisTemplates }

    /// The content, marked as cluster-scoped.
    public var template: AnalysisTemplate
    public var metadata: ObjectMeta { template.metadata }

    public init(json: JSONValue) throws(DecodeError) { template = try AnalysisTemplate(json: json, isClusterScoped: true) }
}
