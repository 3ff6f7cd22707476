import Clockwork
import EmbeddedAPIServer
import FoundationEssentials
import HTTPTransport
import KubeClient
import KubeModel
import KubeYAML
import SimulatedCluster
import SimulatedTime
import StrictJSON
import Synchronization
import Testing

@testable import PluginCommands

/// `kubectl sluice cluster` in virtual time: its port is a handler in this process, its files are real.
struct PlaygroundBench: Sendable {
    let clock: VirtualClock
    /// Where its files are.
    let folder: String
    let seed: UInt64

    /// Plays `story` with a folder of its own.
    static func play(seed: UInt64 = 5, _ story: @escaping @Sendable (PlaygroundBench) async throws -> Void) throws {
        let folder: String = FileManager.default.temporaryDirectory.appending(path: "sluice-playground-\(UInt64.random(in: .min ... .max))").path()
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        // What cannot be removed is in the temporary folder and harms nobody.
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let loop = SimulationLoop(seed: seed)
        let clock = VirtualClock(loop: loop)
        try loop.run { try await story(PlaygroundBench(clock: clock, folder: folder, seed: seed)) }
    }

    var state: String { folder + "/state" }

    func text(_ name: String) -> String? {
        // A file that is not there has no text.
        try? String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8)
    }

    func write(_ text: String, _ name: String) throws { try text.write(toFile: "\(folder)/\(name)", atomically: true, encoding: .utf8) }

    /// Types `cluster` and these words, is a user meanwhile, and then presses Ctrl-C.
    @discardableResult
    func run(
        _ words: String, seed: UInt64? = nil, failure: ListenFailure? = nil, _ user: @escaping @Sendable (KubeClient) async throws -> Void = { _ in }
    ) async throws -> PluginWorld.Session {
        let (terminal, signals, port) = (Terminal(), Signals(), Port())
        let environment = PluginEnvironment(
            transport: UnreachableNetwork(), clock: clock, variables: ["PWD": folder],
            console: Console(isTerminal: false, output: { terminal.write(output: $0) }, error: { terminal.write(error: $0) }),
            catchSignals: { await signals.run($0) }, exitNow: { terminal.write(error: "exit \($0)\n") }, seed: seed ?? self.seed,
            listen: { (handler, _, onListening) async throws(ListenFailure) in
                if let failure { throw failure }
                port.open(handler)
                await onListening(4711)
                await port.waitUntilCancelled()
            })
        let arguments: [String] = ["cluster"] + words.split(separator: " ").map { String($0).replacing("@", with: folder + "/") }
        let status: Int32 = try await withThrowingTaskGroup(of: Int32?.self) { group in
            group.addTask { await Plugin.run(arguments, in: environment) }
            group.addTask { [clock] in
                guard let handler = await port.handler() else { return nil }
                let client = KubeClient(
                    connection: .inProcess, transport: InProcessTransport(to: handler), clock: clock, version: "test", budget: .unlimited)
                try await user(client)
                signals.send()
                return nil
            }
            while let status = try await group.next() {
                guard let status else { continue }
                group.cancelAll()
                return status
            }
            throw CancellationError()
        }
        return PluginWorld.Session(status: status, output: terminal.output, error: terminal.error)
    }

    func wait(_ what: String, seconds: Int = 600, until isTrue: () async throws -> Bool) async throws {
        for _ in 0..<seconds {
            if try await isTrue() { return }
            try await clock.sleep(until: clock.now + .seconds(1), tolerance: nil)
        }
        Issue.record("\(what) did not happen within \(seconds) s")
        throw CancellationError()
    }

    /// The guide's manifests.
    static func guide() throws -> [JSONValue] {
        let root: String = "/" + #filePath.split(separator: "/").dropLast(5).joined(separator: "/")
        let text: String = try String(contentsOfFile: "\(root)/examples/guide/my-app.yaml", encoding: .utf8)
        return try YAMLStream.parse(text, fileName: "my-app.yaml").map(\.json)
    }
}

extension KubeClient {
    func applyGuide() async throws {
        let resources: [String: GroupVersionResource] = ["Rollout": .rollouts, "AnalysisTemplate": .analysisTemplates, "HTTPRoute": .httpRoutes]
        for object in try PlaygroundBench.guide() {
            let resource: GroupVersionResource = try #require(resources[object["kind"]?.stringValue ?? ""])
            _ = try await create(resource, namespace: "default", object)
        }
    }

    func rollout() async throws -> JSONValue { try await get(.rollouts, namespace: "default", name: "my-app") }

    func setImage(_ image: String) async throws {
        let template: JSONValue = ["spec": ["containers": [["name": "app", "image": .string(image)]]]]
        _ = try await patch(.rollouts, namespace: "default", name: "my-app", .merge(["spec": ["template": template]]))
    }
}

/// A port that nobody outside of this process can reach.
private final class Port: Sendable {
    private let stream: AsyncStream<any APIHandler>
    private let source: AsyncStream<any APIHandler>.Continuation

    init() { (stream, source) = AsyncStream.makeStream() }

    func open(_ handler: any APIHandler) { source.yield(handler) }

    func handler() async -> (any APIHandler)? {
        for await handler in stream { return handler }
        return nil
    }

    func waitUntilCancelled() async {
        for await _ in AsyncStream<Void>.makeStream().stream {}
    }
}

/// There is nothing beyond the cluster.
private struct UnreachableNetwork: HTTPTransport {
    func send(_ request: TransportRequest) async throws(TransportError) -> TransportResponse {
        throw .couldNotConnect(host: request.url, cause: "there is no network")
    }
}
