import Analysis
import Clockwork
import HTTPTransport
import KubeClient
import RolloutModel

/// One way to take measurements.
///
/// What a server does or fails to do is a finding; only the end of the own task is thrown. The clock tells the time of
/// the measurement and what is left of its timeout; a provider does not sleep.
public protocol MetricProvider: Sendable {
    /// Takes a new measurement.
    func start(_ due: DueMeasurement, clock: any ControlClock) async throws(CancellationError) -> ProviderReport
    /// Looks again at a measurement in flight.
    func resume(_ due: DueMeasurement, _ unfinished: Measurement, clock: any ControlClock) async throws(CancellationError) -> ProviderReport
    /// Stops a measurement in flight.
    func terminate(_ due: DueMeasurement, _ unfinished: Measurement, clock: any ControlClock) async throws(CancellationError) -> ProviderReport
    /// Removes what belongs to a measurement that is no longer kept. Most have nothing of the kind.
    func discard(_ measurement: Measurement) async throws(CancellationError)
}

extension MetricProvider {
    public func discard(_ measurement: Measurement) async throws(CancellationError) {}
}

/// What a provider brings back.
public struct ProviderReport: Sendable, Equatable {
    public var finding: MeasurementOutcome.Finding
    /// Metadata of the measurement.
    public var metadata: [String: String]
    /// Metadata of the metric, for instance the query as it was sent.
    public var metricMetadata: [String: String]

    /// Texts that the provider was given on its way and that must not be stored: a token, for instance.
    public var sensitive: [String]
    /// What was asked, for people: the query, or method and address without secrets.
    public var asked = ""
    /// What came back where no result could be taken out of it.
    public var answered = ""

    public init(
        _ finding: MeasurementOutcome.Finding, metadata: [String: String] = [:], metricMetadata: [String: String] = [:],
        sensitive: [String] = []
    ) {
        self.finding = finding
        self.metadata = metadata
        self.metricMetadata = metricMetadata
        self.sensitive = sensitive
    }

    /// No result, and why.
    public static func failure(_ message: String) -> ProviderReport { ProviderReport(.failure(message)) }
}

/// The providers that there are.
public struct MetricProviderSet: Sendable {
    private let providers: [ProviderMember: any MetricProvider]

    /// - Parameter providers: by the member of `provider` that names them.
    public init(_ providers: [ProviderMember: any MetricProvider]) { self.providers = providers }

    /// All that there are: a further one is its file and a row here.
    ///
    /// - Parameters:
    ///   - transport: what carries requests to servers of metrics.
    ///   - client: for Jobs; writes through it are stopped when leadership is in doubt.
    ///   - prometheusAddress: for metrics of Prometheus without an address.
    ///   - jobNamespace: where Jobs are made; nil: in the namespace of each run.
    public static func standard(
        transport: any HTTPTransport, client: KubeClient, prometheusAddress: String? = nil, jobNamespace: String? = nil
    ) -> MetricProviderSet {
        MetricProviderSet([
            .prometheus: PrometheusProvider(transport: transport, defaultAddress: prometheusAddress),
            .web: WebProvider(transport: transport),
            .job: JobProvider(client: client, namespace: jobNamespace),
        ])
    }

    /// Takes one measurement. A metric that names a provider which is not there gives an error that says so.
    public func take(_ due: DueMeasurement, clock: some ControlClock) async throws(CancellationError) -> MeasurementOutcome {
        let startedAt = clock.now
        let report = try await report(on: due, clock: clock)
        var samples: SampleCount?
        if let counting = due.sampleCount, case .sample = report.finding {
            var question = due
            question.metric = counting
            question.move = .start
            samples = SampleCount(try await self.report(on: question, clock: clock).finding)
        }
        var outcome = MeasurementOutcome(
            metric: due.metric.name, startedAt: startedAt, finishedAt: clock.now, finding: report.finding,
            metadata: report.metadata, metricMetadata: report.metricMetadata, sensitive: report.sensitive,
            asked: report.asked, sampleCount: samples)
        outcome.answered = report.answered
        return outcome
    }

    /// Removes what belongs to a measurement of this metric that is no longer kept.
    public func discard(_ measurement: Measurement, of metric: AnalysisMetric) async throws(CancellationError) {
        try await named(metric).flatMap { providers[$0] }?.discard(measurement)
    }

    private func named(_ metric: AnalysisMetric) -> ProviderMember? {
        ProviderMember.allCases.first { metric.provider[$0.rawValue].map { !$0.isNull } ?? false }
    }

    private func report(on due: DueMeasurement, clock: any ControlClock) async throws(CancellationError) -> ProviderReport {
        guard let member = named(due.metric) else { return .failure("no provider specified") }
        guard let provider = providers[member] else {
            if member == .plugin { return .failure("metric plugins are not supported") }
            let known = providers.keys.map(\.rawValue).sorted().joined(separator: ", ")
            return .failure("the metric provider \(member.rawValue) is not supported; supported are: \(known)")
        }
        return switch due.move {
        case .start: try await provider.start(due, clock: clock)
        case .resume(let unfinished): try await provider.resume(due, unfinished, clock: clock)
        case .terminate(let unfinished): try await provider.terminate(due, unfinished, clock: clock)
        }
    }
}
