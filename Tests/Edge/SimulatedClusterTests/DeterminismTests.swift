import Clockwork
import SimulatedCluster
import StrictJSON
import Testing

@Suite("One seed") struct DeterminismTests {
    /// A release by hand, as the journal and Prometheus tell it.
    static func history(seed: UInt64) throws -> String {
        try simulate(seed: seed, definitions: GatewayAPIFiles.definitions()) { cluster, _ in
            for object in cluster.gatewayObjects(name: "edge") { try await cluster.apply(object) }
            let prometheus = try cluster.addPrometheus()
            prometheus.script(.containing("my-app"), .errorRate(of: .route(webRoute, rule: 0)))
            try await cluster.apply(service("stable", selector: ["rollouts-pod-template-hash": "h1"]))
            try await cluster.apply(service("canary", selector: ["rollouts-pod-template-hash": "h2"]))
            try await cluster.apply(route(100, 0))
            try await cluster.apply(replicaSet("web-h1", replicas: 4))
            try await cluster.waitUntil { $0.replicaSet("web-h1")?.status.availableReplicas == 4 }
            try await cluster.apply(replicaSet("web-h2", replicas: 4, image: "web:v2", hash: "h2"))
            try await cluster.waitUntil { $0.replicaSet("web-h2")?.status.availableReplicas == 4 }
            try await cluster.apply(route(20, 80))
            try await cluster.waitUntil { $0.reported() == 2 }
            try await cluster.apply(replicaSet("web-h1", replicas: 1))
            try await cluster.sleep(.seconds(60))
            return cluster.journal.text + "\(try await ask(cluster, PrometheusTests.errorRate))\n\(cluster.traffic(to: .route(webRoute, rule: 0)))\n"
        }
    }

    @Test func hasOneHistoryAndTwoSeedsHaveTwo() throws {
        let first = try Self.history(seed: 7)
        #expect(try Self.history(seed: 7) == first)
        #expect(try Self.history(seed: 8) != first)
        #expect(first.split(separator: "\n").count > 20)
    }

    @Test func hasTheSameHistoryInAnotherProcess() async throws {
        let result = await #expect(processExitsWith: .success, observing: [\.standardOutputContent]) {
            print("<<<" + (try Self.history(seed: 7)) + ">>>")
        }
        let output = String(decoding: try #require(result).standardOutputContent, as: UTF8.self)
        #expect(output.contains("<<<" + (try Self.history(seed: 7)) + ">>>"))
    }
}
