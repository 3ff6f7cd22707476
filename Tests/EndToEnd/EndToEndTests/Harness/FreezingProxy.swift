import Glibc
import Synchronization

/// Hands bytes on between a client and a server, and can lose the answer to a write together with all news of it.
///
/// The controller's reads share the connection that it opens first; its writes travel on others.
final class FreezingProxy: Sendable {
    private struct State {
        /// From which number on a connection is too new to lose an answer: its handshake would be lost instead. Nil: none is lost.
        var losesBelow: Int?
        /// The connection whose next answer is lost.
        var victim: Int?
        var closesVictim: Bool = false
        /// Whether nothing of the first connection is handed on to the client.
        var isFrozen: Bool = false
        var count: Int = 0
    }

    let port: Int
    private let listener: Int32
    private let state = Mutex(State())

    init(target: Int) throws {
        (listener, port) = try bindLoopback()
        guard listen(listener, 16) == 0 else { throw CommandFailure("cannot listen: \(String(cString: strerror(errno)))") }
        startThread { [listener, weak self] in
            while true {
                let client: Int32 = accept(listener, nil, nil)
                guard client >= 0 else {
                    if errno == EINTR || errno == ECONNABORTED { continue }
                    break
                }
                _ = fcntl(client, F_SETFD, FD_CLOEXEC)
                guard let self, let server = Self.connect(to: target) else {
                    close(client)
                    continue
                }
                let number: Int = accepted()
                startThread { self.pump(client, server, number) }
            }
            close(listener)
        }
    }

    deinit { shutdown(listener, Int32(SHUT_RDWR)) }

    /// The next write is handed on and its answer is not, and the watches hear nothing.
    func holdNextAnswer() { state.withLock { $0.losesBelow = $0.count } }

    /// The connection whose answer is held is closed without it.
    func loseAnswer() { state.withLock { $0.closesVictim = true } }

    /// Everything that was held back is handed on.
    func thaw() { state.withLock { $0.isFrozen = false } }

    /// How many connections there were.
    var connections: Int { state.withLock { $0.count } }

    private func accepted() -> Int {
        state.withLock { state in
            state.count += 1
            return state.count - 1
        }
    }

    /// Before it is handed on, so that the news of a write finds the watches frozen.
    private func clientSpoke(on number: Int) {
        state.withLock { state in
            guard let bound = state.losesBelow, number != 0, number < bound else { return }
            state.losesBelow = nil
            state.victim = number
            state.isFrozen = true
        }
    }

    private func isToBeClosed(_ number: Int) -> Bool { state.withLock { $0.victim == number && $0.closesVictim } }

    private func isFrozen(_ number: Int) -> Bool { state.withLock { number == 0 && $0.isFrozen || number == $0.victim } }

    private func pump(_ client: Int32, _ server: Int32, _ number: Int) {
        var buffer: [UInt8] = Array(repeating: 0, count: 65536)
        defer {
            close(client)
            close(server)
        }
        while true {
            if isToBeClosed(number) { return }
            let listens: Bool = !isFrozen(number)
            var polled: [pollfd] = [
                pollfd(fd: client, events: Int16(POLLIN), revents: 0), pollfd(fd: listens ? server : -1, events: Int16(POLLIN), revents: 0),
            ]
            // A frozen connection is looked at again and again; what the server says meanwhile waits in its socket.
            guard poll(&polled, 2, 50) >= 0 || errno == EINTR else { return }
            for (index, (from, to)) in [(client, server), (server, client)].enumerated() where polled[index].revents != 0 {
                // It may have been frozen since.
                if index == 1, isFrozen(number) { continue }
                let count: Int = recv(from, &buffer, buffer.count, 0)
                guard count > 0 else { return }
                if index == 0 { clientSpoke(on: number) }
                var rest: ArraySlice<UInt8> = buffer[..<count]
                while !rest.isEmpty {
                    let sent: Int = rest.withUnsafeBytes { send(to, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
                    guard sent > 0 else { return }
                    rest = rest.dropFirst(sent)
                }
            }
        }
    }

    private static func connect(to port: Int) -> Int32? {
        let descriptor: Int32 = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let isConnected: Bool = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        if isConnected { return descriptor }
        close(descriptor)
        return nil
    }
}
