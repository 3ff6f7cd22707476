import Benchmark
import CAllocations
import Glibc

/// What is measured beside time and instructions. Counts do not depend on the machine, and so may have limits.
enum Count {
    /// Blocks allocated, for one item.
    static let allocations = BenchmarkMetric.custom("allocations", polarity: .prefersSmaller, useScalingFactor: false)
    /// Bytes that stay allocated, for one item.
    static let kept = BenchmarkMetric.custom("kept", polarity: .prefersSmaller, useScalingFactor: false)
    /// The most that was allocated beyond what was there before, for one item.
    static let peak = BenchmarkMetric.custom("peak", polarity: .prefersSmaller, useScalingFactor: false)
    /// Requests to the API server.
    static let requests = BenchmarkMetric.custom("requests", polarity: .prefersSmaller, useScalingFactor: false)
    /// Items a second of processor time, so that whatever else runs on the machine counts little.
    static let rate = BenchmarkMetric.custom("rate", polarity: .prefersLarger, useScalingFactor: false)
    /// Bytes a second of processor time.
    static let throughput = BenchmarkMetric.custom("throughput", polarity: .prefersLarger, useScalingFactor: false)

    static let all: [BenchmarkMetric] = [allocations, kept, peak, requests, rate, throughput]
}

extension Benchmark {
    /// A benchmark with all our metrics; those that its body does not measure stay out of the table.
    @discardableResult
    static func register(
        _ name: String, iterations: Int = 10_000, _ body: @escaping (Benchmark) throws -> Void
    ) -> Benchmark? {
        Benchmark(
            name,
            configuration: .init(metrics: [.wallClock, .instructions] + Count.all, maxIterations: iterations)
        ) { benchmark in
            do {
                try body(benchmark)
            } catch {
                benchmark.error("\(name): \(error)")
            }
        }
    }

    /// Measures one run of `body`, which handles `items` items of `bytes` bytes in all. What it returns counts as kept.
    func measuring<Result>(items: Int = 1, bytes: Int = 0, keeps: Bool = false, _ body: () throws -> Result) rethrows {
        startMeasurement()
        sluice_reset_peak()
        let before = sluice_count_allocations()
        let start = Self.processorSeconds
        let result = try body()
        let seconds = max(1e-9, Self.processorSeconds - start)
        let after = sluice_count_allocations()
        stopMeasurement()
        withExtendedLifetime(result) {}
        measurement(Count.allocations, Int(after.count - before.count) / items)
        measurement(Count.rate, Int(Double(items) / seconds))
        if bytes > 0 { measurement(Count.throughput, Int(Double(bytes) / seconds)) }
        if keeps {
            measurement(Count.kept, Int(after.live - before.live) / items)
            measurement(Count.peak, Int(after.peak - before.live) / items)
        }
    }
}

extension Benchmark {
    /// Processor time of this process so far.
    static var processorSeconds: Double {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}

/// For what must not be optimised away.
@inline(never)
func consume<Value>(_ value: Value) { blackHole(value) }
