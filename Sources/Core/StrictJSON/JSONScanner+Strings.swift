/// The content of a string between its quotes, checked but not yet decoded.
struct JSONStringSpan {
    var start: Int
    var end: Int
    var hasEscapes: Bool
}

extension JSONScanner {
    private static var ones: UInt64 { 0x0101_0101_0101_0101 }
    private static var highs: UInt64 { 0x8080_8080_8080_8080 }

    /// Reads a string, the position being on its opening quote.
    @inline(__always)
    mutating func scanString() throws(JSONError) -> String {
        let span = try scanStringSpan()
        return text(of: span)
    }

    /// Passes over a string, checking escapes, surrogates, control characters and UTF-8.
    mutating func scanStringSpan() throws(JSONError) -> JSONStringSpan {
        let first = position + 1
        var index = first
        var hasEscapes = false
        while true {
            // Eight bytes at a time while none of them is a quote, a backslash, a control character or beyond ASCII.
            // The lowest flag is exact; a borrow can only raise flags above it.
            while index &+ 8 <= end {
                let word = UInt64(littleEndian: UnsafeRawPointer(buffer.baseAddress.unsafelyUnwrapped + index).loadUnaligned(as: UInt64.self))
                let quote = word ^ (Self.ones &* 0x22)
                let backslash = word ^ (Self.ones &* 0x5C)
                let special =
                    (((quote &- Self.ones) & ~quote) | ((backslash &- Self.ones) & ~backslash) | (word &- Self.ones &* 0x20) | word)
                    & Self.highs
                if special == 0 {
                    index &+= 8
                    continue
                }
                index &+= special.trailingZeroBitCount &>> 3
                break
            }
            guard index < end else {
                throw failure("the string that begins here is not closed", at: first - 1)
            }
            let byte = buffer[index]
            if byte == UInt8(ascii: "\"") {
                position = index + 1
                return JSONStringSpan(start: first, end: index, hasEscapes: hasEscapes)
            }
            if byte == UInt8(ascii: "\\") {
                hasEscapes = true
                index = try checkEscape(at: index)
            } else if byte < 0x20 {
                throw failure("a control character (\(byte)) in a string must be escaped", at: index)
            } else if byte < 0x80 {
                index += 1
            } else {
                index = try checkMultibyte(at: index)
            }
        }
    }

    /// The bytes of a checked span, as they are spelled.
    @inline(__always)
    func bytes(of span: JSONStringSpan) -> UnsafeBufferPointer<UInt8> { UnsafeBufferPointer(rebasing: buffer[span.start..<span.end]) }

    /// The text of a checked span, from the pool where there is one.
    @inline(__always)
    func text(of span: JSONStringSpan, pool: inout JSONTextPool?) -> String {
        guard pool != nil, span.end - span.start > 15, !span.hasEscapes else { return text(of: span) }
        return pool?.text(bytes(of: span)) ?? text(of: span)
    }

    /// The text of a checked span.
    @inline(__always)
    func text(of span: JSONStringSpan) -> String {
        if span.hasEscapes { return unescaped(span) }
        return String(decoding: UnsafeBufferPointer(rebasing: buffer[span.start..<span.end]), as: UTF8.self)
    }

    /// The text of a checked span that has escapes. It is never longer than its spelling.
    @inline(never)
    func unescaped(_ span: JSONStringSpan) -> String {
        String(unsafeUninitializedCapacity: span.end - span.start) { unescape(span, into: $0) }
    }

    /// Writes the decoded bytes of a checked span to `out`, which has room for the spelling, and hands back their number.
    func unescape(_ span: JSONStringSpan, into out: UnsafeMutableBufferPointer<UInt8>) -> Int {
        var count = 0
        var index = span.start
        while index < span.end {
            let byte = buffer[index]
            guard byte == UInt8(ascii: "\\") else {
                out[count] = byte
                count += 1
                index += 1
                continue
            }
            let kind = buffer[index + 1]
            index += 2
            switch kind {
            case UInt8(ascii: "b"): out[count] = 0x08
            case UInt8(ascii: "f"): out[count] = 0x0C
            case UInt8(ascii: "n"): out[count] = 0x0A
            case UInt8(ascii: "r"): out[count] = 0x0D
            case UInt8(ascii: "t"): out[count] = 0x09
            case UInt8(ascii: "u"):
                var code = UInt32(hexValue(at: index) ?? 0)  // checked by scanStringSpan
                index += 4
                if 0xD800...0xDBFF ~= code {
                    let low = UInt32(hexValue(at: index + 2) ?? 0)
                    index += 6
                    code = 0x10000 + ((code & 0x3FF) << 10) + (low & 0x3FF)
                }
                count = encode(code, into: out, at: count)
                continue
            default: out[count] = kind  // quote, backslash, slash
            }
            count += 1
        }
        return count
    }

