import Analysis
import Clockwork
import HTTPTransport
import KubeClient
import KubeModel
import RolloutModel
import StrictJSON
import Synchronization
import Testing

@testable import ControllerKit
@testable import Controllers

@Suite("Reconciling an AnalysisRun") struct AnalysisRunReconcilerTests {
    let path = "/apis/argoproj.io/v1alpha1/namespaces/default/analysisruns/run"

    @Test func measuresAndStoresWhatDiffersOnTheObjectItself() async throws {
        let scene = try await Scene(["metrics": [Scene.metric("m", ["interval": "1m", "count": 2, "successCondition": "result[0] > 0.9"])]])
        let start = scene.clock.now
        #expect(await scene.reconciler.reconcile(scene.key) == .wake(at: start + .seconds(60) + .nanoseconds(1)))
        #expect(scene.transport.lines.suffix(1) == ["PATCH \(path)"])
        let status = try #require(try await scene.stored()["status"])
        #expect(status["phase"] == "Running")
        #expect(status["metricResults"]?[0]?["measurements"]?[0]?["value"] == "[1]")
        #expect(status["metricResults"]?[0]?["metadata"] == ["ResolvedPrometheusQuery": "query_m"])
        #expect(try await scene.stored().at("metadata", "generation")?.intValue == 2)
        #expect(!scene.barrier.isClear(scene.key, now: scene.clock.now))

        // Nothing is due and nothing has changed: no request at all.
        try await scene.observe()
        #expect(scene.barrier.isClear(scene.key, now: scene.clock.now))
        let before = scene.transport.lines.count
        #expect(await scene.reconciler.reconcile(scene.key) == .wake(at: start + .seconds(60) + .nanoseconds(1)))
        #expect(scene.transport.lines.count == before)
        #expect(scene.transport.queries.count == 1)

        scene.clock.advance(.seconds(61))
        #expect(await scene.reconciler.reconcile(scene.key) == .settled)
        let patch = try JSONValue(parsing: scene.transport.bodies.last ?? "")
        #expect(patch["status"]?.objectValue?.keys.sorted() == ["completedAt", "metricResults", "phase", "runSummary"])
        #expect(try await scene.stored().at("status", "phase") == "Successful")
    }

    @Test func measuresSeveralMetricsAtOnce() async throws {
        // Each query is answered only when both have been asked.
        let arrived = Mutex(0)
        let both = OneShot()
        let scene = try await Scene(["metrics": [Scene.metric("a"), Scene.metric("b")]]) { (_: String) async throws(TransportError) in
            if arrived.withLock({ $0 += 1; return $0 }) == 2 { both.fire() }
            await both.wait()
        }
        #expect(await scene.reconciler.reconcile(scene.key) == .settled)
        #expect(try await scene.stored().at("status", "runSummary") == ["count": 2, "successful": 2])
        #expect(scene.transport.lines.filter { $0.hasPrefix("PATCH") }.count == 1)
    }

    @Test func publishesEventsAfterTheStatus() async throws {
        let scene = try await Scene(["metrics": [Scene.metric("m", ["successCondition": "result[0] > 0.9"])]], expectedEvents: 2)
        scene.transport.answer("0")
        #expect(await scene.reconciler.reconcile(scene.key) == .settled)
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await scene.publisher.run() }
            await scene.transport.eventsWritten.wait()
            group.cancelAll()
        }
        let events = try await scene.client.listAll(.events, namespace: "default")
        let shown = events.map { "\($0["type"]?.stringValue ?? "") \($0["reason"]?.stringValue ?? ""): \($0["message"]?.stringValue ?? "")" }
        #expect(shown.sorted() == [
            "Warning AnalysisRunFailed: Analysis Completed. Result: Failed", "Warning MetricFailed: Metric 'm' Completed. Result: Failed",
        ])
        let writes = scene.transport.lines.filter { !$0.hasPrefix("GET") }.dropFirst()
        #expect(writes.first?.hasPrefix("PATCH") == true)
    }

    @Test func leavesAChangeOfTheUserAlone() async throws {
        let scene = try await Scene(["metrics": [Scene.metric()]])
        _ = try await scene.client.patch(.analysisRuns, namespace: "default", name: "run", .merge(["spec": ["terminate": true]]))
        guard case .retry = await scene.reconciler.reconcile(scene.key) else {
            Issue.record("expected another attempt after a conflict")
            return
        }
        #expect(try await scene.stored()["status"] == nil)
        try await scene.observe()
        #expect(await scene.reconciler.reconcile(scene.key) == .settled)
        #expect(try await scene.stored().at("status", "message") == "Run Terminated")
    }

    @Test func deletesARunWhoseTimeIsOver() async throws {
        let scene = try await Scene(["metrics": [Scene.metric()], "ttlStrategy": ["secondsAfterCompletion": 10]])
        let end = scene.clock.now + .seconds(11)
        #expect(await scene.reconciler.reconcile(scene.key) == .wake(at: end))
        try await scene.observe()
        scene.clock.advance(.seconds(11))
        #expect(await scene.reconciler.reconcile(scene.key) == .settled)
        await #expect(throws: KubeError.self) { _ = try await scene.stored() }
        // The same again, before the cache knows: it is gone, and that is all.
        #expect(await scene.reconciler.reconcile(scene.key) == .settled)
        #expect(await scene.reconciler.reconcile(ObjectKey(namespace: "default", name: "other")) == .settled)
    }

    @Test func leavesAYoungerRunOfTheSameNameAlone() async throws {
        let spec: JSONValue = ["metrics": [Scene.metric()], "ttlStrategy": ["secondsAfterCompletion": 10]]
        let scene = try await Scene(spec)
        _ = await scene.reconciler.reconcile(scene.key)
        try await scene.observe()
        scene.clock.advance(.seconds(11))
        try await scene.client.delete(.analysisRuns, namespace: "default", name: "run")
        _ = try await scene.client.create(.analysisRuns, namespace: "default", [
            "apiVersion": "argoproj.io/v1alpha1", "kind": "AnalysisRun", "metadata": ["name": "run", "namespace": "default"], "spec": spec,
        ])
        guard case .retry = await scene.reconciler.reconcile(scene.key) else {
            Issue.record("expected another attempt after a conflict")
            return
        }
        #expect(try await scene.stored()["status"] == nil)
    }

    @Test func storesNothingWhenItIsCancelledWhileItMeasures() async throws {
        let scene = try await Scene(["metrics": [Scene.metric("a"), Scene.metric("b")]]) { (query: String) async throws(TransportError) in
            if query.contains("query_a") { throw .cancelled }
        }
        #expect(await scene.reconciler.reconcile(scene.key) == .settled)
        #expect(try await scene.stored()["status"] == nil)
    }

    @Test func countsAServerThatDoesNotAnswerAsAnError() async throws {
        let scene = try await Scene(["metrics": [Scene.metric()]]) { (_: String) async throws(TransportError) in
            throw .couldNotConnect(host: "prometheus", cause: "connection refused")
        }
        let start = scene.clock.now
        #expect(await scene.reconciler.reconcile(scene.key) == .wake(at: start + .seconds(10) + .nanoseconds(1)))
        let measurement = try #require(try await scene.stored().at("status", "metricResults")?[0]?["measurements"]?[0])
        #expect(measurement["phase"] == "Error")
        #expect(measurement["message"] == "Post \"http://prometheus/api/v1/query\": no connection to prometheus: connection refused")
    }
}

