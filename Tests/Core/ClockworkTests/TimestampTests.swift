import Clockwork
import Testing

@Suite("A timestamp") struct TimestampTests {
    static let readable: [(text: String, nanoseconds: Int64, written: String)] = [
        ("1970-01-01T00:00:00Z", 0, "1970-01-01T00:00:00Z"),
        ("2026-03-01T10:00:00Z", 1_772_359_200_000_000_000, "2026-03-01T10:00:00Z"),
        ("2026-03-01T10:00:00.5Z", 1_772_359_200_500_000_000, "2026-03-01T10:00:00.5Z"),
        ("2026-03-01T10:00:00.123456789Z", 1_772_359_200_123_456_789, "2026-03-01T10:00:00.123456789Z"),
        ("2026-03-01T10:00:00.1234567899999Z", 1_772_359_200_123_456_789, "2026-03-01T10:00:00.123456789Z"),
        ("2026-03-01T11:30:00+01:30", 1_772_359_200_000_000_000, "2026-03-01T10:00:00Z"),
        ("2026-02-28T22:00:00-12:00", 1_772_359_200_000_000_000, "2026-03-01T10:00:00Z"),
        ("2026-03-01T10:00:00-00:00", 1_772_359_200_000_000_000, "2026-03-01T10:00:00Z"),
        ("2024-02-29T00:00:00Z", 1_709_164_800_000_000_000, "2024-02-29T00:00:00Z"),
        ("2000-02-29T23:59:59Z", 951_868_799_000_000_000, "2000-02-29T23:59:59Z"),
        ("2023-12-31T23:59:59+23:59", 1_703_980_859_000_000_000, "2023-12-31T00:00:59Z"),
        ("1969-12-31T23:59:59.5Z", -500_000_000, "1969-12-31T23:59:59.5Z"),
        ("1900-03-01T00:00:00Z", -2_203_891_200_000_000_000, "1900-03-01T00:00:00Z"),
        ("1677-09-21T00:12:43.145224192Z", .min, "1677-09-21T00:12:43.145224192Z"),
        ("2262-04-11T23:47:16.854775807Z", .max, "2262-04-11T23:47:16.854775807Z"),
    ]

    @Test(arguments: readable) func readsAndWritesRFC3339(_ c: (text: String, nanoseconds: Int64, written: String)) throws {
        let instant = try Timestamp(rfc3339: c.text)
        #expect(instant.nanosecondsSince1970 == c.nanoseconds)
        #expect(instant.rfc3339Nano == c.written)
    }

    static let unreadable: [(String, TimestampError.Reason)] = [
        ("", .malformed), ("2026-03-01", .malformed), ("2026-03-01T10:00:00", .missingOffset), ("2026-03-01 10:00:00Z", .malformed),
        ("2026-03-01t10:00:00z", .malformed), ("2026-03-01T10:00:00z", .malformed), ("2026-3-1T10:00:00Z", .malformed), ("26-03-01T10:00:00Z", .malformed),
        ("2026-03-01T10:00Z", .malformed), ("2026-03-01T10:00:00.Z", .malformed), ("2026-03-01T10:00:00,5Z", .malformed),
        ("2026-03-01T10:00:00+0100", .malformed), ("2026-03-01T10:00:00+1:00", .malformed), ("2026-03-01T10:00:00+01", .malformed),
        ("2026-03-01T10:00:00Zx", .malformed), (" 2026-03-01T10:00:00Z", .malformed), ("+026-03-01T10:00:00Z", .malformed),
        ("2026-00-01T10:00:00Z", .noSuchTime), ("2026-13-01T10:00:00Z", .noSuchTime), ("2026-02-29T10:00:00Z", .noSuchTime),
        ("1900-02-29T10:00:00Z", .noSuchTime), ("2026-04-31T10:00:00Z", .noSuchTime), ("2026-01-00T10:00:00Z", .noSuchTime),
        ("2026-03-01T24:00:00Z", .noSuchTime), ("2026-03-01T10:60:00Z", .noSuchTime), ("2026-03-01T10:00:61Z", .noSuchTime),
        ("2026-03-01T10:00:00+24:00", .noSuchTime), ("2026-03-01T10:00:00+01:60", .noSuchTime), ("2016-12-31T23:59:60Z", .leapSecond),
        ("1677-09-21T00:12:43.145224191Z", .outOfRange), ("2262-04-11T23:47:16.854775808Z", .outOfRange), ("0001-01-01T00:00:00Z", .outOfRange),
        ("9999-12-31T23:59:59Z", .outOfRange),
    ]

