import ArgumentParser
import Clockwork
import ControllerKit
import Glibc
import World

/// Plays histories from a seed upward until time is up, and says what did not hold.
@main struct TortureCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sluice-torture", abstract: "Plays the controller against a cluster in which everything goes wrong.")

    @Option(help: "The seed of the first history; the next ones follow.") var seed: UInt64 = 1
    @Option(help: "How long to go on, such as 5m.") var budget: String = "5m"
    @Option(help: "How many histories to play; without it time decides.") var histories: Int?
    @Option(help: "Fewer histories than this are a failure.") var atLeast: Int = 0
    @Option(help: "Anything that was tried or reached less often is a failure.") var covered: Int = 0
    @Option(help: "Histories that are played at the same time.") var threads: Int = 2
    @Option(help: "How many histories are played at most to make a failing one short.") var shrink: Int = 200
    @Flag(help: "Print each history and all its writes.") var verbose: Bool = false

    func validate() throws {
        do throws(GoDurationError) {
            _ = try GoDuration(parsing: budget)
        } catch {
            throw ValidationError("--budget \(budget) is no duration; 90s and 5m are: \(error)")
        }
        guard threads > 0 else { throw ValidationError("--threads is \(threads); it must be 1 or more") }
    }

    func run() async throws {
        let clock = SystemClock()
        let limit: Duration = .nanoseconds(try GoDuration(parsing: budget).nanoseconds)
        let deadline: Timestamp = histories == nil ? clock.now + limit : clock.now + .seconds(365 * 86_400)
        let last: UInt64 = histories.map { seed &+ UInt64($0) } ?? .max
        let began: Timestamp = clock.now
        var report = Report(began: began)
        await withTaskGroup(of: (seed: UInt64, verdict: Verdict).self) { group in
            var next: UInt64 = seed
            func begin() {
                guard next < last, clock.now < deadline else { return }
                let seed: UInt64 = next
                next += 1
                // Each history has a thread for itself until it is over: it waits for nothing outside.
                group.addTask { (seed, HistoryPlayer.play(HistoryGenerator.history(seed: seed))) }
            }
            for _ in 0..<threads { begin() }
            for await (seed, verdict) in group {
                report.add(seed, verdict, now: clock.now)
                if verbose { show(seed, verdict) }
                begin()
            }
        }
        print(report.summary(now: clock.now))
        let shrinkUntil: Timestamp = clock.now + .seconds(120)
        for (invariant, seeds) in report.failures.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
            tell(invariant, seeds, until: shrinkUntil, clock)
        }
        var problems: [String] = report.failures.isEmpty ? [] : ["\(report.failures.count) invariants do not hold"]
        if report.count < atLeast { problems.append("\(report.count) histories were played, at least \(atLeast) are asked for") }
        problems += report.coverage.gaps(below: covered)
        for problem in problems { print("failed: \(problem)") }
        if !problems.isEmpty { throw ExitCode.failure }
    }

    private func show(_ seed: UInt64, _ verdict: Verdict) {
        print(HistoryGenerator.history(seed: seed))
        print(verdict.journal, terminator: "")
        for line in verdict.lastWrites { print("  \(line)") }
        for violation in verdict.violations { print("  \(violation)") }
    }

    /// One invariant: where it did not hold, how to see it again, and the shortest history in which it does not.
    private func tell(_ invariant: Invariant, _ seeds: [UInt64], until deadline: Timestamp, _ clock: SystemClock) {
        let seed: UInt64 = seeds[0]
        print("\n\(invariant.rawValue) did not hold in \(seeds.count) histories: \(seeds.prefix(10).map(String.init).joined(separator: ", "))")
        print("replay: make torture SEED=\(seed) HISTORIES=1")
        let shrinker = Shrinker(mayTry: { clock.now < deadline }) { Set(HistoryPlayer.play($0).violations.map(\.invariant)) }
        let (short, tries) = shrinker.shrink(HistoryGenerator.history(seed: seed), keeping: invariant, tries: shrink)
        let verdict: Verdict = HistoryPlayer.play(short)
        print("shrunk by \(tries) tries to:\n\(short)")
        for violation in verdict.violations.prefix(5) { print("  \(violation)") }
        print("the last writes:")
        for line in verdict.lastWrites { print("  \(line)") }
    }
}

/// What has been played so far.
private struct Report {
    let began: Timestamp
    var count: Int = 0
    var coverage = Coverage()
    var failures: [Invariant: [UInt64]] = [:]
    var told: Timestamp

    init(began: Timestamp) {
        self.began = began
        told = began
    }

    mutating func add(_ seed: UInt64, _ verdict: Verdict, now: Timestamp) {
        count += 1
        coverage.merge(verdict.coverage)
        for invariant in Set(verdict.violations.map(\.invariant)) { failures[invariant, default: []].append(seed) }
        guard now - told >= .seconds(20) else { return }
        told = now
        print("\(speed(now)), \(failures.count) invariants broken")
        // All streams: naming one is not safe for the compiler.
        fflush(nil)
    }

    private func speed(_ now: Timestamp) -> String {
        var used = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used)
        let cpu: Double = Double(used.tv_sec) + Double(used.tv_nsec) / 1e9
        let tenths: Int = Int(Double(count) / max(cpu, 0.001) * 10)
        return "\((now - began).components.seconds) s: \(count) histories, \(tenths / 10).\(tenths % 10) for each second of a processor"
    }

    func summary(now: Timestamp) -> String { "\(speed(now))\n\(coverage.table)" }
}
