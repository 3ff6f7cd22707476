public import Analysis
public import Clockwork
public import ControllerKit
public import Delivery
import HTTPTransport
public import KubeClient
public import KubeModel
public import Logging
public import MetricProviders
import RolloutModel
import Safety

/// What the controllers of one process need to know.
public struct ControllerSettings: Sendable {
    /// Nil: all namespaces. With one, cluster templates are not read: a role of one namespace does not allow it.
    public var namespace: String?
    /// Rollouts are left alone; AnalysisRuns are looked after, whoever made them.
    public var onlyAnalysis: Bool = false
    /// Only objects that carry this instance id are looked after; nil: only those that carry none.
    public var instanceID: String?
    public var rolloutWorkers: Int = 10
    public var analysisRunWorkers: Int = 30
    /// What missing data means for metrics that do not say.
    public var noData: NoDataPolicy = .error
    /// Decides jitter and the names of events.
    public var seed: UInt64
    /// Identifies this process in events.
    public var host: String = ""
    /// The rules that hold: all of them.
    package var guards: SafetyGuards = .all

    public init(seed: UInt64) { self.seed = seed }
}

/// All controllers of one process, with the caches that they share.
public struct ControllerSet: Sendable {
    /// The component named in events: API, in Argo Rollouts' spelling.
    static let component: String = "rollouts-controller"

    public let caches: ClusterCaches
    /// Queues by the name of the kind, for metrics.
    public var queues: [(name: String, queue: WorkQueue)] { [("Rollout", rollouts.queue), ("AnalysisRun", analysisRuns.queue), ("Service", services.queue)] }

    private let settings: ControllerSettings
    private let client: KubeClient
    private let clock: any ControlClock
    private let logger: Logger
    private let publisher: EventPublisher
    private let versions: ServedVersions
    private let observer: RolloutObserver
    private let rollouts: Controller
    private let analysisRuns: Controller
    private let services: Controller

    /// - Parameters:
    ///   - client: writes through it are stopped when leadership is in doubt.
    ///   - providers: where measurements come from.
    ///   - hooks: who looks on.
    public init(
        settings: ControllerSettings, client: KubeClient, providers: MetricProviderSet, clock: any ControlClock, logger: Logger,
        hooks: ControllerHooks = ControllerHooks()
    ) {
        self.settings = settings
        self.client = client
        self.clock = clock
        self.logger = logger
        let caches = ClusterCaches(readsClusterTemplates: settings.namespace == nil)
        self.caches = caches
        let refusals = RefusalMemory()
        let refusalLog = RefusalLog(clock: clock, logger: logger)
        publisher = EventPublisher(
            component: Self.component, host: settings.host, client: client, clock: clock, logger: logger, observe: hooks.onEvent)
        observer = RolloutObserver(caches: caches, refusals: refusals, instanceID: settings.instanceID, guards: settings.guards)
        versions = ServedVersions(client: client, clock: clock, logger: logger)
        let rolloutBarrier = WriteBarrier(guards: settings.guards)
        let reconciler = RolloutReconciler(
            caches: caches, client: client, barrier: rolloutBarrier, publisher: publisher, versions: versions,
            instanceID: settings.instanceID, refusals: refusals, refusalLog: refusalLog, clock: clock, logger: logger, guards: settings.guards, afterRouteWrite: hooks.afterRouteWrite)
        rollouts = Controller(
            name: "rollout", workers: settings.rolloutWorkers, queue: WorkQueue(clock: clock), barrier: rolloutBarrier, clock: clock,
            logger: logger, reconcile: hooks.watching("Rollout", clock) { await reconciler.reconcile($0) })
        let rolloutQueue: WorkQueue = rollouts.queue
        let runBarrier = WriteBarrier(guards: settings.guards)
        let runReconciler = AnalysisRunReconciler(
            runs: caches.analysisRuns, client: client, providers: providers, barrier: runBarrier, publisher: publisher, clock: clock,
            logger: logger, refusalLog: refusalLog,
            onRefusal: { run, refusal in
                guard let owner = run.metadata.controller, owner.kind == "Rollout" else { return }
                let rollout = ObjectKey(namespace: run.metadata.namespace, name: owner.name)
                refusals.add(refusal, about: rollout, now: clock.now, patience: RefusalMemory.patience * 2)
                rolloutQueue.add(rollout)
            }, noData: settings.noData, guards: settings.guards)
        analysisRuns = Controller(
            name: "analysisrun", workers: settings.analysisRunWorkers, queue: WorkQueue(clock: clock), barrier: runBarrier, clock: clock,
            logger: logger, reconcile: hooks.watching("AnalysisRun", clock) { await runReconciler.reconcile($0) })
        let serviceBarrier = WriteBarrier(guards: settings.guards)
        let serviceReconciler = ServiceReconciler(
            caches: caches, client: client, barrier: serviceBarrier, refusalLog: refusalLog, clock: clock, logger: logger, guards: settings.guards)
        services = Controller(
            name: "service", workers: 1, queue: WorkQueue(clock: clock), barrier: serviceBarrier, clock: clock, logger: logger,
            reconcile: hooks.watching("Service", clock) { await serviceReconciler.reconcile($0) })
        connect()
    }

