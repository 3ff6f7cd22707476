/// What a metric is called, what it means, and which labels its series carry.
public struct MetricDefinition: Sendable, Hashable {
    /// What the numbers are.
    public enum Kind: Sendable, Hashable {
        /// Only grows, until the process ends.
        case counter
        /// The value of a moment.
        case gauge
        /// How many values were at most as large as each of these bounds, which rise; one without bound is always there.
        case histogram(bounds: [Double])

        var typeName: String {
            switch self {
            case .counter: "counter"
            case .gauge: "gauge"
            case .histogram: "histogram"
            }
        }
    }

    /// Ten thousand objects with ten series each; what is beyond is an error in the choice of labels.
    public static let defaultSeriesLimit = 100_000

    public var name: String
    public var help: String
    public var kind: Kind
    /// Names of the labels; series give their values in this order.
    public var labels: [String]
    /// How many series there may be; further ones are dropped and counted.
    public var seriesLimit: Int
    /// Series that did not change for so long disappear. Nil: they stay.
    public var idleLimit: Duration?

    /// A metric with the given properties.
    public init(
        _ name: String, _ kind: Kind, labels: [String] = [], help: String, seriesLimit: Int = MetricDefinition.defaultSeriesLimit,
        idleLimit: Duration? = nil
    ) {
        if case .histogram(let bounds) = kind { precondition(zip(bounds, bounds.dropFirst()).allSatisfy(<), "the bounds of \(name) do not rise") }
        self.name = name
        self.kind = kind
        self.labels = labels
        self.help = help
        self.seriesLimit = seriesLimit
        self.idleLimit = idleLimit
    }
}
