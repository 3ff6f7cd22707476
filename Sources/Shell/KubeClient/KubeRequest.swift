public import Clockwork
public import KubeModel
import HTTPTransport
import HTTPTypes
import StrictJSON

/// One request to the API, before it has a server and credentials.
struct KubeRequest: Sendable {
    /// Kubernetes' verbs, as roles name them.
    enum Verb: String, Sendable {
        case get, list, watch, create, update, patch, delete

        var method: HTTPRequest.Method {
            switch self {
            case .get, .list, .watch: .get
            case .create: .post
            case .update: .put
            case .patch: .patch
            case .delete: .delete
            }
        }

        var budget: RateBudget.Kind {
            switch self {
            case .get, .list, .watch: .read
            case .create, .update, .patch, .delete: .write
            }
        }
    }

    enum MediaType: String, Sendable {
        case json = "application/json"
        case jsonPatch = "application/json-patch+json"
        case mergePatch = "application/merge-patch+json"
    }

    var verb: Verb
    /// Nil for paths outside the resources, such as those of discovery.
    var resource: GroupVersionResource?
    var namespace: String
    var name: String
    var path: String
    var query: [(name: String, value: String)] = []
    var body: (type: MediaType, value: JSONValue)?

    init(_ verb: Verb, _ resource: GroupVersionResource, namespace: String?, name: String? = nil, subresource: String? = nil) {
        self.verb = verb
        self.resource = resource
        self.namespace = namespace ?? ""
        self.name = name ?? ""
        path = resource.path(namespace: namespace, name: name, subresource: subresource)
    }

    init(path: String) {
        verb = .get
        namespace = ""
        name = ""
        self.path = path
    }

    /// What the request is about, for messages: `update rollouts.argoproj.io shop/checkout`.
    var subject: String {
        let object = name.isEmpty ? namespace : ObjectKey(namespace: namespace, name: name).description
        return [verb.rawValue, resource?.description ?? path, object].filter { !$0.isEmpty }.joined(separator: " ")
    }

    /// Events are told beside the work, and must not keep it waiting.
    var budget: RateBudget.Kind {
        verb.budget == .write && resource?.resource == "events" ? .event : verb.budget
    }

    var target: String {
        guard !query.isEmpty else { return path }
        return path + "?" + query.map { "\($0.name)=\(percentEncoded($0.value))" }.joined(separator: "&")
    }
}

/// What became of one request, for metrics.
public struct RequestRecord: Sendable {
    public var verb: String
    public var resource: GroupVersionResource?
    public var namespace: String
    public var name: String
    /// The HTTP status; nil when no answer came.
    public var status: Int?
    /// The label of the error; nil when all went well.
    public var errorLabel: String?
    /// How long the rate budget made it wait.
    public var throttled: Duration
    /// From the start, without throttling, to the end of the answer; of a watch, to its first byte.
    public var elapsed: Duration
}

/// Says whether this process may write now, and for how long it surely may.
public struct WriteGate: Sendable {
    private let permission: @Sendable (Timestamp) -> Duration?

    /// A gate that asks `permission` before each write: nil refuses, else the write gets no more time than that.
    public init(_ permission: @escaping @Sendable (Timestamp) -> Duration?) { self.permission = permission }

    func remaining(now: Timestamp) -> Duration? { permission(now) }
}

extension KubeClient {
    /// Sends a request and reads its whole answer as a tree.
    ///
    /// - Parameter readsAnswer: without it, null takes the place of the answer to a request that went well.
    func send(_ request: KubeRequest, readsAnswer: Bool = true) async throws(KubeError) -> JSONValue {
        try await send(request) { bytes throws(JSONError) in readsAnswer ? try JSONValue(parsing: bytes) : JSONValue.null }
    }

    /// Sends a request and reads its whole answer.
    func send<Answer: Sendable>(
        _ request: KubeRequest, reading read: (_ answer: [UInt8]) throws(JSONError) -> Answer
    ) async throws(KubeError) -> Answer {
        let throttled = try await waitForBudget(request)
        let start = clock.now
        var record = RequestRecord(
            verb: request.verb.rawValue, resource: request.resource, namespace: request.namespace, name: request.name,
            throttled: throttled, elapsed: .zero)
        do throws(KubeError) {
            let response = try await exchange(request, timeouts: .request(total: requestTimeout))
            record.status = response.status
            let answer = try await answer(of: response, to: request, reading: read)
            record.elapsed = start.duration(to: clock.now)
            observe?(record)
            return answer
        } catch {
            record.errorLabel = error.label
            record.elapsed = start.duration(to: clock.now)
            observe?(record)
            throw error
        }
    }

    func waitForBudget(_ request: KubeRequest) async throws(KubeError) -> Duration {
        isForLease ? .zero : try await budget.acquire(request.budget, priority, clock: clock)
    }

