import Clockwork
import Testing

@testable import PluginCommands

@Suite("A length of time for people") struct HumanDurationTests {
    static let day: Int64 = 86_400

    static let cases: [(seconds: Int64, text: String)] = [
        (-2, "<invalid>"), (-1, "0s"), (0, "0s"), (119, "119s"), (120, "2m"), (121, "2m1s"), (599, "9m59s"), (600, "10m"), (601, "10m"),
        (3 * 3600 - 1, "179m"), (3 * 3600, "3h"), (3 * 3600 + 60, "3h1m"), (8 * 3600 - 1, "7h59m"), (8 * 3600 + 60, "8h"),
        (2 * day - 1, "47h"), (2 * day, "2d"), (2 * day + 3600, "2d1h"), (8 * day - 1, "7d23h"), (8 * day + 3600, "8d"),
        (730 * day - 1, "729d"), (730 * day, "2y"), (731 * day, "2y1d"), (8 * 365 * day, "8y"), (9 * 365 * day - 1, "8y"),
    ]

    @Test(arguments: cases) func isShort(_ seconds: Int64, _ text: String) { #expect(humanDuration(.seconds(seconds)) == text) }

    @Test func forgivesClocksThatDifferALittle() { #expect(humanDuration(.milliseconds(-300)) == "0s") }

    @Test func knowsNoAgeWithoutABirthday() { #expect(age(since: nil, now: .epoch) == "<unknown>") }
}