    /// Keeps the caches in step with the API server; also useful without leadership, so that a follower is warm.
    public func runCaches() async {
        let instance: String = settings.instanceID.map { "\(Keys.instanceID)=\($0)" } ?? "!\(Keys.instanceID)"
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await reflector(caches.rollouts, 1, selection: Selection(labels: instance)).run() }
            group.addTask { await reflector(caches.replicaSets, 2, selection: Selection(labels: Keys.podHash)).run() }
            group.addTask { await reflector(caches.services, 3).run() }
            group.addTask { await reflectWhenServed(caches.endpointSlices, 4) }
            group.addTask { await reflectWhenServed(caches.httpRoutes, 5) }
            group.addTask { await reflector(caches.analysisRuns, 6, selection: Selection(labels: instance)).run() }
            group.addTask { await reflector(caches.analysisTemplates, 7).run() }
            guard caches.readsClusterTemplates else { return }
            group.addTask { await reflector(caches.clusterAnalysisTemplates, 8, isClusterScoped: true).run() }
        }
    }

    /// Acts, until the task is cancelled or `drain` was called. To be run by the leader only, beside `runCaches`.
    public func runControllers() async {
        if settings.guards.have(.syncedCaches) { await caches.waitUntilReady() }
        guard !Task.isCancelled else { return }
        for rollout in caches.rollouts.list() { rollouts.queue.add(rollout.key) }
        for run in caches.analysisRuns.list() { analysisRuns.queue.add(run.metadata.key) }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await publisher.run() }
            await withTaskGroup(of: Void.self) { workers in
                if !settings.onlyAnalysis {
                    workers.addTask { await rollouts.run() }
                    workers.addTask { await services.run() }
                }
                workers.addTask { await analysisRuns.run() }
            }
            // What the last rounds had to tell is still told.
            publisher.finish()
        }
    }

    /// Lets the rounds that are under way end and begins no others; `runControllers` then returns.
    public func drain() { for (_, queue) in queues { queue.shutDown() } }

    /// What a decision about a Rollout would be made from now, for those who want to explain it; nil when it is not there.
    public func observation(of key: ObjectKey) -> RolloutObservation? { observer.observe(key, now: clock.now) }

    private func reflectWhenServed<Model: ReadModel>(_ store: ObjectStore<Model>, _ number: UInt64) async {
        guard let served = await versions.wait(for: Model.resource) else { return }
        await reflector(store, number, resource: served).run()
    }

    private func reflector<Model: ReadModel>(
        _ store: ObjectStore<Model>, _ number: UInt64, resource: GroupVersionResource = Model.resource, selection: Selection = Selection(),
        isClusterScoped: Bool = false
    ) -> Reflector<Model> {
        Reflector(
            .init(resource: resource, namespace: isClusterScoped ? nil : settings.namespace, selection: selection), into: store, client: client, clock: clock,
            seed: settings.seed &+ number, logger: logger)
    }

    /// What wakes a Rollout beside itself: its ReplicaSets and runs, and whatever it names.
    private func connect() {
        let queue: WorkQueue = rollouts.queue
        let runQueue: WorkQueue = analysisRuns.queue
        let caches: ClusterCaches = caches
        let serviceQueue: WorkQueue = services.queue
        caches.onAccessChange {
            for rollout in caches.rollouts.list() { queue.add(rollout.key) }
        }
        caches.rollouts.onChange { change in
            queue.add(change.key)
            // Services that it named until now may have to be freed.
            let now: [String] = change.new?.model?.spec.services ?? []
            for name in change.old?.model?.spec.services ?? [] where !now.contains(name) {
                serviceQueue.add(ObjectKey(namespace: change.key.namespace, name: name))
            }
        }
        caches.replicaSets.onChange { change in
            for entry in [change.old, change.new] {
                guard let metadata = entry?.metadata else { continue }
                if let owner = metadata.controller {
                    if owner.kind == "Rollout" { queue.add(ObjectKey(namespace: metadata.namespace, name: owner.name)) }
                } else {
                    // Nobody controls it: some Rollout of the namespace may adopt it.
                    for rollout in caches.rollouts.list(index: ClusterCaches.Index.namespace, value: metadata.namespace) { queue.add(rollout.key) }
                }
            }
        }
        caches.analysisRuns.onChange { change in
            runQueue.add(change.key)
            // Each measurement may be the one that a step waits for.
            for entry in [change.old, change.new] {
                guard let metadata = entry?.metadata, let owner = metadata.controller, owner.kind == "Rollout" else { continue }
                queue.add(ObjectKey(namespace: metadata.namespace, name: owner.name))
            }
        }
        caches.services.onChange { change in
            // Looked at only when nobody here names it: all others are their Rollout's to care for.
            let isNamed: Bool = !caches.rollouts.list(index: ClusterCaches.Index.service, value: change.key.description).isEmpty
            if !isNamed, change.new?.model?.metadata.annotations[Keys.managedBy] != nil { serviceQueue.add(change.key) }
            for rollout in caches.rollouts.list(index: ClusterCaches.Index.service, value: change.key.description) { queue.add(rollout.key) }
        }
        caches.endpointSlices.onChange { change in
            let names: Set<String> = Set([change.old, change.new].compactMap { $0?.model?.serviceName })
            for name in names.sorted() {
                for rollout in caches.rollouts.list(index: ClusterCaches.Index.service, value: "\(change.key.namespace)/\(name)") {
                    queue.add(rollout.key)
                }
            }
        }
        caches.httpRoutes.onChange { change in
            for rollout in caches.rollouts.list(index: ClusterCaches.Index.route, value: change.key.description) { queue.add(rollout.key) }
        }
        caches.analysisTemplates.onChange { change in
            for rollout in caches.rollouts.list(index: ClusterCaches.Index.analysis, value: change.key.namespace) { queue.add(rollout.key) }
        }
        caches.clusterAnalysisTemplates.onChange { _ in
            for rollout in caches.rollouts.list() where !rollout.spec.analyses.isEmpty { queue.add(rollout.key) }
        }
    }
}
