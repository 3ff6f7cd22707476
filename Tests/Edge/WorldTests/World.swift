import Clockwork
import Controllers
import EmbeddedAPIServer
import FoundationEssentials
import KubeClient
import KubeModel
import KubeYAML
import Logging
import MetricProviders
import RolloutModel
import SimulatedCluster
import SimulatedTime
import StrictJSON
import Testing

/// A cluster with the production controllers in it, in virtual time.
struct World: Sendable {
    let cluster: SimulatedCluster
    let clock: VirtualClock
    let loop: SimulationLoop
    let seed: UInt64

    /// Runs `body` in a world of its own.
    ///
    /// - Returns: what `body` returned, and the history of all writes.
    @discardableResult
    static func run<Result: Sendable>(
        seed: UInt64, settings: ClusterSettings = ClusterSettings(), withControllers: Bool = true,
        _ body: @escaping @Sendable (World) async throws -> Result
    ) throws -> (result: Result, history: String, foreignJobs: Int) {
        let loop = SimulationLoop(seed: seed)
        let clock = VirtualClock(loop: loop)
        let outcome: (Result, String) = try loop.run {
            let cluster = try await SimulatedCluster(
                clock: clock, seed: seed, definitions: RolloutDefinitions.all.map(\.document) + GatewayAPIDefinitions.all, settings: settings)
            let world = World(cluster: cluster, clock: clock, loop: loop, seed: seed)
            let result: Result = try await cluster.running { _ in
                guard withControllers else { return try await body(world) }
                return try await world.withController { try await body(world) }
            }
            return (result, cluster.journal.text)
        }
        return (outcome.0, outcome.1, loop.foreignJobs)
    }

    /// Runs the controllers of one process beside `body`; they are gone afterwards, as after `kill -9`.
    func withController<Result: Sendable>(_ body: @escaping @Sendable () async throws -> Result) async throws -> Result {
        try await withThrowingTaskGroup(of: Result?.self) { group in
            let controllers: ControllerSet = controllers()
            group.addTask {
                await controllers.runCaches()
                return nil
            }
            group.addTask {
                await controllers.runControllers()
                return nil
            }
            group.addTask { try await body() }
            defer { group.cancelAll() }
            while let outcome = try await group.next() {
                if let outcome { return outcome }
            }
            throw CancellationError()
        }
    }

    func controllers() -> ControllerSet {
        ControllerSet(
            settings: ControllerSettings(seed: seed), client: cluster.client(userAgent: "sluice-controller"),
            providers: MetricProviderSet([.prometheus: PrometheusProvider(transport: cluster.transport, defaultAddress: nil)]),
            clock: clock, logger: Self.logger)
    }

    /// Silent, unless `SLUICE_TEST_LOG` is set.
    static var logger: Logger {
        let isWanted: Bool = ProcessInfo.processInfo.environment["SLUICE_TEST_LOG"] != nil
        return Logger(label: "sluice") { isWanted ? StreamLogHandler.standardError(label: $0) as any LogHandler : SwiftLogNoOpLogHandler() }
    }

    // MARK: What users do

    /// Applies every document of a file below `examples/`.
    func applyExample(_ path: String, changing change: (inout JSONValue) -> Void = { _ in }) async throws {
        for document in try Self.example(path) {
            var object: JSONValue = document
            change(&object)
            try await cluster.apply(object)
        }
    }

    static func example(_ path: String) throws -> [JSONValue] {
        let file: String = "\(root)/examples/\(path)"
        let bytes: [UInt8] = Array(try Data(contentsOf: URL(filePath: file)))
        return try YAMLStream.parse(bytes, fileName: path).map(\.json)
    }

    static var root: String {
        var parts: [Substring] = #filePath.split(separator: "/")
        parts.removeLast(4)
        return "/" + parts.joined(separator: "/")
    }

    func patchRollout(_ name: String = "my-app", subresource: String? = nil, _ patch: JSONValue) async throws {
        _ = try await cluster.client(userAgent: "kubectl").patch(.rollouts, namespace: "default", name: name, subresource: subresource, .merge(patch))
    }

