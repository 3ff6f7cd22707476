import Clockwork
import KubeModel
import RolloutModel
import SimulatedCluster
import StrictJSON
import Testing
import World

/// Blue-green releases by the whole controller; what is unsafe at any write is seen by the watch.
@Suite("A blue-green release") struct BlueGreenTests {
    /// Runs `body` once the first version is everywhere, and expects nothing unsafe.
    static func live(
        seed: UInt64, replicas: Int = 3, hasPreview: Bool = true, _ members: JSONObject = [:],
        _ body: @escaping @Sendable (World) async throws -> Void
    ) throws {
        try World.run(seed: seed) { world in
            world.prometheus.script(.exactly("good"), .computed { _ in [0] })
            world.prometheus.script(.exactly("bad"), .computed { _ in [1] })
            for (name, query) in [("good", "good"), ("bad", "bad")] { try await world.cluster.apply(analysisTemplate(name, query: query)) }
            try await world.startBlueGreen(replicas: replicas, hasPreview: hasPreview, members)
            // Versions are told apart by the second in which they came.
            try await world.cluster.sleep(.seconds(60))
            let safety = SafetyWatch(world)
            try await body(world)
            #expect(safety.violations.isEmpty, "\(safety.violations)")
        }
    }

    static func analysisTemplate(_ name: String, query: String) -> JSONValue {
        [
            "apiVersion": "argoproj.io/v1alpha1", "kind": "AnalysisTemplate", "metadata": ["name": .string(name)],
            "spec": ["metrics": [[
                "name": "errors", "interval": "5s", "count": 3, "failureLimit": 0, "successCondition": "result[0] < 0.5",
                "provider": ["prometheus": ["address": "http://prometheus:9090", "query": .string(query)]],
            ]]],
        ]
    }

    static func analysis(_ name: String) -> JSONValue { ["templates": [["templateName": .string(name)]]] }

    @discardableResult
    static func waitPaused(_ world: World) async throws -> Rollout {
        try await world.waitFor("it waits before the switch") { $0.status.phase == .paused && $0.status.message == "BlueGreenPause" }
    }

    static func expectLive(_ world: World, _ tag: String, preview: String? = nil, stable: String? = nil) async throws {
        #expect(try await world.selected(by: "my-app") == tag)
        #expect(try await world.selected(by: "my-app-preview") == preview ?? tag)
        let status: RolloutStatus = try await world.rollout().status
        let named: [String] = try await world.replicaSets().filter { $0.podHash == status.stableRS }.map { $0.metadata.name }
        let image: String = "myapp:\(stable ?? tag)"
        #expect(named.count == 1)
        for name in named {
            #expect(TrueImage.of(await world.document(.replicaSets, name)) == image, "stable is \(name)")
        }
    }

    /// Expects that events with these reasons were told so often.
    static func expectEvents(_ expected: [String: Int], _ world: World, sourceLocation: SourceLocation = #_sourceLocation) async {
        let told: [String] = await world.events()
        for (reason, number) in expected.sorted(by: { $0.key < $1.key }) {
            #expect(told.filter { $0.hasPrefix("\(reason):") }.count == number, "\(reason)", sourceLocation: sourceLocation)
        }
    }

    @Test("previewed, live as soon as its pods are there, and the old pods go after their delay") func automatic() throws {
        try Self.live(seed: 401, hasPreview: true) { world in
            world.cluster.setBehaviour(.ready(after: .seconds(40)), ofImage: "myapp:v2")
            try await world.setImage("myapp:v2")
            try await world.cluster.sleep(.seconds(20))
            try await Self.expectLive(world, "v1", preview: "v2")
            #expect(try await world.rollout().status.phase == .progressing)
            try await world.waitFor("it is live") { $0.status.phase == .healthy }
            let at: Timestamp = world.clock.now
            try await Self.expectLive(world, "v2")
            #expect(try await world.sizes() == [3, 3])
            try await world.waitHealthy()
            #expect(world.clock.now - at >= .seconds(25) && world.clock.now - at <= .seconds(65))
            #expect(try await world.sizes() == [0, 3])
            await Self.expectEvents(["SwitchService": 4, "RolloutCompleted": 2], world)
        }
    }

