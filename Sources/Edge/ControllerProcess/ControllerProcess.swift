public import Clockwork
public import ControllerKit
public import EmbeddedAPIServer
public import HTTPTransport
import KubeClient
import Logging
public import Observability

/// The controller as it runs in a cluster: caches, leadership, workers, pages; how it starts and how it ends.
public struct ControllerProcess: Sendable {
    /// For how long rounds that are under way may go on after the process was asked to end. A pod is killed after 30 s, and the
    /// lease has to be given back before.
    static let drainLimit: Duration = .seconds(10)

    /// Serves a handler on an address until the task is cancelled; is told the port when connections are accepted.
    public typealias PageServer = @Sendable (
        _ handler: any APIHandler, _ address: String, _ port: Int, _ onListening: @escaping @Sendable (Int) async -> Void
    ) async throws -> Void

    /// The world as the process finds it.
    public struct World: Sendable {
        public var transport: any HTTPTransport
        public var clock: any ControlClock
        public var environment: ControllerEnvironment
        public var serve: PageServer
        /// Decides the identity in the lease, jitter, and the names of events. Another one in every process.
        public var seed: UInt64
        /// Gives memory that is not needed any more back to the system.
        public var releaseMemory: @Sendable () -> Void

        /// The given world.
        public init(
            transport: any HTTPTransport, clock: any ControlClock, environment: ControllerEnvironment, seed: UInt64,
            releaseMemory: @escaping @Sendable () -> Void = {}, serve: @escaping PageServer
        ) {
            self.transport = transport
            self.clock = clock
            self.environment = environment
            self.serve = serve
            self.seed = seed
            self.releaseMemory = releaseMemory
        }
    }

    private let flags: ControllerFlags
    private let world: World
    private let logger: Logger
    private let metrics: MetricRegistry

    /// A process that does nothing until `run` is called.
    public init(flags: ControllerFlags, world: World, sink: LogSink, metrics: MetricRegistry) {
        self.flags = flags
        self.world = world
        self.metrics = metrics
        self.logger = sink.logger("sluice-controller")
        for secret in [flags.connection.token, flags.connection.password] { if let secret { sink.hide(secret) } }
    }

    /// How a part of the process has ended.
    enum Ending: Sendable {
        /// It was told to.
        case asTold
        case work(LeaderElector.Ending)
        case pages(String)
    }

    /// Runs until `stop` fires and everything has come to a good end, or until it cannot go on.
    ///
    /// - Returns: the exit code: 0 after `stop`, 1 when the lease is lost, a port cannot be had or the connection is not configured.
    public func run(until stop: OneShot) async -> Int32 {
        let connection: ClusterConnection
        do throws(KubeError) {
            connection = try ConnectionChoice.connection(flags, world.environment)
        } catch {
            logger.critical("\(error)")
            return 1
        }
        let running = RunningController(flags: flags, world: world, connection: connection, logger: logger, metrics: metrics)
        sayHello(running, connection)
        let code = await withTaskGroup(of: Ending.self) { group in
            group.addTask { await running.serve("/healthz", running.healthPages, flags.healthPort, world.serve) }
            group.addTask { await running.serve("/metrics", running.metricPages, flags.metricsPort, world.serve) }
            group.addTask {
                await running.controllers.runCaches()
                return .asTold
            }
            group.addTask {
                await running.keepMemorySmall(world.releaseMemory)
                return .asTold
            }
            group.addTask { .work(await running.work()) }
            group.addTask {
                await stop.wait()
                if stop.hasFired { await running.end() }
                return .asTold
            }
            var code: Int32 = 0
            // The work ends last when all is well: after it nothing is worth going on.
            loop: for await ending in group {
                switch ending {
                case .asTold: continue
                case .pages(let cause):
                    logger.critical("\(cause)")
                    code = 1
                case .work(.lost): code = 1
                case .work(.resigned), .work(.cancelled):
                    if !stop.hasFired { code = 1 }
                }
                break loop
            }
            group.cancelAll()
            return code
        }
        logger.info("Sluice controller stopped", metadata: ["code": "\(code)"])
        return code
    }

    private func sayHello(_ running: RunningController, _ connection: ClusterConnection) {
        var metadata: Logger.Metadata = [
            "version": "\(SluiceVersion.text)", "server": "\(connection.server)", "connection": "\(connection.origin)",
            "identity": "\(connection.credential)", "scope": "\(flags.isNamespaced ? "namespace \(connection.namespace)" : "all namespaces")",
        ]
        if !flags.instanceID.isEmpty { metadata["instance_id"] = "\(flags.instanceID)" }
        logger.info("Sluice controller starting", metadata: metadata)
        if !flags.ignored.isEmpty {
            logger.warning("these flags have no effect here and are ignored", metadata: ["flags": "\(flags.ignored.joined(separator: ", "))"])
        }
        for warning in world.environment.warnings { logger.warning("\(warning)") }
        if let path = world.environment.routeWritePauseFile {
            logger.warning("for testing only: the controller stands still after each write to a route", metadata: ["file": "\(path)"])
        }
    }
}
