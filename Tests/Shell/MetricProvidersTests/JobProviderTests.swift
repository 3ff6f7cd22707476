import Analysis
import Clockwork
import EmbeddedAPIServer
import HTTPTransport
import HTTPTypes
import KubeClient
import KubeModel
import RolloutModel
import StrictJSON
import Synchronization
import Testing

@testable import MetricProviders

/// Carries requests to an API server in this process; a test may break some of them.
private final class ServerTransport: HTTPTransport {
    enum Fault: Sendable { case refused(Int), lostAnswer }
    private let server: EmbeddedAPIServer
    private let fault = Mutex<(method: String, path: String, fault: Fault)?>(nil)
    init(_ server: EmbeddedAPIServer) { self.server = server }

    func fail(_ method: String, _ path: String, _ what: Fault) { fault.withLock { $0 = (method, path, what) } }
    func heal() { fault.withLock { $0 = nil } }

    func send(_ request: TransportRequest) async throws(TransportError) -> TransportResponse {
        let url = try TransportURL(request.url)
        let hit = fault.withLock { $0 }.flatMap { $0.method == request.method.rawValue && url.path.contains($0.path) ? $0.fault : nil }
        if case .refused(let status)? = hit { return TransportResponse(status: status, body: ResponseBody(bytes: [])) }
        let target = url.path + (url.query.map { "?" + $0 } ?? "")
        let response = await server.handle(APIRequest(request.method, target, headers: request.headers, body: request.body ?? []))
        if case .lostAnswer? = hit { throw .connectionLost(cause: "reset by peer") }
        guard case .bytes(let bytes) = response.body else { return TransportResponse(status: 500, body: ResponseBody(bytes: [])) }
        return TransportResponse(status: response.status, headers: response.headers, body: ResponseBody(bytes: bytes))
    }
}

private struct JobScene {
    let transport: ServerTransport
    let client: KubeClient
    let providers: MetricProviderSet
    static let key = "u1.m.1"
    static let spec: JSONValue = ["backoffLimit": 0, "template": ["spec": ["restartPolicy": "Never", "containers": [["name": "c", "image": "i"]]]]]

    init(namespace: String? = nil) async throws {
        let server = try EmbeddedAPIServer(clock: clock, random: SeededGenerator(seed: 1), definitions: [])
        transport = ServerTransport(server)
        client = KubeClient(connection: .inProcess, transport: transport, clock: clock, version: "0")
        providers = MetricProviderSet([.job: JobProvider(client: client, namespace: namespace)])
        for name in ["shop", "jobs"] {
            _ = try await client.create(.namespaces, namespace: nil, ["apiVersion": "v1", "kind": "Namespace", "metadata": ["name": .string(name)]])
        }
    }

    static func due(_ move: DueMeasurement.Move = .start, _ job: JSONValue = ["spec": spec]) -> DueMeasurement {
        MetricProvidersTests.due(["job": job], move: move)
    }

    static func running(_ metadata: [String: String] = ["job-name": key, "job-namespace": "shop"], ago: Int64 = 0) -> Measurement {
        Measurement(phase: .running, startedAt: clock.now - .seconds(ago), metadata: metadata)
    }

    func take(_ due: DueMeasurement) async throws -> MeasurementOutcome { try await providers.take(due, clock: clock) }
    func job(_ namespace: String = "shop") async throws -> JSONValue { try await client.get(.jobs, namespace: namespace, name: Self.key) }

    func set(_ status: JSONValue) async throws {
        _ = try await client.patch(.jobs, namespace: "shop", name: Self.key, subresource: "status", .merge(["status": status]))
    }

    /// A pod of the Job, with this status.
    func pod(_ status: JSONValue) async throws {
        let labels = try await job().at("spec", "selector", "matchLabels") ?? [:]
        _ = try await client.create(.pods, namespace: "shop", [
            "apiVersion": "v1", "kind": "Pod", "metadata": ["name": "p", "namespace": "shop", "labels": labels],
            "spec": ["containers": [["name": "c", "image": "i"]]],
        ])
        _ = try await client.patch(.pods, namespace: "shop", name: "p", subresource: "status", .merge(["status": status]))
    }
}

