import CCurl
import Glibc
import HTTPTransport
import Synchronization

/// HTTP over libcurl: HTTP/2 where it is offered over TLS, connections reused, bodies streamed with back-pressure.
///
/// Dropping the transport closes all transfers, as ``shutdown()`` does, but without waiting.
public final class CurlTransport: HTTPTransport {
    private struct State {
        var lanes: [TransportLane: CurlDriver] = [:]
        var isShutDown = false
    }

    private let state = Mutex(State())
    private let environment: ProxyEnvironment

    /// Threads and handles are made when the first request of a lane comes.
    /// - Parameter environment: where the proxy variables are looked up, by name. Nil: the process's environment.
    public init(environment: [String: String]? = nil) {
        self.environment = environment.map { ProxyEnvironment(variables: $0) } ?? ProxyEnvironment.ofProcess()
    }

    deinit {
        for driver in state.withLock({ $0.lanes.values }) { driver.loop.stop() }
    }

    public func send(_ request: TransportRequest) async throws(TransportError) -> TransportResponse {
        let url = try TransportURL(request.url)
        let driver = try driver(of: request.lane)
        let exchange = CurlExchange(request: request, url: url, route: environment.route(for: request, to: url))
        let result = await withTaskCancellationHandler {
            await driver.open(exchange)
        } onCancel: {
            driver.loop.post(.cancel(exchange.id))
        }
        return try result.get()
    }

    /// Ends all transfers with ``TransportError/cancelled``, closes all connections and ends the threads.
    /// Later requests fail with the same error.
    public func shutdown() async {
        let drivers = state.withLock { state in
            state.isShutDown = true
            return TransportLane.allCases.compactMap { state.lanes[$0] }
        }
        for driver in drivers { driver.loop.stop() }
        for driver in drivers { await driver.loop.ended() }
    }

    private func driver(of lane: TransportLane) throws(TransportError) -> CurlDriver {
        let result = state.withLock { state -> Result<CurlDriver, TransportError> in
            if state.isShutDown { return .failure(.cancelled) }
            if let driver = state.lanes[lane] { return .success(driver) }
            do throws(TransportError) {
                let driver = try CurlDriver.started(for: lane)
                state.lanes[lane] = driver
                return .success(driver)
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }
}

/// A request on its way to the driver: what the caller wants, its URL taken apart, and by which proxy it goes.
struct CurlExchange: Sendable {
    let id: UInt64
    let request: TransportRequest
    let url: TransportURL
    let route: ProxyRoute

    private static let lastID = Atomic<UInt64>(0)

    init(request: TransportRequest, url: TransportURL, route: ProxyRoute) {
        id = Self.lastID.add(1, ordering: .relaxed).newValue
        self.request = request
        self.url = url
        self.route = route
    }
}
