import Clockwork
import FoundationEssentials
import KubeModel
import RolloutModel
import SimulatedCluster
import StrictJSON
import Testing
import World

@Suite("An API server that is not reliable") struct UnreliableServerTests {
    /// `SLUICE_SEED=173` plays one seed again.
    static let seeds: [UInt64] = {
        if let wanted = ProcessInfo.processInfo.environment["SLUICE_SEED"].flatMap({ UInt64($0) }) { return [wanted] }
        return Array(0..<200)
    }()

    /// What a seed plays.
    enum Ending: Sendable { case promoted, aborted, superseded }

    static let steps: [JSONValue] = [Scenery.setWeight(25), Scenery.pause("5s"), Scenery.setWeight(75), Scenery.pause("5s")]

    /// First with faults: nothing unsafe may happen. Then without: everything must settle.
    static func play(seed: UInt64) throws -> [String: Int] {
        try World.run(seed: seed, withController: false) { world in
            let faults = Faults(world.cluster.network, clock: world.clock, seed: seed)
            let safety = SafetyWatch(world)
            let endings: [Ending] = [.promoted, .aborted, .superseded]
            let ending: Ending = endings[Int(seed % 3)]
            let isRouted: Bool = seed % 5 != 0
            try await world.withController(over: faults) {
                if isRouted {
                    try await world.startRouted(replicas: 4, steps: Self.steps)
                } else {
                    try await world.startBasic(replicas: 4, steps: Self.steps)
                }
                let routeBefore: JSONValue? = await world.document(.httpRoutes, "my-app-route")?["spec"]
                faults.begin(share: Ratio(1, of: seed % 2 == 0 ? 6 : 15))
                try await world.setImage("myapp:v2")
                // Somewhere in the middle, wherever the faults have let it come to.
                try await world.cluster.sleep(.seconds(Int64(10 + seed % 31)))
                switch ending {
                case .promoted: break
                case .aborted: try await world.abort()
                case .superseded: try await world.setImage("myapp:v3")
                }
                try await world.cluster.sleep(.seconds(90))
                faults.end()
                let isOver: @Sendable (Rollout) -> Bool = { rollout in
                    rollout.status.replicas == 4 && rollout.status.availableReplicas == 4
                        && (rollout.status.phase == .healthy || (ending == .aborted && rollout.status.abort))
                }
                try await world.waitFor("the end", timeout: .seconds(900), isOver)
                let rollout: Rollout = try await world.rollout()
                let sets: [ReplicaSet] = try await world.replicaSets()
                #expect(sets.count == (ending == .superseded ? 3 : 2), "seed \(seed): an extra ReplicaSet")
                let sizes: [Int] = sets.map { $0.replicas ?? 1 }
                #expect(sizes.filter { $0 != 0 } == [4], "seed \(seed): \(sizes)")
                #expect(rollout.status.collisionCount == nil, "seed \(seed)")
                if isRouted {
                    try await world.cluster.sleep(.seconds(60))
                    #expect(await world.document(.httpRoutes, "my-app-route")?["spec"] == routeBefore, "seed \(seed): the route")
                }
            }
            #expect(safety.violations.isEmpty, "\(safety.violations.joined(separator: "\n"))")
            return faults.injected
        }.result
    }

    @Test("stops nothing for good, and makes nothing unsafe") func explore() throws {
        var injected: [String: Int] = [:]
        for seed in Self.seeds {
            do {
                injected.merge(try Self.play(seed: seed)) { $0 + $1 }
            } catch {
                Issue.record("replay: SLUICE_SEED=\(seed) swift test --filter UnreliableServerTests\n\(error)")
            }
        }
        guard Self.seeds.count > 1 else { return }
        for kind in Faults.Kind.allCases { #expect(injected["\(kind)", default: 0] > 0, "\(kind) was never tried: \(injected)") }
    }
}
