import EmbeddedAPIServer
import NIOCore
import Synchronization

/// Knows when the client of a stream has gone, so that nobody goes on waiting for events to send to it.
final class ClientDeparture: Sendable {
    private struct State {
        var isGone = false
        var isWaitOver = false
        var waiter: CheckedContinuation<Void, Never>?
    }

    private let state = Mutex(State())

    init(of channel: any Channel) {
        channel.closeFuture.whenComplete { _ in self.end { $0.isGone = true } }
    }

    /// The next chunk of a stream; nil when the stream is over, the client is gone or the task is cancelled.
    ///
    /// One call at a time.
    func orNext(of iterator: APIStream.AsyncIterator) async -> [UInt8]? {
        state.withLock { $0.isWaitOver = false }
        return await withTaskGroup(of: [UInt8]?.self) { group in
            group.addTask {
                var iterator = iterator
                return await iterator.next()
            }
            group.addTask {
                await self.wait()
                return nil
            }
            let chunk = await group.next() ?? nil
            group.cancelAll()
            return chunk
        }
    }

    /// Returns when the client is gone or the task is cancelled.
    private func wait() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state -> Bool in
                    if state.isGone || state.isWaitOver { return true }
                    state.waiter = continuation
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            end { $0.isWaitOver = true }
        }
    }

    private func end(_ change: (inout State) -> Void) {
        let waiter = state.withLock { state in
            change(&state)
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume()
    }
}
