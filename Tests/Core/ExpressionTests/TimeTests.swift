import Clockwork
import Testing
@testable import Expression

@Suite("Times in conditions") struct TimeTests {
    /// A Thursday.
    private static func value(_ text: String) throws(ExpressionError) -> ExpressionValue {
        try CompiledExpression(compiling: text, environment: .condition(result: .null)).evaluate(result: .null, now: Timestamp(secondsSince1970: 1_709_164_800))
    }

    @Test(arguments: [
        // What the standard library of the reference's language says about the same dates.
        "string(now()) == '2024-02-29 00:00:00 +0000 UTC' and string(duration('90m')) == '1h30m0s' and string([duration('1ms')]) == '[1ms]'",
        "now().Weekday().String() == 'Thursday' and now().Month().String() == 'February' and string(now().Weekday()) == 'Thursday'",
        "int(now().Weekday()) == 4 and int(now().Month()) == 2 and now().Weekday() == date('2024-03-07').Weekday() and type(now().Month()) == 'time.Month'",
        "now().Format('Mon Jan _2 15:04:05 2006') == 'Thu Feb 29 00:00:00 2024' and now().Format('Monday, 02-Jan-06') == 'Thursday, 29-Feb-24'",
        "now().Format('3:04PM') == '12:00AM' and now().Format('2006-002') == '2024-060' and now().Format('06/1/2 3pm .000') == '24/2/29 12am .000'",
        "date('2024-02-29T13:05:09.120Z').Format('15h4m5s,999 Z07:00 -0700 MST') == '13h5m9s,12 Z +0000 UTC'",
        "date('2024-02-29T01:02:03+02:00') == date('2024-02-28T23:02:03Z') and date('2024-02-29T01:02:03+02:00').Hour() == 1",
        "date('2024-02-29T01:02:03+02:00').UTC().Day() == 28 and string(date('2024-02-29T01:02:03+02:00')) == '2024-02-29 01:02:03 +0200 +0200'",
        "toJSON(date('2024-02-29T01:02:03.5-07:30')) == '\"2024-02-29T01:02:03.5-07:30\"' and toJSON(now()) == '\"2024-02-29T00:00:00Z\"'",
        "date('29 Feb 24 10:00 UTC').Hour() == 10 and date('Thursday, 29-Feb-24 10:00:00 UTC').Day() == 29 and date('Thu, 29 Feb 2024 10:00:00 GMT').Minute() == 0",
        "date('10:20:30').Hour() == 10 and date('10:20:30').Year() == 0 and date('10:20:30') < now()",
        "date('29/02/2024', '02/01/2006') == now() and date('Feb 29, 2024 at 3:04pm', 'Jan 2, 2006 at 3:04pm').Hour() == 15",
        "date('2024-060', '2006-002') == now() and date('1709164800.250', '2006') != now() or true",
        "date('2024-02-29 08:00', '2006-01-02 15:04', 'UTC').Hour() == 8 and date(timezone('UTC'), '2024-02-29') == now()",
        "now().In(timezone('UTC')) == now() and timezone('UTC').String() == 'UTC'",
        "now().AddDate(0, 1, 1) == date('2024-03-30') and now().AddDate(1, 0, 0) == date('2025-03-01') and now().AddDate(0, -2, 0) == date('2023-12-29')",
        "date('2024-02-29T13:05:09Z').Truncate(duration('1h')) == date('2024-02-29T13:00:00Z') and date('2024-02-29T13:35:09Z').Round(duration('1h')).Hour() == 14",
        "duration('-90s').Abs() == duration('1m30s') and duration('1m31s').Truncate(duration('1m')) == duration('1m') and duration('1m30s').Round(duration('1m')) == duration('2m')",
        "duration('1.5h').String() == '1h30m0s' and now().IsZero() == false and date('0001-01-01').IsZero() and now().Compare(now()) == 0",
        "date('9999-12-31').Year() == 9999 and date('0001-01-01').Weekday().String() == 'Monday' and date('2000-03-01').YearDay() == 61",
        "date('9999-12-31') - date('0001-01-01') == duration('2562047h47m16.854775807s')",
        "date('2024-02-29T00:00:00.123456789Z').Nanosecond() == 123456789 and date('1969-12-31T23:59:59.9Z').UnixMilli() == -100",
        "groupBy([now()], #)[now()] == [now()] and sort([now(), date('2023-01-01')])[1] == now() and (now() in [now()])",
        "now() + 2 * duration('1h') == now().Add(duration('2h')) and duration('1h') * 1.5 == duration('90m') and -1 * duration('1h') < duration('0')",
    ]) func holds(_ text: String) throws {
        #expect(try Self.value(text) == .bool(true), "\(text)")
    }

    @Test(arguments: [
        ("date('2024-13-01')", "invalid date 2024-13-01"), ("date('2023-02-29')", "invalid date 2023-02-29"), ("date('24:00:00')", "invalid date 24:00:00"),
        ("date('x', '2006')", #"parsing time "x" as "2006": cannot parse "x" as "2006""#), ("date('2024-13', '2006-01')", #"parsing time "2024-13": month out of range"#),
        ("date('2024 ', '2006')", #"parsing time "2024 ": extra text: " ""#), ("date('2023-02-29', '2006-01-02')", #"parsing time "2023-02-29": day out of range"#),
        ("date('2024', '2006', 'Europe/Berlin')", "the time zone Europe/Berlin is not supported: only UTC is; a distance such as +02:00 can stand in the date itself"),
        ("now().Month() == 2", "invalid operation: == (mismatched types time.Month and int)"), ("now().Weekday() < 3", "invalid operation: < (mismatched types time.Weekday and int)"),
        ("now().Fortnight()", "type time.Time has no field Fortnight"), ("now().Add(1)", "cannot use int as argument (type time.Duration) to call Add "),
        ("now().Format()", "not enough arguments to call Format"), ("timezone(1)", "cannot use int as argument (type string) to call timezone "),
        ("date()", "invalid number of arguments (expected at least 1, got 0)"), ("now() + 1", "invalid operation: + (mismatched types time.Time and int)"),
        ("now().AddDate(0, 0, 9999999999)", "AddDate goes beyond a million years, months or days"),
    ]) func fails(_ text: String, _ message: String) {
        do throws(ExpressionError) {
            let value = try Self.value(text)
            Issue.record("\(text) must fail, and is \(value)")
        } catch {
            #expect(error.message == message, "\(error)")
        }
    }

    @Test("A layout reads what it writes", arguments: 0..<60 as Range<UInt64>) func layouts(_ seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let zone = Moment.Zone(offset: Int32.random(in: -14...14, using: &random) * 3_600 + 1_800, name: "")
        let moment = Moment(seconds: Int64.random(in: -62_000_000_000...250_000_000_000, using: &random), nanosecond: 120_000_000, zone: zone)
        for source in ["2006-01-02T15:04:05.000Z07:00", "Mon, 2 Jan 2006 3:04:05.00 PM -0700", "Monday January _2 2006 03h4m5.999s pm -07:00", "2006 __2 15:04:05,99 Z0700"] {
            let layout = TimeLayout(source)
            let text = layout.text(of: moment)
            let again = try layout.moment(text, in: .utc)
            #expect(again == moment && again.zone.offset == zone.offset, "\(source): \(text)")
        }
        // The calendar goes there and back.
        let (date, clock) = (moment.date, moment.clock)
        let made = Moment(
            year: date.year, month: date.month, day: date.day, hour: clock.hour, minute: clock.minute, second: clock.second, nanosecond: moment.nanosecond, zone: zone)
        #expect(made == moment)
    }
}
