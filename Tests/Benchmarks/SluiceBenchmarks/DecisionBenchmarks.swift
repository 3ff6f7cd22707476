import Benchmark
import CAllocations
import Clockwork
import Controllers
import Delivery
import Synchronization

func registerDecisions() {
    Benchmark.register("decision: one, in the middle of a canary") { benchmark in
        let (seen, now) = Paused.observation
        benchmark.measuring { decide(seen, now: now) }
    }
    Benchmark.register("decision: a whole round that changes nothing", iterations: 20) { benchmark in
        for round in try Paused.rounds(100) {
            benchmark.measurement(Count.allocations, round.allocations)
            benchmark.measurement(Count.rate, round.rate)
        }
    }
}

/// A canary that waits at a pause, with 8 KB of pod template.
private enum Paused {
    static func run<Result: Sendable>(
        hooks: ControllerHooks = ControllerHooks(), _ body: @escaping @Sendable (CanaryWorld) async throws -> Result
    ) throws -> Result {
        try CanaryWorld.run(hooks: hooks) { world in
            try await world.begin(steps: [["setWeight": 20], ["pause": [:]], ["setWeight": 60], ["pause": ["duration": "1s"]]])
            try await world.release()
            try await world.wait { $0.status.phase == .paused && $0.status.currentStepIndex == 1 }
            try await world.cluster.sleep(.seconds(60))
            return try await body(world)
        }
    }

    /// What a decision is made from; it ends the process if there is none, since there is nothing to measure then.
    static let observation: (RolloutObservation, Timestamp) = {
        do {
            return try run { world in
                guard let seen = world.controllers.observation(of: CanaryWorld.key) else { throw NothingSeen() }
                return (seen, world.clock.now)
            }
        } catch {
            preconditionFailure("\(error)")
        }
    }()

    private struct NothingSeen: Error {}

    struct Round: Sendable {
        var allocations: Int
        var rate: Int
    }

    /// Rounds of the production reconciler: observe, decide, compare the status, sleep; nothing is written.
    static func rounds(_ count: Int) throws -> [Round] {
        let rounds = Mutex<[Round]>([])
        let start = Mutex<(allocations: Int64, at: Double)>((0, 0))
        var hooks = ControllerHooks()
        hooks.onReconcileStart = { _, _ in start.withLock { $0 = (sluice_count_allocations().count, Benchmark.processorSeconds) } }
        hooks.onReconcile = { _ in
            let (allocations, at) = start.withLock { $0 }
            let elapsed: Double = max(1e-9, Benchmark.processorSeconds - at)
            let round = Round(
                allocations: Int(sluice_count_allocations().count - allocations),
                rate: Int(1 / elapsed))
            rounds.withLock { $0.append(round) }
        }
        try run(hooks: hooks) { world in
            guard let queue = world.controllers.queues.first(where: { $0.name == "Rollout" })?.queue else { return }
            let before: Int = await world.requests()
            rounds.withLock { $0 = [] }
            for _ in 0..<count {
                queue.add(CanaryWorld.key)
                try await world.cluster.sleep(.milliseconds(100))
            }
            let requests: Int = await world.requests() - before
            guard requests == 0 else { throw Busy(requests: requests) }
        }
        return rounds.withLock { $0 }
    }

    private struct Busy: Error { var requests: Int }
}
