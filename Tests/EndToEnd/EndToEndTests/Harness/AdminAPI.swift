import Clockwork
import ControllerKit
import CurlTransport
import HTTPTransport
import HTTPTypes
import KubeClient
import KubeModel
import KubeYAML
import StrictJSON

/// The API server as its administrator sees it.
struct AdminAPI: Sendable {
    let client: KubeClient
    private let connection: ClusterConnection
    private let transport: CurlTransport

    /// - Parameter kubeconfig: the path of a file with a token or a client certificate in it.
    init(kubeconfig: String, transport: CurlTransport) throws {
        let config: Kubeconfig? = try Kubeconfig.load(path: kubeconfig, environment: [:]) { bytes in
            try YAMLStream.parse(bytes, fileName: kubeconfig).first?.json ?? .null
        }
        guard let config else { throw CommandFailure("\(kubeconfig) is not there") }
        connection = try config.connection()
        self.transport = transport
        client = KubeClient(
            connection: connection, transport: transport, clock: SystemClock(), version: "end-to-end-tests", budget: .unlimited)
    }

    /// What the client of the product has no word for.
    func send(_ method: HTTPRequest.Method, _ path: String, _ body: JSONValue? = nil) async throws {
        let request = TransportRequest(
            method: method, url: connection.server + path, headers: [.contentType: "application/json"], body: body?.serialized(),
            lane: .writes, tls: connection.tls, proxy: .none)
        let response: TransportResponse = try await transport.send(request)
        let bytes: [UInt8] = try await response.body.collect(upTo: 1 << 20)
        guard (200..<300).contains(response.status) else {
            throw CommandFailure("\(method.rawValue) \(path): \(response.status) \(String(decoding: bytes, as: UTF8.self))")
        }
    }

    /// Calls `handle` with each object as it is and as it changes, until the task is cancelled.
    func follow(_ resource: GroupVersionResource, _ handle: (_ object: JSONValue, _ isGone: Bool) async throws -> Void) async {
        while !Task.isCancelled {
            do {
                let page: ListPage = try await client.list(resource, namespace: nil)
                for item in page.items { try await handle(item, false) }
                var version: String = page.resourceVersion
                while !Task.isCancelled {
                    for try await event in try await client.watch(resource, namespace: nil, from: version) {
                        switch event {
                        case .added(let object), .modified(let object):
                            version = object.at("metadata", "resourceVersion")?.stringValue ?? version
                            try await handle(object, false)
                        case .deleted(let object): try await handle(object, true)
                        case .bookmark(let bookmark): version = bookmark
                        case .failed(let status): throw CommandFailure(status.message)
                        }
                    }
                }
            } catch {
                // An object changed or went while it was handled, or the server is busy: the next list shows what is left to do.
                guard (try? await pause(.milliseconds(300))) != nil else { return }
            }
        }
    }
}

/// One GET over plain HTTP.
func fetch(_ url: String, transport: CurlTransport) async throws -> (status: Int, body: String) {
    let response: TransportResponse = try await transport.send(TransportRequest(url: url, timeouts: .request(total: .seconds(5)), proxy: .none))
    return (response.status, String(decoding: try await response.body.collect(upTo: 16 << 20), as: UTF8.self))
}
