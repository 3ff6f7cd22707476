import Benchmark
import Clockwork
import ControllerKit
import Controllers
import Delivery
import HTTPTransport
import KubeClient
import KubeModel
import Logging
import SimulatedTime
import StrictJSON
import Synchronization

/// From bytes into the cache, by the production client and reflector: the server is a recording.
func registerCaching() {
    Benchmark.register("caching: list 1 000 ReplicaSets into the store", iterations: 200) { benchmark in
        let pages: [[UInt8]] = [
            SampleObjects.page(Array(Samples.objects[..<500]), version: "900999", continuing: "next"),
            SampleObjects.page(Array(Samples.objects[500...]), version: "900999", continuing: nil),
        ]
        let recording = Recording(pages: pages, watch: [])
        try benchmark.measuring(items: 1000, bytes: pages.reduce(0) { $0 + $1.count }, keeps: true) {
            let caches = ClusterCaches()
            try recording.follow(caches.replicaSets, until: .synced)
            guard caches.replicaSets.count == 1000 else { throw Incomplete() }
            return caches
        }
        // What the server has sent is no part of what is kept; let go of within the measurement, it would be taken off.
        withExtendedLifetime(pages) {}
    }
    Benchmark.register("caching: 2 000 watch events of ReplicaSets", iterations: 200) { benchmark in
        // Each object comes, and then changes.
        let lines: [UInt8] = Samples.objects.flatMap { SampleObjects.line($0, type: "ADDED") } + Samples.objects.enumerated().flatMap { index, object in
            var changed: JSONValue = object
            changed.set(.string("\(910_000 + index)"), at: ["metadata", "resourceVersion"])
            changed.set(7, at: ["status", "readyReplicas"])
            return SampleObjects.line(changed)
        }
        let recording = Recording(pages: [], watch: lines)
        try benchmark.measuring(items: 2000, bytes: lines.count) {
            let caches = ClusterCaches()
            try recording.follow(caches.replicaSets, until: .version("910999"))
            guard caches.replicaSets.count == 1000 else { throw Incomplete() }
        }
    }
}

private struct Incomplete: Error {}

/// A server that answers lists with pages, one after the other, and the first watch with these lines; then nothing ever changes.
private final class Recording: HTTPTransport {
    private static let chunk: Int = 16 << 10
    private let state: Mutex<(pages: [[UInt8]], watch: [[UInt8]]?)>

    init(pages: [[UInt8]], watch: [UInt8]) {
        // As a connection delivers them.
        let chunks: [[UInt8]] = stride(from: 0, to: watch.count, by: Self.chunk).map { Array(watch[$0..<min($0 + Self.chunk, watch.count)]) }
        state = Mutex((pages, chunks))
    }

    enum End: Sendable {
        case synced
        case version(String)
    }

    /// Fills the store until it has what it should; all on this thread.
    func follow(_ store: ObjectStore<ReplicaSet>, until end: End) throws {
        let loop = SimulationLoop(seed: 1)
        let clock = VirtualClock(loop: loop)
        let client = KubeClient(connection: .inProcess, transport: self, clock: clock, version: "benchmark", budget: .unlimited)
        let logger = Logger(label: "benchmark") { _ in SwiftLogNoOpLogHandler() }
        try loop.run {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { await Reflector(into: store, client: client, clock: clock, seed: 1, logger: logger).run() }
                switch end {
                case .synced: await store.waitUntilSynced()
                case .version(let version):
                    while store.observedVersion != version { try await clock.sleep(until: clock.now + .seconds(1), tolerance: nil) }
                }
                group.cancelAll()
            }
        }
    }

    func send(_ request: TransportRequest) async throws(TransportError) -> TransportResponse {
        if request.url.contains("watch=true") {
            let chunks: [[UInt8]] = state.withLock { state in
                defer { state.watch = nil }
                return state.watch ?? []
            }
            let (stream, continuation) = AsyncStream<[UInt8]>.makeStream()
            for chunk in chunks { continuation.yield(chunk) }
            return TransportResponse(status: 200, body: ResponseBody(stream: Held(stream: stream, continuation: continuation)))
        }
        return TransportResponse(status: 200, body: ResponseBody(bytes: state.withLock { state in
            state.pages.isEmpty ? Self.emptyPage : state.pages.removeFirst()
        }))
    }

    private static let emptyPage: [UInt8] = SampleObjects.page([], version: "1", continuing: nil)
}

/// A stream that stays open as long as somebody reads it.
private struct Held: AsyncSequence, Sendable {
    let stream: AsyncStream<[UInt8]>
    let continuation: AsyncStream<[UInt8]>.Continuation

    func makeAsyncIterator() -> Iterator { Iterator(inner: stream.makeAsyncIterator(), continuation: continuation) }

    struct Iterator: AsyncIteratorProtocol {
        var inner: AsyncStream<[UInt8]>.Iterator
        let continuation: AsyncStream<[UInt8]>.Continuation

        mutating func next() async -> [UInt8]? { await inner.next() }
    }
}
