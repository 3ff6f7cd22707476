import Clockwork
import Synchronization

/// A task executor that runs everything on the thread that calls `run`, in an order that a seed decides.
///
/// Structured code started with this executor stays on it: child tasks, default actors, streams and continuations
/// all enqueue here.
public final class SimulationLoop: TaskExecutor {
    private struct State {
        var ready: [UnownedJob] = []
        var random: SeededGenerator
        var now: Timestamp
        var timers: [Timer] = []
        var nextTimer: UInt64 = 0
        var jobsRun: Int = 0
        var foreignJobs: Int = 0
        var owner: UInt = 0
        var pace: Pace?
    }

    private struct Timer {
        var id: UInt64
        var at: Timestamp
        var continuation: CheckedContinuation<Bool, Never>
    }

    /// How virtual time is tied to real time, for demonstrations; without it time jumps.
    private struct Pace {
        var wait: @Sendable (Duration) -> Void
    }

    private let state: Mutex<State>

    /// - Parameters:
    ///   - seed: decides the order in which ready jobs run.
    ///   - start: the first instant of virtual time.
    public init(seed: UInt64, start: Timestamp = Timestamp(secondsSince1970: 1_772_359_200)) {
        state = Mutex(State(random: SeededGenerator(seed: seed), now: start))
    }

    public func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        let thread: UInt = currentThreadToken()
        state.withLock { state in
            if state.owner != 0 && state.owner != thread { state.foreignJobs += 1 }
            state.ready.append(job)
        }
    }

    /// Virtual time.
    public var now: Timestamp { state.withLock { $0.now } }

    /// Jobs that were enqueued by another thread than the loop's: anything but 0 means that something escaped.
    public var foreignJobs: Int { state.withLock { $0.foreignJobs } }

    /// Jobs run so far.
    public var jobsRun: Int { state.withLock { $0.jobsRun } }

    /// Ties virtual time to something outside: called before time jumps, with the virtual duration of the jump.
    public func setPace(_ wait: @escaping @Sendable (Duration) -> Void) {
        state.withLock { $0.pace = Pace(wait: wait) }
    }

    /// Runs `body` and everything that it starts to its end.
    ///
    /// - Returns: what `body` returned.
    /// - Throws: `Deadlock` when nothing is ready and no timer is set although `body` has not ended; what `body` throws.
    public func run<Result: Sendable>(_ body: @escaping @Sendable () async throws -> Result) throws -> Result {
        let outcome = Mutex<Swift.Result<Result, any Error>?>(nil)
        state.withLock { $0.owner = currentThreadToken() }
        defer { state.withLock { $0.owner = 0 } }
        // The one task without a parent: it is the root of the simulation, and this call outlives it.
        let root = Task(executorPreference: self) {
            do {
                let value: Result = try await body()
                outcome.withLock { $0 = .success(value) }
            } catch {
                outcome.withLock { $0 = .failure(error) }
            }
        }
        while outcome.withLock({ $0 == nil }) {
            if runNextJob() { continue }
            guard fireNextTimer() else {
                root.cancel()
                while runNextJob() {}
                throw Deadlock(at: now)
            }
        }
        while runNextJob() {}
        return try outcome.withLock { $0! }.get()
    }

    private func runNextJob() -> Bool {
        let job: UnownedJob? = state.withLock { state in
            guard !state.ready.isEmpty else { return nil }
            let index: Int = state.ready.count == 1 ? 0 : Int.random(in: 0..<state.ready.count, using: &state.random)
            state.jobsRun += 1
            return state.ready.remove(at: index)
        }
        guard let job else { return false }
        job.runSynchronously(on: asUnownedTaskExecutor())
        return true
    }

    private func fireNextTimer() -> Bool {
        let next: (jump: Duration, pace: Pace?)? = state.withLock { state in
            guard let earliest = state.timers.map(\.at).min() else { return nil }
            return (max(.zero, state.now.duration(to: earliest)), state.pace)
        }
        guard let next else { return false }
        if next.jump > .zero { next.pace?.wait(next.jump) }
        let due: [CheckedContinuation<Bool, Never>] = state.withLock { state in
            guard let earliest = state.timers.map(\.at).min() else { return [] }
            state.now = max(state.now, earliest)
            let now: Timestamp = state.now
            let due: [Timer] = state.timers.filter { $0.at <= now }
            state.timers.removeAll { $0.at <= now }
            return due.map(\.continuation)
        }
        for continuation in due { continuation.resume(returning: true) }
        return true
    }

    /// Ends when virtual time has reached `instant`, or at once with false when the task is cancelled.
    func wait(until instant: Timestamp) async -> Bool {
        let id: UInt64 = state.withLock { state in
            state.nextTimer += 1
            return state.nextTimer
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isDue: Bool = state.withLock { state in
                    if state.now >= instant || Task.isCancelled { return true }
                    state.timers.append(Timer(id: id, at: instant, continuation: continuation))
                    return false
                }
                if isDue { continuation.resume(returning: !Task.isCancelled) }
            }
        } onCancel: {
            let waiting: CheckedContinuation<Bool, Never>? = state.withLock { state in
                guard let index = state.timers.firstIndex(where: { $0.id == id }) else { return nil }
                return state.timers.remove(at: index).continuation
            }
            waiting?.resume(returning: false)
        }
    }
}

/// Nothing could run any more and no timer was set, although the simulation had not ended.
public struct Deadlock: Error, Sendable, CustomStringConvertible {
    /// Virtual time at which everything stood still.
    public let at: Timestamp

    public init(at: Timestamp) { self.at = at }

    public var description: String { "deadlock at \(at.rfc3339): nothing is ready to run and no timer is set" }
}
