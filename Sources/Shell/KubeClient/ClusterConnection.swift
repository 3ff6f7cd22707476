public import HTTPTransport

/// Which API server to talk to, whom to trust, and as whom to appear.
public struct ClusterConnection: Sendable {
    /// The URL that paths are appended to, without a slash at its end. It may have a path itself.
    public var server: String
    /// As they were read last; what `tlsFiles` names is read again now and then.
    public var tls: TLSSettings
    public var tlsFiles: TLSFiles
    public var proxy: ProxySetting
    public var credential: Credential
    public var impersonation: Impersonation?
    /// The namespace that commands use when none is given.
    public var namespace: String
    /// Where the settings come from, for messages: `context "kind-dev" of /home/eva/.kube/config`.
    public var origin: String

    /// A connection with the given settings.
    public init(
        server: String, tls: TLSSettings = TLSSettings(), tlsFiles: TLSFiles = TLSFiles(), proxy: ProxySetting = .environment, credential: Credential = .none,
        impersonation: Impersonation? = nil, namespace: String = "default", origin: String = "given settings"
    ) {
        var server = server
        while server.last == "/" { server.removeLast() }
        self.server = server
        self.tls = tls
        self.tlsFiles = tlsFiles
        self.proxy = proxy
        self.credential = credential
        self.impersonation = impersonation
        self.namespace = namespace
        self.origin = origin
    }

    /// For an API server in the same process: no network, no credentials.
    public static let inProcess = ClusterConnection(server: "http://in-process.invalid", proxy: .none, origin: "this process")
}

/// The files that parts of the TLS settings come from, and that are renewed while we run.
public struct TLSFiles: Sendable, Hashable {
    public var certificateAuthority: String?
    public var clientCertificate: String?
    public var clientKey: String?

    /// None, unless some are given.
    public init(certificateAuthority: String? = nil, clientCertificate: String? = nil, clientKey: String? = nil) {
        self.certificateAuthority = certificateAuthority
        self.clientCertificate = clientCertificate
        self.clientKey = clientKey
    }
}

/// How a request proves who sends it. A client certificate is part of the TLS settings.
public enum Credential: Sendable, Hashable, CustomStringConvertible {
    case none
    case token(String)
    /// A file whose content is rotated, such as that of a service account.
    case tokenFile(path: String)
    case basic(user: String, password: String)
    /// A program that gives a token, a client certificate, or both.
    case exec(ExecPlugin)

    /// Names the kind only: safe to log.
    public var description: String {
        switch self {
        case .none: "no credential"
        case .token: "a token"
        case .tokenFile(let path): "the token in \(path)"
        case .basic: "user and password"
        case .exec(let plugin): "the credential plugin \(plugin.command)"
        }
    }
}
