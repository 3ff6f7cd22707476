import Analysis
import Clockwork
import Expression
import HTTPTransport
import HTTPTypes
import KubeModel
import RolloutModel
import StrictJSON
import Synchronization
import Testing

@testable import MetricProviders

/// Answers requests from a script, in order, and keeps what was asked.
final class ScriptedTransport: HTTPTransport {
    typealias Answer = Result<(status: Int, body: String), TransportError>
    private struct State: Sendable {
        var answers: [Answer]
        var requests: [TransportRequest] = []
        var location = ""
        var contentType = ""
        var repeating: Answer?
    }
    private let state: Mutex<State>

    init(_ answers: Answer...) { state = Mutex(State(answers: answers)) }

    var requests: [TransportRequest] { state.withLock { $0.requests } }
    /// The header of answers that lead elsewhere.
    var location: String {
        get { state.withLock { $0.location } }
        set { state.withLock { $0.location = newValue } }
    }
    var contentType: String {
        get { state.withLock { $0.contentType } }
        set { state.withLock { $0.contentType = newValue } }
    }
    /// The answer after the script's end.
    var repeating: Answer? {
        get { state.withLock { $0.repeating } }
        set { state.withLock { $0.repeating = newValue } }
    }

    func send(_ request: TransportRequest) async throws(TransportError) -> TransportResponse {
        let answer = state.withLock { state -> Answer in
            state.requests.append(request)
            if state.answers.isEmpty { return state.repeating ?? .failure(.badResponse(cause: "the script has ended")) }
            return state.answers.removeFirst()
        }
        let (status, body) = try answer.get()
        var headers = HTTPFields()
        if (300...399).contains(status) { headers[.location] = location }
        if !contentType.isEmpty { headers[.contentType] = contentType }
        return TransportResponse(status: status, headers: headers, body: ResponseBody(bytes: Array(body.utf8)))
    }
}

/// A clock that stands still.
struct FixedClock: ControlClock {
    var now: Timestamp
    var minimumResolution: Duration { .nanoseconds(1) }
    func sleep(until deadline: Timestamp, tolerance: Duration?) async throws {}
}

/// A clock on which every look takes its time.
final class SteppingClock: ControlClock {
    private let instant = Mutex(Timestamp(secondsSince1970: 1_772_359_200))
    private let step: Duration
    init(step: Duration) { self.step = step }
    var now: Timestamp {
        instant.withLock { instant in
            defer { instant += step }
            return instant
        }
    }
    var minimumResolution: Duration { .nanoseconds(1) }
    func sleep(until deadline: Timestamp, tolerance: Duration?) async throws {}
}

let clock = FixedClock(now: Timestamp(nanosecondsSince1970: 1_772_359_200_500_000_000))
let one = #"{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1,"1"]}]}}"#

func due(_ provider: JSONValue, move: DueMeasurement.Move = .start) -> DueMeasurement {
    var problems: [FieldProblem] = []
    let metric = AnalysisMetric(["name": "m", "provider": provider], at: "spec.metrics[0]", &problems)
    return DueMeasurement(metric: metric, move: move, run: ObjectKey(namespace: "shop", name: "run"), runUID: "u1", number: 1)
}

func prometheus(_ members: JSONObject = [:]) -> JSONValue {
    var object: JSONObject = ["address": "http://prometheus:9090/", "query": "sum(rate(x{a=\"b c\"}[5m]))\n/ 2"]
    for (key, value) in members { object[key] = value }
    return ["prometheus": .object(object)]
}

func take(_ due: DueMeasurement, _ transport: ScriptedTransport, defaultAddress: String? = nil) async throws -> MeasurementOutcome {
    let provider = PrometheusProvider(transport: transport, defaultAddress: defaultAddress)
    return try await MetricProviderSet([.prometheus: provider]).take(due, clock: clock)
}

