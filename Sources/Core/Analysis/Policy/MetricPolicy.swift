import Clockwork
import RolloutModel
import StrictJSON

/// What a metric says about missing data and about single bad samples, beyond what Argo Rollouts knows.
///
/// It stands in an annotation, or in the free-form `plugin` map of the metric's provider. Without it everything is as there.
public struct MetricPolicy: Sendable, Hashable {
    /// The annotation of templates and runs: `{"<metric>": {…}, "*": {…}}`.
    public static let annotation = "sluice/analysis"
    /// The entry of `provider.plugin` that is a policy and no provider.
    static let pluginEntry = "sluice/analysis"
    /// Stands for all metrics that have no entry of their own.
    static let everyMetric = "*"

    /// Nil: as the controller's flag says.
    public var noData: NoDataPolicy?
    /// A result that rests on fewer samples is no data.
    public var minimumSamples: MinimumSamples?
    /// Takes the place of `failureLimit`.
    public var failures: FailureQuota?
    /// One bad sample alone does not end the metric: the next one must be bad as well.
    public var confirms: Bool

    /// How many samples a result has to rest on.
    public struct MinimumSamples: Sendable, Hashable {
        /// At least 1.
        public var count: Int
        /// Asked of the same provider as the metric itself; what it answers is the number of samples.
        public var query: String
    }

    /// So many failures of the last so many measurements.
    public struct FailureQuota: Sendable, Hashable {
        /// At least 1, at most `of`.
        public var count: Int
        /// At most 100, so that the status can hold them.
        public var of: Int
    }

    /// Without arguments: as the API has it.
    public init(
        noData: NoDataPolicy? = nil, minimumSamples: MinimumSamples? = nil, failures: FailureQuota? = nil, confirms: Bool = false
    ) {
        self.noData = noData
        self.minimumSamples = minimumSamples
        self.failures = failures
        self.confirms = confirms
    }

    /// As the API has it.
    static let none = MetricPolicy()

    /// A hundred measurements are a few kilobytes in the status; more would not say more.
    static let longestWindow = 100

    /// What is to be done where there is no data.
    func noData(default standard: NoDataPolicy) -> NoDataPolicy {
        if let noData { return noData }
        // Who asks for a number of samples does not want an error for the time until they are there.
        return standard == .error && minimumSamples != nil ? NoDataPolicy.patient : standard
    }

    /// How many measurements must be kept for it.
    var measurementsNeeded: Int { max(failures?.of ?? 0, confirms ? 2 : 0) }
}

/// What a measurement without data comes to.
public indirect enum NoDataPolicy: Sendable, Hashable {
    /// As Argo Rollouts: whatever the condition makes of it, which is an error for most.
    case error
    case pass, fail, inconclusive
    /// Look again, for so long from the beginning of the measurement; then `then`.
    case wait(atMost: Duration, then: NoDataPolicy)

    static let usualWait = Duration.seconds(600)
    /// What `wait` means where nothing else is said.
    static let patient = NoDataPolicy.wait(atMost: usualWait, then: .inconclusive)

    /// Reads a flag: `error`, `pass`, `fail`, `inconclusive`, `wait`, or `wait=15m`. Nil: it is none of them.
    public init?(flag: String) {
        let parts = flag.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard let policy = Self.named(parts[0]) else { return nil }
        guard parts.count > 1 else {
            self = policy
            return
        }
        // Not a duration: not a flag.
        guard case .wait(_, let then) = policy, let duration = try? GoDuration(parsing: parts[1]).duration, duration > .zero else { return nil }
        self = .wait(atMost: duration, then: then)
    }

    static func named(_ name: String) -> NoDataPolicy? {
        switch name {
        case "error": .error
        case "pass": .pass
        case "fail": .fail
        case "inconclusive": .inconclusive
        case "wait": .patient
        default: nil
        }
    }

    /// `wait 10m0s, then inconclusive`
    var text: String {
        switch self {
        case .error: "error"
        case .pass: "pass"
        case .fail: "fail"
        case .inconclusive: "inconclusive"
        case .wait(let duration, let then): "wait \(GoDuration(duration).text), then \(then.text)"
        }
    }
}
