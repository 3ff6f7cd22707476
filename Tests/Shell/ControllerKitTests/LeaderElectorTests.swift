import Clockwork
import ControllerKit
import KubeClient
import KubeModel
import SimulatedCluster
import StrictJSON
import Testing

@Suite("Leader election") struct LeaderElectorTests {
    static let lease = ObjectKey(namespace: "default", name: "argo-rollouts-controller-lock")

    func elector(_ world: World, _ name: String, _ transport: UnreliableTransport, seed: UInt64 = 1) -> LeaderElector {
        LeaderElector(
            lease: Self.lease, identity: name, timing: .tested, client: world.client(transport), clock: world.clock, seed: seed, logger: world.logger)
    }

    /// Works until it is cancelled, and notes begin and end.
    func work(_ name: String, _ world: World, _ notes: Recorder<String>) -> @Sendable () async -> Void {
        { 
            notes.add("\(name) begins")
            // Cancelled when leading ends.
            try? await world.sleep(.seconds(1_000_000))
            notes.add("\(name) ends")
        }
    }

    @Test func handsOverAtOnceWhenTheLeaderResigns() throws {
        let world = try World()
        let notes = Recorder<String>()
        let first = elector(world, "a", world.transport)
        let second = elector(world, "b", world.transport, seed: 2)
        try world.run([]) {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { [work = work("a", world, notes)] in notes.add("a: \(await first.run(work))") }
                try await world.sleep(.seconds(1))
                group.addTask { [work = work("b", world, notes)] in notes.add("b: \(await second.run(work))") }
                try await world.sleep(.seconds(100))
                #expect(first.isLeading)
                #expect(!second.isLeading)
                let before = world.clock.now
                first.resign()
                try await world.sleep(.seconds(3))
                #expect(second.isLeading, "fail-over took longer than three seconds after \(before.rfc3339)")
                let spec = try await world.client().get(.leases, namespace: "default", name: Self.lease.name)["spec"]
                #expect(spec?["holderIdentity"] == "b")
                #expect(spec?["leaseTransitions"] == 1)
                #expect(spec?["leaseDurationSeconds"] == 15)
                second.resign()
            }
        }
        #expect(notes.all == ["a begins", "a ends", "a: resigned", "b begins", "b ends", "b: resigned"])
    }

    @Test func stopsTheWorkBeforeTheLeaseIsLost() throws {
        let world = try World()
        let notes = Recorder<String>()
        let wireA = UnreliableTransport(InProcessTransport(to: world.server))
        let first = elector(world, "a", wireA)
        let second = elector(world, "b", world.transport, seed: 2)
        let gated = world.client().gated(by: first.gate)
        try world.run([]) {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { [work = work("a", world, notes)] in notes.add("a: \(await first.run(work))") }
                try await world.sleep(.seconds(1))
                group.addTask { [work = work("b", world, notes)] in notes.add("b: \(await second.run(work))") }
                try await world.sleep(.seconds(20))
                _ = try await gated.create(.services, namespace: "default", service("x"))
                wireA.setDown(true)
                try await world.sleep(.seconds(10))
                #expect(!first.isLeading)
                #expect(notes.all.contains("a ends"))
                #expect(!notes.all.contains("b begins"), "the lease still holds")
                let error = await #expect(throws: KubeError.self) { try await gated.create(.services, namespace: "default", service("y")) }
                #expect(error?.label == "not_leading")
                try await world.sleep(.seconds(10))
                #expect(second.isLeading)
                second.resign()
            }
        }
        #expect(notes.all == ["a begins", "a ends", "a: lost(\"it could not be renewed for 10 s\")", "b begins", "b ends", "b: resigned"])
    }

    @Test(arguments: 1...30 as ClosedRange<UInt64>) func neverLetsTwoLead(seed: UInt64) throws {
        let world = try World(seed: seed)
        let leaders = Leaders()
        let wires = (0..<3).map { _ in UnreliableTransport(InProcessTransport(to: world.server)) }
        try world.run([]) {
            try await withThrowingTaskGroup(of: Void.self) { group in
                for (index, wire) in wires.enumerated() {
                    group.addTask { [self] in
                        var term = 0
                        // A process that lost the lease is started again, under a new name.
                        while !Task.isCancelled {
                            term += 1
                            let name = "\(index)-\(term)"
                            let elector = elector(world, name, wire, seed: seed &* 10 &+ UInt64(index))
                            _ = await elector.run {
                                leaders.begin(name)
                                // Cancelled when leading ends.
                                try? await world.sleep(.seconds(1_000_000))
                                leaders.end(name)
                            }
                            try? await world.sleep(.seconds(1))
                        }
                    }
                }
                var random = SeededGenerator(seed: seed)
                for _ in 0..<200 {
                    try await world.sleep(.milliseconds(Int.random(in: 100...8000, using: &random)))
                    wires[Int.random(in: 0..<3, using: &random)].setDown(Bool.random(using: &random))
                }
                for wire in wires { wire.setDown(false) }
                try await world.sleep(.seconds(60))
                #expect(leaders.count == 1, "seed \(seed): nobody leads in the end")
                group.cancelAll()
            }
        }
        #expect(leaders.most == 1, "seed \(seed): two led at once")
        #expect(leaders.terms > 2, "seed \(seed): the test has no change of leaders")
    }

    @Test func keepsWhatOthersWroteIntoTheLease() throws {
        let world = try World()
        let elector = elector(world, "a", world.transport)
        try world.run([]) {
            let kube = world.client()
            _ = try await kube.create(.leases, namespace: "default", [
                "apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
                "metadata": ["name": .string(Self.lease.name), "namespace": "default", "annotations": ["x": "y"], "labels": ["kept": "yes"]],
            ])
            let ending = await elector.run {}
            #expect(ending == .resigned, "work that ends by itself gives the lease back")
            let stored = try await kube.get(.leases, namespace: "default", name: Self.lease.name)
            #expect(stored.at("metadata", "annotations", "x") == "y")
            #expect(stored.at("metadata", "labels", "kept") == "yes")
            #expect(stored.at("spec", "holderIdentity") == "")
        }
    }

    @Test func costsTwoRequestsEachTwoSeconds() throws {
        let world = try World()
        let elector = elector(world, "a", world.transport)
        try world.run([{ _ = await elector.run { try? await world.sleep(.seconds(10_000)) } }]) {
            try await world.sleep(.seconds(11))
            world.transport.clear()
            try await world.sleep(.seconds(60))
            #expect(world.transport.requests.count == 60)
        }
    }
}
