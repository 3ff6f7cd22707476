import Clockwork
import Glibc
import Synchronization

/// Shows snapshots: redrawn in place on a terminal, as plain lines elsewhere.
final class DemoTerminal: Sendable {
    private struct State {
        var log: [String] = []
        var lastLine: String = ""
        var lastDrawn: UInt64 = 0
        var hasDrawn: Bool = false
        var last: (DemoSnapshot, String)?
    }

    private let view: DemoView
    private let isLive: Bool
    private let write: @Sendable (String) -> Void
    private let state = Mutex(State())
    /// A terminal is not redrawn more often than the eye can follow.
    private static let frameInterval: UInt64 = 80_000_000

    init(isLive: Bool, write: @escaping @Sendable (String) -> Void) {
        view = DemoView(usesColor: isLive)
        self.isLive = isLive
        self.write = write
    }

    func tell(_ text: String) {
        state.withLock { $0.log.append(text) }
        if !isLive { write("-- \(text)\n") }
    }

    func show(_ snapshot: DemoSnapshot, _ title: String) {
        if isLive { redraw(snapshot, title) } else { append(snapshot) }
    }

    private func append(_ snapshot: DemoSnapshot) {
        // The clock and the rest of a pause change all the time; a line is for what happened.
        var still: DemoSnapshot = snapshot
        still.now = .epoch
        still.pauseLeft = nil
        let key: String = view.line(still)
        let isNew: Bool = state.withLock { state in
            defer { state.lastLine = key }
            return state.lastLine != key
        }
        if isNew { write(view.line(snapshot) + "\n") }
    }

    /// The last state stays on the screen, whenever it was drawn last.
    func end() {
        guard isLive, let (snapshot, title) = state.withLock({ $0.last }) else { return }
        redraw(snapshot, title, always: true)
    }

    private func redraw(_ snapshot: DemoSnapshot, _ title: String, always: Bool = false) {
        let now: UInt64 = monotonicNanoseconds()
        let (isDue, isFirst, log) = state.withLock { state -> (Bool, Bool, [String]) in
            state.last = (snapshot, title)
            guard always || now - state.lastDrawn >= Self.frameInterval else { return (false, false, []) }
            state.lastDrawn = now
            defer { state.hasDrawn = true }
            return (true, !state.hasDrawn, state.log)
        }
        guard isDue else { return }
        let lines: [String] = view.frame(snapshot, title: title, log: log)
        // Home, each line erased to its end, the rest of the screen erased.
        write((isFirst ? "\u{1B}[2J" : "") + "\u{1B}[H" + lines.map { $0 + "\u{1B}[K\r\n" }.joined() + "\u{1B}[J")
    }
}

/// Real time, for pacing and for the rate of redrawing; it decides nothing in the cluster.
func monotonicNanoseconds() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}

/// Holds virtual time back so that it runs `speed` times as fast as real time.
struct DemoPace: Sendable {
    private let speed: Double
    private let start: UInt64
    private let virtualStart: Timestamp

    init(speed: Double, from virtualStart: Timestamp) {
        self.speed = speed
        self.virtualStart = virtualStart
        start = monotonicNanoseconds()
    }

    /// Waits in real time until the virtual instant is due.
    func wait(until instant: Timestamp) {
        let virtual: Double = virtualStart.duration(to: instant).inSeconds
        let due: UInt64 = start + UInt64(max(0, virtual / speed) * 1_000_000_000)
        let now: UInt64 = monotonicNanoseconds()
        guard due > now else { return }
        var pause = timespec(tv_sec: Int((due - now) / 1_000_000_000), tv_nsec: Int((due - now) % 1_000_000_000))
        nanosleep(&pause, nil)
    }
}
