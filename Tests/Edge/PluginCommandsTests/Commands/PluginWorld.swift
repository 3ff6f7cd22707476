import Clockwork
import EmbeddedAPIServer
import HTTPTransport
import HTTPTypes
import KubeClient
import KubeModel
import RolloutModel
import SimulatedCluster
import SimulatedTime
import StrictJSON
import Synchronization
import Testing

@testable import PluginCommands

/// A cluster in memory, and the plugin beside it, in virtual time.
struct PluginWorld: Sendable {
    let loop: SimulationLoop
    let clock: VirtualClock
    let server: EmbeddedAPIServer
    let network: RecordingTransport
    let client: KubeClient
    let terminal = Terminal()
    var isTerminal = false
    var variables: [String: String] = ["KUBECONFIG": "/config"]
    var signals = Signals()

    static let config = """
        current-context: lab
        clusters: [{name: lab, cluster: {server: "http://in-process.invalid"}}]
        users: [{name: eva, user: {token: t0ken}}]
        contexts: [{name: lab, context: {cluster: lab, user: eva, namespace: shop}}]
        """
    static let files = FileSource.memory(["/config": Array(config.utf8), "/broken": Array("clusters: [".utf8)])

    /// Plays `story` in a world with the namespace `shop` and nothing in it.
    static func play<Outcome: Sendable>(
        seed: UInt64 = 7, _ story: @escaping @Sendable (inout PluginWorld) async throws -> Outcome
    ) throws -> Outcome {
        let loop = SimulationLoop(seed: seed)
        let clock = VirtualClock(loop: loop)
        let server = try EmbeddedAPIServer(
            clock: clock, random: SeededGenerator(seed: seed), definitions: RolloutDefinitions.all.map(\.document))
        let network = RecordingTransport(InProcessTransport(to: server))
        let client = KubeClient(connection: .inProcess, transport: InProcessTransport(to: server), clock: clock, version: "test", budget: .unlimited)
        return try loop.run {
            var world = PluginWorld(loop: loop, clock: clock, server: server, network: network, client: client)
            let namespace: JSONValue = ["apiVersion": "v1", "kind": "Namespace", "metadata": ["name": "shop"]]
            _ = try await client.create(.namespaces, namespace: nil, namespace)
            return try await story(&world)
        }
    }

    /// Stores a Rollout with its status.
    func apply(_ rollout: JSONValue) async throws {
        var object: JSONValue = rollout
        object.set(nil, at: ["metadata", "resourceVersion"])
        object.set(nil, at: ["metadata", "uid"])
        let name: String = try #require(object.at("metadata", "name")?.stringValue)
        _ = try await client.create(.rollouts, namespace: "shop", object)
        try await set(name, status: object["status"] ?? [:])
    }

    func set(_ name: String, status: JSONValue) async throws {
        _ = try await client.patch(.rollouts, namespace: "shop", name: name, subresource: "status", .merge(["status": status]))
    }

    func rollout(_ name: String) async throws -> JSONValue { try await client.get(.rollouts, namespace: "shop", name: name) }

    /// The uid that the server gave a Rollout.
    func uid(_ name: String) async throws -> String { try #require(try await rollout(name).at("metadata", "uid")?.stringValue) }

    /// Types a command line.
    func type(_ line: String) async -> Session { await run(line.split(separator: " ").map(String.init)) }

    /// A command whose words may have blanks; with these files where the usual ones will not do.
    func run(_ words: [String], files: FileSource? = nil) async -> Session {
        let terminal = Terminal()
        let signals: Signals = signals
        let environment = PluginEnvironment(
            transport: network, clock: clock, files: files ?? Self.files, variables: variables,
            console: Console(isTerminal: isTerminal, output: { terminal.write(output: $0) }, error: { terminal.write(error: $0) }),
            catchSignals: { await signals.run($0) }, exitNow: { terminal.write(error: "exit \($0)\n") }, seed: 3)
        let status: Int32 = await Plugin.run(words, in: environment)
        return Session(status: status, output: terminal.output, error: terminal.error)
    }

    /// Lets virtual time pass.
    func pass(_ duration: Duration) async throws { try await clock.sleep(until: clock.now + duration, tolerance: nil) }

    /// What one command line led to.
    struct Session: Sendable, Equatable {
        var status: Int32
        var output: String = ""
        var error: String = ""
    }
}

/// Takes down what is printed.
final class Terminal: Sendable {
    private let text = Mutex<(output: String, error: String)>(("", ""))
    var output: String { text.withLock { $0.output } }
    var error: String { text.withLock { $0.error } }
    func write(output: String) { text.withLock { $0.output += output } }
    func write(error: String) { text.withLock { $0.error += error } }
}

/// Signals that a test sends.
final class Signals: Sendable {
    private let stream: AsyncStream<Void>
    private let source: AsyncStream<Void>.Continuation

    init() { (stream, source) = AsyncStream.makeStream(of: Void.self) }

    func send() { source.yield() }

    func run(_ onSignal: @Sendable () -> Void) async {
        for await _ in stream { onSignal() }
    }
}

/// Passes requests on, remembers them, and answers some by itself.
final class RecordingTransport: HTTPTransport {
    /// The answer to a request, instead of the server's: status and message.
    typealias Refusal = @Sendable (TransportRequest) -> (Int, String)?

    private struct State {
        var writes: [String] = []
        var paths: [String] = []
        var refusal: Refusal?
        var isSilent = false
    }

    private let next: InProcessTransport
    private let state = Mutex(State())

    init(_ next: InProcessTransport) { self.next = next }

    /// `PATCH /apis/… type {body}`, in order.
    var writes: [String] { state.withLock { $0.writes } }
    /// Every path that was asked for, with its query.
    var paths: [String] { state.withLock { $0.paths } }

    func refuse(_ refusal: Refusal?) { state.withLock { $0.refusal = refusal } }

    /// From now on no request is answered.
    func fallSilent() { state.withLock { $0.isSilent = true } }

    func send(_ request: TransportRequest) async throws(TransportError) -> TransportResponse {
        let target = String(request.url.dropFirst("http://in-process.invalid".count))
        let refusal: Refusal? = state.withLock { state in
            state.paths.append(target)
            if request.method != .get {
                let type: String = request.headers[.contentType].map { String($0.dropFirst("application/".count)) } ?? ""
                state.writes.append("\(request.method.rawValue) \(target) \(type) \(String(decoding: request.body ?? [], as: UTF8.self))")
            }
            return state.refusal
        }
        if state.withLock({ $0.isSilent }) {
            // Only cancellation ends this.
            for await _ in AsyncStream<Void>.makeStream().stream {}
            throw .cancelled
        }
        if let (status, message) = refusal?(request) {
            let body: JSONValue = APIStatus(code: status, reason: "", message: message).json
            return TransportResponse(status: status, headers: [:], body: ResponseBody(bytes: body.serialized()))
        }
        return try await next.send(request)
    }
}
