import Clockwork
@testable import ControllerProcess
import SimulatedTime
import Synchronization
import Testing

@Suite("Memory that is not needed any more") struct MemoryKeeperTests {
    private final class Counts: Sendable {
        private let state = Mutex<(work: Int, releases: Int)>((0, 0))
        var work: Int { state.withLock { $0.work } }
        var releases: Int { state.withLock { $0.releases } }
        func noteWork() { state.withLock { $0.work += 1 } }
        func noteRelease() { state.withLock { $0.releases += 1 } }
    }

    @Test("goes back to the system once after each burst of work, and now and then where there is no end of it")
    func releases() throws {
        let loop = SimulationLoop(seed: 1)
        let clock = VirtualClock(loop: loop)
        let counts = Counts()
        let (afterStart, later, afterBurst, busy) = try loop.run {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    await MemoryKeeper(workDone: { counts.work }, release: { counts.noteRelease() }, clock: clock).run()
                }
                func wait(_ looks: Int, working: Bool = false) async throws -> Int {
                    for _ in 0..<looks {
                        if working { counts.noteWork() }
                        try await clock.sleep(until: clock.now + MemoryKeeper.interval, tolerance: nil)
                    }
                    return counts.releases
                }
                try await clock.sleep(until: clock.now + .seconds(1), tolerance: nil)
                let afterStart: Int = try await wait(3)
                let later: Int = try await wait(1000)
                counts.noteWork()
                let afterBurst: Int = try await wait(3)
                let busy: Int = try await wait(2 * MemoryKeeper.patience, working: true)
                group.cancelAll()
                return (afterStart, later, afterBurst, busy)
            }
        }
        #expect(afterStart == 1, "what the start has needed")
        #expect(later == 1)
        #expect(afterBurst == 2)
        #expect(busy == 4)
    }
}
