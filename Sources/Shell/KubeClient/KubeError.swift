public import KubeModel
import HTTPTransport

/// Why a call to the API server failed, by what the caller should do about it.
///
/// Texts never hold a token: they come from the server's Status objects and from causes that the transport has cleaned.
public enum KubeError: Error, Sendable, Hashable {
    /// There is no such object, or no such kind.
    case notFound(String)
    /// Someone wrote first. Read again, decide again.
    case conflict(String)
    /// An object of this name is there already: done, if it is ours.
    case alreadyExists(String)
    /// The server will not accept this request as it is. A JSON patch whose `test` fails is answered so as well.
    case invalid(APIStatus)
    /// We may not do this. Someone has to change a role, a quota or an admission policy.
    case forbidden(verb: String, resource: String, status: APIStatus)
    /// The server does not know us.
    case unauthorized(String)
    /// The version to watch from, or to continue a list at, is too old. List from the start.
    case gone(String)
    /// We ask too often. Try later, not before `after`.
    case tooManyRequests(after: Duration?)
    /// Try later, not before `after`. A write may have been carried out.
    case unavailable(after: Duration?, cause: String)
    /// The server does not have this verb, patch type or representation.
    case unsupported(APIStatus)
    /// The answer is no answer of a Kubernetes API.
    case badResponse(String)
    /// Settings of the connection have to change before anything can work.
    case misconfigured(String)
    /// Writing is not allowed now: this process does not lead, or not for long enough.
    case notLeading(String)
    /// The task was cancelled.
    case cancelled

    /// A name from a bounded set, for metric labels.
    public var label: String {
        switch self {
        case .notFound: "not_found"
        case .conflict: "conflict"
        case .alreadyExists: "already_exists"
        case .invalid: "invalid"
        case .forbidden: "forbidden"
        case .unauthorized: "unauthorized"
        case .gone: "gone"
        case .tooManyRequests: "too_many_requests"
        case .unavailable: "unavailable"
        case .unsupported: "unsupported"
        case .badResponse: "bad_response"
        case .misconfigured: "misconfigured"
        case .notLeading: "not_leading"
        case .cancelled: "cancelled"
        }
    }

    /// The right that was missing; nil where something else went wrong, also where a quota or an admission policy forbids.
    public var missingRight: MissingRight? {
        if case .forbidden(_, _, let status) = self { MissingRight(saidBy: status) } else { nil }
    }

    /// How long the server asks us to wait; nil where it does not say.
    public var retryAfter: Duration? {
        switch self {
        case .tooManyRequests(let after), .unavailable(let after, _): after
        case .notFound, .conflict, .alreadyExists, .invalid, .forbidden, .unauthorized, .gone, .unsupported, .badResponse,
             .misconfigured, .notLeading, .cancelled: nil
        }
    }
}

extension KubeError: CustomStringConvertible {
    /// For people: what happened and, where it is not obvious, what to do.
    public var description: String {
        switch self {
        case .notFound(let text), .conflict(let text), .alreadyExists(let text), .gone(let text): text
        case .invalid(let status), .unsupported(let status): status.message
        case .forbidden(let verb, let resource, let status):
            status.message.isEmpty ? "the server does not let us \(verb) \(resource)" : status.message
        case .unauthorized(let text): "the server does not accept our credentials: \(text)"
        case .tooManyRequests(let after):
            "the server has too many requests" + (after.map { "; it asks to wait \($0.components.seconds) s" } ?? "")
        case .unavailable(_, let cause): cause
        case .badResponse(let cause): "this is no answer of a kubernetes api: \(cause)"
        case .misconfigured(let cause): cause
        case .notLeading(let cause): cause
        case .cancelled: "cancelled"
        }
    }
}

extension KubeError {
    /// What a transport error means for a caller.
    init(_ error: TransportError) {
        switch error {
        case .cancelled: self = .cancelled
        // A certificate can be rotated while we run, so a broken handshake is worth another try.
        case .timedOut, .couldNotConnect, .proxy, .tls, .connectionLost, .transportFailed:
            self = .unavailable(after: nil, cause: error.description)
        case .responseTooLarge, .lineTooLong, .badResponse: self = .badResponse(error.description)
        case .invalidURL, .invalidRequest: self = .misconfigured(error.description)
        }
    }

    /// What a failed response means for a caller.
    ///
    /// - Parameters:
    ///   - status: as the server wrote it, or made from the HTTP status where it wrote no Status.
    ///   - retryAfter: from the header; the Status may say it too.
    ///   - subject: what the request was about, for messages of servers that say nothing themselves.
    init(_ status: APIStatus, retryAfter: Duration?, verb: String, resource: String, subject: String) {
        let text = status.message.isEmpty ? "\(subject): http status \(status.code)" : status.message
        let after = retryAfter ?? status.retryAfterSeconds.map { .seconds($0) }
        switch status.code {
        case 401: self = .unauthorized(text)
        case 403: self = .forbidden(verb: verb, resource: resource, status: status)
        case 404: self = .notFound(text)
        case 409: self = status.reason == "AlreadyExists" ? .alreadyExists(text) : .conflict(text)
        case 410: self = .gone(text)
        case 405, 406, 415: self = .unsupported(status)
        case 429: self = .tooManyRequests(after: after)
        case 408, 500...599: self = .unavailable(after: after, cause: text)
        case 400..<500: self = .invalid(status)
        default: self = .badResponse("\(subject): http status \(status.code)")
        }
    }
}
