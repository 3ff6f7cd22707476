public import EmbeddedAPIServer
public import HTTPTransport
import HTTPTypes

/// Carries requests to a handler in the same process: no sockets, no threads, no time of its own.
///
/// A handler answers at once, so timeouts, lanes, proxies and TLS settings mean nothing here.
public struct InProcessTransport: HTTPTransport {
    private let handler: any APIHandler

    /// A transport to `handler`, whatever host its requests name.
    public init(to handler: any APIHandler) { self.handler = handler }

    public func send(_ request: TransportRequest) async throws(TransportError) -> TransportResponse {
        let url = try TransportURL(request.url)
        if Task.isCancelled { throw .cancelled }
        let target = url.path + (url.query.map { "?" + $0 } ?? "")
        let response = await handler.handle(APIRequest(request.method, target, headers: request.headers, body: request.body ?? []))
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
}
