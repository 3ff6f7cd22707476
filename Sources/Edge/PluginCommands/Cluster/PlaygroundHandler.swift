import EmbeddedAPIServer

/// Puts the API server and the metrics behind one port: what begins with `/prometheus/` is for Prometheus.
struct PlaygroundHandler: APIHandler {
    static let prefix: String = "/prometheus"

    let server: any APIHandler
    let prometheus: any APIHandler

    func handle(_ request: APIRequest) async -> APIResponse {
        guard request.path.hasPrefix(Self.prefix + "/") else { return await server.handle(request) }
        var inner = request
        inner.path = String(request.path.dropFirst(Self.prefix.count))
        return await prometheus.handle(inner)
    }
}
