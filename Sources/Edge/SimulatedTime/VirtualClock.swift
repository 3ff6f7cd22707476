import Clockwork

/// The clock of a simulation: it stands still while there is work, and jumps to the next timer when there is none.
public struct VirtualClock: ControlClock {
    public typealias Instant = Timestamp
    public typealias Duration = Swift.Duration

    private let loop: SimulationLoop

    public init(loop: SimulationLoop) { self.loop = loop }

    public var now: Timestamp { loop.now }
    public var minimumResolution: Duration { .nanoseconds(1) }

    /// - Throws: `CancellationError` when the task is cancelled before or while it sleeps.
    public func sleep(until deadline: Timestamp, tolerance: Duration?) async throws {
        try Task.checkCancellation()
        guard await loop.wait(until: deadline) else { throw CancellationError() }
    }
}
