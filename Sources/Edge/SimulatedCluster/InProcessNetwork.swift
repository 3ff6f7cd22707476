public import Clockwork
public import EmbeddedAPIServer
public import HTTPTransport
import HTTPTypes
import Synchronization

/// A network in one process: requests reach the handler that is registered for the origin of their URL.
///
/// What nobody has registered is a name that does not resolve, unless there is a network beyond this one. Nothing runs outside the task
/// that sends: cancelling it ends the exchange, and its total timeout is kept on the injected clock.
public final class InProcessNetwork: HTTPTransport {
    /// Answers a request, or is the reason why no answer comes.
    public typealias Responder = @Sendable (APIRequest) async throws(TransportError) -> APIResponse

    private struct Host: Sendable {
        var answersAtOnce: Bool
        var respond: Responder
    }

    private let hosts = Mutex<[String: Host]>([:])
    private let clock: any ControlClock
    private let beyond: (any HTTPTransport)?

    /// A network without hosts.
    ///
    /// - Parameter beyond: where requests for other hosts go; nil: nowhere.
    public init(clock: any ControlClock, beyond: (any HTTPTransport)? = nil) {
        self.clock = clock
        self.beyond = beyond
    }

    /// Sends requests for `origin`, such as `http://prometheus:9090`, to `handler` from now on.
    ///
    /// - Parameter answersAtOnce: the handler never waits, so that timeouts mean nothing to it.
    /// - Throws: `.invalidURL`.
    public func register(_ origin: String, to handler: any APIHandler, answersAtOnce: Bool = false) throws(TransportError) {
        try register(origin, answersAtOnce: answersAtOnce) { (request) async throws(TransportError) in await handler.handle(request) }
    }

    /// Sends requests for `origin` to a closure, which may also break the connection.
    public func register(_ origin: String, answersAtOnce: Bool = false, respond: @escaping Responder) throws(TransportError) {
        let key = Self.key(try TransportURL(origin))
        hosts.withLock { $0[key] = Host(answersAtOnce: answersAtOnce, respond: respond) }
    }

    /// `origin` no longer resolves.
    public func remove(_ origin: String) throws(TransportError) {
        let key = Self.key(try TransportURL(origin))
        hosts.withLock { $0[key] = nil }
    }

    /// Nothing resolves any more. Hosts hold what they send requests with, which is this network: without it a cluster would never go.
    public func removeAll() { hosts.withLock { $0 = [:] } }

    public func send(_ request: TransportRequest) async throws(TransportError) -> TransportResponse {
        let url = try TransportURL(request.url)
        if Task.isCancelled { throw .cancelled }
        guard let host = hosts.withLock({ $0[Self.key(url)] }) else {
            if let beyond { return try await beyond.send(request) }
            throw .couldNotConnect(host: url.hostAndPort, cause: "Could not resolve host: \(url.host)")
        }
        let target = url.path + (url.query.map { "?" + $0 } ?? "")
        let message = APIRequest(request.method, target.isEmpty ? "/" : target, headers: request.headers, body: request.body ?? [])
        let response: APIResponse
        if !host.answersAtOnce, let limit = request.timeouts.total {
            response = try await answer(message, from: host, within: limit)
        } else {
            response = try await host.respond(message)
        }
        // Whoever is cancelled meanwhile gets no answer, as over a network; the request may have been carried out.
        if Task.isCancelled { throw .cancelled }
        switch response.body {
        case .bytes(let bytes):
            guard bytes.count <= request.responseLimit else { throw .responseTooLarge(limit: request.responseLimit) }
            return TransportResponse(status: response.status, headers: response.headers, body: ResponseBody(bytes: bytes))
        case .stream(let stream):
            return TransportResponse(status: response.status, headers: response.headers, body: ResponseBody(stream: stream))
        }
    }

    private func answer(_ message: APIRequest, from host: Host, within limit: Duration) async throws(TransportError) -> APIResponse {
        let deadline = clock.now + limit
        let outcome = await withTaskGroup(of: Result<APIResponse, TransportError>?.self) { group in
            group.addTask {
                do throws(TransportError) { return .success(try await host.respond(message)) } catch { return .failure(error) }
            }
            group.addTask { [clock] in
                do {
                    try await clock.sleep(until: deadline, tolerance: nil)
                    return .failure(.timedOut(.total))
                } catch {
                    // Cancelled, because the answer came first or with the whole exchange.
                    return nil
                }
            }
            var first: Result<APIResponse, TransportError>?
            while first == nil, let next = await group.next() { first = next }
            group.cancelAll()
            return first
        }
        guard let outcome else { throw .cancelled }
        return try outcome.get()
    }

    /// Scheme, host and the port that is meant.
    private static func key(_ url: TransportURL) -> String { "\(url.scheme.rawValue)://\(url.host.lowercased()):\(url.effectivePort)" }
}

/// Sends under a name of its own, so that the server can tell its clients apart.
struct NamedTransport: HTTPTransport {
    let userAgent: String
    let base: any HTTPTransport

    func send(_ request: TransportRequest) async throws(TransportError) -> TransportResponse {
        var request = request
        request.headers[.userAgent] = userAgent
        return try await base.send(request)
    }
}
