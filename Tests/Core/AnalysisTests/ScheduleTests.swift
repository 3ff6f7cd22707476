import Clockwork
import RolloutModel
import StrictJSON
import Testing

@testable import Analysis

@Suite("A measurement") struct ScheduleTests {
    /// A status with one finished measurement.
    func measured(_ phase: String, count: Int = 1, finishedAt: Timestamp = start) -> JSONValue {
        [
            "phase": "Running", "startedAt": .string(start.rfc3339),
            "metricResults": [
                [
                    "name": "m", "phase": "Running", "count": .number(JSONNumber(count)),
                    "measurements": [["phase": .string(phase), "startedAt": .string(finishedAt.rfc3339), "finishedAt": .string(finishedAt.rfc3339)]],
                ]
            ],
        ]
    }

    func due(_ spec: JSONValue, _ status: JSONValue, _ now: Timestamp) throws -> Bool {
        !decide(observation(of: try run(spec, status: status)), now: now).measurements.isEmpty
    }

    func wakeAt(_ spec: JSONValue, _ status: JSONValue, _ now: Timestamp) throws -> Timestamp? {
        decide(observation(of: try run(spec, status: status)), now: now).wakeAt
    }

    @Test func isTakenAtOnceTheFirstTime() throws {
        #expect(try due(["metrics": [metric()]], .null, start))
    }

    @Test func followsStrictlyAfterTheInterval() throws {
        let spec: JSONValue = ["metrics": [metric("m", ["interval": "1m"])]]
        #expect(try !due(spec, measured("Successful"), at(60) - instant))
        #expect(try !due(spec, measured("Successful"), at(60)))
        #expect(try due(spec, measured("Successful"), at(60) + instant))
        #expect(try wakeAt(spec, measured("Successful"), at(10)) == at(60) + instant)
    }

    @Test func followsAnErrorAfterTenSecondsWhateverTheInterval() throws {
        for interval in ["1m", "2s"] {
            let spec: JSONValue = ["metrics": [metric("m", ["interval": .string(interval)])]]
            #expect(try !due(spec, measured("Error", count: 0), at(10)))
            #expect(try due(spec, measured("Error", count: 0), at(10) + instant))
        }
        let single: JSONValue = ["metrics": [metric()]]
        #expect(try due(single, measured("Error", count: 0), at(10) + instant))
        #expect(try wakeAt(single, measured("Error", count: 0), start) == at(10) + instant)
    }

    @Test func isNotTakenWithoutPauseForATinyInterval() throws {
        for interval in ["0s", "-5s", "100ms"] {
            let spec: JSONValue = ["metrics": [metric("m", ["interval": .string(interval)])]]
            #expect(try !due(spec, measured("Successful"), at(1)))
            #expect(try due(spec, measured("Successful"), at(1) + instant))
        }
    }

    @Test func waitsForTheDelayCountedFromTheStartOfTheRun() throws {
        var play = try Play(["metrics": [metric("m", ["initialDelay": "30s"])]])
        try play.reconcile(start)
        #expect(play.measured.isEmpty)
        #expect(play.run.status.startedAt == start)
        #expect(play.run.status.phase == .running)
        #expect(play.wakeAt == at(30))
        try play.reconcile(at(30) - instant)
        #expect(play.measured.isEmpty)
        try play.reconcile(at(30))
        #expect(play.measured == ["m"])
        #expect(play.run.status.phase == .successful)
    }

    @Test func isNotTakenBeyondTheCount() throws {
        let spec: JSONValue = ["metrics": [metric("m", ["interval": "1m", "count": 3])]]
        #expect(try due(spec, measured("Successful", count: 2), at(61)))
        #expect(try !due(spec, measured("Successful", count: 3), at(61)))
    }

    @Test func inFlightIsLookedAtWhenItSays() throws {
        let status: JSONValue = [
            "phase": "Running", "startedAt": .string(start.rfc3339),
            "metricResults": [["name": "m", "phase": "Running", "measurements": [["phase": "Running", "startedAt": .string(start.rfc3339), "resumeAt": .string(at(15).rfc3339)]]]],
        ]
        let spec: JSONValue = ["metrics": [metric()]]
        #expect(try !due(spec, status, at(15) - instant))
        #expect(try wakeAt(spec, status, at(1)) == at(15))
        let plan = decide(observation(of: try run(spec, status: status)), now: at(15))
        guard case .resume? = plan.measurements.first?.move else {
            Issue.record("expected a resumed measurement, found \(plan.measurements)")
            return
        }
        // Stopping does not wait for it.
        let stopping = decide(observation(of: try run(["metrics": [metric()], "terminate": true], status: status)), now: at(1))
        guard case .terminate? = stopping.measurements.first?.move else {
            Issue.record("expected a terminated measurement, found \(stopping.measurements)")
            return
        }
    }

    static let expiries: [(phase: String, ttl: JSONObject, expiry: Int64?)] = [
        ("Successful", ["secondsAfterSuccess": 10, "secondsAfterCompletion": 99], 11),
        ("Failed", ["secondsAfterFailure": 20, "secondsAfterCompletion": 99], 21),
        ("Error", ["secondsAfterFailure": 20, "secondsAfterCompletion": 30], 31),
        ("Inconclusive", ["secondsAfterSuccess": 20, "secondsAfterCompletion": 30], 31),
        ("Successful", ["secondsAfterFailure": 20], nil),
        ("Error", ["secondsAfterFailure": 20], nil),
        ("Successful", ["secondsAfterCompletion": 0], 1),
        ("Successful", [:], nil),
    ]

    @Test(arguments: expiries.indices)
    func runExpiresMoreThanSoManySecondsAfterItsEnd(_ index: Int) throws {
        let row = Self.expiries[index]
        let run = try run(
            ["metrics": [metric()], "ttlStrategy": .object(row.ttl)],
            status: ["phase": .string(row.phase), "completedAt": .string(start.rfc3339)])
        let seen = observation(of: run)
        guard let expiry = row.expiry else {
            #expect(decide(seen, now: at(100_000)) == AnalysisRunPlan(status: run.status))
            return
        }
        #expect(decide(seen, now: at(expiry) - instant).wakeAt == at(expiry))
        #expect(!decide(seen, now: at(expiry) - instant).deletesRun)
        #expect(decide(seen, now: at(expiry)).deletesRun)
        #expect(decide(seen, now: at(expiry)).wakeAt == nil)
    }
}