@Suite("Prometheus") struct PrometheusProviderTests {
    @Test func isAskedWithAForm() async throws {
        let transport = ScriptedTransport(.success((200, one)))
        let outcome = try await take(due(prometheus()), transport)
        #expect(outcome.finding == .sample(MetricSample(result: .floats([1]), text: "[1]")))
        #expect(outcome.metricMetadata == ["ResolvedPrometheusQuery": "sum(rate(x{a=\"b c\"}[5m]))\n/ 2"])
        #expect(outcome.startedAt == clock.now)
        let request = try #require(transport.requests.first)
        #expect(request.method == .post)
        #expect(request.url == "http://prometheus:9090/api/v1/query")
        #expect(String(decoding: request.body ?? [], as: UTF8.self)
            == "query=sum%28rate%28x%7Ba%3D%22b%20c%22%7D%5B5m%5D%29%29%0A%2F%202&time=1772359200.5")
        #expect(request.headers[.contentType] == "application/x-www-form-urlencoded")
        #expect(request.timeouts.total == .seconds(30))
        #expect(!request.tls.insecureSkipVerify)
        #expect(transport.requests.count == 1)
    }

    @Test func isAskedAsTheMetricSays() async throws {
        let transport = ScriptedTransport(.success((200, one)))
        let headers: JSONValue = [["key": "X-Scope-OrgID", "value": "a"], ["key": "x-scope-orgid", "value": "b"], ["key": "Authorization", "value": "Bearer t"]]
        _ = try await take(
            due(prometheus([
                "address": "https://p/prefix", "timeout": 5, "insecure": true, "headers": headers,
                "authentication": ["basicAuth": ["username": "u", "password": "p"], "oauth2": [:], "sigv4": [:]],
            ])), transport)
        let request = try #require(transport.requests.first)
        #expect(request.url == "https://p/prefix/api/v1/query")
        #expect(request.timeouts.total == .seconds(5))
        #expect(request.tls.insecureSkipVerify)
        #expect(request.headers[HTTPField.Name("X-Scope-OrgID")!] == "b")
        #expect(request.headers[.authorization] == "Bearer t")
    }

    @Test func isGivenUserAndPassword() async throws {
        let transport = ScriptedTransport(.success((200, one)))
        _ = try await take(due(prometheus(["authentication": ["basicAuth": ["username": "user", "password": "pass:ü"]]])), transport)
        #expect(transport.requests.first?.headers[.authorization] == "Basic dXNlcjpwYXNzOsO8")
    }

    @Test(arguments: [405, 501, 403]) func isAskedByGetWherePostIsRefused(_ status: Int) async throws {
        let transport = ScriptedTransport(.success((status, "")), .success((200, one)))
        let outcome = try await take(due(prometheus(["query": "up", "headers": [["key": "X-A", "value": "1"]]])), transport)
        #expect(outcome.finding == .sample(MetricSample(result: .floats([1]), text: "[1]")))
        let get = try #require(transport.requests.last)
        #expect(get.method == .get)
        #expect(get.url == "http://prometheus:9090/api/v1/query?query=up&time=1772359200.5")
        #expect(get.body == nil)
        #expect(get.headers[HTTPField.Name("X-A")!] == "1")
    }

    @Test func isAskedOnceMoreWhenTheConnectionBroke() async throws {
        let transport = ScriptedTransport(.failure(.connectionLost(cause: "reset by peer")), .success((200, one)))
        let outcome = try await take(due(prometheus()), transport)
        #expect(outcome.finding == .sample(MetricSample(result: .floats([1]), text: "[1]")))
        let twice = ScriptedTransport(.failure(.connectionLost(cause: "reset by peer")), .failure(.connectionLost(cause: "reset by peer")), .success((200, one)))
        let failed = try await take(due(prometheus()), twice)
        #expect(failed.finding == .failure("Post \"http://prometheus:9090/api/v1/query\": the connection was lost: reset by peer"))
        #expect(twice.requests.count == 2)
    }

    /// The timeout is one for both exchanges.
    @Test func hasOneTimeoutForAllItsRequests() async throws {
        let slow = SteppingClock(step: .seconds(4))
        let transport = ScriptedTransport(.success((405, "")), .success((200, one)))
        let provider = PrometheusProvider(transport: transport, defaultAddress: nil)
        _ = try await provider.start(due(prometheus(["timeout": 10])), clock: slow)
        #expect(transport.requests.map(\.timeouts.total) == [.seconds(6), .seconds(2)])
        let late = try await provider.start(due(prometheus(["timeout": 3])), clock: slow)
        #expect(late.finding == .failure("Post \"http://prometheus:9090/api/v1/query\": context deadline exceeded: no complete response within the total timeout"))
    }

    static let errors: [(error: TransportError, message: String)] = [
        (.timedOut(.total), "Post \"http://prometheus:9090/api/v1/query\": context deadline exceeded: no complete response within the total timeout"),
        (.couldNotConnect(host: "prometheus", cause: "connection refused"), "Post \"http://prometheus:9090/api/v1/query\": no connection to prometheus: connection refused"),
        (.responseTooLarge(limit: 5), "Post \"http://prometheus:9090/api/v1/query\": the response is longer than the limit of 5 bytes"),
    ]

    @Test(arguments: errors.indices) func thatCannotBeReachedIsAFinding(_ index: Int) async throws {
        let transport = ScriptedTransport(.failure(Self.errors[index].error))
        #expect(try await take(due(prometheus()), transport).finding == .failure(Self.errors[index].message))
    }

    @Test func isLeftWhenTheTaskEnds() async {
        let transport = ScriptedTransport(.failure(.cancelled))
        await #expect(throws: CancellationError.self) { _ = try await take(due(prometheus()), transport) }
    }

    static let unusable: [(provider: JSONValue, message: String)] = [
        (prometheus(["address": ""]), "prometheus address is not configured"),
        (prometheus(["address": "prometheus:9090"]), "prometheus address is not is url format: the url is not usable: it does not begin with http:// or https://"),
        (prometheus(["address": "http://p/?a=b"]), "prometheus address is not is url format: it has a query"),
        (prometheus(["timeout": -1]), "prometheus timeout should not be negative"),
        (prometheus(["timeout": 0]), "Post \"http://prometheus:9090/api/v1/query\": context deadline exceeded"),
        (prometheus(["timeout": "5s"]), "provider.prometheus.timeout is a value of type string; a whole number of seconds is needed"),
        (prometheus(["query": 5]), "provider.prometheus.query is a value of type number; a string is needed"),
        (prometheus(["insecure": "yes"]), "provider.prometheus.insecure is a value of type string; true or false is needed"),
        (prometheus(["headers": [["key": "a b", "value": ""]]]), "provider.prometheus.headers[0].key is no name of a header"),
        (prometheus(["headers": [["key": "a", "value": "x\ny"]]]), "provider.prometheus.headers[0].value has characters that a header cannot have"),
        (prometheus(["authentication": ["basicAuth": ["username": "u"]]]), "missing mandatory parameter in metric for basic auth setup: password"),
        (prometheus(["authentication": ["basicAuth": ["password": "u"]]]), "missing mandatory parameter in metric for basic auth setup: username"),
        (prometheus(["authentication": ["oauth2": ["tokenUrl": "http://t"]]]), "missing mandatory parameter in metric for OAuth2 setup"),
        (prometheus(["address": "http://aps-workspaces.x", "authentication": ["sigv4": ["region": "r"]]]), "provider.prometheus.authentication.sigv4 is not supported"),
        (prometheus(["rangeQuery": ["start": "", "end": "now()", "step": "1m"]]), "failed to parse rangeQuery.start as time: unexpected token EOF"),
        (prometheus(["rangeQuery": ["start": "now()", "end": "duration('1m')", "step": "1m"]]), "failed to parse rangeQuery.end as time: expected time.Time, but got time.Duration"),
        (prometheus(["rangeQuery": ["start": "now()", "end": "now()", "step": "5"]]), "failed to parse rangeQuery.step as duration: time: missing unit in duration \"5\""),
        (["prometheus": "x"], "provider.prometheus is a value of type string; an object is needed"),
        (["web": ["url": "http://x"]], "the metric provider web is not supported; supported are: prometheus"),
        (["plugin": ["x": [:]]], "metric plugins are not supported"),
        ([:], "no provider specified"),
    ]

    @Test(arguments: unusable.indices) func thatCannotBeAskedIsAFinding(_ index: Int) async throws {
        let transport = ScriptedTransport()
        #expect(try await take(due(Self.unusable[index].provider), transport).finding == .failure(Self.unusable[index].message))
        #expect(transport.requests.isEmpty)
    }

    @Test func isAskedForAWindow() async throws {
        let matrix = #"{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[[1,"1"],[2,"NaN"]]},{"metric":{},"values":[[1,"3"]]}]}}"#
        let transport = ScriptedTransport(.success((200, matrix)))
        let range: JSONValue = ["start": "now() - duration(\"5m\")", "end": "now()", "step": "1m30s"]
        let outcome = try await take(due(prometheus(["query": "up", "rangeQuery": range])), transport)
        guard case .sample(let sample) = outcome.finding else { return #expect(Bool(false), "\(outcome.finding)") }
        #expect(sample.text == "[1,NaN,3]")
        let request = try #require(transport.requests.first)
        #expect(request.method == .post)
        #expect(request.url == "http://prometheus:9090/api/v1/query_range")
        #expect(String(decoding: request.body ?? [], as: UTF8.self) == "query=up&start=1772358900.5&end=1772359200.5&step=90")
    }

    @Test func isFoundByTheDefaultAddress() async throws {
        let transport = ScriptedTransport(.success((200, one)))
        _ = try await take(due(prometheus(["address": ""])), transport, defaultAddress: "http://default:1")
        #expect(transport.requests.first?.url == "http://default:1/api/v1/query")
    }

    /// What an error says must not give away what the address or the headers hold.
    @Test func keepsTheSecretsOfItsAddress() async throws {
        let transport = ScriptedTransport(.failure(.couldNotConnect(host: "p", cause: "refused")))
        let outcome = try await take(
            due(prometheus(["address": "http://user:MARKER@p:9090", "headers": [["key": "Authorization", "value": "Bearer MARKER"]]])), transport)
        #expect(outcome.finding == .failure("Post \"http://p:9090/api/v1/query\": no connection to p: refused"))
    }

    @Test func answersAtOnceWhenItIsResumedOrStopped() async throws {
        let unfinished = Measurement(phase: .running, startedAt: clock.now, value: "v")
        let resumed = try await take(due(prometheus(), move: .resume(unfinished)), ScriptedTransport(.success((200, one))))
        #expect(resumed.finding == .sample(MetricSample(result: .floats([1]), text: "[1]")))
        let stopped = try await take(due(prometheus(), move: .terminate(unfinished)), ScriptedTransport())
        #expect(stopped.finding == .verdict(.successful, message: "", value: "v"))
    }
}

@Suite("Base64") struct Base64Tests {
    @Test(arguments: [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="), ("foobar", "Zm9vYmFy")])
    func isThatOfTheStandard(_ text: String, _ encoded: String) {
        #expect(base64(text) == encoded)
    }
}
