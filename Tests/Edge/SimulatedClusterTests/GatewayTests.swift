import Clockwork
import EmbeddedAPIServer
import KubeModel
import SimulatedCluster
import SimulatedTime
import StrictJSON
import Testing

@Suite("The gateway") struct GatewayTests {
    /// A cluster with a stable and a canary version behind a route, all ready.
    static func withRoute(
        _ settings: ClusterSettings? = nil, seed: UInt64 = 1, weights: (Int, Int) = (100, 0),
        _ body: @escaping @Sendable (SimulatedCluster, VirtualClock) async throws -> Void
    ) throws {
        let definitions = try GatewayAPIFiles.definitions()
        try simulate(seed: seed, definitions: definitions, settings: settings ?? punctual) { cluster, clock in
            for object in cluster.gatewayObjects(name: "edge") { try await cluster.apply(object) }
            try await cluster.apply(service("stable", selector: ["rollouts-pod-template-hash": "h1"]))
            try await cluster.apply(service("canary", selector: ["rollouts-pod-template-hash": "h2"]))
            try await cluster.apply(replicaSet("web-h1", replicas: 3))
            try await cluster.apply(replicaSet("web-h2", replicas: 1, image: "web:v2", hash: "h2"))
            try await cluster.waitUntil { $0.readyEndpoints("stable").count == 3 && $0.readyEndpoints("canary").count == 1 }
            try await cluster.apply(route(weights.0, weights.1))
            try await body(cluster, clock)
        }
    }

    @Test func reportsEachGenerationAfterADelay() throws {
        try Self.withRoute { cluster, clock in
            let start = clock.now
            try await cluster.waitUntil { $0.reported() == 1 }
            #expect((.seconds(1)...(.seconds(3))).contains(clock.now - start))
            let parent = await cluster.server.state.route()?.parents.first
            #expect(parent?.conditions.map(\.type) == ["Accepted", "ResolvedRefs"])
            #expect(parent?.conditions.allSatisfy(\.isTrue) ?? false)
            #expect(parent?.controllerName == "gateway.example/simulated")
            try await cluster.apply(route(90, 10))
            try await cluster.waitUntil { $0.reported() == 2 }
            #expect(cluster.programmedRoute(webRoute)?.rules[0].map(\.weight) == [90, 10])
        }
    }

    @Test func sendsByWhatItHasProgrammedNotByWhatIsWritten() throws {
        try Self.withRoute { cluster, _ in
            let target = TrafficTarget.route(webRoute, rule: 0)
            #expect(cluster.traffic(to: target) == .allFailed)
            try await cluster.waitUntil { $0.reported() == 1 }
            #expect(cluster.traffic(to: target).fraction(ofRevision: "h1") == 1)
            try await cluster.apply(route(75, 25))
            try await cluster.settle()
            #expect(cluster.traffic(to: target).fraction(ofRevision: "h1") == 1)
            try await cluster.waitUntil { $0.reported() == 2 }
            let shares = cluster.traffic(to: target)
            #expect(shares.fraction(ofRevision: "h1") == 0.75)
            #expect(shares.fraction(ofImage: "web:v2") == 0.25)
            #expect(shares.failed == 0)
        }
    }

    @Test func losesWhatHasNoReadyEndpoint() throws {
        try Self.withRoute(weights: (60, 40)) { cluster, _ in
            try await cluster.waitUntil { $0.reported() == 1 }
            await cluster.setReadiness(false) { $0.revision == "h2" }
            try await cluster.waitUntil { $0.readyEndpoints("canary").isEmpty }
            try await cluster.settle()
            let shares = cluster.traffic(to: .route(webRoute, rule: 0))
            #expect(shares.failed == 0.4)
            #expect(shares.fraction(ofRevision: "h1") == 0.6)
        }
    }

    @Test func saysWhenABackendIsMissingAndWhenItIsThere() throws {
        try Self.withRoute(weights: (60, 40)) { cluster, _ in
            try await cluster.waitUntil { $0.reported() == 1 }
            try await cluster.client(userAgent: "kubectl").delete(.services, namespace: "default", name: "canary")
            try await cluster.waitUntil { $0.condition("ResolvedRefs")?.isFalse ?? false }
            let condition = await cluster.server.state.condition("ResolvedRefs")
            #expect(condition?.reason == "BackendNotFound")
            #expect(condition?.message == "service default/canary not found")
            #expect(cluster.traffic(to: .route(webRoute, rule: 0)).failed == 0.4)
            try await cluster.apply(service("canary", selector: ["rollouts-pod-template-hash": "h2"]))
            try await cluster.waitUntil { $0.condition("ResolvedRefs")?.isTrue ?? false }
        }
    }

