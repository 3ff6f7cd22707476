import Clockwork
import Expression
import RolloutModel
import StrictJSON
import Testing

@testable import Analysis

/// A run of one metric, whose policy stands in the run's annotation.
private func play(_ policy: JSONValue, _ members: JSONObject = [:], name: String = "m") throws -> Play {
    var object: JSONObject = ["interval": "1m", "successCondition": "result[0] > 0.5"]
    for (key, value) in members { object[key] = value }
    return Play(try AnalysisRun(json: [
        "apiVersion": "argoproj.io/v1alpha1", "kind": "AnalysisRun",
        "metadata": [
            "name": "run", "namespace": "shop", "uid": "u1", "resourceVersion": "7",
            "annotations": ["sluice/analysis": .string(JSONValue.object([name: policy]).text())],
        ],
        "spec": ["metrics": [metric("m", object)]],
    ]))
}

private let nothing: [MeasurementOutcome.Finding] = [
    vector(), vector(.nan), vector(.nan, .nan), .sample(MetricSample(result: .null, text: "null")), .sample(MetricSample(result: .float(.nan), text: "NaN")),
]

@Suite("Where there is no data") struct NoDataTests {
    @Test("R31: it is what the policy says", arguments: [("pass", "Successful"), ("fail", "Failed"), ("inconclusive", "Inconclusive")], nothing.indices)
    func isWhatThePolicySays(_ policy: (name: String, phase: String), _ index: Int) throws {
        var play = try play(["noData": .string(policy.name)])
        try play.reconcile(start) { _ in nothing[index] }
        let measurement = try #require(play.run.status.result(of: "m")?.measurements.first)
        #expect(measurement.phase?.rawValue == policy.phase)
        #expect(measurement.message.contains("no data (the answer is "))
        #expect(measurement.message.contains("by the policy noData"))
        #expect(play.run.status.phase?.rawValue == (policy.phase == "Successful" ? "Running" : policy.phase))
    }

    @Test func isAsInTheAPIWithoutAPolicy() throws {
        var play = try Play(["metrics": [metric("m", ["interval": "1m", "successCondition": "result[0] > 0.5"])]])
        try play.reconcile(start) { _ in vector() }
        #expect(play.run.status.result(of: "m")?.measurements.first?.phase == .error)
        try play.reconcile(at(11)) { _ in vector(.nan) }
        #expect(play.run.status.result(of: "m")?.measurements.last?.phase == .failed)
    }

    @Test func isNoQuestionWhereThereIsSome() throws {
        var play = try play(["noData": "pass"])
        try play.reconcile(start) { _ in .failure("connection refused") }
        try play.reconcile(at(11)) { _ in vector(.nan, 0.9) }
        #expect(play.run.status.result(of: "m")?.measurements.map(\.phase) == [.error, .failed])
    }

    @Test func isWaitedForWithinABudget() throws {
        var play = try play(["noData": "wait", "waitAtMost": "2m", "afterWait": "fail"])
        try play.reconcile(start) { _ in vector() }
        #expect(play.wakeAt == at(10))
        for second in stride(from: Int64(10), to: 120, by: 10) {
            try play.reconcile(at(second)) { _ in vector() }
            let result = try #require(play.run.status.result(of: "m"))
            #expect(result.measurements.count == 1 && result.count == 0 && result.error == 0)
            #expect(result.measurements[0].metadata == ["no-data": "the answer is []"])
            #expect(nextMeasurement(of: play.run, now: at(second)) == at(second), "nothing is built on a run that waits")
        }
        try play.reconcile(at(120)) { _ in vector() }
        #expect(play.run.status.phase == .failed)
        #expect(play.run.status.message.contains("no data (the answer is [], for 2m0s); that fails by the policy noData"))
        #expect(play.run.status.result(of: "m")?.measurements[0].metadata == [:])
    }

    @Test func endsTheWaitWhenItComes() throws {
        var play = try play(["noData": "wait"])
        try play.reconcile(start) { _ in vector() }
        try play.reconcile(at(10)) { _ in vector(0.9) }
        let measurement = try #require(play.run.status.result(of: "m")?.measurements.first)
        #expect(measurement.phase == .successful && measurement.startedAt == start && measurement.finishedAt == at(10))
        #expect(measurement.metadata.isEmpty)
        #expect(nextMeasurement(of: play.run, now: at(11)) == at(70) + instant)
    }

    @Test func isNotWaitedForByARunThatEnds() throws {
        var play = try play(["noData": "wait"])
        try play.reconcile(start) { _ in vector() }
        play.run.spec.terminate = true
        try play.reconcile(at(1)) { _ in .verdict(.successful, message: "", value: "") }
        #expect(play.run.status.phase == .successful)
    }

