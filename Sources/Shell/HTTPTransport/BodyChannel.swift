import Synchronization

/// A bounded buffer between one producer of a body and its one reader.
///
/// The producer is either a callback that must not wait (``offer(_:)``, which says when to pause) or a task
/// (``send(_:)``, which waits for room). The reader is a ``ResponseBody``. No task is started here, and
/// continuations resume wherever their own task runs, so it works on any executor.
public final class BodyChannel: Sendable {
    /// 256 KiB: what a stalled reader costs.
    public static let defaultHighWater = 256 << 10
    /// 64 KiB: low enough that a paused producer is not woken for each chunk, high enough not to run dry.
    public static let defaultLowWater = 64 << 10
    /// 16 KiB: small chunks are joined up to this size, so that 10 000 tiny ones don't cost 10 000 arrays.
    static let joinedChunk = 16 << 10

    /// What became of bytes that were offered.
    public enum Offer: Sendable, Equatable {
        case accepted
        /// Nothing was taken. `onRoom` is called once, when offering again is worth it.
        case full
        /// Nobody reads any more.
        case abandoned
    }

    private let state: Mutex<State>
    private let highWater: Int
    private let lowWater: Int
    private let onRoom: (@Sendable () -> Void)?
    private let onAbandon: (@Sendable () -> Void)?

    /// - Parameters:
    ///   - onRoom: called after an offer was refused as `.full`, once the reader has drained below `lowWater`.
    ///   - onAbandon: called once, when the reader is cancelled or dropped before the end. The producer must then
    ///     call ``finish(throwing:)`` soon: a cancelled reader waits for that, so that it returns only after
    ///     the transfer is closed. Nil: the reader returns at once.
    public init(
        highWater: Int = BodyChannel.defaultHighWater,
        lowWater: Int = BodyChannel.defaultLowWater,
        onRoom: (@Sendable () -> Void)? = nil,
        onAbandon: (@Sendable () -> Void)? = nil
    ) {
        precondition(0 < lowWater && lowWater <= highWater, "water marks \(lowWater) and \(highWater) are out of order")
        state = Mutex(State())
        self.highWater = highWater
        self.lowWater = lowWater
        self.onRoom = onRoom
        self.onAbandon = onAbandon
    }

    /// The reading end. To be called once; the producer keeps the channel, not the body.
    public func makeBody() -> ResponseBody { ResponseBody(channel: self) }

    // MARK: Producer

    /// Takes the bytes unless `highWater` is reached. Never waits.
    public func offer(_ bytes: UnsafeRawBufferPointer) -> Offer {
        let (offer, reader) = state.withLock { state -> (Offer, Reader?) in
            guard state.ending == nil, !state.isAbandoned else { return (.abandoned, nil) }
            guard state.buffered < highWater else {
                state.producerIsPaused = true
                return (.full, nil)
            }
            state.append(bytes)
            return (.accepted, state.readyReader())
        }
        reader?.resume()
        return offer
    }

    /// Waits until there is room, then takes the chunk. One sender at a time.
    /// - Throws: ``TransportError/cancelled`` when the sender's task is cancelled or nobody reads any more.
    public func send(_ chunk: [UInt8]) async throws(TransportError) {
        while true {
            if Task.isCancelled { throw .cancelled }
            switch chunk.withUnsafeBytes({ offer($0) }) {
            case .accepted: return
            case .abandoned: throw .cancelled
            case .full: await roomOrCancellation()
            }
        }
    }

    /// The end of the body. The reader still gets what is buffered, then the end or the error.
    public func finish(throwing error: TransportError? = nil) {
        let reader = state.withLock { state -> Reader? in
            guard state.ending == nil else { return nil }
            state.ending = error.map { .failed($0) } ?? .complete
            return state.readyReader()
        }
        reader?.resume()
    }

    private func roomOrCancellation() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
                let waits = state.withLock { state in
                    precondition(state.sender == nil, "two tasks send to one body channel")
                    guard state.producerIsPaused, !state.isAbandoned, state.ending == nil, !Task.isCancelled else { return false }
                    state.sender = continuation
                    return true
                }
                if !waits { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.sender.take() }?.resume()
        }
    }

    // MARK: Reader

    func read(isolation: isolated (any Actor)?) async throws(TransportError) -> [UInt8]? {
        if Task.isCancelled { abandon() }
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation(isolation: isolation) { (continuation: Reader.Continuation) in
                let ready = state.withLock { state in
                    precondition(state.reader == nil, "two tasks read one response body")
                    state.reader = continuation
                    return state.readyReader()
                }
                ready?.resume()
            }
        } onCancel: {
            abandon()
        }
        let wake = state.withLock { $0.drained(below: lowWater) }
        if wake.producer { onRoom?() }
        wake.sender?.resume()
        return try result.get()
    }

    /// The reader is gone or cancelled: buffered bytes are freed and the producer is told.
    func abandon() {
        let (isNews, reader, sender) = state.withLock { state -> (Bool, Reader?, CheckedContinuation<Void, Never>?) in
            guard !state.isAbandoned else { return (false, nil, nil) }
            state.isAbandoned = true
            state.chunks = []
            state.buffered = 0
            let wasRunning = state.ending == nil
            if onAbandon == nil || !wasRunning { state.ending = .failed(.cancelled) }
            return (wasRunning, state.readyReader(), state.sender.take())
        }
        if isNews { onAbandon?() }
        reader?.resume()
        sender?.resume()
    }
}

extension BodyChannel {
    /// A reader that can go on, and with what.
    private struct Reader {
        typealias Outcome = Result<[UInt8]?, TransportError>
        typealias Continuation = CheckedContinuation<Outcome, Never>
        let continuation: Continuation
        let outcome: Outcome

        func resume() { continuation.resume(returning: outcome) }
    }

    private enum Ending { case complete, failed(TransportError) }

    private struct State: Sendable {
        var chunks: [[UInt8]] = []
        var buffered = 0
        var ending: Ending?
        var isAbandoned = false
        var producerIsPaused = false
        var reader: Reader.Continuation?
        var sender: CheckedContinuation<Void, Never>?

        mutating func append(_ bytes: UnsafeRawBufferPointer) {
            guard !bytes.isEmpty else { return }
            buffered += bytes.count
            if let last = chunks.indices.last, chunks[last].count + bytes.count <= BodyChannel.joinedChunk {
                chunks[last].append(contentsOf: bytes)
            } else {
                chunks.append([UInt8](bytes))
            }
        }

        /// The waiting reader, if there is something for it: a chunk first, the end after the last chunk.
        mutating func readyReader() -> Reader? {
            guard let continuation = reader else { return nil }
            let outcome: Reader.Outcome
            if !chunks.isEmpty {
                let chunk = chunks.removeFirst()
                buffered -= chunk.count
                outcome = .success(chunk)
            } else if let ending {
                switch ending {
                case .complete: outcome = .success(nil)
                case .failed(let error): outcome = .failure(error)
                }
            } else {
                return nil
            }
            reader = nil
            return Reader(continuation: continuation, outcome: outcome)
        }

        /// Who waits for room that is there now.
        mutating func drained(below lowWater: Int) -> (producer: Bool, sender: CheckedContinuation<Void, Never>?) {
            guard producerIsPaused, buffered < lowWater else { return (false, nil) }
            producerIsPaused = false
            return (true, sender.take())
        }
    }
}
