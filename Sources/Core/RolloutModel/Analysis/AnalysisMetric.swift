import StrictJSON

/// One metric of a template or a run: what is measured, how often, and what the numbers mean.
public struct AnalysisMetric: Sendable, Hashable {
    public var name: String
    /// Pause between the end of a measurement and the next one, a Go duration; nil: one measurement.
    public var interval: String?
    /// How long after the start of the run the first measurement is taken, a Go duration.
    public var initialDelay: String?
    public var count: IntOrString?
    public var successCondition: String
    public var failureCondition: String
    public var failureLimit: IntOrString?
    public var inconclusiveLimit: IntOrString?
    public var consecutiveErrorLimit: IntOrString?
    public var consecutiveSuccessLimit: IntOrString?
    /// The provider member as it stands in the object.
    public var provider: JSONObject
    /// The whole metric as it stands in the object.
    public var raw: JSONValue

    /// Reads a metric; what has the wrong type is appended to `problems` and read as absent.
    public init(_ value: JSONValue, at path: String, _ problems: inout [FieldProblem]) {
        let fields = AnalysisReader(value, at: path, &problems)
        raw = value
        name = fields.string("name", &problems) ?? ""
        // An empty duration is an absent one: the API's Go types cannot tell them apart.
        interval = fields.string("interval", &problems).flatMap { $0.isEmpty ? nil : $0 }
        initialDelay = fields.string("initialDelay", &problems).flatMap { $0.isEmpty ? nil : $0 }
        count = fields.intOrString("count", &problems)
        successCondition = fields.string("successCondition", &problems) ?? ""
        failureCondition = fields.string("failureCondition", &problems) ?? ""
        failureLimit = fields.intOrString("failureLimit", &problems)
        inconclusiveLimit = fields.intOrString("inconclusiveLimit", &problems)
        consecutiveErrorLimit = fields.intOrString("consecutiveErrorLimit", &problems)
        consecutiveSuccessLimit = fields.intOrString("consecutiveSuccessLimit", &problems)
        provider = fields.fields("provider", &problems)?.object ?? JSONObject()
    }

    /// The number of non-error measurements after which the metric is done; nil: without end.
    public var effectiveCount: Int? {
        guard let count, count.intValue != 0 else { return interval == nil ? 1 : nil }
        return count.intValue
    }
}
