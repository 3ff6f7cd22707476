/// Which rules hold: all of them, except in a test that shows that another test notices when one is missing.
///
/// A value that decisions and loops are given; asking it costs one comparison of bytes.
package struct SafetyGuards: Sendable, Hashable {
    /// As in production.
    package static let all = SafetyGuards(without: nil)

    /// The one that is taken out; nil: none.
    package let removed: SafetyGuard?

    /// For tests only.
    package init(without removed: SafetyGuard?) { self.removed = removed }

    /// Whether a rule is to be kept.
    package func have(_ rule: SafetyGuard) -> Bool { removed != rule }
}
