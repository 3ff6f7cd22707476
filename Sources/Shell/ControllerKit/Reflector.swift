public import Clockwork
public import KubeClient
public import KubeModel
public import Logging
public import StrictJSON

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
    private let decode: Decoder?
    private let onBadObject: BadObjectHandler

    /// A reflector that fills `store` while `run` runs.
    ///
    /// - Parameters:
    ///   - seed: of the jitter in back-off and watch timeouts.
    ///   - decode: reads objects by way of a tree; nil reads them straight from the text where their kind can be.
    public init(
        _ source: Source = Source(), into store: ObjectStore<Model>, client: KubeClient, clock: any ControlClock, seed: UInt64,
        logger: Logger, onBadObject: @escaping BadObjectHandler = { _ in },
        decode: Decoder? = nil
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

    /// What one run remembers.
    private struct Progress {
        var machine = WatchMachine()
        var random: SeededGenerator
        /// As client-go: 800 ms doubling to 30 s, with jitter, so that a restarted server is not stormed.
        var backoff = Backoff(base: .milliseconds(800), factor: 2, cap: .seconds(30), jitter: Ratio(1, of: 2))
        /// The objects of the list so far. Each page is read as it comes, and then is gone.
        var entries: [StoredObject<Model>] = []
        var memory = ReadingMemory()
        /// The error that was logged last; the same one again says nothing new.
        var loggedError: KubeError?
        /// Verbs that the server refuses to us, and has been told of in the log.
        var refusedVerbs: Set<String> = []

        mutating func succeeded() {
            backoff.reset()
            loggedError = nil
        }
    }

    /// Follows the resource until the task is cancelled.
    public func run() async {
        var attempt: UInt64 = 0
        while !Task.isCancelled {
            let random = SeededGenerator(seed: seed ^ attempt << 32)
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await follow(random) }
                group.addTask { await store.waitForDoubt() }
                await group.next()
                group.cancelAll()
            }
            guard !Task.isCancelled else { return }
            attempt += 1
            logger.warning("listing again, an event has not come", metadata: ["resource": "\(source.resource)"])
        }
    }

    /// Lists and watches, from the start, until the task is cancelled.
    private func follow(_ random: SeededGenerator) async {
        var progress = Progress(random: random)
        var step = progress.machine.first
        while !Task.isCancelled {
            if case .backOff(let atLeast) = step.pause {
                let pause = max(progress.backoff.next(using: &progress.random), atLeast ?? .zero)
                // Only cancellation ends a sleep early.
                guard (try? await clock.sleep(until: clock.now + pause, tolerance: nil)) != nil else { return }
            }
            switch step.question {
            case .list(let token): step = await list(continuingAt: token, &progress)
            case .watch(let version): step = await watch(from: version, &progress)
            }
        }
    }

    private func list(continuingAt token: String?, _ progress: inout Progress) async -> WatchMachine.Step {
        if token == nil { progress.entries = [] }
        do throws(KubeError) {
            let page = try await client.listTexts(source.resource, namespace: source.namespace, selection: source.selection, continue: token)
            for item in page.items {
                if let entry = try entry(item, &progress.memory) { progress.entries.append(entry) }
            }
            granted("list", &progress)
            if page.continueToken == nil {
                progress.entries.forEach(report)
                store.replace(progress.entries, version: page.resourceVersion)
                progress.entries = []
                progress.succeeded()
            }
            return progress.machine.pageCame(resourceVersion: page.resourceVersion, continueToken: page.continueToken)
        } catch {
            log(error, "list", &progress)
            if case .forbidden = error { store.refuse(missingRight("list", error)) }
            return progress.machine.listFailed(error)
        }
    }

    private func watch(from version: String, _ progress: inout Progress) async -> WatchMachine.Step {
        do throws(KubeError) {
            try await follow(from: version, &progress)
            return progress.machine.watchEnded(.closed)
        } catch {
            log(error, "watch", &progress)
            return progress.machine.watchEnded(.failed(error))
        }
    }

    /// Returns when the server ends the watch in good order.
    private func follow(from version: String, _ progress: inout Progress) async throws(KubeError) {
        // Five to ten minutes, as client-go: watches of many caches then do not all end at once.
        let timeout = Duration.seconds(Int64.random(in: 300..<600, using: &progress.random))
        let stream = try await client.watch(
            source.resource, namespace: source.namespace, selection: source.selection, from: version, timeout: timeout)
        granted("watch", &progress)
        var events = stream.texts.makeAsyncIterator()
        while let event = try await events.next() {
            switch event {
            case .added(let object), .modified(let object):
                guard let entry = try entry(object, &progress.memory) else { continue }
                report(entry)
                store.apply(entry)
                progress.machine.versionCame(entry.metadata.resourceVersion)
            case .deleted(let object):
                // Who is gone needs no reading, and may be one that could not be read.
                let metadata = Self.readableMetadata(of: try Self.tree(object))
                store.delete(metadata.key, version: metadata.resourceVersion)
                progress.machine.versionCame(metadata.resourceVersion)
            case .bookmark(let version):
                store.bookmark(version)
                progress.machine.versionCame(version)
            case .failed(let status):
                throw status.code == 410 ? .gone(status.message) : .unavailable(after: nil, cause: status.message)
            }
            progress.succeeded()
        }
    }

    /// The object as it is stored. Nil for something without a name, which no server sends and no condition could be written to.
    private func entry(_ text: ArraySlice<UInt8>, _ memory: inout ReadingMemory) throws(KubeError) -> StoredObject<Model>? {
        do throws(ObjectTextError) {
            return .good(try read(text, &memory))
        } catch {
            switch error {
            case .malformed(let error): throw Self.malformed(error)
            case .unreadable(let error, let json):
                let readable = Self.readableMetadata(of: json)
                guard !readable.name.isEmpty else {
                    logger.error("an object without a name was skipped", metadata: ["resource": "\(source.resource)", "error": "\(error)"])
                    return nil
                }
                return .bad(BadObject(metadata: readable, error: error, document: json))
            }
        }
    }

    private func read(_ text: ArraySlice<UInt8>, _ memory: inout ReadingMemory) throws(ObjectTextError) -> Model {
        guard let decode else { return try Model(text: text, memory: &memory) }
        let json: JSONValue
        do throws(JSONError) {
            json = try JSONValue(parsing: text)
        } catch {
            throw .malformed(error)
        }
        do throws(DecodeError) {
            return try decode(json)
        } catch {
            throw .unreadable(error, json)
        }
    }

    /// Tells of an object that could not be read, unless this version of it was told of before.
    private func report(_ entry: StoredObject<Model>) {
        guard case .bad(let bad) = entry, store.entry(bad.key)?.metadata.resourceVersion != bad.metadata.resourceVersion else { return }
        logger.warning("an object cannot be read", metadata: ["resource": "\(source.resource)", "object": "\(bad.key)", "error": "\(bad.error)"])
        onBadObject(bad)
    }

    private static func tree(_ text: ArraySlice<UInt8>) throws(KubeError) -> JSONValue {
        do throws(JSONError) {
            return try JSONValue(parsing: text)
        } catch {
            throw malformed(error)
        }
    }

    private static func malformed(_ error: JSONError) -> KubeError { .badResponse("an object is not valid JSON: \(error)") }

    /// Labels or owners may be what is wrong with an object, so only what is needed to answer is taken.
    private static func readableMetadata(of json: JSONValue) -> ObjectMeta {
        let metadata = json["metadata"]
        return ObjectMeta(
            name: metadata?["name"]?.stringValue ?? "", namespace: metadata?["namespace"]?.stringValue ?? "",
            uid: metadata?["uid"]?.stringValue ?? "", resourceVersion: metadata?["resourceVersion"]?.stringValue ?? "",
            generation: metadata?["generation"]?.int64Value ?? 0)
    }

    private func missingRight(_ verb: String, _ error: KubeError) -> MissingRight {
        error.missingRight ?? MissingRight(
            verb: verb, group: source.resource.group, resource: source.resource.resource, namespace: source.namespace ?? "")
    }

    /// A verb that was refused works again: what the log said of it is no longer so.
    private func granted(_ verb: String, _ progress: inout Progress) {
        guard progress.refusedVerbs.remove(verb) != nil else { return }
        logger.info("granted by now", metadata: ["resource": "\(source.resource)", "verb": "\(verb)"])
    }

    /// Once for each verb, however often it is tried.
    private func logRefusal(_ right: MissingRight, _ verb: String, _ error: KubeError, _ progress: inout Progress) {
        guard progress.refusedVerbs.insert(verb).inserted else { return }
        let consequence: String = verb == "watch"
            ? "listed every \(WatchMachine.pollInterval.components.seconds) s, since we may not watch" : "not read, since we may not list"
        logger.warning("\(consequence)", metadata: [
            "resource": "\(source.resource)", "verb": "\(verb)", "remedy": "\(right.remedy)", "error": "\(error)",
        ])
    }

    private func log(_ error: KubeError, _ verb: String, _ progress: inout Progress) {
        if case .forbidden = error { return logRefusal(missingRight(verb, error), verb, error, &progress) }
        guard error != .cancelled, error != progress.loggedError else { return }
        progress.loggedError = error
        if case .gone = error {
            logger.info("listing again, the version is too old", metadata: ["resource": "\(source.resource)"])
        } else {
            logger.warning(
                "the cache lags behind", metadata: ["resource": "\(source.resource)", "verb": "\(verb)", "error": "\(error)"])
        }
    }
}
