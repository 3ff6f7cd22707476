import Clockwork
import RolloutModel
import StrictJSON
import Testing

@testable import Analysis

@Suite("An AnalysisRun") struct DecideTests {
    @Test func withOneMeasurementEndsInOneReconcile() throws {
        var play = try Play(["metrics": [metric("m", ["successCondition": "result[0] > 0.9"])]])
        try play.reconcile(start)
        #expect(play.run.status.json == [
            "phase": "Successful", "startedAt": .string(start.rfc3339), "completedAt": .string(start.rfc3339),
            "runSummary": ["count": 1, "successful": 1], "dryRunSummary": [:],
            "metricResults": [
                [
                    "name": "m", "phase": "Successful", "count": 1, "successful": 1, "consecutiveSuccess": 1,
                    "measurements": [
                        ["phase": "Successful", "value": "[1]", "startedAt": .string(start.rfc3339), "finishedAt": .string(start.rfc3339)]
                    ],
                ]
            ],
        ])
        #expect(play.events == [
            AnalysisEvent(reason: "MetricSuccessful", message: "Metric 'm' Completed. Result: Successful"),
            AnalysisEvent(reason: "AnalysisRunSuccessful", message: "Analysis Completed. Result: Successful"),
        ])
        #expect(play.wakeAt == nil)
    }

    @Test func whoseMetricFailsEndsTheOthersInTheNextReconcile() throws {
        var play = try Play(["metrics": [metric("bad", ["successCondition": "result[0] > 0.9"]), metric("good", ["interval": "1m"])]])
        try play.reconcile(start) { $0.metric.name == "bad" ? vector(0) : vector(1) }
        #expect(play.run.status.phase == .running)
        #expect(play.run.status.message == "")
        #expect(play.run.status.result(of: "bad")?.phase == .failed)
        #expect(play.run.status.result(of: "good")?.phase == .running)
        try play.reconcile(start)
        #expect(play.measured == ["bad", "good"])
        #expect(play.run.status.phase == .failed)
        #expect(play.run.status.message == "Metric \"bad\" assessed Failed due to failed (1) > failureLimit (0)")
        #expect(play.run.status.result(of: "good")?.phase == .successful)
        #expect(play.run.status.runSummary == AnalysisRunSummary(count: 2, successful: 1, failed: 1))
    }

    @Test func namesTheErrorOfAMetric() throws {
        var play = try Play(["metrics": [metric("m", ["consecutiveErrorLimit": 0])]])
        try play.reconcile(start) { _ in .failure("no connection") }
        #expect(play.run.status.phase == .error)
        #expect(play.run.status.message
            == "Metric \"m\" assessed Error due to consecutiveErrors (1) > consecutiveErrorLimit (0): \"Error Message: no connection\"")
        #expect(play.events.map(\.reason) == ["MetricError", "AnalysisRunError"])
        #expect(play.events.map(\.isWarning) == [true, true])
    }

    @Test func doesNotCallANoteAnError() throws {
        var play = try Play(["metrics": [metric("m", ["successCondition": "result < 0.01"])]])
        try play.reconcile(start) { _ in vector(0.5) }
        #expect(play.run.status.phase == .failed)
        #expect(play.run.status.message == "Metric \"m\" assessed Failed due to failed (1) > failureLimit (0)")
        let message = play.run.status.result(of: "m")?.measurements.last?.message ?? ""
        #expect(message.hasPrefix("note: successCondition \"result < 0.01\" was judged on the only sample"))
        #expect(play.events.first?.reason == "ConditionJudgedOnSample")
    }

    @Test func tellsOfAnUnusualReadingOnce() throws {
        var play = try Play(["metrics": [metric("m", ["successCondition": "result < 2", "interval": "1m"])]])
        for minute in 0..<5 { try play.reconcile(at(Int64(minute) * 61)) }
        #expect(play.run.status.result(of: "m")?.count == 5)
        #expect(play.events.map(\.reason) == ["ConditionJudgedOnSample"])
    }

    @Test func waitsForMetricsInDryRunButForgivesThem() throws {
        var play = try Play([
            "metrics": [metric("bad", ["successCondition": "result[0] > 0.9"]), metric("good", ["interval": "1s", "count": 2])],
            "dryRun": [["metricName": "bad"]], "measurementRetention": [["metricName": "good", "limit": 1]],
        ])
        let answer: (DueMeasurement) -> MeasurementOutcome.Finding = { $0.metric.name == "bad" ? vector(0) : vector(1) }
        try play.reconcile(start, answer)
        let bad = play.run.status.result(of: "bad")
        #expect(bad?.dryRun == true)
        #expect(bad?.message == "Metric assessed Failed due to failed (1) > failureLimit (0)")
        #expect(play.run.status.phase == .running)
        try play.reconcile(at(2), answer)
        #expect(play.run.status.phase == .successful)
        #expect(play.run.status.message == "")
        #expect(play.run.status.runSummary == AnalysisRunSummary(count: 1, successful: 1))
        #expect(play.run.status.dryRunSummary == AnalysisRunSummary(count: 1, failed: 1))
        #expect(play.run.status.result(of: "good")?.measurements.count == 1)
        #expect(play.run.status.result(of: "good")?.count == 2)
    }

    @Test func keepsTheLastTenMeasurements() throws {
        var play = try Play(["metrics": [metric("m", ["interval": "10s"])]])
        for round in 0..<15 { try play.reconcile(at(Int64(round) * 11)) { _ in vector(Double(round)) } }
        let result = play.run.status.result(of: "m")
        #expect(result?.measurements.map(\.value) == (5..<15).map { "[\($0)]" })
        #expect(result?.count == 15)
    }

    @Test("R32: an unreachable provider ends the run, and never bloats the object") func isBoundedWhateverTheProviderSays() throws {
        let noise = String(repeating: "connection refused ü ", count: 1000)
        var patient = try Play(["metrics": [metric("m", ["interval": "1m", "consecutiveErrorLimit": 100_000])]])
        var now = start
        while now < start + .seconds(86_400) {
            let isLate = now > start + .seconds(86_000)
            try patient.reconcile(now) { _ in .failure(isLate ? noise : "connection refused") }
            now = try #require(patient.wakeAt)
        }
        #expect(patient.run.status.result(of: "m")?.error == 8640)
        #expect(patient.run.status.result(of: "m")?.measurements.count == 10)
        #expect(patient.run.status.json.serialized().count < 64 << 10)
        #expect(patient.run.status.result(of: "m")?.measurements.last?.message.hasSuffix("… (22000 bytes in all)") == true)

        var usual = try Play(["metrics": [metric("m", ["interval": "1m"])]])
        now = start
        for _ in 0..<5 {
            try usual.reconcile(now) { _ in .failure("connection refused") }
            now = usual.wakeAt ?? now
        }
        #expect(usual.run.status.phase == .error)
    }

    @Test func thatIsTerminatedIsSuccessfulAtOnce() throws {
        var play = try Play(["metrics": [metric("m", ["interval": "1m"]), metric("late", ["initialDelay": "1h"])]])
        try play.reconcile(start)
        play.run.spec.terminate = true
        try play.reconcile(at(1))
        #expect(play.run.status.phase == .successful)
        #expect(play.run.status.message == "Run Terminated")
        #expect(play.measured == ["m"])
        #expect(play.run.status.completedAt == at(1))
    }

    @Test func thatIsTerminatedBeforeItBeganMeasuresNothing() throws {
        var play = try Play(["metrics": [metric()], "terminate": true])
        try play.reconcile(start)
        #expect(play.measured.isEmpty)
        #expect(play.run.status.phase == .successful)
        #expect(play.run.status.message == "Run Terminated")
    }

    @Test func takesTheMessageOfATerminatedMeasurement() throws {
        var play = try Play(["metrics": [metric()]])
        try play.reconcile(start) { _ in .inFlight(resumeAt: at(100)) }
        #expect(play.run.status.phase == .running)
        #expect(play.wakeAt == at(100))
        play.run.spec.terminate = true
        try play.reconcile(at(1)) { _ in .verdict(.inconclusive, message: "gone", value: "") }
        #expect(play.run.status.phase == .inconclusive)
        #expect(play.run.status.message
            == "Metric \"m\" assessed Inconclusive due to inconclusive (1) > inconclusiveLimit (0): \"Error Message: Metric Terminated\"")
        #expect(play.run.status.result(of: "m")?.measurements.count == 1)
    }

    static let invalid: [(spec: JSONValue, message: String)] = [
        (["metrics": []], "Analysis spec invalid: no metrics specified"),
        ([:], "Analysis spec invalid: no metrics specified"),
        (["metrics": [metric("a"), metric("a")]], "Analysis spec invalid: metrics[1]: duplicate name 'a'"),
        (["metrics": [metric("a", ["consecutiveSuccessLimit": -1])]], "Analysis spec invalid: metrics[0]: consecutiveSuccessLimit must be >= 0"),
        (["metrics": [metric("a", ["failureLimit": -2])]], "Analysis spec invalid: metrics[0]: failureLimit must be >= 0, or -1 to be disabled"),
        (["metrics": [metric("a", ["failureLimit": -1])]], "Analysis spec invalid: metrics[0]: failureLimit and consecutiveSuccessLimit cannot both be disabled"),
        (["metrics": [metric("a", ["inconclusiveLimit": -1])]], "Analysis spec invalid: metrics[0]: inconclusiveLimit must be >= 0"),
        (["metrics": [metric("a", ["consecutiveErrorLimit": -1])]], "Analysis spec invalid: metrics[0]: consecutiveErrorLimit must be >= 0"),
        (["metrics": [metric("a", ["interval": "1m", "count": 2, "failureLimit": 2, "consecutiveSuccessLimit": 1])]],
            "Analysis spec invalid: metrics[0]: count (2) must be >= failureLimit + consecutiveSuccessLimit (2 + 1) if both >= 0"),
        (["metrics": [metric("a", ["interval": "1m", "count": 2, "failureLimit": -1, "consecutiveSuccessLimit": 3])]],
            "Analysis spec invalid: metrics[0]: count must be >= consecutiveSuccessLimit"),
        (["metrics": [metric("a", ["interval": "1m", "count": 2, "inconclusiveLimit": 3])]], "Analysis spec invalid: metrics[0]: count must be >= inconclusiveLimit"),
        (["metrics": [metric("a", ["count": 2])]], "Analysis spec invalid: metrics[0]: interval must be specified when count > 1"),
        (["metrics": [metric("a", ["interval": "5"])]], "Analysis spec invalid: metrics[0]: invalid interval string: time: missing unit in duration \"5\""),
        (["metrics": [metric("a", ["initialDelay": "1d"])]], "Analysis spec invalid: metrics[0]: invalid startDelay string: time: unknown unit \"d\" in duration \"1d\""),
        (["metrics": [["name": "a", "provider": [:]]]], "Analysis spec invalid: metrics[0]: no provider specified"),
        (["metrics": [["name": "a", "provider": ["plugin": ["x": [:], "y": [:]]]]]], "Analysis spec invalid: metrics[0]: multiple providers specified"),
        (["metrics": [["name": "a", "provider": ["web": [:], "job": [:]]]]], "Analysis spec invalid: metrics[0]: multiple providers specified"),
        (["metrics": [metric("a")], "dryRun": [["metricName": "b"]]], "Analysis spec invalid: dryRun[0]: Rule didn't match any metric name(s)"),
        (["metrics": [metric("a")], "dryRun": [["metricName": "*"]]], "Analysis spec invalid: dryRun[0]: Rule didn't match any metric name(s)"),
        (["metrics": [metric("a")], "measurementRetention": [["metricName": "^b", "limit": 1]]],
            "Analysis spec invalid: measurementRetention[0]: Rule didn't match any metric name(s)"),
        (["metrics": [metric("a")], "dryRun": [["metricName": "\\p{Greek}"]]],
            "Analysis spec invalid: dryRun[0]: error parsing regexp: the script \\p{Greek} is not supported; write its range, such as [\\x{370}-\\x{3FF}]"),
        (["metrics": [metric("a")], "args": [["name": "x"]]], "Unable to resolve metric arguments: argument \"x\" was not supplied"),
        (["metrics": [metric("a")], "args": [["name": "x", "valueFrom": ["fieldRef": ["fieldPath": "metadata.name"]]]]],
            "Unable to resolve metric arguments: argument \"x\" was not supplied"),
        (["metrics": [metric("a", ["successCondition": "result > {{ args.y }}"])]], "Unable to resolve metric arguments: failed to resolve {{ args.y }}"),
        (["metrics": [metric("a", ["interval": 5])]], "Analysis spec invalid: spec.metrics[0].interval: is 5; a string is needed"),
        (["metrics": "many"], "Analysis spec invalid: spec.metrics: is \"many\"; a list is needed"),
        (["metrics": [metric("a")], "terminate": "yes"], "Analysis spec invalid: spec.terminate: is \"yes\"; true or false is needed"),
        (["metrics": [metric("a", ["count": 1.5])]], "Analysis spec invalid: spec.metrics[0].count: is 1.5; an integer or a string is needed"),
    ]

    @Test(arguments: invalid.indices) func thatCannotBeReadEndsInErrorAndSaysWhy(_ index: Int) throws {
        var play = try Play(Self.invalid[index].spec)
        try play.reconcile(start)
        #expect(play.run.status.phase == .error)
        #expect(play.run.status.message == Self.invalid[index].message)
        #expect(play.run.status.startedAt == nil)
        #expect(play.run.status.completedAt == start)
        #expect(play.run.status.runSummary == nil)
        #expect(play.events == [AnalysisEvent(isWarning: true, reason: "AnalysisRunError", message: "Analysis Completed. Result: Error")])
        #expect(play.measured.isEmpty)
    }

    @Test func withAStatusThatMakesNoSenseEndsInErrorToo() throws {
        var play = Play(try run(["metrics": [metric()]], status: ["phase": "Running", "metricResults": [["name": "m", "count": "two"]]]))
        try play.reconcile(start)
        #expect(play.run.status.message == "Analysis spec invalid: status.metricResults[0].count: is \"two\"; a 32-bit integer is needed")
    }

    @Test func thatIsBeingDeletedOrCompletedIsLeftAlone() throws {
        var deleted = try run(["metrics": [metric()]])
        deleted.metadata.deletionTimestamp = start
        #expect(decide(observation(of: deleted), now: start) == AnalysisRunPlan(status: deleted.status))
        for phase in AnalysisPhase.allCases where phase.isCompleted {
            let done = try run(["metrics": "nonsense"], status: ["phase": .string(phase.rawValue)])
            #expect(decide(observation(of: done), now: start) == AnalysisRunPlan(status: done.status))
            #expect(neededSecrets(by: done).isEmpty)
        }
    }

    @Test func writesOnlyWhatDiffers() throws {
        let fresh = try run(["metrics": [metric("m", ["interval": "1m"])]])
        let seen = observation(of: fresh)
        let first = conclude(seen, results: [outcome("m", vector(1), at: start)], now: start)
        let patch = try #require(first.statusPatch(for: fresh))
        #expect(patch.at("metadata", "resourceVersion") == "7")
        let stored = try run(["metrics": [metric("m", ["interval": "1m"])]], status: first.status.json)
        let idle = decide(observation(of: stored), now: at(30))
        #expect(idle.statusPatch(for: stored) == nil)
        #expect(idle.events.isEmpty)
        let second = conclude(observation(of: stored), results: [outcome("m", vector(2), at: at(61))], now: at(61))
        #expect(second.statusPatch(for: stored)?["status"]?.objectValue?.keys == ["metricResults"])
    }
}

