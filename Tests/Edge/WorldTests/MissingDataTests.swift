import Clockwork
import EmbeddedAPIServer
import KubeModel
import RolloutModel
import SimulatedCluster
import StrictJSON
import Testing
import World

/// Releases whose analysis has no data for a while, or never.
@Suite("A release without data") struct MissingDataTests {
    private static func release(_ world: World, policy: JSONValue?, metric: JSONObject = [:], pause: String? = "60s", _ answers: [ScriptedAnswer]) async throws {
        world.prometheus.script(.exactly("errors"), answers)
        var members: JSONObject = [
            "name": "errors", "interval": "30s", "successCondition": "result[0] < 0.01",
            "provider": ["prometheus": ["address": "http://prometheus:9090", "query": "errors"]],
        ]
        for (key, value) in metric { members[key] = value }
        var metadata: JSONValue = ["name": "errors"]
        if let policy { metadata["annotations"] = ["sluice/analysis": .string(JSONValue.object(["errors": policy]).text())] }
        try await world.cluster.apply(["apiVersion": "argoproj.io/v1alpha1", "kind": "AnalysisTemplate", "metadata": metadata, "spec": ["metrics": [.object(members)]]])
        var rollout: JSONValue = Scenery.canary(replicas: 4, steps: [Scenery.setWeight(25), Scenery.pause(pause), Scenery.setWeight(50), Scenery.pause("60s")])
        rollout.set(["templates": [["templateName": "errors"]]], at: ["spec", "strategy", "canary", "analysis"])
        try await world.cluster.apply(rollout)
        try await world.waitHealthy()
        try await world.setImage("myapp:v2")
    }

    @Test("waits at its step until there is some, and goes on then") func waits() throws {
        try World.run(seed: 61) { world in
            // Asked every ten seconds: five minutes without data.
            let none: [ScriptedAnswer] = Array(repeating: .empty, count: 30)
            try await Self.release(world, policy: ["noData": "wait", "waitAtMost": "20m"], none + [.value(0)])
            try await world.cluster.sleep(.seconds(240))
            let waiting = try await world.rollout()
            #expect((waiting.status.currentStepIndex ?? 0) < 2, "no further step is taken without data")
            #expect(await world.pods(ofImage: "myapp:v2") == 1, "the canary is there, so that there can be data")
            #expect(!waiting.status.abort)
            let healthy = try await world.waitHealthy(timeout: .seconds(900))
            #expect(healthy.status.stableRS == healthy.status.currentPodHash)
        }
    }

    @Test("waits no longer than it is told to, and then leaves it to a person") func gives() throws {
        try World.run(seed: 62) { world in
            try await Self.release(world, policy: ["noData": "wait", "waitAtMost": "3m"], [.empty])
            try await world.waitFor("a person is asked", timeout: .seconds(900)) { rollout in
                rollout.status.pauseConditions.contains { $0.reason == .inconclusiveAnalysis }
            }
            #expect(try await world.rollout().status.stableRS != world.rollout().status.currentPodHash)
            #expect(await world.isEvent("AnalysisExplained", about: "my-app"))
        }
    }

    @Test("is aborted by two bad samples in a row and not by one, where it asks for that", arguments: [true, false])
    func confirms(isBadTwice: Bool) throws {
        try World.run(seed: 63) { world in
            try await Self.release(world, policy: ["confirm": true], [.value(0), .value(0.5), .value(isBadTwice ? 0.5 : 0), .value(0)])
            if isBadTwice {
                let aborted = try await world.waitFor("it is aborted", timeout: .seconds(900)) { $0.status.abort }
                #expect(aborted.status.message.contains("assessed Failed due to failed (2) > failureLimit (0)"))
            } else {
                let healthy = try await world.waitHealthy(timeout: .seconds(900))
                #expect(healthy.status.stableRS == healthy.status.currentPodHash)
            }
        }
    }

    @Test("R32: a day with a provider that is not there does not grow the run, and a run that is over costs nothing") func unreachable() throws {
        try World.run(seed: 64) { world in
            world.prometheus.setDown(true)
            try await Self.release(world, policy: nil, metric: ["consecutiveErrorLimit": 100_000], pause: nil, [.value(0)])
            try await world.cluster.sleep(.seconds(3600))
            func run() async throws -> JSONValue { try #require(await world.cluster.server.objects(of: .analysisRuns, namespace: "default").first) }
            let early = try await run().serialized().count
            try await world.cluster.sleep(.seconds(86_400))
            let late = try await run()
            #expect(late.serialized().count < early + 64)
            #expect(late.at("status", "metricResults")?[0]?["measurements"]?.arrayValue?.count == 10)
            #expect((late.at("status", "metricResults")?[0]?["error"]?.intValue ?? 0) > 8000)
            try await world.abort()
            try await world.cluster.sleep(.seconds(600))
            let version = try await run().at("metadata", "resourceVersion")
            let questions = world.prometheus.questions.count
            try await world.cluster.sleep(.seconds(7200))
            #expect(try await run().at("metadata", "resourceVersion") == version)
            #expect(world.prometheus.questions.count == questions)
        }
    }
}
