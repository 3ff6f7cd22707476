/// Strings as the language sees them: bytes that hold UTF-8. Positions count bytes; characters are code points.
enum ByteText {
    struct Character {
        /// U+FFFD for a byte that is no part of valid UTF-8.
        var scalar: Unicode.Scalar
        var range: Range<Int>
    }

    /// The code points; each invalid byte stands for itself.
    static func characters(of bytes: [UInt8]) -> [Character] {
        var found: [Character] = []
        var index = 0
        while index < bytes.count {
            let length = bytes[index] < 0x80 ? 1 : bytes[index] >= 0xF0 ? 4 : bytes[index] >= 0xE0 ? 3 : 2
            let end = min(index + length, bytes.count)
            if let text = String(validating: bytes[index..<end], as: UTF8.self), let scalar = text.unicodeScalars.first {
                found.append(Character(scalar: scalar, range: index..<end))
                index = end
            } else {
                found.append(Character(scalar: "\u{FFFD}", range: index..<index + 1))
                index += 1
            }
        }
        return found
    }

    /// The first place of a part, in time that grows with the sum of both lengths, not with their product.
    static func firstIndex(of part: [UInt8], in text: [UInt8], from start: Int = 0) -> Int? {
        if part.isEmpty { return start }
        if part.count > text.count - start { return nil }
        if part.count == 1 { return text[start...].firstIndex(of: part[0]) }
        let borders = borders(of: part)
        var matched = 0
        for index in start..<text.count {
            while matched > 0, text[index] != part[matched] { matched = borders[matched - 1] }
            if text[index] == part[matched] { matched += 1 }
            if matched == part.count { return index - part.count + 1 }
        }
        return nil
    }

    /// For each prefix the length of its longest proper prefix that is also its end.
    private static func borders(of part: [UInt8]) -> [Int] {
        var borders = [Int](repeating: 0, count: part.count)
        var length = 0
        for index in 1..<part.count {
            while length > 0, part[index] != part[length] { length = borders[length - 1] }
            if part[index] == part[length] { length += 1 }
            borders[index] = length
        }
        return borders
    }

    /// Places of a part that do not overlap; an empty part stands before each character and at the end.
    static func occurrences(of part: [UInt8], in text: [UInt8]) -> [Int] {
        if part.isEmpty { return characters(of: text).map(\.range.lowerBound) + [text.count] }
        if part.count > text.count { return [] }
        let borders = part.count == 1 ? [0] : borders(of: part)
        var found: [Int] = []
        var matched = 0
        for index in text.indices {
            while matched > 0, text[index] != part[matched] { matched = borders[matched - 1] }
            if text[index] == part[matched] { matched += 1 }
            if matched == part.count {
                found.append(index - part.count + 1)
                matched = 0
            }
        }
        return found
    }

    /// The parts between separators, at most `limit` of them unless that is negative.
    static func split(_ text: [UInt8], by separator: [UInt8], limit: Int, keepingSeparator: Bool) -> [Range<Int>] {
        if limit == 0 { return [] }
        if separator.isEmpty {
            let ranges = characters(of: text).map(\.range)
            guard limit > 0, ranges.count > limit else { return ranges }
            return Array(ranges[..<(limit - 1)]) + [ranges[limit - 1].lowerBound..<text.count]
        }
        var parts: [Range<Int>] = []
        var last = 0
        for found in occurrences(of: separator, in: text) {
            if limit > 0, parts.count == limit - 1 { break }
            parts.append(last..<(keepingSeparator ? found + separator.count : found))
            last = found + separator.count
        }
        return parts + [last..<text.count]
    }

    static func trimmed(_ text: [UInt8], _ isCut: (Unicode.Scalar) -> Bool) -> ArraySlice<UInt8> {
        let characters = characters(of: text)
        guard let first = characters.first(where: { !isCut($0.scalar) }), let last = characters.last(where: { !isCut($0.scalar) }) else { return [] }
        return text[first.range.lowerBound..<last.range.upperBound]
    }

    /// One code point to one: ß stays ß.
    static func uppercase(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
        let upper = scalar.properties.uppercaseMapping.unicodeScalars
        if upper.count == 1 { return upper.first! }
        // Letters whose full capital has several code points may have a simple one: that of titles.
        let title = scalar.properties.titlecaseMapping.unicodeScalars
        return title.count == 1 ? title.first! : scalar
    }

    static func lowercase(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
        if scalar == "\u{130}" { return "i" }
        let lower = scalar.properties.lowercaseMapping.unicodeScalars
        return lower.count == 1 ? lower.first! : scalar
    }
}
