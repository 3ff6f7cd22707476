import Expression
import RolloutModel
import StrictJSON
import Synchronization
import Testing

@testable import Analysis

@Suite("The conditions of a metric, before anything is measured") struct ConditionFindingTests {
    private static func findings(_ condition: String, provider: JSONValue, arguments: JSONValue = []) throws -> [ConditionFinding] {
        conditionFindings(of: try template("t", [
            "args": arguments, "metrics": [["name": "m", "successCondition": .string(condition), "provider": provider]],
        ]))
    }

    private static func prometheus(_ query: String = "sum(rate(errors[1m]))") -> JSONValue { ["prometheus": ["query": .string(query)]] }
    private static func web(_ path: String = "{.a}") -> JSONValue { ["web": ["url": "http://x", "jsonPath": .string(path)]] }

    /// Condition, provider, and what is found.
    static let cases: [(condition: String, provider: JSONValue, severity: ConditionFinding.Severity?, words: [String])] = [
        ("result[0] < 0.01", prometheus(), nil, []),
        ("len(result) == 0 or result[0] < 0.01", prometheus(), nil, []),
        ("default(result, 0) == 0", prometheus(), nil, []),
        ("result < 0.01", prometheus(), .warning, ["fits a scalar, but a vector", "mismatched types []float64 and float64", "write result[0] < 0.01"]),
        ("result < 0.01", prometheus("scalar(sum(rate(errors{path=\")\"}[1m])))"), nil, []),
        ("result < 0.01", prometheus(" 0.5"), nil, []),
        ("result < 0.01", prometheus("scalar(a) + b"), .warning, ["result[0] < 0.01"]),
        ("result[0] < 0.01", prometheus("scalar(a)"), .error, ["wrong for all that prometheus gives", "a scalar", "type float64[int] is undefined"]),
        ("result < 1", ["prometheus": ["query": "up", "rangeQuery": ["start": "now()", "end": "now()", "step": "1m"]]], .error, ["a matrix"]),
        ("reslt[0] < 0.01", prometheus(), .error, ["cannot be evaluated: unknown name reslt"]),
        ("result[0] + 1", prometheus(), .error, ["for a vector: expected bool, but got float64"]),
        ("len(result)", prometheus(), .error, ["expected bool, but got int"]),
        ("1", prometheus(), .error, ["cannot be evaluated: expected bool, but got int"]),
        ("result == 'ok'", prometheus(), .error, ["mismatched types []float64 and string", "mismatched types float64 and string"]),
        ("result[0].value < 0.01", prometheus(), .error, ["type float64 has no field value"]),
        ("result", web(), nil, []),
        ("result.ok and result.rate >= 0.95", web(), nil, []),
        ("result == 'ok'", web(), nil, []),
        ("result > 1 and result.a", web(), .error, ["for a number", "for an object", "for null"]),
        ("result > 0.9", web("$.rate"), .error, ["the text \"$.rate\"", "jsonPath is a result of its own"]),
        ("result === true", web(), .error, ["unexpected token Operator(\"=\")"]),
        ("result.exitCode == 0", ["job": ["spec": [:]]], .warning, ["is not looked at: the provider job decides by itself"]),
        ("result.count == 10", ["newRelic": ["query": "q"]], nil, []),
        ("result[0].values[0] < 1", ["cloudWatch": ["query": "q"]], .error, ["type types.MetricDataResult has no field values"]),
        ("default(result, 0) < 1", ["datadog": ["query": "q"]], nil, []),
        ("anything", ["plugin": ["example/metric": [:]]], .error, ["unknown name anything"]),
    ]

