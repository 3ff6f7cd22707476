import Clockwork
import ControllerKit
import Delivery
import KubeModel
import RolloutModel
import Safety
import Synchronization

/// Gathers from the caches what a decision about one Rollout needs.
struct RolloutObserver: Sendable {
    private let caches: ClusterCaches
    private let refusals: RefusalMemory
    private let generations: GenerationMemory
    private let instanceID: String?
    private let guards: SafetyGuards

    init(caches: ClusterCaches, refusals: RefusalMemory, instanceID: String?, guards: SafetyGuards) {
        self.caches = caches
        self.refusals = refusals
        self.generations = GenerationMemory()
        self.instanceID = instanceID
        self.guards = guards
    }

    /// - Returns: nil when the Rollout is gone.
    func observe(_ key: ObjectKey, now: Timestamp) -> RolloutObservation? {
        guard let rollout = caches.rollouts.get(key) else { return nil }
        let owned: [ReplicaSet] = caches.replicaSets.list(index: ClusterCaches.Index.controller, value: rollout.metadata.uid)
        let orphans: [ReplicaSet] = caches.replicaSets.list(index: ClusterCaches.Index.controller, value: "\(key.namespace)/")
        var seen = RolloutObservation(
            rollout: rollout,
            replicaSets: owned + orphans.filter { !$0.podHash.isEmpty },
            analysisRuns: caches.analysisRuns.list(index: ClusterCaches.Index.controller, value: rollout.metadata.uid),
            refusals: refusals.current(of: key, now: now), instanceID: instanceID)
        seen.guards = guards
        if let right = caches.replicaSets.missingRight { seen.unreadable.append(right) }
        if let strategy = rollout.spec.blueGreen, rollout.spec.canary == nil {
            addBlueGreen(strategy, to: &seen)
            return seen
        }
        guard let canary = rollout.spec.canary else { return seen }
        addMissingRights(to: &seen, canary)
        for name in [canary.stableService, canary.canaryService] where !name.isEmpty {
            let service = ObjectKey(namespace: key.namespace, name: name)
            seen.services[name] = caches.services.get(service)
            if caches.endpointSlices.isReadable {
                let slices: [EndpointSlice] = caches.endpointSlices.list(index: ClusterCaches.Index.service, value: service.description)
                seen.readyEndpoints[name] = slices.reduce(into: Set<String>()) { $0.formUnion($1.readyPods) }
            }
        }
        addTemplates(of: canary, namespace: key.namespace, to: &seen)
        if let routing = canary.trafficRouting {
            for name in routing.httpRoutes {
                let route: HTTPRoute? = caches.httpRoutes.get(ObjectKey(namespace: routing.namespace ?? key.namespace, name: name))
                seen.routes[name] = .some(route)
                if let route { seen.routesSince[name] = generations.firstSeen(route, now: now) }
            }
        }
        return seen
    }

    /// What this Rollout depends on and the server does not list to us. Others do not wait for it.
    private func addMissingRights(to seen: inout RolloutObservation, _ canary: CanaryStrategy) {
        let status: RolloutStatus = seen.rollout.status
        let hasSteps: Bool = canary.steps.contains { if case .analysis = $0.kind { true } else { false } }
        if !canary.stableService.isEmpty || !canary.canaryService.isEmpty, let right = caches.services.missingRight {
            seen.unreadable.append(right)
        }
        if hasSteps || canary.analysis != nil || status.stepAnalysisRun != nil || status.backgroundAnalysisRun != nil,
           let right = caches.analysisRuns.missingRight {
            seen.unreadable.append(right)
        }
        if !(canary.trafficRouting?.httpRoutes.isEmpty ?? true), let right = caches.httpRoutes.missingRight { seen.unreadable.append(right) }
    }

