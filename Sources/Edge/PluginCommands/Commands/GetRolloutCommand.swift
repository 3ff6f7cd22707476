import ArgumentParser
import Clockwork
import Synchronization

/// `get rollout NAME`: a Rollout as a tree, once or live.
struct GetRolloutCommand: PluginCommand {
    static let configuration = CommandConfiguration(
        commandName: "rollout", abstract: "Show a rollout, its revisions, pods and analyses.", aliases: ["ro", "rollouts"])

    @Argument(help: "Name of the rollout.") var name: String
    @Flag(name: [.customShort("w"), .long], inversion: .prefixedNo, help: "Show it live.") var watch = false
    @Flag(help: "Use no colours.") var noColor = false
    @Option(help: "With --watch: stop after so many seconds; 0 goes on until it is interrupted.") var timeoutSeconds = 0
    @Option(name: [.customShort("o"), .long], help: "json, yaml or name instead of the tree.") var output: OutputFormat?
    @OptionGroup(title: "Global options") var options: GlobalOptions

    /// Faster changes would flicker.
    static let spacing: Duration = .milliseconds(200)
    /// Ages go on although nothing happens.
    static let tick: Duration = .seconds(1)

    func run(in environment: PluginEnvironment) async throws(CommandFailure) {
        let session = try Session(options, in: environment)
        let painter = Painter.forConsole(isTerminal: environment.console.isTerminal, noColour: noColor, variables: environment.variables)
        if let output {
            if watch { throw .message("--output and --watch cannot be used together; leave out one of them") }
            environment.console.write(output.text(ofRollout: try await session.rolloutDocument(name)))
        } else if watch {
            try await follow(session, painter)
        } else {
            let objects: RolloutObjects = try await session.readObjects(of: name)
            for complaint in objects.complaints { environment.console.note("Warning: " + complaint) }
            let text = RolloutText(painter: painter, now: environment.clock.now)
            environment.console.print(lines: text.lines(RolloutOverview(objects)))
        }
    }

    private func follow(_ session: Session, _ painter: Painter) async throws(CommandFailure) {
        let environment: PluginEnvironment = session.environment
        let screen = RolloutScreen(console: environment.console, clock: environment.clock, painter: painter)
        let name: String = name
        let outcome: Result<Void, CommandFailure> = await environment.interruptible(
            timeout: timeoutSeconds > 0 ? .seconds(timeoutSeconds) : nil
        ) { () async throws(CommandFailure) in
            try await session.watchObjects(
                of: name, spacing: Self.spacing, tick: environment.console.isTerminal ? Self.tick : nil, show: { screen.show($0) })
        } conclusion: { ending in
            switch ending {
            case .failed(let failure): .failure(failure)
            case .finished, .interrupted, .timedOut: .success(())
            }
        }
        try outcome.get()
    }
}

/// Where a live Rollout is drawn: over itself on a terminal, one picture below the other elsewhere.
final class RolloutScreen: Sendable {
    private let console: Console
    private let clock: any ControlClock
    private let painter: Painter
    private let last = Mutex<RolloutOverview?>(nil)

    init(console: Console, clock: any ControlClock, painter: Painter) {
        self.console = console
        self.clock = clock
        self.painter = painter
    }

    func show(_ sight: Session.Sight) {
        switch sight {
        case .deleted:
            let name: String = last.withLock { $0?.name } ?? ""
            console.print("rollout '\(name)' deleted")
        case .objects(let objects):
            let overview = RolloutOverview(objects)
            let before: RolloutOverview? = last.withLock { last in
                defer { last = overview }
                return last
            }
            // Without a terminal a picture in which only ages differ would be noise.
            if !console.isTerminal, before == overview { return }
            var lines: [String] = RolloutText(painter: painter, now: clock.now).lines(overview)
            lines += objects.complaints.map { "Warning: " + $0 }
            let start: String = console.isTerminal ? "\u{1B}[H\u{1B}[2J\u{1B}[0;0H" : (before == nil ? "" : "\n")
            console.write(start + lines.joined(separator: "\n") + "\n")
        }
    }
}
