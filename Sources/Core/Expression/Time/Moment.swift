import Clockwork

/// An instant and the zone in which its calendar is read, for the years that four digits can name and far beyond.
public struct Moment: Sendable {
    /// Seconds since 1970 UTC.
    public var seconds: Int64
    /// Of the second, 0..<1 000 000 000.
    public var nanosecond: Int32
    /// Where its calendar is read; it does not change the instant.
    public var zone: Zone

    /// A distance from UTC, and what it is called.
    public struct Zone: Sendable, Hashable {
        /// Seconds east of Greenwich.
        public var offset: Int32
        /// Empty for a bare distance.
        public var name: String

        public static let utc = Zone(offset: 0, name: "UTC")

        /// What a layout prints for it: its name, or the distance as `+0200`.
        var abbreviation: String { name.isEmpty ? Moment.offsetText(offset, colon: false, seconds: false) : name }
    }

    /// An instant with a zone.
    ///
    /// - Parameter nanosecond: 0..<1 000 000 000.
    public init(seconds: Int64, nanosecond: Int32 = 0, zone: Zone = .utc) {
        (self.seconds, self.nanosecond, self.zone) = (seconds, nanosecond, zone)
    }

    /// An instant in UTC.
    public init(nanosecondsSince1970: Int64) {
        let (quotient, remainder) = nanosecondsSince1970.quotientAndRemainder(dividingBy: 1_000_000_000)
        self.init(seconds: remainder < 0 ? quotient - 1 : quotient, nanosecond: Int32(remainder < 0 ? remainder + 1_000_000_000 : remainder))
    }

    /// Since 1970; nil beyond the years 1678 to 2262, as an Int64 has no room for more.
    public var nanosecondsSince1970: Int64? {
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, beyond) = product.addingReportingOverflow(Int64(nanosecond))
        return overflow || beyond ? nil : sum
    }

    static let beforeTheCommonEra: Int64 = -62_135_596_800

    /// The calendar of a zone. Fields beyond their range carry over, as `AddDate` needs it: the 32nd of a month is of the next one.
    init(year: Int64, month: Int64, day: Int64, hour: Int64 = 0, minute: Int64 = 0, second: Int64 = 0, nanosecond: Int32 = 0, zone: Zone = .utc) {
        let months = year &* 12 &+ (month - 1)
        let (y, m) = (Self.floor(months, 12), Self.modulo(months, 12) + 1)
        let days = Self.days(year: y, month: m) &+ (day - 1)
        let seconds = days &* 86_400 &+ hour * 3_600 &+ minute * 60 &+ second
        self.init(seconds: seconds &- Int64(zone.offset), nanosecond: nanosecond, zone: zone)
    }

    /// Days from 1970-01-01 to the first of a month.
    static func days(year: Int64, month: Int64) -> Int64 {
        let shifted = month <= 2 ? year &- 1 : year
        let era = floor(shifted, 400)
        let yearOfEra = shifted &- era &* 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5
        return era &* 146_097 &+ yearOfEra &* 365 &+ yearOfEra / 4 &- yearOfEra / 100 &+ dayOfYear &- 719_468
    }

    static func daysIn(month: Int64, of year: Int64) -> Int64 {
        days(year: month == 12 ? year + 1 : year, month: month == 12 ? 1 : month + 1) - days(year: year, month: month)
    }

    /// Year, month and day in the zone.
    var date: (year: Int64, month: Int64, day: Int64) {
        let days = Self.floor(local, 86_400) &+ 719_468
        let era = Self.floor(days, 146_097)
        let dayOfEra = days &- era &* 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shifted = (5 * dayOfYear + 2) / 153
        let month = shifted < 10 ? shifted + 3 : shifted - 9
        return (yearOfEra &+ era &* 400 &+ (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shifted + 2) / 5 + 1)
    }

    /// Hour, minute and second in the zone.
    var clock: (hour: Int64, minute: Int64, second: Int64) {
        let second = Self.modulo(local, 86_400)
        return (second / 3_600, second / 60 % 60, second % 60)
    }

    /// 0 is Sunday.
    var weekday: Int64 { Self.modulo(Self.floor(local, 86_400) &+ 4, 7) }
    /// From 1.
    var yearDay: Int64 { Self.floor(local, 86_400) - Self.days(year: date.year, month: 1) + 1 }

    private var local: Int64 { seconds &+ Int64(zone.offset) }

    func adding(_ nanoseconds: Int64) -> Moment {
        let length = Moment(nanosecondsSince1970: nanoseconds)
        var sum = Moment(seconds: seconds &+ length.seconds, nanosecond: nanosecond + length.nanosecond, zone: zone)
        if sum.nanosecond >= 1_000_000_000 { (sum.seconds, sum.nanosecond) = (sum.seconds &+ 1, sum.nanosecond - 1_000_000_000) }
        return sum
    }

    /// In nanoseconds; the ends of the range stand for what is beyond them.
    func since(_ other: Moment) -> Int64 {
        let (seconds, overflow) = seconds.subtractingReportingOverflow(other.seconds)
        let (product, beyond) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, outside) = product.addingReportingOverflow(Int64(nanosecond - other.nanosecond))
        if overflow || beyond || outside { return precedes(other) ? .min : .max }
        return sum
    }

    func precedes(_ other: Moment) -> Bool { (seconds, nanosecond) < (other.seconds, other.nanosecond) }

    func isSameInstant(_ other: Moment) -> Bool { seconds == other.seconds && nanosecond == other.nanosecond }

    func inZone(_ zone: Zone) -> Moment { Moment(seconds: seconds, nanosecond: nanosecond, zone: zone) }

    private static func floor(_ value: Int64, _ unit: Int64) -> Int64 { (value - modulo(value, unit)) / unit }
    private static func modulo(_ value: Int64, _ unit: Int64) -> Int64 { let rest = value % unit; return rest < 0 ? rest + unit : rest }

    /// `+0200`, `+02:00`, `+02:00:30`.
    static func offsetText(_ offset: Int32, colon: Bool, seconds: Bool, hoursOnly: Bool = false) -> String {
        let magnitude = Int(offset.magnitude)
        let parts = [magnitude / 3_600, magnitude / 60 % 60, magnitude % 60].prefix(hoursOnly ? 1 : seconds ? 3 : 2)
        return (offset < 0 ? "-" : "+") + parts.map { ($0 < 10 ? "0" : "") + String($0) }.joined(separator: colon ? ":" : "")
    }
}

/// The same instant is the same moment, whatever the zone.
extension Moment: Hashable {
    public static func == (left: Moment, right: Moment) -> Bool { left.isSameInstant(right) }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(seconds)
        hasher.combine(nanosecond)
    }
}

extension ExpressionValue {
    /// An instant by its nanoseconds since 1970, in UTC.
    public static func time(nanoseconds: Int64) -> ExpressionValue { .time(Moment(nanosecondsSince1970: nanoseconds)) }

    /// The timestamp of an instant; nil for anything else.
    ///
    /// What lies beyond the years that a timestamp can name is its nearest end.
    public var timestamp: Timestamp? {
        guard case .time(let moment) = self else { return nil }
        if let nanoseconds = moment.nanosecondsSince1970 { return Timestamp(nanosecondsSince1970: nanoseconds) }
        return moment.seconds < 0 ? Timestamp.distantPast : Timestamp.distantFuture
    }
}
