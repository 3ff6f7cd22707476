public import Analysis
public import KubeClient
public import Logging
public import Observability

/// What the command line says.
public struct ControllerFlags: Sendable, Equatable {
    /// Look only after the namespace of the connection.
    public var isNamespaced = false
    /// Look only after objects that carry this instance id; empty: only after those that carry none.
    public var instanceID = ""
    /// Run the analyses of others, leave Rollouts alone.
    public var onlyAnalysis = false
    /// Requests a second that each kind (reads, writes, events) may make in the long run.
    public var requestsPerSecond = RateBudget.defaultPerSecond
    /// Requests of each kind that may be made at once.
    public var requestBurst = RateBudget.defaultBurst
    public var rolloutWorkers = 10
    public var analysisRunWorkers = 30
    /// What missing data means for metrics that do not say.
    public var noData: NoDataPolicy = .error
    /// 0 takes a free port, which is logged.
    public var metricsPort = 8090
    public var healthPort = 8080
    /// The address that both are served on.
    public var bindAddress = "0.0.0.0"
    public var electsLeader = true
    public var leaseDuration: Duration = .seconds(15)
    public var leaseRenewDeadline: Duration = .seconds(10)
    public var leaseRetryPeriod: Duration = .seconds(2)
    public var logLevel: Logger.Level = .info
    public var logFormat: LogFormat = .text
    /// Empty: `KUBECONFIG`, or the usual file, or the service account of the pod.
    public var kubeconfig = ""
    public var connection = Kubeconfig.Overrides()
    /// For everything but watches.
    public var requestTimeout: Duration = .seconds(30)
    public var printsVersion = false
    public var printsHelp = false
    /// Flags that were given a value other than their default, and that have no effect here; each once, in their order.
    public var ignored: [String] = []

    /// The defaults.
    public init() {}
}
