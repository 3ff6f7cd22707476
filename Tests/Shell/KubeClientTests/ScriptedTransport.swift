import Clockwork
import HTTPTransport
import HTTPTypes
import KubeClient
import StrictJSON
import Synchronization

/// Answers requests from a script, in order, and remembers what was asked.
final class ScriptedTransport: HTTPTransport {
    enum Answer: Sendable {
        case response(Int, String, HTTPFields = [:])
        case failure(TransportError)
    }

    private let state: Mutex<(script: [Answer], requests: [TransportRequest])>

    init(_ script: Answer...) { state = Mutex((script, [])) }

    var requests: [TransportRequest] { state.withLock { $0.requests } }

    func send(_ request: TransportRequest) async throws(TransportError) -> TransportResponse {
        let answer: Answer = state.withLock { state in
            state.requests.append(request)
            return state.script.isEmpty ? .failure(.transportFailed(cause: "the script is over")) : state.script.removeFirst()
        }
        switch answer {
        case .response(let status, let body, let headers):
            return TransportResponse(status: status, headers: headers, body: ResponseBody(bytes: Array(body.utf8)))
        case .failure(let error): throw error
        }
    }
}

/// A clock that only moves when it is told to; nobody sleeps by it.
final class StandingClock: ControlClock {
    typealias Duration = Swift.Duration
    private let time: Mutex<Timestamp>

    init(_ start: Timestamp = Timestamp(secondsSince1970: 1_772_359_200)) { time = Mutex(start) }

    var now: Timestamp { time.withLock { $0 } }
    var minimumResolution: Duration { .nanoseconds(1) }
    func advance(by duration: Duration) { time.withLock { $0 += duration } }
    func sleep(until deadline: Timestamp, tolerance: Duration?) async throws { advance(by: now.duration(to: deadline)) }
}

func client(
    _ transport: some HTTPTransport, connection: ClusterConnection = ClusterConnection(server: "https://api:6443/"),
    clock: any ControlClock = StandingClock(), budget: RateBudget = .unlimited, files: FileSource = .memory([:]),
    plugins: (any ExecCredentialRunner)? = nil, observe: (@Sendable (RequestRecord) -> Void)? = nil
) -> KubeClient {
    KubeClient(
        connection: connection, transport: transport, clock: clock, version: "1.0", budget: budget, files: files, plugins: plugins,
        observe: observe)
}
