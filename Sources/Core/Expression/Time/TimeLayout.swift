/// A layout of dates: the reference time `Mon Jan 2 15:04:05 MST 2006` written as dates are to be written.
struct TimeLayout {
    enum Part: Equatable {
        case literal([UInt8])
        case month(long: Bool), weekday(long: Bool)
        case monthNumber(padding: UInt8?), day(padding: UInt8?), yearDay(padding: UInt8)
        case hour, hour12(padded: Bool), minute(padded: Bool), second(padded: Bool)
        case year, shortYear
        case halfDay(upper: Bool)
        case zoneName
        /// `Z` for UTC where the layout begins with one.
        case offset(z: Bool, colon: Bool, seconds: Bool, hoursOnly: Bool)
        /// A point or comma with digits: as many as there are zeros, or as are needed.
        case fraction(separator: UInt8, digits: Int, trimmed: Bool)
    }

    /// Each part with its spelling, for messages.
    let parts: [(part: Part, spelling: String)]
    let source: String

    static let months = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"]
    static let weekdays = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"]

    /// Longer spellings before those that they begin with.
    private static let spellings: [(String, Part)] = [
        ("January", .month(long: true)), ("Jan", .month(long: false)), ("Monday", .weekday(long: true)), ("Mon", .weekday(long: false)), ("MST", .zoneName),
        ("002", .yearDay(padding: 48)), ("01", .monthNumber(padding: 48)), ("02", .day(padding: 48)), ("03", .hour12(padded: true)), ("04", .minute(padded: true)),
        ("05", .second(padded: true)), ("06", .shortYear), ("15", .hour), ("1", .monthNumber(padding: nil)), ("2006", .year), ("2", .day(padding: nil)),
        ("__2", .yearDay(padding: 32)), ("_2", .day(padding: 32)), ("3", .hour12(padded: false)), ("4", .minute(padded: false)), ("5", .second(padded: false)),
        ("PM", .halfDay(upper: true)), ("pm", .halfDay(upper: false)),
        ("-070000", .offset(z: false, colon: false, seconds: true, hoursOnly: false)), ("-07:00:00", .offset(z: false, colon: true, seconds: true, hoursOnly: false)),
        ("-0700", .offset(z: false, colon: false, seconds: false, hoursOnly: false)), ("-07:00", .offset(z: false, colon: true, seconds: false, hoursOnly: false)),
        ("-07", .offset(z: false, colon: false, seconds: false, hoursOnly: true)),
        ("Z070000", .offset(z: true, colon: false, seconds: true, hoursOnly: false)), ("Z07:00:00", .offset(z: true, colon: true, seconds: true, hoursOnly: false)),
        ("Z0700", .offset(z: true, colon: false, seconds: false, hoursOnly: false)), ("Z07:00", .offset(z: true, colon: true, seconds: false, hoursOnly: false)),
        ("Z07", .offset(z: true, colon: false, seconds: false, hoursOnly: true)),
    ]
    private static let byFirst: [UInt8: [(bytes: [UInt8], part: Part)]] = Dictionary(
        grouping: spellings.map { (bytes: Array($0.0.utf8), part: $0.1) }, by: { $0.bytes[0] })

    init(_ source: String) {
        self.source = source
        let bytes = Array(source.utf8)
        var parts: [(part: Part, spelling: String)] = []
        var literal: [UInt8] = []
        var index = 0
        while index < bytes.count {
            guard let (part, length) = Self.part(bytes, index) else {
                literal.append(bytes[index])
                index += 1
                continue
            }
            if !literal.isEmpty { parts.append((.literal(literal), String(decoding: literal, as: UTF8.self))) }
            literal = []
            parts.append((part, String(decoding: bytes[index..<(index + length)], as: UTF8.self)))
            index += length
        }
        if !literal.isEmpty { parts.append((.literal(literal), String(decoding: literal, as: UTF8.self))) }
        self.parts = parts
    }