@Suite("Secrets of a run") struct SecretTests {
    static let marker = "s3cr3t-MARKER"
    static let spec: JSONValue = [
        "metrics": [
            [
                "name": "m", "interval": "1m", "successCondition": "result[0] > 0 && \"{{args.token}}\" != \"\"",
                "provider": ["prometheus": ["address": "http://p:9090", "query": "up{token=\"{{args.token}}\"}"]],
            ]
        ],
        "args": [["name": "token", "valueFrom": ["secretKeyRef": ["name": "s", "key": "k"]]]],
    ]

    @Test func reachTheProviderAndNothingElse() throws {
        let run = try run(Self.spec)
        let reference = SecretReference(name: "s", key: "k")
        #expect(neededSecrets(by: run) == [reference])
        let findings: [MeasurementOutcome.Finding] = [
            .failure("Post \"http://p/?\(Self.marker)\": \(Self.marker)\(Self.marker)"), vector(0), vector(1),
            .sample(MetricSample(result: .string(Self.marker), text: Self.marker, keepsTextOnError: true)),
            .verdict(.failed, message: Self.marker, value: Self.marker), .sample(MetricSample(result: .null, text: "")),
        ]
        for finding in findings {
            let seen = observation(of: run, secrets: [reference: .value(Self.marker)])
            let due = try #require(decide(seen, now: start).measurements.first)
            #expect(due.metric.provider["prometheus"]?["query"]?.stringValue == "up{token=\"\(Self.marker)\"}")
            var result = outcome("m", finding, at: start)
            result.metadata = ["warnings": "w \(Self.marker)"]
            result.metricMetadata = ["ResolvedPrometheusQuery": "up{token=\"\(Self.marker)\"}"]
            let plan = conclude(seen, results: [result], now: start)
            let shown = plan.status.json.text() + plan.events.map(\.message).joined() + (plan.statusPatch(for: run)?.text() ?? "")
            #expect(!shown.contains(Self.marker))
            #expect(!"\(due) \(seen.secrets) \(String(reflecting: due))".contains(Self.marker))
            #expect(plan.status.result(of: "m")?.metadata["ResolvedPrometheusQuery"] == "up{token=\"*****\"}")
        }
    }

