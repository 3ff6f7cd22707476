import Glibc
import HTTPTransport

/// What libcurl is told about proxies. Always told, so that it never looks into the environment by itself.
struct ProxyRoute: Sendable, Equatable {
    /// Empty: direct.
    var proxy: String
    /// Hosts, domains and address blocks that are reached directly, in curl's syntax.
    var noProxy: String
}

/// The proxy variables, read once, as curl's users know them: lower case before upper case, the scheme's own
/// variable before `all_proxy`.
struct ProxyEnvironment: Sendable {
    private let variables: [String: String]

    init(variables: [String: String]) {
        self.variables = variables
    }

    static func ofProcess() -> ProxyEnvironment {
        var variables: [String: String] = [:]
        for name in names {
            if let value = getenv(name) { variables[name] = String(cString: value) }
        }
        return ProxyEnvironment(variables: variables)
    }

    func route(for request: TransportRequest, to url: TransportURL) -> ProxyRoute {
        switch request.proxy {
        case .none: ProxyRoute(proxy: "", noProxy: "*")
        case .url(let proxy): ProxyRoute(proxy: proxy, noProxy: "")
        case .environment: ProxyRoute(proxy: proxy(for: url.scheme), noProxy: first(["no_proxy", "NO_PROXY"]))
        }
    }

    private func proxy(for scheme: TransportURL.Scheme) -> String {
        switch scheme {
        case .https:
            return first(["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"])
        case .http:
            // In a CGI script HTTP_PROXY is the client's header "Proxy". curl refuses the upper case everywhere
            // because of that; Go's tools, which set the habits around Kubernetes, only there.
            let upperCase: [String] = variables["REQUEST_METHOD"] == nil ? ["HTTP_PROXY"] : []
            return first(["http_proxy"] + upperCase + ["all_proxy", "ALL_PROXY"])
        }
    }

    private func first(_ names: [String]) -> String {
        names.lazy.compactMap { variables[$0] }.first { !$0.isEmpty } ?? ""
    }

    private static let names: [String] = [
        "http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY",
        "REQUEST_METHOD",
    ]
}
