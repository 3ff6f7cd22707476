import Clockwork
import Synchronization

/// Something that happens once, and that tasks wait for.
public final class OneShot: Sendable {
    private struct State: Sendable {
        var hasFired = false
        var waiting: [Int: CheckedContinuation<Void, Never>] = [:]
        var nextWaiter = 0
    }

    private let state = Mutex(State())

    /// It has not happened yet.
    public init() {}

    public var hasFired: Bool { state.withLock { $0.hasFired } }

    /// It has happened. Saying so again changes nothing.
    public func fire() {
        let waiting = state.withLock { state in
            state.hasFired = true
            defer { state.waiting = [:] }
            return state.waiting.sorted { $0.key < $1.key }.map(\.value)
        }
        for continuation in waiting { continuation.resume() }
    }

    /// Waits until it happens. Returns early when the task is cancelled.
    public func wait() async {
        let id = state.withLock { state in
            defer { state.nextWaiter += 1 }
            return state.nextWaiter
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    if state.hasFired || Task.isCancelled { return true }
                    state.waiting[id] = continuation
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.waiting.removeValue(forKey: id) }?.resume()
        }
    }
}

extension ControlClock {
    /// Sleeps until `deadline`, or until `event` happens or the task is cancelled, whatever comes first.
    func sleep(until deadline: Timestamp, unless event: OneShot) async {
        if event.hasFired || now >= deadline { return }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await event.wait() }
            // Cancelled: by the event, or with the whole task; either way there is nothing left to do.
            group.addTask { try? await sleep(until: deadline, tolerance: nil) }
            await group.next()
            group.cancelAll()
        }
    }
}