    private func encode(_ code: UInt32, into out: UnsafeMutableBufferPointer<UInt8>, at position: Int) -> Int {
        switch code {
        case 0..<0x80:
            out[position] = UInt8(code)
            return position + 1
        case 0x80..<0x800:
            out[position] = 0xC0 | UInt8(code >> 6)
            out[position + 1] = 0x80 | UInt8(code & 0x3F)
            return position + 2
        case 0x800..<0x10000:
            out[position] = 0xE0 | UInt8(code >> 12)
            out[position + 1] = 0x80 | UInt8((code >> 6) & 0x3F)
            out[position + 2] = 0x80 | UInt8(code & 0x3F)
            return position + 3
        default:
            out[position] = 0xF0 | UInt8(code >> 18)
            out[position + 1] = 0x80 | UInt8((code >> 12) & 0x3F)
            out[position + 2] = 0x80 | UInt8((code >> 6) & 0x3F)
            out[position + 3] = 0x80 | UInt8(code & 0x3F)
            return position + 4
        }
    }

    /// Checks the escape at `index` and hands back where it ends.
    @inline(never)
    private func checkEscape(at index: Int) throws(JSONError) -> Int {
        guard index + 1 < end else { throw failure("the text ends within an escape", at: index) }
        switch buffer[index + 1] {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"), UInt8(ascii: "n"),
            UInt8(ascii: "r"), UInt8(ascii: "t"):
            return index + 2
        case UInt8(ascii: "u"):
            guard let code = hexValue(at: index + 2) else { throw failure("\\u must be followed by four hexadecimal digits", at: index) }
            if 0xDC00...0xDFFF ~= code { throw failure("a low surrogate without a high one before it is no character", at: index) }
            guard 0xD800...0xDBFF ~= code else { return index + 6 }
            guard index + 7 < end, buffer[index + 6] == UInt8(ascii: "\\"), buffer[index + 7] == UInt8(ascii: "u"),
                let low = hexValue(at: index + 8), 0xDC00...0xDFFF ~= low
            else { throw failure("a high surrogate without a low one after it is no character", at: index) }
            return index + 12
        default:
            throw failure("unknown escape; after a backslash only \" \\ / b f n r t u are allowed", at: index)
        }
    }

    private func hexValue(at index: Int) -> UInt16? {
        guard index + 4 <= end else { return nil }
        var value: UInt16 = 0
        for offset in 0..<4 {
            let byte = buffer[index + offset]
            let digit: UInt8
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = byte - UInt8(ascii: "a") + 10
            case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = byte - UInt8(ascii: "A") + 10
            default: return nil
            }
            value = value << 4 | UInt16(digit)
        }
        return value
    }

    /// Checks the UTF-8 sequence at `index` (Unicode, table 3-7) and hands back where it ends.
    private func checkMultibyte(at index: Int) throws(JSONError) -> Int {
        let lead = buffer[index]
        let length: Int
        var second: ClosedRange<UInt8> = 0x80...0xBF
        switch lead {
        case 0xC2...0xDF: length = 2
        case 0xE0: length = 3; second = 0xA0...0xBF
        case 0xE1...0xEC, 0xEE, 0xEF: length = 3
        case 0xED: length = 3; second = 0x80...0x9F
        case 0xF0: length = 4; second = 0x90...0xBF
        case 0xF1...0xF3: length = 4
        case 0xF4: length = 4; second = 0x80...0x8F
        default: throw failure("the text is not valid UTF-8", at: index)
        }
        guard index + length <= end, second ~= buffer[index + 1] else { throw failure("the text is not valid UTF-8", at: index) }
        for offset in 2..<max(length, 2) where buffer[index + offset] & 0xC0 != 0x80 {
            throw failure("the text is not valid UTF-8", at: index)
        }
        return index + length
    }
}
