import Clockwork
import ControllerKit
import Controllers
import EmbeddedAPIServer
import HTTPTransport
import HTTPTypes
import KubeClient
import KubeModel
import Logging
import MetricProviders
import MutantUnderTest
import SimulatedCluster
import Synchronization

/// What one process of the controller reaches the world by. Cut, nothing passes any more in either direction: the process has died.
package final class Wire: HTTPTransport {
    private let base: any HTTPTransport
    private let userAgent: String
    private let isCut = Mutex(false)

    package init(_ base: any HTTPTransport, userAgent: String = World.controllerAgent) {
        self.base = base
        self.userAgent = userAgent
    }

    package func cut() { isCut.withLock { $0 = true } }

    package func send(_ request: TransportRequest) async throws(TransportError) -> TransportResponse {
        guard !isCut.withLock({ $0 }) else { throw .cancelled }
        var request = request
        request.headers[.userAgent] = userAgent
        let response = try await base.send(request)
        // It died while the request was carried out.
        guard !isCut.withLock({ $0 }) else { throw .cancelled }
        return response
    }
}

/// Kills the controller right after chosen ones of its writes, before it learns that they succeeded.
package final class Crashes: Sendable {
    private struct State: Sendable {
        var writes: Int = 0
        var crashes: Int = 0
        var wire: Wire?
        var death = OneShot()
    }

    private let state = Mutex(State())
    private let moments: Set<Int>

    /// - Parameter moments: numbers of writes, counted from 1 over all processes.
    package init(after moments: Set<Int>) { self.moments = moments }

    /// Writes of all processes so far.
    package var writes: Int { state.withLock { $0.writes } }
    /// Processes that have died.
    package var count: Int { state.withLock { $0.crashes } }

    package func begin(_ wire: Wire) -> OneShot {
        state.withLock { state in
            state.wire = wire
            state.death = OneShot()
            return state.death
        }
    }

    package func note(_ write: CommittedWrite) {
        // Events are told beside the work; nothing depends on them.
        guard write.userAgent == World.controllerAgent, write.resource != .events else { return }
        let death: OneShot? = state.withLock { state in
            state.writes += 1
            guard moments.contains(state.writes), let wire = state.wire else { return nil }
            wire.cut()
            state.wire = nil
            state.crashes += 1
            return state.death
        }
        death?.fire()
    }
}

package extension World {
    /// The name by which the API server knows the controller.
    static let controllerAgent: String = "sluice-controller"

    /// A client as the controller has one, over `transport`.
    func controllerClient(over transport: any HTTPTransport, budget: RateBudget = RateBudget(perSecond: 1_000_000, burst: 1_000_000)) -> KubeClient {
        KubeClient(connection: cluster.connection, transport: transport, clock: clock, version: "test", budget: budget)
    }

    func controllers(
        _ client: KubeClient, clock: (any ControlClock)? = nil, hooks: ControllerHooks = ControllerHooks(), salt: UInt64 = 0,
        logger: Logger = Self.logger
    ) -> ControllerSet {
        var settings = ControllerSettings(seed: seed &+ salt)
        settings.guards = guardsUnderTest
        return ControllerSet(
            settings: settings, client: client,
            providers: .standard(transport: cluster.transport, client: client),
            clock: clock ?? self.clock, logger: logger, hooks: hooks)
    }

    /// Runs the controllers of one process beside `body`; they are gone afterwards, as after `kill -9`.
    @discardableResult
    func withController<Result: Sendable>(
        over transport: (any HTTPTransport)? = nil, hooks: ControllerHooks = ControllerHooks(), salt: UInt64 = 0,
        logger: Logger = Self.logger, _ body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        let wire = Wire(transport ?? cluster.network)
        let set: ControllerSet = controllers(controllerClient(over: wire), hooks: hooks, salt: salt, logger: logger)
        return try await beside(body) {
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await set.runCaches() }
                group.addTask { await set.runControllers() }
            }
        }
    }

    /// Runs one controller after the other beside `body`: each dies when `crashes` says so, and the next one starts a second later.
    func withMortalControllers<Result: Sendable>(
        _ crashes: Crashes, over transport: (any HTTPTransport)? = nil, _ body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        cluster.onWrite { write, _ in crashes.note(write) }
        return try await beside(body) {
            var generation: UInt64 = 0
            while !Task.isCancelled {
                generation += 1
                let wire = Wire(transport ?? cluster.network)
                let death: OneShot = crashes.begin(wire)
                await liveOnce(over: wire, until: death, salt: generation << 8)
                // Only the end of the world ends this sleep early.
                try? await clock.sleep(until: clock.now + .seconds(1), tolerance: nil)
            }
        }
    }

    /// The life of one process of the controller, which ends with `death`, or when the task is cancelled.
    func liveOnce(over wire: Wire, until death: OneShot, salt: UInt64) async {
        let set: ControllerSet = controllers(controllerClient(over: wire), salt: salt)
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await set.runCaches() }
            group.addTask { await set.runControllers() }
            group.addTask { await death.wait() }
            await group.next()
            group.cancelAll()
        }
    }

    /// Runs `companion` until `body` is over.
    func beside<Result: Sendable>(
        _ body: @escaping @Sendable () async throws -> Result, _ companion: @escaping @Sendable () async -> Void
    ) async throws -> Result {
        try await withThrowingTaskGroup(of: Result?.self) { group in
            group.addTask {
                await companion()
                return nil
            }
            group.addTask { try await body() }
            defer { group.cancelAll() }
            while let outcome = try await group.next() {
                if let outcome { return outcome }
            }
            throw CancellationError()
        }
    }
}
