extension Timestamp {
    /// The instant that an RFC 3339 text names, in the form that Go and Kubernetes accept: `2026-03-01T10:00:00Z`, with an
    /// optional fraction (digits beyond nanoseconds are dropped) and `Z` or an offset `+01:00`.
    ///
    /// Capital `T` and `Z` only. A leap second (`:60`) is refused: neither Go nor Unix time has a place for it.
    public init(rfc3339 text: String) throws(TimestampError) {
        var text = text
        let parsed = text.withUTF8 { bytes in Result { () throws(TimestampError.Reason) in try Self.parse(bytes) } }
        switch parsed {
        case .success(let instant): self = instant
        case .failure(let reason): throw TimestampError(text: text, reason: reason)
        }
    }

    /// As Kubernetes writes times in objects: `2026-03-01T10:00:00Z`, a fraction is dropped.
    public var rfc3339: String { text(fractionDigits: 0) }

    /// As Kubernetes writes times in leases and events: `2026-03-01T10:00:00.000000Z`.
    public var rfc3339Micro: String { text(fractionDigits: 6) }

    /// As Go's RFC3339Nano: the fraction without trailing zeros, none if it is zero.
    public var rfc3339Nano: String {
        var digits = 9
        var fraction = nanosecondOfSecond
        while digits > 0, fraction % 10 == 0 {
            fraction /= 10
            digits -= 1
        }
        return text(fractionDigits: digits)
    }

    /// Year, month, day, hour, minute and second in UTC.
    public var calendarUTC: (year: Int, month: Int, day: Int, hour: Int, minute: Int, second: Int) {
        let seconds = secondsSince1970
        var days = seconds / 86_400
        var rest = Int(seconds % 86_400)
        if rest < 0 {
            rest += 86_400
            days -= 1
        }
        let (year, month, day) = Calendar.date(daysSince1970: days)
        return (year, month, day, rest / 3600, rest / 60 % 60, rest % 60)
    }

    private func text(fractionDigits: Int) -> String {
        let (year, month, day, hour, minute, second) = calendarUTC
        var out: [UInt8] = []
        out.reserveCapacity(30)
        func append(_ value: Int, width: Int) {
            var divisor = 1
            for _ in 1..<width { divisor *= 10 }
            while divisor > 0 {
                out.append(UInt8(ascii: "0") + UInt8(value / divisor % 10))
                divisor /= 10
            }
        }
        append(year, width: 4)
        out.append(UInt8(ascii: "-"))
        append(month, width: 2)
        out.append(UInt8(ascii: "-"))
        append(day, width: 2)
        out.append(UInt8(ascii: "T"))
        append(hour, width: 2)
        out.append(UInt8(ascii: ":"))
        append(minute, width: 2)
        out.append(UInt8(ascii: ":"))
        append(second, width: 2)
        if fractionDigits > 0 {
            var fraction = Int(nanosecondOfSecond)
            for _ in fractionDigits..<9 { fraction /= 10 }
            out.append(UInt8(ascii: "."))
            append(fraction, width: fractionDigits)
        }
        out.append(UInt8(ascii: "Z"))
        return String(decoding: out, as: UTF8.self)
    }

