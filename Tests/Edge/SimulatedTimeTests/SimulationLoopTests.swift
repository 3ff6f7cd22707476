import Clockwork
import SimulatedTime
import Synchronization
import Testing

@Suite("A simulation") struct SimulationLoopTests {
    private actor Journal {
        var lines: [String] = []
        func add(_ line: String) { lines.append(line) }
    }

    /// Ten writers that sleep for random times, seven virtual days long.
    private static func history(seed: UInt64) throws -> (lines: [String], foreign: Int) {
        let loop = SimulationLoop(seed: seed)
        let clock = VirtualClock(loop: loop)
        let lines: [String] = try loop.run {
            let journal = Journal()
            let end: Timestamp = clock.now + .seconds(7 * 24 * 3600)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for writer in 0..<10 {
                    group.addTask {
                        var random = SeededGenerator(seed: seed &+ UInt64(writer))
                        while clock.now < end {
                            try await clock.sleep(until: clock.now + .seconds(Int.random(in: 600...90_000, using: &random)), tolerance: nil)
                            await journal.add("\(writer) at \(clock.now.rfc3339)")
                        }
                    }
                }
                try await group.waitForAll()
            }
            return await journal.lines
        }
        return (lines, loop.foreignJobs)
    }

    @Test("has one history for one seed, and stays on one thread") func repeats() throws {
        let first = try Self.history(seed: 7)
        let second = try Self.history(seed: 7)
        #expect(first.lines == second.lines)
        #expect(first.lines.count > 100)
        #expect(first.foreign == 0)
    }

    @Test("has another history for another seed") func differs() throws {
        let histories: Set<[String]> = Set(try (0..<20).map { try Self.history(seed: $0).lines })
        #expect(histories.count == 20)
    }

    @Test("orders simultaneous work by its seed") func ordersBySeed() throws {
        func order(seed: UInt64) throws -> [Int] {
            let loop = SimulationLoop(seed: seed)
            return try loop.run {
                await withTaskGroup(of: Int.self) { group in
                    for index in 0..<8 { group.addTask { index } }
                    var seen: [Int] = []
                    for await index in group { seen.append(index) }
                    return seen
                }
            }
        }
        #expect(try order(seed: 1) == order(seed: 1))
        #expect(Set(try (0..<50).map { try order(seed: $0) }).count > 25)
    }

    @Test("reports a deadlock instead of hanging") func reportsDeadlock() {
        let loop = SimulationLoop(seed: 1)
        #expect(throws: Deadlock.self) {
            try loop.run { await withTaskCancellationHandler {
                await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
                    Forever.hold(continuation)
                }
            } onCancel: { Forever.release() } }
        }
    }

    @Test("wakes a cancelled sleeper at once") func cancels() throws {
        let loop = SimulationLoop(seed: 3)
        let clock = VirtualClock(loop: loop)
        let start: Timestamp = clock.now
        let wasCancelled: Bool = try loop.run {
            await withTaskGroup(of: Bool.self) { group in
                group.addTask {
                    do {
                        try await clock.sleep(until: clock.now + .seconds(3600), tolerance: nil)
                        return false
                    } catch { return error is CancellationError }
                }
                group.addTask {
                    do { try await clock.sleep(until: clock.now + .seconds(5), tolerance: nil) } catch { return false }
                    return true
                }
                _ = await group.next()
                group.cancelAll()
                return await group.next() ?? false
            }
        }
        #expect(wasCancelled)
        #expect(clock.now == start + .seconds(5))
    }
}

/// Holds a continuation that only a cancellation ends.
private enum Forever {
    private static let held = Mutex<[CheckedContinuation<Void, Never>]>([])
    static func hold(_ continuation: CheckedContinuation<Void, Never>) { held.withLock { $0.append(continuation) } }
    static func release() {
        let waiting = held.withLock { held in
            defer { held = [] }
            return held
        }
        for continuation in waiting { continuation.resume() }
    }
}