    @Test func mayBeForAllMetricsOrInThePluginMap() throws {
        var all = try play(["noData": "pass"], name: "*")
        try all.reconcile(start) { _ in vector() }
        #expect(all.run.status.result(of: "m")?.successful == 1)
        let provider: JSONValue = ["prometheus": ["query": "up"], "plugin": ["sluice/analysis": ["noData": "inconclusive"]]]
        var plugin = try play(["noData": "pass"], ["provider": provider])
        try plugin.reconcile(start) { _ in vector() }
        #expect(plugin.run.status.phase == .inconclusive)
    }

    @Test func isWhatTheControllersFlagSaysForTheOthers() throws {
        let run = try run(["metrics": [metric("m", ["interval": "1m", "successCondition": "result[0] > 0.5"])]])
        var seen = observation(of: run)
        seen.noData = try #require(NoDataPolicy(flag: "pass"))
        let plan = conclude(seen, results: [outcome("m", vector(), at: start)], now: start)
        #expect(plan.status.result(of: "m")?.successful == 1)
    }

    @Test(arguments: [
        ("error", NoDataPolicy.error), ("pass", .pass), ("wait", .wait(atMost: .seconds(600), then: .inconclusive)),
        ("wait=15m", .wait(atMost: .seconds(900), then: .inconclusive)), ("wait=0", nil), ("wait=x", nil), ("pass=1m", nil), ("", nil), ("Wait", nil),
    ] as [(String, NoDataPolicy?)]) func isNamedByAFlag(_ text: String, _ policy: NoDataPolicy?) {
        #expect(NoDataPolicy(flag: text) == policy)
    }
}

@Suite("A minimum of samples") struct MinimumSamplesTests {
    static let policy: JSONValue = ["minimumSamples": 100, "samplesQuery": "sum(requests{a=\"{{args.a}}\"})", "noData": "inconclusive"]

    private func concluded(_ count: SampleCount?, _ policy: JSONValue = policy) throws -> AnalysisRunPlan {
        var run = try play(policy).run
        run.spec.arguments = [AnalysisArgument(name: "a", value: "x")]
        let seen = observation(of: run)
        let due = try #require(decide(seen, now: start).measurements.first)
        #expect(due.sampleCount?.provider["prometheus"]?["query"] == "sum(requests{a=\"x\"})")
        #expect(due.metric.provider["prometheus"]?["query"] == "up")
        var result = outcome("m", vector(0.9), at: start)
        result.sampleCount = count
        return conclude(seen, results: [result], now: start)
    }

    @Test func makesAResultOfFewerNoData() throws {
        #expect(try concluded(.counted(100)).status.result(of: "m")?.successful == 1)
        let few = try concluded(.counted(99)).status.result(of: "m")
        #expect(few?.inconclusive == 1)
        #expect(few?.measurements[0].message == "no data (it rests on 99 samples, at least 100 are needed); that is inconclusive by the policy noData")
    }

    @Test func isWaitedForUnlessSomethingElseIsSaid() throws {
        let waiting = try concluded(.counted(0), ["minimumSamples": 100, "samplesQuery": "sum(requests{a=\"{{args.a}}\"})"])
        #expect(waiting.status.result(of: "m")?.measurements[0].phase == .running)
    }

    @Test func thatCannotBeCountedIsAnError() throws {
        #expect(try concluded(.failed("refused")).status.result(of: "m")?.measurements[0].message == "the samples could not be counted: refused")
    }

    @Test func isCountedFromAnAnswer() {
        #expect(SampleCount(vector(1, .nan, 2)) == .counted(3))
        #expect(SampleCount(vector()) == .counted(0))
        #expect(SampleCount(.failure("x")) == .failed("x"))
        #expect(SampleCount(.sample(MetricSample(result: .string("a"), text: "a"))) == .failed("\"a\" is no number"))
    }
}

@Suite("Failures in a window, and confirmed ones") struct FailureQuotaTests {
    /// S, F, I, E in order, an interval apart; `.` ends the row while it is running.
    private func phases(_ policy: JSONValue, _ members: JSONObject, _ row: String) throws -> (phase: AnalysisPhase?, message: String, taken: Int) {
        var play = try play(policy, members.merging(["failureCondition": "result[0] < 0.2"]) )
        var now = start
        for letter in row {
            try play.reconcile(now) { _ in
                switch letter {
                case "S": vector(0.9)
                case "F": vector(0.1)
                case "I": vector(0.3)
                default: .failure("broken")
                }
            }
            now = play.wakeAt.map { max($0, now) } ?? now
        }
        return (play.run.status.phase, play.run.status.message, play.measured.count)
    }

