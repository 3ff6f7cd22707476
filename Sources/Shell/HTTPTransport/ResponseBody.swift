/// The body of a response: chunks of bytes, read once, with `for try await chunk in body`.
///
/// Where a chunk ends means nothing. Bytes in memory may be read again and again; a stream has one reader.
/// When its task is cancelled, or when the body or its iterator is dropped, the transfer behind a stream is closed.
public struct ResponseBody: AsyncSequence, Sendable {
    public typealias Element = [UInt8]
    public typealias Failure = TransportError

    private enum Source: Sendable {
        case bytes([UInt8])
        case channel(BodyLease)
        case stream(@Sendable () -> any ChunkIterator)
    }

    private let source: Source

    /// A body that is there already.
    public init(bytes: [UInt8]) {
        source = .bytes(bytes)
    }

    /// A body that is pulled from `stream` as it is read: nothing is fetched ahead, no task is started.
    ///
    /// An error of the stream that is not a ``TransportError`` becomes ``TransportError/cancelled`` if it is a
    /// `CancellationError`, else ``TransportError/connectionLost(cause:)``.
    public init<S: AsyncSequence & Sendable>(stream: S) where S.Element == [UInt8] {
        source = .stream { PulledChunks(inner: stream.makeAsyncIterator()) }
    }

    /// The reading end of a channel. Dropping it, unread or half read, abandons the channel.
    init(channel: BodyChannel) {
        source = .channel(BodyLease(channel))
    }

    public func makeAsyncIterator() -> AsyncIterator {
        switch source {
        case .bytes(let bytes): AsyncIterator(source: .bytes(bytes))
        case .channel(let lease): AsyncIterator(source: .channel(BodyLease(lease.channel), keepingAlive: lease))
        case .stream(let make): AsyncIterator(source: .stream(make()))
        }
    }

    /// Everything that is left, at once.
    /// - Throws: ``TransportError/responseTooLarge(limit:)`` when that is more than `limit` bytes.
    public func collect(upTo limit: Int) async throws(TransportError) -> [UInt8] {
        var collected: [UInt8] = []
        var iterator = makeAsyncIterator()
        while let chunk = try await iterator.next() {
            guard chunk.count <= limit - collected.count else { throw .responseTooLarge(limit: limit) }
            // The usual answer is one chunk: no copy then.
            if collected.isEmpty { collected = chunk } else { collected.append(contentsOf: chunk) }
        }
        return collected
    }

    public struct AsyncIterator: AsyncIteratorProtocol {
        enum Source {
            case bytes([UInt8])
            case channel(BodyLease, keepingAlive: BodyLease)
            case stream(any ChunkIterator)
            case ended
        }

        var source: Source

        public mutating func next() async throws(TransportError) -> [UInt8]? {
            try await next(isolation: nil)
        }

        public mutating func next(isolation actor: isolated (any Actor)?) async throws(TransportError) -> [UInt8]? {
            switch source {
            case .bytes(let bytes):
                source = .ended
                return bytes.isEmpty ? nil : bytes
            case .channel(let lease, _):
                return try await lease.channel.read(isolation: actor)
            case .stream(var chunks):
                // Emptied meanwhile, so that a failed or cancelled stream is released and never read again.
                source = .ended
                guard let chunk = try await chunks.nextChunk(isolation: actor) else { return nil }
                source = .stream(chunks)
                return chunk
            case .ended:
                return nil
            }
        }
    }
}

/// Abandons its channel when the last owner lets go.
final class BodyLease: Sendable {
    let channel: BodyChannel

    init(_ channel: BodyChannel) { self.channel = channel }

    deinit { channel.abandon() }
}

/// An iterator of any stream, with its errors translated.
protocol ChunkIterator {
    mutating func nextChunk(isolation actor: isolated (any Actor)?) async throws(TransportError) -> [UInt8]?
}

private struct PulledChunks<Inner: AsyncIteratorProtocol>: ChunkIterator where Inner.Element == [UInt8] {
    var inner: Inner

    mutating func nextChunk(isolation actor: isolated (any Actor)?) async throws(TransportError) -> [UInt8]? {
        do {
            let chunk = try await inner.next(isolation: actor)
            // AsyncStream ends when its reader is cancelled, instead of throwing; a body says so.
            if chunk == nil, Task.isCancelled { throw TransportError.cancelled }
            return chunk
        } catch let error as TransportError {
            throw error
        } catch is CancellationError {
            throw .cancelled
        } catch {
            throw .connectionLost(cause: "\(error)")
        }
    }
}
