import Clockwork
import ControllerKit
import Controllers
import HTTPTransport
import HTTPTypes
import KubeClient
import KubeModel
import MutantUnderTest
import RolloutModel
import SimulatedCluster
import SimulatedTime
import StrictJSON
import Synchronization
import Testing
import World

@Suite("R15: a leader that was deposed") struct LeadershipTests {
    static let lease = ObjectKey(namespace: "default", name: "argo-rollouts-controller-lock")

    /// One process with leader election, until it loses the lease.
    private static func process(_ world: World, _ name: String, _ freezer: Freezer, transport: (any HTTPTransport)? = nil) async -> LeaderElector.Ending {
        let clock = FreezableClock(base: world.clock, freezer: freezer)
        let wire = Wire(FreezableTransport(base: transport ?? world.cluster.network, clock: world.clock, freezer: freezer), userAgent: name)
        let client = KubeClient(
            connection: world.cluster.connection, transport: wire, clock: clock, version: "test",
            budget: RateBudget(perSecond: 1_000_000, burst: 1_000_000))
        var timing = LeaseTiming()
        timing.guards = guardsUnderTest
        let elector = LeaderElector(
            lease: Self.lease, identity: name, timing: timing, client: client, clock: clock, seed: world.seed &+ UInt64(name.count), logger: World.logger)
        let set: ControllerSet = world.controllers(client.gated(by: elector.gate), salt: UInt64(name.count))
        return await withTaskGroup(of: LeaderElector.Ending?.self) { group in
            group.addTask {
                await set.runCaches()
                return nil
            }
            group.addTask { await elector.run { await set.runControllers() } }
            var ending: LeaderElector.Ending?
            while ending == nil, let next = await group.next() { ending = next }
            group.cancelAll()
            return ending ?? .cancelled
        }
    }

    /// Writes of a process, the lease and events aside.
    private static func writes(_ world: World, by name: String) -> [Timestamp] {
        world.cluster.journal.entries
            .filter { $0.userAgent == name && $0.resource != .leases && $0.resource != .events }.map(\.at)
    }

    private static let steps: [JSONValue] = [Scenery.setWeight(25), Scenery.pause("10s"), Scenery.setWeight(50), Scenery.pause("10s"), Scenery.setWeight(75), Scenery.pause("10s")]

    @Test("writes nothing when it is thawed, and the other one finishes", arguments: 0..<20) func frozen(_ index: Int) throws {
        let seed: UInt64 = 9000 + UInt64(index)
        try World.run(seed: seed, withController: false) { world in
            let freezer = Freezer()
            let endings = Recorded<LeaderElector.Ending>()
            try await world.beside {
                try await world.startRouted(replicas: 4, steps: Self.steps)
                let safety = SafetyWatch(world)
                #expect(Self.writes(world, by: "first").count > 3)
                try await world.setImage("myapp:v2")
                // At any moment of the release, also in the middle of a write.
                try await world.cluster.sleep(.milliseconds(100 + Int64(index) * 1700))
                freezer.freeze()
                let frozenAt: Timestamp = world.clock.now
                try await world.waitHealthy(timeout: .seconds(600))
                try await world.cluster.sleep(.seconds(30))
                #expect(world.clock.now - frozenAt > .seconds(30))
                let thawedAt: Timestamp = world.clock.now
                freezer.thaw()
                try await world.cluster.sleep(.seconds(120))
                let late: [Timestamp] = Self.writes(world, by: "first").filter { $0 >= frozenAt + .seconds(10) }
                #expect(late.isEmpty, "seed \(seed): written \(late.map(\.rfc3339)) after it was frozen at \(frozenAt.rfc3339), thawed at \(thawedAt.rfc3339)")
                let others: [Timestamp] = Self.writes(world, by: "second-one")
                #expect((others.first ?? .epoch) > frozenAt + .seconds(10), "seed \(seed): two led at once")
                #expect(safety.violations.isEmpty, "\(safety.violations)")
                #expect(try await world.sizes() == [0, 4])
                #expect(endings.all.count == 1, "seed \(seed): \(endings.all)")
            } _: {
                await withTaskGroup(of: Void.self) { group in
                    group.addTask { endings.append(await Self.process(world, "first", freezer)) }
                    group.addTask {
                        // The other one comes later, so that it is known who leads. Ends early with the world.
                        try? await world.clock.sleep(until: world.clock.now + .seconds(5), tolerance: nil)
                        _ = await Self.process(world, "second-one", Freezer())
                    }
                }
            }
        }
    }

    @Test("stops writing before another one may begin, when only its lease cannot be renewed") func latency() throws {
        try World.run(seed: 9100, withController: false) { world in
            let isDown = Mutex(false)
            let transport = LeaseOutage(base: world.cluster.network, isDown: { isDown.withLock { $0 } })
            let endings = Recorded<LeaderElector.Ending>()
            try await world.beside {
                try await world.startRouted(replicas: 4, steps: Self.steps)
                try await world.setImage("myapp:v2")
                isDown.withLock { $0 = true }
                let downAt: Timestamp = world.clock.now
                try await world.waitHealthy(timeout: .seconds(600))
                let last: Timestamp = try #require(Self.writes(world, by: "first").last)
                #expect(last > downAt, "it goes on as long as the lease surely holds")
                let renewed: Timestamp = try #require(world.cluster.journal.entries.last { $0.userAgent == "first" && $0.resource == .leases }?.at)
                #expect(last <= renewed + .seconds(10), "written at \(last.rfc3339), renewed at \(renewed.rfc3339)")
                #expect(try #require(Self.writes(world, by: "second-one").first) > last)
                #expect(try await world.sizes() == [0, 4])
                #expect(endings.all.count == 1)
            } _: {
                await withTaskGroup(of: Void.self) { group in
                    group.addTask { endings.append(await Self.process(world, "first", Freezer(), transport: transport)) }
                    group.addTask {
                        // Ends early with the world.
                        try? await world.clock.sleep(until: world.clock.now + .seconds(5), tolerance: nil)
                        _ = await Self.process(world, "second-one", Freezer())
                    }
                }
            }
        }
    }
}
