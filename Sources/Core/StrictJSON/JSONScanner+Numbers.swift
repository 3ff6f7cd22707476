extension JSONScanner {
    /// Reads a number, the position being on its sign or first digit.
    mutating func scanNumber() throws(JSONError) -> JSONNumber {
        // Most numbers are short integers.
        var index = position
        let isNegative = current == UInt8(ascii: "-")
        if isNegative { index += 1 }
        let firstDigit = index
        var value: Int64 = 0
        while index < end, index - firstDigit < 18 {
            let digit = buffer[index] &- UInt8(ascii: "0")
            if digit > 9 { break }
            value = value &* 10 &+ Int64(digit)
            index += 1
        }
        let digitCount = index - firstDigit
        if digitCount > 0, digitCount == 1 || buffer[firstDigit] != UInt8(ascii: "0"), index == end || !continuesNumber(buffer[index]) {
            position = index
            return JSONNumber(storage: .int(isNegative ? -value : value))
        }
        return try scanAnyNumber()
    }

    @inline(__always)
    private func continuesNumber(_ byte: UInt8) -> Bool {
        byte &- UInt8(ascii: "0") <= 9 || byte == UInt8(ascii: ".") || byte | 0x20 == UInt8(ascii: "e")
    }

    /// Passes over a number, checking its grammar, and hands back where it began and ended.
    @inline(__always)
    mutating func scanNumberSpan() throws(JSONError) -> Range<Int> {
        let first = position
        if current == UInt8(ascii: "-") { position += 1 }
        if current == UInt8(ascii: "0") {
            position += 1
            if current &- UInt8(ascii: "0") <= 9 { throw failure("a number must not begin with a zero before other digits", at: first) }
        } else {
            try scanDigits(after: "a minus sign")
        }
        if current == UInt8(ascii: ".") {
            position += 1
            try scanDigits(after: "a decimal point")
        }
        if current | 0x20 == UInt8(ascii: "e") {
            position += 1
            if current == UInt8(ascii: "+") || current == UInt8(ascii: "-") { position += 1 }
            try scanDigits(after: "the exponent sign")
        }
        return first..<position
    }

    @inline(__always)
    private mutating func scanDigits(after what: StaticString) throws(JSONError) {
        let first = position
        while position < end, buffer[position] &- UInt8(ascii: "0") <= 9 { position += 1 }
        guard position > first else { throw failure("expected a digit after \(what), found \(found())") }
    }

    /// Reads any number. It becomes the type that says the same as the text, else stays text.
    @inline(never)
    private mutating func scanAnyNumber() throws(JSONError) -> JSONNumber {
        let span = try scanNumberSpan()
        guard let decimal = Decimal(buffer, span) else { return JSONNumber(storage: .text(text(in: span))) }
        if decimal.mantissa == 0 { return JSONNumber(storage: .int(0)) }
        if let integer = decimal.integer { return JSONNumber(storage: .int(integer)) }
        if let exact = decimal.doubleOfFewDigits { return JSONNumber(storage: .double(exact)) }
        let spelling = text(in: span)
        if let double = Double(spelling), double.isFinite, double != 0 {
            // The standard library prints the shortest digits that name this double; if they are ours, nothing is lost.
            var shortest = double.description
            if shortest.withUTF8({ Decimal($0, 0..<$0.count) == decimal }) { return JSONNumber(storage: .double(double)) }
        }
        return JSONNumber(storage: .text(spelling))
    }

    private func text(in span: Range<Int>) -> String {
        String(decoding: UnsafeBufferPointer(rebasing: buffer[span]), as: UTF8.self)
    }

    /// A number of at most 19 significant digits, exactly: ±mantissa × 10^exponent, the mantissa not divisible by 10.
    private struct Decimal: Equatable {
        var isNegative = false
        var mantissa: UInt64 = 0
        var exponent = 0

        /// The number spelled in `span`, whose grammar is known to be right; nil if it has more digits or an absurd exponent.
        init?(_ buffer: UnsafeBufferPointer<UInt8>, _ span: Range<Int>) {
            var pendingZeros = 0
            var afterPoint = false
            var index = span.lowerBound
            if buffer[index] == UInt8(ascii: "-") {
                isNegative = true
                index += 1
            }
            while index < span.upperBound {
                let byte = buffer[index]
                index += 1
                if byte == UInt8(ascii: ".") {
                    afterPoint = true
                    continue
                }
                if byte | 0x20 == UInt8(ascii: "e") { break }
                if afterPoint { exponent -= 1 }
                let digit = byte - UInt8(ascii: "0")
                // Zeros count only once another digit follows.
                if digit == 0 {
                    if mantissa != 0 { pendingZeros += 1 }
                    continue
                }
                guard pendingZeros < 19 else { return nil }
                for _ in 0...pendingZeros {
                    let (product, overflow) = mantissa.multipliedReportingOverflow(by: 10)
                    guard !overflow else { return nil }
                    mantissa = product
                }
                pendingZeros = 0
                let (sum, overflow) = mantissa.addingReportingOverflow(UInt64(digit))
                guard !overflow else { return nil }
                mantissa = sum
            }
            exponent += pendingZeros
            guard index < span.upperBound else { return }
            var written = 0
            let minus = buffer[index] == UInt8(ascii: "-")
            if minus || buffer[index] == UInt8(ascii: "+") { index += 1 }
            while index < span.upperBound {
                written = written * 10 + Int(buffer[index] - UInt8(ascii: "0"))
                if written > 1_000_000_000 {
                    if mantissa == 0 { return }
                    return nil
                }
                index += 1
            }
            exponent += minus ? -written : written
        }

        /// The value, if it is an `Int64`.
        var integer: Int64? {
            guard exponent >= 0, exponent < 19 else { return nil }
            var magnitude = mantissa
            for _ in 0..<exponent {
                let (product, overflow) = magnitude.multipliedReportingOverflow(by: 10)
                guard !overflow else { return nil }
                magnitude = product
            }
            if isNegative { return magnitude <= 1 << 63 ? Int64(truncatingIfNeeded: 0 &- magnitude) : nil }
            return Int64(exactly: magnitude)
        }

        /// The value as a double, computed exactly (Clinger): up to 15 digits survive the way to a double and back, and
        /// powers of ten up to 22 are doubles themselves, so that one correctly rounded operation gives the result.
        var doubleOfFewDigits: Double? {
            guard mantissa < 1_000_000_000_000_000, abs(exponent) <= 22 else { return nil }
            let magnitude = exponent < 0 ? Double(mantissa) / Self.powersOfTen[-exponent] : Double(mantissa) * Self.powersOfTen[exponent]
            return isNegative ? -magnitude : magnitude
        }

        private static let powersOfTen: [Double] = [
            1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
        ]
    }
}
