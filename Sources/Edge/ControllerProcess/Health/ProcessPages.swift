import EmbeddedAPIServer
import HTTPTypes

/// Answers for a few fixed paths, each made anew for every request.
struct ProcessPages: APIHandler {
    /// A page: status, media type and content.
    typealias Page = @Sendable () -> APIResponse

    let pages: [String: Page]

    func handle(_ request: APIRequest) async -> APIResponse {
        guard let page = pages[request.path] else {
            return Self.text(404, "there is no such page; there are \(pages.keys.sorted().joined(separator: ", "))\n")
        }
        guard request.method == .get || request.method == .head else { return Self.text(405, "only GET is answered\n") }
        return page()
    }

    static func text(_ status: Int, _ text: String) -> APIResponse {
        APIResponse(status: status, contentType: "text/plain; charset=utf-8", bytes: Array(text.utf8))
    }

    /// `ok`, or 503 and what is wrong.
    static func verdict(_ complaints: [String]) -> APIResponse {
        complaints.isEmpty ? text(200, "ok") : text(503, complaints.joined(separator: "\n") + "\n")
    }
}
