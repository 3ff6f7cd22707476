import StrictJSON

/// Metrics whose names the pattern finds are measured without consequences.
public struct DryRunRule: Sendable, Hashable {
    /// A regular expression that is searched, not anchored, in metric names.
    public var metricName: String

    public init(metricName: String) { self.metricName = metricName }

    /// The rule as it stands in an object.
    public var json: JSONValue { ["metricName": .string(metricName)] }

    /// Reads a rule; what has the wrong type is appended to `problems`.
    public init(_ value: JSONValue, at path: String, _ problems: inout [FieldProblem]) {
        metricName = AnalysisReader(value, at: path, &problems).string("metricName", &problems) ?? ""
    }
}

/// How many measurements are kept for the metrics whose names the pattern finds.
public struct MeasurementRetentionRule: Sendable, Hashable {
    /// A regular expression that is searched, not anchored, in metric names.
    public var metricName: String
    /// How many of the newest measurements stay; zero or less keeps the default.
    public var limit: Int

    public init(metricName: String, limit: Int) {
        self.metricName = metricName
        self.limit = limit
    }

    /// The rule as it stands in an object.
    public var json: JSONValue { ["metricName": .string(metricName), "limit": .number(JSONNumber(limit))] }

    /// Reads a rule; what has the wrong type is appended to `problems`.
    public init(_ value: JSONValue, at path: String, _ problems: inout [FieldProblem]) {
        let fields = AnalysisReader(value, at: path, &problems)
        metricName = fields.string("metricName", &problems) ?? ""
        limit = fields.int("limit", &problems) ?? 0
    }
}

/// After how many seconds a completed run is deleted.
public struct AnalysisTTLStrategy: Sendable, Hashable {
    public var secondsAfterCompletion: Int?
    public var secondsAfterSuccess: Int?
    public var secondsAfterFailure: Int?

    public init(secondsAfterCompletion: Int? = nil, secondsAfterSuccess: Int? = nil, secondsAfterFailure: Int? = nil) {
        self.secondsAfterCompletion = secondsAfterCompletion
        self.secondsAfterSuccess = secondsAfterSuccess
        self.secondsAfterFailure = secondsAfterFailure
    }
}
