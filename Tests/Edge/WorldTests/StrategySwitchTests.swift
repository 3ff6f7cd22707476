import KubeModel
import RolloutModel
import SimulatedCluster
import StrictJSON
import Testing
import World

/// The other strategy in the middle of an update: what serves goes on serving, and the update ends by the new rules.
@Suite("The other strategy in the middle") struct StrategySwitchTests {
    static let steps: [JSONValue] = [Scenery.setWeight(25), Scenery.pause(), Scenery.setWeight(50), Scenery.pause()]
    /// The canary strategy that a basic or a routed Rollout has, and nothing for blue-green.
    static func toBlueGreen(_ members: JSONObject = [:]) -> JSONValue {
        ["spec": ["strategy": ["canary": nil, "blueGreen": .object(Scenery.blueGreenStrategy("my-front", hasPreview: false, members))]]]
    }

    static func fronts(_ world: World) async throws { try await world.cluster.apply(Scenery.service("my-front", selecting: ["app": "my-app"])) }

    @Test("a canary at its pause becomes blue-green: the active Service serves the old version until the new one has passed its gates", arguments: [true, false])
    func canaryToBlueGreen(isRouted: Bool) throws {
        try World.run(seed: 431) { world in
            try await Self.fronts(world)
            if isRouted {
                try await world.startRouted(replicas: 4, steps: Self.steps)
            } else {
                try await world.startBasic(replicas: 4, steps: Self.steps, labels: ["app": "my-app"])
            }
            try await world.setImage("myapp:v2")
            try await world.waitPaused(atStep: 1)
            let safety = SafetyWatch(world)
            try await world.patchRollout(Self.toBlueGreen(["autoPromotionEnabled": false]))
            let waiting: Rollout = try await world.waitFor("it waits before the switch") { $0.status.pauseConditions.map(\.reason) == [.blueGreenPause] }
            #expect(waiting.status.currentStepIndex == nil && waiting.status.currentStepHash.isEmpty && waiting.status.weights == nil)
            #expect(waiting.status.phase == .paused && waiting.status.message == "BlueGreenPause")
            #expect(try await world.selected(by: "my-front") == "v1")
            #expect(try await world.sizes() == [4, 4])
            try await world.promote()
            try await world.waitHealthy()
            #expect(try await world.selected(by: "my-front") == "v2")
            #expect(try await world.sizes() == [0, 4])
            // The canary's Services are nobody's any more.
            if isRouted { #expect(try await world.selected(by: "my-app-canary") == "-") }
            #expect(safety.violations.isEmpty, "\(safety.violations)")
        }
    }

    @Test("a canary that everybody has becomes blue-green without a new pod") func promotedCanary() throws {
        try World.run(seed: 432) { world in
            try await Self.fronts(world)
            try await world.startBasic(replicas: 4, steps: Self.steps, labels: ["app": "my-app"])
            let pods: [String] = await world.cluster.pods(namespace: "default").map(\.metadata.name).sorted()
            try await world.patchRollout(Self.toBlueGreen())
            try await world.waitHealthy()
            try await world.cluster.sleep(.seconds(60))
            #expect(try await world.selected(by: "my-front") == "v1")
            #expect(await world.cluster.pods(namespace: "default").map(\.metadata.name).sorted() == pods)
            try await world.setImage("myapp:v2")
            try await world.waitHealthy()
            #expect(try await world.selected(by: "my-front") == "v2")
        }
    }

    @Test("blue-green before its switch becomes a canary: it begins at the first step, and the Services are free", arguments: [true, false])
    func blueGreenToCanary(isLive: Bool) throws {
        try World.run(seed: 433) { world in
            try await world.cluster.apply(BlueGreenTests.analysisTemplate("good", query: "good"))
            world.prometheus.script(.exactly("good"), .computed { _ in [0] })
            try await world.startBlueGreen(replicas: 4, ["autoPromotionEnabled": false, "postPromotionAnalysis": BlueGreenTests.analysis("good")])
            try await world.setImage("myapp:v2")
            try await BlueGreenTests.waitPaused(world)
            if isLive {
                try await world.promote()
                try await world.waitFor("it is live") { $0.status.message == "waiting for analysis to complete" }
            }
            let safety = SafetyWatch(world)
            try await world.patchRollout(["spec": ["strategy": ["blueGreen": nil, "canary": ["steps": .array(Self.steps)]]]])
            let paused: Rollout = try await world.waitPaused(atStep: 1)
            #expect(paused.status.pauseConditions.map(\.reason) == [.canaryPauseStep] && paused.status.blueGreen == BlueGreenStatus())
            try await world.cluster.sleep(.seconds(60))
            #expect(try await world.sizes() == [3, 1])
            #expect(try await world.selected(by: "my-app") == "-")
            #expect(try await world.selected(by: "my-app-preview") == "-")
            let running: [AnalysisRun] = try await world.analysisRuns().filter { $0.status.phase?.isCompleted != true }
            #expect(running.isEmpty)
            try await world.promoteFully()
            try await world.waitHealthy()
            #expect(try await world.sizes() == [0, 4])
            #expect(safety.violations.isEmpty, "\(safety.violations)")
        }
    }

    @Test("an aborted canary becomes blue-green and stays aborted") func aborted() throws {
        try World.run(seed: 434) { world in
            try await Self.fronts(world)
            try await world.startBasic(replicas: 4, steps: Self.steps, labels: ["app": "my-app"])
            try await world.setImage("myapp:v2")
            try await world.waitPaused(atStep: 1)
            try await world.abort()
            try await world.waitDegraded()
            try await world.patchRollout(Self.toBlueGreen())
            try await world.cluster.sleep(.seconds(300))
            let status: RolloutStatus = try await world.rollout().status
            #expect(status.abort && status.phase == .degraded && status.currentStepIndex == nil)
            #expect(try await world.selected(by: "my-front") == "v1")
            #expect(try await world.sizes() == [4, 0])
            try await world.retry()
            try await world.waitHealthy()
            #expect(try await world.selected(by: "my-front") == "v2")
        }
    }
}
