import Clockwork
import CoreMetrics
import Observability
import Synchronization
import Testing

/// A clock that is moved by hand.
final class HandClock: ControlClock {
    typealias Duration = Swift.Duration
    private let time = Mutex(Timestamp(secondsSince1970: 1_772_359_200))
    var now: Timestamp { time.withLock { $0 } }
    var minimumResolution: Duration { .nanoseconds(1) }
    func advance(_ duration: Duration) { time.withLock { $0 += duration } }
    func sleep(until deadline: Timestamp, tolerance: Duration?) async throws {}
}

@Suite("Metrics") struct MetricTests {
    static let requests = MetricDefinition("requests_total", .counter, labels: ["code", "path"], help: "Requests\nby \\ path.")
    static let depth = MetricDefinition("depth", .gauge, help: "How deep.")
    static let seconds = MetricDefinition("seconds", .histogram(bounds: [0.01, 0.15, 1]), labels: ["name"], help: "How long.")

    private func text(_ registry: MetricRegistry) -> String { String(decoding: registry.page().bytes, as: UTF8.self) }

    @Test("stand on the page as Prometheus reads them, sorted by name and labels") func page() {
        let registry = MetricRegistry(clock: HandClock())
        registry.add(to: Self.requests, ["200", "/b"])
        registry.add(2, to: Self.requests, ["200", "/a\"\\\n"])
        registry.add(to: Self.requests, ["200", "/b"])
        for value in [0.01, 0.011, 0.15, 3] { registry.observe(value, in: Self.seconds, ["x"]) }
        registry.set(0.5, of: Self.depth)
        registry.collect { page in page.add(MetricDefinition("a_collected", .gauge, labels: ["k"], help: "At last.")) { $0.append(["v"], .infinity) } }
        #expect(text(registry) == """
            # HELP a_collected At last.
            # TYPE a_collected gauge
            a_collected{k="v"} +Inf
            # HELP depth How deep.
            # TYPE depth gauge
            depth 0.5
            # HELP requests_total Requests\\nby \\\\ path.
            # TYPE requests_total counter
            requests_total{code="200",path="/a\\"\\\\\\n"} 2
            requests_total{code="200",path="/b"} 2
            # HELP seconds How long.
            # TYPE seconds histogram
            seconds_bucket{name="x",le="0.01"} 1
            seconds_bucket{name="x",le="0.15"} 3
            seconds_bucket{name="x",le="1"} 3
            seconds_bucket{name="x",le="+Inf"} 4
            seconds_sum{name="x"} 3.171
            seconds_count{name="x"} 4

            """)
    }

    @Test("have no more series than they may, and say how often that mattered") func limit() {
        let registry = MetricRegistry(clock: HandClock())
        let bounded = MetricDefinition("bounded", .counter, labels: ["id"], help: "Few.", seriesLimit: 2)
        for id in 0..<5 { registry.add(to: bounded, ["\(id)"]) }
        registry.add(to: bounded, ["1"])
        #expect(text(registry).contains("bounded{id=\"1\"} 2\n"))
        #expect(!text(registry).contains("bounded{id=\"2\"}"))
        #expect(text(registry).contains("rollouts_metric_series_dropped_total{metric=\"bounded\"} 3\n"))
    }

    @Test("lose series that nothing happens to, if they are defined so") func idle() {
        let clock = HandClock()
        let registry = MetricRegistry(clock: clock)
        let idle = MetricDefinition("idle", .counter, labels: ["id"], help: "For a while.", idleLimit: .seconds(60))
        registry.add(to: idle, ["a"])
        registry.add(to: idle, ["b"])
        clock.advance(.seconds(59))
        registry.add(to: idle, ["b"])
        #expect(text(registry).contains("idle{id=\"a\"}"))
        clock.advance(.seconds(1))
        #expect(!text(registry).contains("idle{id=\"a\"}") && text(registry).contains("idle{id=\"b\"} 2"))
    }

    @Test("keep the series of an object that is gone for a last scrape, and for good if it comes back") func retirement() {
        let clock = HandClock()
        let registry = MetricRegistry(clock: clock)
        for name in ["gone", "back", "other"] { registry.add(to: Self.requests, [name, "/"]) }
        registry.retire(["gone"], of: [Self.requests], after: .seconds(65))
        registry.retire(["back"], of: [Self.requests], after: .seconds(65))
        clock.advance(.seconds(64))
        registry.add(to: Self.requests, ["back", "/"])
        #expect(text(registry).contains("code=\"gone\""))
        clock.advance(.seconds(1))
        #expect(!text(registry).contains("code=\"gone\""))
        #expect(text(registry).contains("code=\"back\"") && text(registry).contains("code=\"other\""))
    }

    @Test("of libraries are on the same page") func libraries() {
        let registry = MetricRegistry(clock: HandClock())
        Counter(label: "http.requests", dimensions: [("method", "GET")], factory: registry).increment(by: 3)
        Counter(label: "http.requests", dimensions: [("method", "PUT"), ("late", "x")], factory: registry).increment()
        Timer(label: "http-duration", factory: registry).recordMilliseconds(20)
        Gauge(label: "9lives", factory: registry).record(1.5)
        let gone = Counter(label: "gone", factory: registry)
        gone.increment()
        gone.destroy()
        let page = text(registry)
        #expect(page.contains("http_requests{method=\"GET\"} 3\nhttp_requests{method=\"PUT\"} 1\n"))
        #expect(page.contains("http_duration_bucket{le=\"0.01\"} 0\nhttp_duration_bucket{le=\"0.025\"} 1\n"))
        #expect(page.contains("_9lives 1.5\n") && !page.contains("gone 1"))
    }

    @Test("of the process come from /proc") func process() {
        let files: [String: String] = [
            "/proc/self/stat": "42 (a) b) S 1 42 42 0 -1 4194560 100 0 0 0 250 50 0 0 20 0 5 0 1000 123456 77 18446744073709551615 1 1",
            "/proc/stat": "cpu 1 2 3\nbtime 1772359100\n", "/proc/self/limits": "Limit Soft Hard Units\nMax open files            1024    4096   files\n",
        ]
        let source = ProcessMetrics.Source(file: { files[$0] }, entryCount: { _ in 7 }, ticksPerSecond: 100, pageBytes: 4096)
        var page = MetricPage()
        ProcessMetrics(source: source).collect(into: &page)
        let samples = String(decoding: page.bytes, as: UTF8.self).split(separator: "\n").filter { !$0.hasPrefix("#") }
        #expect(samples == [
            "process_cpu_seconds_total 3", "process_max_fds 1024", "process_open_fds 7", "process_resident_memory_bytes 315392",
            "process_start_time_seconds 1772359110", "process_virtual_memory_bytes 123456",
        ])
    }

    @Test("of this very process are plausible") func thisProcess() throws {
        var page = MetricPage()
        ProcessMetrics().collect(into: &page)
        var values: [Substring: Double] = [:]
        for line in String(decoding: page.bytes, as: UTF8.self).split(separator: "\n") where !line.hasPrefix("#") {
            let parts = line.split(separator: " ")
            values[parts[0]] = Double(parts[1])
        }
        #expect(try #require(values["process_resident_memory_bytes"]) > 1_048_576)
        #expect(try #require(values["process_open_fds"]) >= 3)
        #expect(try #require(values["process_start_time_seconds"]) > 1_700_000_000)
    }
}