    @Test func thatCannotBeReadEndTheRun() throws {
        var play = try Play(Self.spec)
        play.secrets = [SecretReference(name: "s", key: "k"): .refused("key 'k' does not exist in secret 's'")]
        try play.reconcile(start)
        #expect(play.run.status.phase == .error)
        #expect(play.run.status.message == "Unable to resolve metric arguments: key 'k' does not exist in secret 's'")
    }

    @Test(arguments: [
        ("abc", ["b"], "a*****c"), ("abc", [""], "abc"), ("abab", ["ab"], "**********"), ("abc", ["ab", "bc"], "*****"),
        ("aXXb", ["X", "XX"], "a*****b"), ("", ["a"], ""), ("stars ***", ["*"], "stars ***************"), ("grüße", ["ü"], "gr*****ße"),
    ])
    func areMaskedWhereverTheyStand(_ text: String, _ secrets: [String], _ expected: String) {
        #expect(redacted(text, secrets: secrets) == expected)
    }
}

@Suite("A run that waits for traffic") struct RunBeginningTests {
    func held(_ spec: JSONValue) throws -> Play {
        var play = try Play(spec)
        play.run.metadata.annotations[RunBeginning.annotation] = RunBeginning.withTraffic
        return play
    }

    @Test func measuresNothingAndSaysSo() throws {
        var play = try held(["metrics": [metric("m", ["interval": "1m"]), metric("late", ["initialDelay": "30s"])]])
        for hour in 0..<5 { try play.reconcile(at(Int64(hour) * 3600)) }
        #expect(play.measured.isEmpty && play.wakeAt == nil && play.events.isEmpty)
        #expect(play.run.status.phase == .running && play.run.status.startedAt == nil)
        #expect(play.run.status.message == "waits for traffic to arrive at the canary")
        #expect(nextMeasurement(of: play.run, now: start) == nil)

        play.run.metadata.annotations[RunBeginning.annotation] = nil
        #expect(nextMeasurement(of: play.run, now: at(20_000)) == at(20_000))
        try play.reconcile(at(20_000))
        #expect(play.measured == ["m"] && play.run.status.message == "" && play.run.status.startedAt == at(20_000))
        #expect(play.wakeAt == at(20_030))
        try play.reconcile(at(20_030))
        #expect(play.measured == ["m", "late"])
    }

    @Test func thatHasBegunGoesOn() throws {
        var play = try Play(["metrics": [metric("m", ["interval": "1m"])]])
        try play.reconcile(start)
        play.run.metadata.annotations[RunBeginning.annotation] = RunBeginning.withTraffic
        try play.reconcile(at(61))
        #expect(play.measured == ["m", "m"])
    }

    @Test func endsWhenItIsTerminated() throws {
        var play = try held(["metrics": [metric()]])
        try play.reconcile(start)
        play.run.spec.terminate = true
        try play.reconcile(at(5))
        #expect(play.measured.isEmpty && play.run.status.phase == .successful && play.run.status.message == "Run Terminated")
        #expect(play.run.status.completedAt == at(5))
    }

    @Test func takesAnyOtherValueForNone() throws {
        var play = try Play(["metrics": [metric()]])
        play.run.metadata.annotations[RunBeginning.annotation] = "later"
        try play.reconcile(start)
        #expect(play.run.status.phase == .successful)
    }
}
