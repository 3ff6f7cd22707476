import EmbeddedAPIServer
import HTTPTransport
import HTTPTypes
import SimulatedCluster
import SimulatedTime
import Testing

@Suite("The network in one process") struct NetworkTests {
    private struct Echo: APIHandler {
        var word: String
        func handle(_ request: APIRequest) async -> APIResponse {
            APIResponse(status: 200, contentType: "text/plain", bytes: Array("\(word) \(request.method) \(request.path)".utf8))
        }
    }

    private static func get(_ network: InProcessNetwork, _ url: String) async throws(TransportError) -> String {
        let response = try await network.send(TransportRequest(url: url))
        return String(decoding: try await response.body.collect(upTo: 1000), as: UTF8.self)
    }

    private static func run(_ body: @escaping @Sendable (InProcessNetwork) async throws -> Void) throws {
        let loop = SimulationLoop(seed: 1)
        let network = InProcessNetwork(clock: VirtualClock(loop: loop))
        try network.register("http://one:9090", to: Echo(word: "one"))
        try network.register("https://two", to: Echo(word: "two"))
        try loop.run { try await body(network) }
    }

    @Test func leadsToTheHostThatTheURLNames() throws {
        try Self.run { network in
            let answers = try await [Self.get(network, "http://one:9090/a?b=c"), Self.get(network, "https://two:443"), Self.get(network, "https://TWO/x")]
            #expect(answers == ["one GET /a", "two GET /", "two GET /x"])
        }
    }

    @Test(arguments: ["http://three/", "http://one/", "https://one:9090/"]) func resolvesNothingElse(url: String) throws {
        try Self.run { network in
            await #expect {
                _ = try await Self.get(network, url)
            } throws: { error in
                guard case TransportError.couldNotConnect(_, let cause) = error else { return false }
                return cause.hasPrefix("Could not resolve host: ")
            }
        }
    }

    @Test func forgetsAHost() throws {
        try Self.run { network in
            try network.remove("http://one:9090")
            await #expect(throws: TransportError.self) { _ = try await Self.get(network, "http://one:9090/") }
        }
    }
}
