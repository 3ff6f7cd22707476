import HTTPTypes

/// One HTTP request as a value: everything that a transport needs to know, and nothing about how it sends it.
public struct TransportRequest: Sendable {
    public var method: HTTPRequest.Method
    /// An absolute `http` or `https` URL, already percent-encoded. See ``TransportURL`` for what is refused.
    public var url: String
    public var headers: HTTPFields
    /// Sent with its length; nil and a method that usually has a body sends `Content-Length: 0`.
    public var body: [UInt8]?
    public var timeouts: TransportTimeouts
    public var lane: TransportLane
    public var tls: TLSSettings
    /// Bytes of body after which the response ends with ``TransportError/responseTooLarge(limit:)``.
    /// Watches use `Int.max`: what bounds them is the length of a line.
    public var responseLimit: Int
    public var proxy: ProxySetting
    /// When true, the query appears neither in error texts nor in this value's own description.
    public var redactedQuery: Bool

    /// 64 MiB: a page of 500 large objects is a tenth of that, and more than this is a mistake or an attack.
    public static let defaultResponseLimit = 64 << 20

    public init(
        method: HTTPRequest.Method = .get,
        url: String,
        headers: HTTPFields = [:],
        body: [UInt8]? = nil,
        timeouts: TransportTimeouts = .request(),
        lane: TransportLane = .reads,
        tls: TLSSettings = TLSSettings(),
        responseLimit: Int = TransportRequest.defaultResponseLimit,
        proxy: ProxySetting = .environment,
        redactedQuery: Bool = true
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.timeouts = timeouts
        self.lane = lane
        self.tls = tls
        self.responseLimit = responseLimit
        self.proxy = proxy
        self.redactedQuery = redactedQuery
    }
}

/// How long a transfer may take, phase by phase.
public struct TransportTimeouts: Sendable, Hashable {
    /// Name resolution, TCP and TLS together.
    public var connect: Duration
    /// From the start of the request to the last byte of the response. Nil only for streams.
    public var total: Duration?
    /// How long the peer may send nothing while the reader is ready to read; kept in whole seconds, rounded up.
    /// For a watch this is a little longer than the timeout that the server was asked for.
    public var idle: Duration?

    public init(connect: Duration, total: Duration?, idle: Duration?) {
        self.connect = connect
        self.total = total
        self.idle = idle
    }

    /// For a request whose answer is read whole.
    public static func request(connect: Duration = .seconds(10), total: Duration = .seconds(30)) -> Self {
        Self(connect: connect, total: total, idle: nil)
    }

    /// For a response without a foreseeable end, such as a watch.
    public static func stream(connect: Duration = .seconds(10), idle: Duration) -> Self {
        Self(connect: connect, total: nil, idle: idle)
    }
}

/// Which set of connections a request uses. Lanes never share a connection, so that a paused watch
/// or a long list can't hold up a write, nor a burst of writes the renewal of the lease.
public enum TransportLane: String, Sendable, Hashable, CaseIterable {
    case reads, writes, lease
}

/// Whom to trust and as whom to appear. All material is in memory, so that a rotated file is read by its owner.
public struct TLSSettings: Sendable, Hashable {
    /// PEM certificates that are trusted instead of the system's. Nil: the system's.
    public var certificateAuthorities: [UInt8]?
    /// The client's certificate chain as PEM.
    public var clientCertificate: [UInt8]?
    /// The client's private key as PEM, unencrypted.
    public var clientKey: [UInt8]?
    /// Accept any server certificate for any name.
    public var insecureSkipVerify: Bool
    /// The name to ask for and to verify in place of the URL's host.
    public var serverName: String?

    public init(
        certificateAuthorities: [UInt8]? = nil,
        clientCertificate: [UInt8]? = nil,
        clientKey: [UInt8]? = nil,
        insecureSkipVerify: Bool = false,
        serverName: String? = nil
    ) {
        self.certificateAuthorities = certificateAuthorities
        self.clientCertificate = clientCertificate
        self.clientKey = clientKey
        self.insecureSkipVerify = insecureSkipVerify
        self.serverName = serverName
    }
}

/// By which proxy a request goes.
public enum ProxySetting: Sendable, Hashable {
    /// `http_proxy`, `https_proxy`, `all_proxy` and `no_proxy` of the environment, in either case.
    case environment
    /// None, whatever the environment says.
    case none
    /// This one, whatever `no_proxy` says. May carry user and password.
    case url(String)
}

/// A response whose status and headers have arrived, and whose body may still be on its way.
public struct TransportResponse: Sendable {
    public var status: Int
    public var headers: HTTPFields
    public var body: ResponseBody

    public init(status: Int, headers: HTTPFields = [:], body: ResponseBody) {
        self.status = status
        self.headers = headers
        self.body = body
    }
}

/// Sends requests: over the network, or to a server in the same process.
///
/// A consumer that stops reading a body, because its task is cancelled or because it drops the body
/// or its iterator, closes the transfer at once.
public protocol HTTPTransport: Sendable {
    /// Returns when status and headers have arrived. A status like 404 or 500 is a response, not an error.
    func send(_ request: TransportRequest) async throws(TransportError) -> TransportResponse
}
