public import Clockwork
import ControllerKit
public import EmbeddedAPIServer
public import HTTPTransport
public import KubeClient
import KubeModel
public import Logging
public import StrictJSON
import Synchronization

/// A whole cluster in one process: the embedded API server, and everything around it that makes its objects come true.
///
/// All of it runs within `run()`, on the injected clock, and talks to the API as any client does. Start reading here, then at the
/// twin of interest.
public final class SimulatedCluster: Sendable {
    /// Where the API server is found on `network`.
    public static let apiOrigin: String = "https://kubernetes.default.svc"

    public let server: EmbeddedAPIServer
    /// Reaches the API server and whatever else is registered.
    public let network: InProcessNetwork
    /// Every write so far.
    public let journal: WriteJournal
    let clock: any ControlClock
    let caches: WorkloadCaches
    let replicaSets: ReplicaSetTwin
    let deployments: DeploymentTwin
    let jobs: JobTwin
    let kubelet: KubeletTwin
    let endpointSlices: EndpointSliceTwin
    let gateway: GatewayTwin
    let traffic: TrafficModel
    let history: TrafficHistory
    let metricSeed: UInt64
    let keepsHistory: Bool
    private let seed: UInt64
    private let logger: Logger
    private let observers = Mutex<[WriteObserver]>([])

    /// A cluster that serves the built-in kinds and `definitions`, and does nothing yet.
    ///
    /// - Parameters:
    ///   - seed: decides names, delays and noise.
    ///   - definitions: CustomResourceDefinitions, as they would be applied.
    /// - Throws: the Status with which a definition is refused.
    public convenience init(
        clock: some ControlClock, seed: UInt64, definitions: [JSONValue] = [], settings: ClusterSettings = ClusterSettings(),
        logger: Logger = Logger(label: "simulated-cluster") { _ in SwiftLogNoOpLogHandler() }
    ) async throws(APIFailure) {
        var random = SeededGenerator(seed: seed)
        let server = try EmbeddedAPIServer(clock: clock, random: random.split(), definitions: definitions, settings: settings.server)
        await self.init(
            server, clock: clock, seed: seed, random: random, definitions: definitions, settings: settings, beyond: nil, logger: logger)
    }

    /// A cluster that goes on from `snapshot`, or is new where that is nil, in a network with a way out.
    ///
    /// - Parameters:
    ///   - seed: another one than before, since it decides UIDs too.
    ///   - beyond: where requests go that nothing in the cluster answers.
    /// - Throws: `SnapshotError`, or the Status with which a definition is refused.
    public convenience init(
        restoring snapshot: ServerSnapshot?, clock: some ControlClock, seed: UInt64, definitions: [JSONValue], settings: ClusterSettings,
        beyond: any HTTPTransport, logger: Logger
    ) async throws {
        var random = SeededGenerator(seed: seed)
        let own = random.split()
        let server = if let snapshot {
            try EmbeddedAPIServer(restoring: snapshot, clock: clock, random: own, definitions: definitions, settings: settings.server)
        } else {
            try EmbeddedAPIServer(clock: clock, random: own, definitions: definitions, settings: settings.server)
        }
        await self.init(
            server, clock: clock, seed: seed, random: random, definitions: definitions, settings: settings, beyond: beyond, logger: logger)
    }

    private init(
        _ server: EmbeddedAPIServer, clock: some ControlClock, seed: UInt64, random: SeededGenerator, definitions: [JSONValue],
        settings: ClusterSettings, beyond: (any HTTPTransport)?, logger: Logger
    ) async {
        var random = random
        self.clock = clock
        self.seed = seed
        self.logger = logger
        keepsHistory = settings.keepsHistory
        journal = WriteJournal(keepsEntries: settings.keepsHistory)
        let network = InProcessNetwork(clock: clock, beyond: beyond)
        self.server = server
        self.network = network
        caches = WorkloadCaches(hasGateways: Self.hasGateways(definitions))
        replicaSets = ReplicaSetTwin(
            caches: caches, client: Self.client(ReplicaSetTwin.name, network, clock), clock: clock, random: random.split(), settings: settings)
        kubelet = KubeletTwin(
            caches: caches, client: Self.client(KubeletTwin.name, network, clock), clock: clock, seed: random.next(), settings: settings)
        endpointSlices = EndpointSliceTwin(
            caches: caches, client: Self.client(EndpointSliceTwin.name, network, clock), clock: clock, random: random.split())
        gateway = GatewayTwin(
            caches: caches, client: Self.client(GatewayTwin.name, network, clock), clock: clock, seed: random.next(), settings: settings)
        traffic = TrafficModel(caches: caches, gateway: gateway)
        history = TrafficHistory(model: traffic, clock: clock)
        history.follow()
        metricSeed = random.next()
        deployments = DeploymentTwin(caches: caches, client: Self.client(DeploymentTwin.name, network, clock), clock: clock, logger: logger)
        jobs = JobTwin(
            caches: caches, client: Self.client(JobTwin.name, network, clock), clock: clock, random: random.split(), settings: settings,
            logger: logger)
        do throws(TransportError) {
            for origin in [Self.apiOrigin, ClusterConnection.inProcess.server] {
                try network.register(origin, to: server, answersAtOnce: true)
            }
        } catch {
            preconditionFailure("the origin of the api server: \(error)")
        }
        await server.observeWrites { [weak self] write, state in self?.note(write, state) }
    }