@Suite("Job") struct JobProviderTests {
    @Test func isMadeForTheMeasurement() async throws {
        let scene = try await JobScene()
        var spec = JobScene.spec
        spec.set(["a": "b"], at: ["template", "metadata", "labels"])
        let outcome = try await scene.take(JobScene.due(.start, ["metadata": ["labels": ["l": "1"], "annotations": ["a": "2"]], "spec": spec]))
        #expect(outcome.finding == .inFlight(resumeAt: clock.now))
        #expect(outcome.metadata == ["job-name": "u1.m.1", "job-namespace": "shop"])
        let job = try await scene.job()
        #expect(job.at("metadata", "labels") == ["l": "1", "analysisrun.argoproj.io/uid": "u1"])
        #expect(job.at("metadata", "annotations")?.objectValue?.filter { $0.key.hasPrefix("analysisrun") || $0.key == "a" }.map(\.value) == ["2", "run", "shop", "m"])
        let owner = job.at("metadata", "ownerReferences")?[0]
        #expect(owner?["kind"] == "AnalysisRun" && owner?["name"] == "run" && owner?["uid"] == "u1" && owner?["controller"] == true)
        #expect(job.at("spec", "template", "metadata", "labels", "a") == "b")
        #expect(job.at("spec", "template", "metadata", "labels", "analysisrun.argoproj.io/uid") == "u1")
        #expect(job.at("spec", "backoffLimit") == 0)
    }

    @Test func hasANameOfAtMost63Characters() {
        #expect(JobDraft.name(run: "u1", metric: "m", number: 1) == "u1.m.1")
        let uid = String(repeating: "u", count: 36)
        let name = JobDraft.name(run: uid, metric: String(repeating: "m", count: 40), number: 12)
        #expect(name == "\(uid).\(String(repeating: "m", count: 23)).12")
        #expect(name.utf8.count == 63)
    }

    @Test func isMadeOnceAndAdopted() async throws {
        let scene = try await JobScene()
        _ = try await scene.take(JobScene.due())
        #expect(try await scene.take(JobScene.due()).finding == .inFlight(resumeAt: clock.now))
        var other = JobScene.due()
        other.runUID = "u1"
        other.run = ObjectKey(namespace: "shop", name: "run")
        // Somebody else's job of the same name.
        try await scene.client.delete(.jobs, namespace: "shop", name: JobScene.key)
        _ = try await scene.client.create(.jobs, namespace: "shop", ["apiVersion": "batch/v1", "kind": "Job", "metadata": ["name": .string(JobScene.key)], "spec": JobScene.spec])
        #expect(try await scene.take(other).finding == .failure("jobs.batch \"u1.m.1\" already exists"))
        #expect(try await scene.take(JobScene.due(.resume(JobScene.running()))).finding == .failure("jobs.batch \"u1.m.1\" is not of this AnalysisRun"))
    }

    /// The answer to the creation is lost: no second Job is made, and the first is not forgotten.
    @Test func isNotMadeTwiceWhenAnAnswerIsLost() async throws {
        let scene = try await JobScene()
        scene.transport.fail("POST", "/jobs", .lostAnswer)
        #expect(try await scene.take(JobScene.due()).finding == .inFlight(resumeAt: clock.now))
        scene.transport.heal()
        #expect(try await scene.client.list(.jobs, namespace: "shop").items.count == 1)
    }