    private static func part(_ bytes: [UInt8], _ index: Int) -> (Part, Int)? {
        func isDigit(_ place: Int) -> Bool { place < bytes.count && (48...57).contains(bytes[place]) }
        let byte = bytes[index]
        if byte == UInt8(ascii: ".") || byte == UInt8(ascii: ","), index + 1 < bytes.count, bytes[index + 1] == 48 || bytes[index + 1] == 57 {
            let end = bytes[(index + 1)...].firstIndex { $0 != bytes[index + 1] } ?? bytes.count
            // Digits of another kind behind them: then it is no fraction.
            if isDigit(end) { return nil }
            return (.fraction(separator: byte, digits: end - index - 1, trimmed: bytes[index + 1] == 57), end - index)
        }
        // `_2006` is an underscore and a year.
        if bytes[index...].starts(with: Array("_2006".utf8)) { return nil }
        guard let found = byFirst[byte]?.first(where: { bytes[index...].starts(with: $0.bytes) }) else { return nil }
        let end = index + found.bytes.count
        // `January` is no `Jan`, and `Month` is no day.
        if found.part == .month(long: false) || found.part == .weekday(long: false), end < bytes.count, (97...122).contains(bytes[end]) { return nil }
        return (found.part, found.bytes.count)
    }

    // MARK: Writing

    func text(of moment: Moment) -> String {
        let ((year, month, day), (hour, minute, second)) = (moment.date, moment.clock)
        var out = ""
        func padded(_ value: Int64, _ width: Int, _ padding: UInt8?) -> String {
            let digits = String(value.magnitude)
            let fill = padding.map { String(repeating: String(Unicode.Scalar($0)), count: max(0, width - digits.utf8.count)) } ?? ""
            return (value < 0 ? "-" : "") + fill + digits
        }
        let twelve = hour % 12 == 0 ? 12 : hour % 12
        for (part, _) in parts {
            switch part {
            case .literal(let bytes): out += String(decoding: bytes, as: UTF8.self)
            case .month(let long): out += long ? Self.months[Int(month) - 1] : String(Self.months[Int(month) - 1].prefix(3))
            case .weekday(let long): out += long ? Self.weekdays[Int(moment.weekday)] : String(Self.weekdays[Int(moment.weekday)].prefix(3))
            case .monthNumber(let padding): out += padded(month, 2, padding)
            case .day(let padding): out += padded(day, 2, padding)
            case .yearDay(let padding): out += padded(moment.yearDay, 3, padding)
            case .hour: out += padded(hour, 2, 48)
            case .hour12(let isPadded): out += padded(twelve, 2, isPadded ? 48 : nil)
            case .minute(let isPadded): out += padded(minute, 2, isPadded ? 48 : nil)
            case .second(let isPadded): out += padded(second, 2, isPadded ? 48 : nil)
            case .year: out += padded(year, 4, 48)
            case .shortYear: out += padded((year % 100 + 100) % 100, 2, 48)
            case .halfDay(let upper): out += hour >= 12 ? (upper ? "PM" : "pm") : (upper ? "AM" : "am")
            case .zoneName: out += moment.zone.abbreviation
            case .offset(let z, let colon, let seconds, let hoursOnly):
                let offset = moment.zone.offset
                out += z && offset == 0 ? "Z" : Moment.offsetText(offset, colon: colon, seconds: seconds, hoursOnly: hoursOnly)
            case .fraction(let separator, let digits, let trimmed):
                var text = String(padded(Int64(moment.nanosecond), 9, 48).prefix(digits))
                if digits > 9 { text += String(repeating: "0", count: digits - 9) }
                if trimmed { while text.last == "0" { text.removeLast() } }
                if !text.isEmpty { out += String(Unicode.Scalar(separator)) + text }
            }
        }
        return out
    }

    // MARK: Reading

    /// - Parameter zone: what a text without a zone is in.
    func moment(_ text: String, in zone: Moment.Zone) throws(Fault) -> Moment {
        var reader = Reader(rest: Array(text.utf8)[...], zone: nil)
        for (index, (part, spelling)) in parts.enumerated() {
            let before = reader.rest
            // A layout without a fraction takes one behind the seconds all the same.
            let followed: Part? = index + 1 < parts.count ? parts[index + 1].part : nil
            switch reader.take(part, before: followed) {
            case .taken: break
            case .outOfRange(let what): throw Fault("parsing time \(quoted(text)): \(what) out of range")
            case .misfit:
                let shown = String(decoding: before, as: UTF8.self)
                throw Fault("parsing time \(quoted(text)) as \(quoted(source)): cannot parse \(quoted(shown)) as \(quoted(spelling))")
            }
        }
        guard reader.rest.isEmpty else { throw Fault("parsing time \(quoted(text)): extra text: \(quoted(String(decoding: reader.rest, as: UTF8.self)))") }
        do throws(Reader.Range) { return try reader.moment(in: zone) } catch { throw Fault("parsing time \(quoted(text)): \(error.what) out of range") }
    }

