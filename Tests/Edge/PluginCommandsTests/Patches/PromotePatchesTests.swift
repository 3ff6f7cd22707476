import RolloutModel
import StrictJSON
import Testing

@testable import PluginCommands

@Suite("Promote sends") struct PromotePatchesTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var mode: PromoteMode
        var rollout: JSONValue
        var status: JSONValue?
        var spec: JSONValue?
        var unified: JSONValue?

        init(
            _ description: String, mode: PromoteMode = .normal, _ rollout: JSONValue, status: JSONValue? = nil, spec: JSONValue? = nil,
            unified: JSONValue? = nil
        ) {
            testDescription = description
            self.mode = mode
            self.rollout = rollout
            self.status = status
            self.spec = spec
            self.unified = unified
        }
    }

    static let atPause: JSONValue = ["currentStepIndex": 1, "pauseConditions": [["reason": "CanaryPauseStep", "startTime": "2026-03-01T10:00:00Z"]], "controllerPause": true]
    static let unpause: JSONValue = ["spec": ["paused": false]]
    static let cleared: JSONValue = ["status": ["pauseConditions": nil]]
    static let blueGreen: JSONValue = ["blueGreen": ["activeService": "web"]]

    static func index(_ index: Int) -> JSONValue { ["status": ["currentStepIndex": .number(JSONNumber(index))]] }
    static func next(_ index: Int) -> JSONValue { ["status": ["pauseConditions": nil, "currentStepIndex": .number(JSONNumber(index))]] }
    static func unified(_ status: JSONValue) -> JSONValue { ["spec": ["paused": false], "status": status["status"] ?? .null] }

    static let cases: [Case] = [
        Case("the end of a pause, and lets the controller go on", rolloutJSON(status: atPause), status: cleared, unified: unified(cleared)),
        Case(
            "one step more past an inconclusive run",
            rolloutJSON(status: atPause.applying(mergePatch: ["canary": ["currentStepAnalysisRunStatus": ["name": "r", "status": "Inconclusive"]]])),
            status: ["status": ["pauseConditions": nil, "controllerPause": false, "currentStepIndex": 2]], unified: unified(cleared)),
        Case(
            "no step more past a successful run",
            rolloutJSON(status: atPause.applying(mergePatch: ["canary": ["currentStepAnalysisRunStatus": ["name": "r", "status": "Successful"]]])),
            status: cleared, unified: unified(cleared)),
        Case("the next step where nothing pauses", rolloutJSON(status: ["currentStepIndex": 0]), status: next(1), unified: unified(next(1))),
        Case("the second step before the first was begun", rolloutJSON(), status: next(1), unified: unified(next(1))),
        Case("the end where it is at the end", rolloutJSON(status: ["currentStepIndex": 3]), status: next(3), unified: unified(next(3))),
        Case(
            "an unpause after the step where somebody paused it by hand", rolloutJSON(spec: ["paused": true], status: ["currentStepIndex": 0]),
            status: next(1), spec: unpause, unified: unified(next(1))),
        Case("nothing to a canary without steps", rolloutJSON(strategy: ["canary": [:]])),
        Case("the unpause alone without steps", rolloutJSON(strategy: ["canary": [:]], spec: ["paused": true]), spec: unpause),
        Case("nothing to a blue-green rollout that does not pause", rolloutJSON(strategy: blueGreen)),
        Case(
            "the end of a pause to a blue-green rollout",
            rolloutJSON(strategy: blueGreen, status: ["pauseConditions": [["reason": "BlueGreenPause", "startTime": "2026-03-01T10:00:00Z"]]]),
            status: cleared, unified: unified(cleared)),
        Case(
            "the wish for all of it", mode: .full, rolloutJSON(status: ["currentStepIndex": 1]), status: ["status": ["promoteFull": true]],
            unified: unified(["status": ["promoteFull": true]])),
        Case("nothing where all have it", mode: .full, rolloutJSON(status: ["stableRS": "new"])),
        Case("the unpause alone where all have it", mode: .full, rolloutJSON(spec: ["paused": true], status: ["stableRS": "new"]), spec: unpause),
        Case("the next index", mode: .skipCurrentStep, rolloutJSON(spec: ["paused": true], status: ["currentStepIndex": 1]), status: index(2), unified: index(2)),
        Case("the last index", mode: .skipAllSteps, rolloutJSON(status: ["currentStepIndex": 1]), status: index(3), unified: index(3)),
    ]

    @Test(arguments: cases) func sends(_ c: Case) throws {
        let patches = try PromotePatches(c.mode, of: try rollout(c.rollout))
        #expect(patches.status == c.status)
        #expect(patches.spec == c.spec)
        #expect(patches.unified == c.unified)
    }

    @Test(arguments: [PromoteMode.skipCurrentStep, .skipAllSteps]) func noSkipWithoutSteps(_ mode: PromoteMode) throws {
        let blueGreen: Rollout = try rollout(rolloutJSON(strategy: Self.blueGreen))
        #expect(throws: CommandFailure.message("Cannot skip steps of a bluegreen rollout. Run without a flags")) { try PromotePatches(mode, of: blueGreen) }
        let stepless: Rollout = try rollout(rolloutJSON(strategy: ["canary": [:]]))
        #expect(throws: CommandFailure.message("Cannot skip steps of a rollout without steps")) { try PromotePatches(mode, of: stepless) }
    }
}
