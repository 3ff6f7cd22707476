public import HTTPTransport
public import KubeModel
public import StrictJSON
import Clockwork

extension SimulatedCluster {
    // MARK: Gateway

    /// The GatewayClass and the Gateway that the simulated gateway looks after, ready to be applied.
    public func gatewayObjects(name: String, namespace: String = "default", className: String = "simulated") -> [JSONValue] {
        let group = "gateway.networking.k8s.io/v1"
        return [
            [
                "apiVersion": .string(group), "kind": "GatewayClass", "metadata": ["name": .string(className)],
                "spec": ["controllerName": .string(gateway.controllerName)],
            ],
            [
                "apiVersion": .string(group), "kind": "Gateway", "metadata": ["name": .string(name), "namespace": .string(namespace)],
                "spec": [
                    "gatewayClassName": .string(className),
                    "listeners": [["name": "http", "port": 80, "protocol": "HTTP", "allowedRoutes": ["namespaces": ["from": "All"]]]],
                ],
            ],
        ]
    }

    /// How the gateway treats one route, or all others when `route` is nil. Nil undoes what was said.
    public func setGatewayBehaviour(_ behaviour: GatewayBehaviour?, of route: ObjectKey? = nil) { gateway.setBehaviour(behaviour, of: route) }

    /// What the data plane does for a route; nil where the gateway has not taken it.
    public func programmedRoute(_ key: ObjectKey) -> ProgrammedRoute? { gateway.programmed(key) }

    // MARK: Traffic

    /// Where requests go at this moment: by what the gateway has programmed and what endpoints are ready, not by what is written.
    public func traffic(to target: TrafficTarget) -> TrafficShares { traffic.shares(of: target) }

    // MARK: Metrics

    /// A Prometheus at `origin`, such as `http://prometheus:9090`.
    ///
    /// - Parameter aliases: other origins that lead to the same one.
    public func addPrometheus(
        at origin: String = "http://prometheus:9090", aliases: [String] = []
    ) throws(TransportError) -> SimulatedPrometheus {
        let prometheus = SimulatedPrometheus(clock: clock, seed: metricSeed ^ FNV.fnv1a64(origin.utf8), history: history, keepsQuestions: keepsHistory)
        for name in [origin] + aliases {
            try network.register(name) { (request) async throws(TransportError) in try await prometheus.answer(request) }
        }
        return prometheus
    }
}
