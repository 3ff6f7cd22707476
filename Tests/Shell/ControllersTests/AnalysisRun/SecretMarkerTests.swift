import Analysis
import Clockwork
import HTTPTransport
import KubeClient
import KubeModel
import Logging
import RolloutModel
import StrictJSON
import Synchronization
import Testing

@testable import ControllerKit
@testable import Controllers

/// A marker stands in every place that a metric can have a secret in: header, password, token, query, URL and body. Whatever the
/// servers do with it, it is found in no object, event, log or error afterwards.
@Suite("A secret") struct SecretMarkerTests {
    static let marker = "MARKER+s3cr3t/\"ü\""
    /// As it was planted, and as it looks where it was encoded.
    static let spellings = [marker, "MARKER%2Bs3cr3t%2F%22%C3%BC%22", base64("u:" + marker), "MARKER+s3cr3t/\\\"ü\\\"", "tok-MARKER", "MARKER"]

    static let spec: JSONValue = {
        let oauth2: JSONValue = ["oauth2": ["tokenUrl": "http://auth/token", "clientId": "id", "clientSecret": "{{args.secret}}"]]
        let header: JSONValue = [["key": "X-Key", "value": "{{args.ascii}}"]]
        func metric(_ name: String, _ provider: JSONValue) -> JSONValue {
            ["name": .string(name), "interval": "1m", "failureLimit": 9, "consecutiveErrorLimit": 9, "successCondition": "result == \"{{args.secret}}\"", "provider": provider]
        }
        return [
            "metrics": [
                metric("query", ["prometheus": ["address": "http://prometheus", "query": "up{a=\"{{args.secret}}\"}", "headers": header]]),
                metric("address", ["prometheus": ["address": "http://user:{{args.ascii}}@prometheus/{{args.ascii}}", "query": "up"]]),
                metric("basic", ["prometheus": ["address": "http://prometheus", "query": "up", "authentication": ["basicAuth": ["username": "u", "password": "{{args.secret}}"]]]]),
                metric("oauth", ["prometheus": ["address": "http://prometheus", "query": "up", "authentication": oauth2]]),
                metric("window", ["prometheus": ["address": "http://prometheus", "query": "up", "rangeQuery": ["start": "{{args.secret}}", "end": "now()", "step": "1m"]]]),
                metric("url", ["web": ["url": "http://web/{{args.ascii}}?key={{args.ascii}}", "headers": header]]),
                metric("body", ["web": ["url": "http://web/", "method": "POST", "body": "{{args.secret}}"]]),
                metric("json", ["web": ["url": "http://web/", "method": "PUT", "jsonBody": ["a": "{{args.secret}}"], "authentication": oauth2]]),
                metric("path", ["web": ["url": "http://web/", "jsonPath": "{.{{args.ascii}}}"]]),
                metric("job", ["job": ["spec": ["template": ["spec": ["restartPolicy": "{{args.secret}}", "containers": [["name": "c", "image": "i"]]]]]]]),
            ],
            "args": [
                ["name": "secret", "valueFrom": ["secretKeyRef": ["name": "s", "key": "k"]]],
                ["name": "ascii", "valueFrom": ["secretKeyRef": ["name": "s", "key": "ascii"]]],
            ],
        ]
    }()

    /// What a server was sent, as a text.
    static func echo(_ request: TransportRequest) -> String {
        "\(request.method.rawValue) \(request.url) \(request.headers.map { "\($0.name): \($0.value)" }) \(String(decoding: request.body ?? [], as: UTF8.self))"
    }

    typealias Script = @Sendable (TransportRequest) -> Result<(status: Int, body: String), TransportError>
    static let token = #"{"access_token":"tok-MARKER"}"#
    static let servers: [(name: String, script: Script)] = [
        ("repeats all in JSON", { request in
            request.url == "http://auth/token" ? .success((200, token)) : .success((200, JSONValue.object(["echo": .string(echo(request))]).text()))
        }),
        ("repeats all as text", { request in request.url == "http://auth/token" ? .success((200, token)) : .success((200, echo(request))) }),
        ("repeats all in an error of Prometheus", { request in
            request.url == "http://auth/token" ? .success((200, token))
                : .success((400, JSONValue.object(["status": "error", "errorType": "bad_data", "error": .string(echo(request))]).text()))
        }),
        ("repeats all in warnings", { request in
            request.url == "http://auth/token" ? .success((200, token))
                : .success((200, JSONValue.object([
                    "status": "success", "warnings": [.string(echo(request))], "data": ["resultType": "vector", "result": [["metric": [:], "value": [1, "1"]]]],
                ]).text()))
        }),
        ("refuses and repeats all", { request in .success((401, echo(request))) }),
        ("gives a token that is none", { request in .success((200, JSONValue.object(["error": .string(echo(request))]).text())) }),
        ("is not there", { request in .failure(.couldNotConnect(host: "x", cause: "refused")) }),
        ("does not answer in time", { request in .failure(.timedOut(.total)) }),
    ]

    @Test("is found nowhere afterwards", arguments: servers.indices) func isFoundNowhere(_ index: Int) async throws {
        let lines = LogLines()
        let scene = try await Scene(Self.spec, logger: Logger(label: "sluice") { _ in lines })
        _ = try await scene.client.create(.secrets, namespace: "default", [
            "apiVersion": "v1", "kind": "Secret", "metadata": ["name": "s", "namespace": "default"],
            "data": ["k": .string(base64(Self.marker)), "ascii": .string(base64("MARKER"))],
        ])
        scene.transport.answer(Self.servers[index].script)
        for _ in 0..<3 {
            _ = await scene.reconciler.reconcile(scene.key)
            try await scene.observe()
            scene.clock.advance(.seconds(61))
        }
        let run = try await scene.stored()
        let results = run.at("status", "metricResults")?.arrayValue ?? []
        #expect(results.count == 10, "every metric was measured")
        let sent = scene.transport.queries.map(Self.echo).joined()
        if index == 0 { #expect(Self.spellings.dropLast(1).filter { !sent.contains($0) }.isEmpty, "the servers were sent it") }
        var found = [run.text(), lines.all.joined(separator: "\n")]
        found += try await scene.client.listAll(.events, namespace: "default").map { $0.text() }
        found += try await scene.client.listAll(.jobs, namespace: "default").map { $0.text() }
        for text in found {
            for spelling in Self.spellings where text.contains(spelling) {
                Issue.record("\(Self.servers[index].name): \(spelling) in \(text)")
            }
        }
    }
}

/// Keeps all that is logged.
private struct LogLines: LogHandler {
    private final class Store: Sendable { let lines = Mutex<[String]>([]) }
    private let store = Store()
    var metadata: Logger.Metadata = [:]
    var logLevel: Logger.Level = .trace
    var all: [String] { store.lines.withLock { $0 } }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) { store.lines.withLock { $0.append("\(event.message) \(event.metadata ?? [:])") } }
}
