import Clockwork
import SimulatedCluster
import StrictJSON
import Testing
import World

@Suite("A history") struct DeterminismTests {
    /// Writes, events and all, of a routed canary with analysis on a network that is not reliable.
    private static func history(seed: UInt64) throws -> String {
        try World.run(seed: seed, withController: false) { world in
            let faults = Faults(world.cluster.network, clock: world.clock, seed: seed)
            try await world.withController(over: faults) {
                try await CrashTests.Story.routed.begin(world)
                faults.begin(share: Ratio(1, of: 20))
                try await world.setImage("myapp:v2")
                try await world.cluster.sleep(.seconds(60))
                faults.end()
                try await world.waitHealthy()
            }
        }.history
    }

    @Test("is the same, byte for byte, for one seed, and another one for another seed") func sameSeed() throws {
        var seen: [UInt64: String] = [:]
        for seed: UInt64 in 50..<56 {
            let first: String = try Self.history(seed: seed)
            #expect(first == (try Self.history(seed: seed)), "seed \(seed)")
            #expect(first.split(separator: "\n").count > 100)
            seen[seed] = first
        }
        #expect(Set(seen.values).count == seen.count)
    }

    /// Another process has other hash seeds: the order of a Set or a Dictionary that leaked would show.
    @Test("is the same in two processes") func twoProcesses() async throws {
        let other = try #require(await #expect(processExitsWith: .success, observing: [\.standardOutputContent]) {
            print(try Self.history(seed: 57))
        })
        let own: String = try Self.history(seed: 57)
        let told: String = String(decoding: other.standardOutputContent, as: UTF8.self)
        #expect(own.split(separator: "\n").count > 100)
        #expect(told.contains(own), "the histories differ")
    }

    /// Thousands of worlds are played in one process.
    @Test("nothing of a world is left when it is over") func goesAway() throws {
        let seen = SeenCluster()
        try World.run(seed: 5) { world in
            seen.cluster = world.cluster
            try await world.startBasic(replicas: 1, steps: [])
            try await world.setImage("myapp:v2")
            try await world.waitHealthy()
        }
        #expect(seen.cluster == nil)
    }
}

/// Written by the one task of a world, read when that is over.
private final class SeenCluster: @unchecked Sendable {
    weak var cluster: SimulatedCluster?
}
