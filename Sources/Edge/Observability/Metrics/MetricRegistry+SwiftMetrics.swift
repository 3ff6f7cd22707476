public import CoreMetrics

/// Libraries count through swift-metrics; what they count appears on the same page.
///
/// A metric's labels are those of its first use; dimensions that come later are left out, missing ones are empty.
extension MetricRegistry: MetricsFactory {
    /// As client libraries of Prometheus have them, for seconds.
    static let defaultBounds: [Double] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

    public func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        LibraryMetric(self, label, .counter, dimensions)
    }

    public func makeFloatingPointCounter(label: String, dimensions: [(String, String)]) -> any FloatingPointCounterHandler {
        LibraryMetric(self, label, .counter, dimensions)
    }

    public func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        LibraryMetric(self, label, .gauge, dimensions)
    }

    public func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler {
        LibraryMetric(self, label, aggregate ? .histogram(bounds: Self.defaultBounds) : .gauge, dimensions)
    }

    public func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        LibraryMetric(self, label, .histogram(bounds: Self.defaultBounds), dimensions)
    }

    public func destroyCounter(_ handler: any CounterHandler) { (handler as? LibraryMetric)?.destroy() }
    public func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) { (handler as? LibraryMetric)?.destroy() }
    public func destroyMeter(_ handler: any MeterHandler) { (handler as? LibraryMetric)?.destroy() }
    public func destroyRecorder(_ handler: any RecorderHandler) { (handler as? LibraryMetric)?.destroy() }
    public func destroyTimer(_ handler: any TimerHandler) { (handler as? LibraryMetric)?.destroy() }
}

/// One series of a metric that a library made.
private final class LibraryMetric: CounterHandler, FloatingPointCounterHandler, MeterHandler, RecorderHandler, TimerHandler {
    private let registry: MetricRegistry
    private let definition: MetricDefinition
    private let labels: [String]

    init(_ registry: MetricRegistry, _ label: String, _ kind: MetricDefinition.Kind, _ dimensions: [(String, String)]) {
        self.registry = registry
        let wanted = MetricDefinition(
            Self.name(label), kind, labels: Set(dimensions.map { Self.name($0.0) }).sorted(), help: "Counted by a library as \(label).",
            seriesLimit: 1000)
        definition = registry.family(wanted).definition
        labels = definition.labels.map { name in dimensions.last { Self.name($0.0) == name }?.1 ?? "" }
    }

    func increment(by amount: Int64) { increment(by: Double(amount)) }
    func increment(by amount: Double) { registry.add(amount, to: definition, labels) }
    func decrement(by amount: Double) { registry.add(-amount, to: definition, labels) }
    func set(_ value: Int64) { set(Double(value)) }
    func set(_ value: Double) { registry.set(value, of: definition, labels) }
    func reset() { registry.set(0, of: definition, labels) }
    func record(_ value: Int64) { record(Double(value)) }
    func recordNanoseconds(_ duration: Int64) { record(Double(duration) / 1e9) }

    func record(_ value: Double) {
        switch definition.kind {
        case .histogram: registry.observe(value, in: definition, labels)
        case .counter, .gauge: registry.set(value, of: definition, labels)
        }
    }

    func destroy() { registry.family(definition).remove(labels) }

    /// Names may hold letters, digits and underscores; they do not begin with a digit.
    private static func name(_ label: String) -> String {
        let name = String(label.map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "_" })
        return name.first?.isNumber ?? true ? "_" + name : name
    }
}
