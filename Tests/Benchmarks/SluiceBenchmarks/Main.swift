import Benchmark

/// Two programs in one: a host that runs each benchmark in a process of its own and prints what came of it, and, with the pipes
/// of a host on its command line, the process that is measured. The benchmark library's own tool is a host, too.
@main struct SluiceBenchmarks: BenchmarkRunnerHooks {
    static func main() async {
        if CommandLine.arguments.contains("--input-fd") {
            await BenchmarkRunner.setupBenchmarkRunner(registerBenchmarks: registerBenchmarks)
        } else {
            registerBenchmarks()
            Host(arguments: Array(CommandLine.arguments.dropFirst())).run()
        }
    }

    static func registerBenchmarks() {
        // One second each: enough for a median; longer runs are a matter of `--seconds`.
        Benchmark.defaultConfiguration = .init(
            metrics: [.wallClock, .instructions], warmupIterations: 1, maxDuration: .seconds(1), maxIterations: 10_000)
        registerJSON()
        registerDecoding()
        registerCaching()
        registerDecisions()
        registerCanary()
        registerExpressions()
    }
}
