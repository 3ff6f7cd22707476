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

    @Test(arguments: 0..<20 as Range<UInt64>) func comesToRestWhateverTheOrder(seed: UInt64) throws {
        try GatewayTests.withRoute(ClusterSettings(), seed: seed) { cluster, _ in
            for step in 1...3 {
                try await cluster.apply(replicaSet("web-h2", replicas: step, image: "web:v2", hash: "h2"))
                try await cluster.apply(route(100 - 30 * step, 30 * step))
                try await cluster.apply(replicaSet("web-h1", replicas: 3 - step))
                try await cluster.sleep(.seconds(1))
            }
            try await cluster.apply(route(0, 100))
            try await cluster.sleep(.seconds(30))
            let settled = cluster.journal.count
            try await cluster.sleep(.seconds(1800))
            #expect(cluster.journal.count == settled, "seed \(seed): \(cluster.journal.text)")
            #expect(cluster.traffic(to: .route(webRoute, rule: 0)).fraction(ofRevision: "h2") == 1, "seed \(seed)")
            let pods = await cluster.pods()
            #expect(pods.map(\.revision) == ["h2", "h2", "h2"], "seed \(seed)")
            #expect(pods.filter(\.isReady).count == 3, "seed \(seed)")
        }
    }
}
