import Clockwork
import ControllerKit
import Controllers
import EmbeddedAPIServer
import HTTPTransport
import KubeClient
import KubeModel
import SimulatedTime
import StrictJSON
import Synchronization

/// A clock that is wrong by always the same, of a process that can be frozen.
package struct ProcessClock: ControlClock {
    let base: FreezableClock
    let ahead: Duration

    package var now: Timestamp { base.now + ahead }
    package var minimumResolution: Duration { base.minimumResolution }

    package func sleep(until deadline: Timestamp, tolerance: Duration?) async throws {
        try await base.sleep(until: deadline - ahead, tolerance: tolerance)
    }
}

/// The processes of the controller: one that leads without asking, or two with a lease. Each dies, stands still, and starts again.
package final class ControllerFleet: Sendable {
    package static let lease = ObjectKey(namespace: "default", name: "argo-rollouts-controller-lock")

    private struct State: Sendable {
        var started: Int = 0
        var members: [Member]
        /// After which of the writes from now on somebody dies, each counted down.
        var fuses: [Int] = []
        var crashes: Int = 0
        var isLeaseDown: Bool = false
    }

    private struct Member: Sendable {
        var name: String
        var wire: Wire?
        var death = OneShot()
        var freezer = Freezer()
    }

    private let world: World
    private let transport: any HTTPTransport
    private let skews: [Int]
    private let hasLease: Bool
    private let state: Mutex<State>

    /// - Parameters:
    ///   - count: of the processes; with more than one of them a lease decides who leads.
    ///   - skews: seconds that the clocks of the processes are ahead, in the order in which they start, again and again.
    package init(_ world: World, over transport: any HTTPTransport, count: Int, skews: [Int]) {
        self.world = world
        self.transport = transport
        self.skews = skews
        hasLease = count > 1
        let names: [String] = count == 1 ? [World.controllerAgent] : (0..<count).map { "\(World.controllerAgent)-\($0)" }
        state = Mutex(State(members: names.map { Member(name: $0) }))
        world.cluster.onWrite { [weak self] write, _ in self?.note(write) }
    }

    /// Processes that have died.
    package var crashes: Int { state.withLock { $0.crashes } }

    /// The process that does so many writes more from now on dies with the last of them.
    package func crash(afterWrites count: Int) { state.withLock { $0.fuses.append(count) } }

    /// Fuses that are still burning go out.
    package func forgetCrashes() { state.withLock { $0.fuses = [] } }

    /// Stops the process that leads, or the only one.
    package func freezeLeader() async {
        let holder: String? = await world.cluster.server.object(.leases, Self.lease)?.at("spec", "holderIdentity")?.stringValue
        let freezer: Freezer = state.withLock { state in (state.members.first { $0.name == holder } ?? state.members[0]).freezer }
        freezer.freeze()
    }

    package func thawAll() {
        for freezer in state.withLock({ $0.members.map(\.freezer) }) { freezer.thaw() }
    }

    package func setLeaseDown(_ isDown: Bool) { state.withLock { $0.isLeaseDown = isDown } }

    /// Lets the processes live until the task is cancelled.
    package func run() async {
        await withTaskGroup(of: Void.self) { group in
            for index in 0..<state.withLock({ $0.members.count }) {
                group.addTask { [self] in
                    while !Task.isCancelled {
                        await live(index)
                        // Only the end of the world ends this sleep early.
                        try? await world.clock.sleep(until: world.clock.now + .seconds(1), tolerance: nil)
                    }
                }
            }
        }
    }

    /// One life of one process.
    private func live(_ index: Int) async {
        let (name, freezer, death, number): (String, Freezer, OneShot, Int) = state.withLock { state in
            state.started += 1
            state.members[index].death = OneShot()
            state.members[index].freezer = Freezer()
            let member: Member = state.members[index]
            return (member.name, member.freezer, member.death, state.started)
        }
        let clock = ProcessClock(
            base: FreezableClock(base: world.clock, freezer: freezer), ahead: .seconds(Int64(skews[(number - 1) % skews.count])))
        let outage = LeaseOutage(base: transport) { [weak self] in self?.state.withLock { $0.isLeaseDown } ?? false }
        let wire = Wire(FreezableTransport(base: outage, clock: world.clock, freezer: freezer), userAgent: name)
        state.withLock { $0.members[index].wire = wire }
        let client = KubeClient(
            connection: world.cluster.connection, transport: wire, clock: clock, version: "test",
            budget: RateBudget(perSecond: 1_000_000, burst: 1_000_000))
        let salt: UInt64 = UInt64(number) << 8
        await withTaskGroup(of: Void.self) { group in
            if hasLease {
                let elector = LeaderElector(
                    lease: Self.lease, identity: name, client: client, clock: clock, seed: world.seed &+ salt, logger: World.logger)
                let set: ControllerSet = world.controllers(client.gated(by: elector.gate), clock: clock, salt: salt)
                group.addTask { _ = await elector.run { await set.runControllers() } }
                group.addTask {
                    await set.runCaches()
                }
            } else {
                let set: ControllerSet = world.controllers(client, clock: clock, salt: salt)
                group.addTask { await set.runCaches() }
                group.addTask { await set.runControllers() }
            }
            group.addTask { await death.wait() }
            await group.next()
            group.cancelAll()
            // Whoever stands still is gone as well.
            freezer.thaw()
        }
    }

    private func note(_ write: CommittedWrite) {
        // Events are told beside the work, and leases say nothing of it.
        guard write.userAgent.hasPrefix(World.controllerAgent), write.resource != .events, write.resource != .leases else { return }
        let death: OneShot? = state.withLock { state in
            guard !state.fuses.isEmpty else { return nil }
            for index in state.fuses.indices { state.fuses[index] -= 1 }
            guard state.fuses.contains(where: { $0 <= 0 }),
                  let member = state.members.firstIndex(where: { $0.name == write.userAgent }) else { return nil }
            state.fuses.removeAll { $0 <= 0 }
            state.members[member].wire?.cut()
            state.crashes += 1
            return state.members[member].death
        }
        death?.fire()
    }
}

/// The API server does not answer about leases.
package struct LeaseOutage: HTTPTransport {
    let base: any HTTPTransport
    let isDown: @Sendable () -> Bool

    package init(base: any HTTPTransport, isDown: @escaping @Sendable () -> Bool) {
        self.base = base
        self.isDown = isDown
    }

    package func send(_ request: TransportRequest) async throws(TransportError) -> TransportResponse {
        if isDown() && request.url.contains("/leases") { throw .timedOut(.total) }
        return try await base.send(request)
    }
}
