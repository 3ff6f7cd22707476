@testable import CurlTransport
import HTTPTransport
import Testing

@Suite("The loop as an executor", .timeLimit(.minutes(1))) struct CurlLoopTests {
    actor Witness {
        nonisolated let loop: CurlLoop
        nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }
        var count = 0

        init(_ loop: CurlLoop) { self.loop = loop }

        func step() -> Bool? {
            count += 1
            preconditionIsolated()
            return loop.isIsolatingCurrentContext()
        }
    }

    @Test func isolatesItsOwnJobsAndNothingElse() async throws {
        let driver = try CurlDriver.started(for: .reads)
        let witness = Witness(driver.loop)
        #expect(driver.loop.isIsolatingCurrentContext() == false)
        #expect(await witness.step() == true)
        #expect(driver.loop.isIsolatingCurrentContext() == false)
        driver.loop.stop()
        await driver.loop.ended()
        // No thread any more: what still comes runs, one at a time, wherever it comes from.
        #expect(await witness.step() == true)
        #expect(driver.loop.isIsolatingCurrentContext() == false)
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<500 { group.addTask { #expect(await witness.step() == true) } }
        }
        #expect(await witness.count == 502)
    }
}
