import Clockwork
import ControllerKit
@testable import ControllerProcess
import EmbeddedAPIServer
import FoundationEssentials
import HTTPTransport
import HTTPTypes
import KubeClient
import KubeModel
import KubeYAML
import Observability
import RolloutModel
import SimulatedCluster
import SimulatedTime
import StrictJSON
import Synchronization
import Testing

/// A cluster in virtual time, and processes of the controller beside it.
struct Bench: Sendable {
    let cluster: SimulatedCluster
    let clock: VirtualClock
    let log = Log()

    /// Runs `body` beside a cluster of its own.
    @discardableResult
    static func run<Result: Sendable>(
        seed: UInt64 = 1, _ body: @escaping @Sendable (Bench) async throws -> Result
    ) throws -> Result {
        let loop = SimulationLoop(seed: seed)
        let clock = VirtualClock(loop: loop)
        let result: Result = try loop.run {
            let cluster = try await SimulatedCluster(
                clock: clock, seed: seed, definitions: RolloutDefinitions.all.map(\.document) + GatewayAPIDefinitions.all)
            return try await cluster.running { cluster in
                let bench = Bench(cluster: cluster, clock: clock)
                for namespace in ["argo-rollouts", "shop"] {
                    try await cluster.apply(["apiVersion": "v1", "kind": "Namespace", "metadata": ["name": .string(namespace)]])
                }
                return try await body(bench)
            }
        }
        #expect(loop.foreignJobs == 0, "something has escaped from the simulation")
        return result
    }

    /// A process that was started.
    final class Started: Sendable {
        let stop = OneShot()
        let pages = PageDirectory()
        fileprivate let code = Mutex<Int32?>(nil)
        fileprivate let ended = OneShot()

        /// Nil while it runs.
        var exitCode: Int32? { code.withLock { $0 } }

        /// Asks it to end, and waits until it has.
        func stopAndWait() async -> Int32? {
            stop.fire()
            await ended.wait()
            return exitCode
        }

        func wait() async -> Int32? {
            await ended.wait()
            return exitCode
        }
    }

    /// Runs a process beside `body`; if it still runs afterwards, it is killed.
    func withProcess<Result: Sendable>(
        _ arguments: [String] = [], environment: [String: String] = [:], seed: UInt64 = 1, over transport: (any HTTPTransport)? = nil,
        _ body: @escaping @Sendable (Started) async throws -> Result
    ) async throws -> Result {
        let started = Started()
        let flags = try ControllerFlags(parsing: ["--server=\(SimulatedCluster.apiOrigin)"] + arguments)
        let sink = LogSink(level: .debug, clock: clock, writer: log.writer)
        let process = ControllerProcess(
            flags: flags,
            world: ControllerProcess.World(
                transport: transport ?? cluster.network, clock: clock,
                environment: ControllerEnvironment(variables: environment, hostName: "pod-\(seed)", files: .memory([:])), seed: seed,
                serve: started.pages.server),
            sink: sink, metrics: MetricRegistry(clock: clock))
        return try await withThrowingTaskGroup(of: Result?.self) { group in
            group.addTask {
                let code = await process.run(until: started.stop)
                started.code.withLock { $0 = code }
                started.ended.fire()
                return nil
            }
            group.addTask { try await body(started) }
            defer { group.cancelAll() }
            while let outcome = try await group.next() {
                if let outcome { return outcome }
            }
            throw CancellationError()
        }
    }

    func sleep(_ duration: Duration) async throws { try await clock.sleep(until: clock.now + duration, tolerance: nil) }

    /// Applies every document of the guide's example, in a namespace.
    func applyGuide(namespace: String = "default") async throws {
        for document in try Self.documents("examples/guide/my-app.yaml") { try await cluster.apply(document, namespace: namespace) }
    }

    func phase(_ namespace: String = "default") async -> String? {
        await cluster.server.object(.rollouts, ObjectKey(namespace: namespace, name: "my-app"))?.at("status", "phase")?.stringValue
    }

    func leaseHolder(_ name: String = "argo-rollouts-controller-lock") async -> String? {
        await cluster.server.object(.leases, ObjectKey(namespace: "argo-rollouts", name: name))?.at("spec", "holderIdentity")?.stringValue
    }

    static func documents(_ path: String) throws -> [JSONValue] {
        let bytes: [UInt8] = Array(try Data(contentsOf: URL(filePath: "\(root)/\(path)")))
        return try YAMLStream.parse(bytes, fileName: path).map(\.json)
    }

    static var root: String { "/" + #filePath.split(separator: "/").dropLast(4).joined(separator: "/") }
}

/// What the processes have logged.
final class Log: Sendable {
    private let bytes = Mutex<[UInt8]>([])
    var writer: LogSink.Writer { { line in self.bytes.withLock { $0 += line } } }
    var text: String { bytes.withLock { String(decoding: $0, as: UTF8.self) } }
}

/// Serves pages to a test instead of on ports.
final class PageDirectory: Sendable {
    private let handlers = Mutex<[Int: any APIHandler]>([:])

    var server: ControllerProcess.PageServer {
        { handler, _, port, onListening in
            self.handlers.withLock { $0[port] = handler }
            await onListening(port)
            await OneShot().wait()
            self.handlers.withLock { $0[port] = nil }
        }
    }

    /// Status and text of a page; nil where nobody listens.
    func get(_ port: Int, _ path: String, _ method: HTTPRequest.Method = .get) async -> (status: Int, text: String)? {
        guard let handler = handlers.withLock({ $0[port] }) else { return nil }
        let response = await handler.handle(APIRequest(method, path))
        guard case .bytes(let bytes) = response.body else { return nil }
        return (response.status, String(decoding: bytes, as: UTF8.self))
    }
}
