import HTTPTransport
import Synchronization
import Testing

@Suite("A response body", .timeLimit(.minutes(1))) struct ResponseBodyTests {
    static let bytes: [UInt8] = Array(0...255)

    @Test func inMemoryIsReadAgain() async throws {
        let body = ResponseBody(bytes: Self.bytes)
        #expect(try await body.collect(upTo: 256) == Self.bytes)
        #expect(try await body.collect(upTo: 256) == Self.bytes)
        #expect(try await ResponseBody(bytes: []).collect(upTo: 0) == [])
        await #expect(throws: TransportError.responseTooLarge(limit: 255)) { try await body.collect(upTo: 255) }
    }

    struct Odd: Error, CustomStringConvertible { var description: String { "the store is gone" } }

    static let errors: [(any Error, TransportError)] = [
        (TransportError.timedOut(.idle), .timedOut(.idle)),
        (CancellationError(), .cancelled),
        (Odd(), .connectionLost(cause: "the store is gone")),
    ]

    @Test(arguments: errors.indices) func translatesErrorsOfAStream(_ index: Int) async {
        let (error, expected) = Self.errors[index]
        let body = ResponseBody(stream: AsyncThrowingStream { continuation in
            continuation.yield([1])
            continuation.finish(throwing: error)
        })
        var read: [UInt8] = []
        do throws(TransportError) {
            for try await chunk in body { read += chunk }
            Issue.record("the error is lost")
        } catch {
            #expect(error == expected)
        }
        #expect(read == [1])
    }

    @Test func tellsAPulledStreamThatItsReaderIsGone() async throws {
        let (gone, tellGone) = AsyncStream.makeStream(of: Void.self)
        for try await _ in ResponseBody(stream: AsyncStream { continuation in
            continuation.onTermination = { _ in tellGone.finish() }
            continuation.yield([1])
        }) { break }
        for await _ in gone {}
    }

    @Test func aCancelledReaderOfAPulledStreamSaysSo() async {
        let (stream, _) = AsyncStream.makeStream(of: [UInt8].self)
        let body = ResponseBody(stream: stream)
        await withTaskGroup { group in
            group.addTask { await #expect(throws: TransportError.cancelled) { try await body.collect(upTo: 1) } }
            group.cancelAll()
        }
    }

    // MARK: Channel

    @Test func aChannelHandsOverEverythingAndThenTheEnd() async throws {
        let channel = BodyChannel(highWater: 8, lowWater: 4)
        let body = channel.makeBody()
        async let read = body.collect(upTo: 100_000)
        var sent: [UInt8] = []
        for round in 0..<1000 {
            let chunk = [UInt8](repeating: UInt8(truncatingIfNeeded: round), count: 1 + round % 13)
            sent += chunk
            try await channel.send(chunk)
        }
        channel.finish()
        #expect(try await read == sent)
    }

    @Test func aChannelIsBoundedAndSaysWhenThereIsRoom() async throws {
        let counter = Counter()
        let channel = BodyChannel(highWater: 32 << 10, lowWater: 16 << 10, onRoom: { counter.add() })
        var iterator = channel.makeBody().makeAsyncIterator()
        let chunk = [UInt8](repeating: 7, count: 10 << 10)
        var accepted = 0
        while chunk.withUnsafeBytes({ channel.offer($0) }) == .accepted { accepted += 1 }
        #expect(accepted == 4)                       // 30 KiB are below the mark, 40 are not
        #expect(try await iterator.next() == chunk)
        #expect(counter.value == 0)                  // 30 KiB left
        #expect(try await iterator.next() == chunk)
        #expect(counter.value == 0)                  // 20 KiB left
        #expect(try await iterator.next() == chunk)
        #expect(counter.value == 1)                  // 10 KiB left
        #expect(try await iterator.next() == chunk)
        #expect(counter.value == 1)
        #expect(chunk.withUnsafeBytes { channel.offer($0) } == .accepted)
    }

    @Test func smallChunksAreJoined() async throws {
        let channel = BodyChannel()
        for byte in UInt8(0)...99 { #expect([byte].withUnsafeBytes { channel.offer($0) } == .accepted) }
        channel.finish(throwing: .timedOut(.idle))
        var iterator = channel.makeBody().makeAsyncIterator()
        #expect(try await iterator.next() == Array(0...99))
        await #expect(throws: TransportError.timedOut(.idle)) { try await iterator.next() }
    }

    @Test func droppingTheBodyUnreadAbandonsTheChannel() async {
        let abandoned = Counter()
        let channel = BodyChannel(onAbandon: { abandoned.add() })
        do { _ = channel.makeBody() }
        #expect(abandoned.value == 1)
        #expect([UInt8(1)].withUnsafeBytes { channel.offer($0) } == .abandoned)
        await #expect(throws: TransportError.cancelled) { try await channel.send([1]) }
    }

    @Test func droppingTheIteratorAbandonsTheChannelThoughTheBodyIsKept() async throws {
        let abandoned = Counter()
        let channel = BodyChannel(onAbandon: { abandoned.add() })
        let body = channel.makeBody()
        try await channel.send([1])
        for try await _ in body { break }
        #expect(abandoned.value == 1)
        _ = body
    }

    @Test func readingToTheEndAbandonsNothing() async throws {
        let abandoned = Counter()
        let channel = BodyChannel(onAbandon: { abandoned.add() })
        channel.finish()
        #expect(try await channel.makeBody().collect(upTo: 0) == [])
        #expect(abandoned.value == 0)
    }

    @Test func aCancelledReaderReturnsWhenTheProducerHasFinished() async {
        let (abandons, tellAbandoned) = AsyncStream.makeStream(of: Void.self)
        let channel = BodyChannel(onAbandon: { tellAbandoned.yield() })
        let body = channel.makeBody()
        await withTaskGroup { group in
            group.addTask { await #expect(throws: TransportError.cancelled) { try await body.collect(upTo: 1) } }
            group.cancelAll()
            for await _ in abandons { break }
            channel.finish(throwing: .cancelled)
        }
    }

    @Test func aSenderThatWaitsForRoomCanBeCancelled() async throws {
        let channel = BodyChannel(highWater: 1, lowWater: 1)
        let body = channel.makeBody()
        try await channel.send([1])
        await withTaskGroup { group in
            group.addTask { await #expect(throws: TransportError.cancelled) { try await channel.send([2]) } }
            group.cancelAll()
        }
        channel.finish()
        #expect(try await body.collect(upTo: 1) == [1])
    }

    @Test func aWaitingSenderIsFreedWhenTheReaderGoes() async throws {
        let executor = HandDrivenExecutor()
        let channel = BodyChannel(highWater: 1, lowWater: 1)
        try await channel.send([1])
        var body: ResponseBody? = channel.makeBody()
        await withTaskGroup { group in
            group.addTask(executorPreference: executor) {
                await #expect(throws: TransportError.cancelled) { try await channel.send([2]) }
            }
            executor.runUntilIdle()                  // the sender waits now
            withExtendedLifetime(body) {}
            body = nil
            executor.runUntilIdle()
        }
    }

    /// Producer and reader run as jobs of one thread that nobody else helps; the test drives it by hand.
    @Test func worksOnAnExecutorWithOneThread() async throws {
        let executor = HandDrivenExecutor()
        let channel = BodyChannel(highWater: 3, lowWater: 2)
        let body = channel.makeBody()
        let read = try await withThrowingTaskGroup(of: [UInt8].self) { group in
            group.addTask(executorPreference: executor) {
                for byte in UInt8(0)..<50 { try await channel.send([byte]) }
                channel.finish()
                return []
            }
            group.addTask(executorPreference: executor) { try await body.collect(upTo: 50) }
            executor.runUntilIdle()
            #expect(executor.ran > 20)               // they took turns: the buffer holds three bytes
            return try await group.reduce([], +)
        }
        #expect(read == Array(0..<50))
    }
}

final class Counter: Sendable {
    private let count = Atomic(0)
    var value: Int { count.load(ordering: .sequentiallyConsistent) }
    func add() { count.add(1, ordering: .sequentiallyConsistent) }
}

/// Runs jobs only while `runUntilIdle` is called.
final class HandDrivenExecutor: TaskExecutor {
    private let jobs = Mutex<[UnownedJob]>([])
    private let count = Counter()
    var ran: Int { count.value }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        jobs.withLock { $0.append(job) }
    }

    func runUntilIdle() {
        while let job = jobs.withLock({ $0.isEmpty ? nil : $0.removeFirst() }) {
            count.add()
            job.runSynchronously(on: asUnownedTaskExecutor())
        }
    }
}
