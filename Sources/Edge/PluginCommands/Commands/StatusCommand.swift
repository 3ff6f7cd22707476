import ArgumentParser
import Clockwork
import KubeClient
import KubeModel
import RolloutModel
import StrictJSON

/// `status NAME`: the gate of pipelines. Waits until a Rollout is healthy or degraded, and says which by its exit status.
struct StatusCommand: PluginCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Wait until a rollout is healthy or degraded.",
        discussion: "Ends with 0 when it is healthy, with 1 when it is degraded, gone, or time is up. With --watch=false it only tells, and 1 means degraded.")

    @Argument(help: "Name of the rollout.") var name: String
    @Flag(name: [.customShort("w"), .long], inversion: .prefixedNo, help: "Wait for the outcome; --watch=false tells how it stands.")
    var watch = true
    @Option(name: [.customShort("t", allowingJoined: true), .long], help: "How long to wait: 90s, 1h30m; 0 waits for ever.") var timeout = "0"
    @OptionGroup(title: "Global options") var options: GlobalOptions

    func run(in environment: PluginEnvironment) async throws(CommandFailure) {
        let limit: Duration = try parsedTimeout()
        let session = try Session(options, in: environment)
        let state: RolloutState
        if watch {
            state = try await outcome(session, limit: limit)
        } else {
            state = RolloutState(of: try session.decoded(try await session.rolloutDocument(name)))
            // The message of a degraded one follows with the error.
            environment.console.print(state.isFinal ? state.phase : state.text)
        }
        if state.phase == "Degraded" { throw .message("The rollout is in a degraded state with message: \(state.message)") }
        if watch, state.phase != "Healthy" { throw Self.exceeded }
    }

    private func parsedTimeout() throws(CommandFailure) -> Duration {
        do throws(GoDurationError) {
            return try GoDuration(parsing: timeout).duration
        } catch {
            throw .message("invalid argument \"\(timeout)\" for \"-t, --timeout\" flag: \(error)")
        }
    }

    /// How long the last look may take, after which nobody waits any more: a server that is silent must not outlast the timeout.
    static let lastLook: Duration = .seconds(10)

    /// How the Rollout stands when it is decided, or when waiting ends.
    private func outcome(_ session: Session, limit: Duration) async throws(CommandFailure) -> RolloutState {
        let name: String = name
        let environment: PluginEnvironment = session.environment
        let ending: Ending<RolloutState> = await environment.interruptible(timeout: limit > .zero ? limit : nil) {
            () async throws(CommandFailure) -> RolloutState in
            try await session.waitForDecision(of: name)
        } conclusion: { ending in
            switch ending {
            case .finished, .failed: return ending
            case .interrupted, .timedOut:
                return await environment.ending(
                    of: { () async throws(CommandFailure) in RolloutState(of: try session.decoded(try await session.rolloutDocument(name))) },
                    timeout: Self.lastLook)
            }
        }
        switch ending {
        case .finished(let state): return state
        case .failed(let failure): throw failure
        case .interrupted, .timedOut: throw Self.exceeded
        }
    }

    static let exceeded = CommandFailure.message("Rollout status watch exceeded timeout")
}

extension Session {
    /// Prints each state of a Rollout, until one is final.
    ///
    /// It only follows the Rollout itself, so that a pipeline's account needs few rights.
    fileprivate func waitForDecision(of name: String) async throws(CommandFailure) -> RolloutState {
        let board = ObjectBoard()
        let result: Result<RolloutState, CommandFailure> = await withTaskGroup(of: Result<RolloutState, CommandFailure>.self) { group in
            group.addTask {
                let fed: Result<Void, CommandFailure> = await self.feed(board, .rollouts, Selection(fields: "metadata.name=\(name)"), seed: 0)
                return fed.flatMap { .failure(.interrupted) }
            }
            group.addTask {
                do throws(CommandFailure) { return .success(try await self.decision(on: board, name)) } catch { return .failure(error) }
            }
            let first: Result<RolloutState, CommandFailure>? = await group.next()
            group.cancelAll()
            return first ?? .failure(.interrupted)
        }
        return try result.get()
    }

    private func decision(on board: ObjectBoard, _ name: String) async throws(CommandFailure) -> RolloutState {
        var printed: RolloutState?
        for await _ in board.changes {
            guard let known = board.objects(of: .rollouts) else { continue }
            guard let document = known.first(where: { $0.at("metadata", "name")?.stringValue == name }) else { throw .rolloutNotFound(name) }
            let state = RolloutState(of: try decoded(document))
            if state.text != printed?.text { environment.console.print(state.text) }
            printed = state
            if state.isFinal { return state }
        }
        throw .interrupted
    }
}
