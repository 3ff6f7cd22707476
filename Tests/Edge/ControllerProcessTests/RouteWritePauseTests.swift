import Clockwork
import FoundationEssentials
import Glibc
import KubeModel
import SimulatedCluster
import StrictJSON
import Testing

@Suite("The test-only pause after a write to a route") struct RouteWritePauseTests {
    @Test("stands still between the route and the status until its file is deleted") func pauses() throws {
        let path = FileManager.default.temporaryDirectory.path + "/sluice-pause-\(getpid())-\(UInt64.random(in: .min ... .max))"
        defer { unlink(path) }
        try Bench.run { bench in
            let release = Release(bench: bench)
            try await release.apply()
            try await bench.withProcess(environment: ["SLUICE_TEST_PAUSE_AFTER_ROUTE_WRITE": path]) { process in
                try await bench.sleep(.seconds(60))
                #expect(bench.log.text.contains("for testing only"))
                // Bringing up the first version writes no route.
                #expect(access(path, F_OK) != 0)
                try await release.set(image: "my-app:v2")
                var waited: Duration = .zero
                while access(path, F_OK) != 0, waited < .seconds(60) {
                    try await bench.sleep(.milliseconds(100))
                    waited += .milliseconds(100)
                }
                try #require(access(path, F_OK) == 0)
                let before = await statusWrites(bench)
                try await bench.sleep(.seconds(30))
                #expect(await statusWrites(bench) == before)
                // Every write to the route pauses anew; from here on none is wanted.
                while await release.phase != "Healthy", waited < .seconds(900) {
                    unlink(path)
                    try await bench.sleep(.seconds(1))
                    waited += .seconds(1)
                }
                #expect(await release.phase == "Healthy")
                #expect(await statusWrites(bench) > before)
                #expect(await process.stopAndWait() == 0)
            }
        }
    }

    private func statusWrites(_ bench: Bench) async -> Int {
        await bench.cluster.server.requestCounts
            .filter { $0.key.resource == .rollouts && $0.key.subresource == "status" && $0.key.verb == "patch" }
            .reduce(0) { $0 + $1.count }
    }
}
