import RolloutModel
import StrictJSON
import Testing

@testable import PluginCommands

@Suite("The phase that people see") struct RolloutStateTests {
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

    static let counts: JSONValue = ["replicas": 4, "updatedReplicas": 4, "readyReplicas": 4, "availableReplicas": 4, "stableRS": "new"]
    static let blueGreen: JSONValue = ["blueGreen": ["activeService": "web"]]

    static func counted(_ status: JSONValue = [:], strategy: JSONValue = canary(), spec: JSONValue = [:]) -> JSONValue {
        rolloutJSON(strategy: strategy, spec: spec, status: counts.applying(mergePatch: status))
    }

    static let cases: [Case] = [
        Case("is the controller's word", rolloutJSON(status: ["phase": "Paused", "message": "CanaryPauseStep"]), "Paused - CanaryPauseStep"),
        Case("has no dash without a message", rolloutJSON(status: ["phase": "Healthy"]), "Healthy"),
        Case(
            "is not of an older spec", rolloutJSON(status: ["phase": "Healthy", "observedGeneration": "1"]),
            "Progressing - waiting for rollout spec update to be observed"),
        Case("counts a generation that is no number as seen", rolloutJSON(status: ["phase": "Healthy", "observedGeneration": "7d4f"]), "Healthy"),
        Case(
            "waits for a promoted pause to end", rolloutJSON(status: ["phase": "Paused", "controllerPause": true]),
            "Progressing - waiting for rollout to unpause"),
        Case(
            "is degraded by an invalid spec", rolloutJSON(status: ["conditions": [["type": "InvalidSpec", "status": "True", "message": "no"]]]),
            "Degraded - InvalidSpec: no"),
        Case(
            "is degraded by an abort",
            rolloutJSON(status: ["conditions": [["type": "Progressing", "status": "False", "reason": "RolloutAborted", "message": "m"]]]),
            "Degraded - RolloutAborted: m"),
        Case(
            "is degraded by a deadline",
            rolloutJSON(status: ["conditions": [["type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded", "message": "m"]]]),
            "Degraded - ProgressDeadlineExceeded: m"),
        Case("is paused by hand", counted(spec: ["paused": true]), "Paused - manually paused"),
        Case(
            "is paused by a condition", counted(["pauseConditions": [["reason": "BlueGreenPause", "startTime": "2026-03-01T10:00:00Z"]]]),
            "Paused - BlueGreenPause"),
        Case("restarts", counted(spec: ["restartAt": "2026-03-01T10:00:00Z"]), "Progressing - rollout is restarting"),
        Case("lacks updated pods", counted(["updatedReplicas": 3]), "Progressing - more replicas need to be updated"),
        Case("lacks available pods", counted(["availableReplicas": 3]), "Progressing - updated replicas are still becoming available"),
        Case("waits for blue-green's switch", counted(strategy: blueGreen), "Progressing - active service cutover pending"),
        Case(
            "waits for the analysis behind the switch",
            counted(
                ["stableRS": "old", "blueGreen": ["activeSelector": "new", "postPromotionAnalysisRunStatus": ["name": "r", "status": "Running"]]],
                strategy: blueGreen), "Progressing - waiting for analysis to complete"),
        Case(
            "waits for the verification behind the switch", counted(["stableRS": "old", "blueGreen": ["activeSelector": "new"]], strategy: blueGreen),
            "Progressing - waiting for post-promotion verification to complete"),
        Case("waits for old pods", counted(["replicas": 5]), "Progressing - old replicas are pending termination"),
        Case(
            "does not wait for old pods behind a router",
            counted(["replicas": 5, "stableRS": "old"], strategy: canary(["trafficRouting": ["plugins": [:]]])),
            "Progressing - waiting for all steps to complete"),
        Case("waits for steps", counted(["stableRS": "old"]), "Progressing - waiting for all steps to complete"),
        Case("is healthy when nothing is left", counted(), "Healthy"),
    ]

    @Test(arguments: cases) func isNamed(_ c: Case) throws { #expect(RolloutState(of: try rollout(c.rollout)).text == c.text) }
}
