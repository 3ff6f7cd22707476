/// Growing pauses between attempts.
public struct Backoff: Sendable {
    /// The first pause.
    public let base: Duration
    /// By how much each pause is longer than the one before.
    public let factor: Double
    /// No pause is longer.
    public let cap: Duration
    /// By what share at most a pause is shortened at random, so that many clients don't come back at once. Shortened, not
    /// lengthened: `cap` holds, and pauses at the cap are spread, too.
    public let jitter: Ratio?

    private var attempts = 0

    /// Pauses of `base`, `base` × `factor`, … up to `cap`. A factor below 1 counts as 1, negative durations as zero.
    public init(base: Duration, factor: Double = 2, cap: Duration, jitter: Ratio? = nil) {
        self.base = max(base, .zero)
        self.factor = factor >= 1 ? factor : 1
        self.cap = max(cap, .zero)
        self.jitter = jitter
    }

    /// How many pauses there were since the last reset.
    public var count: Int { attempts }

    /// The next pause.
    public mutating func next(using random: inout some RandomNumberGenerator) -> Duration {
        var seconds = base.inSeconds
        let longest = cap.inSeconds
        // Stops at the cap, so that ten thousand failures cost no more than ten and nothing overflows.
        var step = 0
        while step < attempts, seconds < longest, factor > 1 {
            seconds *= factor
            step += 1
        }
        attempts += 1
        var pause: Duration = attempts == 1 ? min(base, cap) : (seconds >= longest ? cap : .nanoseconds(Int64(min(seconds * 1e9, 9e18))))
        if let jitter {
            // In millionths, with integers: the same on every machine.
            let share = random.draw(below: UInt64(jitter.fraction * 1_000_000) + 1)
            pause -= pause * Int(share) / 1_000_000
        }
        return pause
    }

    /// Begins again with the first pause.
    public mutating func reset() { attempts = 0 }
}
