import Analysis
import Clockwork
import HTTPTransport
import HTTPTypes
import KubeModel
import RolloutModel
import StrictJSON

/// Asks Prometheus' HTTP API for the value of a query at the moment of the measurement, or over a window that ends there.
public struct PrometheusProvider: MetricProvider {
    private let transport: any HTTPTransport
    private let defaultAddress: String?

    /// - Parameters:
    ///   - transport: what carries the requests.
    ///   - defaultAddress: the value of `ARGO_ROLLOUTS_PROMETHEUS_ADDRESS`, for metrics without an address.
    public init(transport: any HTTPTransport, defaultAddress: String?) {
        self.transport = transport
        self.defaultAddress = defaultAddress
    }

    public func start(_ due: DueMeasurement, clock: any ControlClock) async throws(CancellationError) -> ProviderReport {
        let settings: PrometheusSettings
        let request: (path: String, form: String)
        do {
            settings = try PrometheusSettings(
                due.metric.provider[ProviderMember.prometheus.rawValue] ?? .null, defaultAddress: defaultAddress)
            request = try Self.request(settings, now: clock.now)
        } catch let problem as ProviderProblem {
            return .failure(problem.message)
        } catch let problem as AnalysisProblem {
            return .failure(problem.message)
        } catch {
            return .failure("\(error)")
        }
        var report = try await answer(settings, settings.address + request.path, request.form, clock: clock)
        report.metricMetadata = settings.query.isEmpty ? [:] : ["ResolvedPrometheusQuery": settings.query]
        report.asked = settings.query
        return report
    }

    /// A query is answered at once, so none is ever in flight; one that a stored status claims to be is taken anew.
    public func resume(_ due: DueMeasurement, _ unfinished: Measurement, clock: any ControlClock) async throws(CancellationError) -> ProviderReport {
        try await start(due, clock: clock)
    }

    /// There is nothing to stop.
    public func terminate(_ due: DueMeasurement, _ unfinished: Measurement, clock: any ControlClock) async throws(CancellationError) -> ProviderReport {
        ProviderReport(.verdict(.successful, message: "", value: unfinished.value))
    }

    private static func request(_ settings: PrometheusSettings, now: Timestamp) throws(AnalysisProblem) -> (path: String, form: String) {
        func seconds(_ time: Timestamp) -> String { numberText(Double(time.nanosecondsSince1970) / 1e9) }
        let query = "query=\(percentEncoded(settings.query))"
        guard let range = settings.range else { return ("/api/v1/query", "\(query)&time=\(seconds(now))") }
        let window = try QueryRange(start: range.start, end: range.end, step: range.step, now: now)
        let (whole, fraction) = window.step.components
        let step = numberText(Double(whole) + Double(fraction) / 1e18)
        return ("/api/v1/query_range", "\(query)&start=\(seconds(window.start))&end=\(seconds(window.end))&step=\(step)")
    }

    private func answer(
        _ settings: PrometheusSettings, _ url: String, _ form: String, clock: any ControlClock
    ) async throws(CancellationError) -> ProviderReport {
        if settings.timeoutSeconds == 0 { return .failure("Post \"\(shown(url))\": context deadline exceeded") }
        let exchange = ProviderExchange(
            transport, timeoutSeconds: settings.timeoutSeconds, acceptsAnyCertificate: settings.acceptsAnyCertificate, clock: clock)
        var headers: HTTPFields = [.accept: "application/json"]
        // A server may repeat what it was sent, also what was made of secrets on the way.
        var token = credentials(ofURL: url)
        if let basic = settings.basicAuthorization { token.append(String(basic.dropFirst("Basic ".count))) }
        headers[.authorization] = settings.basicAuthorization
        if let oauth2 = settings.oauth2 {
            switch try await oauth2.authorization(exchange, layer: settings.headers) {
            case .success(let value):
                headers[.authorization] = value
                token += value.split(separator: " ").suffix(1).map(String.init)
            case .failure(let problem): return .failure(problem.message)
            }
        }
        for field in settings.headers { headers[field.name] = field.value }
        var method = HTTPRequest.Method.post
        do throws(TransportError) {
            var posted = headers
            if posted[.contentType] == nil { posted[.contentType] = "application/x-www-form-urlencoded" }
            var answer = try await exchange.ask(.post, url, headers: posted, body: Array(form.utf8), isRepeatable: true)
            // Proxies and old servers that let no POST through: the same as a GET.
            if answer.status == 405 || answer.status == 501 || answer.status == 403 {
                method = .get
                answer = try await exchange.ask(.get, "\(url)?\(form)", headers: headers, isRepeatable: true)
            }
            switch PrometheusAnswer(status: answer.status, body: answer.body) {
            case .sample(let sample, let warnings):
                return ProviderReport(.sample(sample), metadata: warnings.isEmpty ? [:] : ["warnings": warnings], sensitive: token)
            case .failure(let message):
                var report = ProviderReport(.failure(message), sensitive: token)
                report.answered = answer.beginning
                return report
            }
        } catch {
            if error == .cancelled { throw CancellationError() }
            return .failure(failureText(method, url, error))
        }
    }
}
