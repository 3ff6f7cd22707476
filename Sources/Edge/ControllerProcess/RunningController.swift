import Clockwork
import ControllerKit
import Controllers
import EmbeddedAPIServer
import KubeClient
import KubeModel
import Logging
import MetricProviders
import Observability

/// What runs, once it is known with whom to talk.
struct RunningController: Sendable {
    let controllers: ControllerSet
    private let elector: LeaderElector?
    private let health = ProcessHealth(expecting: ["/healthz", "/metrics"])
    private let metrics: MetricRegistry
    private let clock: any ControlClock
    private let logger: Logger
    private let address: String
    /// The workers are to stop where they are.
    private let abandon = OneShot()
    private let workEnded = OneShot()

    init(flags: ControllerFlags, world: ControllerProcess.World, connection: ClusterConnection, logger: Logger, metrics: MetricRegistry) {
        let clock = world.clock
        let environment = world.environment
        let activity = ActivityMetrics(registry: metrics, clock: clock)
        let client = KubeClient(
            connection: connection, transport: world.transport, clock: clock, program: "sluice-controller", version: SluiceVersion.text,
            budget: RateBudget(perSecond: flags.requestsPerSecond, burst: flags.requestBurst), requestTimeout: flags.requestTimeout,
            files: environment.files, plugins: environment.credentialPlugins, observe: { activity.requestEnded($0) })
        var random = SeededGenerator(seed: world.seed)
        let elector = flags.electsLeader ? LeaderElector(
            lease: Self.lease(flags, environment), identity: Self.identity(environment.hostName, &random),
            timing: LeaseTiming(
                duration: flags.leaseDuration, renewDeadline: flags.leaseRenewDeadline, retryPeriod: flags.leaseRetryPeriod),
            client: client, clock: clock, seed: random.next(), logger: logger) : nil
        var settings = ControllerSettings(seed: random.next())
        settings.namespace = flags.isNamespaced ? connection.namespace : nil
        settings.instanceID = flags.instanceID.isEmpty ? nil : flags.instanceID
        settings.onlyAnalysis = flags.onlyAnalysis
        settings.rolloutWorkers = flags.rolloutWorkers
        settings.analysisRunWorkers = flags.analysisRunWorkers
        settings.noData = flags.noData
        settings.host = environment.hostName
        let health = health
        var hooks = ControllerHooks()
        hooks.onReconcileStart = { activity.roundBegan($0, $1) }
        hooks.onReconcile = { record in
            activity.roundEnded(record)
            health.noteRound(at: clock.now)
        }
        hooks.onEvent = { activity.eventPublished($0) }
        if let path = environment.routeWritePauseFile {
            let pause = RouteWritePause(path: path, clock: clock, logger: logger)
            hooks.afterRouteWrite = { _ in await pause.pause() }
        }
        let writer = elector.map { client.gated(by: $0.gate) } ?? client
        let providers = MetricProviderSet.standard(
            transport: world.transport, client: writer, prometheusAddress: environment.prometheusAddress,
            jobNamespace: environment.jobNamespace)
        let controllers = ControllerSet(
            settings: settings, client: writer, providers: providers, clock: clock,
            logger: logger, hooks: hooks)
        activity.follow(controllers.caches)
        let process = ProcessMetrics()
        metrics.collect { page in
            let caches = controllers.caches
            process.collect(into: &page)
            ProcessCollector(
                controllers: controllers, activity: activity, commit: environment.commit,
                isLeading: elector?.isLeading ?? (health.role == .leader), now: clock.now
            ).collect(into: &page)
            RolloutCollector(rollouts: caches.rollouts.list()).collect(into: &page)
            AnalysisCollector(
                runs: caches.analysisRuns.list(),
                templates: caches.clusterAnalysisTemplates.list().map(\.template) + caches.analysisTemplates.list()
            ).collect(into: &page)
        }
        self.controllers = controllers
        self.elector = elector
        self.metrics = metrics
        self.clock = clock
        self.logger = logger
        address = flags.bindAddress
        // Whoever is alone leads from the beginning, and is not ready before its caches are.
        if elector == nil { health.take(.leader, at: clock.now) }
    }

    /// Argo Rollouts' own name, so that the two never act at once.
    private static func lease(_ flags: ControllerFlags, _ environment: ControllerEnvironment) -> ObjectKey {
        let suffix = flags.instanceID.isEmpty ? "" : "-\(flags.instanceID)"
        return ObjectKey(namespace: environment.ownNamespace, name: "argo-rollouts-controller-lock" + suffix)
    }

    /// Host name and a random UUID.
    private static func identity(_ host: String, _ random: inout SeededGenerator) -> String {
        let digits = [random.next(), random.next()].map { word in
            let text = String(word, radix: 16)
            return String(repeating: "0", count: 16 - text.utf8.count) + text
        }.joined()
        var parts: [Substring] = []
        var rest = digits[...]
        for length in [8, 4, 4, 4, 12] {
            parts.append(rest.prefix(length))
            rest = rest.dropFirst(length)
        }
        return "\(host)_\(parts.joined(separator: "-"))"
    }
}

extension RunningController {
    /// Acts while this process leads; says why that is over.
    func work() async -> LeaderElector.Ending {
        let workers: @Sendable () async -> Void = {
            health.take(.leader, at: clock.now)
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await controllers.runControllers() }
                group.addTask { await abandon.wait() }
                await group.next()
                group.cancelAll()
            }
            health.take(.follower, at: clock.now)
            workEnded.fire()
        }
        if let elector { return await elector.run(workers) }
        await workers()
        return .resigned
    }

    /// Brings the work to its end: rounds under way are finished, then the lease is given back. Returns when that has begun.
    func end() async {
        logger.info("stopping: the rounds that are under way are finished first")
        if health.role == .leader, controllers.caches.areReady {
            controllers.drain()
            let isDrained = await withTaskGroup(of: Bool.self) { group in
                group.addTask {
                    await workEnded.wait()
                    return true
                }
                group.addTask {
                    // Cancelled when the work has ended first.
                    try? await clock.sleep(until: clock.now + ControllerProcess.drainLimit, tolerance: nil)
                    return false
                }
                let first = await group.next() ?? false
                group.cancelAll()
                return first
            }
            if !isDrained { logger.warning("some rounds are not finished and are given up") }
        }
        abandon.fire()
        elector?.resign()
    }

    func serve(
        _ page: String, _ handler: any APIHandler, _ port: Int, _ serve: ControllerProcess.PageServer
    ) async -> ControllerProcess.Ending {
        do {
            try await serve(handler, address, port) { port in
                health.isServed(page)
                logger.info("serving", metadata: ["page": "\(page)", "address": "\(address)", "port": "\(port)"])
            }
            return .asTold
        } catch {
            return Task.isCancelled ? .asTold : .pages("\(page): \(error)")
        }
    }

    /// Until the task is cancelled.
    func keepMemorySmall(_ release: @escaping @Sendable () -> Void) async {
        await MemoryKeeper(workDone: { health.rounds }, release: release, clock: clock).run()
    }

    var healthPages: any APIHandler {
        ProcessPages(pages: [
            "/healthz": { ProcessPages.text(200, "ok") },
            "/livez": { ProcessPages.verdict(health.lifeComplaints(controllers.queues, elector: elector, now: clock.now)) },
            "/readyz": { ProcessPages.verdict(health.readinessComplaints(controllers.caches, elector: elector)) },
        ])
    }

    var metricPages: any APIHandler {
        ProcessPages(pages: [
            "/metrics": { APIResponse(status: 200, contentType: MetricPage.contentType, bytes: metrics.page().bytes) },
        ])
    }
}
