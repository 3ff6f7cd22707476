import Clockwork
import ControllerKit
import Controllers
import KubeClient
import KubeModel
import Observability
import Synchronization

/// Counts what the controllers and the client do.
final class ActivityMetrics: Sendable {
    /// As long as Argo Rollouts keeps the series of an object that is gone, so that a last scrape sees them.
    static let retirementDelay: Duration = .seconds(65)

    /// Resources whose objects come and go all day, or of which there are too many to count each by name.
    private static let nameless: Set<String> = [
        "analysisruns", "experiments", "jobs", "pods", "replicasets", "events", "services", "endpointslices",
    ]

    let registry: MetricRegistry
    private let clock: any ControlClock
    /// Since when each round is under way, by controller and object.
    private let rounds = Mutex<[String: [ObjectKey: Timestamp]]>([:])

    init(registry: MetricRegistry, clock: any ControlClock) {
        self.registry = registry
        self.clock = clock
    }

    // MARK: Rounds

    func roundBegan(_ controller: String, _ key: ObjectKey) {
        let now = clock.now
        rounds.withLock { $0[controller, default: [:]][key] = now }
    }

    func roundEnded(_ record: ReconcileRecord) {
        rounds.withLock { _ = $0[record.controller]?.removeValue(forKey: record.key) }
        let seconds = record.elapsed.inSeconds
        let labels = [record.key.namespace, record.key.name]
        registry.observe(seconds, in: MetricNames.queueWork, [Self.queueName(record.controller)])
        let failed = if case .retry = record.outcome { true } else { false }
        switch record.controller {
        case "Rollout":
            registry.observe(seconds, in: MetricNames.rolloutReconcile, labels)
            if failed { registry.add(to: MetricNames.rolloutReconcileError, labels) }
        case "AnalysisRun":
            registry.observe(seconds, in: MetricNames.analysisRunReconcile, labels)
            if failed { registry.add(to: MetricNames.analysisRunReconcileError, labels) }
        default:
            // Argo Rollouts has no such metric for its other controllers.
            break
        }
    }

    /// For how long the rounds that are under way have lasted, in seconds: all together, and the longest.
    func unfinished(_ controller: String, now: Timestamp) -> (sum: Double, longest: Double) {
        let ages = rounds.withLock { ($0[controller] ?? [:]).values.map { $0.duration(to: now).inSeconds } }
        return (ages.reduce(0, +), ages.max() ?? 0)
    }

    /// Argo Rollouts' name of a queue.
    static func queueName(_ controller: String) -> String { controller + "s" }

    // MARK: Events, requests, objects

    func eventPublished(_ event: PublishedEvent) {
        guard event.about.kind == .rollout else { return }
        registry.add(to: MetricNames.rolloutEvents, [event.about.key.namespace, event.about.key.name, event.kind.rawValue, event.reason])
    }

    func requestEnded(_ record: RequestRecord) {
        registry.observe(record.throttled.inSeconds, in: MetricNames.throttling, [record.verb])
        let kind = record.resource?.resource ?? "Unknown"
        let hasName = !record.name.isEmpty && !Self.nameless.contains(kind)
        let verb = record.resource == nil ? "Unknown" : record.verb.prefix(1).uppercased() + record.verb.dropFirst()
        registry.add(to: MetricNames.requests, [
            kind, record.namespace, hasName ? record.name : "N/A", verb, record.status.map(String.init) ?? "0",
        ])
        guard record.resource?.group == GroupVersionResource.httpRoutes.group, record.verb == "patch" || record.verb == "update" else { return }
        registry.add(to: MetricNames.routeWrites, ["HTTPRoute", record.errorLabel ?? "ok"])
        // A patch whose test fails is answered as invalid.
        if ["conflict", "invalid"].contains(record.errorLabel) { registry.add(to: MetricNames.routeContention) }
    }

    /// Lets the series of objects that are deleted disappear. To be called before the caches run.
    func follow(_ caches: ClusterCaches) {
        let registry = registry
        caches.rollouts.onChange { change in
            guard change.new == nil else { return }
            registry.retire([change.key.namespace, change.key.name], of: MetricNames.ofRollout, after: Self.retirementDelay)
        }
        caches.analysisRuns.onChange { change in
            guard change.new == nil else { return }
            registry.retire([change.key.namespace, change.key.name], of: MetricNames.ofAnalysisRun, after: Self.retirementDelay)
        }
    }
}
