import ArgumentParser
import Clockwork
import KubeClient
import KubeModel
import RolloutModel
import StrictJSON

/// `list rollouts`: one line per Rollout, once or live.
struct ListRolloutsCommand: PluginCommand {
    static let configuration = CommandConfiguration(commandName: "rollouts", abstract: "List rollouts.", aliases: ["ro", "rollout"])

    @Flag(name: [.customShort("A"), .long], help: "List those of all namespaces.") var allNamespaces = false
    @Option(help: "List only the rollout of this name.") var name: String?
    @Flag(name: [.customShort("w"), .long], inversion: .prefixedNo, help: "Print a line whenever one changes.") var watch = false
    @Flag(help: "Begin each line with the time.") var timestamps = false
    @Option(name: [.customShort("o"), .long], help: "json, yaml or name instead of the table.") var output: OutputFormat?
    @OptionGroup(title: "Global options") var options: GlobalOptions

    /// Lines that come together are aligned with each other.
    static let flushInterval: Duration = .milliseconds(500)

    func run(in environment: PluginEnvironment) async throws(CommandFailure) {
        let session = try Session(options, in: environment)
        let namespace: String? = allNamespaces ? nil : session.namespace
        let selection = Selection(fields: name.map { "metadata.name=\($0)" } ?? "")
        if watch {
            if output != nil { throw .message("--output and --watch cannot be used together; leave out one of them") }
            return try await follow(session, namespace, selection)
        }
        // As the server lists them, which is by name; that it does so is its habit and not its promise.
        let documents: [JSONValue] = try await session.list(.rollouts, namespace: namespace, selection: selection)
            .sorted { ResourceFollower.key(of: $0) < ResourceFollower.key(of: $1) }
        if let output { return environment.console.write(output.text(ofRollouts: documents)) }
        var rows: [RolloutListRow] = []
        for document in documents {
            do throws(CommandFailure) {
                rows.append(RolloutListRow(try session.decoded(document)))
            } catch {
                if case .message(let text) = error { environment.console.note("Warning: left out: " + text) }
            }
        }
        guard !rows.isEmpty else { return environment.console.note("No resources found.") }
        environment.console.print(lines: table.lines(rows, withTitles: true, now: environment.clock.now))
    }

    private var table: RolloutList { RolloutList(showsNamespaces: allNamespaces, showsTimestamps: timestamps) }

    private func follow(_ session: Session, _ namespace: String?, _ selection: Selection) async throws(CommandFailure) {
        let environment: PluginEnvironment = session.environment
        let clock: any ControlClock = environment.clock
        let printer = ListPrinter(table: table, console: environment.console, clock: clock)
        let follower = ResourceFollower(
            client: session.client, clock: clock, resource: .rollouts, namespace: namespace, selection: selection, patience: .failures(5),
            seed: environment.seed, warn: { environment.console.note($0) })
        let failure: CommandFailure? = await withTaskGroup(of: CommandFailure?.self) { group in
            group.addTask {
                do throws(KubeError) {
                    try await follower.run { await printer.take($0) }
                    return nil
                } catch {
                    if case .notFound = error { return .missingKind(.rollouts) }
                    return CommandFailure(error, origin: session.origin)
                }
            }
            group.addTask {
                // Only cancellation ends the beat.
                while (try? await clock.sleep(until: clock.now + Self.flushInterval, tolerance: nil)) != nil { await printer.flush() }
                return nil
            }
            let first: CommandFailure?? = await group.next()
            group.cancelAll()
            return first ?? nil
        }
        await printer.flush()
        if let failure { throw failure }
    }
}

/// Collects the lines of a live list, and prints those that say something new.
actor ListPrinter {
    private let table: RolloutList
    private let console: Console
    private let clock: any ControlClock
    private var printed: [ObjectKey: [String]] = [:]
    private var pending: [RolloutListRow] = []
    private var hasBegun = false

    init(table: RolloutList, console: Console, clock: any ControlClock) {
        self.table = table
        self.console = console
        self.clock = clock
    }

    func take(_ change: ResourceChange) {
        switch change {
        case .listed(let objects):
            let sorted: [JSONValue] = objects.sorted { ResourceFollower.key(of: $0) < ResourceFollower.key(of: $1) }
            let present: Set<ObjectKey> = Set(sorted.map(ResourceFollower.key))
            printed = printed.filter { present.contains($0.key) }
            for object in sorted { add(object) }
            // The table comes at once; only later lines wait for each other.
            if !hasBegun {
                hasBegun = true
                console.print(lines: table.lines(pending, withTitles: true, now: clock.now))
                pending = []
            }
        case .stored(let object): add(object)
        case .removed(let key): printed[key] = nil
        }
    }

    private func add(_ object: JSONValue) {
        let key: ObjectKey = ResourceFollower.key(of: object)
        let row: RolloutListRow
        do throws(DecodeError) {
            row = RolloutListRow(try Rollout(json: object))
        } catch {
            return console.note("Warning: rollout \(key) is left out: \(error)")
        }
        guard printed[key] != row.values else { return }
        printed[key] = row.values
        pending.append(row)
    }

    func flush() {
        guard !pending.isEmpty else { return }
        console.print(lines: table.lines(pending, withTitles: false, now: clock.now))
        pending = []
    }
}
