import Clockwork
import ControllerKit
import EmbeddedAPIServer
import KubeModel
import SimulatedCluster
import Synchronization

/// Writes the cluster's state down soon after it changes, and at the end.
final class StateKeeper: Sendable {
    /// From a change until it is written: short enough that a crash loses less than a second, long enough to gather what happens at once.
    static let delay: Duration = .milliseconds(300)
    /// After a failure.
    static let pause: Duration = .seconds(5)

    private struct State: Sendable {
        var changed = OneShot()
        /// The version that is written down.
        var kept: Int64 = 0
        var failure: String?
    }

    private let state = Mutex(State())
    private let file: StateFile
    private let cluster: SimulatedCluster
    private let environment: PluginEnvironment

    init(file: StateFile, cluster: SimulatedCluster, _ environment: PluginEnvironment) {
        self.file = file
        self.cluster = cluster
        self.environment = environment
        cluster.onWrite { [weak self] write, _ in
            // A lease is renewed every other second and is worth nothing in the next run.
            if write.resource != .leases { self?.state.withLock { $0.changed }.fire() }
        }
    }

    /// Writes at once, so that whatever is wrong with the file shows at the beginning, and then after each change, until the task is cancelled.
    func run() async {
        while !Task.isCancelled {
            let isKept = await keep()
            do {
                try await environment.clock.sleep(until: environment.clock.now + (isKept ? Self.delay : Self.pause), tolerance: nil)
            } catch {
                return
            }
            if isKept { await state.withLock { $0.changed }.wait() }
        }
    }

    /// The last write, after everything has ended.
    func finish() async -> Result<Void, CommandFailure> {
        if await keep() { return .success(()) }
        let cause = state.withLock { $0.failure } ?? ""
        return .failure(.message("the last state of the cluster is not in \(file.path): it \(cause); what was written before is still there"))
    }

    private func keep() async -> Bool {
        // Renewed first: what is written from here on counts as another change.
        state.withLock { $0.changed = OneShot() }
        let snapshot: ServerSnapshot = await cluster.server.state.snapshot
        if state.withLock({ $0.kept == snapshot.resourceVersion }) { return true }
        do throws(FileTrouble) {
            try file.write(snapshot)
        } catch {
            let isNews = state.withLock { state in
                defer { state.failure = "\(error)" }
                return state.failure != "\(error)"
            }
            if isNews { environment.console.note("Warning: the state file \(file.path) \(error); it is tried again") }
            return false
        }
        state.withLock { state in
            state.kept = snapshot.resourceVersion
            state.failure = nil
        }
        return true
    }
}
