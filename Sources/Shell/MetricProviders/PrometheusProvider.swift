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

    public func start(_ due: DueMeasurement, clock: any ControlClock) async throws(CancellationError) -> ProviderReport {
        let settings: PrometheusSettings
        do throws(PrometheusSettings.Problem) {
            settings = try PrometheusSettings(
                due.metric.provider[ProviderMember.prometheus.rawValue] ?? .null, defaultAddress: defaultAddress)
        } catch {
            return .failure(error.message)
        }
        let metricMetadata = settings.query.isEmpty ? [:] : ["ResolvedPrometheusQuery": settings.query]
        var report: ProviderReport
        switch try await answer(settings, clock: clock) {
        case .sample(let sample, let warnings):
            report = ProviderReport(.sample(sample), metadata: warnings.isEmpty ? [:] : ["warnings": warnings])
        case .failure(let message):
            report = .failure(message)
        }
        report.metricMetadata = metricMetadata
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

    private func answer(_ settings: PrometheusSettings, clock: any ControlClock) async throws(CancellationError) -> PrometheusAnswer {
        let url = settings.address + "/api/v1/query"
        if settings.timeoutSeconds == 0 { return .failure("Post \"\(shown(url))\": context deadline exceeded") }
        let now = clock.now
        let deadline = now + .seconds(settings.timeoutSeconds)
        let time = numberText(Double(now.nanosecondsSince1970) / 1e9)
        let form = "query=\(percentEncoded(settings.query))&time=\(time)"
        var headers = settings.headers
        if headers[.accept] == nil { headers[.accept] = "application/json" }
        var request = TransportRequest(
            method: .post, url: url, headers: headers, body: Array(form.utf8),
            tls: TLSSettings(insecureSkipVerify: settings.acceptsAnyCertificate), responseLimit: Self.responseLimit)
        if request.headers[.contentType] == nil { request.headers[.contentType] = "application/x-www-form-urlencoded" }
        do throws(TransportError) {
            var (status, body) = try await exchange(request, until: deadline, clock)
            // Proxies and old servers that let no POST through: the same as a GET.
            if status == 405 || status == 501 || status == 403 {
                request = TransportRequest(
                    method: .get, url: "\(url)?\(form)", headers: headers, tls: request.tls, responseLimit: Self.responseLimit)
                (status, body) = try await exchange(request, until: deadline, clock)
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
    private func exchange(
        _ request: TransportRequest, until deadline: Timestamp, _ clock: any ControlClock
    ) async throws(TransportError) -> (status: Int, body: [UInt8]) {
        do throws(TransportError) {
            return try await exchangeOnce(request, until: deadline, clock)
        } catch {
            guard case .connectionLost = error else { throw error }
            return try await exchangeOnce(request, until: deadline, clock)
        }
    }

    /// The timeout is one for the whole measurement, however many exchanges it takes.
    private func exchangeOnce(
        _ request: TransportRequest, until deadline: Timestamp, _ clock: any ControlClock
    ) async throws(TransportError) -> (status: Int, body: [UInt8]) {
        let left = deadline - clock.now
        guard left > .zero else { throw .timedOut(.total) }
        var request = request
        request.timeouts = .request(connect: min(left, .seconds(30)), total: left)
        let response = try await transport.send(request)
        return (response.status, try await response.body.collect(upTo: Self.responseLimit))
    }

    /// The URL without user, password and query.
    private func shown(_ url: String) -> String {
        do throws(TransportError) { return try TransportURL(url).displayed(withQuery: false) } catch { return "<\(error)>" }
    }
}
