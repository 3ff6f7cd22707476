public import EmbeddedAPIServer

/// How the simulated parts of a cluster behave, as long as nothing else is said to them.
public struct ClusterSettings: Sendable {
    /// From the moment that a pod exists until it is Running and Ready.
    public var readyDelay: DelayRange = .between(.seconds(2), .seconds(5))
    /// The same for images whose tag says `slow`.
    public var slowDelay: Duration = .seconds(6)
    /// How long pods run that are meant to end, such as those of Jobs, where they do not say it themselves.
    public var runDuration: DelayRange = .between(.seconds(1), .seconds(3))
    /// How long a pod that is being deleted stays; zero removes it at once.
    public var terminationDelay: Duration = .seconds(1)
    /// From the change of a route until the gateway has programmed and reported it.
    public var routeDelay: DelayRange = .between(.seconds(1), .seconds(3))
    /// The `controllerName` of the GatewayClasses that are simulated.
    public var gatewayController: String = "gateway.example/simulated"
    /// Whether every write and every question to Prometheus is remembered, to compare histories. Not for clusters that live long.
    public var keepsHistory: Bool = true
    /// Of the embedded API server.
    public var server: ServerSettings = ServerSettings()

    /// The defaults, which are those of a small and healthy cluster.
    public init() {}
}

/// How long something takes: always the same, or drawn between two bounds.
public enum DelayRange: Sendable, Hashable {
    case exactly(Duration)
    /// Both included; drawn to the millisecond.
    case between(Duration, Duration)

    func draw(using random: inout some RandomNumberGenerator) -> Duration {
        switch self {
        case .exactly(let delay): return delay
        case .between(let low, let high):
            let span = max(.zero, high - low)
            let milliseconds = span.components.seconds * 1000 + span.components.attoseconds / 1_000_000_000_000_000
            return low + .milliseconds(Int64(draw(below: UInt64(milliseconds) + 1, using: &random)))
        }
    }

    private func draw(below bound: UInt64, using random: inout some RandomNumberGenerator) -> UInt64 {
        random.next().multipliedFullWidth(by: bound).high
    }
}
