import Analysis
import HTTPTransport
import HTTPTypes
import RolloutModel
import StrictJSON
import Testing

@testable import MetricProviders

private func web(_ members: JSONObject = [:]) -> JSONValue {
    var object: JSONObject = ["url": "http://web:8080/check?deep=1"]
    for (key, value) in members { object[key] = value }
    return ["web": .object(object)]
}

private func takeWeb(_ provider: JSONValue, _ transport: ScriptedTransport) async throws -> MeasurementOutcome {
    try await MetricProviderSet([.web: WebProvider(transport: transport)]).take(due(provider), clock: clock)
}

@Suite("Web") struct WebProviderTests {
    @Test func isAskedByGet() async throws {
        let transport = ScriptedTransport(.success((200, #"{"data":{"ok":true,"rate":0.5}}"#)))
        let outcome = try await takeWeb(web(["jsonPath": "{$.data}", "headers": [["key": "X-A", "value": "1"], ["key": "x-a", "value": "2"]]]), transport)
        #expect(outcome.finding == .sample(MetricSample(result: .map(["ok": .bool(true), "rate": .float(0.5)]), text: #"{"ok":true,"rate":0.5}"#)))
        let request = try #require(transport.requests.first)
        #expect(request.method == .get)
        #expect(request.url == "http://web:8080/check?deep=1")
        #expect(request.headers == [HTTPField.Name("X-A")!: "2"])
        #expect(request.body == nil)
        #expect(request.timeouts.total == .seconds(10))
        #expect(!request.tls.insecureSkipVerify)
    }

    @Test func isSentABody() async throws {
        let transport = ScriptedTransport(.success((200, "7")))
        let outcome = try await takeWeb(web(["method": "POST", "body": "a=b", "timeoutSeconds": 3, "insecure": true]), transport)
        #expect(outcome.finding == .sample(MetricSample(result: .float(7), text: "7")))
        let request = try #require(transport.requests.first)
        #expect(request.method == .post)
        #expect(request.body == Array("a=b".utf8))
        #expect(request.headers[.contentType] == nil)
        #expect(request.timeouts.total == .seconds(3))
        #expect(request.tls.insecureSkipVerify)
    }

    @Test func isSentJSON() async throws {
        let transport = ScriptedTransport(.success((201, "7")))
        let headers: JSONValue = [["key": "Content-Type", "value": "text/plain"]]
        _ = try await takeWeb(web(["method": "PUT", "jsonBody": ["b": [1, "<"], "a": nil], "headers": headers]), transport)
        let request = try #require(transport.requests.first)
        #expect(request.method == .put)
        #expect(String(decoding: request.body ?? [], as: UTF8.self) == #"{"b":[1,"\u003c"],"a":null}"#)
        #expect(request.headers[.contentType] == "application/json")
    }

    @Test func answersWithText() async throws {
        let outcome = try await takeWeb(web(["jsonPath": "{$.a}"]), ScriptedTransport(.success((200, "fine\n"))))
        #expect(outcome.finding == .sample(MetricSample(result: .string("fine\n"), text: "fine\n")))
    }

    static let failures: [(provider: JSONValue, answer: ScriptedTransport.Answer, message: String)] = [
        (web(), .success((503, "down")), "received non 2xx response code: 503"),
        (web(["jsonPath": "{$.a}"]), .success((200, "{}")), "Could not find JSONPath in body: a is not found"),
        (web(["jsonPath": "{$[*]}"]), .success((200, "[]")), "result of web metric produced no value"),
        (web(), .failure(.timedOut(.total)), "Get \"http://web:8080/check?<redacted>\": context deadline exceeded: no complete response within the total timeout"),
        (web(["method": "POST"]), .failure(.connectionLost(cause: "reset")), "Post \"http://web:8080/check?<redacted>\": the connection was lost: reset"),
    ]

    @Test(arguments: failures.indices) func failsWithAFinding(_ index: Int) async throws {
        let transport = ScriptedTransport(Self.failures[index].answer)
        #expect(try await takeWeb(Self.failures[index].provider, transport).finding == .failure(Self.failures[index].message))
        #expect(transport.requests.count == 1)
    }

    static let unusable: [(provider: JSONValue, message: String)] = [
        (["web": [:]], "provider.web.url: the url is not usable: it does not begin with http:// or https://"),
        (web(["method": "A B"]), "provider.web.method is no method of HTTP"),
        (web(["body": "a", "jsonBody": [:], "method": "POST"]), "use either Body or JSONBody; both cannot exists for WebMetric payload"),
        (web(["body": "a"]), "Body/JSONBody can only be used with POST or PUT WebMetric Method types"),
        (web(["jsonBody": false]), "Body/JSONBody can only be used with POST or PUT WebMetric Method types"),
        (web(["jsonPath": "{.a"]), "unclosed action"),
        (web(["jsonPath": 5]), "provider.web.jsonPath is a value of type number; a string is needed"),
        (web(["timeoutSeconds": "5"]), "provider.web.timeoutSeconds is a value of type string; a whole number of seconds is needed"),
        (web(["headers": [["key": "", "value": ""]]]), "provider.web.headers[0].key is no name of a header"),
        (web(["authentication": ["oauth2": ["tokenUrl": "http://t", "clientId": "a"]]]), "missing mandatory parameter in metric for OAuth2 setup"),
        (web(["authentication": ["oauth2": ["tokenUrl": "http://t", "clientId": "a", "clientSecret": "b", "scopes": "x"]]]),
         "provider.web.authentication.oauth2.scopes is a value of type string; a list of strings is needed"),
    ]

    @Test(arguments: unusable.indices) func thatCannotBeAskedIsAFinding(_ index: Int) async throws {
        let transport = ScriptedTransport()
        #expect(try await takeWeb(Self.unusable[index].provider, transport).finding == .failure(Self.unusable[index].message))
        #expect(transport.requests.isEmpty)
    }

    /// Nothing says that a request with a body may be made twice.
    @Test func repeatsOnlyWhatChangesNothing() async throws {
        let lost = ScriptedTransport.Answer.failure(.connectionLost(cause: "reset"))
        let reading = ScriptedTransport(lost, .success((200, "1")))
        #expect(try await takeWeb(web(), reading).finding == .sample(MetricSample(result: .float(1), text: "1")))
        let writing = ScriptedTransport(lost, .success((200, "1")))
        guard case .failure = try await takeWeb(web(["method": "POST"]), writing).finding else { return #expect(Bool(false)) }
        #expect(writing.requests.count == 1)
    }
}

@Suite("Redirects") struct RedirectTests {
    static func moved(_ status: Int, _ location: String) -> ScriptedTransport.Answer {
        .success((status, "moved to \(location)"))
    }

    static let steps: [(status: Int, location: String, method: String, url: String, hasBody: Bool, hasCredential: Bool)] = [
        (301, "/b", "GET", "http://web:8080/b", false, true),
        (302, "c?d", "GET", "http://web:8080/a/c?d", false, true),
        (303, "http://web:8080/x", "GET", "http://web:8080/x", false, true),
        (307, "?y", "POST", "http://web:8080/a/b?y", true, true),
        (308, "//other/z", "POST", "http://other/z", true, false),
    ]

    @Test(arguments: steps.indices) func areFollowed(_ index: Int) async throws {
        let step = Self.steps[index]
        let transport = ScriptedTransport(Self.moved(step.status, step.location), .success((200, "1")))
        transport.location = step.location
        let provider: JSONValue = ["web": ["url": "http://web:8080/a/b", "method": "POST", "body": "x", "headers": [["key": "Authorization", "value": "t"]]]]
        #expect(try await takeWeb(provider, transport).finding == .sample(MetricSample(result: .float(1), text: "1")))
        let request = try #require(transport.requests.last)
        #expect(request.method.rawValue == step.method)
        #expect(request.url == step.url)
        #expect((request.body != nil) == step.hasBody)
        #expect((request.headers[.authorization] != nil) == step.hasCredential)
    }

    @Test func haveAnEnd() async throws {
        let transport = ScriptedTransport()
        transport.location = "/again"
        transport.repeating = Self.moved(302, "/again")
        let outcome = try await takeWeb(["web": ["url": "http://web/"]], transport)
        #expect(outcome.finding == .failure("Get \"http://web/\": the answer is not valid HTTP: stopped after 10 redirects"))
        #expect(transport.requests.count == 11)
    }
}

@Suite("OAuth2") struct OAuth2Tests {
    static let oauth: JSONValue = ["oauth2": ["tokenUrl": "http://auth/token", "clientId": "cl ient", "clientSecret": "s3cr3t/MARKER", "scopes": ["a", "b"]]]
    static let provider = web(["authentication": oauth])
    static let token = #"{"access_token":"tok-MARKER","token_type":"bearer","expires_in":3600}"#

    @Test func asksForATokenFirst() async throws {
        let transport = ScriptedTransport(.success((200, Self.token)), .success((200, "1")))
        #expect(try await takeWeb(Self.provider, transport).finding == .sample(MetricSample(result: .float(1), text: "1")))
        let asked = try #require(transport.requests.first)
        #expect(asked.url == "http://auth/token")
        #expect(asked.method == .post)
        #expect(asked.headers[.contentType] == "application/x-www-form-urlencoded")
        #expect(asked.headers[.authorization] == "Basic " + base64("cl+ient:s3cr3t%2FMARKER"))
        #expect(String(decoding: asked.body ?? [], as: UTF8.self) == "grant_type=client_credentials&scope=a+b")
        #expect(transport.requests.last?.headers[.authorization] == "Bearer tok-MARKER")
    }

    @Test func asksWithTheSecretInTheFormWhereTheHeaderIsRefused() async throws {
        let transport = ScriptedTransport(.success((401, "")), .success((200, Self.token)), .success((200, "1")))
        _ = try await takeWeb(Self.provider, transport)
        #expect(transport.requests.count == 3)
        #expect(transport.requests[1].headers[.authorization] == nil)
        #expect(String(decoding: transport.requests[1].body ?? [], as: UTF8.self)
            == "client_id=cl+ient&client_secret=s3cr3t%2FMARKER&grant_type=client_credentials&scope=a+b")
    }

    @Test func asksAnewForEachMeasurement() async throws {
        let transport = ScriptedTransport(.success((200, Self.token)), .success((200, "1")), .success((200, Self.token)), .success((200, "1")))
        _ = try await takeWeb(Self.provider, transport)
        _ = try await takeWeb(Self.provider, transport)
        #expect(transport.requests.filter { $0.url == "http://auth/token" }.count == 2)
    }

    /// A token that the server of the metric repeats is not stored.
    @Test func keepsItsTokenOutOfTheOutcome() async throws {
        let transport = ScriptedTransport(.success((200, Self.token)), .success((200, #""you sent tok-MARKER""#)))
        let outcome = try await takeWeb(Self.provider, transport)
        #expect(outcome.sensitive == ["tok-MARKER"])
    }

    static let refusals: [(status: Int, body: String, message: String)] = [
        (401, "no: s3cr3t/MARKER and s3cr3t%2FMARKER", "oauth2: cannot fetch token: 401 Unauthorized\nResponse: no: ***** and *****"),
        (400, #"{"error":"invalid_client","error_description":"unknown"}"#, "oauth2: \"invalid_client\" \"unknown\""),
        (200, "<html>", "oauth2: cannot parse json: the answer of http://auth/token is neither JSON nor a form"),
        (200, "{}", "oauth2: server response missing access_token"),
        (200, #"{"access_token":"a\nb"}"#, "oauth2: the access_token has characters that a header cannot have"),
    ]

    @Test(arguments: refusals.indices) func saysWhyThereIsNoToken(_ index: Int) async throws {
        let refusal = Self.refusals[index]
        let transport = ScriptedTransport(.success((refusal.status, refusal.body)), .success((refusal.status, refusal.body)))
        #expect(try await takeWeb(Self.provider, transport).finding == .failure(refusal.message))
    }

    @Test func readsAForm() async throws {
        let transport = ScriptedTransport(.success((200, "access_token=a%2Bb&token_type=MAC")), .success((200, "1")))
        transport.contentType = "application/x-www-form-urlencoded; charset=utf-8"
        _ = try await takeWeb(Self.provider, transport)
        #expect(transport.requests.last?.headers[.authorization] == "MAC a+b")
    }

    /// With Prometheus the headers of the metric are set on every request and win; the web provider's token wins.
    @Test func isOverruledByHeadersOfPrometheusAlone() async throws {
        let headers: JSONValue = [["key": "Authorization", "value": "own"]]
        let transport = ScriptedTransport(.success((200, Self.token)), .success((200, one)))
        _ = try await take(due(prometheus(["authentication": Self.oauth, "headers": headers])), transport)
        #expect(transport.requests.map { $0.headers[.authorization] } == ["own", "own"])
        let second = ScriptedTransport(.success((200, Self.token)), .success((200, "1")))
        _ = try await takeWeb(web(["authentication": Self.oauth, "headers": headers]), second)
        #expect(second.requests.last?.headers[.authorization] == "Bearer tok-MARKER")
    }
}
