import Benchmark

/// What came of one benchmark: medians.
struct ResultRow {
    let name: String
    private let medians: [(metric: BenchmarkMetric, value: Int)]

    init(_ name: String, _ results: [BenchmarkResult]) {
        self.name = name
        medians = results.map { result in
            (result.metric, result.statistics.percentiles(for: [50])[0])
        }
    }

    subscript(metric: BenchmarkMetric) -> Int? { medians.first { $0.metric == metric }?.value }

    static let heading: String = row("medians", ["time", "items/s", "bytes/s", "instructions", "allocations", "kept", "peak", "requests"])

    /// Allocations, kept and peak are for one item.
    var line: String {
        Self.row(name, [
            Self.time(self[.wallClock]), Self.scaled(self[Count.rate]), Self.scaled(self[Count.throughput]), Self.scaled(self[.instructions]),
            Self.plain(self[Count.allocations]), Self.plain(self[Count.kept]), Self.plain(self[Count.peak]), Self.plain(self[Count.requests]),
        ])
    }

    private static func row(_ name: String, _ cells: [String]) -> String {
        name + String(repeating: " ", count: max(1, 56 - name.count))
            + cells.map { String(repeating: " ", count: max(1, 13 - $0.count)) + $0 }.joined()
    }

    private static func plain(_ value: Int?) -> String { value.map(String.init) ?? "" }

    private static func time(_ nanoseconds: Int?) -> String {
        guard let nanoseconds else { return "" }
        return scaled(nanoseconds, units: ["ns", "µs", "ms", "s"])
    }

    private static func scaled(_ value: Int?, units: [String] = ["", "k", "M", "G"]) -> String {
        guard let value else { return "" }
        var rest = Double(value)
        var unit: Int = 0
        while rest >= 1000, unit + 1 < units.count {
            rest /= 1000
            unit += 1
        }
        let rounded: Double = rest < 10 ? (rest * 100).rounded() / 100 : rest < 100 ? (rest * 10).rounded() / 10 : rest.rounded()
        let text: String = unit == 0 || rest >= 100 ? "\(Int(rounded))" : "\(rounded)"
        return units[unit].isEmpty ? text : "\(text) \(units[unit])"
    }
}
