import Clockwork
import Expression
import RolloutModel
import StrictJSON
import Testing

@testable import Analysis

/// What `kubectl describe` shows of an AnalysisRun, without what is the same in each.
func described(_ run: AnalysisRun) -> String {
    var lines = ["\(run.status.phase?.rawValue ?? "-"): \(run.status.message)"]
    for result in run.status.metricResults {
        lines.append("  \(result.name) \(result.phase?.rawValue ?? "-"): \(result.message)")
        for key in result.metadata.keys.sorted() { lines.append("    \(key): \(result.metadata[key]!)") }
        for measurement in result.measurements {
            lines.append("    - \(measurement.phase?.rawValue ?? "-") \(measurement.value): \(measurement.message)")
            for key in measurement.metadata.keys.sorted() { lines.append("      \(key): \(measurement.metadata[key]!)") }
        }
    }
    return lines.joined(separator: "\n")
}

@Suite("Who describes an AnalysisRun") struct DescribedRunTests {
    static let query = "sum(rate(errors{app=\"{{args.app}}\"}[1m])) / sum(rate(requests[1m]))"

    static func play(
        _ members: JSONObject, args: JSONValue = [["name": "app", "value": "shop"]], secrets: [SecretReference: SecretReading] = [:], rounds: Int = 1,
        _ finding: (Int) -> MeasurementOutcome.Finding
    ) throws -> AnalysisRun {
        var object: JSONObject = ["provider": ["prometheus": ["address": "http://p:9090", "query": .string(query)]]]
        for (key, value) in members { object[key] = value }
        var run = try run(["metrics": [metric("error-rate", object)], "args": args])
        for round in 0..<rounds {
            let seen = observation(of: run, secrets: secrets)
            let now = at(Int64(round) * 61)
            let due = try #require(decide(seen, now: now).measurements.first)
            var found = outcome("error-rate", finding(round), at: now)
            found.asked = due.metric.provider["prometheus"]?["query"]?.stringValue ?? ""
            found.metricMetadata = ["ResolvedPrometheusQuery": found.asked]
            let plan = conclude(seen, results: [found], now: now)
            var problems: [FieldProblem] = []
            run.status = AnalysisRunStatus(json: plan.status.json, &problems)
        }
        return run
    }

    static let asked = #"sum(rate(errors{app="shop"}[1m])) / sum(rate(requests[1m]))"#

