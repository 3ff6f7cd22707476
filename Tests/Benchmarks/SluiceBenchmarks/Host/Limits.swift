import Benchmark

/// The most that a count may be. Only for counts that are the same on every machine: allocations, bytes, requests.
///
/// A limit stands a little above what was measured, so that it speaks up for a step backwards and not for a new toolchain. Whoever makes
/// a count smaller lowers its limit in the same commit.
struct Limit {
    var benchmark: String
    var metric: BenchmarkMetric
    var most: Int

    static let all: [Limit] = [
        Limit(benchmark: "caching: list 1 000 ReplicaSets into the store", metric: Count.kept, most: 3_000),
        Limit(benchmark: "caching: list 1 000 ReplicaSets into the store", metric: Count.peak, most: 4_500),
        Limit(benchmark: "caching: 2 000 watch events of ReplicaSets", metric: Count.allocations, most: 360),
        Limit(benchmark: "decoding: the same, whose templates were read before", metric: Count.allocations, most: 22),
        Limit(benchmark: "decision: one, in the middle of a canary", metric: Count.allocations, most: 100),
        Limit(benchmark: "decision: a whole round that changes nothing", metric: Count.allocations, most: 200),
        Limit(benchmark: "canary: first deploy and one release in the simulator", metric: Count.requests, most: 44),
    ]

    struct Finding {
        var line: String
        var isKept: Bool
    }

    func finding(in row: ResultRow) -> Finding {
        let what: String = "\(benchmark): \(metric.description)"
        guard let found = row[metric] else { return Finding(line: "\(what) was not measured; at most \(most) is allowed", isKept: false) }
        return Finding(line: "\(found <= most ? "ok  " : "over") \(what) \(found), at most \(most)", isKept: found <= most)
    }
}
