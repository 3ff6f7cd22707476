import Clockwork
import ControllerKit
import CurlTransport
import EmbeddedAPIServer
import HTTPTransport
import KubeClient
import KubeModel
import KubeYAML
import StrictJSON
import Synchronization
import Testing

extension EndToEnd.OnOurDefinitions {
    @Test("the embedded server refuses for want of a right in the real one's words, from which the right is read")
    func refusals() async throws {
        let cluster: RealCluster = try RealCluster.here
        let account: ServiceAccount = try await cluster.account("without-rights", in: "default", isForAllNamespaces: false, [])
        let real = Transcript(cluster.transport)
        let config: Kubeconfig = try #require(
            try Kubeconfig.load(path: account.kubeconfig, environment: [:]) { try YAMLStream.parse($0, fileName: account.kubeconfig).first?.json ?? .null })
        try await Self.askAll(KubeClient(
            connection: try config.connection(), transport: real, clock: SystemClock(), version: "end-to-end-tests", budget: .unlimited))

        let definition: String = "\(checkout)/crds/rollouts.yaml"
        let server = try EmbeddedAPIServer(
            clock: SystemClock(), random: SeededGenerator(seed: 1),
            definitions: try YAMLStream.parse(try readText(definition), fileName: definition).map(\.json))
        await server.authorize { _ in account.user }
        let embedded = Transcript(DirectTransport(server: server))
        try await Self.askAll(KubeClient(
            connection: .inProcess, transport: embedded, clock: SystemClock(), version: "end-to-end-tests", budget: .unlimited))

        #expect(real.answers.count == 9)
        for (ours, theirs) in zip(embedded.answers, real.answers) { #expect(ours == theirs) }
        for answer in real.answers {
            let right: MissingRight? = MissingRight(saidBy: APIStatus(json: answer))
            #expect(right?.user == account.user && right?.rule.isEmpty == false, "\(answer.text())")
        }
        print("refusals: \(real.answers.count) answers of 403, equal on both servers")
    }

    /// One request of each kind; each is refused.
    private static func askAll(_ client: KubeClient) async throws {
        func refused(_ body: () async throws(KubeError) -> Void) async {
            do throws(KubeError) {
                try await body()
                Issue.record("a request without the right to it was carried out")
            } catch {
                #expect(error.missingRight != nil, "\(error)")
            }
        }
        await refused { () async throws(KubeError) in _ = try await client.list(.services, namespace: nil) }
        await refused { () async throws(KubeError) in _ = try await client.list(.rollouts, namespace: "default") }
        await refused { () async throws(KubeError) in _ = try await client.watch(.replicaSets, namespace: "default", from: "1") }
        await refused { () async throws(KubeError) in _ = try await client.get(.services, namespace: "default", name: "web") }
        await refused { () async throws(KubeError) in
            _ = try await client.create(.replicaSets, namespace: "default", ["metadata": ["name": "web-1"]])
        }
        await refused { () async throws(KubeError) in _ = try await client.patch(.services, namespace: "default", name: "web", .merge([:])) }
        await refused { () async throws(KubeError) in
            _ = try await client.patch(.rollouts, namespace: "default", name: "web", subresource: "status", .merge([:]))
        }
        await refused { () async throws(KubeError) in
            _ = try await client.update(.leases, namespace: "default", ["metadata": ["name": "lock", "resourceVersion": "1"]])
        }
        await refused { () async throws(KubeError) in try await client.delete(.replicaSets, namespace: "default", name: "web-1") }
    }
}

/// Requests to the embedded server, which it answers at once and as a whole.
private struct DirectTransport: HTTPTransport {
    let server: EmbeddedAPIServer

    func send(_ request: TransportRequest) async throws(TransportError) -> TransportResponse {
        let target: String = String(request.url.dropFirst(ClusterConnection.inProcess.server.count))
        let response: APIResponse = await server.handle(APIRequest(request.method, target, headers: request.headers, body: request.body ?? []))
        guard case .bytes(let bytes) = response.body else { throw .connectionLost(cause: "a stream where a refusal was expected") }
        return TransportResponse(status: response.status, headers: response.headers, body: ResponseBody(bytes: bytes))
    }
}

/// Keeps the bodies of the answers that pass through it.
private final class Transcript: HTTPTransport {
    private let base: any HTTPTransport
    private let bodies = Mutex<[JSONValue]>([])

    init(_ base: any HTTPTransport) { self.base = base }

    var answers: [JSONValue] { bodies.withLock { $0 } }

    func send(_ request: TransportRequest) async throws(TransportError) -> TransportResponse {
        var response: TransportResponse = try await base.send(request)
        let bytes: [UInt8] = try await response.body.collect(upTo: 1 << 20)
        // What is no JSON is kept as a text, and is equal to nothing.
        bodies.withLock { $0.append((try? JSONValue(parsing: bytes)) ?? .string(String(decoding: bytes, as: UTF8.self))) }
        response.body = ResponseBody(bytes: bytes)
        return response
    }
}
