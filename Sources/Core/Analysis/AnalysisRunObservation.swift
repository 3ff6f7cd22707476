import KubeModel
import RolloutModel
import Safety

/// Everything that one AnalysisRun depends on, as it was seen at one moment.
public struct AnalysisRunObservation: Sendable, Equatable {
    public var run: AnalysisRun
    /// What came of reading the Secrets that `neededSecrets` names. Read for this observation, forgotten after it.
    public var secrets: [SecretReference: SecretReading]
    /// What missing data means for metrics that do not say.
    public var noData: NoDataPolicy = .error
    /// The rules that hold: all of them.
    package var guards: SafetyGuards = .all

    public init(run: AnalysisRun, secrets: [SecretReference: SecretReading] = [:]) {
        self.run = run
        self.secrets = secrets
    }

    /// The secret texts that must not leave.
    var secretValues: [String] {
        secrets.values.compactMap { reading in
            guard case .value(let text) = reading else { return nil }
            return text
        }
    }

    /// The value of a secret.
    func secret(_ reference: SecretReference) throws(AnalysisProblem) -> String {
        switch secrets[reference] {
        case .value(let text)?: return text
        case .refused(let cause)?: throw .invalid(cause)
        case nil: throw .invalid("secret '\(reference.name)' was not read")
        }
    }
}

/// A measurement to take now.
///
/// It holds the real values of secret arguments. It is handed to a provider and nowhere else.
public struct DueMeasurement: Sendable, Equatable, CustomStringConvertible, CustomDebugStringConvertible {
    /// What to do with it.
    public enum Move: Sendable, Equatable {
        /// Take a new measurement.
        case start
        /// Look again at one that is in flight.
        case resume(Measurement)
        /// Stop one that is in flight.
        case terminate(Measurement)
    }

    /// The metric with its placeholders resolved.
    public var metric: AnalysisMetric
    public var move: Move
    /// The run that the measurement belongs to.
    public var run: ObjectKey
    public var runUID: String
    /// 1 for the first measurement of the metric: what providers build names from.
    public var number: Int
    /// The same metric with another query: what it gives is the number of samples that the result rests on. Nil: nobody asks.
    public var sampleCount: AnalysisMetric?

    public init(metric: AnalysisMetric, move: Move, run: ObjectKey, runUID: String, number: Int) {
        self.metric = metric
        self.move = move
        self.run = run
        self.runUID = runUID
        self.number = number
    }

    /// Which measurement, without anything of the metric but its name: safe to log.
    public var description: String { "measurement \(number) of metric \"\(metric.name)\" of \(run)" }

    public var debugDescription: String { description }
}
