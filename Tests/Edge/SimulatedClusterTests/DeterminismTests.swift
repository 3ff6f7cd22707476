import Clockwork
import SimulatedCluster
import StrictJSON
import Testing

@Suite("One seed") struct DeterminismTests {
    /// A release by hand, as the journal tells it.
    static func history(seed: UInt64) throws -> String {
        try simulate(seed: seed) { cluster, _ in
            try await cluster.apply(service("web"))
            try await cluster.apply(replicaSet("web-h1", replicas: 4))
            try await cluster.waitUntil { $0.replicaSet("web-h1")?.status.availableReplicas == 4 }
            try await cluster.apply(replicaSet("web-h2", replicas: 4, image: "web:v2", hash: "h2"))
            try await cluster.apply(replicaSet("web-h1", replicas: 1))
            try await cluster.waitUntil { $0.replicaSet("web-h2")?.status.availableReplicas == 4 }
            try await cluster.sleep(.seconds(10))
            return cluster.journal.text
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
