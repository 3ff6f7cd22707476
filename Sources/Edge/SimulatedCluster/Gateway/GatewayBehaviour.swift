/// How a gateway treats routes.
public enum GatewayBehaviour: Sendable, Hashable {
    /// Programs and reports each generation after the delay of the settings.
    case prompt
    /// The same, so much later.
    case lagging(by: Duration)
    /// Programs, and never says so.
    case silent
    /// Neither programs nor reports.
    case stuck
    /// Reports `Accepted: False`, and goes on with what it has programmed before.
    case rejecting(reason: String, message: String)
}

/// What a gateway sends where, for one route: the state of its data plane, not what is written in the route.
public struct ProgrammedRoute: Sendable, Hashable {
    /// The generation of the route that this is made from.
    public var generation: Int64
    /// In the order of the route.
    public var rules: [[Backend]]

    /// Where a share of the requests of a rule goes.
    public struct Backend: Sendable, Hashable {
        public var namespace: String
        public var name: String
        public var weight: Int
        /// Anything else takes no requests here.
        public var isService: Bool
    }
}
