import KubeModel
import StrictJSON

/// An AnalysisRun as far as we read it.
public struct AnalysisRun: ReadModel {
    /// `analysisruns`: the kind has no status subresource, so its status is patched on the object itself.
    public static var resource: GroupVersionResource { .analysisRuns }

    public var metadata: ObjectMeta
    public var spec: AnalysisRunSpec
    public var status: AnalysisRunStatus
    /// The status as it stands in the object: what a patch is made against.
    public var rawStatus: JSONValue
    /// Fields of the wrong type; an unfinished run with any ends in phase Error and says which.
    public var problems: [FieldProblem]

    /// Reads a run; only metadata that cannot be read is an error, all else is in `problems`.
    public init(json: JSONValue) throws(DecodeError) {
        metadata = try ObjectMeta(object: json)
        var problems: [FieldProblem] = []
        spec = AnalysisRunSpec(json["spec"], &problems)
        rawStatus = json["status"] ?? .null
        status = AnalysisRunStatus(json: json["status"] ?? .null, &problems)
        self.problems = problems
    }
}

/// What an AnalysisRun was asked to do.
public struct AnalysisRunSpec: Sendable, Equatable {
    /// The metrics with their placeholders unresolved.
    public var metrics: [AnalysisMetric]
    public var arguments: [AnalysisArgument]
    public var dryRun: [DryRunRule]
    public var measurementRetention: [MeasurementRetentionRule]
    /// A request to stop.
    public var terminate: Bool
    public var ttlStrategy: AnalysisTTLStrategy?
    /// The spec as it stands in the object.
    public var raw: JSONValue

    init(_ value: JSONValue?, _ problems: inout [FieldProblem]) {
        raw = value ?? [:]
        let fields = AnalysisReader(value, at: "spec", &problems)
        metrics = fields.elements("metrics", &problems).map { AnalysisMetric($0.value, at: $0.path, &problems) }
        arguments = fields.elements("args", &problems).map { AnalysisArgument($0.value, at: $0.path, &problems) }
        dryRun = fields.elements("dryRun", &problems).map { DryRunRule($0.value, at: $0.path, &problems) }
        measurementRetention = fields.elements("measurementRetention", &problems)
            .map { MeasurementRetentionRule($0.value, at: $0.path, &problems) }
        terminate = fields.bool("terminate", &problems)
        ttlStrategy = fields.fields("ttlStrategy", &problems).map { ttl in
            AnalysisTTLStrategy(
                secondsAfterCompletion: ttl.int("secondsAfterCompletion", &problems),
                secondsAfterSuccess: ttl.int("secondsAfterSuccess", &problems),
                secondsAfterFailure: ttl.int("secondsAfterFailure", &problems))
        }
    }
}
