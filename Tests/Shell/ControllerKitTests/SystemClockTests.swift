import Clockwork
@testable import ControllerKit
import Testing

@Suite("The clock of the machine") struct SystemClockTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var testDescription: String
        /// Seconds by which the wall clock is set, and by which the machine has run since the reading before.
        var steps: [(set: Int64, run: Int64)]
        /// Milliseconds since the first reading.
        var reading: Int64
    }

    static let cases: [Case] = [
        Case(testDescription: "runs", steps: [(0, 5), (0, 5)], reading: 10_000),
        Case(testDescription: "follows at once when it is set forward", steps: [(0, 5), (30, 5)], reading: 40_000),
        Case(testDescription: "runs slow when it is set back a little", steps: [(0, 5), (-3, 10)], reading: 14_900),
        Case(testDescription: "agrees again after a while", steps: [(-1, 50), (0, 50), (0, 1)], reading: 100_000),
        Case(testDescription: "follows at once when it is set back a lot", steps: [(0, 5), (-3600, 5)], reading: -3_590_000),
        Case(testDescription: "does not go back when it is read twice", steps: [(0, 5), (-3, 0)], reading: 5_000),
    ]

    @Test(arguments: cases) func isSteady(_ c: Case) {
        let second: Int64 = 1_000_000_000
        let start = 1_772_359_200 * second
        var time = SteadyTime()
        var (wall, elapsed) = (start, 77 * second)
        var reading = time.now(wall: wall, elapsed: elapsed)
        for step in c.steps {
            wall += (step.set + step.run) * second
            elapsed += step.run * second
            reading = time.now(wall: wall, elapsed: elapsed)
        }
        #expect((reading - start) / 1_000_000 == c.reading)
    }

    @Test func tellsTheTimeAndSleepsUntilIt() async throws {
        let clock = SystemClock()
        let start = clock.now
        #expect(start > Timestamp(secondsSince1970: 1_700_000_000))
        try await clock.sleep(until: start + .milliseconds(2), tolerance: nil)
        #expect(clock.now >= start + .milliseconds(2))
        try await clock.sleep(until: start - .seconds(5), tolerance: nil)
    }

    @Test func wakesWhoIsCancelled() async {
        let error: (any Error)? = await withTaskGroup(of: (any Error)?.self) { group in
            group.addTask {
                do {
                    try await SystemClock().sleep(until: .distantFuture, tolerance: nil)
                    return nil
                } catch { return error }
            }
            group.cancelAll()
            return await group.next() ?? nil
        }
        #expect(error is CancellationError)
    }
}