    /// What has been read of a text so far.
    private struct Reader {
        var rest: ArraySlice<UInt8>
        var (year, month, day, yearDay): (Int64, Int64?, Int64?, Int64?) = (0, nil, nil, nil)
        var (hour, minute, second): (Int64, Int64, Int64) = (0, 0, 0)
        var nanosecond: Int32 = 0
        var isAfternoon: Bool?
        var zone: Moment.Zone?

        struct Range: Error { var what: String }
        enum Outcome { case taken, misfit, outOfRange(String) }

        init(rest: ArraySlice<UInt8>, zone: Moment.Zone?) { (self.rest, self.zone) = (rest, zone) }

        private mutating func number(least: Int, most: Int) -> Int64? {
            let digits = rest.prefix(most).prefix { (48...57).contains($0) }
            guard digits.count >= least else { return nil }
            rest = rest.dropFirst(digits.count)
            return digits.reduce(0) { $0 * 10 + Int64($1 - 48) }
        }

        private mutating func name(_ names: [String], long: Bool) -> Int64? {
            for (index, name) in names.enumerated() {
                let wanted = Array((long ? name : String(name.prefix(3))).utf8)
                if rest.count >= wanted.count, zip(rest, wanted).allSatisfy({ $0 | 32 == $1 | 32 }) {
                    rest = rest.dropFirst(wanted.count)
                    return Int64(index)
                }
            }
            return nil
        }

        mutating func take(_ part: Part, before next: Part?) -> Outcome {
            switch part {
            case .literal(let bytes):
                // Blanks stand for any number of them.
                for byte in bytes {
                    if byte == 32 {
                        guard rest.isEmpty || rest.first == 32 else { return .misfit }
                        rest = rest.drop { $0 == 32 }
                    } else {
                        guard rest.first == byte else { return .misfit }
                        rest = rest.dropFirst()
                    }
                }
            case .month(let long):
                guard let index = name(TimeLayout.months, long: long) else { return .misfit }
                month = index + 1
            case .weekday(let long): guard name(TimeLayout.weekdays, long: long) != nil else { return .misfit }
            case .monthNumber(let padding):
                guard let value = number(least: padding == nil ? 1 : 2, most: 2) else { return .misfit }
                guard (1...12).contains(value) else { return .outOfRange("month") }
                month = value
            case .day(let padding):
                if padding == 32, rest.first == 32 { rest = rest.dropFirst() }
                guard let value = number(least: padding == 48 ? 2 : 1, most: 2) else { return .misfit }
                day = value
            case .yearDay(let padding):
                if padding == 32 { for _ in 0..<2 where rest.first == 32 { rest = rest.dropFirst() } }
                guard let value = number(least: padding == 48 ? 3 : 1, most: 3) else { return .misfit }
                yearDay = value
            case .hour:
                guard let value = number(least: 1, most: 2) else { return .misfit }
                guard value < 24 else { return .outOfRange("hour") }
                hour = value
            case .hour12(let isPadded):
                guard let value = number(least: isPadded ? 2 : 1, most: 2) else { return .misfit }
                guard value <= 12 else { return .outOfRange("hour") }
                hour = value
            case .minute(let isPadded):
                guard let value = number(least: isPadded ? 2 : 1, most: 2) else { return .misfit }
                guard value < 60 else { return .outOfRange("minute") }
                minute = value
            case .second(let isPadded):
                guard let value = number(least: isPadded ? 2 : 1, most: 2) else { return .misfit }
                guard value < 60 else { return .outOfRange("second") }
                second = value
                if case .fraction? = next { return .taken }
                if let first = rest.first, first == UInt8(ascii: ".") || first == UInt8(ascii: ","), rest.dropFirst().first.map({ (48...57).contains($0) }) == true {
                    rest = rest.dropFirst()
                    fraction(rest.prefix { (48...57).contains($0) })
                }
            case .year:
                guard let value = number(least: 4, most: 4) else { return .misfit }
                year = value
            case .shortYear:
                guard let value = number(least: 2, most: 2) else { return .misfit }
                year = value + (value >= 69 ? 1_900 : 2_000)
            case .halfDay(let upper):
                let text = String(decoding: rest.prefix(2), as: UTF8.self)
                guard text == (upper ? "PM" : "pm") || text == (upper ? "AM" : "am") else { return .misfit }
                isAfternoon = text.uppercased() == "PM"
                rest = rest.dropFirst(2)
            case .zoneName: return takeZoneName()
            case .offset(let z, let colon, let seconds, let hoursOnly):
                return takeOffset(z: z, widths: hoursOnly ? 1 : seconds ? 3 : 2, colon: colon)
            case .fraction(_, let digits, let trimmed):
                let isThere = rest.first == UInt8(ascii: ".") || rest.first == UInt8(ascii: ",")
                let found = rest.dropFirst().prefix { (48...57).contains($0) }
                if trimmed {
                    guard isThere, !found.isEmpty else { return .taken }
                } else {
                    guard isThere, found.count >= digits else { return .misfit }
                }
                rest = rest.dropFirst()
                fraction(trimmed ? found : found.prefix(digits))
            }
            return .taken
        }

