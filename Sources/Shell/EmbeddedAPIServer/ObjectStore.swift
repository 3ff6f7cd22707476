import StrictJSON

/// All objects, the counter of versions and the recent history: the part of etcd that the API shows.
///
/// Each committed write takes the next version, so the history is an array without gaps: the event of version `v` stands at
/// `v - compacted - 1`.
struct ObjectStore: Sendable {
    /// The version of the last write.
    private(set) var version: Int64
    /// Events up to and including this version are forgotten.
    private(set) var compacted: Int64
    private(set) var history: [Change] = []
    private var collections: [StorageID: Collection] = [:]
    private let historyLimit: Int

    /// One committed write. `key` is `namespace/name`, or the name of a cluster-scoped object.
    struct Change: Sendable {
        var version: Int64
        var storage: StorageID
        var key: String
        var old: JSONValue?
        /// For a removal nil; `old` then is the last state that was stored.
        var new: JSONValue?
    }

    /// Objects of one kind in the order of their keys, which is the order of lists.
    struct Collection: Sendable {
        private(set) var objects: [String: JSONValue] = [:]
        private(set) var keys: [String] = []

        subscript(key: String) -> JSONValue? {
            get { objects[key] }
            set {
                let position = position(of: key)
                let exists = position < keys.count && keys[position] == key
                if newValue != nil, !exists { keys.insert(key, at: position) }
                if newValue == nil, exists { keys.remove(at: position) }
                objects[key] = newValue
            }
        }

        /// Where `key` stands, or would stand.
        func position(of key: String) -> Int {
            var low = 0
            var high = keys.count
            while low < high {
                let middle = (low + high) / 2
                if keys[middle] < key { low = middle + 1 } else { high = middle }
            }
            return low
        }
    }

    /// An empty store that remembers at most `historyLimit` writes, so that a reader that falls further behind must list again.
    ///
    /// - Parameter version: the first write gets the next one.
    init(historyLimit: Int, version: Int64 = 1) {
        self.historyLimit = historyLimit
        self.version = version
        compacted = version
    }

    /// Puts an object in its place as it is, version and all: no write, and no event for anybody.
    mutating func restore(_ storage: StorageID, _ key: String, _ object: JSONValue) -> Change {
        collections[storage, default: Collection()][key] = object
        return Change(version: version, storage: storage, key: key, old: nil, new: object)
    }

    func object(_ storage: StorageID, _ key: String) -> JSONValue? { collections[storage]?[key] }

    /// The kinds of which there are objects, sorted.
    var storages: [StorageID] { collections.filter { !$0.value.keys.isEmpty }.keys.sorted() }

    func collection(_ storage: StorageID) -> Collection { collections[storage] ?? Collection() }

    /// The objects as they were at `version`; nil when that is compacted or lies ahead.
    func collection(_ storage: StorageID, at past: Int64) -> Collection? {
        guard past >= compacted, past <= version else { return nil }
        var collection = collection(storage)
        for change in history.reversed().prefix(while: { $0.version > past }) where change.storage == storage {
            collection[change.key] = change.old
        }
        return collection
    }

    /// Events after `version`, oldest first; nil when some of them are forgotten.
    func changes(after past: Int64) -> ArraySlice<Change>? {
        guard past >= compacted else { return nil }
        return history[min(Int(past - compacted), history.count)...]
    }

    /// Stores `new`, or removes the object where it is nil, and gives the write the next version.
    ///
    /// - Returns: what happened; `new` carries its `metadata.resourceVersion`, for a removal `old` does.
    mutating func commit(_ storage: StorageID, _ key: String, _ new: JSONValue?) -> Change {
        version += 1
        let text = JSONValue.string(String(version))
        let old = collections[storage]?[key]
        var change = Change(version: version, storage: storage, key: key, old: old, new: new)
        if new != nil {
            change.new?.set(text, at: ["metadata", "resourceVersion"])
        }
        collections[storage, default: Collection()][key] = change.new
        history.append(change)
        // Trimmed in batches: removing one element from the front moves all others.
        if history.count > historyLimit + historyLimit / 4 { compact(through: version - Int64(historyLimit)) }
        return change
    }

    /// Forgets events up to and including `past`.
    mutating func compact(through past: Int64) {
        let past = min(past, version)
        guard past > compacted else { return }
        history.removeFirst(Int(past - compacted))
        compacted = past
    }
}

extension ObjectStore.Change {
    /// The state of a removed object as watchers see it: the last one, under the version of the removal.
    var removed: JSONValue? {
        guard new == nil, var object = old else { return nil }
        object.set(.string(String(version)), at: ["metadata", "resourceVersion"])
        return object
    }
}

extension JSONValue {
    func metadata(_ key: String) -> String? { self["metadata"]?[key]?.stringValue }

    var name: String { metadata("name") ?? "" }
    var namespace: String { metadata("namespace") ?? "" }
    var uid: String { metadata("uid") ?? "" }
    var resourceVersion: String { metadata("resourceVersion") ?? "" }
    var labels: [String: String] { self["metadata"]?["labels"]?.stringMap ?? [:] }
    var finalizers: [String] { (self["metadata"]?["finalizers"]?.arrayValue ?? []).compactMap(\.stringValue) }
    var isDeleting: Bool { metadata("deletionTimestamp") != nil }
    var ownerReferences: [JSONValue] { self["metadata"]?["ownerReferences"]?.arrayValue ?? [] }

    /// The string members of an object.
    var stringMap: [String: String] {
        var map: [String: String] = [:]
        for (key, value) in objectValue ?? [:] { map[key] = value.stringValue }
        return map
    }
}

/// The key of an object in its collection. Its order is that of lists.
func storeKey(namespace: String, name: String) -> String { namespace.isEmpty ? name : "\(namespace)/\(name)" }
