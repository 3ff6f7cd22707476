import Clockwork
import ControllerKit
import Delivery
import KubeClient
import KubeModel
import Logging
import RolloutModel
import StrictJSON
import Synchronization

/// One round for one Rollout: observe, decide, apply, store, publish.
struct RolloutReconciler: Sendable {
    /// How soon a Rollout is looked at again whose routes are not listed yet; their arrival wakes it sooner.
    private static let routesInterval: Duration = .milliseconds(500)

    private let observer: RolloutObserver
    private let applier: RolloutApplier
    private let publisher: EventPublisher
    private let refusals: RefusalMemory
    private let losses = PrunedStatusMemory()
    private let warnings = RepeatedWarnings()
    private let held = HeldStatuses()
    private let caches: ClusterCaches
    private let versions: ServedVersions
    private let clock: any ControlClock
    private let logger: Logger

    init(
        caches: ClusterCaches, client: KubeClient, barrier: WriteBarrier, publisher: EventPublisher, versions: ServedVersions, instanceID: String?,
        clock: any ControlClock, logger: Logger, afterRouteWrite: (@Sendable (ObjectKey) async -> Void)? = nil
    ) {
        refusals = RefusalMemory()
        observer = RolloutObserver(caches: caches, refusals: refusals, instanceID: instanceID)
        applier = RolloutApplier(
            client: client, caches: caches, barrier: barrier, refusals: refusals, versions: versions, clock: clock,
            afterRouteWrite: afterRouteWrite)
        self.publisher = publisher
        self.caches = caches
        self.versions = versions
        self.clock = clock
        self.logger = logger
    }

    func reconcile(_ key: ObjectKey) async -> Outcome {
        let now: Timestamp = clock.now
        guard var seen = observer.observe(key, now: now) else {
            held.forget(key)
            refusals.forget(key)
            losses.forget(key)
            warnings.forget(key)
            return .settled
        }
        guard routesAreKnown(of: seen.rollout) else { return .wake(at: now + Self.routesInterval) }
        let stored: Rollout = seen.rollout
        seen.rollout.status = held.present(stored)
        let plan: RolloutPlan = decide(seen, now: now)
        for note in plan.notes { logger.info("\(note)", metadata: metadata(stored)) }
        do throws(KubeError) {
            var version: String = seen.rollout.metadata.resourceVersion
            for step in plan.steps {
                try await applier.apply(step.action, seen, version: &version)
                if let event = step.event { publish(event, about: seen.rollout) }
            }
            let heldUntil: Timestamp? = try await store(plan.status, stored, version: version, now: now)
            for event in plan.events where !warnings.isRepeated(event, about: key) { publish(event, about: seen.rollout) }
            warnings.settle(plan.events, about: key)
            return [plan.wakeAt, heldUntil, refusals.nextExpiry(of: key)].compactMap { $0 }.min().map { .wake(at: $0) } ?? .settled
        } catch {
            return Outcome(after: error)
        }
    }

    /// A route that was not listed yet must not be taken for one that is missing. Rollouts without routes do not wait for them.
    private func routesAreKnown(of rollout: Rollout) -> Bool {
        rollout.spec.canary?.trafficRouting?.httpRoutes.isEmpty ?? true
            || caches.httpRoutes.hasSynced || versions.isAbsent(HTTPRoute.resource)
    }

    /// At most one write, none when nothing has changed or when it may wait.
    ///
    /// - Returns: when a status that was held back has to be written.
    private func store(
        _ status: RolloutStatus, _ rollout: Rollout, version: String, now: Timestamp
    ) async throws(KubeError) -> Timestamp? {
        guard let difference = JSONValue.mergePatch(from: rollout.status.raw, to: status.json), !losses.isKnown(difference, of: rollout.key) else {
            held.forget(rollout.key)
            return nil
        }
        if status.mayWait(difference, comparedWith: rollout.status), let until = held.hold(status, of: rollout, now: now) { return until }
        // The version makes the server refuse a status that was decided from an older object: a user's change comes first.
        let patch: JSONValue = ["metadata": ["resourceVersion": .string(version)], "status": difference]
        let answer: JSONValue = try await applier.merge(
            patch, into: rollout.metadata.name, subresource: "status", in: applier.caches.rollouts, for: rollout)
        held.forget(rollout.key)
        losses.remember(JSONValue.mergePatch(from: answer["status"] ?? .object([:]), to: status.json), of: rollout.key)
        if status.phase != rollout.status.phase || status.currentStepIndex != rollout.status.currentStepIndex {
            logger.info(
                "\(status.phase?.rawValue ?? "unknown")\(status.message.isEmpty ? "" : ": \(status.message)")",
                metadata: metadata(rollout).merging(["step": "\(status.currentStepIndex.map(String.init) ?? "-")"]) { $1 })
        }
        return nil
    }

    private func publish(_ event: EventNote, about rollout: Rollout) {
        publisher.publish(PublishedEvent(
            about: ObjectReference(
                kind: .rollout, key: rollout.key, uid: rollout.metadata.uid, resourceVersion: rollout.metadata.resourceVersion),
            kind: event.severity == .warning ? .warning : .normal, reason: event.reason, message: event.message))
    }

    private func metadata(_ rollout: Rollout) -> Logger.Metadata {
        ["namespace": "\(rollout.metadata.namespace)", "rollout": "\(rollout.metadata.name)"]
    }
}

/// Warnings that stand as long as their cause does are told once, not in every round.
final class RepeatedWarnings: Sendable {
    private let told = Mutex<[ObjectKey: Set<EventNote>]>([:])

    func isRepeated(_ event: EventNote, about key: ObjectKey) -> Bool {
        event.severity == .warning && told.withLock { $0[key]?.contains(event) ?? false }
    }

    func settle(_ events: [EventNote], about key: ObjectKey) {
        told.withLock { $0[key] = Set(events.filter { $0.severity == .warning }) }
    }

    func forget(_ key: ObjectKey) { told.withLock { $0[key] = nil } }
}
