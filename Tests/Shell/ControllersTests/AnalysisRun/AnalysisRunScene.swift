import Analysis
import Clockwork
import EmbeddedAPIServer
import HTTPTransport
import HTTPTypes
import KubeClient
import KubeModel
import Logging
import MetricProviders
import MutantUnderTest
import RolloutModel
import StrictJSON
import Synchronization
import Testing

@testable import ControllerKit
@testable import Controllers

/// A clock that a test moves.
final class HandClock: ControlClock {
    private let instant = Mutex(Timestamp(secondsSince1970: 1_772_359_200))
    var now: Timestamp { instant.withLock { $0 } }
    var minimumResolution: Duration { .nanoseconds(1) }
    func advance(_ duration: Duration) { instant.withLock { $0 += duration } }
    func sleep(until deadline: Timestamp, tolerance: Duration?) async throws {}
}

/// Carries requests for the host `prometheus` to a script and all others to an API server in this process.
final class SceneTransport: HTTPTransport {
    private struct State: Sendable {
        var requests: [TransportRequest] = []
        var answers: [String] = []
        var refusal: (status: Int, path: String)?
        var script: (@Sendable (TransportRequest) -> Result<(status: Int, body: String), TransportError>)?
    }
    private let state = Mutex(State())
    private let server: EmbeddedAPIServer
    /// Called with the body of each query before it is answered.
    let onQuery: @Sendable (String) async throws(TransportError) -> Void
    let eventsWritten = OneShot()
    let expectedEvents: Int

    init(
        _ server: EmbeddedAPIServer, expectedEvents: Int = 0,
        onQuery: @escaping @Sendable (String) async throws(TransportError) -> Void = { (_: String) async throws(TransportError) in }
    ) {
        self.server = server
        self.expectedEvents = expectedEvents
        self.onQuery = onQuery
    }

    /// `PATCH /apis/…` for each request to the API server.
    var lines: [String] { state.withLock { $0.requests.filter { !Self.isOfMetrics($0) }.map(Self.line) } }
    var queries: [TransportRequest] { state.withLock { $0.requests.filter(Self.isOfMetrics) } }
    var bodies: [String] {
        state.withLock { $0.requests.filter { !Self.isOfMetrics($0) }.map { String(decoding: $0.body ?? [], as: UTF8.self) } }
    }

    /// The next answers of Prometheus; the last one repeats.
    func answer(_ numbers: String...) { state.withLock { $0.answers = numbers } }
    /// How servers of metrics answer from now on.
    func answer(_ script: @escaping @Sendable (TransportRequest) -> Result<(status: Int, body: String), TransportError>) {
        state.withLock { $0.script = script }
    }
    private static func isOfMetrics(_ request: TransportRequest) -> Bool { !request.url.contains("in-process.invalid") }
    /// All requests for paths with this end get this status.
    func refuse(_ status: Int, _ path: String) { state.withLock { $0.refusal = (status, path) } }

    func send(_ request: TransportRequest) async throws(TransportError) -> TransportResponse {
        let url = try TransportURL(request.url)
        let refusal = state.withLock { state in
            state.requests.append(request)
            return state.refusal.flatMap { url.path.hasSuffix($0.path) ? $0.status : nil }
        }
        if let refusal { return TransportResponse(status: refusal, body: ResponseBody(bytes: [])) }
        if Self.isOfMetrics(request), let script = state.withLock({ $0.script }) {
            let (status, body) = try script(request).get()
            return TransportResponse(status: status, body: ResponseBody(bytes: Array(body.utf8)))
        }
        if url.host == "prometheus" {
            try await onQuery(String(decoding: request.body ?? [], as: UTF8.self))
            let number = state.withLock { $0.answers.count > 1 ? $0.answers.removeFirst() : $0.answers.first ?? "1" }
            let body = #"{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1,"\#(number)"]}]}}"#
            return TransportResponse(status: 200, body: ResponseBody(bytes: Array(body.utf8)))
        }
        let target = url.path + (url.query.map { "?" + $0 } ?? "")
        let response = await server.handle(APIRequest(request.method, target, headers: request.headers, body: request.body ?? []))
        if lines.filter({ $0.hasPrefix("POST") && $0.hasSuffix("/events") }).count >= expectedEvents { eventsWritten.fire() }
        guard case .bytes(let bytes) = response.body else { return TransportResponse(status: 500, body: ResponseBody(bytes: [])) }
        return TransportResponse(status: response.status, headers: response.headers, body: ResponseBody(bytes: bytes))
    }

    private static func line(_ request: TransportRequest) -> String {
        "\(request.method.rawValue) \(request.url.drop { $0 != "/" }.dropFirst(2).drop { $0 != "/" })"
    }
}

/// One AnalysisRun on an embedded API server, with the reconciler that looks after it.
struct Scene {
    let clock = HandClock()
    let transport: SceneTransport
    let client: KubeClient
    let store = ObjectStore<AnalysisRun>()
    let barrier = WriteBarrier(guards: guardsUnderTest)
    let publisher: EventPublisher
    let reconciler: AnalysisRunReconciler
    let key = ObjectKey(namespace: "default", name: "run")

    init(
        _ spec: JSONValue, expectedEvents: Int = 0, logger given: Logger? = nil,
        onQuery: @escaping @Sendable (String) async throws(TransportError) -> Void = { (_: String) async throws(TransportError) in }
    ) async throws {
        let definition: JSONValue = [
            "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": ["name": "analysisruns.argoproj.io"],
            "spec": [
                "group": "argoproj.io", "scope": "Namespaced", "names": ["kind": "AnalysisRun", "plural": "analysisruns", "singular": "analysisrun", "listKind": "AnalysisRunList"],
                "versions": [
                    [
                        "name": "v1alpha1", "served": true, "storage": true,
                        "schema": ["openAPIV3Schema": ["type": "object", "x-kubernetes-preserve-unknown-fields": true]],
                    ]
                ],
            ],
        ]
        let server = try EmbeddedAPIServer(clock: clock, random: SeededGenerator(seed: 1), definitions: [definition])
        transport = SceneTransport(server, expectedEvents: expectedEvents, onQuery: onQuery)
        client = KubeClient(connection: .inProcess, transport: transport, clock: clock, version: "0")
        var logger = given ?? Logger(label: "test")
        if given == nil { logger.logLevel = .critical }
        publisher = EventPublisher(component: "rollouts-controller", client: client, clock: clock, logger: logger)
        reconciler = AnalysisRunReconciler(
            runs: store, client: client, providers: .standard(transport: transport, client: client),
            barrier: barrier, publisher: publisher, clock: clock, logger: logger, guards: guardsUnderTest)
        let created = try await client.create(.analysisRuns, namespace: "default", [
            "apiVersion": "argoproj.io/v1alpha1", "kind": "AnalysisRun", "metadata": ["name": "run", "namespace": "default"], "spec": spec,
        ])
        store.apply(.good(try AnalysisRun(json: created)))
    }

    /// What the server has now.
    func stored() async throws -> JSONValue { try await client.get(.analysisRuns, namespace: "default", name: "run") }

    /// The cache catches up with the server.
    func observe() async throws { store.apply(.good(try AnalysisRun(json: await stored()))) }

    /// A metric that asks Prometheus.
    static func metric(_ name: String = "m", _ members: JSONObject = [:]) -> JSONValue {
        var object: JSONObject = ["name": .string(name), "provider": ["prometheus": ["address": "http://prometheus", "query": .string("query_\(name)")]]]
        for (key, value) in members { object[key] = value }
        return .object(object)
    }
}