    @Test("waits for a person for as long as it takes; promoted, it goes live at once") func manual() throws {
        try Self.live(seed: 402, ["autoPromotionEnabled": false]) { world in
            try await world.setImage("myapp:v2")
            try await Self.waitPaused(world)
            let writes: Int = world.cluster.journal.count
            try await world.cluster.sleep(.seconds(24 * 3600))
            #expect(world.cluster.journal.count == writes)
            try await Self.expectLive(world, "v1", preview: "v2")
            try await world.promote()
            let at: Timestamp = world.clock.now
            try await world.waitFor("it is live") { $0.status.phase == .healthy }
            #expect(world.clock.now - at < .seconds(31))
            try await Self.expectLive(world, "v2")
            await Self.expectEvents(["RolloutPaused": 1, "RolloutCompleted": 2], world)
        }
    }

    @Test("promote --full goes past the pause and both analyses") func full() throws {
        let members: JSONObject = [
            "autoPromotionEnabled": false, "prePromotionAnalysis": Self.analysis("bad"), "postPromotionAnalysis": Self.analysis("bad"),
        ]
        try Self.live(seed: 403, members) { world in
            world.cluster.setBehaviour(.ready(after: .seconds(30)), ofImage: "myapp:v2")
            try await world.setImage("myapp:v2")
            try await world.cluster.sleep(.seconds(10))
            try await world.promoteFully()
            let done: Rollout = try await world.waitHealthy()
            #expect(!done.status.promoteFull && !done.status.abort)
            try await Self.expectLive(world, "v2")
            #expect(try await world.analysisRuns().isEmpty)
        }
    }

    @Test("autoPromotionSeconds: live by itself, not before its time") func timed() throws {
        try Self.live(seed: 404, ["autoPromotionSeconds": 300]) { world in
            try await world.setImage("myapp:v2")
            let paused: Rollout = try await Self.waitPaused(world)
            let begun: Timestamp = try #require(paused.status.pauseConditions.first?.startTime)
            try await world.cluster.sleep((begun + .seconds(299)) - world.clock.now)
            try await Self.expectLive(world, "v1", preview: "v2")
            try await world.cluster.sleep(.seconds(3))
            try await Self.expectLive(world, "v2")
            await Self.expectEvents(["RolloutResumed": 1], world)
        }
    }

    @Test("previewReplicaCount: few pods to look at, all of them before the switch") func previewPods() throws {
        try Self.live(seed: 405, replicas: 5, ["autoPromotionEnabled": false, "previewReplicaCount": 2]) { world in
            try await world.setImage("myapp:v2")
            try await Self.waitPaused(world)
            #expect(try await world.sizes() == [5, 2])
            try await world.promote()
            try await world.waitFor("it grows") { $0.status.blueGreen.scaleUpPreviewCheckPoint }
            // Those that are there become unready as well: it is all of them that it waits for.
            world.cluster.setBehaviour(.ready(after: .seconds(60)), ofImage: "myapp:v2")
            try await world.cluster.sleep(.seconds(30))
            #expect(try await world.sizes() == [5, 5])
            try await Self.expectLive(world, "v1", preview: "v2")
            try await world.waitFor("it is live") { $0.status.phase == .healthy }
            try await Self.expectLive(world, "v2")
        }
    }

    @Test("an analysis before the switch that fails keeps the old version; a retry measures again") func before() throws {
        try Self.live(seed: 406, ["prePromotionAnalysis": Self.analysis("bad"), "abortScaleDownDelaySeconds": 10]) { world in
            try await world.setImage("myapp:v2")
            let failed: Rollout = try await world.waitDegraded()
            #expect(failed.status.message.contains("Blue/green pre-promotion analysis phase error/failed"))
            try await Self.expectLive(world, "v1", preview: "v2")
            try await world.cluster.sleep(.seconds(60))
            #expect(try await world.sizes() == [3, 0])
            // What is measured was wrong, not the version.
            try await world.patchRollout(["spec": ["strategy": ["blueGreen": ["prePromotionAnalysis": Self.analysis("good")]]]])
            try await world.cluster.sleep(.seconds(120))
            try await Self.expectLive(world, "v1", preview: "v2")
            try await world.retry()
            try await world.waitHealthy()
            try await Self.expectLive(world, "v2")
            #expect(try await world.analysisRuns().map { $0.status.phase?.rawValue ?? "" }.sorted() == ["Failed", "Successful"])
            await Self.expectEvents(["RolloutAborted": 1], world)
        }
    }