    @Test("sees what was asked, what came, what the condition made of it, and which limit ended it") func failure() throws {
        let run = try Self.play(["successCondition": "result[0] < 0.05"]) { _ in vector(0.07) }
        #expect(described(run) == """
            Failed: Metric "error-rate" assessed Failed due to failed (1) > failureLimit (0)
              error-rate Failed: \("")
                ResolvedPrometheusQuery: \(Self.asked)
                - Failed [0.07]: note: asked: \(Self.asked); answered: [0.07]; successCondition result[0] < 0.05 is false (0.07 < 0.05); so it is Failed
            """)
        #expect(explanation(of: run) == "metric \"error-rate\": asked: \(Self.asked); answered: [0.07]; "
            + "successCondition result[0] < 0.05 is false (0.07 < 0.05); so it is Failed; the metric is Failed: failed (1) > failureLimit (0)")
    }

    @Test("sees why neither condition held") func inconclusive() throws {
        let run = try Self.play(["successCondition": "result[0] < 0.05", "failureCondition": "result[0] > 0.1"]) { _ in vector(0.07) }
        #expect(described(run) == """
            Inconclusive: Metric "error-rate" assessed Inconclusive due to inconclusive (1) > inconclusiveLimit (0)
              error-rate Inconclusive: \("")
                ResolvedPrometheusQuery: \(Self.asked)
                - Inconclusive [0.07]: note: asked: \(Self.asked); answered: [0.07]; successCondition result[0] < 0.05 is false (0.07 < 0.05); \
            failureCondition result[0] > 0.1 is false (0.07 > 0.1); so it is Inconclusive
            """)
    }

    @Test("sees the failure condition where that decided") func failureCondition() throws {
        let run = try Self.play(["successCondition": "result[0] < 0.05", "failureCondition": "result[0] > 0.1"]) { _ in vector(0.5) }
        #expect(run.status.metricResults[0].measurements[0].message
            == "note: asked: \(Self.asked); answered: [0.5]; failureCondition result[0] > 0.1 is true (0.5 > 0.1); so it is Failed")
    }

    @Test("sees an error in Argo Rollouts' words, and beside it what was asked and answered") func error() throws {
        let run = try Self.play(["successCondition": "result[0] < 0.05", "consecutiveErrorLimit": 0]) { _ in
            .sample(MetricSample(result: .floats([]), text: "[]"))
        }
        let cause = "could not evaluate successCondition \"result[0] < 0.05\": metric result is nil or empty: no data returned from the metric provider (the query matched no series; usually nothing was counted because there were no errors or "
            + "no requests: append \"or vector(0)\" to the query to read that as 0)"
        #expect(described(run) == """
            Error: Metric "error-rate" assessed Error due to consecutiveErrors (1) > consecutiveErrorLimit (0): "Error Message: \(cause)"
              error-rate Error: \(cause)
                ResolvedPrometheusQuery: \(Self.asked)
                - Error : \(cause)
                  answered: []
                  asked: \(Self.asked)
            """)
        #expect(explanation(of: run) == "metric \"error-rate\": \(cause); asked: \(Self.asked); answered: []; "
            + "the metric is Error: consecutiveErrors (1) > consecutiveErrorLimit (0)")
    }

    @Test("sees the rule that has no name in the message") func countReached() throws {
        let members: JSONObject = ["interval": "1m", "count": 3, "failureLimit": -1, "consecutiveSuccessLimit": 2, "successCondition": "result[0] > 0"]
        let run = try Self.play(members, rounds: 3) { vector($0 == 0 ? 1 : 0) }
        #expect(run.status.phase == .failed && run.status.message == "")
        #expect(explanation(of: run)?.hasSuffix(
            "so it is Failed; the metric is Failed: count (3) was reached without consecutiveSuccessLimit (2) successes in a row") == true)
    }

    @Test("is not told a story of a measurement that is good") func success() throws {
        let run = try Self.play(["successCondition": "result[0] < 0.05"]) { _ in vector(0.01) }
        #expect(described(run) == """
            Successful: \("")
              error-rate Successful: \("")
                ResolvedPrometheusQuery: \(Self.asked)
                - Successful [0.01]: \("")
            """)
        #expect(explanation(of: run) == nil)
    }

    static let conditions: [(condition: String, result: ExpressionValue, filled: String)] = [
        ("result[0] < 0.05", .floats([0.07]), "0.07 < 0.05"),
        ("result[1] < result[0]", .floats([1, 2]), "2 < 1"),
        ("result[7] < 1", .floats([1]), "result[7] < 1"),
        ("all(result, # < 1)", .floats([1]), "all(result, # < 1)"),
        ("result.ok && result.rate > 0.5", .map(["ok": .bool(true), "rate": .float(0.4)]), "true && 0.4 > 0.5"),
        ("result?.a?.b == \"x\"", .map(["a": .map(["b": .string("y")])]), "\"y\" == \"x\""),
        ("\"result\" == result", .string("a"), "\"result\" == \"a\""),
        ("isNil(result)", .null, "isNil(nil)"),
        ("results > 1", .floats([1]), "results > 1"),
        ("result == 1e9", .float(1e21), "1000000000000000000000 == 1e9"),
    ]

    @Test("sees values where they stand for themselves", arguments: conditions.indices) func filled(_ index: Int) {
        let row = Self.conditions[index]
        #expect(filledIn(row.condition, row.result) == row.filled)
    }

    /// Cutting and folding lines come after masking: half a secret, or one on a single line, would not be found any more.
    @Test("sees no part of a secret, wherever a text is cut", arguments: [0, 290, 296, 190, 198, 50, 58, 3, 4090, 8000])
    func secrets(_ padding: Int) throws {
        let marker = "S3CR3T-\n-M4RK3R-äöü"
        let parts = ["S3C", "R3T", "M4R", "K3R"]
        let pad = String(repeating: "x", count: padding)
        let argument: JSONValue = [["name": "app", "value": "a"], ["name": "token", "valueFrom": ["secretKeyRef": ["name": "s", "key": "k"]]]]
        let secrets: [SecretReference: SecretReading] = [SecretReference(name: "s", key: "k"): .value(marker)]
        let findings: [MeasurementOutcome.Finding] = [
            .sample(MetricSample(result: .string(pad + marker), text: pad + marker)), .failure(pad + marker),
            .sample(MetricSample(result: .map(["a": .string(pad + marker)]), text: JSONValue.object(["a": .string(pad + marker)]).text())),
            .sample(MetricSample(result: .floats([]), text: pad + marker)), .verdict(.failed, message: pad + marker, value: pad + marker),
        ]
        for condition in ["result == \"\(pad){{args.token}}\"", "result.a == \"{{args.token}}\"", "result == \"{{args.token}}\" || result == \"\""] {
            let members: JSONObject = [
                "successCondition": .string(condition), "consecutiveErrorLimit": 0,
                "provider": ["prometheus": ["address": "http://p", "query": .string("up{a=\"\(pad){{args.token}}\"}")]],
            ]
            for finding in findings {
                let run = try Self.play(members, args: argument, secrets: secrets) { _ in finding }
                let shown = run.status.json.text() + (explanation(of: run) ?? "")
                for part in parts where shown.contains(part) { Issue.record("\(part) in \(shown)") }
            }
        }
    }
}
