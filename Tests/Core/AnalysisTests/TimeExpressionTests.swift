import Clockwork
import Testing

@testable import Analysis

@Suite("Times of a range query") struct TimeExpressionTests {
    static let instants: [(text: String, seconds: Int64)] = [
        ("now()", 0), (" now ( ) ", 0), ("now() - duration(\"5m\")", -300), ("now()-duration('1h')+duration('10m')", -3000),
        ("duration('1m') + now()", 60), ("now() - (duration('2m') - duration('1m'))", -60), ("now() + (now() - now())", 0),
        ("date('2026-03-01')", -36_000), ("date(\"2026-03-01 09:00:00\")", -3_600), ("date('2026-03-01T11:00:00+01:00')", 0),
    ]

    @Test(arguments: instants.indices) func areRead(_ index: Int) throws {
        #expect(try TimeExpression.instant(Self.instants[index].text, now: start) == at(Self.instants[index].seconds))
    }

    static let mistakes: [(text: String, message: String)] = [
        ("", "unexpected token EOF"), ("now", "unexpected token EOF; ( is needed"), ("now() -", "unexpected token EOF"),
        ("now() now()", "unexpected \"n\" at character 7; +, - or the end is needed"),
        ("duration('5m')", "expected time.Time, but got time.Duration"), ("now() - now()", "expected time.Time, but got time.Duration"),
        ("now() + now()", "invalid operation: + (mismatched types time.Time and time.Time)"),
        ("duration('1m') - now()", "invalid operation: - (mismatched types time.Duration and time.Time)"),
        ("duration('5x')", "time: unknown unit \"x\" in duration \"5x\""), ("duration(5)", "expected a text in quotes at character 10"),
        ("duration('5m", "literal not terminated"), ("date('yesterday')", "invalid date yesterday"), ("date('')", "invalid date "),
        ("result", "unknown name result (a time is written as now(), now() - duration(\"5m\") or date(\"2026-03-01\"))"),
        ("*", "unexpected \"*\" at character 1; now(), duration(\"…\"), date(\"…\") or ( is needed"),
    ]

    @Test(arguments: mistakes.indices) func thatAreNoneAreExplained(_ index: Int) {
        #expect(throws: AnalysisProblem.invalid(Self.mistakes[index].message)) {
            try TimeExpression.instant(Self.mistakes[index].text, now: start)
        }
    }

    @Test func endForHostileInput() {
        #expect(throws: AnalysisProblem.self) { try TimeExpression.instant(String(repeating: "(", count: 4000), now: start) }
        #expect(throws: AnalysisProblem.self) { try TimeExpression.instant(String(repeating: " ", count: 5000), now: start) }
        let far = Array(repeating: "duration('2540400h')", count: 150).joined(separator: "+")
        _ = try? TimeExpression.instant("now() + \(far)", now: start)
    }
}
