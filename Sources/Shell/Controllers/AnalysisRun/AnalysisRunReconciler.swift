import Analysis
import Clockwork
import ControllerKit
import Delivery
import KubeClient
import KubeModel
import Logging
import MetricProviders
import RolloutModel
import Safety
import StrictJSON

/// One round for one AnalysisRun: observe, decide, measure, conclude, store, publish.
struct AnalysisRunReconciler: Sendable {
    private let runs: ObjectStore<AnalysisRun>
    private let client: KubeClient
    private let secrets: any SecretReader
    private let providers: MetricProviderSet
    private let barrier: WriteBarrier
    private let publisher: EventPublisher
    private let losses = PrunedStatusMemory()
    private let conditions = ConditionCache()
    private let refusalLog: RefusalLog
    /// Is told of what the server does not let us do with a run.
    private let onRefusal: @Sendable (AnalysisRun, Refusal) -> Void
    private let clock: any ControlClock
    private let logger: Logger
    /// What missing data means for metrics that do not say.
    private let noData: NoDataPolicy
    private let guards: SafetyGuards

    init(
        runs: ObjectStore<AnalysisRun>, client: KubeClient, providers: MetricProviderSet, barrier: WriteBarrier,
        publisher: EventPublisher, clock: any ControlClock, logger: Logger, secrets: (any SecretReader)? = nil,
        refusalLog: RefusalLog? = nil, onRefusal: @escaping @Sendable (AnalysisRun, Refusal) -> Void = { _, _ in },
        noData: NoDataPolicy = .error, guards: SafetyGuards = .all
    ) {
        self.noData = noData
        self.refusalLog = refusalLog ?? RefusalLog(clock: clock, logger: logger)
        self.onRefusal = onRefusal
        self.runs = runs
        self.client = client
        self.secrets = secrets ?? ClusterSecretReader(client: client)
        self.providers = providers
        self.barrier = barrier
        self.publisher = publisher
        self.clock = clock
        self.logger = logger
        self.guards = guards
    }

    func reconcile(_ key: ObjectKey) async -> Outcome {
        guard let run = runs.get(key) else {
            losses.forget(key)
            return .settled
        }
        do throws(KubeError) {
            var seen = AnalysisRunObservation(
                run: run, secrets: try await secrets.read(neededSecrets(by: run), namespace: key.namespace))
            seen.noData = noData
            seen.guards = guards
            var plan: AnalysisRunPlan = decide(seen, now: clock.now)
            if !plan.measurements.isEmpty {
                guard let outcomes = await measure(plan.measurements) else { return .settled }
                plan = conclude(seen, results: outcomes, now: clock.now, compiler: conditions)
            }
            if plan.deletesRun { return try await delete(run) }
            // Before the status forgets them: what is interrupted here is done again.
            guard await discard(plan.discarded) else { return .settled }
            try await store(plan, run)
            for event in plan.events { publish(event, about: run) }
            return plan.wakeAt.map { .wake(at: $0) } ?? .settled
        } catch .forbidden(let verb, let resource, let status) {
            return refused(.forbidden(verb: verb, resource: resource, status: status), run)
        } catch {
            return Outcome(after: error)
        }
    }

    /// What cannot be written to the run is told with the Rollout that waits for it.
    private func refused(_ error: KubeError, _ run: AnalysisRun) -> Outcome {
        let cause: Refusal.Cause = error.missingRight.map { .missingRight($0) } ?? .forbidden(error.description)
        onRefusal(run, Refusal(subject: Refusal.runStatus, cause: cause))
        refusalLog.tell(
            error, "refused; analyses do not come to their end",
            ["namespace": "\(run.metadata.namespace)", "analysisrun": "\(run.metadata.name)"])
        return .wake(at: clock.now + RefusalLog.retryInterval)
    }

    /// All measurements at once; nil when the task was cancelled in between: then nothing was measured.
    private func measure(_ due: [DueMeasurement]) async -> [MeasurementOutcome]? {
        await withTaskGroup(of: MeasurementOutcome?.self) { group in
            for measurement in due {
                group.addTask {
                    do throws(CancellationError) {
                        return try await providers.take(measurement, clock: clock)
                    } catch {
                        return nil
                    }
                }
            }
            var outcomes: [MeasurementOutcome] = []
            for await outcome in group {
                guard let outcome else { return nil }
                outcomes.append(outcome)
            }
            return outcomes
        }
    }

    /// False when the task was cancelled in between.
    private func discard(_ measurements: [DiscardedMeasurement]) async -> Bool {
        for entry in measurements {
            do throws(CancellationError) { try await providers.discard(entry.measurement, of: entry.metric) } catch { return false }
        }
        return true
    }

    /// At most one write, none when nothing has changed. The kind has no status subresource.
    private func store(_ plan: AnalysisRunPlan, _ run: AnalysisRun) async throws(KubeError) {
        guard var patch = plan.statusPatch(for: run), let difference = patch["status"] else { return }
        if !guards.have(.runVersion) { patch["metadata"] = [:] }
        guard !losses.isKnown(difference, of: run.metadata.key) else { return }
        let answer: JSONValue = try await client.patch(
            .analysisRuns, namespace: run.metadata.namespace, name: run.metadata.name, .merge(patch))
        barrier.expect(
            answer.at("metadata", "resourceVersion")?.stringValue ?? "", of: run.metadata.key, in: runs, for: run.metadata.key,
            now: clock.now)
        losses.remember(JSONValue.mergePatch(from: answer["status"] ?? .null, to: plan.status.json), of: run.metadata.key)
        if plan.status.phase != run.status.phase, let phase = plan.status.phase {
            logger.info(
                "\(phase.rawValue)\(plan.status.message.isEmpty ? "" : ": \(plan.status.message)")",
                metadata: ["namespace": "\(run.metadata.namespace)", "analysisrun": "\(run.metadata.name)"])
        }
    }

    /// The run has outlived its time. Only this very run is meant, not a later one of the same name.
    private func delete(_ run: AnalysisRun) async throws(KubeError) -> Outcome {
        try await client.delete(
            .analysisRuns, namespace: run.metadata.namespace, name: run.metadata.name,
            preconditions: guards.have(.runDeletePrecondition) ? Preconditions(uid: run.metadata.uid) : Preconditions())
        logger.info("deleted, its time is over", metadata: ["namespace": "\(run.metadata.namespace)", "analysisrun": "\(run.metadata.name)"])
        return .settled
    }

    private func publish(_ event: AnalysisEvent, about run: AnalysisRun) {
        publisher.publish(PublishedEvent(
            about: ObjectReference(
                kind: .analysisRun, key: run.metadata.key, uid: run.metadata.uid, resourceVersion: run.metadata.resourceVersion),
            kind: event.isWarning ? .warning : .normal, reason: event.reason, message: event.message))
    }
}
