public import Clockwork
public import KubeClient
import KubeModel
public import Logging
import StrictJSON
import Synchronization

/// Publishes Events beside the work: `publish` never waits and never fails, and nothing depends on what becomes of them.
public final class EventPublisher: Sendable {
    /// As many as a burst of two hundred rollouts makes. What does not fit is dropped and counted.
    static let capacity = 4000
    /// How many are written at once.
    static let lanes = 4
    /// Events are worth little patience: one attempt more, then they are dropped.
    static let retryPause: Duration = .seconds(1)
    /// For so long nothing is sent that the server has just refused for want of a right.
    static let refusalPause: Duration = .seconds(30)

    /// What became of the events so far.
    public struct Statistics: Sendable, Hashable {
        public var published = 0
        /// Dropped because there were too many about one object, or too many at once.
        public var dropped = 0
        /// Dropped because the server did not take them.
        public var failed = 0
    }

    private struct State: Sendable {
        var waiting: [(note: PublishedEvent, at: Timestamp)] = []
        var arrived = OneShot()
        var isFinishing = false
        var statistics = Statistics()
    }

    /// What the server does not let us do with events, by verb.
    private struct Refusals: Sendable {
        var until: [String: Timestamp] = [:]
        /// Told of in the log, until it works again.
        var told: Set<String> = []
    }

    private let state = Mutex(State())
    private let refusals = Mutex(Refusals())
    private let client: KubeClient
    private let clock: any ControlClock
    private let component: String
    private let host: String
    private let logger: Logger
    private let observe: (@Sendable (PublishedEvent) -> Void)?

    /// A publisher in the name of `component`, for instance `rollouts-controller`.
    ///
    /// - Parameter observe: is told of every event that `publish` is called with. It must not block.
    public init(
        component: String, host: String = "", client: KubeClient, clock: any ControlClock, logger: Logger,
        observe: (@Sendable (PublishedEvent) -> Void)? = nil
    ) {
        self.observe = observe
        self.component = component
        self.host = host
        self.client = client
        self.clock = clock
        self.logger = logger
    }

    /// Queues an event.
    public func publish(_ note: PublishedEvent) {
        let now = clock.now
        observe?(note)
        let signal = state.withLock { state -> OneShot? in
            guard state.waiting.count < Self.capacity else {
                state.statistics.dropped += 1
                return nil
            }
            state.waiting.append((note, now))
            return state.arrived
        }
        signal?.fire()
    }

    public var statistics: Statistics { state.withLock { $0.statistics } }

    /// Nothing more will be queued: `run` returns when it has published what is.
    public func finish() {
        let signal = state.withLock { state in
            state.isFinishing = true
            return state.arrived
        }
        signal.fire()
    }

    /// Publishes what is queued, until `finish` was called or the task is cancelled. Runs once, beside the controllers.
    public func run() async {
        var correlator = EventCorrelator()
        while !Task.isCancelled {
            let (batch, signal, isFinishing) = state.withLock { state in
                defer { state.waiting = [] }
                if state.waiting.isEmpty { state.arrived = OneShot() }
                return (state.waiting, state.arrived, state.isFinishing)
            }
            if batch.isEmpty {
                if isFinishing { return }
                await signal.wait()
                continue
            }
            for name in await send(decisions(on: batch, &correlator)) { correlator.forget(name: name) }
        }
    }

    /// What to do about one event that was published.
    private struct Work: Sendable {
        var decision: EventCorrelator.Decision
        var about: ObjectReference
        var reason: String
        var at: Timestamp
    }

    /// What is to be written, by lane: all that concerns one object is in one, in order.
    private func decisions(on batch: [(note: PublishedEvent, at: Timestamp)], _ correlator: inout EventCorrelator) -> [[Work]] {
        var lanes: [[Work]] = Array(repeating: [], count: Self.lanes)
        for (note, at) in batch {
            let decision = correlator.decide(note, now: at)
            if case .drop = decision {
                state.withLock { $0.statistics.dropped += 1 }
                logger.debug("an event was dropped, there are too many", metadata: ["object": "\(note.about.key)", "reason": "\(note.reason)"])
                continue
            }
            let lane = Int(FNV.fnv1a32(note.about.key.description.utf8) % UInt32(Self.lanes))
            lanes[lane].append(Work(decision: decision, about: note.about, reason: note.reason, at: at))
        }
        return lanes.filter { !$0.isEmpty }
    }

