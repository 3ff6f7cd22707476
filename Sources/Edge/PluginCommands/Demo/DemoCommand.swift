public import ArgumentParser
import Clockwork
import Glibc
import SimulatedTime

/// `kubectl sluice demo`: two releases on the embedded cluster.
public struct DemoCommand: ParsableCommand {
    public static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "Play two releases on an embedded cluster: a good version that is promoted, a bad one that is aborted.",
        discussion: "Needs no server of any kind: API server, pods, gateway and Prometheus are in this process, in virtual time.")

    @Option(help: "How many times faster than real time; 0 plays as fast as it can.")
    var speed: Double = 60

    @Option(help: "Decides names, delays and numbers.")
    var seed: UInt64 = 1

    @Flag(help: "Plain lines even when the output is a terminal.")
    var plain: Bool = false

    public init() {}

    public func validate() throws {
        guard speed >= 0, speed.isFinite else { throw ValidationError("--speed is \(speed); it must be 0 or more") }
    }

    public func run() throws {
        let terminal = DemoTerminal(isLive: !plain && isatty(STDOUT_FILENO) == 1) { Self.write($0, to: STDOUT_FILENO) }
        let ending: DemoWorld.Ending = try Self.play(seed: seed, speed: speed, terminal)
        terminal.end()
        guard ending.isAsItShould else {
            Self.write("the demo did not end as it should: \(ending.complaint)\n", to: STDERR_FILENO)
            throw ExitCode.failure
        }
    }

    /// At once, and not by way of a buffer: what is seen is what happens now. Nobody reading any more is no error of the demo.
    private static func write(_ text: String, to descriptor: Int32) {
        var rest: [UInt8] = Array(text.utf8)
        while !rest.isEmpty {
            let count: Int = Glibc.write(descriptor, rest, rest.count)
            if count < 0 && errno == EINTR { continue }
            if count <= 0 { return }
            rest.removeFirst(count)
        }
    }

    static func play(seed: UInt64, speed: Double, hasController: Bool = true, _ terminal: DemoTerminal) throws -> DemoWorld.Ending {
        let loop = SimulationLoop(seed: seed)
        let clock = VirtualClock(loop: loop)
        if speed > 0 {
            let pace = DemoPace(speed: speed, from: loop.now)
            loop.setPace { pace.wait(until: loop.now + $0) }
        }
        var world = DemoWorld(
            loop: loop, clock: clock, seed: seed, show: { terminal.show($0, $1) }, tell: { terminal.tell($0) })
        world.hasController = hasController
        return try world.play()
    }
}
