public import Clockwork
public import KubeModel
public import StrictJSON

/// One write that the server has done.
public struct CommittedWrite: Sendable {
    public enum Verb: String, Sendable { case create, update, delete }

    public var verb: Verb
    /// In the version in which objects of the kind are stored.
    public var resource: GroupVersionResource
    public var key: ObjectKey
    /// The version of the whole store after this write.
    public var resourceVersion: Int64
    /// Nil for a create.
    public var old: JSONValue?
    /// Nil for a delete.
    public var new: JSONValue?
    /// The `User-Agent` of the request; `garbage-collector` for what follows from a deletion.
    public var userAgent: String
    public var at: Timestamp
}

/// Called within each write, before the request is answered. It sees the state after the write.
///
/// It runs on the server's actor and must not wait.
public typealias WriteObserver = @Sendable (CommittedWrite, ServerState) -> Void

/// Everything that is stored at one moment.
public struct ServerState: Sendable {
    let store: ObjectStore
    let registry: ResourceRegistry

    /// The version of the last write.
    public var resourceVersion: Int64 { store.version }

    /// The objects of a resource in order of namespace and name.
    ///
    /// - Parameter namespace: nil for all.
    public func objects(of resource: GroupVersionResource, namespace: String? = nil) -> [JSONValue] {
        guard let definition = registry[resource] else { return [] }
        let collection = store.collection(definition.storage)
        let prefix = namespace.map { $0 + "/" } ?? ""
        return collection.keys[collection.position(of: prefix)...].prefix { $0.hasPrefix(prefix) }.compactMap { collection[$0] }
    }

    /// One object; nil where there is none.
    public func object(_ resource: GroupVersionResource, _ key: ObjectKey) -> JSONValue? {
        registry[resource].flatMap { store.object($0.storage, storeKey(namespace: key.namespace, name: key.name)) }
    }
}

/// How an embedded server behaves where a real one has flags.
public struct ServerSettings: Sendable {
    /// So many writes are remembered for watches and for pages of lists.
    public var historyLimit: Int
    public var garbageCollection: GarbageCollection

    /// When the consequences of a deletion are drawn: dependents, content of namespaces.
    public enum GarbageCollection: Sendable {
        /// Within the request that has them.
        case immediate
        /// When `collectGarbage()` is called, as a real cluster does it some time later.
        case onDemand
    }

    /// By default 10 000 writes are remembered and garbage is collected at once.
    public init(historyLimit: Int = 10_000, garbageCollection: GarbageCollection = .immediate) {
        self.historyLimit = max(1, historyLimit)
        self.garbageCollection = garbageCollection
    }
}
