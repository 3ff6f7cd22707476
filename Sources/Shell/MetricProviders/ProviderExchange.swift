import Analysis
import Clockwork
import HTTPTransport
import HTTPTypes

/// What a measurement asks one server, until its time is over.
///
/// Redirects are followed, as Go's client does: at most ten, and what identifies the asker is not sent to another host.
/// The request is repeated once where its connection broke and repeating it changes nothing: a connection that was kept
/// from the last measurement may have been closed by the server in between.
struct ProviderExchange {
    struct Answer: Sendable {
        var status: Int
        var body: [UInt8]
        var contentType: String

        /// The first 8 KiB as text. More than is ever shown: secrets are masked in it before it is cut to that.
        var beginning: String { String(decoding: body.prefix(8 << 10), as: UTF8.self) }
    }

    let transport: any HTTPTransport
    let clock: any ControlClock
    /// The timeout is one for the whole measurement, however many requests it takes.
    let deadline: Timestamp
    let tls: TLSSettings

    /// 16 MiB: an answer with a hundred thousand samples is smaller; a larger one is a query without a filter.
    static let responseLimit = 16 << 20
    private static let redirectLimit = 10

    init(_ transport: any HTTPTransport, timeoutSeconds: Int64, acceptsAnyCertificate: Bool, clock: any ControlClock) {
        self.transport = transport
        self.clock = clock
        deadline = clock.now + .seconds(timeoutSeconds)
        tls = TLSSettings(insecureSkipVerify: acceptsAnyCertificate)
    }

    /// - Parameter isRepeatable: whether the same request may reach the server twice.
    func ask(
        _ method: HTTPRequest.Method, _ url: String, headers: HTTPFields, body: [UInt8]? = nil, isRepeatable: Bool
    ) async throws(TransportError) -> Answer {
        var request = TransportRequest(
            method: method, url: url, headers: headers, body: body, tls: tls, responseLimit: Self.responseLimit)
        for _ in 0...Self.redirectLimit {
            let response = try await send(request, isRepeatable: isRepeatable || request.method == .get || request.method == .head)
            guard let target = try redirected(request, response) else {
                return Answer(
                    status: response.status, body: try await response.body.collect(upTo: Self.responseLimit),
                    contentType: response.headers[.contentType] ?? "")
            }
            request = target
        }
        throw .badResponse(cause: "stopped after \(Self.redirectLimit) redirects")
    }

    private func send(_ request: TransportRequest, isRepeatable: Bool) async throws(TransportError) -> TransportResponse {
        do throws(TransportError) { return try await sendOnce(request) } catch {
            guard case .connectionLost = error, isRepeatable else { throw error }
            return try await sendOnce(request)
        }
    }

    private func sendOnce(_ request: TransportRequest) async throws(TransportError) -> TransportResponse {
        let left = deadline - clock.now
        guard left > .zero else { throw .timedOut(.total) }
        var request = request
        request.timeouts = .request(connect: min(left, .seconds(30)), total: left)
        return try await transport.send(request)
    }

    /// Where a response sends the request on to; nil: it is the answer.
    private func redirected(_ request: TransportRequest, _ response: TransportResponse) throws(TransportError) -> TransportRequest? {
        guard [301, 302, 303, 307, 308].contains(response.status), let location = response.headers[.location] else { return nil }
        let from = try TransportURL(request.url)
        var next = request
        next.url = resolved(location, against: from)
        let to = try TransportURL(next.url)
        if response.status < 307, request.method != .get, request.method != .head {
            next.method = .get
            next.body = nil
            next.headers[.contentType] = nil
        }
        let isSameHost = to.host.lowercased() == from.host.lowercased() || to.host.lowercased().hasSuffix("." + from.host.lowercased())
        if !isSameHost || (from.scheme == .https && to.scheme == .http) {
            next.headers[.authorization] = nil
            next.headers[.cookie] = nil
            next.headers[.wwwAuthenticate] = nil
        }
        return next
    }
}

/// An absolute URL for the value of a `Location` header. User and password are not carried over.
func resolved(_ location: String, against base: TransportURL) -> String {
    let root = "\(base.scheme.rawValue)://\(base.hostAndPort)"
    if let colon = location.firstIndex(of: ":"), location[colon...].hasPrefix("://") { return location }
    if location.hasPrefix("//") { return "\(base.scheme.rawValue):\(location)" }
    if location.hasPrefix("/") { return root + location }
    let path = base.path.isEmpty ? "/" : base.path
    if location.hasPrefix("?") { return root + path + location }
    let folder = path[...(path.lastIndex(of: "/") ?? path.startIndex)]
    return root + folder + location
}

/// `Post "http://host/path": cause`, as Go writes it, without user, password and query.
func failureText(_ method: HTTPRequest.Method, _ url: String, _ error: TransportError) -> String {
    let verb = method.rawValue.prefix(1).uppercased() + method.rawValue.dropFirst().lowercased()
    let cause = error == .timedOut(.total) ? "context deadline exceeded: \(error)" : error.description
    return "\(verb) \"\(shown(url))\": \(cause)"
}

/// What a transport makes of the user and password in a URL, and these as they stand there.
func credentials(ofURL url: String) -> [String] {
    // One that cannot be read is not asked either.
    guard let userinfo = (try? TransportURL(url))?.userinfo, !userinfo.isEmpty else { return [] }
    return [userinfo, base64(userinfo)]
}

/// The URL without user, password and query.
func shown(_ url: String) -> String {
    do throws(TransportError) { return try TransportURL(url).displayed(withQuery: false) } catch { return "<\(error)>" }
}
