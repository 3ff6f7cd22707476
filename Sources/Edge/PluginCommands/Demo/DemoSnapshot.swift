import Clockwork
import Delivery
import KubeModel
import RolloutModel
import StrictJSON
import Traffic

/// What the demo shows at one moment: everything in it was read through the API.
struct DemoSnapshot: Sendable, Equatable {
    struct Pods: Sendable, Equatable {
        var replicaSet: String
        var image: String
        var wanted: Int
        var ready: Int
    }

    struct Measurement: Sendable, Equatable {
        var value: String
        var phase: AnalysisPhase
    }

    struct Analysis: Sendable, Equatable {
        var run: String
        var metric: String
        var condition: String
        var measurements: [Measurement]
        var phase: String
        var message: String
    }

    struct Weight: Sendable, Equatable {
        /// What the present step asks for.
        var wanted: Int
        /// What the route says.
        var written: Int
        /// What its parents have confirmed; nil while they have not.
        var observed: Int?
        var route: String
        var generation: Int64
    }

    var now: Timestamp
    var image: String
    var phase: String
    var message: String
    var steps: [String]
    /// 0...steps.count.
    var step: Int
    var isAborted: Bool
    var weight: Weight?
    var stable: Pods?
    var canary: Pods?
    var analysis: Analysis?
    var waitsFor: String
    /// What is left of a timed pause.
    var pauseLeft: Duration?

    /// - Returns: nil until the Rollout is there.
    init?(_ seen: RolloutObservation, now: Timestamp) {
        let rollout: Rollout = seen.rollout
        guard let canaryStrategy = rollout.spec.canary else { return nil }
        let status: RolloutStatus = rollout.status
        self.now = now
        image = rollout.spec.templateSummary.images.first ?? "?"
        phase = status.phase?.rawValue ?? "Progressing"
        message = status.message
        steps = canaryStrategy.steps.map(\.text)
        step = min(status.currentStepIndex ?? 0, steps.count)
        isAborted = status.abort
        func pods(_ hash: String) -> Pods? {
            guard !hash.isEmpty, let replicaSet = seen.replicaSets.first(where: { $0.podHash == hash }) else { return nil }
            return Pods(
                replicaSet: replicaSet.metadata.name, image: replicaSet.template.images.first ?? "?",
                wanted: replicaSet.replicas ?? 0, ready: replicaSet.status.availableReplicas)
        }
        stable = pods(status.stableRS)
        canary = status.currentPodHash == status.stableRS ? nil : pods(status.currentPodHash)
        weight = Self.weight(seen, canaryStrategy, step: step, now: now)
        analysis = Self.analysis(seen)
        waitsFor = decide(seen, now: now).waitsFor
        if let pause = status.pauseConditions.first, step < canaryStrategy.steps.count,
           case .pause(let written) = canaryStrategy.steps[step].kind, let seconds = written.duration?.seconds {
            pauseLeft = max(.zero, now.duration(to: pause.startTime + .seconds(seconds)))
        }
    }

    private static func weight(_ seen: RolloutObservation, _ strategy: CanaryStrategy, step: Int, now: Timestamp) -> Weight? {
        guard let name = strategy.trafficRouting?.httpRoutes.first, let found = seen.routes[name], let route = found else { return nil }
        let status: RolloutStatus = seen.rollout.status
        var wanted: Int = 0
        if !status.abort && status.stableRS != status.currentPodHash {
            for entry in strategy.steps.prefix(step + 1) {
                if case .setWeight(let weight) = entry.kind { wanted = weight }
            }
            if step == strategy.steps.count { wanted = strategy.maxTrafficWeight }
        }
        let references: [HTTPRoute.BackendReference] = route.rules.flatMap(\.backendRefs)
        let written: Int = references.first { $0.name == strategy.canaryService }?.weight ?? 0
        let intent = RouteIntent(
            rollout: seen.rollout.key, stableService: strategy.stableService, canaryService: strategy.canaryService, weight: written,
            maxWeight: strategy.maxTrafficWeight, progressLabel: nil, verification: .strict)
        let isConfirmed: Bool = verdict(on: route, for: intent, since: now, now: now) == .inForce
        return Weight(
            wanted: wanted, written: written, observed: isConfirmed ? written : nil, route: route.metadata.name,
            generation: route.metadata.generation)
    }

    private static func analysis(_ seen: RolloutObservation) -> Analysis? {
        // The newest run tells the story, also when it is over.
        let runs: [AnalysisRun] = seen.analysisRuns.sorted {
            ($0.metadata.creationTimestamp ?? .epoch, $0.metadata.name) < ($1.metadata.creationTimestamp ?? .epoch, $1.metadata.name)
        }
        guard let run = runs.last, let metric = run.spec.metrics.first else { return nil }
        let isOfThisRevision: Bool = run.metadata.labels[Keys.podHash] == seen.rollout.status.currentPodHash
        guard isOfThisRevision else { return nil }
        let result: MetricResult? = run.status.result(of: metric.name)
        return Analysis(
            run: run.metadata.name, metric: metric.name, condition: metric.successCondition,
            measurements: (result?.measurements ?? []).compactMap { measurement in
                measurement.phase.map { Measurement(value: measurement.value, phase: $0) }
            },
            phase: run.status.phase?.rawValue ?? "Pending", message: run.status.message)
    }
}