        /// Digits behind the point; those beyond the ninth are passed over.
        private mutating func fraction(_ digits: ArraySlice<UInt8>) {
            rest = rest.dropFirst(digits.count)
            var value: Int32 = 0
            for index in 0..<9 { value = value * 10 + (index < digits.count ? Int32(digits[digits.startIndex + index] - 48) : 0) }
            nanosecond = value
        }

        private mutating func takeOffset(z: Bool, widths: Int, colon: Bool) -> Outcome {
            if z, rest.first == UInt8(ascii: "Z") {
                rest = rest.dropFirst()
                zone = .utc
                return .taken
            }
            guard let sign = rest.first, sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") else { return .misfit }
            rest = rest.dropFirst()
            var offset: Int64 = 0
            for (index, unit) in [Int64(3_600), 60, 1].prefix(widths).enumerated() {
                if colon, index > 0 {
                    guard rest.first == UInt8(ascii: ":") else { return .misfit }
                    rest = rest.dropFirst()
                }
                guard let value = number(least: 2, most: 2) else { return .misfit }
                guard value <= (index == 0 ? 24 : 60) else { return .outOfRange(index == 0 ? "time zone offset hour" : index == 1 ? "time zone offset minute" : "time zone offset second") }
                offset += value * unit
            }
            if sign == UInt8(ascii: "-") { offset = -offset }
            zone = offset == 0 ? .utc : Moment.Zone(offset: Int32(offset), name: zone?.name ?? "")
            return .taken
        }

        /// Three to five capitals, or a sign with hours. Whose distance nobody knows counts as none, as in the reference.
        private mutating func takeZoneName() -> Outcome {
            if rest.starts(with: Array("UTC".utf8)) {
                rest = rest.dropFirst(3)
                zone = .utc
                return .taken
            }
            let letters = rest.prefix { (65...90).contains($0) }
            if letters.isEmpty, let sign = rest.first, sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") {
                let digits = rest.dropFirst().prefix { (48...57).contains($0) }
                guard digits.count == 2 || digits.count == 4 else { return .misfit }
                let text = String(decoding: rest.prefix(1 + digits.count), as: UTF8.self)
                rest = rest.dropFirst(1 + digits.count)
                zone = Moment.Zone(offset: 0, name: text)
                return .taken
            }
            guard (3...5).contains(letters.count) else { return .misfit }
            rest = rest.dropFirst(letters.count)
            let name = String(decoding: letters, as: UTF8.self)
            var offset: Int64 = 0
            var shown = name
            if name == "GMT", let sign = rest.first, sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") {
                rest = rest.dropFirst()
                guard let hours = number(least: 1, most: 2), hours <= 23 else { return .misfit }
                shown += (sign == UInt8(ascii: "-") ? "-" : "+") + String(hours)
                offset = (sign == UInt8(ascii: "-") ? -1 : 1) * hours * 3_600
            }
            zone = Moment.Zone(offset: zone.map(\.offset) ?? Int32(offset), name: shown)
            return .taken
        }

        func moment(in standard: Moment.Zone) throws(Range) -> Moment {
            var hour = hour
            if let isAfternoon { hour = isAfternoon ? (hour < 12 ? hour + 12 : hour) : (hour == 12 ? 0 : hour) }
            var (month, day) = (month ?? 1, day ?? 1)
            if let yearDay {
                let first = Moment.days(year: year, month: 1)
                guard yearDay >= 1, yearDay <= Moment.days(year: year + 1, month: 1) - first else { throw Range(what: "day-of-year") }
                let date = Moment(seconds: (first + yearDay - 1) * 86_400).date
                if let given = self.month, given != date.month { throw Range(what: "day-of-year does not match month,") }
                (month, day) = (date.month, date.day)
            }
            guard day >= 1, day <= Moment.daysIn(month: month, of: year) else { throw Range(what: "day") }
            return Moment(
                year: year, month: month, day: day, hour: hour, minute: minute, second: second, nanosecond: nanosecond, zone: zone ?? standard)
        }
    }
}
