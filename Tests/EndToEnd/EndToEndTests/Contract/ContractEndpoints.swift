import APIContract
import CurlTransport
import EmbeddedAPIServer
import HTTPTransport
import HTTPTypes
import StrictJSON

/// The administrator's view of a real API server, request by request.
struct RealEndpoint: APIEndpoint {
    let server: String
    let token: String
    /// The address of etcd.
    let storage: String
    let tls: TLSSettings
    let transport: CurlTransport

    func send(_ method: String, _ target: String, headers: [(name: String, value: String)], body: [UInt8]) async throws -> RawAnswer {
        let response: TransportResponse = try await transport.send(try request(method, target, headers, body))
        return RawAnswer(status: response.status, body: try await response.body.collect(upTo: 16 << 20))
    }

    func lines(of target: String, headers: [(name: String, value: String)], count: Int) async throws -> [[UInt8]] {
        var request: TransportRequest = try request("GET", target, headers, [])
        // A watch's lines are wanted as they come, not with the end of the answer.
        request.timeouts = .stream(idle: .seconds(30))
        let response: TransportResponse = try await transport.send(request)
        var lines: [[UInt8]] = []
        for try await line in response.body.lines(maxLength: 1 << 20) {
            lines.append(line)
            if lines.count >= count { break }
        }
        return lines
    }

    func settle() async throws -> Bool {
        try await pause(.milliseconds(100))
        return true
    }

    /// Asks etcd, by its gateway, to compact its history at its present revision.
    func forget() async throws {
        let status: JSONValue = try await ask("/v3/maintenance/status", "{}")
        let revision: JSONValue = status.at("header", "revision") ?? ""
        _ = try await ask("/v3/kv/compaction", "{\"revision\":\(revision.text()),\"physical\":true}")
    }

    private func ask(_ path: String, _ body: String) async throws -> JSONValue {
        let request = TransportRequest(
            method: .post, url: storage + path, headers: [.contentType: "application/json"], body: Array(body.utf8),
            timeouts: .request(total: .seconds(30)), lane: .writes, tls: TLSSettings(), proxy: .none)
        let response: TransportResponse = try await transport.send(request)
        let bytes: [UInt8] = try await response.body.collect(upTo: 1 << 20)
        guard response.status == 200 else { throw CommandFailure("etcd answers \(response.status): \(String(decoding: bytes, as: UTF8.self))") }
        return try JSONValue(parsing: bytes)
    }

    private func request(
        _ method: String, _ target: String, _ headers: [(name: String, value: String)], _ body: [UInt8]
    ) throws -> TransportRequest {
        TransportRequest(
            method: try knownMethod(method), url: server + target, headers: try fields(headers + [("Authorization", "Bearer \(token)")]),
            body: body.isEmpty ? nil : body, timeouts: .request(total: .seconds(30)), lane: .writes, tls: tls, proxy: .none)
    }
}

/// The embedded server, without any transport.
struct EmbeddedEndpoint: APIEndpoint {
    let server: EmbeddedAPIServer

    func forget() async throws { await server.compact(upTo: server.state.resourceVersion) }

    func send(_ method: String, _ target: String, headers: [(name: String, value: String)], body: [UInt8]) async throws -> RawAnswer {
        let response: APIResponse = await server.handle(APIRequest(try knownMethod(method), target, headers: try fields(headers), body: body))
        guard case .bytes(let bytes) = response.body else { throw CommandFailure("\(method) \(target) answers a stream") }
        return RawAnswer(status: response.status, body: bytes)
    }

    func lines(of target: String, headers: [(name: String, value: String)], count: Int) async throws -> [[UInt8]] {
        let response: APIResponse = await server.handle(APIRequest(.get, target, headers: try fields(headers)))
        switch response.body {
        case .bytes(let bytes): return [bytes]
        case .stream(let stream):
            var lines: [[UInt8]] = []
            for await chunk in stream {
                lines += chunk.split(separator: UInt8(ascii: "\n")).map(Array.init)
                if lines.count >= count { break }
            }
            return Array(lines.prefix(count))
        }
    }
}

private func knownMethod(_ name: String) throws -> HTTPRequest.Method {
    guard let method = HTTPRequest.Method(name) else { throw CommandFailure("\(name) is no method") }
    return method
}

private func fields(_ headers: [(name: String, value: String)]) throws -> HTTPFields {
    var fields = HTTPFields()
    for header in headers {
        guard let name = HTTPField.Name(header.name) else { throw CommandFailure("\(header.name) is no header") }
        fields.append(HTTPField(name: name, value: header.value))
    }
    return fields
}
