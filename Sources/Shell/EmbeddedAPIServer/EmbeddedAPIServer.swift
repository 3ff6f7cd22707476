public import Clockwork
import HTTPTypes
public import KubeModel
public import StrictJSON
import Synchronization

/// A Kubernetes API server in memory.
///
/// It starts no tasks and reads time and chance only from what it is given: requests are answered in the task that asks, and a watch
/// waits in the task that reads it. So the same requests at the same times have the same answers, and it runs on a virtual clock.
///
/// Start reading at `APIMachine`, which decides everything; this actor gives it the time and wakes waiting watches.
public actor EmbeddedAPIServer: APIHandler {
    private var machine: APIMachine
    private let clock: any ControlClock
    private var sleepers: [StorageID: [WatchSignal]] = [:]

    /// A server that serves the built-in kinds and `definitions`.
    ///
    /// - Parameter definitions: CustomResourceDefinitions, as they would be applied.
    /// - Throws: the Status with which a definition is refused.
    public init(
        clock: some ControlClock, random: SeededGenerator, definitions: [JSONValue] = [], settings: ServerSettings = ServerSettings()
    ) throws(APIFailure) {
        self.clock = clock
        machine = APIMachine(random: random, settings: settings, now: clock.now)
        try machine.furnish(definitions)
    }

    /// A server that goes on from `snapshot`, with `definitions` as they are now.
    ///
    /// - Parameter random: another one than before, since it makes the UIDs.
    /// - Throws: `SnapshotError`, or the Status with which a definition is refused.
    public init(
        restoring snapshot: ServerSnapshot, clock: some ControlClock, random: SeededGenerator, definitions: [JSONValue] = [],
        settings: ServerSettings = ServerSettings()
    ) throws {
        self.clock = clock
        machine = APIMachine(random: random, settings: settings, now: clock.now)
        try machine.restore(snapshot)
        try machine.furnish(definitions)
    }

    public func handle(_ request: APIRequest) async -> APIResponse {
        let reply = machine.respond(to: request, now: clock.now)
        wakeWatches()
        switch reply {
        case .response(let response): return response
        case .watch(let cursor):
            let stream = APIStream {
                let shared = SharedCursor(cursor)
                return { await self.nextChunk(shared) }
            }
            return APIResponse(status: 200, headers: [.contentType: "application/json"], body: .stream(stream))
        }
    }

    /// Serves another kind, or a new version of its definition.
    ///
    /// - Throws: the Status with which a definition is refused.
    public func install(definitions: [JSONValue]) throws(APIFailure) {
        machine.now = clock.now
        for definition in definitions {
            try machine.install(definition, at: GroupVersionResource.customResourceDefinitions.path(namespace: nil))
        }
        wakeWatches()
    }

    /// Draws the consequences of deletions, where the settings leave that to the caller.
    public func collectGarbage() {
        machine.now = clock.now
        machine.collectGarbage()
        wakeWatches()
    }

    /// Forgets the history up to and including `version`, so that older watches and pages of lists end with 410.
    public func compact(upTo version: Int64) {
        machine.store.compact(through: version)
        for signal in sleepers.values.joined() { signal.fire() }
        sleepers = [:]
    }

    /// Everything that is stored now.
    public var state: ServerState { ServerState(store: machine.store, registry: machine.registry) }

    /// The objects of a resource in order of namespace and name; nil for `namespace` means all.
    public func objects(of resource: GroupVersionResource, namespace: String? = nil) -> [JSONValue] {
        state.objects(of: resource, namespace: namespace)
    }

    /// One object; nil where there is none.
    public func object(_ resource: GroupVersionResource, _ key: ObjectKey) -> JSONValue? { state.object(resource, key) }

    /// Has `observer` called within each write from now on; nil for none.
    public func observeWrites(_ observer: WriteObserver?) { machine.observer = observer }

    /// From now on requests for resources pass `authorizer` first; nil: nobody is asked.
    public func authorize(by authorizer: AccessAuthorizer?) { machine.authorizer = authorizer }

    /// How often each sort of request was made, sorted.
    public var requestCounts: [(key: RequestKey, count: Int)] {
        machine.requests.counts.map { (key: $0.key, count: $0.value) }.sorted { $0.key < $1.key }
    }

    /// The last requests, oldest first: at least ten thousand, where there were so many.
    public var recentRequests: [RequestRecord] { machine.requests.recent }

    /// How many watches wait for something to happen, at this moment.
    public var waitingWatches: Int { sleepers.values.reduce(0) { $0 + $1.count } }

    private func wakeWatches() {
        for storage in machine.touched.sorted() {
            for signal in sleepers.removeValue(forKey: storage) ?? [] { signal.fire() }
        }
        machine.touched = []
    }

    /// Waits until a watch has something to tell, and tells it; nil at the end and when the reading task is cancelled.
    private func nextChunk(_ shared: SharedCursor) async -> [UInt8]? {
        guard var cursor = shared.cursor.withLock({ $0 }) else { return nil }
        while !Task.isCancelled {
            if let chunk = machine.nextChunk(&cursor, now: clock.now) {
                shared.cursor.withLock { $0 = cursor }
                return chunk
            }
            if cursor.isOver { break }
            await sleep(in: cursor.definition.storage, until: cursor.wakeAt)
        }
        shared.cursor.withLock { $0 = nil }
        return nil
    }

    /// Returns when something was written to `storage`, at `deadline`, or when the task is cancelled.
    private func sleep(in storage: StorageID, until deadline: Timestamp) async {
        let signal = WatchSignal()
        sleepers[storage, default: []].append(signal)
        // Ends with this scope: a child that is not awaited is cancelled.
        async let _: Void = signal.fire(at: deadline, clock)
        await signal.wait()
        sleepers[storage]?.removeAll { $0 === signal }
    }
}