    @Test(arguments: [
        ("FSSSF", "Running"), ("FSSF", "Failed"), ("FF", "Failed"), ("FSSSSF", "Running"), ("FEEF", "Failed"), ("SFSSSFSSSF", "Running"),
    ]) func failAfterSoManyOfTheLast(_ row: String, _ phase: String) throws {
        let outcome = try phases(["failures": "2 of 4"], [:], row)
        #expect(outcome.phase?.rawValue == phase)
        if phase == "Failed" { #expect(outcome.message.contains(">= failures (2 of 4)")) }
    }

    @Test(arguments: [
        ("F", "Running"), ("FF", "Failed"), ("FS", "Running"), ("FSF", "Running"), ("FSFF", "Failed"), ("FEF", "Failed"), ("FSSS", "Running"),
    ]) func areConfirmedByTheNextSample(_ row: String, _ phase: String) throws {
        #expect(try phases(["confirm": true], [:], row).phase?.rawValue == phase)
    }

    @Test func asksAgainSoonAlsoWhenAllMeasurementsAreMade() throws {
        var play = try play(["confirm": true], ["interval": "1h", "count": 1])
        try play.reconcile(start) { _ in vector(0.1) }
        #expect(play.run.status.phase == .running)
        #expect(play.wakeAt == at(10) + instant)
        #expect(nextMeasurement(of: play.run, now: at(1)) == at(1), "nothing is built on a bad sample that is not confirmed")
        var taken = play
        try taken.reconcile(at(11)) { _ in vector(0.1) }
        #expect(taken.run.status.phase == .failed)
        try play.reconcile(at(11)) { _ in vector(0.9) }
        #expect(play.run.status.phase == .successful)
    }

    @Test func countUnconfirmedWhenNoSampleWillCome() throws {
        var play = try play(["confirm": true])
        try play.reconcile(start) { _ in vector(0.1) }
        play.run.spec.terminate = true
        try play.reconcile(at(1))
        #expect(play.run.status.phase == .failed)
    }

    @Test func keepAsManyMeasurementsAsTheyLookAt() throws {
        var play = try play(["failures": "20 of 30"])
        for round in 0..<40 { try play.reconcile(at(Int64(round) * 61)) }
        #expect(play.run.status.result(of: "m")?.measurements.count == 30)
    }
}

@Suite("Reading policies") struct PolicyReadingTests {
    static let mistakes: [(policy: JSONValue, message: String)] = [
        (5, "it is a value of type number; an object is needed"),
        (["nodata": "pass"], "\"nodata\" is not known; known are noData, waitAtMost, afterWait, minimumSamples, samplesQuery, failures, confirm"),
        (["noData": "skip"], "noData is \"skip\"; it must be error, pass, fail, inconclusive or wait"),
        (["noData": "pass", "waitAtMost": "1m"], "waitAtMost and afterWait need noData: wait"),
        (["waitAtMost": "1m"], "waitAtMost and afterWait need noData: wait"),
        (["noData": "wait", "waitAtMost": "0"], "waitAtMost is \"0\"; it must be above 0"),
        (["noData": "wait", "waitAtMost": "1"], "waitAtMost: time: missing unit in duration \"1\""),
        (["noData": "wait", "afterWait": "wait"], "afterWait is \"wait\"; it must be error, pass, fail or inconclusive"),
        (["minimumSamples": 5], "minimumSamples needs samplesQuery, a query for the number of samples"),
        (["samplesQuery": "x"], "samplesQuery needs minimumSamples, a whole number above 0"),
        (["samplesQuery": "x", "minimumSamples": 0], "samplesQuery needs minimumSamples, a whole number above 0"),
        (["failures": "2/5"], "failures is \"2/5\"; it is written like \"2 of 5\""),
        (["failures": "6 of 5"], "failures is \"6 of 5\"; the first number is at least 1, the second not below it and at most 100"),
        (["confirm": "yes"], "confirm is \"yes\"; true or false is needed"),
    ]

    @Test(arguments: mistakes.indices) func endsTheRunWhereOneIsWrong(_ index: Int) throws {
        var play = try play(Self.mistakes[index].policy)
        try play.reconcile(start)
        #expect(play.run.status.phase == .error)
        #expect(play.run.status.message == "Analysis spec invalid: annotation sluice/analysis: \"m\": \(Self.mistakes[index].message)")
        #expect(play.measured.isEmpty)
    }

    @Test func endsTheRunWhereItIsForNoMetric() throws {
        var play = try play(["noData": "pass"], name: "other")
        try play.reconcile(start)
        #expect(play.run.status.message == "Analysis spec invalid: annotation sluice/analysis: no metric is called \"other\"")
    }

