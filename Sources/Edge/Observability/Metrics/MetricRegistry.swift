public import Clockwork
import Synchronization

/// Counts things, and shows the counts on a page.
///
/// Each metric has a lock of its own, held for as long as it takes to change a number or to write its lines.
public final class MetricRegistry: Sendable {
    /// Adds to each page what is computed when it is asked for.
    public typealias Collector = @Sendable (inout MetricPage) -> Void

    static let dropped = MetricDefinition(
        "rollouts_metric_series_dropped_total", .counter, labels: ["metric"],
        help: "Changes that were not counted because their metric has as many series as it may have.")

    private struct State: Sendable {
        var families: [String: MetricFamily] = [:]
        var collectors: [Collector] = []
    }

    private let clock: any ControlClock
    private let state = Mutex(State())

    /// A registry without metrics.
    public init(clock: any ControlClock) { self.clock = clock }

    /// Adds to a counter, or changes a gauge by `amount`.
    public func add(_ amount: Double = 1, to definition: MetricDefinition, _ labels: [String] = []) {
        let now = clock.now
        note(family(definition).change(labels, now: now) { $0.value += amount }, definition)
    }

    /// Sets a gauge.
    public func set(_ value: Double, of definition: MetricDefinition, _ labels: [String] = []) {
        let now = clock.now
        note(family(definition).change(labels, now: now) { $0.value = value }, definition)
    }

    /// Adds a value to a histogram.
    public func observe(_ value: Double, in definition: MetricDefinition, _ labels: [String] = []) {
        guard case .histogram(let bounds) = definition.kind else { preconditionFailure("\(definition.name) is no histogram") }
        let now = clock.now
        let bucket = bounds.firstIndex { value <= $0 } ?? bounds.count
        note(family(definition).change(labels, now: now) { series in
            if series.counts.isEmpty { series.counts = [UInt64](repeating: 0, count: bounds.count + 1) }
            series.counts[bucket] += 1
            series.value += value
        }, definition)
    }

    /// The series of these metrics whose first labels have these values disappear after `delay`, unless they change before.
    ///
    /// For objects that are gone: the delay lets a last scrape see them.
    public func retire(_ labels: [String], of definitions: [MetricDefinition], after delay: Duration) {
        let now = clock.now
        for definition in definitions { family(definition).retire(labels, now: now, at: now + delay) }
    }

    /// Has `collector` asked for each page.
    public func collect(_ collector: @escaping Collector) { state.withLock { $0.collectors.append(collector) } }

    /// Everything as it stands now.
    public func page() -> MetricPage {
        let now = clock.now
        let (families, collectors) = state.withLock { ($0.families.values.sorted { $0.definition.name < $1.definition.name }, $0.collectors) }
        var page = MetricPage()
        for family in families {
            family.purge(now: now)
            page.append(family.lines, of: family.definition)
        }
        for collector in collectors { collector(&page) }
        return page
    }

    /// The metric with the definition that it was first used with.
    func family(_ definition: MetricDefinition) -> MetricFamily {
        state.withLock { state in
            if let known = state.families[definition.name] { return known }
            let family = MetricFamily(definition)
            state.families[definition.name] = family
            return family
        }
    }

    private func note(_ wasCounted: Bool, _ definition: MetricDefinition) {
        guard !wasCounted else { return }
        let now = clock.now
        _ = family(Self.dropped).change([definition.name], now: now) { $0.value += 1 }
    }
}

/// All series of one metric.
final class MetricFamily: Sendable {
    struct Series: Sendable {
        /// The value; of a histogram, the sum of all values.
        var value: Double = 0
        /// Per bucket, not cumulated; empty but for histograms.
        var counts: [UInt64] = []
        var changedAt: Timestamp
    }

    private struct Retirement: Sendable {
        var labels: [String]
        var asked: Timestamp
        var due: Timestamp
    }

    private struct State: Sendable {
        var series: [[String]: Series] = [:]
        var retirements: [Retirement] = []
    }

    let definition: MetricDefinition
    private let state = Mutex(State())

    init(_ definition: MetricDefinition) { self.definition = definition }

    /// - Returns: false where the metric has too many series to take another.
    func change(_ labels: [String], now: Timestamp, _ body: (inout Series) -> Void) -> Bool {
        precondition(labels.count == definition.labels.count, "\(definition.name) has the labels \(definition.labels), not \(labels.count) of them")
        return state.withLock { state in
            if state.series[labels] == nil {
                guard state.series.count < definition.seriesLimit else { return false }
                state.series[labels] = Series(changedAt: now)
            }
            body(&state.series[labels]!)
            state.series[labels]!.changedAt = now
            return true
        }
    }

    func remove(_ labels: [String]) { state.withLock { $0.series[labels] = nil } }

    func retire(_ labels: [String], now: Timestamp, at due: Timestamp) {
        state.withLock { $0.retirements.append(Retirement(labels: labels, asked: now, due: due)) }
    }

    func purge(now: Timestamp) {
        state.withLock { state in
            let due = state.retirements.filter { $0.due <= now }
            if !due.isEmpty {
                state.retirements.removeAll { $0.due <= now }
                var asked: [[String]: Timestamp] = [:]
                for retirement in due { asked[retirement.labels] = retirement.asked }
                let lengths = Set(due.map(\.labels.count))
                state.series = state.series.filter { labels, series in
                    !lengths.contains { length in asked[Array(labels.prefix(length))].map { series.changedAt <= $0 } ?? false }
                }
            }
            if let limit = definition.idleLimit { state.series = state.series.filter { $0.value.changedAt + limit > now } }
        }
    }

    /// The lines of all series, sorted by their labels.
    var lines: [UInt8] {
        let series = state.withLock { $0.series }
        var samples = MetricSamples(definition: definition)
        for (labels, series) in series.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
            switch definition.kind {
            case .counter, .gauge: samples.append(labels, series.value)
            case .histogram(let bounds): samples.appendHistogram(labels, bounds: bounds, counts: series.counts, sum: series.value)
            }
        }
        return samples.lines
    }
}