    /// One exchange, or two where credentials have been renewed in between.
    func exchange(_ request: KubeRequest, timeouts: TransportTimeouts, responseLimit: Int? = nil) async throws(KubeError) -> TransportResponse {
        var presentation: Authorizer.Presentation = try await authorizer.presentation(clock: clock)
        var isSecond = false
        while true {
            let message: TransportRequest = try transportRequest(request, presentation, timeouts: timeouts, responseLimit: responseLimit)
            let outcome: Result<TransportResponse, TransportError>
            do throws(TransportError) {
                outcome = .success(try await transport.send(message))
            } catch {
                outcome = .failure(error)
            }
            if !isSecond, let refusal = Self.refusal(outcome),
               let other = try await authorizer.replacement(for: presentation, isUnknown: refusal == .unknown, clock: clock) {
                presentation = other
                isSecond = true
                continue
            }
            switch outcome {
            case .success(let response): return response
            case .failure(let error): throw connection.explained(error)
            }
        }
    }

    private enum PresentationRefusal { case unknown, handshake }

    /// How what we showed was refused; nil where it was not. A broken handshake has carried out nothing, so it may be tried again.
    private static func refusal(_ outcome: Result<TransportResponse, TransportError>) -> PresentationRefusal? {
        switch outcome {
        case .success(let response): response.status == 401 ? .unknown : nil
        case .failure(.tls): .handshake
        case .failure: nil
        }
    }

    private func transportRequest(
        _ request: KubeRequest, _ presentation: Authorizer.Presentation, timeouts: TransportTimeouts, responseLimit: Int?
    ) throws(KubeError) -> TransportRequest {
        var timeouts = timeouts
        // Asked last: a credential plugin may have taken its time.
        if request.verb.budget == .write, let gate {
            // A write that could still arrive after somebody else leads is not begun.
            guard let remaining = gate.remaining(now: clock.now), remaining > .zero else {
                throw .notLeading("\(request.subject): not sent, because this process does not surely lead")
            }
            timeouts.total = min(timeouts.total ?? remaining, remaining)
        }
        var message = TransportRequest(
            method: request.verb.method, url: connection.server + request.target,
            headers: headers(for: request, authorization: presentation.authorization),
            body: request.body.map { $0.value.serialized() }, timeouts: timeouts, lane: lane(for: request), tls: presentation.tls,
            proxy: connection.proxy)
        if let responseLimit { message.responseLimit = responseLimit }
        return message
    }

    private func lane(for request: KubeRequest) -> TransportLane {
        if isForLease { return .lease }
        return request.verb.budget == .read ? .reads : .writes
    }

    private func headers(for request: KubeRequest, authorization: String?) -> HTTPFields {
        var headers: HTTPFields = [.accept: "application/json", .userAgent: userAgent]
        if let type = request.body?.type { headers[.contentType] = type.rawValue }
        if let authorization { headers[.authorization] = authorization }
        for (name, value) in connection.impersonation?.fields ?? [] { headers.append(HTTPField(name: name, value: value)) }
        return headers
    }

    private func answer<Answer>(
        of response: TransportResponse, to request: KubeRequest, reading read: (_ answer: [UInt8]) throws(JSONError) -> Answer
    ) async throws(KubeError) -> Answer {
        let bytes: [UInt8]
        do throws(TransportError) {
            bytes = try await response.body.collect(upTo: TransportRequest.defaultResponseLimit)
        } catch {
            throw KubeError(error)
        }
        guard (200..<300).contains(response.status) else { throw refusal(response, bytes, of: request) }
        do throws(JSONError) {
            return try read(bytes)
        } catch {
            throw .badResponse("\(request.subject): the answer is not valid JSON: \(error)")
        }
    }

    /// The error that a response with a failing status means, from its Status object if it carries one.
    func refusal(_ response: TransportResponse, _ bytes: [UInt8], of request: KubeRequest) -> KubeError {
        var status = APIStatus(code: response.status, reason: "", message: "")
        // Proxies answer with pages of HTML, and the server with plain text where it knows no such path: then the number has to do.
        if let json = try? JSONValue(parsing: bytes), json["kind"]?.stringValue == "Status" {
            status = APIStatus(json: json)
            status.code = response.status
        }
        let seconds = response.headers[.retryAfter].flatMap { Int($0) }.map { min(max($0, 0), Self.longestRetryAfter) }
        if response.status == 429 { budget.hold(for: seconds.map { .seconds($0) }, now: clock.now) }
        return KubeError(
            status, retryAfter: seconds.map { .seconds($0) }, verb: request.verb.rawValue,
            resource: request.resource?.description ?? request.path, subject: request.subject)
    }

    /// Five minutes: no server asks for more in earnest, and a mistyped header must not stop us for a year.
    static let longestRetryAfter = 300
}
