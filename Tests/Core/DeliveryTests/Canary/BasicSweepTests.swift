import Clockwork
import KubeModel
import Testing
@testable import Delivery

/// All sizes, weights and budgets of a basic canary, played until they come to rest.
@Suite("Sizes of a basic canary, all of them") struct BasicSweepTests {
    @Test("stay within surge and availability in each pass, and arrive at the nearest split", arguments: 0...25) func sweep(_ total: Int) {
        var random = SeededGenerator(seed: UInt64(total))
        var played: Int = 0
        for surge in Set([0, 1, 2, 3, (total + 3) / 4, total]).sorted() {
            for unavailable in Set([0, 1, 2, 3, total / 4, total]).sorted() where (surge > 0 || unavailable > 0) && unavailable <= total {
                for weight in 0...100 {
                    // There and on: back to nothing, on to all, or to any other weight.
                    let next: Int = [0, 100, Int.random(in: 0...100, using: &random)].randomElement(using: &random)!
                    var stable = PodCount(want: total, available: total)
                    var new = PodCount(want: 0, available: 0)
                    for goal in [weight, next] {
                        let end: ReplicaCounts = nearestSplit(total: total, weight: goal, hasSurge: surge > 0)
                        let isThere: Bool = play(total, goal, PodBudget(surge: surge, unavailable: unavailable), &new, &stable, &random)
                        #expect(
                            isThere && new.want == end.canary && stable.want == end.stable,
                            "\(total) pods, surge \(surge), unavailable \(unavailable), \(weight) % then \(next) %: at \(new) and \(stable), wanted \(end)")
                        guard isThere else { return }
                        played += 1
                    }
                }
            }
        }
        #expect(played > 0)
    }

    /// Passes until nothing changes, with pods that become available in any number at any time; whether that came about lawfully.
    private func play(
        _ total: Int, _ weight: Int, _ budget: PodBudget, _ new: inout PodCount, _ stable: inout PodCount, _ random: inout SeededGenerator
    ) -> Bool {
        for _ in 0..<400 {
            let counts = basicReplicaCounts(total: total, weight: weight, budget: budget, new: new, stable: stable, others: [])
            let isAtRest: Bool = counts == ReplicaCounts(canary: new.want, stable: stable.want)
            if isAtRest, new.available == new.want, stable.available == stable.want { return true }
            let before: Int = new.available + stable.available
            let after: Int = min(new.available, counts.canary) + min(stable.available, counts.stable)
            guard counts.canary + counts.stable <= max(total + budget.surge, new.want + stable.want),
                  after >= min(before, total - budget.unavailable), counts.canary >= 0, counts.stable >= 0 else { return false }
            (new, stable) = (started(counts.canary, new, &random), started(counts.stable, stable, &random))
        }
        return false
    }

    /// Pods that are too many go at once; of those that are missing any number comes.
    private func started(_ want: Int, _ side: PodCount, _ random: inout SeededGenerator) -> PodCount {
        let left: Int = min(side.available, want)
        return PodCount(want: want, available: Int.random(in: left...want, using: &random))
    }
}
