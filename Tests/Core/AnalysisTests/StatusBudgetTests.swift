import Clockwork
import RolloutModel
import StrictJSON
import Testing

@testable import Analysis

@Suite("The size of a run's status") struct StatusBudgetTests {
    static let noise = String(repeating: "no route to host \u{1}ü ", count: 400)

    func play(_ spec: JSONValue, rounds: Int, annotation: String? = nil, _ finding: (DueMeasurement, Int) -> MeasurementOutcome.Finding) throws -> Play {
        var play = try Play(spec)
        if let annotation { play.run.metadata.annotations[MetricPolicy.annotation] = annotation }
        for round in 0..<rounds {
            try play.reconcile(at(Int64(round) * 61)) { finding($0, round) }
            #expect(play.run.status.json.serialized().count <= statusLimit)
        }
        return play
    }

    @Test("stays within its budget with many metrics whose servers say a lot") func manyMetrics() throws {
        let metrics: [JSONValue] = (0..<60).map { metric("m\($0)", ["interval": "1m", "consecutiveErrorLimit": 1000]) }
        let play = try play(["metrics": .array(metrics)], rounds: 14) { _, _ in .failure(Self.noise) }
        for result in play.run.status.metricResults {
            #expect(result.error == 14 && !result.measurements.isEmpty)
            let last = try #require(result.measurements.last)
            #expect(last.message.hasPrefix("no route to host") && last.message.hasSuffix("… (\(Self.noise.utf8.count) bytes in all)"))
        }
    }

    @Test("stays within it whatever retention somebody has written, and keeps as much as fits") func retention() throws {
        let play = try play(
            ["metrics": [metric("m", ["interval": "1m"])], "measurementRetention": [["metricName": "m", "limit": 1_000_000]]], rounds: 1500
        ) { _, round in vector(Double(round)) }
        let result = try #require(play.run.status.result(of: "m"))
        #expect(result.count == 1500 && result.successful == 1500)
        #expect(result.measurements.count > 500 && result.measurements.last?.value == "[1499]")
    }

    @Test("never costs a policy the measurements that it looks at") func policy() throws {
        let metrics: [JSONValue] = (0..<8).map { metric("m\($0)", ["interval": "1m", "successCondition": "result[0] > 0"]) }
        let noise = String(Self.noise.prefix(2000))
        let play = try play(["metrics": .array(metrics)], rounds: 110, annotation: #"{"*": {"failures": "100 of 100"}}"#) { _, round in
            round % 50 == 49 ? vector(1) : .verdict(.failed, message: noise, value: noise)
        }
        #expect(play.run.status.phase == .running)
        #expect(play.run.status.metricResults.allSatisfy { $0.measurements.count >= 100 })
    }

    @Test("is not touched below it") func small() throws {
        let play = try play(["metrics": [metric("m", ["interval": "1m", "consecutiveErrorLimit": 1000])]], rounds: 12) { _, _ in
            .failure(String(repeating: "a", count: 3000))
        }
        #expect(play.run.status.result(of: "m")?.measurements.map(\.message.utf8.count) == Array(repeating: 3000, count: 10))
    }

    @Test("what goes is discarded, so that its Jobs go too") func discards() throws {
        let metrics: [JSONValue] = (0..<60).map { metric("m\($0)", ["interval": "1m", "consecutiveErrorLimit": 1000]) }
        var current = try run(["metrics": .array(metrics)])
        var gone = 0
        for round in 0..<12 {
            let now = at(Int64(round) * 61)
            let seen = observation(of: current)
            let due = decide(seen, now: now).measurements
            let plan = conclude(seen, results: due.map { outcome($0.metric.name, .failure(Self.noise), at: now) }, now: now)
            gone += plan.discarded.count
            current.status = plan.status
        }
        let kept = current.status.metricResults.reduce(0) { $0 + $1.measurements.count }
        #expect(kept + gone == 60 * 12 && gone > 60 * 2)
    }

    @Test(arguments: [("abc", 10, "abc"), (String(repeating: "a", count: 100), 10, "aaaaaaaaaa… (100 bytes in all)"),
                      (String(repeating: "ü", count: 100), 11, "üüüüü… (200 bytes in all)")])
    func cuts(_ text: String, _ limit: Int, _ expected: String) {
        #expect(cut(text, to: limit) == expected)
        // Cut again it is as long as before at most, and still says how long it was.
        #expect(cut(expected, to: limit) == expected)
    }

    @Test func aTextThatIsCutAgainStillSaysHowLongItWas() {
        let once = cut(String(repeating: "a", count: 5000), to: 1000)
        #expect(cut(once, to: 10) == "aaaaaaaaaa… (5000 bytes in all)")
    }
}
