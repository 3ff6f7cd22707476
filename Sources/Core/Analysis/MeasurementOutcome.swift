import Clockwork
import Expression
import RolloutModel

/// What a provider brought back for one due measurement.
public struct MeasurementOutcome: Sendable, Equatable {
    /// What was found.
    public enum Finding: Sendable, Equatable {
        /// A result that the metric's conditions judge.
        case sample(MetricSample)
        /// No result, and why.
        case failure(String)
        /// The provider judges by itself; conditions are not looked at.
        case verdict(AnalysisPhase, message: String, value: String)
        /// Not done; look again at `resumeAt`, or when something happens.
        case inFlight(resumeAt: Timestamp?)
    }

    /// The name of the metric.
    public var metric: String
    public var startedAt: Timestamp
    public var finishedAt: Timestamp
    public var finding: Finding
    /// Metadata of the measurement, added to what it has.
    public var metadata: [String: String]
    /// Metadata of the metric, kept from the first measurement on.
    public var metricMetadata: [String: String]
    /// Texts that must not be stored, beside the run's own secrets: a token that the provider was given.
    public var sensitive: [String]

    public init(
        metric: String, startedAt: Timestamp, finishedAt: Timestamp, finding: Finding,
        metadata: [String: String] = [:], metricMetadata: [String: String] = [:], sensitive: [String] = []
    ) {
        self.metric = metric
        self.startedAt = startedAt
        self.finishedAt = finishedAt
        self.finding = finding
        self.metadata = metadata
        self.metricMetadata = metricMetadata
        self.sensitive = sensitive
    }
}

/// A result before it is judged.
public struct MetricSample: Sendable, Equatable {
    /// What `result` is in the conditions.
    public var result: ExpressionValue
    /// The result as text, for `measurement.value`.
    public var text: String
    /// Whether the text stays when a condition cannot be evaluated; with most providers it does not.
    public var keepsTextOnError: Bool

    public init(result: ExpressionValue, text: String, keepsTextOnError: Bool = false) {
        self.result = result
        self.text = text
        self.keepsTextOnError = keepsTextOnError
    }
}