    @Test func thatIsRefusedIsAnError() async throws {
        let scene = try await JobScene()
        guard case .failure(let text) = try await scene.take(JobScene.due(.start, [:])).finding else { return #expect(Bool(false)) }
        #expect(text.contains("spec.template"))
        scene.transport.fail("POST", "/jobs", .refused(503))
        guard case .failure = try await scene.take(JobScene.due()).finding else { return #expect(Bool(false)) }
    }

    @Test func isLookedAtAgainTheMoreRarelyTheLongerItTakes() async throws {
        let scene = try await JobScene()
        _ = try await scene.take(JobScene.due())
        #expect(try await scene.take(JobScene.due(.resume(JobScene.running()))).finding == .inFlight(resumeAt: clock.now + .seconds(1)))
        #expect(try await scene.take(JobScene.due(.resume(JobScene.running(ago: 50)))).finding == .inFlight(resumeAt: clock.now + .seconds(10)))
        scene.transport.fail("GET", "/jobs", .refused(503))
        #expect(try await scene.take(JobScene.due(.resume(JobScene.running()))).finding == .inFlight(resumeAt: clock.now + .seconds(10)))
    }

    @Test func isSuccessfulWhenItCompletes() async throws {
        let scene = try await JobScene()
        _ = try await scene.take(JobScene.due())
        try await scene.set(["startTime": "2026-03-01T10:00:00Z", "completionTime": "2026-03-01T10:00:00Z", "succeeded": 1, "conditions": [["type": "SuccessCriteriaMet", "status": "True"], ["type": "Complete", "status": "True"]]])
        #expect(try await scene.take(JobScene.due(.resume(JobScene.running()))).finding == .verdict(.successful, message: "", value: ""))
    }

    @Test func hasFailedAsItsConditionAndItsPodsSay() async throws {
        let scene = try await JobScene()
        _ = try await scene.take(JobScene.due())
        try await scene.pod(["phase": "Failed", "containerStatuses": [["name": "c", "image": "i", "imageID": "", "ready": false, "restartCount": 0, "state": ["terminated": ["exitCode": 3, "reason": "Error"]]]]])
        let failed: JSONValue = ["status": "True", "reason": "BackoffLimitExceeded", "message": "Job has reached the specified backoff limit"]
        var target = failed, condition = failed
        target["type"] = "FailureTarget"
        condition["type"] = "Failed"
        try await scene.set(["startTime": "2026-03-01T10:00:00Z", "failed": 1, "conditions": [target, condition]])
        #expect(try await scene.take(JobScene.due(.resume(JobScene.running()))).finding == .verdict(
            .failed, message: "job shop/u1.m.1 failed: BackoffLimitExceeded: Job has reached the specified backoff limit; Pod p, container c ended with exit code 3 (Error)", value: ""))
    }

    @Test("R30: an image that cannot be pulled is an error with the kubelet's reason, and the job goes")
    func thatCannotStartIsAnError() async throws {
        let scene = try await JobScene()
        _ = try await scene.take(JobScene.due())
        try await scene.pod(["phase": "Pending", "containerStatuses": [["name": "c", "image": "i", "imageID": "", "ready": false, "restartCount": 0, "state": ["waiting": ["reason": "ErrImagePull", "message": "not found"]]]]])
        let outcome = try await scene.take(JobScene.due(.resume(JobScene.running())))
        #expect(outcome.finding == .failure("Pod p, container c has terminal error (ErrImagePull): not found"))
        await #expect(throws: KubeError.self) { _ = try await scene.job() }
    }

    @Test func isDeletedWhenItIsStopped() async throws {
        let scene = try await JobScene()
        _ = try await scene.take(JobScene.due())
        #expect(try await scene.take(JobScene.due(.terminate(JobScene.running()))).finding == .verdict(.inconclusive, message: "", value: ""))
        await #expect(throws: KubeError.self) { _ = try await scene.job() }
        #expect(try await scene.take(JobScene.due(.terminate(JobScene.running(["job-name": "gone", "job-namespace": "shop"])))).finding == .verdict(.inconclusive, message: "", value: ""))
        scene.transport.fail("DELETE", "/jobs", .refused(503))
        guard case .failure = try await scene.take(JobScene.due(.terminate(JobScene.running()))).finding else { return #expect(Bool(false)) }
    }

    @Test func thatIsGoneIsAnError() async throws {
        let scene = try await JobScene()
        #expect(try await scene.take(JobScene.due(.resume(JobScene.running()))).finding == .failure("jobs.batch \"u1.m.1\" not found"))
        #expect(try await scene.take(JobScene.due(.resume(JobScene.running([:])))).finding == .failure("job metadata reference missing"))
    }

    @Test func goesWithItsMeasurement() async throws {
        let scene = try await JobScene()
        _ = try await scene.take(JobScene.due())
        try await scene.providers.discard(JobScene.running(), of: JobScene.due().metric)
        await #expect(throws: KubeError.self) { _ = try await scene.job() }
        try await scene.providers.discard(JobScene.running(), of: JobScene.due().metric)
        try await scene.providers.discard(JobScene.running(), of: MetricProvidersTests.due(prometheus()).metric)
    }

    @Test func isMadeElsewhereWithoutAnOwner() async throws {
        let scene = try await JobScene(namespace: "jobs")
        let outcome = try await scene.take(JobScene.due())
        #expect(outcome.metadata["job-namespace"] == "jobs")
        #expect(try await scene.job("jobs").at("metadata", "ownerReferences") == nil)
        // It is known by its label.
        #expect(try await scene.take(JobScene.due()).finding == .inFlight(resumeAt: clock.now))
    }
}
