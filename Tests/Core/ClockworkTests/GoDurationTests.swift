import Clockwork
import Testing

@Suite("A Go duration") struct GoDurationTests {
    /// Go, package time, the table of `TestParseDuration`, and more.
    static let readable: [(text: String, nanoseconds: Int64, written: String)] = [
        ("0", 0, "0s"), ("+0", 0, "0s"), ("-0", 0, "0s"), ("0s", 0, "0s"), ("0h", 0, "0s"), ("5s", 5_000_000_000, "5s"), ("30s", 30_000_000_000, "30s"),
        ("1478s", 1_478_000_000_000, "24m38s"), ("-5s", -5_000_000_000, "-5s"), ("+5s", 5_000_000_000, "5s"), ("5.0s", 5_000_000_000, "5s"),
        ("5.6s", 5_600_000_000, "5.6s"), ("5.s", 5_000_000_000, "5s"), (".5s", 500_000_000, "500ms"), ("1.0s", 1_000_000_000, "1s"),
        ("1.00s", 1_000_000_000, "1s"), ("1.004s", 1_004_000_000, "1.004s"), ("1.0040s", 1_004_000_000, "1.004s"), ("100.00100s", 100_001_000_000, "1m40.001s"),
        ("10ns", 10, "10ns"), ("11us", 11_000, "11µs"), ("12\u{B5}s", 12_000, "12µs"), ("12\u{3BC}s", 12_000, "12µs"), ("13ms", 13_000_000, "13ms"),
        ("14s", 14_000_000_000, "14s"), ("15m", 900_000_000_000, "15m0s"), ("16h", 57_600_000_000_000, "16h0m0s"),
        ("3h30m", 12_600_000_000_000, "3h30m0s"), ("10.5s4m", 250_500_000_000, "4m10.5s"), ("-2m3.4s", -123_400_000_000, "-2m3.4s"),
        ("1h2m3s4ms5us6ns", 3_723_004_005_006, "1h2m3.004005006s"), ("39h9m14.425s", 140_954_425_000_000, "39h9m14.425s"),
        ("52763797000ns", 52_763_797_000, "52.763797s"), ("0.3333333333333333333h", 1_200_000_000_000, "20m0s"),
        ("9007199254740993ns", 9_007_199_254_740_993, "2501h59m59.254740993s"), ("9223372036854775807ns", .max, "2562047h47m16.854775807s"),
        ("9223372036854775.807us", .max, "2562047h47m16.854775807s"), ("9223372036s854ms775us807ns", .max, "2562047h47m16.854775807s"),
        ("-9223372036854775808ns", .min, "-2562047h47m16.854775808s"), ("-9223372036854775.808us", .min, "-2562047h47m16.854775808s"),
        ("-2562047h47m16.854775808s", .min, "-2562047h47m16.854775808s"), ("0.100000000000000000000h", 360_000_000_000, "6m0s"),
        ("0.830103483285477580700h", 2_988_372_539_827, "49m48.372539827s"), ("1.5h", 5_400_000_000_000, "1h30m0s"), ("100ms", 100_000_000, "100ms"),
        ("-1s", -1_000_000_000, "-1s"), ("1.5µs", 1_500, "1.5µs"), ("1500us", 1_500_000, "1.5ms"), ("0.5ns", 0, "0s"), ("1h1h", 7_200_000_000_000, "2h0m0s"),
    ]

    @Test(arguments: readable) func readsAndWritesAsGo(_ c: (text: String, nanoseconds: Int64, written: String)) throws {
        let duration = try GoDuration(parsing: c.text)
        #expect(duration.nanoseconds == c.nanoseconds)
        #expect(duration.text == c.written)
        #expect(duration.duration == .nanoseconds(c.nanoseconds))
        #expect(try GoDuration(parsing: duration.text) == duration)
    }

    static let unreadable: [(String, String)] = [
        ("", #"time: invalid duration """#), ("3", #"time: missing unit in duration "3""#), ("5", #"time: missing unit in duration "5""#),
        ("-", #"time: invalid duration "-""#), ("s", #"time: invalid duration "s""#), (".", #"time: invalid duration ".""#),
        ("-.", #"time: invalid duration "-.""#), (".s", #"time: invalid duration ".s""#), ("+.s", #"time: invalid duration "+.s""#),
        ("1d", #"time: unknown unit "d" in duration "1d""#), ("1 s", #"time: unknown unit " s" in duration "1 s""#), (" 1s", #"time: invalid duration " 1s""#),
        ("1s ", #"time: unknown unit "s " in duration "1s ""#), ("1h30", #"time: missing unit in duration "1h30""#),
        ("1S", #"time: unknown unit "S" in duration "1S""#), ("--1s", #"time: invalid duration "--1s""#), ("1h-30m", #"time: unknown unit "h-" in duration "1h-30m""#),
        ("\u{85}\u{85}", #"time: invalid duration "\xc2\x85\xc2\x85""#), ("\u{FFFF}", #"time: invalid duration "\xef\xbf\xbf""#),
        ("hello \u{FFFF} world", #"time: invalid duration "hello \xef\xbf\xbf world""#), ("\"", #"time: invalid duration "\"""#),
        ("9223372036854775810ns", #"time: invalid duration "9223372036854775810ns""#), ("9223372036854775808ns", #"time: invalid duration "9223372036854775808ns""#),
        ("-9223372036854775809ns", #"time: invalid duration "-9223372036854775809ns""#), ("9223372036854776us", #"time: invalid duration "9223372036854776us""#),
        ("3000000h", #"time: invalid duration "3000000h""#), ("9223372036854775.808us", #"time: invalid duration "9223372036854775.808us""#),
        ("9223372036854ms775us808ns", #"time: invalid duration "9223372036854ms775us808ns""#),
    ]

    @Test(arguments: unreadable) func refusesWithGosWords(_ c: (String, String)) {
        let error = #expect(throws: GoDurationError.self) { try GoDuration(parsing: c.0) }
        #expect(error?.description == c.1)
    }

    @Test(arguments: Array(UInt64(0)..<200)) func everyLengthComesBack(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let duration = GoDuration(nanoseconds: Int64(truncatingIfNeeded: random.next()) >> Int64.random(in: 0..<63, using: &random))
        #expect(try GoDuration(parsing: duration.text) == duration, "seed \(seed): \(duration)")
    }

    @Test func comesFromSwiftDurations() {
        #expect(GoDuration(.seconds(90)).text == "1m30s")
        #expect(GoDuration(.seconds(Int64.max)).nanoseconds == .max)
        #expect(GoDuration(.seconds(1)) < GoDuration(.seconds(2)))
    }
}
