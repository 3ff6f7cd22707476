import Clockwork

/// Keeps the process small: after a burst of work, memory that is not needed any more goes back to the system.
struct MemoryKeeper: Sendable {
    /// How often it is looked whether there was work.
    static let interval: Duration = .seconds(5)
    /// Where there always is work it is done all the same, this many looks apart.
    static let patience: Int = 60

    /// What has been done so far: any number that grows with the work, and stands still without.
    let workDone: @Sendable () -> Int
    let release: @Sendable () -> Void
    let clock: any ControlClock

    /// Until the task is cancelled.
    func run() async {
        var released: Int?
        var previous: Int?
        var looks: Int = 0
        // Only cancellation ends a sleep early.
        while (try? await clock.sleep(until: clock.now + Self.interval, tolerance: nil)) != nil {
            let done: Int = workDone()
            defer { previous = done }
            guard done != released else { continue }
            looks += 1
            guard done == previous || looks >= Self.patience else { continue }
            release()
            released = done
            looks = 0
        }
    }
}
