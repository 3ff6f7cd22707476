public import Clockwork
public import KubeClient
public import KubeModel
public import Logging

/// How a reconcile went, and when to look again.
public enum Outcome: Sendable, Equatable {
    /// Only an event can change anything.
    case settled
    /// Time alone changes something at this instant.
    case wake(at: Timestamp)
    /// It failed: again after the key's back-off, and not before `after` is over.
    case retry(after: Duration?, cause: String)

    /// The one place that decides what a failed call means for the reconcile.
    public init(after error: KubeError) {
        switch error {
        // Gone meanwhile: if that matters, the cache will say so.
        case .notFound: self = .settled
        // The process is about to stop.
        case .cancelled: self = .settled
        case .tooManyRequests(let after): self = .retry(after: after, cause: error.description)
        case .unavailable(let after, _): self = .retry(after: after, cause: error.description)
        case .conflict, .alreadyExists, .invalid, .forbidden, .unauthorized, .gone, .unsupported, .badResponse, .misconfigured, .notLeading:
            self = .retry(after: nil, cause: error.description)
        }
    }
}

/// The loop around a reconciler: takes keys from the queue, holds them back behind the write barrier, acts on the outcome.
public struct Controller: Sendable {
    /// How soon a key is tried again whose last write is not in the cache yet; the event that brings it comes sooner as a rule.
    static let barrierInterval: Duration = .milliseconds(100)

    /// Decides and acts for one key. It never throws: what goes wrong is an outcome.
    public typealias Reconciler = @Sendable (ObjectKey) async -> Outcome

    public let name: String
    public let queue: WorkQueue
    public let barrier: WriteBarrier
    private let workers: Int
    private let clock: any ControlClock
    private let logger: Logger
    private let reconcile: Reconciler

    /// A controller that calls `reconcile` for each key of `queue`, for up to `workers` keys at once.
    public init(
        name: String, workers: Int, queue: WorkQueue, barrier: WriteBarrier, clock: any ControlClock, logger: Logger,
        reconcile: @escaping Reconciler
    ) {
        precondition(workers > 0, "the controller \(name) has no workers")
        self.name = name
        self.queue = queue
        self.barrier = barrier
        self.workers = workers
        self.clock = clock
        self.logger = logger
        self.reconcile = reconcile
    }

    /// Works until the task is cancelled or the queue shut down. Keys in work are finished as their reconciler sees fit.
    public func run() async {
        await withTaskGroup(of: Void.self) { group in
            let timers = OneShot()
            group.addTask {
                await withTaskGroup(of: Void.self) { inner in
                    inner.addTask { await queue.runTimers() }
                    inner.addTask { await timers.wait() }
                    await inner.next()
                    inner.cancelAll()
                }
            }
            await withTaskGroup(of: Void.self) { workerGroup in
                for _ in 0..<workers { workerGroup.addTask { await work() } }
                await workerGroup.waitForAll()
            }
            timers.fire()
        }
    }

    private func work() async {
        while let key = await queue.next() {
            let outcome = barrier.isClear(key, now: clock.now) ? await reconcile(key) : .wake(at: clock.now + Self.barrierInterval)
            // First the wish, then the release: else a worker could take the key in between and plan something earlier.
            switch outcome {
            case .settled: queue.forget(key)
            case .wake(let instant):
                queue.forget(key)
                queue.add(key, at: instant)
            case .retry(let minimum, let cause):
                queue.retry(key, atLeast: minimum)
                logger.warning("will try again", metadata: ["controller": "\(name)", "object": "\(key)", "error": "\(cause)"])
            }
            queue.done(key)
        }
    }
}
