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
    /// What was asked, for people: the query, or method and address.
    public var asked: String
    /// What came back where no result could be taken out of it; empty: nothing did.
    public var answered: String = ""
    /// On how many samples the result rests, where the metric's policy asks for that.
    public var sampleCount: SampleCount?

    public init(
        metric: String, startedAt: Timestamp, finishedAt: Timestamp, finding: Finding,
        metadata: [String: String] = [:], metricMetadata: [String: String] = [:], sensitive: [String] = [],
        asked: String = "", sampleCount: SampleCount? = nil
    ) {
        self.metric = metric
        self.startedAt = startedAt
        self.finishedAt = finishedAt
        self.finding = finding
        self.metadata = metadata
        self.metricMetadata = metricMetadata
        self.sensitive = sensitive
        self.asked = asked
        self.sampleCount = sampleCount
    }
}

/// What came of counting the samples behind a result.
public enum SampleCount: Sendable, Equatable {
    case counted(Double)
    /// They could not be counted, and why.
    case failed(String)

    /// Reads the answer of the counting query: the sum of what it gives; nothing counts as none.
    public init(_ finding: MeasurementOutcome.Finding) {
        switch finding {
        case .sample(let sample):
            switch sample.result {
            case .float(let number): self = .counted(number.isNaN ? 0 : number)
            case .floats(let numbers): self = .counted(numbers.reduce(0) { $0 + ($1.isNaN ? 0 : $1) })
            // Not cut here: what has a secret in it must be whole when it is masked.
            default: self = sample.result.isNilOrEmptyList ? .counted(0) : .failed("\(quoted(sample.text)) is no number")
            }
        case .failure(let message): self = .failed(message)
        case .verdict, .inFlight: self = .failed("the provider answers no queries")
        }
    }
}

/// A result before it is judged.
public struct MetricSample: Sendable, Equatable {
    /// What `result` is in the conditions.
    public var result: ExpressionValue
    /// The result as text, for `measurement.value`.
    public var text: String
    /// Whether there is nothing in it to judge: no series, nothing at all, or nothing but results of 0/0.
    var hasNoData: Bool {
        switch result {
        case .float(let number): number.isNaN
        case .floats(let numbers): numbers.allSatisfy(\.isNaN)
        default: result.isNilOrEmptyList
        }
    }

    /// Whether the text stays when a condition cannot be evaluated; with most providers it does not.
    public var keepsTextOnError: Bool

    public init(result: ExpressionValue, text: String, keepsTextOnError: Bool = false) {
        self.result = result
        self.text = text
        self.keepsTextOnError = keepsTextOnError
    }
}
