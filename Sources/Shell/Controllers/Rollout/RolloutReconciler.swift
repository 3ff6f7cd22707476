import Clockwork
import ControllerKit
import Delivery
import KubeClient
import KubeModel
import Logging
import RolloutModel
import Safety
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
    private let refusalLog: RefusalLog
    private let losses = PrunedStatusMemory()
    private let warnings = RepeatedWarnings()
    private let held = HeldStatuses()
    private let caches: ClusterCaches
    private let versions: ServedVersions
    private let clock: any ControlClock
    private let logger: Logger
    private let guards: SafetyGuards

    init(
        caches: ClusterCaches, client: KubeClient, barrier: WriteBarrier, publisher: EventPublisher, versions: ServedVersions, instanceID: String?,
        refusals: RefusalMemory, refusalLog: RefusalLog, clock: any ControlClock, logger: Logger, guards: SafetyGuards = .all,
        afterRouteWrite: (@Sendable (ObjectKey) async -> Void)? = nil
    ) {
        self.refusals = refusals
        self.refusalLog = refusalLog
        observer = RolloutObserver(caches: caches, refusals: refusals, instanceID: instanceID, guards: guards)
        applier = RolloutApplier(
            client: client, caches: caches, barrier: barrier, refusals: refusals, refusalLog: refusalLog, versions: versions, clock: clock, guards: guards,
            afterRouteWrite: afterRouteWrite)
        self.publisher = publisher
        self.caches = caches
        self.versions = versions
        self.clock = clock
        self.logger = logger
        self.guards = guards
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
        guard routesAreKnown(of: seen.rollout) || !guards.have(.knownRoutes) else { return .wake(at: now + Self.routesInterval) }
        let stored: Rollout = seen.rollout
        seen.rollout.status = held.present(stored)
        let plan: RolloutPlan = decide(seen, now: now)
        for note in plan.notes { logger.info("\(note)", metadata: metadata(stored)) }
        do throws(KubeError) {
            var version: String = seen.rollout.metadata.resourceVersion
            for step in plan.steps {
                do throws(KubeError) {
                    try await applier.apply(step.action, seen, version: &version)
                } catch .forbidden(let verb, let resource, let status) {
                    remember(.forbidden(verb: verb, resource: resource, status: status), of: step.action, seen)
                    // The next decision does without, or says what is missing.
                    return .wake(at: now)
                }
                if let event = step.event { publish(event, about: seen.rollout) }
            }
            let events: [EventNote] = plan.events.filter { !warnings.isRepeated($0, about: key) || !guards.have(.warningsOnce) }
            if !guards.have(.eventsAfterStatus) { for event in events { publish(event, about: stored) } }
            let heldUntil: Timestamp? = try await store(plan.status, stored, version: version, now: now)
            if guards.have(.eventsAfterStatus) { for event in events { publish(event, about: stored) } }
            warnings.settle(plan.events, about: key)
            return [plan.wakeAt, heldUntil, refusals.nextExpiry(of: key)].compactMap { $0 }.min().map { .wake(at: $0) } ?? .settled
        } catch .forbidden(let verb, let resource, let status) {
            return unstored(.forbidden(verb: verb, resource: resource, status: status), seen)
        } catch {
            return Outcome(after: error)
        }
    }

    /// What the server forbids is not tried again before half a minute has passed.
    private func remember(_ error: KubeError, of action: RolloutAction, _ seen: RolloutObservation) {
        let cause: Refusal.Cause = error.missingRight.map { .missingRight($0) } ?? .forbidden(error.description)
        refusals.add(Refusal(subject: action.subject, cause: cause), about: seen.rollout.key, now: clock.now)
        refusalLog.tell(error, "refused; rollouts that need it wait, and their condition Forbidden says so", metadata(seen.rollout))
    }

    /// The status may not be written, so that no condition can tell of it; an event may.
    private func unstored(_ error: KubeError, _ seen: RolloutObservation) -> Outcome {
        refusalLog.tell(error, "refused; without its status no rollout goes on", metadata(seen.rollout))
        let words: String = error.missingRight.map { "\(error); \($0.remedy)" } ?? error.description
        let event = EventNote(.warning, .forbidden, words)
        if !warnings.isRepeated(event, about: seen.rollout.key) { publish(event, about: seen.rollout) }
        warnings.settle([event], about: seen.rollout.key)
        return .wake(at: clock.now + RefusalLog.retryInterval)
    }

    /// A route that was not listed yet must not be taken for one that is missing. Rollouts without routes do not wait for them.
    private func routesAreKnown(of rollout: Rollout) -> Bool {
        rollout.spec.canary?.trafficRouting?.httpRoutes.isEmpty ?? true
            || caches.httpRoutes.isSettled || versions.isAbsent(HTTPRoute.resource)
    }

    /// At most one write, none when nothing has changed or when it may wait.
    ///
    /// - Returns: when a status that was held back has to be written.
    private func store(
        _ status: RolloutStatus, _ rollout: Rollout, version: String, now: Timestamp
    ) async throws(KubeError) -> Timestamp? {
        guard let difference = JSONValue.mergePatch(from: rollout.status.raw, to: status.json),
              let news = guards.have(.prunedStatus) ? losses.unknown(in: difference, of: rollout.key) : difference else {
            held.forget(rollout.key)
            return nil
        }
        if status.mayWait(news, comparedWith: rollout.status), let until = held.hold(status, of: rollout, now: now) { return until }
        // The version makes the server refuse a status that was decided from an older object: a user's change comes first.
        let seenVersion: JSONValue = guards.have(.statusVersion) ? ["resourceVersion": .string(version)] : [:]
        let patch: JSONValue = ["metadata": seenVersion, "status": difference]
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
