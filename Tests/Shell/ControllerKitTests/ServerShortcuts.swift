import EmbeddedAPIServer
import StrictJSON

extension EmbeddedAPIServer {
    /// Creates a Service without passing the client's transport.
    func createDirectly(_ object: JSONValue) async throws {
        _ = await handle(APIRequest(.post, "/api/v1/namespaces/default/services", headers: [.contentType: "application/json"], body: object.serialized()))
    }

    /// Deletes a Service without passing the client's transport.
    func deleteDirectly(_ name: String) async throws {
        _ = await handle(APIRequest(.delete, "/api/v1/namespaces/default/services/\(name)"))
    }
}
