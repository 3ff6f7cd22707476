public import Clockwork
public import KubeModel
import DequeModule
import HeapModule
import Synchronization

/// The keys that need a look: each at most once, and each in the hands of at most one worker.
///
/// A key that is added while a worker has it comes again when the worker is done. Adding never waits.
public final class WorkQueue: Sendable {
    /// How long a key waits after its n-th failure in a row: 1 ms · 2ⁿ, at most 10 s, as Argo Rollouts.
    static func delay(afterFailures count: Int) -> Duration {
        count >= 14 ? .seconds(10) : min(.milliseconds(1 << max(0, count)), .seconds(10))
    }

    /// What is left to do outside the lock: handing a key to a worker, or waking the timer loop.
    fileprivate typealias WakeUp = @Sendable () -> Void

    fileprivate struct State: Sendable {
        /// In the order of arrival.
        var ready: Deque<ObjectKey> = []
        /// Keys in `ready`, or added while a worker has them.
        var dirty: Set<ObjectKey> = []
        var active: Set<ObjectKey> = []
        var wakes: [ObjectKey: Timestamp] = [:]
        /// All of `wakes`, earliest first, and some that are no longer in it.
        var timers = Heap<Wake>()
        var failures: [ObjectKey: Int] = [:]
        var workers: [(id: Int, continuation: CheckedContinuation<ObjectKey?, Never>)] = []
        var nextWorker = 0
        var isShutDown = false
        /// Fires when the next wake has come to be earlier than the timer loop believes.
        var rescheduled = OneShot()
        var readySince: [ObjectKey: Timestamp] = [:]
        var addCount = 0
        var retryCount = 0
    }

    fileprivate struct Wake: Sendable, Comparable {
        var at: Timestamp
        var key: ObjectKey

        static func < (left: Self, right: Self) -> Bool { (left.at, left.key) < (right.at, right.key) }
    }

    private let state = Mutex(State())
    private let clock: any ControlClock

    /// An empty queue.
    public init(clock: any ControlClock) { self.clock = clock }

    /// This key needs a look now.
    public func add(_ key: ObjectKey) {
        let now = clock.now
        let wakeUp = state.withLock { $0.add(key, now: now) }
        wakeUp?()
    }

    /// This key needs a look at `instant`, if not earlier. Of several instants the earliest counts.
    public func add(_ key: ObjectKey, at instant: Timestamp) {
        let now = clock.now
        let wakeUp = state.withLock { state -> WakeUp? in
            instant <= now ? state.add(key, now: now) : state.plan(key, at: instant)
        }
        wakeUp?()
    }

