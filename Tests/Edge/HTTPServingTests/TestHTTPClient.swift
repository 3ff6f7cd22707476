import NIOCore
import NIOPosix

/// The least HTTP/1.1 client that can see what a listener really sends: one connection, bodies by length or in chunks.
struct TestHTTPClient: Sendable {
    let port: Int

    /// Opens a connection for as long as `body` runs, and closes it then.
    func connected<Value: Sendable>(_ body: (TestConnection) async throws -> Value) async throws -> Value {
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton).connect(host: "127.0.0.1", port: port) { channel in
            channel.eventLoop.makeCompletedFuture {
                try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
            }
        }
        return try await channel.executeThenClose { inbound, outbound in
            try await body(TestConnection(inbound: inbound.makeAsyncIterator(), outbound: outbound))
        }
    }

    /// One request on a connection of its own.
    func send(_ method: String, _ target: String, headers: [(name: String, value: String)] = [], body: [UInt8] = []) async throws -> TestAnswer {
        try await connected { connection in
            try await connection.request(method, target, headers: headers + [(name: "Connection", value: "close")], body: body)
            return try await connection.answer(hasBody: method != "HEAD")
        }
    }
}

struct TestAnswer: Sendable {
    var status: Int
    /// Names in lower case.
    var headers: [String: String]
    var body: [UInt8] = []
}

struct ConnectionClosed: Error {}

final class TestConnection {
    private var inbound: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator
    private let outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
    private var received: [UInt8] = []

    init(inbound: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator, outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>) {
        self.inbound = inbound
        self.outbound = outbound
    }

    func request(_ method: String, _ target: String, headers: [(name: String, value: String)] = [], body: [UInt8] = []) async throws {
        var head = "\(method) \(target) HTTP/1.1\r\nHost: test\r\nContent-Length: \(body.count)\r\n"
        for header in headers { head += "\(header.name): \(header.value)\r\n" }
        try await outbound.write(ByteBuffer(bytes: Array((head + "\r\n").utf8) + body))
    }

    /// Reads status and headers, and the body where it has a length or ends.
    func answer(hasBody: Bool = true) async throws -> TestAnswer {
        var answer = try await head()
        guard hasBody else { return answer }
        if answer.headers["transfer-encoding"] == "chunked" {
            while let chunk = try await chunk() { answer.body += chunk }
        } else {
            answer.body = try await bytes(Int(answer.headers["content-length"] ?? "0") ?? 0)
        }
        return answer
    }

    func head() async throws -> TestAnswer {
        let status = try await line()
        var headers: [String: String] = [:]
        while case let line = try await line(), !line.isEmpty {
            let parts = line.split(separator: ":", maxSplits: 1)
            headers[parts[0].lowercased()] = parts.count == 2 ? String(parts[1].drop { $0 == " " }) : ""
        }
        return TestAnswer(status: Int(status.split(separator: " ")[1]) ?? 0, headers: headers)
    }

    /// The next chunk of a chunked body; nil at its end.
    func chunk() async throws -> [UInt8]? {
        guard let length = Int(try await line(), radix: 16) else { throw ConnectionClosed() }
        let bytes = try await bytes(length)
        _ = try await line()
        return length == 0 ? nil : bytes
    }

    private func line() async throws -> String {
        while true {
            if let end = received.indices.first(where: { received[$0] == 10 && $0 > 0 && received[$0 - 1] == 13 }) {
                let line = String(decoding: received[..<(end - 1)], as: UTF8.self)
                received.removeFirst(end + 1)
                return line
            }
            try await receive()
        }
    }

    private func bytes(_ count: Int) async throws -> [UInt8] {
        while received.count < count { try await receive() }
        defer { received.removeFirst(count) }
        return Array(received.prefix(count))
    }

    private func receive() async throws {
        guard let buffer = try await inbound.next() else { throw ConnectionClosed() }
        received += buffer.readableBytesView
    }
}
