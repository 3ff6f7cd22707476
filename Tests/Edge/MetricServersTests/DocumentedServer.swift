import EmbeddedAPIServer
import HTTPTypes
import StrictJSON
import Synchronization

/// Prometheus, a token server and a web server on one port, as their documentation has them. A request that differs from it in
/// method, path, form or header is refused with 418, which no client takes for an answer.
final class DocumentedServer: APIHandler {
    private let refusals = Mutex<[String]>([])
    /// Why requests were refused.
    var refused: [String] { refusals.withLock { $0 } }

    private struct Refusal: Error { var cause: String }

    func handle(_ request: APIRequest) async -> APIResponse {
        do {
            return try answer(request)
        } catch let refusal as Refusal {
            refusals.withLock { $0.append("\(request.method.rawValue) \(request.path): \(refusal.cause)") }
            return APIResponse(status: 418, contentType: "text/plain", bytes: Array(refusal.cause.utf8))
        } catch {
            return APIResponse(status: 500, contentType: "text/plain", bytes: Array("\(error)".utf8))
        }
    }

    private func answer(_ request: APIRequest) throws -> APIResponse {
        switch request.path {
        case "/api/v1/query", "/prefix/api/v1/query":
            try posted(request, ["query", "time"])
            return try instant(form(request))
        case "/api/v1/query_range":
            try posted(request, ["query", "start", "end", "step"])
            return try range(form(request))
        case "/basic/api/v1/query":
            try header(request, .authorization, "Basic dXNlcjpwYXNz")
            try posted(request, ["query", "time"])
            return try instant(form(request))
        case "/bearer/api/v1/query":
            try header(request, .authorization, "Bearer tok")
            try posted(request, ["query", "time"])
            return try instant(form(request))
        case "/only-get/api/v1/query":
            if request.method == .post { return APIResponse(status: 405, contentType: "text/plain", bytes: []) }
            try require(request.method == .get && request.body.isEmpty, "a GET without a body is needed")
            try require(Set(request.query.items.map(\.name)) == ["query", "time"], "the parameters are query and time")
            return try instant(request.query)
        case "/token":
            try posted(request, ["grant_type", "scope"])
            let form = form(request)
            try require(form["grant_type"] == "client_credentials" && form["scope"] == "read write", "grant or scope are wrong")
            try header(request, .authorization, "Basic aWQ6c2VjcmV0")
            return json(["access_token": "tok", "token_type": "bearer", "expires_in": 60])
        case "/token-in-form":
            // RFC 6749, 2.3.1: a server may know the one way or the other.
            if request.headers[.authorization] != nil { return json(["error": "invalid_client"], status: 401) }
            try posted(request, ["grant_type", "scope", "client_id", "client_secret"])
            try require(form(request)["client_secret"] == "secret", "the secret is wrong")
            return json(["access_token": "tok"])
        case "/web":
            try require(request.method == .get && request.body.isEmpty, "a GET without a body is needed")
            try header(request, HTTPField.Name("X-Team")!, "shop")
            return json(["data": ["ok": true, "rate": 0.25]])
        case "/web/json":
            try require(request.method == .post, "POST is needed")
            try header(request, .contentType, "application/json")
            try header(request, .authorization, "Bearer tok")
            try require((try? JSONValue(parsing: request.body)) == ["ask": ["a", 1]], "the body is not what was asked for")
            return json([1, 2])
        case "/web/moved":
            return APIResponse(status: 302, headers: [.location: "/web"], body: .bytes([]))
        case "/web/text":
            try require(request.method == .put && String(decoding: request.body, as: UTF8.self) == "plain", "PUT plain is needed")
            return APIResponse(status: 200, contentType: "text/plain", bytes: Array("fine".utf8))
        default: throw Refusal(cause: "no such path")
        }
    }

    // MARK: What is asked of a request

    private func require(_ holds: Bool, _ cause: String) throws { if !holds { throw Refusal(cause: cause) } }

    private func header(_ request: APIRequest, _ name: HTTPField.Name, _ value: String) throws {
        try require(request.headers[name] == value, "the header \(name) is \(request.headers[name] ?? "absent")")
    }

    private func form(_ request: APIRequest) -> APIQuery { APIQuery(parsing: String(decoding: request.body, as: UTF8.self)) }

    private func posted(_ request: APIRequest, _ names: Set<String>) throws {
        try require(request.method == .post, "POST is needed")
        try require(request.query.items.isEmpty, "the parameters belong in the body")
        try header(request, .contentType, "application/x-www-form-urlencoded")
        let given = form(request).items.map(\.name)
        try require(Set(given) == names && given.count == names.count, "the form has \(given.sorted())")
    }

    private func number(_ form: APIQuery, _ name: String) throws -> Double {
        guard let text = form[name], let number = Double(text), !text.contains("e") else { throw Refusal(cause: "\(name) is no decimal number") }
        return number
    }

    // MARK: What Prometheus answers

    private func json(_ value: JSONValue, status: Int = 200) -> APIResponse {
        APIResponse(status: status, contentType: "application/json", bytes: value.serialized())
    }

    private func success(_ type: String, _ result: JSONValue) -> APIResponse {
        json(["status": "success", "data": ["resultType": .string(type), "result": result]])
    }

    /// As Prometheus 2 and 3 answer: samples as pairs of a time and a quoted number.
    private func instant(_ form: APIQuery) throws -> APIResponse {
        let time = JSONValue.number(JSONNumber(try number(form, "time")))
        switch form["query"] ?? "" {
        case "vector": return success("vector", [["metric": ["a": "b"], "value": [time, "0.5"]], ["metric": ["a": "c"], "value": [time, "NaN"]]])
        case "none": return success("vector", [])
        case "scalar": return success("scalar", [time, "+Inf"])
        case "string": return success("string", [time, "text"])
        case "histogram": return success("vector", [["metric": [:], "histogram": [time, ["count": "1", "sum": "1"]]]])
        case "sum(x{a=\"b c\"}) + 1": return success("vector", [["metric": [:], "value": [time, "1"]]])
        case "syntax(": return json(["status": "error", "errorType": "bad_data", "error": "invalid parameter \"query\": 1:8: parse error: unclosed left parenthesis"], status: 400)
        case "heavy": return json(["status": "error", "errorType": "execution", "error": "query processing would load too many samples"], status: 422)
        case "slow": return json(["status": "error", "errorType": "timeout", "error": "query timed out"], status: 503)
        case let other: throw Refusal(cause: "the query is \(other)")
        }
    }

    private func range(_ form: APIQuery) throws -> APIResponse {
        let (start, end, step) = (try number(form, "start"), try number(form, "end"), try number(form, "step"))
        try require(step > 0 && start <= end, "the window is empty")
        let values = stride(from: start, through: end, by: step).enumerated().map { index, time -> JSONValue in
            [.number(JSONNumber(time)), .string("\(index)")]
        }
        return success("matrix", [["metric": [:], "values": .array(values)]])
    }
}