    /// - Returns: the names of events that were to be created and are not there.
    private func send(_ lanes: [[Work]]) async -> [String] {
        await withTaskGroup(of: [String].self) { group in
            for lane in lanes {
                group.addTask {
                    var missing: [String] = []
                    for work in lane {
                        if await !self.send(work), case .create(_, let name) = work.decision { missing.append(name) }
                    }
                    return missing
                }
            }
            return await group.reduce(into: []) { $0 += $1 }
        }
    }

    /// - Returns: false when it was given up.
    private func send(_ work: Work) async -> Bool {
        let verb: String = if case .count = work.decision { "patch" } else { "create" }
        let now = clock.now
        if let until = refusals.withLock({ $0.until[verb] }), now < until {
            state.withLock { $0.statistics.failed += 1 }
            return false
        }
        for attempt in 1...2 {
            do throws(KubeError) {
                try await write(work.decision, about: work.about, at: work.at)
                state.withLock { $0.statistics.published += 1 }
                refusals.withLock { $0.until[verb] = nil }
                if refusals.withLock({ $0.told.remove(verb) }) != nil { logger.info("events are published again", metadata: ["verb": "\(verb)"]) }
                return true
            } catch .cancelled {
                return true
            } catch {
                // Only cancellation ends the sleep early; then there is no second attempt.
                if attempt == 1, error.isWorthRepeating, (try? await clock.sleep(until: clock.now + Self.retryPause, tolerance: nil)) != nil { continue }
                state.withLock { $0.statistics.failed += 1 }
                if let right = error.missingRight {
                    let isNew: Bool = refusals.withLock { refusals in
                        refusals.until[verb] = clock.now + Self.refusalPause
                        return refusals.told.insert(verb).inserted
                    }
                    if isNew {
                        logger.warning("events are not published, all else goes on", metadata: ["remedy": "\(right.remedy)", "error": "\(error)"])
                    }
                    return false
                }
                logger.warning("an event was not published", metadata: ["object": "\(work.about.key)", "reason": "\(work.reason)", "error": "\(error)"])
                return false
            }
        }
        return false
    }

    private func write(_ decision: EventCorrelator.Decision, about: ObjectReference, at instant: Timestamp) async throws(KubeError) {
        // Events about cluster-scoped objects live in the namespace default.
        let namespace = about.key.namespace.isEmpty ? "default" : about.key.namespace
        switch decision {
        case .drop:
            break
        case .create(let note, let name):
            try await create(note, name: name, about: about, namespace: namespace, first: instant, last: instant, count: 1)
        case .count(let note, let name, let count, let first):
            let change: JSONValue = [
                "count": JSONValue(count), "lastTimestamp": .string(instant.rfc3339), "message": .string(note.message),
            ]
            do throws(KubeError) {
                try await client.patchUnread(.events, namespace: namespace, name: name, .merge(change))
            } catch .notFound {
                // Events are deleted after an hour.
                try await create(note, name: name, about: about, namespace: namespace, first: first, last: instant, count: count)
            }
        }
    }

    private func create(
        _ note: PublishedEvent, name: String, about: ObjectReference, namespace: String, first: Timestamp, last: Timestamp, count: Int
    ) async throws(KubeError) {
        var involved: JSONValue = [
            "apiVersion": .string(about.kind.apiVersion), "kind": .string(about.kind.kind), "name": .string(about.key.name),
            "uid": .string(about.uid),
        ]
        if !about.key.namespace.isEmpty { involved["namespace"] = .string(about.key.namespace) }
        if !about.resourceVersion.isEmpty { involved["resourceVersion"] = .string(about.resourceVersion) }
        var source: JSONValue = ["component": .string(component)]
        if !host.isEmpty { source["host"] = .string(host) }
        let event: JSONValue = [
            "apiVersion": "v1", "kind": "Event", "metadata": ["name": .string(name), "namespace": .string(namespace)],
            "involvedObject": involved, "reason": .string(note.reason), "message": .string(note.message), "source": source,
            "firstTimestamp": .string(first.rfc3339), "lastTimestamp": .string(last.rfc3339), "count": JSONValue(count),
            "type": .string(note.kind.rawValue), "reportingComponent": .string(component), "reportingInstance": .string(host),
        ]
        do throws(KubeError) {
            try await client.createUnread(.events, namespace: namespace, event)
        } catch .alreadyExists {
            // The answer to an earlier attempt was lost: it is there.
        }
    }
}

extension KubeError {
    fileprivate var isWorthRepeating: Bool {
        switch self {
        case .unavailable, .tooManyRequests: true
        case .notFound, .conflict, .alreadyExists, .invalid, .forbidden, .unauthorized, .gone, .unsupported, .badResponse, .misconfigured,
             .notLeading, .cancelled: false
        }
    }
}
