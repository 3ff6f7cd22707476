/// The format `date-time` as Kubernetes' API server checks it: a date of the calendar, `T`, a time of day, an optional
/// fraction, and `Z` or an offset; letters in either case.
enum DateTimeFormat {
    static func matches(_ text: String) -> Bool {
        let bytes: [UInt8] = Array(text.utf8)
        guard bytes.count >= 20, bytes[4] == 0x2D, bytes[7] == 0x2D, bytes[10] | 0x20 == 0x74, bytes[13] == 0x3A, bytes[16] == 0x3A,
            let year = number(bytes[0..<4]), let month = number(bytes[5..<7]), let day = number(bytes[8..<10]),
            let hour = number(bytes[11..<13]), let minute = number(bytes[14..<16]), let second = number(bytes[17..<19]),
            (1...12).contains(month), day >= 1, day <= days(in: month, of: year), hour <= 23, minute <= 59, second <= 59
        else { return false }
        var rest: ArraySlice<UInt8> = bytes[19...]
        if rest.first == 0x2E {
            let fraction: ArraySlice<UInt8> = rest.dropFirst().prefix { isDigit($0) }
            if fraction.isEmpty { return false }
            rest = rest.dropFirst(1 + fraction.count)
        }
        guard let zone = rest.first else { return false }
        if zone | 0x20 == 0x7A { return rest.count == 1 }
        let offset: [UInt8] = Array(rest)
        return (zone == 0x2B || zone == 0x2D) && offset.count == 6 && offset[3] == 0x3A && number(offset[1..<3]) != nil
            && number(offset[4..<6]) != nil
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

    private static func number(_ digits: ArraySlice<UInt8>) -> Int? {
        guard digits.allSatisfy(isDigit) else { return nil }
        return digits.reduce(0) { $0 * 10 + Int($1 - 0x30) }
    }

    private static func days(in month: Int, of year: Int) -> Int {
        switch month {
        case 2: return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: return 30
        default: return 31
        }
    }
}