    /// The transport for everything that lives in the cluster.
    public var transport: any HTTPTransport { network }

    /// How the API server is reached over `transport`.
    public var connection: ClusterConnection { ClusterConnection(server: Self.apiOrigin, proxy: .none, origin: "the simulated cluster") }

    /// A client that the server knows by this name, without a rate limit.
    public func client(userAgent: String) -> KubeClient { Self.client(userAgent, network, clock) }

    private static func client(_ userAgent: String, _ network: InProcessNetwork, _ clock: any ControlClock) -> KubeClient {
        // A budget is full or empty at instants of one clock, so that one of a process would tie simulations together.
        KubeClient(
            connection: ClusterConnection(server: apiOrigin, proxy: .none, origin: "the simulated cluster"),
            transport: NamedTransport(userAgent: userAgent, base: network), clock: clock, version: "simulated",
            budget: RateBudget(perSecond: 1_000_000, burst: 1_000_000))
    }

    /// Lets the cluster live until the task is cancelled.
    public func run() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { [self] in
                await caches.run(client: client(userAgent: "simulated-cluster"), clock: clock, seed: seed, logger: logger)
            }
            group.addTask { [self] in
                await controller(ReplicaSetTwin.name, replicaSets.queue, replicaSets.barrier) { [replicaSets] in await replicaSets.reconcile($0) }
            }
            group.addTask { [self] in
                await controller(DeploymentTwin.name, deployments.queue, deployments.barrier) { [deployments] in await deployments.reconcile($0) }
            }
            group.addTask { [self] in await controller(JobTwin.name, jobs.queue, jobs.barrier) { [jobs] in await jobs.reconcile($0) } }
            group.addTask { [self] in await deployments.publisher.run() }
            group.addTask { [self] in await jobs.publisher.run() }
            group.addTask { [self] in
                await controller(KubeletTwin.name, kubelet.queue, kubelet.barrier) { [kubelet] in await kubelet.reconcile($0) }
            }
            group.addTask { [self] in
                await controller(EndpointSliceTwin.name, endpointSlices.queue, endpointSlices.barrier) { [endpointSlices] in
                    await endpointSlices.reconcile($0)
                }
            }
            guard caches.hasGateways else { return }
            group.addTask { [self] in
                await controller(GatewayTwin.name, gateway.queue, gateway.barrier) { [gateway] in await gateway.reconcile($0) }
            }
        }
    }

    private static func hasGateways(_ definitions: [JSONValue]) -> Bool {
        let names = Set(definitions.compactMap { $0.at("metadata", "name")?.stringValue })
        return names.isSuperset(of: ["httproutes", "gateways", "gatewayclasses"].map { "\($0).gateway.networking.k8s.io" })
    }

    private func controller(
        _ name: String, _ queue: WorkQueue, _ barrier: WriteBarrier, reconcile: @escaping Controller.Reconciler
    ) async {
        // One worker: nothing in the cluster waits, so more would only be more tasks.
        await Controller(name: name, workers: 1, queue: queue, barrier: barrier, clock: clock, logger: logger, reconcile: reconcile).run()
    }

    /// Lets the cluster live while `body` runs, and ends with it.
    public func running<Result: Sendable>(_ body: @escaping @Sendable (SimulatedCluster) async throws -> Result) async throws -> Result {
        try await withThrowingTaskGroup(of: Result?.self) { group in
            group.addTask { [self] in
                await run()
                return nil
            }
            group.addTask { [self] in try await body(self) }
            defer { group.cancelAll() }
            while let outcome = try await group.next() {
                if let outcome { return outcome }
            }
            throw CancellationError()
        }
    }

    // MARK: Writes

    /// Has `observer` called within each write, beside those that were added before. It must not wait.
    public func onWrite(_ observer: @escaping WriteObserver) { observers.withLock { $0.append(observer) } }

    private func note(_ write: CommittedWrite, _ state: ServerState) {
        for observer in observers.withLock({ $0 }) { observer(write, state) }
        journal.note(write)
    }
}
