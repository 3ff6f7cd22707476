/// Why there is no response, or not all of it, by what the caller should do about it.
///
/// No cause ever holds a credential, a user name of a URL, or a query: see ``TransportRequest/redacting(_:proxies:)``.
public enum TransportError: Error, Sendable, Hashable {
    /// The caller's task was cancelled, or the transport was shut down.
    case cancelled
    /// Try again later; the request may have been carried out unless the phase is `.connect`.
    case timedOut(TransportPhase)
    /// The server was not reached: the request was not carried out.
    case couldNotConnect(host: String, cause: String)
    /// The proxy was not reached, or would not let us through: the request was not carried out.
    case proxy(cause: String)
    /// Certificates, keys or protocol versions don't fit: settings must change before it can work.
    case tls(cause: String)
    /// The connection broke after it was made: the request may have been carried out.
    case connectionLost(cause: String)
    /// The body, or the headers, are longer than the request allows.
    case responseTooLarge(limit: Int)
    /// A line of a streamed body is longer than its reader allows.
    case lineTooLong(limit: Int)
    /// The peer sent something that is not HTTP.
    case badResponse(cause: String)
    /// The URL can never work.
    case invalidURL(cause: String)
    /// Something else in the request can never work.
    case invalidRequest(cause: String)
    /// The transport itself can't go on, for instance for lack of memory.
    case transportFailed(cause: String)

    /// A name from a bounded set, for metric labels.
    public var label: String {
        switch self {
        case .cancelled: "cancelled"
        case .timedOut(let phase): "timeout_\(phase.rawValue)"
        case .couldNotConnect: "connect"
        case .proxy: "proxy"
        case .tls: "tls"
        case .connectionLost: "connection_lost"
        case .responseTooLarge: "response_too_large"
        case .lineTooLong: "line_too_long"
        case .badResponse: "bad_response"
        case .invalidURL: "invalid_url"
        case .invalidRequest: "invalid_request"
        case .transportFailed: "transport_failed"
        }
    }

    /// Whether the server can't have seen the request, so that repeating it is safe whatever it does.
    public var isBeforeSending: Bool {
        switch self {
        case .timedOut(let phase): phase == .connect
        case .couldNotConnect, .proxy, .tls, .invalidURL, .invalidRequest: true
        case .cancelled, .connectionLost, .responseTooLarge, .lineTooLong, .badResponse, .transportFailed: false
        }
    }
}

/// The part of a transfer that took too long.
public enum TransportPhase: String, Sendable, Hashable {
    /// No connection in time.
    case connect
    /// No bytes for longer than allowed.
    case idle
    /// The whole exchange took longer than allowed.
    case total
}

extension TransportError: CustomStringConvertible {
    /// For people: lower case, no type names.
    public var description: String {
        switch self {
        case .cancelled: "the request was cancelled"
        case .timedOut(.connect): "no connection within the connect timeout"
        case .timedOut(.idle): "the peer sent nothing for longer than the idle timeout"
        case .timedOut(.total): "no complete response within the total timeout"
        case .couldNotConnect(let host, let cause): "no connection to \(host): \(cause)"
        case .proxy(let cause): "no way through the proxy: \(cause)"
        case .tls(let cause): "no secure connection: \(cause)"
        case .connectionLost(let cause): "the connection was lost: \(cause)"
        case .responseTooLarge(let limit): "the response is longer than the limit of \(limit) bytes"
        case .lineTooLong(let limit): "a line of the response is longer than the limit of \(limit) bytes"
        case .badResponse(let cause): "the answer is not valid HTTP: \(cause)"
        case .invalidURL(let cause): "the url is not usable: \(cause)"
        case .invalidRequest(let cause): "the request is not usable: \(cause)"
        case .transportFailed(let cause): "the http client can't go on: \(cause)"
        }
    }
}
