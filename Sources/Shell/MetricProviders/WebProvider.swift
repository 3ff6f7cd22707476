import Analysis
import Clockwork
import HTTPTransport
import HTTPTypes
import RolloutModel
import StrictJSON

/// Asks any HTTP server, and takes the result out of its answer by a JSONPath.
public struct WebProvider: MetricProvider {
    private let transport: any HTTPTransport

    /// - Parameter transport: what carries the requests.
    public init(transport: any HTTPTransport) { self.transport = transport }

    public func start(_ due: DueMeasurement, clock: any ControlClock) async throws(CancellationError) -> ProviderReport {
        let settings: WebSettings
        do throws(ProviderProblem) {
            settings = try WebSettings(due.metric.provider[ProviderMember.web.rawValue] ?? .null)
        } catch {
            return .failure(error.message)
        }
        let exchange = ProviderExchange(
            transport, timeoutSeconds: settings.timeoutSeconds, acceptsAnyCertificate: settings.acceptsAnyCertificate, clock: clock)
        var headers = settings.headers
        // A server may repeat what it was sent, also what was made of secrets on the way.
        var token = credentials(ofURL: settings.url)
        if let oauth2 = settings.oauth2 {
            switch try await oauth2.authorization(exchange) {
            case .success(let value):
                headers[.authorization] = value
                token += value.split(separator: " ").suffix(1).map(String.init)
            case .failure(let problem): return .failure(problem.message)
            }
        }
        let asked = "\(settings.method.rawValue) \(shown(settings.url))"
        do throws(TransportError) {
            let answer = try await exchange.ask(settings.method, settings.url, headers: headers, body: settings.body, isRepeatable: false)
            var report: ProviderReport
            switch WebAnswer(status: answer.status, body: answer.body, path: settings.path) {
            case .sample(let sample):
                report = ProviderReport(.sample(sample), sensitive: token)
            case .failure(let message):
                report = ProviderReport(.failure(message), sensitive: token)
                report.answered = answer.beginning
            }
            report.asked = asked
            return report
        } catch {
            if error == .cancelled { throw CancellationError() }
            var report = ProviderReport.failure(failureText(settings.method, settings.url, error))
            report.asked = asked
            return report
        }
    }

    /// A request is answered at once, so none is ever in flight; one that a stored status claims to be is made anew.
    public func resume(_ due: DueMeasurement, _ unfinished: Measurement, clock: any ControlClock) async throws(CancellationError) -> ProviderReport {
        try await start(due, clock: clock)
    }

    /// There is nothing to stop.
    public func terminate(_ due: DueMeasurement, _ unfinished: Measurement, clock: any ControlClock) async throws(CancellationError) -> ProviderReport {
        ProviderReport(.verdict(.successful, message: "", value: unfinished.value))
    }
}

/// What a metric says about the request to make, read and checked.
struct WebSettings {
    var method: HTTPRequest.Method
    var url: String
    var headers: HTTPFields
    var body: [UInt8]?
    var timeoutSeconds: Int64
    var acceptsAnyCertificate: Bool
    var path: JSONPath
    /// Other ways of `authentication` are not this provider's, as upstream.
    var oauth2: OAuth2Settings?

    private static let defaultTimeoutSeconds: Int64 = 10
    /// One day: no answer is worth a longer wait, and larger numbers do not fit a transport's clock.
    private static let longestTimeoutSeconds: Int64 = 86_400

    /// Reads the `web` member of a provider.
    init(_ json: JSONValue) throws(ProviderProblem) {
        let fields = try ProviderFields(json, at: "provider.web")
        url = try fields.string("url") ?? ""
        do throws(TransportError) { _ = try TransportURL(url) } catch {
            throw ProviderProblem(message: "provider.web.url: \(error)")
        }
        let name = try fields.string("method") ?? ""
        guard let method = HTTPRequest.Method(name.isEmpty ? "GET" : name) else {
            throw ProviderProblem(message: "provider.web.method is no method of HTTP")
        }
        self.method = method
        headers = try fields.headers()
        let text = try fields.string("body") ?? ""
        let json = fields.value("jsonBody")
        if !text.isEmpty, json != nil {
            throw ProviderProblem(message: "use either Body or JSONBody; both cannot exists for WebMetric payload")
        }
        if method == .get, !text.isEmpty || json != nil {
            throw ProviderProblem(message: "Body/JSONBody can only be used with POST or PUT WebMetric Method types")
        }
        if let json {
            body = json.serialized(.go)
            headers[.contentType] = "application/json"
        } else {
            body = text.isEmpty ? nil : Array(text.utf8)
        }
        let seconds = try fields.int64("timeoutSeconds") ?? 0
        timeoutSeconds = seconds > 0 ? min(seconds, Self.longestTimeoutSeconds) : Self.defaultTimeoutSeconds
        acceptsAnyCertificate = try fields.flag("insecure")
        let path = try fields.string("jsonPath") ?? ""
        do throws(JSONPath.SyntaxError) { self.path = try JSONPath(path.isEmpty ? "{$}" : path) } catch {
            throw ProviderProblem(message: error.message)
        }
        oauth2 = try OAuth2Settings(try fields.fields("authentication"))
    }
}