    @Test("an analysis after the switch that fails brings the old version back, whose pods have never left") func after() throws {
        try Self.live(seed: 407, ["postPromotionAnalysis": Self.analysis("bad"), "scaleDownDelaySeconds": 5]) { world in
            try await world.setImage("myapp:v2")
            try await world.waitFor("it is live") { $0.status.message == "waiting for analysis to complete" }
            try await Self.expectLive(world, "v2", stable: "v1")
            #expect(try await world.sizes() == [3, 3])
            let failed: Rollout = try await world.waitDegraded()
            #expect(failed.status.message.contains("Blue/green post-promotion analysis phase error/failed"))
            try await world.waitFor("it is back") { $0.status.blueGreen.activeSelector == $0.status.stableRS }
            try await Self.expectLive(world, "v1", preview: "v2")
            try await world.cluster.sleep(.seconds(60))
            #expect(try await world.sizes() == [3, 0])
        }
    }

    @Test("an analysis after the switch that succeeds makes it stable") func afterGood() throws {
        let members: JSONObject = ["prePromotionAnalysis": Self.analysis("good"), "postPromotionAnalysis": Self.analysis("good")]
        try Self.live(seed: 408, members) { world in
            try await world.setImage("myapp:v2")
            try await world.waitFor("it is live") { $0.status.message == "waiting for analysis to complete" }
            try await Self.expectLive(world, "v2", stable: "v1")
            try await world.waitHealthy()
            try await Self.expectLive(world, "v2")
            await Self.expectEvents(["AnalysisRunSuccessful": 2, "RolloutNotCompleted": 1, "RolloutCompleted": 2], world)
        }
    }

    @Test("abort before the switch, and after it; a retry begins with the pause", arguments: [true, false]) func abort(_ isBefore: Bool) throws {
        let members: JSONObject = isBefore
            ? ["autoPromotionEnabled": false] : ["autoPromotionEnabled": false, "postPromotionAnalysis": Self.analysis("good")]
        try Self.live(seed: 409, members) { world in
            try await world.setImage("myapp:v2")
            try await Self.waitPaused(world)
            if !isBefore {
                try await world.promote()
                try await world.waitFor("it is live") { $0.status.message == "waiting for analysis to complete" }
            }
            try await world.abort()
            try await world.waitDegraded()
            try await world.cluster.sleep(.seconds(5))
            try await Self.expectLive(world, "v1", preview: "v2")
            #expect(try await world.sizes() == [3, 3])
            try await world.cluster.sleep(.seconds(3600))
            #expect(try await world.sizes() == [3, 0])
            try await Self.expectLive(world, "v1", preview: "v2")
            try await world.retry()
            try await Self.waitPaused(world)
            try await world.cluster.sleep(.seconds(600))
            try await Self.expectLive(world, "v1", preview: "v2")
            try await world.promote()
            try await world.waitHealthy()
            try await Self.expectLive(world, "v2")
            await Self.expectEvents(["RolloutAborted": 1, "RolloutCompleted": 2], world)
        }
    }

    @Test("fast rollback: the old version within its delay is live again at once, without pause and analysis") func fastRollback() throws {
        let members: JSONObject = [
            "autoPromotionEnabled": false, "scaleDownDelaySeconds": 600, "prePromotionAnalysis": Self.analysis("good"),
            "postPromotionAnalysis": Self.analysis("good"),
        ]
        try Self.live(seed: 410, members) { world in
            try await world.setImage("myapp:v2")
            try await Self.waitPaused(world)
            try await world.promote()
            try await world.waitFor("it is live") { $0.status.phase == .healthy }
            try await world.cluster.sleep(.seconds(30))
            let runs: Int = try await world.analysisRuns().count
            let pods: Set<String> = Set(await world.cluster.pods(namespace: "default").map(\.metadata.name))
            let at: Timestamp = world.clock.now
            try await world.setImage("myapp:v1")
            try await world.waitFor("it is back") { $0.status.phase == .healthy && $0.status.blueGreen.activeSelector == $0.status.currentPodHash }
            #expect(world.clock.now - at <= .seconds(31))
            try await Self.expectLive(world, "v1")
            #expect(try await world.analysisRuns().count == runs)
            // The pods that serve are those which were there all the time.
            #expect(Set(await world.cluster.pods(namespace: "default").map(\.metadata.name)) == pods)
            #expect(await world.events().contains { $0.hasPrefix("RolloutCompleted:") && $0.hasSuffix(": Fast rollback") })
            try await world.cluster.sleep(.seconds(700))
            #expect(try await world.sizes() == [0, 3])
        }
    }