    @Test(arguments: cases.indices) func areTriedOnAllThatTheProviderCanGive(_ index: Int) throws {
        let row = Self.cases[index]
        let findings = try Self.findings(row.condition, provider: row.provider)
        #expect(findings.first?.severity == row.severity, "\(row.condition): \(findings)")
        let message: String = findings.first?.message ?? ""
        for words in row.words { #expect(message.contains(words), "\(row.condition): \(findings)") }
    }

    @Test func showThePlace() throws {
        let findings = try Self.findings("result[0] < 0.01 && reslt", provider: Self.prometheus())
        #expect(findings.first?.snippet == "(1:21)\n | result[0] < 0.01 && reslt\n | ....................^")
    }

    @Test func countArgumentsByTheirValues() throws {
        let limit: JSONValue = [["name": "limit", "value": "0.5x"]]
        #expect(try Self.findings("result[0] < {{args.limit}}", provider: Self.prometheus(), arguments: limit).first?.severity == .error)
        let open: JSONValue = [["name": "limit"], ["name": "who"]]
        #expect(try Self.findings("result[0] < {{args.limit}} && '{{args.who}}' != 'x'", provider: Self.prometheus(), arguments: open).isEmpty)
        let guess = try Self.findings("{{args.who}} != 'x'", provider: Self.prometheus(), arguments: open)
        #expect(guess.first?.severity == .warning && guess.first?.message.contains("with 1 for arguments that have no value yet") == true)
        #expect(try Self.findings("result[0] < {{args.limit", provider: Self.prometheus()).first?.severity == .error)
    }

    @Test func thatNoResultFitsAreToldWithTheFirstMeasurement() throws {
        var play = try Play(["metrics": [metric("m", ["successCondition": "reslt[0] < 1", "interval": "1m", "count": 3])]])
        for round in 0..<2 { try play.reconcile(at(Int64(round) * 60)) { _ in vector() } }
        let told = play.events.filter { $0.reason == "ConditionInvalid" }
        #expect(told.map(\.message) == ["Metric 'm': successCondition \"reslt[0] < 1\" cannot be evaluated: unknown name reslt"])
        #expect(told.first?.isWarning == true)
        var empty = try Play(["metrics": [metric("m", ["successCondition": "result[0] < 1"])]])
        try empty.reconcile(start) { _ in vector() }
        #expect(!empty.events.contains { $0.reason == "ConditionInvalid" })
    }

    @Test func neverShowASecret() throws {
        let spec: JSONValue = [
            "args": [["name": "token", "valueFrom": ["secretKeyRef": ["name": "s", "key": "k"]]]],
            "metrics": [metric("m", ["successCondition": "result[0] == '{{args.token}}'"])],
        ]
        let reference = SecretReference(name: "s", key: "k")
        var play = try Play(spec)
        play.secrets = [reference: .value("hunter2-marker")]
        try play.reconcile(start)
        let told = play.events.first { $0.reason == "ConditionInvalid" }
        #expect(told != nil && told?.message.contains("hunter2") == false, "\(play.events)")
    }
}

@Suite("The conditions of a run") struct ConditionCompilingTests {
    /// Counts what it is asked for.
    private final class Recorder: ConditionCompiler {
        private let asked = Mutex<[String]>([])
        var texts: [String] { asked.withLock { $0 } }

        func compiled(_ text: String, for type: ExpressionType) throws(ExpressionError) -> CompiledExpression {
            asked.withLock { $0.append(text) }
            return try ForgetfulCompiler().compiled(text, for: type)
        }
    }

    @Test func areHandedToTheCompilerUnlessASecretStandsInThem() throws {
        let recorder = Recorder()
        let run = try run([
            "args": [["name": "token", "valueFrom": ["secretKeyRef": ["name": "s", "key": "k"]]]],
            "metrics": [
                metric("plain", ["successCondition": "result[0] < 5", "failureCondition": "result[0] > 7"]),
                metric("secret", ["successCondition": "string(result[0]) != '{{args.token}}'"]),
            ],
        ])
        let seen = observation(of: run, secrets: [SecretReference(name: "s", key: "k"): .value("hunter2-marker")])
        let due = decide(seen, now: start).measurements
        let plan = conclude(seen, results: due.map { outcome($0.metric.name, vector(1), at: start) }, now: start, compiler: recorder)
        #expect(recorder.texts == ["result[0] < 5", "result[0] > 7"])
        #expect(plan.status.metricResults.map(\.phase) == [.successful, .successful])
    }
}