    /// The next key for a worker, which must say `done` afterwards. Nil when the queue is shut down or the task cancelled.
    public func next() async -> ObjectKey? {
        let id = state.withLock { state in
            defer { state.nextWorker += 1 }
            return state.nextWorker
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let (waits, key) = state.withLock { state -> (Bool, ObjectKey?) in
                    if state.isShutDown || Task.isCancelled { return (false, nil) }
                    if let key = state.take() { return (false, key) }
                    state.workers.append((id, continuation))
                    return (true, nil)
                }
                if !waits { continuation.resume(returning: key) }
            }
        } onCancel: {
            let continuation = state.withLock { state in
                state.workers.firstIndex { $0.id == id }.map { state.workers.remove(at: $0).continuation }
            }
            continuation?.resume(returning: nil)
        }
    }

    /// The worker has finished with the key. If it was added meanwhile it is ready again.
    public func done(_ key: ObjectKey) {
        let now = clock.now
        let wakeUp = state.withLock { state -> WakeUp? in
            precondition(state.active.remove(key) != nil, "\(key) was not being worked on")
            guard state.dirty.contains(key) else { return nil }
            return state.makeReady(key, now: now)
        }
        wakeUp?()
    }

    /// The key failed: it comes again after its back-off, and not before `minimum` is over.
    public func retry(_ key: ObjectKey, atLeast minimum: Duration? = nil) {
        let now = clock.now
        let failures = state.withLock { state in
            state.retryCount += 1
            defer { state.failures[key, default: 0] += 1 }
            return state.failures[key] ?? 0
        }
        add(key, at: now + max(Self.delay(afterFailures: failures), minimum ?? .zero))
    }

    /// The key succeeded: its next failure is the first again.
    public func forget(_ key: ObjectKey) { state.withLock { $0.failures[key] = nil } }

    /// Nothing is handed out any more; keys in the hands of workers are finished by them.
    public func shutDown() {
        let workers = state.withLock { state in
            state.isShutDown = true
            defer { state.workers = [] }
            return state.workers.map(\.continuation)
        }
        for worker in workers { worker.resume(returning: nil) }
    }

    /// Makes keys ready when their time has come, until the task is cancelled. Runs once per queue, beside the workers.
    func runTimers() async {
        while !Task.isCancelled {
            let now = clock.now
            let (wakeUps, next, signal) = state.withLock { state in
                let wakeUps = state.addDue(now: now)
                state.rescheduled = OneShot()
                return (wakeUps, state.timers.min?.at, state.rescheduled)
            }
            for wakeUp in wakeUps { wakeUp() }
            if let next { await clock.sleep(until: next, unless: signal) } else { await signal.wait() }
        }
    }

    /// What the queue holds, for metrics and health.
    public var statistics: Statistics {
        state.withLock { state in
            Statistics(
                depth: state.ready.count, active: state.active.count, delayed: state.wakes.count,
                oldestReadySince: state.readySince.values.min(), addCount: state.addCount, retryCount: state.retryCount)
        }
    }

    /// Counts of one moment.
    public struct Statistics: Sendable, Hashable {
        /// Keys that wait for a worker.
        public var depth: Int
        /// Keys in the hands of workers.
        public var active: Int
        /// Keys that wait for their time.
        public var delayed: Int
        /// Since when the longest waiting ready key waits.
        public var oldestReadySince: Timestamp?
        /// How many keys became ready so far.
        public var addCount: Int
        /// How many of those after a failure.
        public var retryCount: Int
    }
}

extension WorkQueue.State {
    fileprivate mutating func add(_ key: ObjectKey, now: Timestamp) -> WorkQueue.WakeUp? {
        // A look now makes the planned one needless: it plans anew.
        wakes[key] = nil
        guard !isShutDown, dirty.insert(key).inserted else { return nil }
        return active.contains(key) ? nil : makeReady(key, now: now)
    }

    fileprivate mutating func plan(_ key: ObjectKey, at instant: Timestamp) -> WorkQueue.WakeUp? {
        if isShutDown { return nil }
        if let known = wakes[key], known <= instant { return nil }
        wakes[key] = instant
        let isEarliest = timers.min.map { instant < $0.at } ?? true
        timers.insert(WorkQueue.Wake(at: instant, key: key))
        guard isEarliest else { return nil }
        let signal = rescheduled
        return { signal.fire() }
    }

    /// Adds the keys whose time has come, and drops timers that no longer mean anything.
    fileprivate mutating func addDue(now: Timestamp) -> [WorkQueue.WakeUp] {
        var wakeUps: [WorkQueue.WakeUp] = []
        while let first = timers.min {
            let isValid = wakes[first.key] == first.at
            if isValid, first.at > now { break }
            _ = timers.removeMin()
            if isValid, let wakeUp = add(first.key, now: now) { wakeUps.append(wakeUp) }
        }
        return wakeUps
    }

    /// Hands the key to a worker that waits, or queues it.
    fileprivate mutating func makeReady(_ key: ObjectKey, now: Timestamp) -> WorkQueue.WakeUp? {
        addCount += 1
        ready.append(key)
        readySince[key] = now
        guard !workers.isEmpty, let next = take() else { return nil }
        let worker = workers.removeFirst().continuation
        return { worker.resume(returning: next) }
    }

    fileprivate mutating func take() -> ObjectKey? {
        guard !ready.isEmpty else { return nil }
        let key = ready.removeFirst()
        readySince[key] = nil
        dirty.remove(key)
        active.insert(key)
        return key
    }
}
