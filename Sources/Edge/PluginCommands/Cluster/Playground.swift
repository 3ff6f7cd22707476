import Clockwork
import ControllerKit
import Controllers
import EmbeddedAPIServer
import HTTPTransport
import KubeClient
import KubeModel
import Logging
import MetricProviders
import RolloutModel
import SimulatedCluster
import StrictJSON
import Synchronization

/// The cluster of `kubectl sluice cluster`: the embedded API server in real time, the twins around it, metrics, and the controllers.
struct Playground: Sendable {
    let cluster: SimulatedCluster
    private let metrics: PlaygroundMetrics
    private let environment: PluginEnvironment
    private let seed: UInt64
    private let isNew: Bool

    /// A cluster that goes on from `snapshot`, or a new one.
    init(restoring snapshot: ServerSnapshot?, _ environment: PluginEnvironment) async throws(CommandFailure) {
        self.environment = environment
        seed = environment.seed
        isNew = snapshot == nil
        var settings = ClusterSettings()
        settings.keepsHistory = false
        do {
            cluster = try await SimulatedCluster(
                restoring: snapshot, clock: environment.clock, seed: seed,
                definitions: RolloutDefinitions.all.map(\.document) + GatewayAPIDefinitions.all, settings: settings,
                beyond: environment.transport, logger: Logger(label: "playground") { _ in SwiftLogNoOpLogHandler() })
            metrics = PlaygroundMetrics(prometheus: try cluster.addPrometheus())
        } catch let error as SnapshotError {
            throw .message("the state cannot be gone on from: \(error); name another file with --state to begin anew")
        } catch {
            throw .message("the cluster cannot be made: \(error)")
        }
    }

    /// Lives until the task is cancelled or the port cannot be had.
    ///
    /// - Parameters:
    ///   - welcome: is told the address when clients can come.
    ///   - keeper: runs beside the cluster.
    func run(
        on port: Int, with listen: @escaping PluginEnvironment.Listener, runsController: Bool, isQuiet: Bool,
        welcome: @escaping @Sendable (String) throws(CommandFailure) -> Void, keeper: @escaping @Sendable () async -> Void
    ) async throws(CommandFailure) {
        for object in await cluster.state.objects(of: .rollouts) { metrics.note(object) }
        for object in await cluster.state.objects(of: .deployments) { metrics.note(object) }
        let metrics: PlaygroundMetrics = metrics
        cluster.onWrite { write, _ in if write.verb != .delete, let object = write.new { metrics.note(object) } }
        let reporter: EventReporter? = isQuiet ? nil : EventReporter(console: environment.console)
        if let reporter { cluster.onWrite { write, _ in reporter.note(write) } }
        try await furnish()
        let handler = PlaygroundHandler(server: cluster.server, prometheus: metrics.prometheus)
        let refusal = Refusal()
        let failure: CommandFailure? = await withTaskGroup(of: CommandFailure?.self) { group in
            group.addTask {
                do throws(ListenFailure) {
                    try await listen(handler, port) { port in
                        do throws(CommandFailure) {
                            try welcome("http://127.0.0.1:\(port)")
                        } catch {
                            refusal.note(error)
                        }
                    }
                    return nil
                } catch {
                    return Task.isCancelled ? nil : Self.failure(error, port: port)
                }
            }
            group.addTask { await refusal.wait() }
            group.addTask {
                await cluster.run()
                return nil
            }
            group.addTask {
                await keeper()
                return nil
            }
            group.addTask {
                await reporter?.run()
                return nil
            }
            group.addTask {
                await EventSweeper(client: cluster.client(userAgent: "kubectl-sluice"), clock: environment.clock).run()
                return nil
            }
            if runsController {
                group.addTask {
                    await runControllers()
                    return nil
                }
            }
            while let ended = await group.next() {
                guard let ended else { continue }
                group.cancelAll()
                return ended
            }
            return nil
        }
        if let failure { throw failure }
    }

    private static func failure(_ error: ListenFailure, port: Int) -> CommandFailure {
        error.isTaken
            ? .message("port \(port) of 127.0.0.1 is taken by another program; choose another one with --port, or 0 for a free one")
            : .message("cannot listen on port \(port) of 127.0.0.1: \(error.cause)")
    }

    /// What a cluster has beside its definitions: a place for the controller's lease, and, where it is new, a gateway for the guide's route.
    private func furnish() async throws(CommandFailure) {
        let namespace: JSONValue = ["apiVersion": "v1", "kind": "Namespace", "metadata": ["name": .string(Self.lease.namespace)]]
        do throws(KubeError) {
            for object in [namespace] + (isNew ? cluster.gatewayObjects(name: PlaygroundPage.gateway) : []) {
                try await cluster.apply(object, userAgent: "kubectl-sluice")
            }
        } catch {
            throw .message("the cluster cannot be furnished: \(error)")
        }
    }

    /// As the program `sluice-controller` does, with its lease: where one of your own runs, only one of them acts.
    private func runControllers() async {
        let logger = Logger(label: "sluice-controller") { _ in SwiftLogNoOpLogHandler() }
        var random = SeededGenerator(seed: seed)
        while !Task.isCancelled {
            let client: KubeClient = cluster.client(userAgent: "sluice-controller")
            let elector = LeaderElector(
                // The same in each run, so that the next one need not wait for the lease of the last.
                lease: Self.lease, identity: "kubectl-sluice-cluster", client: client, clock: environment.clock, seed: random.next(), logger: logger)
            let writer: KubeClient = client.gated(by: elector.gate)
            let controllers = ControllerSet(
                settings: ControllerSettings(seed: random.next()), client: writer,
                providers: .standard(transport: cluster.transport, client: writer),
                clock: environment.clock, logger: logger)
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await controllers.runCaches() }
                group.addTask {
                    let ending = await elector.run { await controllers.runControllers() }
                    // After a machine was suspended, for instance; the next round asks for the lease again.
                    if case .lost(let cause) = ending { environment.console.note("Sluice lost its lease and starts again: \(cause)") }
                }
                // The caches run for ever: whatever ends first is the elector, or all of it.
                await group.next()
                group.cancelAll()
            }
        }
    }

    /// Argo Rollouts' own name, as the program has it.
    private static let lease = ObjectKey(namespace: "argo-rollouts", name: "argo-rollouts-controller-lock")
}

/// A failure that ends the whole from within a callback.
private final class Refusal: Sendable {
    private let failure = Mutex<CommandFailure?>(nil)
    private let signal = OneShot()

    func note(_ failure: CommandFailure) {
        self.failure.withLock { $0 = failure }
        signal.fire()
    }

    /// Returns with nil when the task is cancelled.
    func wait() async -> CommandFailure? {
        await signal.wait()
        return failure.withLock { $0 }
    }
}

extension SimulatedCluster {
    /// Everything that is stored now.
    var state: ServerState { get async { await server.state } }
}
