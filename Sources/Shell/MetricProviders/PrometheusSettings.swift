import Analysis
import HTTPTransport
import HTTPTypes
import StrictJSON

/// What a metric says about the Prometheus to ask, read and checked.
struct PrometheusSettings {
    /// `rangeQuery`: expressions for times, and a duration.
    struct Range: Equatable {
        var start: String
        var end: String
        var step: String
    }

    /// Without a trailing slash.
    var address: String
    var query: String
    /// Nil: the value now.
    var range: Range?
    var timeoutSeconds: Int64
    var acceptsAnyCertificate: Bool
    /// What the metric sets on every request; it wins over everything else.
    var headers: HTTPFields
    /// The value of an `Authorization` header that is made from user and password.
    var basicAuthorization: String?
    var oauth2: OAuth2Settings?

    /// What stands for an absent timeout.
    static let defaultTimeoutSeconds: Int64 = 30
    /// One day: no answer is worth a longer wait, and larger numbers do not fit a transport's clock.
    static let longestTimeoutSeconds: Int64 = 86_400

    /// Reads the `prometheus` member of a provider.
    ///
    /// - Parameter defaultAddress: used where the metric has none.
    init(_ json: JSONValue, defaultAddress: String?) throws(ProviderProblem) {
        let fields = try ProviderFields(json, at: "provider.prometheus")
        address = try Self.address(try fields.string("address") ?? "", default: defaultAddress)
        query = try fields.string("query") ?? ""
        if fields.value("rangeQuery") != nil {
            let range = try fields.fields("rangeQuery")
            self.range = Range(
                start: try range.string("start") ?? "", end: try range.string("end") ?? "", step: try range.string("step") ?? "")
        }
        timeoutSeconds = Self.defaultTimeoutSeconds
        if let seconds = try fields.int64("timeout") {
            if seconds < 0 { throw ProviderProblem(message: "prometheus timeout should not be negative") }
            timeoutSeconds = min(seconds, Self.longestTimeoutSeconds)
        }
        acceptsAnyCertificate = try fields.flag("insecure")
        headers = try fields.headers()
        let authentication = try fields.fields("authentication")
        let signature = try authentication.fields("sigv4")
        for member in ["region", "profile", "roleArn"] where address.contains("aps-workspaces") {
            if try signature.string(member)?.isEmpty == false {
                throw ProviderProblem(message: "provider.prometheus.authentication.sigv4 is not supported")
            }
        }
        basicAuthorization = try MetricProviders.basicAuthorization(authentication)
        oauth2 = try OAuth2Settings(authentication)
    }

    private static func address(_ own: String, default defaultAddress: String?) throws(ProviderProblem) -> String {
        let address = own.isEmpty ? defaultAddress ?? "" : own
        if address.isEmpty { throw ProviderProblem(message: "prometheus address is not configured") }
        let url: TransportURL
        do throws(TransportError) { url = try TransportURL(address) } catch {
            throw ProviderProblem(message: "prometheus address is not is url format: \(error)")
        }
        if url.query != nil { throw ProviderProblem(message: "prometheus address is not is url format: it has a query") }
        return String(address.reversed().drop { $0 == "/" }.reversed())
    }
}
