import Clockwork
@testable import Delivery
import RolloutModel
import StrictJSON
import Testing

/// The specification's table of phases (2.6) and its vectors (10.5), one row each.
@Suite("Phase and message") struct PhaseTests {
    enum Strategy: Sendable { case basic, routed, blueGreen, analysed }

    struct Row: Sendable, CustomTestStringConvertible {
        var counts: [Int]
        var strategy: Strategy = .blueGreen
        var status: JSONObject = [:]
        var spec: JSONObject = [:]
        var expected: String
        var testDescription: String { "\(strategy) \(counts): \(expected)" }
    }

    private static let live: JSONObject = ["stableRS": "old", "currentPodHash": "new", "blueGreen": ["activeSelector": "new"]]
    private static func condition(_ type: String, _ reason: String, _ message: String) -> JSONValue {
        [
            "type": .string(type), "status": "False", "reason": .string(reason), "message": .string(message),
            "lastUpdateTime": "2026-01-01T00:00:00Z", "lastTransitionTime": "2026-01-01T00:00:00Z",
        ]
    }
    private static func pauses(_ reasons: [String]) -> JSONValue {
        .array(reasons.map { ["reason": .string($0), "startTime": "2026-01-01T00:00:00Z"] })
    }
    private static func merged(_ first: JSONObject, _ second: JSONObject) -> JSONObject {
        var result: JSONObject = first
        for (key, value) in second { result[key] = value }
        return result
    }
    private static func run(_ phase: String) -> JSONObject {
        merged(live, ["blueGreen": ["activeSelector": "new", "postPromotionAnalysisRunStatus": ["name": "post", "status": .string(phase)]]])
    }

    /// Wanted, updated, available and all pods; then what is expected.
    static let rows: [Row] = [
        // 10.5
        Row(counts: [5, 4, 4, 5], strategy: .basic, expected: "Progressing more replicas need to be updated"),
        Row(counts: [5, 5, 4, 5], expected: "Progressing updated replicas are still becoming available"),
        Row(counts: [5, 5, 4, 5], strategy: .basic, expected: "Progressing updated replicas are still becoming available"),
        Row(counts: [5, 5, 4, 5], strategy: .routed, expected: "Progressing updated replicas are still becoming available"),
        Row(counts: [5, 5, 5, 6], strategy: .basic, expected: "Progressing old replicas are pending termination"),
        Row(counts: [5, 5, 5, 10], strategy: .routed, expected: "Progressing waiting for all steps to complete"),
        Row(counts: [5, 5, 5, 10], strategy: .routed, status: ["stableRS": "new", "currentPodHash": "new"], expected: "Healthy"),
        Row(counts: [5, 5, 5, 10], status: ["stableRS": "old", "currentPodHash": "new", "blueGreen": ["activeSelector": "old"]],
            expected: "Progressing active service cutover pending"),
        Row(counts: [5, 5, 5, 10], strategy: .analysed, status: run("Running"), expected: "Progressing waiting for analysis to complete"),
        Row(counts: [5, 5, 5, 10], status: live, expected: "Progressing waiting for post-promotion verification to complete"),
        Row(counts: [0, 0, 0, 0], strategy: .basic, status: ["stableRS": "new", "currentPodHash": "new"], expected: "Healthy"),
        Row(counts: [0, 0, 0, 0], status: ["stableRS": "new", "currentPodHash": "new", "blueGreen": ["activeSelector": "new"]], expected: "Healthy"),
        // 2.6, blue-green: no selector yet, no run yet, a run that is over.
        Row(counts: [5, 5, 5, 5], status: ["stableRS": "new", "currentPodHash": "new"], expected: "Progressing active service cutover pending"),
        Row(counts: [5, 5, 5, 10], strategy: .analysed, status: live, expected: "Progressing waiting for analysis to complete"),
        Row(counts: [5, 5, 5, 10], strategy: .analysed, status: run("Pending"), expected: "Progressing waiting for analysis to complete"),
        Row(counts: [5, 5, 5, 10], strategy: .analysed, status: run("Successful"), expected: "Progressing waiting for post-promotion verification to complete"),
        Row(counts: [5, 5, 5, 10], status: ["stableRS": "new", "currentPodHash": "new", "blueGreen": ["activeSelector": "new"]], expected: "Healthy"),
        // 2.6, what comes before: conditions in the order in which they stand, spec.paused, pauses in theirs.
        Row(counts: [5, 1, 1, 6], status: merged(live, ["conditions": [condition("Progressing", "RolloutAborted", "given up")]]), spec: ["paused": true],
            expected: "Degraded RolloutAborted: given up"),
        Row(counts: [5, 1, 1, 6], status: ["conditions": [condition("Progressing", "ProgressDeadlineExceeded", "late")]],
            expected: "Degraded ProgressDeadlineExceeded: late"),
        Row(counts: [5, 1, 1, 6], status: ["conditions": [condition("InvalidSpec", "InvalidSpec", "wrong"), condition("Progressing", "RolloutAborted", "given up")]],
            expected: "Degraded InvalidSpec: wrong"),
        Row(counts: [5, 1, 1, 6], status: ["conditions": [condition("Progressing", "RolloutAborted", "given up"), condition("InvalidSpec", "InvalidSpec", "wrong")]],
            expected: "Degraded RolloutAborted: given up"),
        Row(counts: [5, 1, 1, 6], status: ["pauseConditions": pauses(["BlueGreenPause"])], spec: ["paused": true], expected: "Paused manually paused"),
        Row(counts: [5, 1, 1, 6], status: ["pauseConditions": pauses(["InconclusiveAnalysisRun", "BlueGreenPause"])], expected: "Paused InconclusiveAnalysisRun"),
        Row(counts: [5, 5, 5, 10], status: ["pauseConditions": pauses(["BlueGreenPause"])], expected: "Paused BlueGreenPause"),
    ]

    @Test(arguments: rows) func isFirstMatch(_ row: Row) throws {
        var manifest: JSONValue = Manifest.rollout(replicas: row.counts[0], spec: row.spec)
        let analysis: JSONValue = ["templates": [["templateName": "ok"]]]
        switch row.strategy {
        case .basic: break
        case .routed: manifest.set(.object(Manifest.routed()), at: ["spec", "strategy", "canary"])
        case .blueGreen: manifest.set(["blueGreen": ["activeService": "active"]], at: ["spec", "strategy"])
        case .analysed: manifest.set(["blueGreen": ["activeService": "active", "postPromotionAnalysis": analysis]], at: ["spec", "strategy"])
        }
        let counts: JSONObject = [
            "updatedReplicas": .number(JSONNumber(row.counts[1])), "availableReplicas": .number(JSONNumber(row.counts[2])),
            "replicas": .number(JSONNumber(row.counts[3])),
        ]
        let rollout = try Rollout(json: manifest)
        let found = phaseAndMessage(
            of: RolloutStatus(json: .object(Self.merged(counts, row.status))), spec: rollout.spec, total: row.counts[0], isBasic: row.strategy == .basic)
        #expect("\(found.phase.rawValue) \(found.message)" == (row.expected == "Healthy" ? "Healthy " : row.expected))
    }
}
