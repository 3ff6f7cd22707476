import Analysis
import Clockwork
import ControllerKit
import CurlTransport
import EmbeddedAPIServer
import HTTPServing
import KubeClient
import KubeModel
import Logging
import MetricProviders
import RolloutModel
import StrictJSON
import Synchronization
import Testing

/// The providers over real HTTP, against servers that refuse whatever is not as documented.
@Suite("Over HTTP a metric") struct DocumentedServerTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var name: String
        /// `$` stands for the address of the server.
        var provider: JSONValue
        var text: String
        init(_ name: String, _ provider: JSONValue, _ text: String) {
            self.name = name
            self.provider = provider
            self.text = text
        }
        var testDescription: String { name }
    }

    static func oauth2(_ path: String) -> JSONValue {
        ["oauth2": ["tokenUrl": .string("$\(path)"), "clientId": "id", "clientSecret": "secret", "scopes": ["read", "write"]]]
    }

    static func prometheus(_ query: String, at path: String = "", _ members: JSONObject = [:]) -> JSONValue {
        var object: JSONObject = ["address": .string("$\(path)"), "query": .string(query)]
        for (key, value) in members { object[key] = value }
        return ["prometheus": .object(object)]
    }

    static let answers: [Case] = [
        Case("vector", prometheus("vector"), "[0.5,NaN]"),
        Case("vector without series", prometheus("none"), "[]"),
        Case("scalar", prometheus("scalar"), "+Inf"),
        Case("query with all kinds of characters", prometheus("sum(x{a=\"b c\"}) + 1", at: "/prefix/"), "[1]"),
        Case("range", prometheus("x", ["rangeQuery": ["start": "now() - duration(\"2m\")", "end": "now()", "step": "1m"]]), "[0,1,2]"),
        Case("GET where POST is refused", prometheus("vector", at: "/only-get"), "[0.5,NaN]"),
        Case("user and password", prometheus("vector", at: "/basic", ["authentication": ["basicAuth": ["username": "user", "password": "pass"]]]), "[0.5,NaN]"),
        Case("bearer token", prometheus("vector", at: "/bearer", ["headers": [["key": "Authorization", "value": "Bearer tok"]]]), "[0.5,NaN]"),
        Case("OAuth2", prometheus("vector", at: "/bearer", ["authentication": oauth2("/token")]), "[0.5,NaN]"),
        Case("OAuth2 with the secret in the form", prometheus("vector", at: "/bearer", ["authentication": oauth2("/token-in-form")]), "[0.5,NaN]"),
        Case("web", ["web": ["url": "$/web?x=1", "headers": [["key": "X-Team", "value": "shop"]], "jsonPath": "{$.data}"]], #"{"ok":true,"rate":0.25}"#),
        Case("web after a redirect", ["web": ["url": "$/web/moved", "headers": [["key": "X-Team", "value": "shop"]], "jsonPath": "{.data.rate}"]], "0.25"),
        Case("web with JSON and OAuth2", ["web": ["url": "$/web/json", "method": "POST", "jsonBody": ["ask": ["a", 1]], "jsonPath": "{[1]}", "authentication": oauth2("/token")]], "2"),
        Case("web with a body and a text", ["web": ["url": "$/web/text", "method": "PUT", "body": "plain"]], "fine"),
    ]

    static let failures: [Case] = [
        Case("string", prometheus("string"), "Prometheus metric type not supported"),
        Case("native histogram", prometheus("histogram"), "native histograms are not supported: use a query that returns floats, for instance with histogram_quantile()"),
        Case("syntax", prometheus("syntax("), "bad_data: invalid parameter \"query\": 1:8: parse error: unclosed left parenthesis"),
        Case("execution", prometheus("heavy"), "execution: query processing would load too many samples"),
        Case("server error", prometheus("slow"), "server_error: server error: 503"),
        Case("no such path", prometheus("vector", at: "/nowhere"), "client_error: client error: 418"),
        Case("web status", ["web": ["url": "$/nowhere"]], "received non 2xx response code: 418"),
    ]

    @Test(arguments: answers) func isAnswered(_ c: Case) async throws {
        let (finding, refused) = try await Self.take(c.provider)
        #expect(refused == [])
        guard case .sample(let sample) = finding else { return #expect(Bool(false), "\(c.name): \(finding)") }
        #expect(sample.text == c.text)
    }

    @Test(arguments: failures) func failsAsTheServerSays(_ c: Case) async throws {
        #expect(try await Self.take(c.provider).finding == .failure(c.text))
    }

    @Test func countsTheSamplesByASecondQuery() async throws {
        let outcome = try await Self.outcome(Self.prometheus("scalar")) { due in
            var due = due
            due.sampleCount = due.metric
            due.sampleCount?.provider["prometheus"]?["query"] = "vector"
            return due
        }.outcome
        #expect(outcome.sampleCount == .counted(0.5))
        #expect(outcome.asked == "scalar")
    }

    private static func take(_ provider: JSONValue) async throws -> (finding: MeasurementOutcome.Finding, refused: [String]) {
        let (outcome, refused) = try await outcome(provider) { $0 }
        return (outcome.finding, refused)
    }

    private static func outcome(
        _ provider: JSONValue, _ change: @escaping @Sendable (DueMeasurement) -> DueMeasurement
    ) async throws -> (outcome: MeasurementOutcome, refused: [String]) {
        let server = DocumentedServer()
        let logger = Logger(label: "server") { _ in SwiftLogNoOpLogHandler() }
        let (ports, listening) = AsyncStream.makeStream(of: Int.self)
        let transport = CurlTransport(environment: [:])
        let outcome = try await withThrowingTaskGroup(of: MeasurementOutcome?.self) { group in
            group.addTask {
                try await HTTPListener(handler: server, logger: logger).run { port in listening.yield(port) }
                return nil
            }
            group.addTask {
                var port = 0
                for await given in ports {
                    port = given
                    break
                }
                let clock = SystemClock()
                let client = KubeClient(connection: .inProcess, transport: transport, clock: clock, version: "0")
                let providers = MetricProviderSet.standard(transport: transport, client: client)
                return try await providers.take(change(due(provider, port)), clock: clock)
            }
            while let result = try await group.next() {
                if let result {
                    group.cancelAll()
                    return result
                }
            }
            throw CancellationError()
        }
        await transport.shutdown()
        return (outcome, server.refused)
    }

    private static func due(_ provider: JSONValue, _ port: Int) -> DueMeasurement {
        func replaced(_ value: JSONValue) -> JSONValue {
            switch value {
            case .string(let text): .string(text.hasPrefix("$/") || text == "$" ? "http://127.0.0.1:\(port)\(text.dropFirst())" : text)
            case .array(let elements): .array(elements.map(replaced))
            case .object(let members): .object(JSONObject(members.map { (key: $0.key, value: replaced($0.value)) }))
            case .null, .bool, .number: value
            }
        }
        var problems: [FieldProblem] = []
        let metric = AnalysisMetric(["name": "m", "provider": replaced(provider)], at: "spec.metrics[0]", &problems)
        return DueMeasurement(metric: metric, move: .start, run: ObjectKey(namespace: "shop", name: "run"), runUID: "u1", number: 1)
    }
}