    @Test func canBeSilentAndProgramsAllTheSame() throws {
        try Self.withRoute { cluster, _ in
            try await cluster.waitUntil { $0.reported() == 1 }
            cluster.setGatewayBehaviour(.silent)
            try await cluster.apply(route(50, 50))
            try await cluster.sleep(.seconds(60))
            let reported = await cluster.server.state.reported()
            #expect(reported == 1)
            #expect(cluster.traffic(to: .route(webRoute, rule: 0)).fraction(ofRevision: "h2") == 0.5)
            cluster.setGatewayBehaviour(nil)
            try await cluster.waitUntil { $0.reported() == 2 }
        }
    }

    @Test func canReject() throws {
        try Self.withRoute { cluster, _ in
            try await cluster.waitUntil { $0.reported() == 1 }
            cluster.setGatewayBehaviour(.rejecting(reason: "UnsupportedValue", message: "no such weight"), of: webRoute)
            try await cluster.apply(route(50, 50))
            try await cluster.waitUntil { $0.reported() == 2 }
            let accepted = await cluster.server.state.condition("Accepted")
            #expect(accepted?.isFalse ?? false)
            #expect(accepted?.reason == "UnsupportedValue")
            #expect(cluster.traffic(to: .route(webRoute, rule: 0)).fraction(ofRevision: "h2") == 0)
            cluster.setGatewayBehaviour(nil, of: webRoute)
            try await cluster.waitUntil { $0.condition("Accepted")?.isTrue ?? false }
            #expect(cluster.traffic(to: .route(webRoute, rule: 0)).fraction(ofRevision: "h2") == 0.5)
        }
    }

    @Test func canLagAndBeStuck() throws {
        try Self.withRoute { cluster, clock in
            try await cluster.waitUntil { $0.reported() == 1 }
            cluster.setGatewayBehaviour(.lagging(by: .seconds(90)))
            let start = clock.now
            try await cluster.apply(route(50, 50))
            try await cluster.waitUntil { $0.reported() == 2 }
            #expect((.seconds(91)...(.seconds(93))).contains(clock.now - start))
            cluster.setGatewayBehaviour(.stuck)
            try await cluster.apply(route(40, 60))
            try await cluster.sleep(.seconds(600))
            let reported = await cluster.server.state.reported()
            #expect(reported == 2)
            #expect(cluster.programmedRoute(webRoute)?.generation == 2)
        }
    }

    @Test func leavesRoutesOfOthersAndTheirReportsAlone() throws {
        let definitions = try GatewayAPIFiles.definitions()
        try simulate(definitions: definitions) { cluster, _ in
            for object in cluster.gatewayObjects(name: "edge") { try await cluster.apply(object) }
            try await cluster.apply(service("stable"))
            try await cluster.apply(service("canary"))
            var written = route(100, 0)
            written.set([["name": "elsewhere"]], at: ["spec", "parentRefs"])
            try await cluster.apply(written)
            try await cluster.sleep(.seconds(60))
            let parents = await cluster.server.state.route()?.parents
            #expect(parents == [])
            let theirs: JSONValue = [
                "controllerName": "example.com/other", "parentRef": ["name": "elsewhere"],
                "conditions": [Condition(type: "Accepted", status: "True", reason: "Accepted", message: "ok", lastTransitionTime: .epoch).json],
            ]
            _ = try await cluster.client(userAgent: "other").patch(
                .httpRoutes, namespace: "default", name: "web", subresource: "status", .merge(["status": ["parents": [theirs]]]))
            written.set([["name": "elsewhere"], ["name": "edge"]], at: ["spec", "parentRefs"])
            try await cluster.apply(written)
            try await cluster.waitUntil { $0.route()?.parents.count == 2 }
            let names = await cluster.server.state.route()?.parents.map(\.controllerName)
            #expect(names == ["example.com/other", "gateway.example/simulated"])
        }
    }
}

let webRoute = ObjectKey(namespace: "default", name: "web")

func route(_ stable: Int, _ canary: Int) -> JSONValue {
    [
        "apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute", "metadata": ["name": "web"],
        "spec": [
            "parentRefs": [["name": "edge"]],
            "rules": [["backendRefs": [
                ["name": "stable", "port": 80, "weight": JSONValue(stable)], ["name": "canary", "port": 80, "weight": JSONValue(canary)],
            ]]],
        ],
    ]
}

extension ServerState {
    // In these, what cannot be read is what is not there: the expectation on it fails.
    func route() -> HTTPRoute? { object(.httpRoutes, webRoute).flatMap { try? HTTPRoute(json: $0) } }

    func condition(_ type: String) -> Condition? { route()?.parents.first?.conditions.condition(type) }

    /// The generation that the gateway speaks of.
    func reported() -> Int64? { condition("Accepted")?.observedGeneration }

    func readyEndpoints(_ service: String) -> [String] {
        objects(of: .endpointSlices).compactMap { try? EndpointSlice(json: $0) }
            .filter { $0.serviceName == service }.flatMap(\.readyPods).sorted()
    }
}
