/// A probability as a fraction: `Ratio(1, of: 20)`.
public struct Ratio: Sendable, Hashable, CustomStringConvertible {
    /// Hits among `total`.
    public let part: Int
    /// All cases; at least 1.
    public let total: Int

    /// `part` of `total`. A part below zero counts as none, above `total` as all; a total below one as one.
    public init(_ part: Int, of total: Int) {
        self.total = max(total, 1)
        self.part = min(max(part, 0), self.total)
    }

    /// Never.
    public static let never = Ratio(0, of: 1)
    /// Always.
    public static let always = Ratio(1, of: 1)

    /// Draws once; true with this probability. A draw is made even if the answer is certain, so that changing a
    /// probability to never or always does not move the rest of a history.
    public func isHit(using random: inout some RandomNumberGenerator) -> Bool {
        random.draw(below: UInt64(total)) < UInt64(part)
    }

    /// The fraction as a number from 0 to 1.
    public var fraction: Double { Double(part) / Double(total) }

    /// `1 of 20`.
    public var description: String { "\(part) of \(total)" }
}
