import Clockwork
import EmbeddedAPIServer
import HTTPTransport
import HTTPTypes
import KubeClient
import KubeModel
import Logging
import MutantUnderTest
import RolloutModel
import StrictJSON
import Synchronization

@testable import ControllerKit
@testable import Controllers
@testable import Delivery

/// Counts the writes of a client, and may refuse patches of routes as a role without that right does.
final class CountingTransport: HTTPTransport {
    private let server: EmbeddedAPIServer
    private let state = Mutex<(refusesRoutePatches: Bool, writes: [String])>((false, []))

    init(_ server: EmbeddedAPIServer) { self.server = server }

    var writes: [String] { state.withLock { $0.writes } }
    func refuseRoutePatches() { state.withLock { $0.refusesRoutePatches = true } }

    func send(_ request: TransportRequest) async throws(TransportError) -> TransportResponse {
        let url = try TransportURL(request.url)
        let isRefused = state.withLock { state in
            if request.method != .get { state.writes.append("\(request.method.rawValue) \(url.path)") }
            return state.refusesRoutePatches && request.method == .patch && url.path.contains("/httproutes/")
        }
        if isRefused { return TransportResponse(status: 403, body: ResponseBody(bytes: [])) }
        let target = url.path + (url.query.map { "?" + $0 } ?? "")
        let response = await server.handle(APIRequest(request.method, target, headers: request.headers, body: request.body ?? []))
        guard case .bytes(let bytes) = response.body else { return TransportResponse(status: 500, body: ResponseBody(bytes: [])) }
        return TransportResponse(status: response.status, headers: response.headers, body: ResponseBody(bytes: bytes))
    }
}

/// One Rollout with what it names on an embedded API server, caches that see it when they are told to, and what acts on it.
struct RolloutScene {
    static let key = ObjectKey(namespace: "default", name: "app")
    let clock = HandClock()
    let transport: CountingTransport
    let client: KubeClient
    let caches = ClusterCaches()
    let barrier = WriteBarrier(guards: guardsUnderTest)
    let refusals = RefusalMemory()
    let applier: RolloutApplier
    let reconciler: RolloutReconciler
    let services: ServiceReconciler
    /// What was told, in order.
    let told: Told

    /// Events that were handed to the publisher.
    final class Told: Sendable {
        private let notes = Mutex<[String]>([])
        var reasons: [String] { notes.withLock { $0 } }
        func add(_ event: PublishedEvent) { notes.withLock { $0.append(event.reason) } }
    }

    init() throws {
        let server = try EmbeddedAPIServer(clock: clock, random: SeededGenerator(seed: 1), definitions: [
            Self.definition("argoproj.io", "v1alpha1", "Rollout", hasStatus: true), Self.definition("argoproj.io", "v1alpha1", "AnalysisRun"),
            Self.definition("argoproj.io", "v1alpha1", "AnalysisTemplate"), Self.definition("gateway.networking.k8s.io", "v1", "HTTPRoute"),
        ])
        transport = CountingTransport(server)
        client = KubeClient(connection: .inProcess, transport: transport, clock: clock, version: "0")
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let versions = ServedVersions(client: client, clock: clock, logger: logger)
        let refusalLog = RefusalLog(clock: clock, logger: logger)
        applier = RolloutApplier(
            client: client, caches: caches, barrier: barrier, refusals: refusals, refusalLog: refusalLog, versions: versions, clock: clock, guards: guardsUnderTest)
        let told = Told()
        self.told = told
        reconciler = RolloutReconciler(
            caches: caches, client: client, barrier: barrier,
            publisher: EventPublisher(component: "rollouts-controller", client: client, clock: clock, logger: logger, observe: { told.add($0) }),
            versions: versions, instanceID: nil, refusals: refusals, refusalLog: refusalLog, clock: clock, logger: logger, guards: guardsUnderTest)
        services = ServiceReconciler(
            caches: caches, client: client, barrier: barrier, refusalLog: refusalLog, clock: clock, logger: logger, guards: guardsUnderTest)
    }