    @Test("a rollback after the delay goes through pause and analysis as any update") func lateRollback() throws {
        try Self.live(seed: 411, ["autoPromotionEnabled": false]) { world in
            try await world.setImage("myapp:v2")
            try await Self.waitPaused(world)
            try await world.promote()
            try await world.waitHealthy()
            try await world.cluster.sleep(.seconds(60))
            try await world.setImage("myapp:v1")
            try await Self.waitPaused(world)
            try await Self.expectLive(world, "v2", preview: "v1")
        }
    }

    @Test("the old version again before the switch: nothing has happened") func backBeforeSwitch() throws {
        try Self.live(seed: 412, ["autoPromotionEnabled": false]) { world in
            try await world.setImage("myapp:v2")
            try await Self.waitPaused(world)
            try await world.setImage("myapp:v1")
            try await world.waitHealthy()
            try await Self.expectLive(world, "v1")
            await Self.expectEvents(["RolloutCompleted": 1], world)
        }
    }

    @Test("a third version in the middle begins with all gates, and the second one goes", arguments: ["paused", "promoted", "live", "aborted"])
    func third(_ moment: String) throws {
        let members: JSONObject = [
            "autoPromotionEnabled": false, "previewReplicaCount": 1, "prePromotionAnalysis": Self.analysis("good"),
            "postPromotionAnalysis": Self.analysis("good"),
        ]
        try Self.live(seed: 413, members) { world in
            world.cluster.setBehaviour(.ready(after: .seconds(20)), ofImage: "myapp:v2")
            try await world.setImage("myapp:v2")
            try await Self.waitPaused(world)
            switch moment {
            case "aborted":
                try await world.abort()
                try await world.waitDegraded()
            case "promoted", "live":
                try await world.promote()
                if moment == "promoted" {
                    try await world.waitFor("it grows") { $0.status.blueGreen.scaleUpPreviewCheckPoint }
                } else {
                    try await world.waitFor("it is live") { $0.status.message == "waiting for analysis to complete" }
                }
            default: break
            }
            try await world.setImage("myapp:v3")
            let paused: Rollout = try await Self.waitPaused(world)
            #expect(!paused.status.blueGreen.scaleUpPreviewCheckPoint && !paused.status.abort)
            #expect(try await world.sizes().last == 1)
            // Behind the switch the second version serves until the third one does: it is the safest there is.
            #expect(try await world.selected(by: "my-app") != "v3")
            try await world.cluster.sleep(.seconds(600))
            #expect(try await world.selected(by: "my-app") != "v3")
            #expect(try await world.selected(by: "my-app-preview") == "v3")
            try await world.promote()
            try await world.waitHealthy()
            try await Self.expectLive(world, "v3")
            #expect(try await world.sizes() == [0, 0, 3])
            let labels: [String] = try await world.analysisRuns().map { $0.metadata.labels["rollouts-pod-template-hash"] ?? "" }
            let last: String = try await world.rollout().status.stableRS
            #expect(labels.filter { $0 == last }.count == 2)
        }
    }

    @Test("the number of pods changes in the middle: both versions follow, the one that serves first of all") func resized() throws {
        try Self.live(seed: 414, ["autoPromotionEnabled": false, "scaleDownDelaySeconds": 120]) { world in
            try await world.setImage("myapp:v2")
            try await Self.waitPaused(world)
            try await world.patchRollout(["spec": ["replicas": 5]])
            try await world.cluster.sleep(.seconds(30))
            #expect(try await world.sizes() == [5, 5])
            try await Self.waitPaused(world)
            try await world.promote()
            try await world.waitFor("it is live") { $0.status.phase == .healthy }
            try await world.patchRollout(["spec": ["replicas": 4]])
            try await world.cluster.sleep(.seconds(30))
            // What waits out its delay follows, so that the way back has all its pods.
            #expect(try await world.sizes() == [4, 4])
            try await world.waitHealthy()
            #expect(try await world.sizes() == [0, 4])
            #expect(try await world.rollout().status.hpaReplicas == 4)
        }
    }

    @Test("scaleDownDelaySeconds 0 takes the old pods at once; scaleDownDelayRevisionLimit all but the newest", arguments: [0, 600]) func delays(_ delay: Int) throws {
        try Self.live(seed: 415, replicas: 1, ["scaleDownDelaySeconds": .number(JSONNumber(delay)), "scaleDownDelayRevisionLimit": 1]) { world in
            for version in 2...4 {
                try await world.setImage("myapp:v\(version)")
                try await world.waitFor("v\(version) is live") { $0.status.phase == .healthy }
                try await world.cluster.sleep(.seconds(5))
            }
            #expect(try await world.sizes() == (delay == 0 ? [0, 0, 0, 1] : [0, 0, 1, 1]))
        }
    }