    /// What a blue-green Rollout depends on: its Services, and the templates of its analyses.
    private func addBlueGreen(_ strategy: BlueGreenStrategy, to seen: inout RolloutObservation) {
        let namespace: String = seen.rollout.metadata.namespace
        if let right = caches.services.missingRight { seen.unreadable.append(right) }
        let status: BlueGreenStatus = seen.rollout.status.blueGreen
        let hasRuns: Bool = !strategy.analyses.isEmpty || status.prePromotionRun != nil || status.postPromotionRun != nil
        if hasRuns, let right = caches.analysisRuns.missingRight { seen.unreadable.append(right) }
        for name in strategy.services { seen.services[name] = caches.services.get(ObjectKey(namespace: namespace, name: name)) }
        addTemplates(strategy.analyses.flatMap(\.templates), namespace: namespace, to: &seen)
    }

    private func addTemplates(of canary: CanaryStrategy, namespace: String, to seen: inout RolloutObservation) {
        var named: [RolloutAnalysis.TemplateReference] = canary.analysis?.templates ?? []
        for step in canary.steps {
            if case .analysis(let analysis) = step.kind { named += analysis.templates }
        }
        addTemplates(named, namespace: namespace, to: &seen)
    }

    /// The templates that the spec names, and those that they include.
    private func addTemplates(_ named: [RolloutAnalysis.TemplateReference], namespace: String, to seen: inout RolloutObservation) {
        var open: [RolloutAnalysis.TemplateReference] = named
        while let reference = open.popLast() {
            guard seen.templates[reference] == nil else { continue }
            let missing: MissingRight? = reference.isClusterScoped ? caches.clusterAnalysisTemplates.missingRight : caches.analysisTemplates.missingRight
            if let missing {
                if !seen.unreadable.contains(missing) { seen.unreadable.append(missing) }
                continue
            }
            let template: AnalysisTemplate? = reference.isClusterScoped
                ? caches.clusterAnalysisTemplates.get(ObjectKey(namespace: "", name: reference.name))?.template
                : caches.analysisTemplates.get(ObjectKey(namespace: namespace, name: reference.name))
            guard let template else { continue }
            seen.templates[reference] = template
            open += template.templates
        }
    }
}

/// When the present generation of each route was first seen by this process.
final class GenerationMemory: Sendable {
    private struct Entry {
        var generation: Int64
        var since: Timestamp
    }
    private let entries = Mutex<[ObjectKey: Entry]>([:])

    func firstSeen(_ route: HTTPRoute, now: Timestamp) -> Timestamp {
        entries.withLock { entries in
            if let entry = entries[route.metadata.key], entry.generation == route.metadata.generation { return entry.since }
            entries[route.metadata.key] = Entry(generation: route.metadata.generation, since: now)
            return now
        }
    }
}

/// What the API server refused for good, for as long as it is worth remembering.
///
/// Quotas and policies change without telling us: after half a minute the action is tried again.
final class RefusalMemory: Sendable {
    static let patience: Duration = .seconds(30)

    private struct Entry {
        var refusal: Refusal
        var until: Timestamp
    }
    private let entries = Mutex<[ObjectKey: [Entry]]>([:])

    /// - Parameter patience: longer where somebody else tries again, so that it does not lapse between two attempts.
    func add(_ refusal: Refusal, about key: ObjectKey, now: Timestamp, patience: Duration = RefusalMemory.patience) {
        entries.withLock { entries in
            entries[key, default: []].removeAll { $0.refusal.subject == refusal.subject }
            entries[key, default: []].append(Entry(refusal: refusal, until: now + patience))
        }
    }

    func current(of key: ObjectKey, now: Timestamp) -> [Refusal] {
        entries.withLock { entries in
            entries[key]?.removeAll { $0.until <= now }
            return entries[key]?.map(\.refusal) ?? []
        }
    }

    /// When the next refusal is forgotten; nil when none is remembered.
    func nextExpiry(of key: ObjectKey) -> Timestamp? { entries.withLock { $0[key]?.map(\.until).min() } }

    func forget(_ key: ObjectKey) { entries.withLock { $0[key] = nil } }
}
