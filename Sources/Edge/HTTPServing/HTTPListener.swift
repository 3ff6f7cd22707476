public import EmbeddedAPIServer
import HTTPTypes
import HummingbirdCore
public import Logging
import NIOCore
import NIOPosix

/// Serves an `APIHandler` over HTTP/1.1: the embedded API server, or the health and metrics pages of a process.
public struct HTTPListener: Sendable {
    private let handler: any APIHandler
    private let host: String
    private let port: Int
    private let logger: Logger

    /// A listener that does nothing until `run` is called.
    ///
    /// - Parameter host: an address of this machine, by default the loopback; `0.0.0.0` for all.
    /// - Parameter port: 0 takes a free one.
    public init(handler: any APIHandler, host: String = "127.0.0.1", port: Int = 0, logger: Logger) {
        self.handler = handler
        self.host = host
        self.port = port
        self.logger = logger
    }

    /// Listens and serves until the task is cancelled; open streams then end, and connections are closed.
    ///
    /// - Parameter onListening: called once, with the port, when connections are accepted.
    /// - Throws: `ListenError` where the address cannot be had.
    public func run(onListening: @escaping @Sendable (Int) async -> Void = { _ in }) async throws(ListenError) {
        var quiet = logger
        // Hummingbird says at "info" that it listens, which our callers say themselves.
        quiet.logLevel = max(logger.logLevel, .warning)
        let server = Server(
            childChannelSetup: HTTP1Channel(responder: respond),
            configuration: ServerConfiguration(address: .hostname(host, port: port)),
            onServerRunning: { channel in await onListening(channel.localAddress?.port ?? 0) },
            eventLoopGroup: MultiThreadedEventLoopGroup.singleton, logger: quiet)
        do {
            try await server.run()
        } catch {
            throw ListenError(address: "\(host):\(port)", cause: "\(error)")
        }
    }

    private func respond(_ request: Request, _ writer: consuming ResponseWriter, _ channel: any Channel) async throws {
        let body: ByteBuffer
        do {
            body = try await request.body.collect(upTo: Self.bodyLimit)
        } catch is NIOTooManyBytesError {
            // The rest of the body is still on its way, so the connection is of no use afterwards.
            let headers: HTTPFields = [.connection: "close", .contentLength: "0"]
            return try await writer.writeResponse(HTTPResponse(status: .contentTooLarge, headerFields: headers))
        }
        let response = await handler.handle(
            APIRequest(request.method, request.head.path ?? "/", headers: request.headers, body: Array(body.readableBytesView)))
        var head = HTTPResponse(status: HTTPResponse.Status(code: response.status), headerFields: response.headers)
        switch response.body {
        case .bytes(let bytes):
            head.headerFields[.contentLength] = String(bytes.count)
            if request.method == .head { return try await writer.writeResponse(head) }
            try await writer.write(response: head, body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
        case .stream(let stream):
            if request.method == .head { return try await writer.writeResponse(head) }
            // So the channel closes when the client goes, and not only its reading half.
            try await channel.setOption(.allowRemoteHalfClosure, value: false).get()
            let departure = ClientDeparture(of: channel)
            let iterator = stream.makeAsyncIterator()
            var output = try await writer.writeHead(head)
            while let chunk = await departure.orNext(of: iterator) { try await output.write(ByteBuffer(bytes: chunk)) }
            try await output.finish(nil)
        }
    }

    /// More than any handler reads: the API server refuses bodies above 3 MiB with a Status of its own.
    private static let bodyLimit = 4 << 20
}

/// The listener could not start.
public struct ListenError: Error, Sendable, CustomStringConvertible {
    /// Host and port.
    public var address: String
    /// What the system said.
    public var cause: String

    public var description: String { "cannot listen on \(address): \(cause)" }
}
