import CurlTransport
import Glibc
import HTTPTransport
import HTTPTypes
import Testing

@Suite("A bad server", .timeLimit(.minutes(1))) struct FailureTests {
    let transport = CurlTransport(environment: [:])

    struct Case: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var error: String
        var serve: @Sendable (Connection) -> Void
    }

    /// What a server does after it has read the request, and the label of the error.
    static let cases: [Case] = [
        Case(testDescription: "closes without an answer", error: "connection_lost") { _ in },
        Case(testDescription: "resets without an answer", error: "connection_lost") { $0.reset() },
        Case(testDescription: "truncates a body of known length", error: "connection_lost") {
            $0.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")
        },
        Case(testDescription: "truncates a chunked body", error: "connection_lost") {
            $0.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
        },
        Case(testDescription: "truncates its head", error: "connection_lost") { $0.write("HTTP/1.1 200 OK\r\nConte") },
        Case(testDescription: "resets in mid-body", error: "connection_lost") {
            $0.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")
            $0.reset()
        },
        Case(testDescription: "speaks something else", error: "bad_response") { $0.write("SSH-2.0-OpenSSH_9.2\r\n") },
        Case(testDescription: "sends a broken chunk size", error: "connection_lost") {
            $0.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n")
        },
        Case(testDescription: "has headers without end", error: "response_too_large") { connection in
            connection.write("HTTP/1.1 200 OK\r\n")
            let line = "X-Filler: \(String(repeating: "f", count: 1000))\r\n"
            while connection.write(line) {}
        },
        Case(testDescription: "has one header line without end", error: "response_too_large") { connection in
            connection.write("HTTP/1.1 200 OK\r\nX-Filler: ")
            let part = String(repeating: "f", count: 1000)
            while connection.write(part) {}
        },
    ]

    /// Secrets wherever a request can have some: none may be in any error.
    static func planted(_ url: String) -> TransportRequest {
        TransportRequest(
            url: url.replacing("http://", with: "http://planted-user:planted-password@") + "/p?token=planted-query",
            headers: [.authorization: "Bearer planted-token", .init("X-Api-Key")!: "planted-key"],
            timeouts: TransportTimeouts(connect: .seconds(5), total: .seconds(20), idle: nil),
            responseLimit: 1 << 20
        )
    }

    @Test(arguments: cases) func isAnErrorWithoutSecrets(_ given: Case) async throws {
        let server = try ScriptedServer { connection in
            guard connection.readRequest() != nil else { return }
            given.serve(connection)
        }
        let error = await expectFailure(Self.planted(server.url)) { _ in true }
        let text = "\(error as Any) \(String(reflecting: error))"
        #expect(!text.contains("planted"), "\(text)")
        #expect(error?.label == given.error, "\(text)")
    }

    @Test func aClosedPortIsNoConnection() async throws {
        let (fd, port) = try ScriptedServer.listen(backlog: 1)
        close(fd)
        let error = await expectFailure(Self.planted("http://127.0.0.1:\(port)")) {
            if case .couldNotConnect(let host, _) = $0 { host == "127.0.0.1:\(port)" } else { false }
        }
        #expect(!"\(error as Any)".contains("planted"))
        #expect(error?.isBeforeSending == true)
    }

    @Test func anUnknownHostIsNoConnection() async {
        let error = await expectFailure(Self.planted("http://no-such-host.invalid")) {
            if case .couldNotConnect(host: "no-such-host.invalid", _) = $0 { true } else { false }
        }
        #expect(!"\(error as Any)".contains("planted"))
    }

    @Test func aHeaderWithALineBreakIsNeverSent() async throws {
        let server = try ScriptedServer { connection in
            if let request = connection.readRequest() { connection.note(request.head) }
            connection.write("HTTP/1.1 204 No Content\r\n\r\n")
        }
        // The field itself replaces what can't be in a header; should it ever stop to, the transport refuses.
        let request = TransportRequest(url: server.url, headers: [.init("X-A")!: "a\r\nX-Injected: b"])
        _ = try await transport.send(request)
        let head = await RequestTests.received(by: server)
        #expect(!head.contains("\nX-Injected"))
    }

    // MARK: Time

    @Test func anAnswerThatDoesNotComeEndsWithTheTotalTimeout() async throws {
        let server = try ScriptedServer { connection in
            _ = connection.readRequest()
            connection.waitForClose()
        }
        var request = Self.planted(server.url)
        request.timeouts.total = .milliseconds(400)
        await expectFailure(request) { $0 == .timedOut(.total) }
        await server.waitFor(.clientClosed)
    }

    @Test func aBodyThatNeverEndsEndsWithTheTotalTimeout() async throws {
        let server = try ScriptedServer { connection in
            _ = connection.readRequest()
            connection.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            while connection.writeChunk("tick") { usleep(5_000) }
        }
        var request = TransportRequest(url: server.url)
        request.timeouts.total = .milliseconds(400)
        await expectFailure(request) { $0 == .timedOut(.total) }
    }

    @Test func aStreamThatFallsSilentEndsWithTheIdleTimeout() async throws {
        let server = try ScriptedServer { connection in
            _ = connection.readRequest()
            connection.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            // Longer in all than the idle timeout: what counts is each silence.
            for _ in 0..<8 { _ = connection.writeChunk("x"); usleep(150_000) }
            connection.waitForClose()
        }
        let response = try await transport.send(
            TransportRequest(url: server.url, timeouts: .stream(idle: .seconds(1))))
        var read = 0
        do throws(TransportError) {
            for try await chunk in response.body { read += chunk.count }
            Issue.record("the silence went unnoticed")
        } catch {
            #expect(error == .timedOut(.idle))
        }
        #expect(read == 8)
        await server.waitFor(.clientClosed)
    }

    @Test func aServerThatNeverAcceptsEndsWithTheConnectTimeout() async throws {
        // A queue of one that is full: the kernel ignores further attempts.
        let (listener, port) = try ScriptedServer.listen(backlog: 0)
        defer { close(listener) }
        let fillers = (0..<4).map { _ in Self.startConnecting(to: port) }
        defer { fillers.forEach { _ = close($0) } }
        var request = Self.planted("http://127.0.0.1:\(port)")
        request.timeouts.connect = .milliseconds(200)
        await expectFailure(request) { $0 == .timedOut(.connect) }
    }

    @Test func aRequestThatFindsAllConnectionsTakenDoesNotWaitForever() async throws {
        let server = try ScriptedServer { connection in
            _ = connection.readRequest()
            connection.waitForClose()
        }
        let request = TransportRequest(
            url: server.url, timeouts: TransportTimeouts(connect: .milliseconds(500), total: .seconds(2), idle: nil), lane: .lease)
        let errors = await withTaskGroup(of: TransportError?.self) { group in
            for _ in 0..<3 { group.addTask { [transport] in await expectFailure(request, over: transport) { _ in true } } }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(errors == [.timedOut(.connect), .timedOut(.total), .timedOut(.total)])
    }

    private static func startConnecting(to port: Int) -> Int32 {
        let fd = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        address.sin_port = UInt16(port).bigEndian
        _ = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(fd, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
        }
        return fd
    }
}
