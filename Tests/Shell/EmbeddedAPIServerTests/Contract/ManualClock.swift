public import Clockwork
import Synchronization

/// A clock that stands still until a test moves it.
public final class ManualClock: ControlClock {
    private struct Sleeper {
        var id: Int
        var deadline: Timestamp
        var continuation: CheckedContinuation<Void, any Error>
    }

    private struct State {
        var now = Timestamp(secondsSince1970: 1_772_359_200)
        var sleepers: [Sleeper] = []
        var nextID = 0
        var cancelled: Set<Int> = []
        var begun = 0
        var waiters: [Waiter] = []
        var ended: Int { begun - sleepers.count }
    }

    /// Somebody who waits until so many sleeps have begun, or ended.
    private struct Waiter {
        var begun = 0
        var ended = 0
        var continuation: CheckedContinuation<Void, Never>
    }

    private let state = Mutex(State())

    public init() {}

    public var now: Timestamp { state.withLock { $0.now } }
    public var minimumResolution: Duration { .nanoseconds(1) }

    /// How many sleeps have not ended.
    public var sleepers: Int { state.withLock { $0.sleepers.count } }

    public func sleep(until deadline: Timestamp, tolerance: Duration?) async throws {
        let id = state.withLock { state -> Int in
            state.nextID += 1
            return state.nextID
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
                let (outcome, waiters) = state.withLock { state -> (Result<Void, any Error>?, [CheckedContinuation<Void, Never>]) in
                    if state.cancelled.remove(id) != nil { return (.failure(CancellationError()), []) }
                    if state.now >= deadline { return (.success(()), []) }
                    state.sleepers.append(Sleeper(id: id, deadline: deadline, continuation: continuation))
                    state.begun += 1
                    return (nil, Self.dueWaiters(&state))
                }
                if let outcome { continuation.resume(with: outcome) }
                for waiter in waiters { waiter.resume() }
            }
        } onCancel: {
            let (sleeper, waiters) = state.withLock { state -> (Sleeper?, [CheckedContinuation<Void, Never>]) in
                guard let index = state.sleepers.firstIndex(where: { $0.id == id }) else {
                    state.cancelled.insert(id)
                    return (nil, [])
                }
                let sleeper = state.sleepers.remove(at: index)
                return (sleeper, Self.dueWaiters(&state))
            }
            sleeper?.continuation.resume(throwing: CancellationError())
            for waiter in waiters { waiter.resume() }
        }
    }

    /// Returns when so many sleeps have begun, in all.
    public func sleepsBegun(_ count: Int) async { await wait { Waiter(begun: count, continuation: $0) } }

    /// Returns when so many sleeps have ended, in all, whether by time or by cancellation.
    public func sleepsEnded(_ count: Int) async { await wait { Waiter(ended: count, continuation: $0) } }

    private func wait(_ makeWaiter: (CheckedContinuation<Void, Never>) -> Waiter) async {
        await withCheckedContinuation { continuation in
            let due = state.withLock { state in
                state.waiters.append(makeWaiter(continuation))
                return Self.dueWaiters(&state)
            }
            for waiter in due { waiter.resume() }
        }
    }

    private static func dueWaiters(_ state: inout State) -> [CheckedContinuation<Void, Never>] {
        let (begun, ended) = (state.begun, state.ended)
        let due = state.waiters.filter { $0.begun <= begun && $0.ended <= ended }
        state.waiters.removeAll { $0.begun <= begun && $0.ended <= ended }
        return due.map(\.continuation)
    }

    /// Moves the time on, and wakes whoever is due.
    public func advance(by duration: Duration) {
        let (due, waiters) = state.withLock { state -> ([Sleeper], [CheckedContinuation<Void, Never>]) in
            state.now = state.now.advanced(by: duration)
            let now = state.now
            let due = state.sleepers.filter { $0.deadline <= now }
            state.sleepers.removeAll { $0.deadline <= now }
            return (due, Self.dueWaiters(&state))
        }
        for sleeper in due { sleeper.continuation.resume() }
        for waiter in waiters { waiter.resume() }
    }
}
