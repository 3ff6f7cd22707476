import Clockwork
import ControllerKit
import HTTPTransport
import SimulatedTime
import Synchronization

/// Stops a process as `SIGSTOP` does: none of its timers fires, nothing of it is sent and nothing read, until it is thawed. Time goes on.
package final class Freezer: Sendable {
    private let gate = Mutex<OneShot?>(nil)

    package init() {}

    /// One that is frozen already stays so.
    package func freeze() { gate.withLock { $0 = $0 ?? OneShot() } }

    package func thaw() {
        let waiting: OneShot? = gate.withLock { gate in
            defer { gate = nil }
            return gate
        }
        waiting?.fire()
    }

    package func pass() async {
        while let gate = gate.withLock({ $0 }), !Task.isCancelled { await gate.wait() }
    }
}

/// The clock of a process that can be frozen.
package struct FreezableClock: ControlClock {
    package let base: VirtualClock
    package let freezer: Freezer

    package init(base: VirtualClock, freezer: Freezer) {
        self.base = base
        self.freezer = freezer
    }

    package var now: Timestamp { base.now }
    package var minimumResolution: Duration { base.minimumResolution }

    package func sleep(until deadline: Timestamp, tolerance: Duration?) async throws {
        try await base.sleep(until: deadline, tolerance: tolerance)
        await freezer.pass()
        try Task.checkCancellation()
    }
}

/// The connections of a process that can be frozen. What waited longer than its timeout is not sent.
package struct FreezableTransport: HTTPTransport {
    package let base: any HTTPTransport
    package let clock: VirtualClock
    package let freezer: Freezer

    package init(base: any HTTPTransport, clock: VirtualClock, freezer: Freezer) {
        self.base = base
        self.clock = clock
        self.freezer = freezer
    }

    package func send(_ request: TransportRequest) async throws(TransportError) -> TransportResponse {
        let began: Timestamp = clock.now
        await freezer.pass()
        if let limit = request.timeouts.total, clock.now - began >= limit { throw .timedOut(.total) }
        var response: TransportResponse = try await base.send(request)
        await freezer.pass()
        if request.timeouts.total == nil { response.body = ResponseBody(stream: Chunks(base: response.body, freezer: freezer)) }
        return response
    }

    private struct Chunks: AsyncSequence, Sendable {
        typealias Element = [UInt8]
        var base: ResponseBody
        var freezer: Freezer

        func makeAsyncIterator() -> Iterator { Iterator(base: base.makeAsyncIterator(), freezer: freezer) }

        struct Iterator: AsyncIteratorProtocol {
            var base: ResponseBody.AsyncIterator
            var freezer: Freezer

            mutating func next() async throws -> [UInt8]? {
                let chunk: [UInt8]? = try await base.next()
                await freezer.pass()
                return chunk
            }
        }
    }
}
