import Analysis
import Clockwork
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
}

/// What a provider brings back.
public struct ProviderReport: Sendable, Equatable {
    public var finding: MeasurementOutcome.Finding
    /// Metadata of the measurement.
    public var metadata: [String: String]
    /// Metadata of the metric, for instance the query as it was sent.
    public var metricMetadata: [String: String]

    public init(
        _ finding: MeasurementOutcome.Finding, metadata: [String: String] = [:], metricMetadata: [String: String] = [:]
    ) {
        self.finding = finding
        self.metadata = metadata
        self.metricMetadata = metricMetadata
    }

    /// No result, and why.
    public static func failure(_ message: String) -> ProviderReport { ProviderReport(.failure(message)) }
}

/// The providers that there are.
public struct MetricProviderSet: Sendable {
    private let providers: [ProviderMember: any MetricProvider]

    /// - Parameter providers: by the member of `provider` that names them.
    public init(_ providers: [ProviderMember: any MetricProvider]) { self.providers = providers }

    /// Takes one measurement. A metric that names a provider which is not there gives an error that says so.
    public func take(_ due: DueMeasurement, clock: some ControlClock) async throws(CancellationError) -> MeasurementOutcome {
        let startedAt = clock.now
        let report = try await report(on: due, clock: clock)
        return MeasurementOutcome(
            metric: due.metric.name, startedAt: startedAt, finishedAt: clock.now, finding: report.finding,
            metadata: report.metadata, metricMetadata: report.metricMetadata)
    }

    private func report(on due: DueMeasurement, clock: any ControlClock) async throws(CancellationError) -> ProviderReport {
        let member = ProviderMember.allCases.first { due.metric.provider[$0.rawValue].map { !$0.isNull } ?? false }
        guard let member else { return .failure("no provider specified") }
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