    /// `kubectl set image`.
    func setImage(_ image: String, of name: String = "my-app") async throws {
        let stored: JSONValue = try await cluster.client(userAgent: "kubectl").get(.rollouts, namespace: "default", name: name)
        var template: JSONValue = stored.at("spec", "template") ?? [:]
        var containers: [JSONValue] = template.at("spec", "containers")?.arrayValue ?? []
        containers[0]["image"] = .string(image)
        template.set(.array(containers), at: ["spec", "containers"])
        try await patchRollout(name, ["spec": ["template": template]])
    }

    // MARK: What is seen

    func rollout(_ name: String = "my-app") async throws -> Rollout {
        try Rollout(json: try await cluster.client(userAgent: "kubectl").get(.rollouts, namespace: "default", name: name))
    }

    /// Waits until the stored Rollout is as `isTrue` says.
    @discardableResult
    func waitFor(
        _ what: String, of name: String = "my-app", timeout: Duration = .seconds(7200), _ isTrue: @escaping @Sendable (Rollout) -> Bool
    ) async throws -> Rollout {
        do {
            try await waitUntil(what, of: name, timeout: timeout, isTrue)
        } catch let timedOut as WaitTimedOut {
            let stored: JSONValue? = await cluster.server.object(.rollouts, ObjectKey(namespace: "default", name: name))
            throw WorldTimedOut(description: "seed \(seed): \(timedOut)\n\(stored?["status"]?.text(.pretty) ?? "no such rollout")\n\(await events().joined(separator: "\n"))")
        }
        return try await rollout(name)
    }

    private func waitUntil(_ what: String, of name: String, timeout: Duration, _ isTrue: @escaping @Sendable (Rollout) -> Bool) async throws {
        try await cluster.waitUntil(what, timeout: timeout, polling: .seconds(30)) { state in
            guard let stored = state.object(.rollouts, ObjectKey(namespace: "default", name: name)), let rollout = try? Rollout(json: stored) else {
                return false
            }
            return rollout.status.observedGeneration == "\(rollout.metadata.generation)" && isTrue(rollout)
        }
    }

    func waitHealthy(_ name: String = "my-app", timeout: Duration = .seconds(7200)) async throws -> Rollout {
        try await waitFor("\(name) is healthy", of: name, timeout: timeout) { $0.status.phase == .healthy && $0.status.replicas == $0.spec.desiredReplicas }
    }

    /// ReplicaSets of a Rollout, oldest first.
    func replicaSets(of name: String = "my-app") async throws -> [ReplicaSet] {
        let uid: String = try await rollout(name).metadata.uid
        return try await cluster.server.objects(of: .replicaSets, namespace: "default").map { try ReplicaSet(json: $0) }
            .filter { $0.metadata.isControlled(byUID: uid) }
            .sorted { ($0.metadata.annotations["rollout.argoproj.io/revision"] ?? "").count == 0
                ? true : (Int($0.metadata.annotations["rollout.argoproj.io/revision"]!) ?? 0) < (Int($1.metadata.annotations["rollout.argoproj.io/revision"] ?? "") ?? 0) }
    }

    func analysisRuns() async throws -> [AnalysisRun] {
        try await cluster.server.objects(of: .analysisRuns, namespace: "default").map { try AnalysisRun(json: $0) }
    }

    /// Reasons of the events about the Rollout, oldest first.
    func events() async -> [String] {
        await cluster.server.objects(of: .events, namespace: "default")
            .filter { $0.at("involvedObject", "kind")?.stringValue == "Rollout" }
            .sorted { ($0.at("metadata", "resourceVersion")?.stringValue.flatMap { Int($0) } ?? 0) < ($1.at("metadata", "resourceVersion")?.stringValue.flatMap { Int($0) } ?? 0) }
            .map { "\($0["reason"]?.stringValue ?? ""): \($0["message"]?.stringValue ?? "")" }
    }
}

/// A world did not come to what was waited for; with what it looked like.
struct WorldTimedOut: Error, CustomStringConvertible {
    var description: String
}
