import Clockwork
import Controllers
import Delivery
import KubeClient
import KubeModel
import Logging
import MetricProviders
import RolloutModel
import SimulatedCluster
import SimulatedTime
import StrictJSON

/// Plays the demo: the embedded cluster, the production controllers, a user, and somebody who watches through the API.
struct DemoWorld: Sendable {
    /// How the play ended.
    struct Ending: Sendable, Equatable {
        /// The good release was promoted.
        var isGoodPromoted: Bool
        /// The bad release was aborted, with all traffic back on the stable version.
        var isBadAborted: Bool
        /// What went otherwise, in words; empty when all went as it should.
        var complaint: String = ""

        var isAsItShould: Bool { isGoodPromoted && isBadAborted }
    }

    let loop: SimulationLoop
    let clock: VirtualClock
    let seed: UInt64
    /// Without it nobody acts on the Rollout, and the demo must fail.
    var hasController: Bool = true
    /// Shows a snapshot; called whenever something has changed, and each virtual second or so.
    let show: @Sendable (DemoSnapshot, _ title: String) -> Void
    /// Tells what the user and the controller do.
    let tell: @Sendable (String) -> Void

    private static let key = ObjectKey(namespace: "default", name: DemoScenario.rollout)
    private static let patience: Duration = .seconds(3 * 3600)

    func play() throws -> Ending {
        try loop.run { try await perform() }
    }

    private func perform() async throws -> Ending {
        let cluster = try await SimulatedCluster(
            clock: clock, seed: seed, definitions: RolloutDefinitions.all.map(\.document) + GatewayAPIDefinitions.all)
        let prometheus: SimulatedPrometheus = try cluster.addPrometheus()
        prometheus.script(.containing("http_requests_total"), .errorRate(of: .route(DemoScenario.route, rule: 0)))
        for (image, rate) in DemoScenario.errorRates { prometheus.setErrorRate(rate, ofImage: image) }
        return try await cluster.running { cluster in
            try await withThrowingTaskGroup(of: Ending?.self) { group in
                let viewer: ControllerSet = controllers(cluster, userAgent: "kubectl-sluice")
                group.addTask {
                    await viewer.runCaches()
                    return nil
                }
                if hasController {
                    let controllers: ControllerSet = controllers(cluster, userAgent: "sluice-controller")
                    group.addTask {
                        await controllers.runCaches()
                        return nil
                    }
                    group.addTask {
                        await controllers.runControllers()
                        return nil
                    }
                }
                group.addTask { try await act(cluster, viewer) }
                defer { group.cancelAll() }
                while let outcome = try await group.next() {
                    if let outcome { return outcome }
                }
                throw CancellationError()
            }
        }
    }

    private func controllers(_ cluster: SimulatedCluster, userAgent: String) -> ControllerSet {
        let client: KubeClient = cluster.client(userAgent: userAgent)
        return ControllerSet(
            settings: ControllerSettings(seed: seed), client: client, providers: .standard(transport: cluster.transport, client: client),
            clock: clock, logger: Logger(label: "demo") { _ in SwiftLogNoOpLogHandler() })
    }

    /// The user's part, in three acts.
    private func act(_ cluster: SimulatedCluster, _ viewer: ControllerSet) async throws -> Ending {
        var ending = Ending(isGoodPromoted: false, isBadAborted: false)
        for object in DemoScenario.objects { try await cluster.apply(object) }
        tell("applied Rollout \(DemoScenario.rollout) with \(DemoScenario.first)")
        guard try await watch(viewer, title: "first deploy: \(DemoScenario.first)", until: { $0.phase == "Healthy" && $0.stable?.ready == 10 }) else {
            ending.complaint = "the first version did not become healthy"
            return ending
        }
        try await setImage(DemoScenario.good, cluster)
        tell("kubectl set image: \(DemoScenario.good), a good version")
        ending.isGoodPromoted = try await watch(viewer, title: "release 1 of 2: \(DemoScenario.good), a good version", until: {
            $0.image == DemoScenario.good && $0.phase == "Healthy" && $0.stable?.image == DemoScenario.good && $0.weight?.observed == 0
        })
        guard ending.isGoodPromoted else {
            ending.complaint = "the good version was not promoted"
            return ending
        }
        tell("\(DemoScenario.good) was promoted")
        try await setImage(DemoScenario.bad, cluster)
        tell("kubectl set image: \(DemoScenario.bad), a bad version")
        ending.isBadAborted = try await watch(viewer, title: "release 2 of 2: \(DemoScenario.bad), a bad version", until: {
            $0.image == DemoScenario.bad && $0.phase == "Degraded" && $0.isAborted && $0.weight?.observed == 0
                && $0.stable?.image == DemoScenario.good && $0.stable?.ready == 10 && $0.canary?.wanted == 0
        })
        if ending.isBadAborted {
            tell("\(DemoScenario.bad) was aborted; all traffic is back on \(DemoScenario.good)")
        } else {
            ending.complaint = "the bad version was not aborted"
        }
        return ending
    }

    /// Watches through the caches of a client like any other, until the state is as wanted.
    ///
    /// - Returns: false when it did not come to that within the patience.
    private func watch(_ viewer: ControllerSet, title: String, until isOver: (DemoSnapshot) -> Bool) async throws -> Bool {
        let end: Timestamp = clock.now + Self.patience
        var told: Set<String> = []
        var step: Int = 0
        while clock.now < end {
            if let seen = viewer.observation(of: Self.key), let snapshot = DemoSnapshot(seen, now: clock.now) {
                if let run = snapshot.analysis, ["Failed", "Error"].contains(run.phase), told.insert(run.run).inserted {
                    tell("AnalysisRun \(run.run): \(run.phase): \(run.message)")
                }
                if snapshot.step > step, snapshot.canary != nil, !snapshot.isAborted {
                    tell("step \(snapshot.step)/\(snapshot.steps.count) completed (\(snapshot.steps[snapshot.step - 1]))")
                }
                step = snapshot.step
                show(snapshot, title)
                if isOver(snapshot) { return true }
            }
            try await clock.sleep(until: clock.now + .seconds(1), tolerance: nil)
        }
        return false
    }

    private func setImage(_ image: String, _ cluster: SimulatedCluster) async throws {
        let template: JSONValue = ["spec": ["containers": [["name": "app", "image": .string(image), "ports": [["containerPort": 80]]]]]]
        _ = try await cluster.client(userAgent: "kubectl").patch(
            .rollouts, namespace: Self.key.namespace, name: Self.key.name, .merge(["spec": ["template": template]]))
    }
}
