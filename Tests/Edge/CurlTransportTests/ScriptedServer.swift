import Glibc
import Synchronization
import Testing

/// A server on a free loopback port that does what its script says with each connection, on threads of its own.
final class ScriptedServer: Sendable {
    /// What a test can wait for. Nothing is ever polled.
    enum Event: Sendable, Equatable {
        case accepted
        /// The client closed its side, or reset the connection.
        case clientClosed
        /// The client takes no more: so many bytes went into the connection before.
        case blocked(after: Int)
        case note(String)
    }

    let port: Int
    let events: AsyncStream<Event>
    private let tell: AsyncStream<Event>.Continuation
    private let listener: Int32
    private let connections = OpenConnections()

    /// - Parameter script: called for each connection, with its number from 0; the connection is closed after it.
    init(_ script: @escaping @Sendable (Connection) -> Void) throws {
        let (listener, port) = try Self.listen(backlog: 64)
        (self.listener, self.port) = (listener, port)
        (events, tell) = AsyncStream.makeStream()
        let tell = tell
        startThread { [connections] in
            var number = 0
            while true {
                let fd = accept(listener, nil, nil)
                guard fd >= 0 else { break }
                _ = fcntl(fd, F_SETFD, FD_CLOEXEC)
                connections.add(fd)
                tell.yield(.accepted)
                let connection = Connection(fd: fd, number: number, tell: tell)
                number += 1
                startThread {
                    script(connection)
                    connections.close(fd)
                }
            }
            close(listener)
        }
    }

    deinit {
        tell.finish()
        _ = Glibc.shutdown(listener, Int32(SHUT_RDWR))
        connections.shutDownAll()
    }

    var url: String { "http://127.0.0.1:\(port)" }

    /// Waits for an event like this one, passing over others.
    func waitFor(_ matches: (Event) -> Bool) async {
        for await event in events where matches(event) { return }
        Issue.record("the event did not come")
    }

    func waitFor(_ event: Event) async { await waitFor { $0 == event } }

    static func listen(backlog: Int32) throws -> (fd: Int32, port: Int) {
        let fd = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let bound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(fd, $0, length) == 0 && Glibc.listen(fd, backlog) == 0 && getsockname(fd, $0, &length) == 0
            }
        }
        try #require(bound, "no free loopback port: \(String(cString: strerror(errno)))")
        return (fd, Int(UInt16(bigEndian: address.sin_port)))
    }
}

/// Ends the scripts that still run when their server goes away.
private final class OpenConnections: Sendable {
    private let open = Mutex<Set<Int32>>([])

    func add(_ fd: Int32) { open.withLock { _ = $0.insert(fd) } }

    /// Under the lock, so that a number that is in use again is never shut down.
    func close(_ fd: Int32) {
        open.withLock { open in
            if open.remove(fd) != nil { Glibc.close(fd) }
        }
    }

    func shutDownAll() {
        open.withLock { for fd in $0 { _ = Glibc.shutdown(fd, Int32(SHUT_RDWR)) } }
    }
}

/// One accepted connection, used by its script's thread.
struct Connection: Sendable {
    let fd: Int32
    let number: Int
    fileprivate let tell: AsyncStream<ScriptedServer.Event>.Continuation

    struct Request: Sendable {
        var head: String
        var body: String
        var line: String { String(head.prefix { $0 != "\r\n" }) }
    }

    func note(_ text: String) { tell.yield(.note(text)) }

    /// Nil when the client has closed.
    func readRequest() -> Request? {
        var bytes: [UInt8] = []
        let end = Array("\r\n\r\n".utf8)
        while true {
            guard let byte = readByte() else { return nil }
            bytes.append(byte)
            if byte == end[3], bytes.suffix(4).elementsEqual(end) { break }
        }
        let head = String(decoding: bytes, as: UTF8.self)
        var length = 0
        for line in head.split(separator: "\r\n") where line.lowercased().hasPrefix("content-length:") {
            length = Int(line.dropFirst(15).drop { $0 == " " }) ?? 0
        }
        var body: [UInt8] = []
        while body.count < length, let byte = readByte() { body.append(byte) }
        return Request(head: head, body: String(decoding: body, as: UTF8.self))
    }

    private func readByte() -> UInt8? {
        var byte: UInt8 = 0
        while true {
            let count = recv(fd, &byte, 1, 0)
            if count == 1 { return byte }
            if count == 0 || errno != EINTR { return nil }
        }
    }

    /// False when the client has closed.
    @discardableResult func write(_ text: String) -> Bool { write(Array(text.utf8)) }

    @discardableResult func write(_ bytes: [UInt8]) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.send(fd, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            if count < 0 {
                if errno == EINTR { continue }
                return false
            }
            rest = rest.dropFirst(count)
        }
        return true
    }

    func writeChunk(_ text: String) -> Bool {
        write(String(text.utf8.count, radix: 16) + "\r\n" + text + "\r\n")
    }

    /// Writes until the client takes no more for a while, says so, then goes on. Says also when the client closes.
    func writeAndTellWhenBlocked(total: Int) {
        let block = [UInt8](repeating: 0x61, count: 64 << 10)
        _ = fcntl(fd, F_SETFL, O_NONBLOCK)
        var written = 0
        while written < total {
            let part = min(block.count, total - written)
            let count = block.withUnsafeBytes { Glibc.send(fd, $0.baseAddress, part, Int32(MSG_NOSIGNAL)) }
            if count > 0 { written += count; continue }
            guard errno == EAGAIN else { return tell.yield(.clientClosed).ignored }
            var waiting = pollfd(fd: fd, events: Int16(POLLOUT), revents: 0)
            if poll(&waiting, 1, 250) == 0 {
                tell.yield(.blocked(after: written))
                _ = poll(&waiting, 1, -1)
            }
        }
        _ = fcntl(fd, F_SETFL, 0)
    }

    /// Blocks until the client closes or resets.
    func waitForClose() {
        while readByte() != nil {}
        tell.yield(.clientClosed)
    }

    /// Closes with a reset in place of an orderly end.
    func reset() {
        var linger = linger(l_onoff: 1, l_linger: 0)
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<Glibc.linger>.size))
    }
}

private extension AsyncStream.Continuation.YieldResult {
    var ignored: Void { () }
}

/// A door that is opened once: a script waits in front of it on its own thread.
final class Gate: Sendable {
    private let ends: (read: Int32, write: Int32)

    init() {
        var fds: [Int32] = [0, 0]
        precondition(pipe(&fds) == 0, "no pipe for a gate")
        ends = (fds[0], fds[1])
    }

    deinit { close(ends.read); close(ends.write) }

    func open() { var byte: UInt8 = 1; _ = Glibc.write(ends.write, &byte, 1) }
    func wait() { var byte: UInt8 = 0; _ = Glibc.read(ends.read, &byte, 1) }
}

/// Runs `body` on a new detached thread.
func startThread(_ body: @escaping @Sendable () -> Void) {
    final class Box: Sendable {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }
    var thread = pthread_t()
    let code = pthread_create(&thread, nil, { raw in
        if let raw { Unmanaged<Box>.fromOpaque(raw).takeRetainedValue().body() }
        return nil
    }, Unmanaged.passRetained(Box(body)).toOpaque())
    precondition(code == 0, "no thread for the test server")
    pthread_detach(thread)
}