    private static func parse(_ bytes: UnsafeBufferPointer<UInt8>) throws(TimestampError.Reason) -> Timestamp {
        var position = 0
        func number(_ width: Int) throws(TimestampError.Reason) -> Int {
            guard position + width <= bytes.count else { throw .malformed }
            var value = 0
            for _ in 0..<width {
                let digit = bytes[position] &- UInt8(ascii: "0")
                guard digit <= 9 else { throw .malformed }
                value = value * 10 + Int(digit)
                position += 1
            }
            return value
        }
        func expect(_ character: UInt8) throws(TimestampError.Reason) {
            guard position < bytes.count, bytes[position] == character else { throw .malformed }
            position += 1
        }
        let year = try number(4)
        try expect(UInt8(ascii: "-"))
        let month = try number(2)
        try expect(UInt8(ascii: "-"))
        let day = try number(2)
        try expect(UInt8(ascii: "T"))
        let hour = try number(2)
        try expect(UInt8(ascii: ":"))
        let minute = try number(2)
        try expect(UInt8(ascii: ":"))
        let second = try number(2)
        var nanoseconds: Int64 = 0
        if position < bytes.count, bytes[position] == UInt8(ascii: ".") {
            position += 1
            var scale: Int64 = 100_000_000
            let first = position
            while position < bytes.count, bytes[position] &- UInt8(ascii: "0") <= 9 {
                nanoseconds += Int64(bytes[position] - UInt8(ascii: "0")) * scale
                scale /= 10
                position += 1
            }
            guard position > first else { throw .malformed }
        }
        guard position < bytes.count else { throw .missingOffset }
        var offset = 0
        switch bytes[position] {
        case UInt8(ascii: "Z"): position += 1
        case UInt8(ascii: "+"), UInt8(ascii: "-"):
            let isWest = bytes[position] == UInt8(ascii: "-")
            position += 1
            let hours = try number(2)
            try expect(UInt8(ascii: ":"))
            let minutes = try number(2)
            guard hours < 24, minutes < 60 else { throw .noSuchTime }
            offset = (hours * 60 + minutes) * 60 * (isWest ? -1 : 1)
        default: throw .malformed
        }
        guard position == bytes.count else { throw .malformed }
        guard 1...12 ~= month, day >= 1, day <= Calendar.days(inMonth: month, of: year), hour < 24, minute < 60, second < 60 else {
            throw second == 60 ? .leapSecond : .noSuchTime
        }
        let days = Calendar.daysSince1970(year: year, month: month, day: day)
        let seconds = days * 86_400 + Int64(hour * 3600 + minute * 60 + second - offset)
        // Counted from the next second before 1970, or the first second of the range would overflow on the way.
        let (whole, fraction) = seconds < 0 ? (seconds + 1, nanoseconds - 1_000_000_000) : (seconds, nanoseconds)
        let (product, overflow) = whole.multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, sumOverflow) = product.addingReportingOverflow(fraction)
        guard !overflow, !sumOverflow else { throw .outOfRange }
        return Timestamp(nanosecondsSince1970: sum)
    }
}

extension Timestamp: CustomStringConvertible {
    /// RFC 3339 with as much of a fraction as there is.
    public var description: String { rfc3339Nano }
}

/// Why a text names no instant.
public struct TimestampError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The text as it was found.
    public var text: String
    /// What is wrong with it.
    public var reason: Reason

    /// What can be wrong.
    public enum Reason: Error, Sendable, Equatable {
        /// It does not look like `2026-03-01T10:00:00Z`.
        case malformed
        /// There is no `Z` or offset at the end.
        case missingOffset
        /// It looks right, but there is no such date, time or offset (30 February).
        case noSuchTime
        /// Second 60.
        case leapSecond
        /// Before 1677-09-21 or after 2262-04-11.
        case outOfRange
    }

    /// What was found and what would be right.
    public var description: String {
        switch reason {
        case .malformed: return "\"\(text)\" is not a time; it must look like 2026-03-01T10:00:00Z"
        case .missingOffset: return "\"\(text)\" has no time zone; it must end with Z or an offset like +01:00"
        case .noSuchTime: return "\"\(text)\" names a date or time that does not exist"
        case .leapSecond: return "\"\(text)\" names a leap second; seconds go from 00 to 59"
        case .outOfRange: return "\"\(text)\" is out of range; times from 1677-09-21T00:12:44Z to 2262-04-11T23:47:16Z can be told"
        }
    }
}

/// The proleptic Gregorian calendar, in days.
enum Calendar {
    static func isLeap(_ year: Int) -> Bool { year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) }

    static func days(inMonth month: Int, of year: Int) -> Int {
        switch month {
        case 2: return isLeap(year) ? 29 : 28
        case 4, 6, 9, 11: return 30
        default: return 31
        }
    }

    /// Years are counted from March here, so that the leap day is the last of its year, in eras of 400 years.
    static func daysSince1970(year: Int, month: Int, day: Int) -> Int64 {
        let shifted = month <= 2 ? year - 1 : year
        let era = (shifted >= 0 ? shifted : shifted - 399) / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return Int64(era * 146_097 + dayOfEra - 719_468)
    }

    static func date(daysSince1970 days: Int64) -> (year: Int, month: Int, day: Int) {
        let shifted = Int(days) + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        let day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
    }
}