    @Test("spec.paused: pods come, Services stay; its end goes on") func held() throws {
        try Self.live(seed: 416) { world in
            try await world.setPaused(true)
            try await world.cluster.sleep(.seconds(10))
            try await world.setImage("myapp:v2")
            try await world.cluster.sleep(.seconds(600))
            #expect(try await world.sizes() == [3, 3])
            try await Self.expectLive(world, "v1")
            #expect(try await world.rollout().status.message == "manually paused")
            try await world.setPaused(false)
            try await world.waitHealthy()
            try await Self.expectLive(world, "v2")
        }
    }

    @Test("a version that never becomes ready never goes live; the deadline tells, and a good one replaces it", arguments: [true, false]) func broken(_ aborts: Bool) throws {
        try Self.live(seed: 417) { world in
            try await world.patchRollout(["spec": ["progressDeadlineSeconds": 60, "progressDeadlineAbort": .bool(aborts)]])
            try await world.setImage("myapp:bad-2")
            let late: Rollout = try await world.waitDegraded()
            #expect(late.status.abort == aborts && late.status.message.contains("timed out progressing"))
            try await Self.expectLive(world, "v1", preview: "bad-2")
            try await world.setImage("myapp:v3")
            try await world.waitHealthy()
            try await Self.expectLive(world, "v3")
        }
    }

    @Test("a Service and a template that were missing wake the Rollout when they come; a selector that somebody has changed is put back") func awake() throws {
        try Self.live(seed: 419, ["autoPromotionEnabled": false]) { world in
            let strategy: JSONObject = ["previewService": "my-other", "prePromotionAnalysis": Self.analysis("later")]
            try await world.patchRollout(["spec": ["strategy": ["blueGreen": .object(strategy)]]])
            try await world.waitFor("the Service is missed") { $0.status.message.contains("\"my-other\"") }
            try await world.cluster.apply(Scenery.service("my-other", selecting: ["app": "my-app"]))
            try await world.waitFor("the template is missed", timeout: .seconds(31)) { $0.status.message.contains("\"later\"") }
            try await world.cluster.apply(Self.analysisTemplate("later", query: "good"))
            try await world.waitFor("all is there", timeout: .seconds(31)) { $0.status.phase == .healthy }
            #expect(try await world.selected(by: "my-other") == "v1")
            #expect(try await world.selected(by: "my-app-preview") == "-", "the Service that it names no longer is free")
            let hash: String = try await world.rollout().status.stableRS
            try await world.setImage("myapp:v2")
            try await Self.waitPaused(world)
            for (service, expected) in [("my-app", "v1"), ("my-other", "v2")] {
                let other: String = expected == "v1" ? try await world.rollout().status.currentPodHash : hash
                _ = try await world.kubectl.patch(
                    .services, namespace: "default", name: service, .merge(["spec": ["selector": ["rollouts-pod-template-hash": expected == "v1" ? nil : .string(other)]]]))
                try await world.cluster.sleep(.seconds(2))
                #expect(try await world.selected(by: service) == expected)
            }
        }
    }

    @Test("pods are lost between the promotion and the switch: it waits for them, and is not paused again") func lostPods() throws {
        try Self.live(seed: 418, replicas: 4, ["autoPromotionEnabled": false]) { world in
            try await world.setImage("myapp:v2")
            try await Self.waitPaused(world)
            world.cluster.setBehaviour(.ready(after: .seconds(90)), ofImage: "myapp:v2")
            let hash: String = try await world.rollout().status.currentPodHash
            try await world.cluster.deletePods { $0.metadata.labels["rollouts-pod-template-hash"] == hash }
            try await world.cluster.sleep(.seconds(5))
            try await world.promote()
            try await world.cluster.sleep(.seconds(30))
            try await Self.expectLive(world, "v1", preview: "v2")
            try await world.waitHealthy()
            try await Self.expectLive(world, "v2")
            await Self.expectEvents(["RolloutPaused": 1], world)
        }
    }
}

enum TrueImage {
    static func of(_ replicaSet: JSONValue?) -> String {
        replicaSet?.at("spec", "template", "spec", "containers")?[0]?["image"]?.stringValue ?? ""
    }
}
