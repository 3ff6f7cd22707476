// The library keeps its list of benchmarks in a variable that anybody may write; it is complete before the host begins.
@preconcurrency import Benchmark
@preconcurrency import Glibc

/// Runs the benchmarks one by one, prints a table, and checks the counts that have limits.
struct Host {
    private let filter: String
    private let seconds: Int

    /// - Parameter arguments: `--filter TEXT` runs the benchmarks whose name contains the text, `--seconds N` measures each for so long.
    init(arguments: [String]) {
        func value(_ option: String) -> String? {
            arguments.firstIndex(of: option).flatMap { arguments.indices.contains($0 + 1) ? arguments[$0 + 1] : nil }
        }
        filter = value("--filter") ?? ""
        seconds = value("--seconds").flatMap { Int($0) } ?? 1
    }

    /// Ends the process: with 0 when everything ran and all limits were kept.
    func run() -> Never {
        setvbuf(stdout, nil, _IOLBF, 0)
        var failures: [String] = []
        var findings: [Limit.Finding] = []
        print(ResultRow.heading)
        for benchmark in Benchmark.benchmarks where filter.isEmpty || benchmark.name.contains(filter) {
            benchmark.configuration.maxDuration = .seconds(seconds)
            do {
                let row = ResultRow(benchmark.name, try BenchmarkProcess.results(of: benchmark))
                print(row.line)
                findings += Limit.all.filter { $0.benchmark == benchmark.name }.map { $0.finding(in: row) }
            } catch {
                failures.append("\(benchmark.name): \(error)")
                print("\(benchmark.name): failed: \(error)")
            }
        }
        if !findings.isEmpty {
            print("\ncounts with limits, on any machine\n")
            for finding in findings {
                print(finding.line)
                if !finding.isKept { failures.append(finding.line) }
            }
        }
        guard failures.isEmpty else {
            print("\n\(failures.count) failed:\n" + failures.joined(separator: "\n"))
            exit(1)
        }
        exit(0)
    }
}
