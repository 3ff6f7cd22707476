import KubeModel
import RolloutModel
import StrictJSON
import Testing

@testable import PluginCommands

@Suite("A canary's weights") struct CanaryProgressTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var rollout: JSONValue
        var text: String

        init(_ description: String, _ rollout: JSONValue, _ text: String) {
            testDescription = description
            self.rollout = rollout
            self.text = text
        }
    }

    static let routed: JSONValue = canary(["trafficRouting": ["maxTrafficWeight": 1000, "plugins": [:]]])

    static let cases: [Case] = [
        Case("count the canary's pods", rolloutJSON(status: ["currentStepIndex": 1, "availableReplicas": 3]), "1/3 20 66"),
        Case("are nothing before pods are available", rolloutJSON(status: ["currentStepIndex": 1]), "1/3 20 0"),
        Case("begin with the first step", rolloutJSON(status: ["availableReplicas": 4]), " 20 50"),
        Case("are all at the end", rolloutJSON(status: ["currentStepIndex": 3, "availableReplicas": 4]), "3/3 100 100"),
        Case("are all without steps", rolloutJSON(strategy: ["canary": ["steps": []]], status: ["availableReplicas": 4]), " 100 100"),
        Case("ask for nothing after an abort", rolloutJSON(status: ["abort": true, "currentStepIndex": 0, "availableReplicas": 2]), "0/3 0 100"),
        Case("are those of the routes", rolloutJSON(
            strategy: routed, status: ["currentStepIndex": 1, "availableReplicas": 4, "canary": ["weights": ["canary": ["weight": 15], "stable": ["weight": 85]]]]),
             "1/3 20 15"),
        Case("are believed where no route tells", rolloutJSON(strategy: routed, status: ["currentStepIndex": 1, "availableReplicas": 4]), "1/3 20 20"),
        Case("have another maximum", rolloutJSON(strategy: routed, status: ["currentStepIndex": 3]), "3/3 1000 1000"),
        Case("survive an index behind the end", rolloutJSON(status: ["currentStepIndex": 9]), "9/3 100 100"),
    ]

    @Test(arguments: cases) func areNumbers(_ c: Case) throws {
        let rollout: Rollout = try rollout(c.rollout)
        let sets: [ReplicaSet] = [try ReplicaSet(json: replicaSetJSON("old", revision: 1)), try ReplicaSet(json: replicaSetJSON("new", revision: 2))]
        let progress = CanaryProgress(of: rollout, canary: try #require(rollout.spec.canary), replicaSets: sets)
        #expect("\(progress.step) \(progress.setWeight) \(progress.actualWeight)" == c.text)
    }
}
