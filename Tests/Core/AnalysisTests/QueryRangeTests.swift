import Clockwork
import Testing

@testable import Analysis

@Suite("Times of a range query") struct QueryRangeTests {
    static let instants: [(text: String, seconds: Int64)] = [
        ("now()", 0), (" now ( ) ", 0), ("now() - duration(\"5m\")", -300), ("now()-duration('1h')+duration('10m')", -3000),
        ("duration('1m') + now()", 60), ("now() - (duration('2m') - duration('1m'))", -60), ("now() + (now() - now())", 0),
        ("date('2026-03-01')", -36_000), ("date(\"2026-03-01 09:00:00\")", -3_600), ("date('2026-03-01T11:00:00+01:00')", 0),
        ("now().Truncate(duration('24h'))", -36_000), ("let day = duration('24h'); now() - 7 * day", -604_800),
    ]

    @Test(arguments: instants.indices) func areRead(_ index: Int) throws {
        #expect(try QueryRange.instant(Self.instants[index].text, now: start) == at(Self.instants[index].seconds))
    }

    static let mistakes: [(text: String, message: String)] = [
        ("", "unexpected token EOF"), ("now", "function now is used without a call; functions as values are not supported"), ("now() -", "unexpected token EOF"),
        ("now() now()", "unexpected token Identifier(\"now\")"),
        ("duration('5m')", "expected time.Time, but got time.Duration"), ("now() - now()", "expected time.Time, but got time.Duration"),
        ("now() + now()", "invalid operation: + (mismatched types time.Time and time.Time)"),
        ("duration('1m') - now()", "invalid operation: - (mismatched types time.Duration and time.Time)"),
        ("duration('5x')", "time: unknown unit \"x\" in duration \"5x\""), ("duration(5)", "cannot use int as argument (type string) to call duration "),
        ("duration('5m", "literal not terminated"), ("date('yesterday')", "invalid date yesterday"), ("date('')", "invalid date "),
        ("result", "unknown name result (a time is written as now(), now() - duration(\"5m\") or date(\"2026-03-01\"))"),
        ("*", "unexpected token Operator(\"*\")"),
    ]

    @Test(arguments: mistakes.indices) func thatAreNoneAreExplained(_ index: Int) {
        #expect(throws: AnalysisProblem.invalid(Self.mistakes[index].message)) {
            try QueryRange.instant(Self.mistakes[index].text, now: start)
        }
    }

    @Test func endForHostileInput() {
        #expect(throws: AnalysisProblem.self) { try QueryRange.instant(String(repeating: "(", count: 4000), now: start) }
        #expect(throws: AnalysisProblem.self) { try QueryRange.instant(String(repeating: " ", count: 5000), now: start) }
        let far = Array(repeating: "duration('2540400h')", count: 150).joined(separator: "+")
        _ = try? QueryRange.instant("now() + \(far)", now: start)
    }
}
