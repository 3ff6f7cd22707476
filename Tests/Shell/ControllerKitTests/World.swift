import Clockwork
import ControllerKit
import EmbeddedAPIServer
import HTTPTransport
import KubeClient
import KubeModel
import Logging
import SimulatedCluster
import SimulatedTime
import StrictJSON
import Synchronization
import Testing

/// An embedded server, a client and virtual time for one test.
struct World: Sendable {
    let loop: SimulationLoop
    let clock: VirtualClock
    let server: EmbeddedAPIServer
    let transport: UnreliableTransport
    let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    init(seed: UInt64 = 1) throws {
        loop = SimulationLoop(seed: seed)
        clock = VirtualClock(loop: loop)
        server = try EmbeddedAPIServer(clock: clock, random: SeededGenerator(seed: seed))
        transport = UnreliableTransport(InProcessTransport(to: server))
    }

    /// A client whose requests pass the world's transport, unless another is given.
    func client(_ transport: (any HTTPTransport)? = nil, budget: RateBudget = .unlimited) -> KubeClient {
        KubeClient(connection: .inProcess, transport: transport ?? self.transport, clock: clock, version: "test", budget: budget)
    }

    /// Runs `test` beside `loops`, which are cancelled when it is over, and checks that nothing escaped.
    func run(_ loops: [@Sendable () async -> Void], _ test: @escaping @Sendable () async throws -> Void) throws {
        try loop.run {
            try await withThrowingTaskGroup(of: Void.self) { group in
                for loop in loops { group.addTask { await loop() } }
                try await test()
                group.cancelAll()
            }
        }
        #expect(loop.foreignJobs == 0, "something ran outside the simulation")
    }

    func sleep(_ duration: Duration) async throws { try await clock.sleep(until: clock.now + duration, tolerance: nil) }
}

/// A transport that loses requests while it is told to, and counts all of them.
final class UnreliableTransport: HTTPTransport {
    private let inner: any HTTPTransport
    private let state = Mutex<(isDown: Bool, requests: [String], breakers: [OneShot])>((false, [], []))

    init(_ inner: any HTTPTransport) { self.inner = inner }

    var requests: [String] { state.withLock { $0.requests } }

    func clear() { state.withLock { $0.requests = [] } }

    /// Whether requests fail from now on. Streams that are open break at once.
    func setDown(_ isDown: Bool) {
        let breakers = state.withLock { state in
            state.isDown = isDown
            defer { if isDown { state.breakers = [] } }
            return isDown ? state.breakers : []
        }
        for breaker in breakers { breaker.fire() }
    }

    func send(_ request: TransportRequest) async throws(TransportError) -> TransportResponse {
        let isDown = state.withLock { state in
            state.requests.append("\(request.method) \(request.url.dropFirst(ClusterConnection.inProcess.server.count))")
            return state.isDown
        }
        if isDown { throw .connectionLost(cause: "the test cut the wire") }
        var response = try await inner.send(request)
        if request.timeouts.total == nil {
            let breaker = OneShot()
            state.withLock { $0.breakers.append(breaker) }
            response.body = ResponseBody(stream: Breakable(inner: response.body, breaker: breaker))
        }
        return response
    }

    /// A stream that ends with an error when its breaker fires.
    private struct Breakable: AsyncSequence, Sendable {
        typealias Element = [UInt8]
        let inner: ResponseBody
        let breaker: OneShot

        struct AsyncIterator: AsyncIteratorProtocol {
            var inner: ResponseBody.AsyncIterator
            let breaker: OneShot

            mutating func next() async throws -> [UInt8]? {
                // The iterator cannot be shared with a child task, so the race is run on a box.
                let box = Box(inner)
                let result: Result<[UInt8]?, any Error> = await withTaskGroup(of: Result<[UInt8]?, any Error>?.self) { group in
                    group.addTask { await box.next() }
                    group.addTask { [breaker] in
                        await breaker.wait()
                        return breaker.hasFired ? .failure(TransportError.connectionLost(cause: "the test cut the wire")) : nil
                    }
                    defer { group.cancelAll() }
                    while let result = await group.next() {
                        if let result { return result }
                    }
                    return .failure(CancellationError())
                }
                inner = box.iterator
                return try result.get()
            }
        }

        func makeAsyncIterator() -> AsyncIterator { AsyncIterator(inner: inner.makeAsyncIterator(), breaker: breaker) }

        /// Used by one task at a time: the group above has one reader, and is over before the next read begins.
        private final class Box: @unchecked Sendable {
            var iterator: ResponseBody.AsyncIterator
            init(_ iterator: ResponseBody.AsyncIterator) { self.iterator = iterator }

            func next() async -> Result<[UInt8]?, any Error> {
                do { return .success(try await iterator.next()) } catch { return .failure(error) }
            }
        }
    }
}

/// Collects values from anywhere, in order.
final class Recorder<Value: Sendable>: Sendable {
    private let values = Mutex<[Value]>([])
    func add(_ value: Value) { values.withLock { $0.append(value) } }
    var all: [Value] { values.withLock { $0 } }
}

func service(_ name: String, namespace: String = "default", selector: String = "web", labels: JSONObject = [:]) -> JSONValue {
    [
        "apiVersion": "v1", "kind": "Service", "metadata": ["name": .string(name), "namespace": .string(namespace), "labels": .object(labels)],
        "spec": ["selector": ["app": .string(selector)], "ports": [["port": 80]]],
    ]
}