    private static func definition(_ group: String, _ version: String, _ kind: String, hasStatus: Bool = false) -> JSONValue {
        let plural = kind.lowercased() + "s"
        var entry: JSONValue = [
            "name": .string(version), "served": true, "storage": true,
            "schema": ["openAPIV3Schema": ["type": "object", "x-kubernetes-preserve-unknown-fields": true]],
        ]
        if hasStatus { entry["subresources"] = ["status": [:]] }
        return [
            "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": ["name": .string("\(plural).\(group)")],
            "spec": [
                "group": .string(group), "scope": "Namespaced", "versions": [entry],
                "names": ["kind": .string(kind), "plural": .string(plural), "singular": .string(kind.lowercased()), "listKind": .string("\(kind)List")],
            ],
        ]
    }

    // MARK: The server

    @discardableResult
    func create(_ resource: GroupVersionResource, _ object: JSONValue) async throws -> JSONValue {
        try await client.create(resource, namespace: "default", object)
    }

    /// What somebody else does.
    func edit(_ resource: GroupVersionResource, _ name: String, _ patch: JSONValue) async throws {
        _ = try await client.patch(resource, namespace: "default", name: name, .merge(patch))
    }

    func stored(_ resource: GroupVersionResource, _ name: String) async throws -> JSONValue {
        try await client.get(resource, namespace: "default", name: name)
    }

    /// All caches see what the server has now.
    func observe() async throws {
        try await fill(caches.rollouts, .rollouts)
        try await fill(caches.replicaSets, .replicaSets)
        try await fill(caches.services, .services)
        try await fill(caches.httpRoutes, .httpRoutes)
        try await fill(caches.analysisRuns, .analysisRuns)
    }

    private func fill<Model: ReadModel>(_ store: ObjectStore<Model>, _ resource: GroupVersionResource) async throws {
        let page = try await client.list(resource, namespace: "default")
        store.replace(try page.items.map { .good(try Model(json: $0)) }, version: page.resourceVersion)
    }

    // MARK: What is seen and done

    func seen() throws -> RolloutObservation {
        let observer = RolloutObserver(caches: caches, refusals: refusals, instanceID: nil, guards: guardsUnderTest)
        guard let seen = observer.observe(Self.key, now: clock.now) else { throw NothingSeen() }
        return seen
    }

    struct NothingSeen: Error {}

    /// - Returns: nil when it was done, else why not.
    func apply(_ action: RolloutAction, _ seen: RolloutObservation) async -> KubeError? {
        var version: String = seen.rollout.metadata.resourceVersion
        do throws(KubeError) {
            try await applier.apply(action, seen, version: &version)
            return nil
        } catch {
            return error
        }
    }

    // MARK: Objects

    static func rollout(spec: JSONObject = [:], annotations: JSONValue = [:]) -> JSONValue {
        var body: JSONValue = [
            "replicas": 2, "selector": ["matchLabels": ["app": "app"]],
            "template": ["metadata": ["labels": ["app": "app"]], "spec": ["containers": [["name": "web", "image": "web:v1"]]]],
            "strategy": ["canary": ["steps": [["setWeight": 50]]]],
        ]
        for (key, value) in spec { body[key] = value }
        return [
            "apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout",
            "metadata": ["name": "app", "namespace": "default", "annotations": annotations], "spec": body,
        ]
    }

    /// A ReplicaSet as the controller makes one; without an owner it is an orphan.
    static func replicaSet(_ name: String = "app-abc", owner uid: String?, image: String = "web:v1", replicas: Int = 2) -> JSONValue {
        let labels: JSONValue = ["app": "app", "rollouts-pod-template-hash": "abc"]
        var metadata: JSONValue = ["name": .string(name), "namespace": "default", "labels": labels]
        if let uid {
            metadata["ownerReferences"] = [[
                "apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "name": "app", "uid": .string(uid), "controller": true,
                "blockOwnerDeletion": true,
            ]]
        }
        return [
            "apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": metadata,
            "spec": [
                "replicas": .number(JSONNumber(replicas)), "selector": ["matchLabels": labels],
                "template": ["metadata": ["labels": labels], "spec": ["containers": [["name": "web", "image": .string(image)]]]],
            ],
        ]
    }
}
