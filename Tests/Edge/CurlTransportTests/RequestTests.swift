import CurlTransport
import HTTPTransport
import HTTPTypes
import Testing

@Suite("A request over curl", .timeLimit(.minutes(1))) struct RequestTests {
    let transport = CurlTransport(environment: [:])

    /// Answers every request with 200 and the number of the connection, and notes what it got.
    static func echo() throws -> ScriptedServer {
        try ScriptedServer { connection in
            while let request = connection.readRequest() {
                connection.note(request.head + request.body)
                let body = request.line.hasPrefix("HEAD") ? "" : "c\(connection.number)"
                connection.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Two: a\r\nx-two: b\r\nEmpty:\r\n\r\n\(body)")
            }
        }
    }

    static func received(by server: ScriptedServer) async -> String {
        for await event in server.events { if case .note(let text) = event { return text } }
        return ""
    }

    @Test func sendsWhatItIsToldAndNothingElse() async throws {
        let server = try Self.echo()
        let response = try await transport.send(TransportRequest(
            url: "\(server.url)/a/../b?x=1#f", headers: [.authorization: "Bearer t", .init("X-Empty")!: ""]))
        #expect(response.status == 200)
        #expect(response.headers[values: .init("x-two")!] == ["a", "b"])
        #expect(response.headers[.init("Empty")!] == "")
        #expect(try await response.body.collect(upTo: 2) == Array("c0".utf8))
        let head = await Self.received(by: server)
        #expect(head == "GET /a/../b?x=1 HTTP/1.1\r\nHost: 127.0.0.1:\(server.port)\r\nAccept: */*\r\nAuthorization: Bearer t\r\nX-Empty:\r\n\r\n")
    }

    struct Case: Sendable, CustomTestStringConvertible {
        var method: HTTPRequest.Method
        var body: String?
        var contentType: String?
        var contains: String
        var excludes = "content-type:"
        var testDescription: String { "\(method) \(body.map { "\($0.utf8.count) bytes" } ?? "without body")" }
    }

    static let cases: [Case] = [
        Case(method: .post, body: "{}", contentType: "application/json", contains: "content-type: application/json\r\n", excludes: "expect:"),
        Case(method: .post, contains: "content-length: 0\r\n"),
        Case(method: .put, body: "x\0y", contains: "content-length: 3\r\n"),
        Case(method: .patch, body: String(repeating: "p", count: 3 << 20), contains: "content-length: \(3 << 20)\r\n", excludes: "expect:"),
        Case(method: .delete, contains: "delete /p http/1.1\r\n", excludes: "content-length:"),
        Case(method: .delete, body: "{}", contains: "content-length: 2\r\n"),
        Case(method: .head, contains: "head /p http/1.1\r\n", excludes: "content-length:"),
        Case(method: .options, contains: "options /p http/1.1\r\n", excludes: "content-length:"),
    ]

    @Test(arguments: cases) func sendsMethodAndBody(_ given: Case) async throws {
        let server = try Self.echo()
        var request = TransportRequest(method: given.method, url: "\(server.url)/p", body: given.body.map { Array($0.utf8) }, lane: .writes)
        if let type = given.contentType { request.headers[.contentType] = type }
        let response = try await transport.send(request)
        #expect(response.status == 200)
        #expect(try await response.body.collect(upTo: 2).count == (given.method == .head ? 0 : 2))
        let received = await Self.received(by: server)
        let head = received.prefix(400).lowercased()
        #expect(head.contains(given.contains), "\(head)")
        #expect(!head.contains(given.excludes), "\(head)")
        if let body = given.body { #expect(received.hasSuffix("\r\n\r\n" + body)) }
    }

    @Test func reusesConnectionsButNeverAcrossLanes() async throws {
        let server = try Self.echo()
        var seen: [TransportLane: Set<String>] = [:]
        for _ in 0..<3 {
            for lane in TransportLane.allCases {
                let response = try await transport.send(TransportRequest(url: server.url, lane: lane))
                seen[lane, default: []].insert(String(decoding: try await response.body.collect(upTo: 9), as: UTF8.self))
            }
        }
        #expect(seen == [.reads: ["c0"], .writes: ["c1"], .lease: ["c2"]])
    }

    @Test func aStatusIsNoErrorAndARedirectIsNotFollowed() async throws {
        let server = try ScriptedServer { connection in
            while let request = connection.readRequest() {
                let status = request.line.contains("/r") ? "302 Found\r\nLocation: http://127.0.0.1:1/" : "503 Busy"
                connection.write("HTTP/1.1 \(status)\r\nContent-Length: 0\r\n\r\n")
            }
        }
        #expect(try await transport.send(TransportRequest(url: "\(server.url)/r")).status == 302)
        #expect(try await transport.send(TransportRequest(url: "\(server.url)/busy")).status == 503)
    }

    @Test func passesOverInformationalHeadsAndTrailers() async throws {
        let server = try ScriptedServer { connection in
            _ = connection.readRequest()
            connection.write("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            connection.write("2\r\nok\r\n0\r\nX-Trailer: t\r\n\r\n")
        }
        let response = try await transport.send(TransportRequest(url: server.url))
        #expect(response.status == 200)
        #expect(response.headers[.init("Link")!] == nil)
        #expect(try await response.body.collect(upTo: 2) == Array("ok".utf8))
    }

    @Test func compressedBytesStayAsTheyAre() async throws {
        let server = try ScriptedServer { connection in
            _ = connection.readRequest()
            connection.write("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\n\u{1f}abc")
        }
        let response = try await transport.send(TransportRequest(url: server.url))
        #expect(try await response.body.collect(upTo: 4) == Array("\u{1f}abc".utf8))
    }

    @Test func manyAtOnce() async throws {
        let server = try Self.echo()
        let total = try await withThrowingTaskGroup(of: Int.self) { group in
            for index in 0..<200 {
                group.addTask { [transport] in
                    let lane = TransportLane.allCases[index % 2]
                    let response = try await transport.send(TransportRequest(url: "\(server.url)/\(index)", lane: lane))
                    return try await response.body.collect(upTo: 9).count
                }
            }
            return try await group.reduce(0, +)
        }
        #expect(total >= 400)
    }

    static let unusable: [String] = ["file:///etc/passwd", "ftp://h/", "gopher://h/", "", "http://127.0.0.1:99999/"]

    @Test(arguments: unusable) func refusesOtherURLs(_ url: String) async {
        await expectFailure(TransportRequest(url: url)) { if case .invalidURL = $0 { true } else { false } }
    }
}

/// Expects that sending and reading the request ends with an error like this; returns it.
@discardableResult
func expectFailure(
    _ request: TransportRequest,
    over transport: CurlTransport = CurlTransport(environment: [:]),
    sourceLocation: SourceLocation = #_sourceLocation,
    _ matches: (TransportError) -> Bool
) async -> TransportError? {
    do throws(TransportError) {
        let response = try await transport.send(request)
        _ = try await response.body.collect(upTo: .max)
        Issue.record("no error", sourceLocation: sourceLocation)
        return nil
    } catch {
        #expect(matches(error), "\(error) (\(error.label))", sourceLocation: sourceLocation)
        return error
    }
}
