public import KubeModel
public import StrictJSON
import Synchronization

/// An object that could not be read as its model. The others of its kind are not affected.
public struct BadObject: Sendable, Equatable {
    public var key: ObjectKey
    /// As far as it could be read; name and namespace are always there.
    public var metadata: ObjectMeta
    public var error: DecodeError
    /// The object as it came, so that a condition can be written beside those that stand there.
    public var document: JSONValue

    /// An object that could not be read because of `error`.
    public init(metadata: ObjectMeta, error: DecodeError, document: JSONValue) {
        self.key = metadata.key
        self.metadata = metadata
        self.error = error
        self.document = document
    }
}

/// What a cache has under a key.
public enum StoredObject<Model: ReadModel>: Sendable, Equatable {
    case good(Model)
    case bad(BadObject)

    public var metadata: ObjectMeta {
        switch self {
        case .good(let model): model.metadata
        case .bad(let object): object.metadata
        }
    }

    /// The model, nil where the object could not be read.
    public var model: Model? {
        if case .good(let model) = self { model } else { nil }
    }
}

/// What happened to an object in a cache: `old` is nil when it is new, `new` when it is gone.
public struct ObjectChange<Model: ReadModel>: Sendable, Equatable {
    public var key: ObjectKey
    public var old: StoredObject<Model>?
    public var new: StoredObject<Model>?
}

/// A cache of one kind, filled by a reflector and written by nobody else.
///
/// Reading never suspends, so an observation sees every cache at one moment.
public final class ObjectStore<Model: ReadModel>: Sendable {
    /// The values under which an object is found in an index, for instance the names of the Services that it uses.
    public typealias Index = @Sendable (Model) -> [String]

    /// Is told of each change, in order, after the store has it. It must not block.
    public typealias ChangeHandler = @Sendable (ObjectChange<Model>) -> Void

    private struct State: Sendable {
        var objects: [ObjectKey: StoredObject<Model>] = [:]
        var indexes: [String: [String: Set<ObjectKey>]] = [:]
        /// What has been seen of the resource as a whole: by a list, an event or a bookmark.
        var observedVersion = ""
        var hasSynced = false
        /// Without which nothing can be listed now.
        var missingRight: MissingRight?
        var waiting: [Int: Waiter] = [:]
        var nextWaiter = 0
    }

    private struct Waiter {
        /// Whether a refusal ends the wait too.
        var takesRefusal: Bool
        var continuation: CheckedContinuation<Void, Never>
    }

    private let state = Mutex(State())
    private let accessHandlers = Mutex<[@Sendable () -> Void]>([])
    private let indexes: [String: Index]
    private let handlers = Mutex<[ChangeHandler]>([])
    private let doubt = Mutex(OneShot())

    /// An empty store with these indexes. What they return must depend on the object alone.
    public init(indexes: [String: Index] = [:]) { self.indexes = indexes }

    /// Adds a handler. It is not told of what is there already: add handlers before the reflector runs.
    public func onChange(_ handler: @escaping ChangeHandler) { handlers.withLock { $0.append(handler) } }

    /// Adds a handler that is told when the server begins to refuse the list, and when it no longer does. It must not block.
    public func onAccessChange(_ handler: @escaping @Sendable () -> Void) { accessHandlers.withLock { $0.append(handler) } }

    // MARK: Reading

    /// The object, nil where there is none or it could not be read.
    public func get(_ key: ObjectKey) -> Model? { entry(key)?.model }

    /// The object or why it could not be read; nil where there is none.
    public func entry(_ key: ObjectKey) -> StoredObject<Model>? { state.withLock { $0.objects[key] } }

    /// All objects that could be read, of one namespace or of all, by key.
    public func list(namespace: String? = nil) -> [Model] {
        let found = state.withLock { state in
            state.objects.values.compactMap { namespace == nil || $0.metadata.namespace == namespace ? $0.model : nil }
        }
        return found.sorted { $0.key < $1.key }
    }

    /// The objects that an index has under `value`, by key.
    public func list(index name: String, value: String) -> [Model] {
        precondition(indexes[name] != nil, "the store of \(Model.resource) has no index \(name)")
        let found = state.withLock { state in
            (state.indexes[name]?[value] ?? []).compactMap { state.objects[$0]?.model }
        }
        return found.sorted { $0.key < $1.key }
    }

    /// All objects that could not be read, by key.
    public var badObjects: [BadObject] {
        let found = state.withLock { state in
            state.objects.values.compactMap { if case .bad(let object) = $0 { object } else { nil } }
        }
        return found.sorted { $0.key < $1.key }
    }

    public var count: Int { state.withLock { $0.objects.count } }

    /// Whether the first list is complete.
    public var hasSynced: Bool { state.withLock { $0.hasSynced } }

    /// Without which right the server lists nothing to us now; nil as long as it has not refused. What the store holds is then out of date.
    public var missingRight: MissingRight? { state.withLock { $0.missingRight } }

    /// Whether it is known what there is, or that we may not know it.
    public var isSettled: Bool { state.withLock { $0.hasSynced || $0.missingRight != nil } }

    /// Whether what it holds follows the server.
    public var isReadable: Bool { state.withLock { $0.hasSynced && $0.missingRight == nil } }

    /// Everything up to this version has been seen; empty before the first list.
    public var observedVersion: String { state.withLock { $0.observedVersion } }

    /// Waits for the first list. Returns early when the task is cancelled.
    public func waitUntilSynced() async { await wait(takingRefusal: false) }

    /// Waits for the first list, or for its refusal. Returns early when the task is cancelled.
    public func waitUntilSettled() async { await wait(takingRefusal: true) }

