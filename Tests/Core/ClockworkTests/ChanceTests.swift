import Clockwork
import Testing

@Suite("Chance") struct ChanceTests {
    /// The reference sequence of SplitMix64 for the seed 1234567.
    @Test func isTheSameForEver() {
        var random = SeededGenerator(seed: 1_234_567)
        let expected: [UInt64] = [
            6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423, 4_593_380_528_125_082_431, 16_408_922_859_458_223_821,
        ]
        #expect((0..<5).map { _ in random.next() } == expected)
    }

    @Test func splitsOffIndependentSequences() {
        var first = SeededGenerator(seed: 1)
        var second = SeededGenerator(seed: 1)
        var branch = first.split()
        _ = second.split()
        _ = branch.next()
        #expect(first.next() == second.next())
    }

    @Test func ratiosHitAsOftenAsTheySay() {
        var random = SeededGenerator(seed: 3)
        let hits = (0..<100_000).count { _ in Ratio(1, of: 20).isHit(using: &random) }
        #expect(4700...5300 ~= hits)
        #expect((0..<1000).allSatisfy { _ in !Ratio.never.isHit(using: &random) && Ratio.always.isHit(using: &random) })
        #expect(Ratio(7, of: 5) == .init(5, of: 5))
        #expect(Ratio(-1, of: 0).part == 0)
    }

    @Test func backoffGrowsToItsCap() {
        var random = SeededGenerator(seed: 5)
        var backoff = Backoff(base: .milliseconds(5), factor: 2, cap: .milliseconds(60))
        #expect((0..<6).map { _ in backoff.next(using: &random) } == [5, 10, 20, 40, 60, 60].map { .milliseconds($0) })
        for _ in 0..<10_000 { _ = backoff.next(using: &random) }
        #expect(backoff.next(using: &random) == .milliseconds(60))
        backoff.reset()
        #expect(backoff.next(using: &random) == .milliseconds(5))
    }

    @Test func jitterShortensWithinItsShare() {
        var random = SeededGenerator(seed: 6)
        var backoff = Backoff(base: .seconds(1), cap: .seconds(8), jitter: Ratio(1, of: 4))
        for attempt in 0..<50 {
            let full: Duration = .seconds(min(1 << min(attempt, 3), 8))
            let pause = backoff.next(using: &random)
            #expect(pause <= full && pause >= full * 0.75)
        }
        var one = SeededGenerator(seed: 9)
        var two = SeededGenerator(seed: 9)
        var left = Backoff(base: .seconds(1), cap: .seconds(100), jitter: .always)
        var right = left
        #expect((0..<20).map { _ in left.next(using: &one) } == (0..<20).map { _ in right.next(using: &two) })
    }

    @Test func fnvGivesTheKnownValues() {
        #expect(FNV.fnv1a32([]) == 0x811C_9DC5)
        #expect(FNV.fnv1a32("a".utf8) == 0xE40C_292C)
        #expect(FNV.fnv1a32("foobar".utf8) == 0xBF9C_F968)
        #expect(FNV.fnv1a64([]) == 0xCBF2_9CE4_8422_2325)
        #expect(FNV.fnv1a64("a".utf8) == 0xAF63_DC4C_8601_EC8C)
        #expect(FNV.fnv1a64("foobar".utf8) == 0x8594_4171_F739_67E8)
    }

    /// The hash that Argo Rollouts gives a strategy of one empty pause, and of two.
    @Test func stepHashesEqualArgos() {
        #expect(FNV.safeEncode(FNV.fnv1a32(#"[{"pause":{}}]"#.utf8)) == "6b9b86fbd5")
        #expect(FNV.safeEncode(FNV.fnv1a32(#"[{"pause":{}},{"pause":{}}]"#.utf8)) == "79c9b9f6bf")
    }

    @Test func suffixesUseTheSafeAlphabet() {
        var random = SeededGenerator(seed: 11)
        let suffix = FNV.randomSuffix(40, using: &random)
        #expect(suffix.count == 40)
        #expect(suffix.allSatisfy { "bcdfghjklmnpqrstvwxz2456789".contains($0) })
    }
}