    @Test(arguments: unreadable) func refusesOtherTexts(_ c: (String, TimestampError.Reason)) {
        let error = #expect(throws: TimestampError.self) { try Timestamp(rfc3339: c.0) }
        #expect(error?.reason == c.1)
        #expect(error?.description.contains("\"\(c.0)\"") == true)
    }

    @Test func writesTheFormsOfKubernetes() {
        let instant = Timestamp(nanosecondsSince1970: 1_772_359_200_123_456_789)
        #expect(instant.rfc3339 == "2026-03-01T10:00:00Z")
        #expect(instant.rfc3339Micro == "2026-03-01T10:00:00.123456Z")
        #expect(instant.truncatedToSeconds.nanosecondsSince1970 == 1_772_359_200_000_000_000)
        let before = Timestamp(nanosecondsSince1970: -1)
        #expect(before.rfc3339 == "1969-12-31T23:59:59Z")
        #expect(before.rfc3339Micro == "1969-12-31T23:59:59.999999Z")
        #expect(before.truncatedToSeconds.nanosecondsSince1970 == -1_000_000_000)
        #expect(before.secondsSince1970 == -1)
    }

    @Test func everyDayComesBack() throws {
        var random = SeededGenerator(seed: 7)
        for _ in 0..<5000 {
            let instant = Timestamp(nanosecondsSince1970: Int64(truncatingIfNeeded: random.next()))
            #expect(try Timestamp(rfc3339: instant.rfc3339Nano) == instant, "\(instant.nanosecondsSince1970)")
        }
        // Day after day over the odd years, counted by hand.
        var days: Int64 = 0
        for year in 1970...2101 {
            for month in 1...12 {
                let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
                let length = [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1]
                let calendar = Timestamp(secondsSince1970: days * 86_400).calendarUTC
                #expect(calendar.year == year && calendar.month == month && calendar.day == 1)
                days += Int64(length)
                let last = Timestamp(secondsSince1970: days * 86_400 - 1).calendarUTC
                #expect(last.month == month && last.day == length && last.hour == 23 && last.second == 59)
            }
        }
    }

    @Test func calculatesAndStopsAtTheEnds() {
        let instant = Timestamp(secondsSince1970: 100)
        #expect(instant + .seconds(5) == Timestamp(secondsSince1970: 105))
        #expect(instant - .milliseconds(500) == Timestamp(nanosecondsSince1970: 99_500_000_000))
        #expect(instant - Timestamp(secondsSince1970: 30) == .seconds(70))
        #expect(instant.duration(to: Timestamp(nanosecondsSince1970: 99_000_000_001)) == .nanoseconds(-999_999_999))
        #expect(instant < instant + .nanoseconds(1))
        #expect(Timestamp.distantFuture + .seconds(1) == .distantFuture)
        #expect(Timestamp.distantPast - .seconds(1) == .distantPast)
        #expect(instant + .seconds(Int64.max) == .distantFuture)
        #expect(instant - .seconds(Int64.max) == .distantPast)
        #expect(Timestamp(secondsSince1970: .max) == .distantFuture)
        #expect(Timestamp(secondsSince1970: .min) == .distantPast)
        #expect((Timestamp.distantFuture - Timestamp.distantPast) > .seconds(18_000_000_000))
        #expect(Duration.milliseconds(1500).inSeconds == 1.5)
    }
}
