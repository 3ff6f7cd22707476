import KubeModel
import SimulatedCluster
import StrictJSON
import Testing

@Suite("A long release") struct LongRunTests {
    /// What a canary of 35 minutes asks of the cluster: pods of two revisions, three weights, a measurement each minute.
    @Test func takesLittleTimeAndFewRequests() throws {
        try GatewayTests.withRoute { cluster, _ in
            let prometheus = try cluster.addPrometheus()
            prometheus.script(.containing("my-app"), .errorRate(of: .route(webRoute, rule: 0)))
            let quiet = cluster.journal.count
            for (weight, minutes) in [(5, 5), (20, 10), (50, 10), (100, 10)] {
                try await cluster.apply(replicaSet("web-h2", replicas: max(1, weight / 10), image: "web:v2", hash: "h2"))
                try await cluster.apply(route(100 - weight, weight))
                for _ in 0..<minutes {
                    try await cluster.sleep(.seconds(60))
                    _ = try await ask(cluster, PrometheusTests.errorRate)
                }
            }
            let requests = await cluster.server.requestCounts.reduce(0) { $0 + $1.count }
            #expect(cluster.journal.count - quiet < 120, "\(cluster.journal.text)")
            // Seven watches that are renewed every five to ten minutes, and what the writes are.
            #expect(requests < 350)
        }
    }
}
