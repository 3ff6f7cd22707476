public import Clockwork
public import KubeClient
public import KubeModel
public import Logging
public import StrictJSON
import Synchronization

/// Keeps an `ObjectStore` like the server: lists, watches, resumes where a watch broke off, lists again where it can't.
public struct Reflector<Model: ReadModel>: Sendable {
    /// What is followed.
    public struct Source: Sendable {
        public var resource: GroupVersionResource
        /// Nil: all namespaces.
        public var namespace: String?
        public var selection: Selection

        /// The model's own resource, unless another version of it is served.
        public init(resource: GroupVersionResource = Model.resource, namespace: String? = nil, selection: Selection = Selection()) {
            self.resource = resource
            self.namespace = namespace
            self.selection = selection
        }
    }

    /// Reads one object.
    public typealias Decoder = @Sendable (JSONValue) throws(DecodeError) -> Model

    /// Is told of each object that could not be read, once per version.
    public typealias BadObjectHandler = @Sendable (BadObject) -> Void

    private let source: Source
    private let store: ObjectStore<Model>
    private let client: KubeClient
    private let clock: any ControlClock
    private let seed: UInt64
    private let logger: Logger
    private let decode: Decoder
    private let onBadObject: BadObjectHandler

    /// A reflector that fills `store` while `run` runs.
    ///
    /// - Parameter seed: of the jitter in back-off and watch timeouts.
    public init(
        _ source: Source = Source(), into store: ObjectStore<Model>, client: KubeClient, clock: any ControlClock, seed: UInt64,
        logger: Logger, onBadObject: @escaping BadObjectHandler = { _ in },
        decode: @escaping Decoder = { json throws(DecodeError) in try Model(json: json) }
    ) {
        self.source = source
        self.store = store
        self.client = client
        self.clock = clock
        self.seed = seed
        self.logger = logger
        self.decode = decode
        self.onBadObject = onBadObject
    }

    /// Follows the resource until the task is cancelled.
    public func run() async {
        var machine = WatchMachine()
        var random = SeededGenerator(seed: seed)
        // As client-go: 800 ms doubling to 30 s, with jitter, so that a restarted server is not stormed.
        var backoff = Backoff(base: .milliseconds(800), factor: 2, cap: .seconds(30), jitter: Ratio(1, of: 2))
        var pages: [JSONValue] = []
        var step = machine.first
        while !Task.isCancelled {
            if case .backOff(let atLeast) = step.pause {
                let pause = max(backoff.next(using: &random), atLeast ?? .zero)
                // Cancelled: the loop's condition ends it.
                guard (try? await clock.sleep(until: clock.now + pause, tolerance: nil)) != nil else { return }
            }
            switch step.question {
            case .list(let token):
                if token == nil { pages = [] }
                do throws(KubeError) {
                    let page = try await client.list(
                        source.resource, namespace: source.namespace, selection: source.selection, continue: token)
                    pages += page.items
                    if page.continueToken == nil {
                        store.replace(pages.compactMap(entry), version: page.resourceVersion)
                        pages = []
                        backoff.reset()
                    }
                    step = machine.pageCame(resourceVersion: page.resourceVersion, continueToken: page.continueToken)
                } catch {
                    log(error, "list")
                    step = machine.listFailed(error)
                }
            case .watch(let version):
                let ending = await follow(from: version, &machine, &backoff, &random)
                if case .failed(let error) = ending { log(error, "watch") }
                step = machine.watchEnded(ending)
            }
        }
    }

    private func follow(
        from version: String, _ machine: inout WatchMachine, _ backoff: inout Backoff, _ random: inout SeededGenerator
    ) async -> WatchMachine.Ending {
        // Five to ten minutes, as client-go: watches of many caches then do not all end at once.
        let timeout = Duration.seconds(Int64.random(in: 300..<600, using: &random))
        do throws(KubeError) {
            let stream = try await client.watch(
                source.resource, namespace: source.namespace, selection: source.selection, from: version, timeout: timeout)
            var events = stream.makeAsyncIterator()
            while let event = try await events.next() {
                switch event {
                case .added(let object), .modified(let object):
                    guard let entry = entry(object) else { continue }
                    store.apply(entry)
                    machine.versionCame(entry.metadata.resourceVersion)
                case .deleted(let object):
                    guard let entry = entry(object) else { continue }
                    store.delete(entry.metadata.key, version: entry.metadata.resourceVersion)
                    machine.versionCame(entry.metadata.resourceVersion)
                case .bookmark(let version):
                    store.bookmark(version)
                    machine.versionCame(version)
                case .failed(let status):
                    return .failed(status.code == 410 ? .gone(status.message) : .unavailable(after: nil, cause: status.message))
                }
                backoff.reset()
            }
            return .closed
        } catch {
            return .failed(error)
        }
    }

    /// The object as it is stored. Nil for something without a name, which no server sends and no condition could be written to.
    private func entry(_ json: JSONValue) -> StoredObject<Model>? {
        do throws(DecodeError) {
            return .good(try decode(json))
        } catch {
            let metadata = json["metadata"]
            guard let name = metadata?["name"]?.stringValue, !name.isEmpty else {
                logger.error("an object without a name was skipped", metadata: ["resource": "\(source.resource)", "error": "\(error)"])
                return nil
            }
            // Labels or owners may be what is wrong, so only what is needed to answer is taken.
            let readable = ObjectMeta(
                name: name, namespace: metadata?["namespace"]?.stringValue ?? "", uid: metadata?["uid"]?.stringValue ?? "",
                resourceVersion: metadata?["resourceVersion"]?.stringValue ?? "", generation: metadata?["generation"]?.int64Value ?? 0)
            let bad = BadObject(key: readable.key, metadata: readable, error: error, document: json)
            if store.entry(readable.key)?.metadata.resourceVersion != readable.resourceVersion {
                logger.warning("an object cannot be read", metadata: ["resource": "\(source.resource)", "object": "\(bad.key)", "error": "\(error)"])
                onBadObject(bad)
            }
            return .bad(bad)
        }
    }

    private func log(_ error: KubeError, _ verb: String) {
        switch error {
        case .cancelled: break
        case .gone: logger.info("listing again, the version is too old", metadata: ["resource": "\(source.resource)"])
        default:
            logger.warning(
                "the cache lags behind", metadata: ["resource": "\(source.resource)", "verb": "\(verb)", "error": "\(error)"])
        }
    }
}
