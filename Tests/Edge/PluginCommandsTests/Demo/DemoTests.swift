import Synchronization
import Testing
@testable import PluginCommands

@Suite("The demo") struct DemoTests {
    private final class Output: Sendable {
        private let text = Mutex("")
        func write(_ more: String) { text.withLock { $0 += more } }
        var lines: [Substring] { text.withLock { $0 }.split(separator: "\n") }
    }

    private static func play(seed: UInt64, hasController: Bool = true) throws -> (ending: DemoWorld.Ending, lines: [Substring]) {
        let output = Output()
        let terminal = DemoTerminal(isLive: false) { output.write($0) }
        let ending: DemoWorld.Ending = try DemoCommand.play(seed: seed, speed: 0, hasController: hasController, terminal)
        return (ending, output.lines)
    }

    @Test("promotes the good version step by step and aborts the bad one", arguments: [1, 2, 77]) func plays(seed: UInt64) throws {
        let (ending, lines) = try Self.play(seed: seed)
        #expect(ending == DemoWorld.Ending(isGoodPromoted: true, isBadAborted: true))
        let good: [Substring] = lines.filter { $0.contains("myapp:v2.1 [") }
        for weight in [5, 20, 50] {
            #expect(good.contains { $0.contains("wanted \(weight) % observed \(weight) %") && $0.contains("Paused") }, "weight \(weight)")
        }
        #expect(lines.contains { $0.contains("AnalysisRun") && $0.contains("Failed") })
        #expect(lines.last?.contains("all traffic is back on myapp:v2.1") == true)
        #expect(!lines.contains { $0.contains("\u{1B}") }, "plain lines carry no control characters")
    }

    @Test("has one course for one seed, and another for another") func isDeterministic() throws {
        let first = try Self.play(seed: 5).lines
        #expect(try Self.play(seed: 5).lines == first)
        #expect(try Self.play(seed: 6).lines != first)
    }

    @Test("fails when nobody acts on the Rollout") func failsWithoutController() throws {
        let (ending, _) = try Self.play(seed: 1, hasController: false)
        #expect(!ending.isAsItShould)
        #expect(!ending.complaint.isEmpty)
    }

    @Test("draws a frame that says everything") func frame() throws {
        let output = Output()
        let terminal = DemoTerminal(isLive: true) { output.write($0) }
        _ = try DemoCommand.play(seed: 1, speed: 0, terminal)
        terminal.end()
        let text: String = output.lines.joined(separator: "\n")
        for word in ["release", "steps", "weight", "stable", "canary", "analysis", "waits for", "observed", "error-rate: result < 0.01"] {
            #expect(text.contains(word), "\(word)")
        }
    }
}
