import Clockwork
import EmbeddedAPIServer
import KubeModel
import RolloutModel
import SimulatedCluster
import StrictJSON
import Synchronization

/// Judges each write of the controller on the server's true state.
///
/// The world moves on between the look of a process and its write: a person asks for something else, a node takes pods away. For as long
/// as the news may be on its way, a write is measured by what its process could know; `grace` says how long that is.
package final class WriteJudge: Sendable {
    struct State: Sendable {
        var violations: [Violation] = []
        var wishes = Wishes()
        /// Ready pods that others have taken away, by revision, with the time until which the process may not know it.
        var evicted: [(revision: String, until: Timestamp)] = []
        /// The last change of a size, a weight or a selector, by object: which way it went and for which cause.
        var turns: [String: Turn] = [:]
        /// When a run was seen to have failed.
        var failures: [String: Timestamp] = [:]
        var gates = BlueGreenGates()
        /// Versions that became stable with fewer pods than all, because their user calls them enough.
        var earlyPromotions: Int = 0
    }

    struct Turn: Sendable {
        var cause: Int
        var values: [String]
    }

    private let key: ObjectKey
    private let grace: @Sendable (Timestamp) -> Duration
    private let clocksAreRight: Bool
    private let state = Mutex(State())

    /// - Parameters:
    ///   - grace: how long, from an instant on, a process may not have heard of what happened then.
    ///   - clocksAreRight: whether the durations of pauses can be judged.
    package init(
        _ world: World, rollout name: String = "my-app", clocksAreRight: Bool = true, grace: @escaping @Sendable (Timestamp) -> Duration = { _ in .seconds(1) }
    ) {
        key = world.key(name)
        self.grace = grace
        self.clocksAreRight = clocksAreRight
        // The cluster keeps the judge, so the judge must not keep the cluster.
        world.cluster.onWrite { [self, weak cluster = world.cluster] write, state in
            note(write, state) { rollout in cluster?.programmedRoutes(of: rollout) ?? [] }
        }
    }

    /// What did not hold, in order; empty is what is expected.
    package var violations: [Violation] { state.withLock { $0.violations } }

    var earlyPromotions: Int { state.withLock { $0.earlyPromotions } }

    var gates: BlueGreenGates { state.withLock { $0.gates } }

    var wishes: Wishes { state.withLock { $0.wishes } }

    static func isOurs(_ write: CommittedWrite) -> Bool { write.userAgent.hasPrefix(World.controllerAgent) }

    private func note(_ write: CommittedWrite, _ server: ServerState, routes: (Rollout) -> [ProgrammedRoute]) {
        guard Self.isOurs(write) else { return noteOthers(write, server) }
        guard write.resource != .events, write.resource != .leases, let truth = TrueState(server, rollout: key) else { return }
        state.withLock { state in
            let scene = JudgedWrite(
                write, truth, state, routes: routes(truth.rollout), grace: grace(state.wishes.changedAt),
                clocksAreRight: clocksAreRight)
            var found: [(Invariant, String)] = scene.oneLeaderWrites(server)
            switch write.resource {
            case .httpRoutes: found += scene.judgeRoute()
            case .services: found += scene.judgeService()
            case .replicaSets: found += scene.judgeReplicaSet()
            case .rollouts: found += scene.judgeRollout(clocksAreRight: clocksAreRight)
            case .analysisRuns: found += scene.judgeRun()
            default: break
            }
            found += scene.turnedAround(&state)
            scene.note(in: &state.gates)
            if write.resource == .rollouts, scene.movedOn { state.wishes.causes += 1 }
            if scene.promotesEarly { state.earlyPromotions += 1 }
            if write.resource == .analysisRuns, let phase = write.new?.at("status", "phase")?.stringValue, ["Failed", "Error", "Inconclusive"].contains(phase) {
                state.failures[write.key.name] = state.failures[write.key.name] ?? write.at
                state.wishes.causes += 1
            }
            if write.resource == .rollouts, let step = state.wishes.resumed?.step, write.new?.at("status", "currentStepIndex")?.intValue != step {
                state.wishes.resumed = nil
            }
            state.violations += found.map { Violation($0.0, "\($0.1) (version \(write.resourceVersion))", at: write.at) }
        }
    }

    private func noteOthers(_ write: CommittedWrite, _ server: ServerState) {
        switch write.resource {
        case .rollouts:
            guard write.userAgent == "kubectl", write.key == key, let new = write.new, let truth = TrueState(server, rollout: key) else { return }
            state.withLock { state in
                state.wishes.note(from: write.old, to: new, in: truth, at: write.at, excusedUntil: write.at + grace(write.at))
                // Both can be read: the server has stored them for the controller to read.
                guard let old = write.old, let before = try? Rollout(json: old), let after = try? Rollout(json: new) else { return }
                state.gates.note(before.status, after.status, at: write.at)
            }
        case .pods:
            // Ready before, and not any more, though nobody scaled anything down.
            let (was, isNow): (Bool, Bool) = (write.old.map(TrueState.isReady) ?? false, write.new.map(TrueState.isReady) ?? false)
            guard was != isNow else { return }
            // Once pods were lost, each that comes back is a reason to give back to its version what it had.
            if isNow { return state.withLock { $0.wishes.causes += $0.evicted.isEmpty ? 0 : 1 } }
            guard write.userAgent == "kubectl", let old = write.old else { return }
            state.withLock { state in
                state.evicted.append((TrueState.hash(of: old), write.at + grace(write.at)))
                state.wishes.causes += 1
            }
        default: return
        }
    }
}