    private func wait(takingRefusal takesRefusal: Bool) async {
        let id = state.withLock { state in
            defer { state.nextWaiter += 1 }
            return state.nextWaiter
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    if state.hasSynced || Task.isCancelled || (takesRefusal && state.missingRight != nil) { return true }
                    state.waiting[id] = Waiter(takesRefusal: takesRefusal, continuation: continuation)
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.waiting.removeValue(forKey: id) }?.continuation.resume()
        }
    }

    // MARK: Filling, by the reflector

    /// Puts a whole list in the place of everything.
    func replace(_ entries: [StoredObject<Model>], version: String) {
        let (changes, waiting, wasRefused) = state.withLock { state in
            var changes: [ObjectChange<Model>] = []
            var gone = Set(state.objects.keys)
            for entry in entries {
                gone.remove(entry.metadata.key)
                if let change = put(entry, into: &state) { changes.append(change) }
            }
            for key in gone.sorted() {
                if let change = remove(key, from: &state) { changes.append(change) }
            }
            state.observedVersion = version
            state.hasSynced = true
            defer {
                state.waiting = [:]
                state.missingRight = nil
            }
            return (changes, state.waiting.sorted { $0.key < $1.key }.map(\.value.continuation), state.missingRight != nil)
        }
        tell(changes)
        for continuation in waiting { continuation.resume() }
        if wasRefused { tellAccessChange() }
    }

    /// The server lists nothing to us any more, for want of a right.
    func refuse(_ right: MissingRight) {
        let (waiting, isNew) = state.withLock { state in
            let isNew: Bool = state.missingRight == nil
            state.missingRight = right
            let waiting = state.waiting.filter(\.value.takesRefusal).sorted { $0.key < $1.key }
            for (id, _) in waiting { state.waiting[id] = nil }
            return (waiting.map(\.value.continuation), isNew)
        }
        for continuation in waiting { continuation.resume() }
        if isNew { tellAccessChange() }
    }

    private func tellAccessChange() {
        for handler in accessHandlers.withLock({ $0 }) { handler() }
    }

    /// An object is new or has changed.
    func apply(_ entry: StoredObject<Model>) {
        let change = state.withLock { state in
            state.observedVersion = entry.metadata.resourceVersion
            return put(entry, into: &state)
        }
        tell(change.map { [$0] } ?? [])
    }

    /// An object is gone; `version` is that of its deletion.
    func delete(_ key: ObjectKey, version: String) {
        let change = state.withLock { state in
            if !version.isEmpty { state.observedVersion = version }
            return remove(key, from: &state)
        }
        tell(change.map { [$0] } ?? [])
    }

    /// Everything up to this version has come.
    func bookmark(_ version: String) { state.withLock { $0.observedVersion = version } }

    private func tell(_ changes: [ObjectChange<Model>]) {
        guard !changes.isEmpty else { return }
        let handlers = handlers.withLock { $0 }
        for change in changes {
            for handler in handlers { handler(change) }
        }
    }

    private func put(_ entry: StoredObject<Model>, into state: inout State) -> ObjectChange<Model>? {
        let key = entry.metadata.key
        let old = state.objects.updateValue(entry, forKey: key)
        // The same version again, as after a new list, changes nothing.
        if let old, old.metadata.resourceVersion == entry.metadata.resourceVersion, old.metadata.uid == entry.metadata.uid { return nil }
        reindex(key, old: old?.model, new: entry.model, in: &state)
        return ObjectChange(key: key, old: old, new: entry)
    }

    private func remove(_ key: ObjectKey, from state: inout State) -> ObjectChange<Model>? {
        guard let old = state.objects.removeValue(forKey: key) else { return nil }
        reindex(key, old: old.model, new: nil, in: &state)
        return ObjectChange(key: key, old: old, new: nil)
    }

    private func reindex(_ key: ObjectKey, old: Model?, new: Model?, in state: inout State) {
        for (name, index) in indexes {
            let (before, after): ([String], [String]) = (old.map(index) ?? [], new.map(index) ?? [])
            // As a rule an object changes without being found elsewhere.
            if before == after { continue }
            for value in before {
                state.indexes[name]?[value]?.remove(key)
                if state.indexes[name]?[value]?.isEmpty ?? false { state.indexes[name]?[value] = nil }
            }
            for value in after { state.indexes[name, default: [:]][value, default: []].insert(key) }
        }
    }
}

/// A cache, seen by somebody who has written and waits until the cache knows.
public protocol VersionObserving: Sendable {
    /// Whether the cache has what was written to `key` as `version`, or something newer.
    func hasSeen(_ version: String, of key: ObjectKey) -> Bool

    /// What the server has must have come long ago, and has not: the cache is to be filled anew.
    func listAgain()
}

extension VersionObserving {
    /// Nothing, where there is nobody to ask.
    public func listAgain() {}
}

extension ObjectStore: VersionObserving {
    public func hasSeen(_ version: String, of key: ObjectKey) -> Bool {
        let (own, overall) = state.withLock { ($0.objects[key]?.metadata.resourceVersion, $0.observedVersion) }
        // The overall version tells of objects that were deleted meanwhile, or have left the selection. One that is there in an older
        // version has lost an event, whatever has come since.
        return ResourceVersion.hasReached(version, seen: own ?? overall)
    }

    public func listAgain() { doubt.withLock { $0 }.fire() }

    /// Waits until `listAgain` is called. Returns early when the task is cancelled.
    func waitForDoubt() async {
        let signal = OneShot()
        doubt.withLock { $0 = signal }
        await signal.wait()
    }
}