    @Test func isPassedFromTemplatesToTheirOwnMetrics() throws {
        func annotated(_ name: String, _ metrics: [String], _ policies: JSONValue) throws -> AnalysisTemplate {
            try AnalysisTemplate(json: [
                "metadata": ["name": .string(name), "annotations": ["sluice/analysis": .string(policies.text())]],
                "spec": ["metrics": .array(metrics.map { metric($0) })],
            ], isClusterScoped: false)
        }
        let composed = try analysisRunSpec(templates: [
            try annotated("a", ["a1", "a2"], ["*": ["noData": "pass"], "a2": ["confirm": true]]), try template("b", ["metrics": [metric("b1")]]),
        ], arguments: [])
        #expect(composed.annotations == ["sluice/analysis": #"{"a1":{"noData":"pass"},"a2":{"confirm":true}}"#])
        #expect(throws: AnalysisProblem.invalid("AnalysisTemplate 'a': annotation sluice/analysis: no metric is called \"x\"")) {
            _ = try analysisRunSpec(templates: [try annotated("a", ["a1"], ["x": [:]])], arguments: [])
        }
    }
}

extension JSONObject {
    /// With the members of `other` beside.
    fileprivate func merging(_ other: JSONObject) -> JSONObject {
        var copy = self
        for (key, value) in other { copy[key] = value }
        return copy
    }
}

@Suite("The story of a measurement") struct StoryTests {
    private func message(_ result: MeasurementOutcome.Finding, _ members: JSONObject, asked: String = "rate(errors[5m])") throws -> String {
        let run = try run(["metrics": [metric("m", members)]])
        var found = outcome("m", result, at: start)
        found.asked = asked
        return conclude(observation(of: run), results: [found], now: start).status.result(of: "m")?.measurements.last?.message ?? ""
    }

    @Test func saysWhatWasAskedAnsweredAndDecided() throws {
        #expect(try message(vector(0.07), ["successCondition": "result[0] < 0.05"])
            == "note: asked: rate(errors[5m]); answered: [0.07]; successCondition result[0] < 0.05 is false (0.07 < 0.05); so it is Failed")
        #expect(try message(vector(0.3), ["successCondition": "result[0] < 0.2", "failureCondition": "result[0] > 0.5"])
            == "note: asked: rate(errors[5m]); answered: [0.3]; successCondition result[0] < 0.2 is false (0.3 < 0.2); "
                + "failureCondition result[0] > 0.5 is false (0.3 > 0.5); so it is Inconclusive")
        #expect(try message(vector(0.9), ["successCondition": "result[0] < 2", "failureCondition": "result[0] > 0.5"])
            == "note: asked: rate(errors[5m]); answered: [0.9]; failureCondition result[0] > 0.5 is true (0.9 > 0.5); so it is Failed")
        #expect(try message(vector(0.9), ["successCondition": "result[0] < 2"]) == "")
    }

    /// The run's and the metric's messages stay as in the API.
    @Test func staysWithTheMeasurement() throws {
        var play = try Play(["metrics": [metric("m", ["successCondition": "result[0] < 0.05"])]])
        try play.reconcile(start) { _ in vector(1) }
        #expect(play.run.status.message == "Metric \"m\" assessed Failed due to failed (1) > failureLimit (0)")
        #expect(play.run.status.result(of: "m")?.message == "")
    }

    static let filled: [(condition: String, text: String)] = [
        ("result.a.b == 'result[0]' && result?.c", "1.5 == 'result[0]' && true"), ("len(result) > 1", "len(result) > 1"),
        ("result.l[1] != nil", "nil != nil"), ("my.result.a", "my.result.a"), ("result.s contains \"x\"", "\"te\\\"xt\" contains \"x\""), ("results.a", "results.a"),
    ]

    @Test(arguments: filled.indices) func putsValuesIntoConditions(_ index: Int) {
        let result: ExpressionValue = .map(["a": .map(["b": .float(1.5)]), "c": .bool(true), "l": .array([.float(1), .null]), "s": .string("te\"xt")])
        #expect(filledIn(Self.filled[index].condition, result) == Self.filled[index].text)
    }

    @Test func isCut() throws {
        let long = String(repeating: "x\n", count: 5000)
        #expect(try message(vector(9), ["successCondition": "result[0] < 0.05"], asked: long).count < 800)
    }

    @Test func keepsSecretsOutInEverySpelling() throws {
        let secret = "p&ss/wörd"
        var play = try Play([
            "metrics": [metric("m", ["successCondition": "result == \"{{args.s}}\""])],
            "args": [["name": "s", "valueFrom": ["secretKeyRef": ["name": "n", "key": "k"]]]],
        ])
        play.secrets = [SecretReference(name: "n", key: "k"): .value(secret)]
        let echo = "\(secret) p%26ss%2Fw%C3%B6rd \(base64(secret))"
        try play.reconcile(start) { _ in .sample(MetricSample(result: .string(echo), text: echo)) }
        let text = play.run.status.json.text()
        for spelling in [secret, "p%26ss", base64(secret)] { #expect(!text.contains(spelling)) }
        #expect(text.contains("*****"))
    }
}
