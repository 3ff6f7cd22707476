import Glibc
import Synchronization

/// Hands bytes on between a client and a server, and can stop handing on what the server says.
///
/// The controller's writes travel on connections of their own, which are opened when they are first needed. So a connection that
/// is opened after the start is the first write, and freezing the others makes its caches stale.
final class FreezingProxy: Sendable {
    private struct State {
        var freezesAtNextConnection: Bool = false
        /// Numbers of the connections from which nothing is handed on to the client.
        var frozen: Set<Int> = []
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

    /// As soon as one more connection is opened, the present ones hear nothing more.
    func freezeAtNextConnection() { state.withLock { $0.freezesAtNextConnection = true } }

    /// Everything that was held back is handed on.
    func thaw() {
        state.withLock { state in
            state.frozen = []
            state.freezesAtNextConnection = false
        }
    }

    private func accepted() -> Int {
        state.withLock { state in
            if state.freezesAtNextConnection {
                state.freezesAtNextConnection = false
                state.frozen = Set(0..<state.count)
            }
            state.count += 1
            return state.count - 1
        }
    }

    private func isFrozen(_ number: Int) -> Bool { state.withLock { $0.frozen.contains(number) } }

    private func pump(_ client: Int32, _ server: Int32, _ number: Int) {
        var buffer: [UInt8] = Array(repeating: 0, count: 65536)
        defer {
            close(client)
            close(server)
        }
        while true {
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
