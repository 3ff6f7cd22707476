import Glibc
import Synchronization

/// A small HTTP server that Prometheus scrapes: the counters of an application whose canary fails as often as a test wants.
final class MetricsExporter: Sendable {
    /// Requests that the application gets.
    private static let requestsPerSecond: Double = 200

    /// What always fails, whatever the version: below the 1 % that the guide's condition allows.
    private static let errorRatioOfAll: Double = 0.002

    private struct State {
        var succeeded: Double = 0
        var failed: Double = 0
        var shareOfCanary: Double = 0
        var errorRatioOfCanary: Double = 0
        var countedUntil: Double = MetricsExporter.seconds()
        var scrapes: Int = 0

        /// Lets the traffic since the last call pass at the present shares.
        mutating func advance() {
            let now: Double = MetricsExporter.seconds()
            let requests: Double = max(0, now - countedUntil) * MetricsExporter.requestsPerSecond
            countedUntil = now
            let ratio: Double = min(1, MetricsExporter.errorRatioOfAll + shareOfCanary * errorRatioOfCanary)
            failed += requests * ratio
            succeeded += requests * (1 - ratio)
        }
    }

    let port: Int
    private let listener: Int32
    private let state = Mutex(State())

    init() throws {
        (listener, port) = try Self.listen()
        // The thread ends with the listener; it must not keep the exporter alive.
        startThread { [listener, weak self] in
            while true {
                let connection: Int32 = accept(listener, nil, nil)
                guard connection >= 0 else {
                    if errno == EINTR || errno == ECONNABORTED { continue }
                    break
                }
                _ = fcntl(connection, F_SETFD, FD_CLOEXEC)
                self?.answer(connection)
                close(connection)
            }
            close(listener)
        }
    }

    deinit { shutdown(listener, Int32(SHUT_RDWR)) }

    /// How much of the traffic the canary gets from now on, as the gateway says.
    func route(shareOfCanary share: Double) {
        state.withLock { state in
            state.advance()
            state.shareOfCanary = share
        }
    }

    /// How many of the canary's answers are errors from now on.
    func setErrorRatioOfCanary(_ ratio: Double) {
        state.withLock { state in
            state.advance()
            state.errorRatioOfCanary = ratio
        }
    }

    /// How many of the canary's answers are errors.
    var errorRatioOfCanary: Double { state.withLock { $0.errorRatioOfCanary } }

    /// How often it was scraped.
    var scrapes: Int { state.withLock { $0.scrapes } }

    /// What Prometheus reads.
    var page: String {
        let (succeeded, failed): (Double, Double) = state.withLock { state in
            state.advance()
            return (state.succeeded, state.failed)
        }
        return """
            # TYPE http_requests_total counter
            http_requests_total{job="my-app",status="200"} \(Int(succeeded))
            http_requests_total{job="my-app",status="500"} \(Int(failed))

            """
    }

    /// One request, one answer. Prometheus sends nothing but its GET.
    private func answer(_ connection: Int32) {
        var patience = timeval(tv_sec: 2, tv_usec: 0)
        setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        var head: [UInt8] = []
        var chunk: [UInt8] = Array(repeating: 0, count: 4096)
        while !String(decoding: head, as: UTF8.self).contains("\r\n\r\n") {
            let count: Int = recv(connection, &chunk, chunk.count, 0)
            guard count > 0 else { return }
            head += chunk.prefix(count)
        }
        state.withLock { $0.scrapes += 1 }
        let body: String = page
        let answer: String = "HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\nContent-Length: \(body.utf8.count)\r\nConnection: close\r\n\r\n"
        var bytes: [UInt8] = Array((answer + body).utf8)
        send(connection, &bytes, bytes.count, Int32(MSG_NOSIGNAL))
    }

    private static func seconds() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    private static func listen() throws -> (Int32, Int) {
        let (descriptor, port) = try bindLoopback()
        guard Glibc.listen(descriptor, 16) == 0 else { throw CommandFailure("cannot listen: \(String(cString: strerror(errno)))") }
        return (descriptor, port)
    }
}

/// A socket bound to a free loopback port.
func bindLoopback() throws -> (descriptor: Int32, port: Int) {
    let descriptor: Int32 = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isBound: Bool = withUnsafeMutablePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            bind(descriptor, $0, length) == 0 && getsockname(descriptor, $0, &length) == 0
        }
    }
    guard isBound else { throw CommandFailure("no free loopback port: \(String(cString: strerror(errno)))") }
    return (descriptor, Int(UInt16(bigEndian: address.sin_port)))
}

/// A port that nothing listens on at this moment, for a program that wants to be told one.
func freePort() throws -> Int {
    let (descriptor, port) = try bindLoopback()
    close(descriptor)
    return port
}
