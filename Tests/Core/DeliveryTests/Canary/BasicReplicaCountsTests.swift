import KubeModel
import Testing
@testable import Delivery

@Suite("The nearest split of pods") struct NearestSplitTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var total: Int
        var surge: Bool
        var weights: [Int]
        var expected: (canary: Int, stable: Int)
        var testDescription: String { "\(total) pods, surge \(surge), weights \(weights)" }

        init(_ total: Int, surge: Bool, _ weights: [Int], _ canary: Int, _ stable: Int) {
            self.total = total
            self.surge = surge
            self.weights = weights
            expected = (canary, stable)
        }
    }

    static let cases: [Case] = [
        Case(0, surge: true, [0, 50, 100], 0, 0),
        Case(1, surge: false, [0, 1, 49], 0, 1), Case(1, surge: false, [50, 99, 100], 1, 0),
        Case(1, surge: true, [0], 0, 1), Case(1, surge: true, [1, 49, 50, 99], 1, 1), Case(1, surge: true, [100], 1, 0),
        Case(2, surge: false, [0], 0, 2), Case(2, surge: false, [1, 50, 99], 1, 1), Case(2, surge: false, [100], 2, 0),
        Case(2, surge: true, [0], 0, 2), Case(2, surge: true, [1], 1, 2), Case(2, surge: true, [50], 1, 1),
        Case(2, surge: true, [99], 2, 1), Case(2, surge: true, [100], 2, 0),
        Case(3, surge: false, [10, 25, 33, 34, 49], 1, 2), Case(3, surge: false, [50], 2, 1),
        Case(3, surge: true, [10, 25], 1, 3), Case(3, surge: true, [33, 34], 1, 2), Case(3, surge: true, [49, 50], 2, 2),
        Case(10, surge: false, [1, 14], 1, 9), Case(10, surge: false, [15, 16], 2, 8), Case(10, surge: false, [99], 9, 1),
        Case(10, surge: true, [0], 0, 10), Case(10, surge: true, [1], 1, 10), Case(10, surge: true, [18, 19], 2, 9),
        Case(10, surge: true, [20, 23], 2, 8), Case(10, surge: true, [24, 25], 3, 8), Case(10, surge: true, [99], 10, 1),
        Case(10, surge: true, [100], 10, 0),
        // The guide's canary: 1 of 11, 2 of 10, 5 of 10.
        Case(10, surge: true, [5], 1, 10), Case(10, surge: true, [50], 5, 5),
    ]

    @Test("is the one that upstream chooses", arguments: cases) func matchesUpstream(_ c: Case) {
        for weight in c.weights {
            let split = nearestSplit(total: c.total, weight: weight, hasSurge: c.surge)
            #expect(split == ReplicaCounts(canary: c.expected.canary, stable: c.expected.stable), "weight \(weight)")
        }
    }

    @Test("leaves neither side empty between the extremes, and uses at most one surge pod") func bounds() {
        for total in 2...40 {
            for weight in 1...99 {
                for surge in [false, true] {
                    let split = nearestSplit(total: total, weight: weight, hasSurge: surge)
                    #expect(split.canary > 0 && split.stable > 0, "\(total) pods, weight \(weight)")
                    #expect((total...(surge ? total + 1 : total)).contains(split.canary + split.stable), "\(total) pods, weight \(weight)")
                }
            }
        }
    }
}

