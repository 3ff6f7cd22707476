import Clockwork
import KubeModel
import RolloutModel
import SimulatedCluster
import StrictJSON
import Testing
import World

@Suite("Bad input") struct BadInputTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var path: [String]
        var value: JSONValue
        /// What the condition must name.
        var names: [String]

        init(_ path: String, _ value: JSONValue, names: String...) {
            self.path = path.split(separator: ".").map(String.init)
            self.value = value
            self.names = names
        }

        var testDescription: String { "\(path.joined(separator: ".")): \(value.text())" }
    }

    static let canary: String = "strategy.canary"
    static let cases: [Case] = [
        Case("replicas", "ten", names: "spec.replicas", "whole number"),
        Case("replicas", -1, names: "spec.replicas"),
        Case("paused", "yes", names: "spec.paused"),
        Case("selector", "app=x", names: "spec.selector"),
        Case("selector", ["matchExpressions": [["key": "a", "operator": "Is", "values": ["b"]]]], names: "spec.selector"),
        Case("template", [1], names: "spec.template"),
        Case("template", ["spec": ["containers": []]], names: "spec.template.spec.containers"),
        Case("strategy", "canary", names: "spec.strategy"),
        Case("strategy", [:], names: "spec.strategy"),
        Case("\(canary).steps", [:], names: "spec.strategy.canary.steps"),
        Case("\(canary).steps", [["setWeight": "ten"]], names: "steps[0].setWeight", "\"ten\""),
        Case("\(canary).steps", [["setWeight": 120]], names: "steps[0].setWeight", "120", "0 and 100"),
        Case("\(canary).steps", [["setWeight": 10], ["pause": ["duration": "ten minutes"]]], names: "steps[1].pause.duration"),
        Case("\(canary).steps", [["pause": ["duration": [:]]]], names: "steps[0].pause.duration"),
        Case("\(canary).steps", [["setHeaderRoute": ["name": "x"]]], names: "steps[0]", "setHeaderRoute"),
        Case("\(canary).steps", ["pause"], names: "steps[0]"),
        Case("\(canary).maxSurge", true, names: "maxSurge"),
        Case("\(canary).analysis", ["templates": "x"], names: "analysis.templates"),
        Case("\(canary).analysis", ["templates": [["templateName": "nowhere"]]], names: "analysis", "nowhere", "not found"),
        Case("\(canary).canaryService", 5, names: "canaryService"),
        Case("\(canary).stableService", "nowhere", names: "stableService", "nowhere", "not found"),
        Case("\(canary).trafficRouting", ["plugins": ["argoproj-labs/gatewayAPI": ["httpRoute": 5]]], names: "gatewayAPI", "httpRoute"),
        Case("\(canary).trafficRouting", ["istio": ["virtualService": ["name": "x"]]], names: "trafficRouting.istio", "not served"),
        Case("workloadRef", ["kind": "Deployment", "name": "x"], names: "spec.workloadRef"),
    ]

    /// Definitions that let everything pass, as those of other versions may.
    static let looseDefinitions: [JSONValue] = World.definitions.map { definition in
        guard definition.at("spec", "group") == "argoproj.io" else { return definition }
        var loose: JSONValue = definition
        let versions: [JSONValue] = (definition.at("spec", "versions")?.arrayValue ?? []).map { version in
            var version: JSONValue = version
            version.set(["type": "object", "x-kubernetes-preserve-unknown-fields": true], at: ["schema", "openAPIV3Schema"])
            // A server that knows where the replicas stand checks them, whatever the schema says.
            version.set(Optional.none, at: ["subresources", "scale"])
            return version
        }
        loose.set(.array(versions), at: ["spec", "versions"])
        return loose
    }

    @Test("in one Rollout is a condition that names the field; the others go on, and so does this one once it is put right")
    func malformed() throws {
        try World.run(seed: 71, definitions: Self.looseDefinitions) { world in
            let good: JSONValue = Scenery.canary("good", replicas: 2, steps: [Scenery.setWeight(50)])
            try await world.cluster.apply(good)
            try await world.waitHealthy("good")
            for (index, wrong) in Self.cases.enumerated() {
                let name: String = "bad-\(index)"
                var bad: JSONValue = Scenery.canary(name, replicas: 2, steps: [Scenery.setWeight(50)])
                bad.set(wrong.value, at: ["spec"] + wrong.path)
                try await world.cluster.apply(bad)
                let refused: Rollout = try await world.waitDegraded(name, timeout: .seconds(60))
                let message: String = refused.status.condition("InvalidSpec")?.message ?? ""
                for expected in [name] + wrong.names { #expect(message.contains(expected), "\(wrong.testDescription): \(message)") }
                #expect(refused.status.message == "InvalidSpec: \(message)")
                #expect(try await world.replicaSets(of: name).isEmpty)
            }
            try await world.setImage("myapp:v2", of: "good")
            try await world.waitHealthy("good")
            for index in Self.cases.indices {
                try await world.cluster.apply(Scenery.canary("bad-\(index)", replicas: 1, steps: [Scenery.setWeight(50)]))
            }
            for index in Self.cases.indices {
                let healthy: Rollout = try await world.waitHealthy("bad-\(index)", timeout: .seconds(120))
                #expect(healthy.status.condition("InvalidSpec") == nil)
            }
        }
    }

    @Test("in a status counts as nothing, and is replaced") func malformedStatus() throws {
        try World.run(seed: 72, definitions: Self.looseDefinitions) { world in
            try await world.startBasic(replicas: 2, steps: [Scenery.setWeight(50), Scenery.pause("10s")])
            let status: JSONValue = [
                "conditions": "none", "pauseConditions": [5, ["reason": "x"]], "currentStepIndex": "one", "replicas": [], "abort": "yes",
                "canary": [1], "observedGeneration": 7, "selector": "((", "stableRS": 5, "currentPodHash": [:], "collisionCount": "many",
            ]
            _ = try await world.kubectl.patch(
                .rollouts, namespace: "default", name: "my-app", .json(JSONPatch([.add(JSONPointer(tokens: ["status"]), status)])))
            let healed: Rollout = try await world.waitHealthy()
            #expect(healed.status.raw["conditions"]?.arrayValue != nil)
            try await world.setImage("myapp:v2")
            try await world.waitHealthy()
            #expect(try await world.sizes() == [0, 2])
        }
    }

    @Test("a missing template is named, and the release goes on by itself when it appears") func missingTemplate() throws {
        try World.run(seed: 73) { world in
            var rollout: JSONValue = Scenery.canary(replicas: 4, steps: [Scenery.setWeight(50), Scenery.pause("30s")])
            rollout.set(["templates": [["templateName": "errors"]]], at: ["spec", "strategy", "canary", "analysis"])
            try await world.cluster.apply(rollout)
            let refused: Rollout = try await world.waitDegraded()
            #expect(refused.status.message.contains("errors") && refused.status.message.contains("spec.strategy.canary.analysis"))
            try await world.cluster.sleep(.seconds(3600))
            world.prometheus.script(.exactly("errors"), .value(0))
            try await world.cluster.apply(Self.template(interval: "10s"))
            try await world.waitHealthy(timeout: .seconds(60))
            try await world.setImage("myapp:v2")
            try await world.waitHealthy()
            #expect(try await world.analysisRuns().count == 1)
        }
    }

    static func template(interval: String, limit: Int? = nil) -> JSONValue {
        var metric: JSONValue = [
            "name": "errors", "interval": .string(interval), "successCondition": "result[0] < 0.01",
            "provider": ["prometheus": ["address": "http://prometheus:9090", "query": "errors", "timeout": 5]],
        ]
        if let limit { metric["consecutiveErrorLimit"] = .number(JSONNumber(limit)) }
        return [
            "apiVersion": "argoproj.io/v1alpha1", "kind": "AnalysisTemplate", "metadata": ["name": "errors"], "spec": ["metrics": [metric]],
        ]
    }

    static let troubles: [(name: String, answer: ScriptedAnswer, told: String)] = [
        ("down", .refused, "prometheus:9090"), ("an internal error", .error, "500"), ("garbage", .notJSON, "JSON"),
        ("slow", .slow(.seconds(60), 0), "time"), ("no series", .empty, "or vector(0)"), ("not a number", .value(.nan), "NaN"),
    ]

    private static func release(_ world: World, _ answers: [ScriptedAnswer]) async throws {
        world.prometheus.script(.exactly("errors"), answers)
        try await world.cluster.apply(Self.template(interval: "10s"))
        var rollout: JSONValue = Scenery.canary(replicas: 4, steps: [Scenery.setWeight(50), Scenery.pause("5m")])
        rollout.set(["templates": [["templateName": "errors"]]], at: ["spec", "strategy", "canary", "analysis"])
        try await world.cluster.apply(rollout)
        try await world.waitHealthy()
        try await world.setImage("myapp:v2")
    }

    @Test("from a Prometheus for a while is survived", arguments: 0..<4) func prometheusTrouble(_ index: Int) throws {
        try World.run(seed: 74) { world in
            let trouble = Self.troubles[index]
            try await Self.release(world, [.value(0)] + Array(repeating: trouble.answer, count: 3) + [.value(0)])
            try await world.waitHealthy()
            try await world.cluster.sleep(.seconds(60))
            let run: AnalysisRun = try #require(try await world.analysisRuns().first)
            #expect(run.status.phase == .successful)
            #expect(run.status.metricResults.first?.error == 3)
            #expect(await world.pods(ofImage: "myapp:v1") == 0)
        }
    }

    @Test("from a Prometheus for good ends the release, with all pods on stable and the cause in words", arguments: 0..<5)
    func prometheusBroken(_ index: Int) throws {
        try World.run(seed: 75) { world in
            let trouble = Self.troubles[index]
            try await Self.release(world, [.value(0), trouble.answer])
            let aborted: Rollout = try await world.waitDegraded()
            #expect(aborted.status.abort)
            #expect(aborted.status.message.contains("errors"))
            try await world.cluster.sleep(.seconds(60))
            #expect(await world.pods(ofImage: "myapp:v1") == 4)
            let run: AnalysisRun = try #require(try await world.analysisRuns().first)
            let told: String = run.status.metricResults.first?.measurements.last?.message ?? ""
            #expect(told.contains(trouble.told), "\(trouble.name): \(told)")
        }
    }
}