@Suite("Secrets of an AnalysisRun") struct AnalysisRunSecretTests {
    static let marker = "s3cr3t-MARKER"
    static let spec: JSONValue = [
        "metrics": [
            [
                "name": "m", "interval": "1m", "successCondition": "result[0] > 0",
                "provider": [
                    "prometheus": [
                        "address": "http://prometheus", "query": "up{token=\"{{args.token}}\"}",
                        "headers": [["key": "Authorization", "value": "Bearer {{args.token}}"]],
                    ]
                ],
            ]
        ],
        "args": [
            ["name": "token", "valueFrom": ["secretKeyRef": ["name": "s", "key": "k"]]],
            ["name": "again", "valueFrom": ["secretKeyRef": ["name": "s", "key": "k"]]],
        ],
    ]

    func secret(_ scene: Scene, _ data: JSONValue) async throws {
        _ = try await scene.client.create(.secrets, namespace: "default", [
            "apiVersion": "v1", "kind": "Secret", "metadata": ["name": "s", "namespace": "default"], "data": data,
        ])
    }

    @Test func areReadWhenUsedAndReachPrometheusAlone() async throws {
        let scene = try await Scene(Self.spec)
        try await secret(scene, ["k": "czNjcjN0LU1BUktFUg=="])
        let before = scene.transport.bodies.count
        _ = await scene.reconciler.reconcile(scene.key)
        #expect(scene.transport.queries.last?.headers[.authorization] == "Bearer \(Self.marker)")
        #expect(scene.transport.lines.filter { $0 == "GET /api/v1/namespaces/default/secrets/s" }.count == 1)
        #expect(!scene.transport.bodies.dropFirst(before).joined().contains(Self.marker))
        #expect(try await scene.stored().at("status", "metricResults")?[0]?["metadata"] == ["ResolvedPrometheusQuery": "up{token=\"*****\"}"])

        // Rotated in between: the next measurement has the new value.
        _ = try await scene.client.patch(.secrets, namespace: "default", name: "s", .merge(["data": ["k": "bmV3"]]))
        try await scene.observe()
        scene.clock.advance(.seconds(61))
        _ = await scene.reconciler.reconcile(scene.key)
        #expect(scene.transport.queries.last?.headers[.authorization] == "Bearer new")
    }

    static let refusals: [(data: JSONValue?, message: String)] = [
        (nil, "Unable to resolve metric arguments: secrets \"s\" not found"),
        ([:], "Unable to resolve metric arguments: key 'k' does not exist in secret 's'"),
        (["k": "/w=="], "Unable to resolve metric arguments: key 'k' of secret 's' is no text in UTF-8"),
    ]

    @Test(arguments: refusals.indices) func thatAreNotThereEndTheRun(_ index: Int) async throws {
        let scene = try await Scene(Self.spec)
        if let data = Self.refusals[index].data { try await secret(scene, data) }
        #expect(await scene.reconciler.reconcile(scene.key) == .settled)
        let status = try #require(try await scene.stored()["status"])
        #expect(status["phase"] == "Error")
        #expect(status["message"]?.stringValue == Self.refusals[index].message)
        #expect(scene.transport.queries.isEmpty)
    }

    @Test(arguments: [429, 500, 503, 401]) func thatCannotBeReadNowAreReadLater(_ status: Int) async throws {
        let scene = try await Scene(Self.spec)
        scene.transport.refuse(status, "/secrets/s")
        guard case .retry = await scene.reconciler.reconcile(scene.key) else {
            Issue.record("expected another attempt")
            return
        }
        #expect(try await scene.stored()["status"] == nil)
    }
}
