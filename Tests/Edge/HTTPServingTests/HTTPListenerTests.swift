import APIContract
import Clockwork
import EmbeddedAPIServer
import HTTPServing
import Logging
import StrictJSON
import Synchronization
import Testing

@Suite("An HTTP listener") struct HTTPListenerTests {
    let clock = ManualClock()

    @Test("holds the whole contract") func contract() async throws {
        try await serving { server, client in
            let endpoint = HTTPEndpoint(client: client, server: server)
            for (number, contract) in (ContractCase.all + garbageCases).enumerated() {
                do {
                    _ = try await contract.run(on: endpoint, number: number)
                } catch {
                    Issue.record("\(contract.name): \(error)")
                }
            }
        }
    }

    @Test("answers several requests on one connection") func keepAlive() async throws {
        try await serving { _, client in
            try await client.connected { connection in
                for _ in 0..<3 {
                    try await connection.request("GET", "/healthz")
                    let answer = try await connection.answer()
                    #expect(answer.status == 200)
                    #expect(answer.body == Array("ok".utf8))
                }
            }
        }
    }

    @Test("sends each event of a watch when it happens") func streaming() async throws {
        try await serving { _, client in
            try await client.connected { connection in
                try await connection.request("GET", "/api/v1/configmaps?watch=1")
                let head = try await connection.head()
                #expect(head.status == 200)
                #expect(head.headers["content-type"] == "application/json")
                await clock.sleepsBegun(1)
                for name in ["a", "b"] {
                    try await create(name, client)
                    let event = try JSONValue(parsing: try await connection.chunk() ?? [])
                    #expect(event.at("object", "metadata", "name") == .string(name))
                }
            }
        }
    }

    @Test("ends a watch at its timeout, and the connection serves on") func timeout() async throws {
        try await serving { _, client in
            try await client.connected { connection in
                try await connection.request("GET", "/api/v1/configmaps?watch=1&timeoutSeconds=5")
                _ = try await connection.head()
                await clock.sleepsBegun(1)
                clock.advance(by: .seconds(5))
                #expect(try await connection.chunk() == nil)
                try await connection.request("GET", "/healthz")
                #expect(try await connection.answer().status == 200)
            }
        }
    }

    @Test("stops waiting for events when the client goes") func departure() async throws {
        try await serving { server, client in
            try await client.connected { connection in
                try await connection.request("GET", "/api/v1/configmaps?watch=1")
                _ = try await connection.head()
                await clock.sleepsBegun(1)
            }
            await clock.sleepsEnded(1)
            #expect(await client.isAlive())
        }
    }

    @Test("ends open watches when it is cancelled") func cancellation() async throws {
        let closed = Mutex(false)
        try await withThrowingTaskGroup(of: Void.self) { group in
            let port = try await start(try makeServer(), in: &group)
            try await TestHTTPClient(port: port).connected { connection in
                try await connection.request("GET", "/api/v1/configmaps?watch=1")
                _ = try await connection.head()
                await clock.sleepsBegun(1)
                group.cancelAll()
                let rest = try? await connection.chunk()   // the stream ends, or the connection does: both will do
                closed.withLock { $0 = rest == nil || rest == .some(nil) }
            }
            try await group.waitForAll()
        }
        #expect(closed.withLock { $0 })
        #expect(clock.sleepers == 0)
    }

    @Test("does not wait for idle connections when it is cancelled") func idleConnection() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            let port = try await start(try makeServer(), in: &group)
            try await TestHTTPClient(port: port).connected { connection in
                try await connection.request("GET", "/healthz")
                _ = try await connection.answer()
                group.cancelAll()
                try await group.waitForAll()
            }
        }
    }

    @Test("answers HEAD without a body") func head() async throws {
        try await serving { _, client in
            let answer = try await client.send("HEAD", "/healthz")
            #expect(answer.status == 200)
            #expect(answer.headers["content-length"] == "2")
        }
    }

    @Test("refuses a body that is too large") func largeBody() async throws {
        try await serving { _, client in
            let small = try await client.send("POST", "/api/v1/namespaces/default/configmaps", body: [UInt8](repeating: 32, count: (3 << 20) + 1))
            #expect(small.status == 413)
            #expect(try JSONValue(parsing: small.body)["reason"] == "RequestEntityTooLarge")
        }
    }

    @Test("says which port it cannot have") func portTaken() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            let server = try makeServer()
            let port = try await start(server, in: &group)
            let second = HTTPListener(handler: server, port: port, logger: quiet)
            let error = await #expect(throws: ListenError.self) { try await second.run() }
            #expect(error?.address == "127.0.0.1:\(port)")
            group.cancelAll()
        }
    }

    private let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    private func makeServer() throws -> EmbeddedAPIServer {
        try EmbeddedAPIServer(clock: clock, random: SeededGenerator(seed: 1), definitions: ContractDefinitions.all)
    }

    private func start(_ server: EmbeddedAPIServer, in group: inout ThrowingTaskGroup<Void, any Error>) async throws -> Int {
        let (ports, continuation) = AsyncStream<Int>.makeStream()
        let listener = HTTPListener(handler: server, logger: quiet)
        group.addTask {
            defer { continuation.finish() }
            try await listener.run { continuation.yield($0) }
        }
        for await port in ports { return port }
        throw ConnectionClosed()
    }

    /// Runs a listener on a free port while `body` uses it.
    private func serving(_ body: (EmbeddedAPIServer, TestHTTPClient) async throws -> Void) async throws {
        let server = try makeServer()
        try await withThrowingTaskGroup(of: Void.self) { group in
            let port = try await start(server, in: &group)
            try await body(server, TestHTTPClient(port: port))
            group.cancelAll()
            try await group.waitForAll()
        }
    }

    private func create(_ name: String, _ client: TestHTTPClient) async throws {
        let body: JSONValue = ["apiVersion": "v1", "kind": "ConfigMap", "metadata": ["name": .string(name)]]
        let answer = try await client.send("POST", "/api/v1/namespaces/default/configmaps", body: body.serialized())
        #expect(answer.status == 201)
    }
}

extension TestHTTPClient {
    fileprivate func isAlive() async -> Bool { (try? await send("GET", "/healthz").status) == 200 }
}

/// The contract over real sockets.
struct HTTPEndpoint: APIEndpoint {
    let client: TestHTTPClient
    /// The server behind the port, for what no request can do.
    let server: EmbeddedAPIServer

    func forget() async throws { await server.compact(upTo: server.state.resourceVersion) }

    func send(_ method: String, _ target: String, headers: [(name: String, value: String)], body: [UInt8]) async throws -> RawAnswer {
        let answer = try await client.send(method, target, headers: headers, body: body)
        return RawAnswer(status: answer.status, body: answer.body)
    }

    func lines(of target: String, headers: [(name: String, value: String)], count: Int) async throws -> [[UInt8]] {
        try await client.connected { connection in
            try await connection.request("GET", target, headers: headers)
            _ = try await connection.head()
            var lines: [[UInt8]] = []
            while lines.count < count, let chunk = try await connection.chunk() {
                lines += chunk.split(separator: UInt8(ascii: "\n")).map(Array.init)
            }
            return Array(lines.prefix(count))
        }
    }
}