/// How far one reader of a watch is.
private final class SharedCursor: Sendable {
    let cursor: Mutex<WatchCursor?>

    init(_ cursor: WatchCursor) { self.cursor = Mutex(cursor) }
}

/// Wakes one waiting watch, once.
private final class WatchSignal: Sendable {
    private enum State {
        case idle, waiting(CheckedContinuation<Void, Never>), fired
    }

    private let state = Mutex(State.idle)

    /// Returns when the signal was fired, or when the task is cancelled.
    func wait() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isFired = state.withLock { state in
                    guard case .idle = state else { return true }
                    state = .waiting(continuation)
                    return false
                }
                if isFired { continuation.resume() }
            }
        } onCancel: {
            fire()
        }
    }

    func fire() {
        let waiter = state.withLock { state -> CheckedContinuation<Void, Never>? in
            defer { state = .fired }
            guard case .waiting(let continuation) = state else { return nil }
            return continuation
        }
        waiter?.resume()
    }

    func fire(at deadline: Timestamp, _ clock: any ControlClock) async {
        do {
            try await clock.sleep(until: deadline, tolerance: nil)
            fire()
        } catch {
            // Cancelled: something else has fired, or the reader is gone.
        }
    }
}

extension APIMachine {
    /// Makes what every cluster has, where it is not there, and serves `definitions`.
    fileprivate mutating func furnish(_ definitions: [JSONValue]) throws(APIFailure) {
        for name in ["default", "kube-node-lease", "kube-public", "kube-system"] where store.object(.namespaces, name) == nil {
            try install(["apiVersion": "v1", "kind": "Namespace", "metadata": ["name": .string(name)]], at: "/api/v1/namespaces")
        }
        for definition in definitions { try install(definition, at: GroupVersionResource.customResourceDefinitions.path(namespace: nil)) }
        touched = []
        // Nobody could have followed what was there from the start.
        store.compact(through: store.version)
    }

    /// Creates an object as a client would, or replaces it where it exists.
    mutating func install(_ object: JSONValue, at path: String) throws(APIFailure) {
        writer = "embedded-api-server"
        guard let target = RequestTarget(segments: path.split(separator: "/").map(String.init), registry: registry) else {
            throw .unknownResource()
        }
        let name = object.name
        if var existing = store.object(target.definition.storage, name) {
            var named = target
            named.name = name
            // Filled in as the stored one is: the same definition is no new generation.
            existing["spec"] = target.definition.storage == .definitions ? try acceptedDefinition(object)["spec"] : object["spec"]
            _ = try replace(existing, with: Incoming(object: existing), named, WriteOptions())
        } else {
            let request = APIRequest(.post, path, headers: [.contentType: "application/json"], body: object.serialized())
            _ = try create(target, request)
        }
    }
}