@Suite("One pass over the sizes of a basic canary") struct BasicReplicaCountsTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var total: Int
        var weight: Int
        var surge: Int
        var unavailable: Int
        var stable: PodCount?
        var canary: PodCount?
        var other: PodCount?
        var expected: ReplicaCounts
        var testDescription: String {
            "\(total) pods at \(weight) %, surge \(surge), unavailable \(unavailable), stable \(shown(stable)), canary \(shown(canary)), other \(shown(other))"
        }

        private func shown(_ count: PodCount?) -> String { count.map { "\($0.want)(\($0.available))" } ?? "none" }

        /// Pods are written want(available).
        init(
            _ total: Int, _ weight: Int, _ surge: Int, _ unavailable: Int, stable: (Int, Int)?, canary: (Int, Int)?,
            other: (Int, Int)? = nil, _ expectedCanary: Int, _ expectedStable: Int
        ) {
            func count(_ pair: (Int, Int)?) -> PodCount? { pair.map { PodCount(want: $0.0, available: $0.1) } }
            (self.total, self.weight, self.surge, self.unavailable) = (total, weight, surge, unavailable)
            self.stable = count(stable)
            self.canary = count(canary)
            self.other = count(other)
            expected = ReplicaCounts(canary: expectedCanary, stable: expectedStable)
        }
    }

    static let cases: [Case] = [
        Case(10, 100, 3, 0, stable: (7, 8), canary: (6, 3), 6, 7),
        Case(10, 20, 2, 0, stable: (10, 10), canary: (0, 0), 2, 10),
        Case(10, 20, 2, 0, stable: (10, 10), canary: (2, 2), 2, 8),
        Case(10, 30, 2, 0, stable: (10, 10), canary: (0, 0), 2, 10),
        Case(10, 20, 0, 2, stable: (10, 10), canary: (0, 0), 0, 8),
        Case(10, 30, 0, 2, stable: (10, 10), canary: (0, 0), 0, 8),
        Case(10, 50, 2, 1, stable: (10, 10), canary: (0, 0), 2, 9),
        Case(10, 0, 1, 1, stable: (10, 10), canary: (1, 1), 0, 10),
        Case(10, 100, 1, 1, stable: (1, 1), canary: (10, 10), 10, 0),
        Case(10, 5, 0, 1, stable: (10, 10), canary: (0, 0), 0, 9),
        Case(10, 5, 0, 1, stable: (9, 9), canary: (0, 0), 1, 9),
        Case(10, 30, 1, 0, stable: (1, 1), canary: (0, 0), other: (3, 3), 1, 7),
        Case(10, 30, 0, 3, stable: (8, 5), canary: (4, 4), 3, 7),
        Case(10, 100, 1, 0, stable: (10, 2), canary: (10, 8), 9, 2),
        Case(10, 30, 0, 1, stable: (8, 6), canary: (4, 2), other: (3, 3), 4, 8),
        Case(1, 20, 1, 0, stable: (1, 1), canary: (0, 0), 1, 1),
        Case(1, 90, 1, 0, stable: (1, 1), canary: (0, 0), 1, 1),
        Case(1, 49, 0, 1, stable: (1, 1), canary: (0, 0), 0, 1),
        Case(1, 51, 0, 1, stable: (1, 1), canary: (0, 0), 0, 0),
        Case(1, 51, 0, 1, stable: (0, 0), canary: (0, 0), 1, 0),
        Case(3, 99, 0, 2, stable: (3, 3), canary: (0, 0), 0, 1),
        Case(3, 99, 0, 2, stable: (1, 1), canary: (0, 0), 2, 1),
        Case(4, 100, 1, 0, stable: (4, 1), canary: (0, 0), 1, 4),
        Case(4, 100, 1, 0, stable: (4, 1), canary: (1, 1), 1, 3),
        Case(4, 0, 1, 0, stable: (0, 0), canary: (4, 4), 4, 1),
        Case(4, 0, 1, 0, stable: (1, 0), canary: (4, 4), 4, 1),
        Case(4, 0, 1, 0, stable: (1, 1), canary: (4, 4), 3, 1),
        Case(4, 100, 4, 4, stable: (4, 4), canary: (0, 0), 4, 0),
        Case(4, 100, 3, 0, stable: (4, 4), canary: (0, 0), 3, 4),
        Case(10, 0, 0, 1, stable: nil, canary: (10, 0), 10, 0),
        Case(4, 100, 1, 1, stable: nil, canary: (0, 0), 4, 0),
        Case(4, 100, 1, 1, stable: nil, canary: (2, 2), other: (2, 2), 3, 0),
        Case(4, 100, 0, 1, stable: nil, canary: (2, 2), other: (2, 2), 2, 0),
        Case(4, 100, 0, 1, stable: nil, canary: (6, 6), other: (2, 2), 4, 0),
    ]

    @Test("gives upstream's sizes", arguments: cases) func matchesUpstream(_ c: Case) {
        var budget = PodBudget(surge: c.surge, unavailable: c.unavailable)
        budget.unavailable = min(budget.unavailable, c.total)
        let counts = basicReplicaCounts(
            total: c.total, weight: c.weight, budget: budget, new: c.canary, stable: c.stable, others: c.other.map { [$0] } ?? [])
        #expect(counts == c.expected)
    }
}
