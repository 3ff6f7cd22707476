import Analysis
import Clockwork
import HTTPTransport
import HTTPTypes
import KubeModel
import RolloutModel
import StrictJSON

/// Asks Prometheus' HTTP API for the value of a query at the moment of the measurement.
public struct PrometheusProvider: MetricProvider {
    private let transport: any HTTPTransport
    private let defaultAddress: String?

    /// 16 MiB: an answer with a hundred thousand samples is smaller; a larger one is a query without a filter.
    public static let responseLimit = 16 << 20

    /// - Parameters:
    ///   - transport: what carries the requests.
    ///   - defaultAddress: the value of `ARGO_ROLLOUTS_PROMETHEUS_ADDRESS`, for metrics without an address.
    public init(transport: any HTTPTransport, defaultAddress: String?) {
        self.transport = transport
        self.defaultAddress = defaultAddress
    }

    public func start(_ due: DueMeasurement, now: Timestamp) async throws(CancellationError) -> ProviderReport {
        let settings: PrometheusSettings
        do throws(PrometheusSettings.Problem) {
            settings = try PrometheusSettings(
                due.metric.provider[ProviderMember.prometheus.rawValue] ?? .null, defaultAddress: defaultAddress)
        } catch {
            return .failure(error.message)
        }
        let metricMetadata = settings.query.isEmpty ? [:] : ["ResolvedPrometheusQuery": settings.query]
        var report: ProviderReport
        switch try await answer(settings, now: now) {
        case .sample(let sample, let warnings):
            report = ProviderReport(.sample(sample), metadata: warnings.isEmpty ? [:] : ["warnings": warnings])
        case .failure(let message):
            report = .failure(message)
        }
        report.metricMetadata = metricMetadata
        return report
    }

    /// A query is answered at once, so none is ever in flight; one that a stored status claims to be is taken anew.
    public func resume(_ due: DueMeasurement, _ unfinished: Measurement, now: Timestamp) async throws(CancellationError) -> ProviderReport {
        try await start(due, now: now)
    }

    /// There is nothing to stop.
    public func terminate(_ due: DueMeasurement, _ unfinished: Measurement, now: Timestamp) async throws(CancellationError) -> ProviderReport {
        ProviderReport(.verdict(.successful, message: "", value: unfinished.value))
    }

    private func answer(_ settings: PrometheusSettings, now: Timestamp) async throws(CancellationError) -> PrometheusAnswer {
        let url = settings.address + "/api/v1/query"
        if settings.timeoutSeconds == 0 { return .failure("Post \"\(shown(url))\": context deadline exceeded") }
        let time = numberText(Double(now.nanosecondsSince1970) / 1e9)
        let form = "query=\(percentEncoded(settings.query))&time=\(time)"
        let timeouts = TransportTimeouts.request(
            connect: .seconds(min(settings.timeoutSeconds, 30)), total: .seconds(settings.timeoutSeconds))
        var headers = settings.headers
        if headers[.accept] == nil { headers[.accept] = "application/json" }
        var request = TransportRequest(
            method: .post, url: url, headers: headers, body: Array(form.utf8), timeouts: timeouts,
            tls: TLSSettings(insecureSkipVerify: settings.acceptsAnyCertificate), responseLimit: Self.responseLimit)
        if request.headers[.contentType] == nil { request.headers[.contentType] = "application/x-www-form-urlencoded" }
        do throws(TransportError) {
            var (status, body) = try await exchange(request)
            // Proxies and old servers that let no POST through: the same as a GET.
            if status == 405 || status == 501 || status == 403 {
                request = TransportRequest(
                    method: .get, url: "\(url)?\(form)", headers: headers, timeouts: timeouts, tls: request.tls,
                    responseLimit: Self.responseLimit)
                (status, body) = try await exchange(request)
            }
            return PrometheusAnswer(status: status, body: body)
        } catch {
            if error == .cancelled { throw CancellationError() }
            let verb = request.method == .post ? "Post" : "Get"
            let cause = error == .timedOut(.total) ? "context deadline exceeded: \(error)" : error.description
            return .failure("\(verb) \"\(shown(url))\": \(cause)")
        }
    }

    /// One exchange, once more where the connection broke: a query changes nothing, and a connection kept from the
    /// last measurement may have been closed by the server in between.
    private func exchange(_ request: TransportRequest) async throws(TransportError) -> (status: Int, body: [UInt8]) {
        do throws(TransportError) {
            return try await exchangeOnce(request)
        } catch {
            guard case .connectionLost = error else { throw error }
            return try await exchangeOnce(request)
        }
    }

    private func exchangeOnce(_ request: TransportRequest) async throws(TransportError) -> (status: Int, body: [UInt8]) {
        let response = try await transport.send(request)
        return (response.status, try await response.body.collect(upTo: Self.responseLimit))
    }

    /// The URL without user, password and query.
    private func shown(_ url: String) -> String {
        do throws(TransportError) { return try TransportURL(url).displayed(withQuery: false) } catch { return "<\(error)>" }
    }
}
