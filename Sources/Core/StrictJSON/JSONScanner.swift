/// Bytes to tokens: where a value begins and ends, and what a string or number says. Knows nothing of trees.
///
/// It borrows the bytes for the time of one call. All reads are bounds-checked by comparing `position` with `end`.
struct JSONScanner {
    let buffer: UnsafeBufferPointer<UInt8>
    let end: Int
    var position: Int
    let maxDepth: Int

    init(_ buffer: UnsafeBufferPointer<UInt8>, position: Int, limits: JSONLimits) {
        self.buffer = buffer
        end = buffer.count
        self.position = position
        maxDepth = limits.maxDepth
    }

    /// The byte at the position; 0, which begins no token, at the end.
    @inline(__always) var current: UInt8 { position < end ? buffer[position] : 0 }

    @inline(__always)
    mutating func skipWhitespace() {
        while position < end {
            let byte = buffer[position]
            if byte > 0x20 { return }
            guard byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 else { return }
            position += 1
        }
    }

    /// Consumes `byte` if it is next, after blanks.
    @inline(__always)
    mutating func consume(_ byte: UInt8) -> Bool {
        skipWhitespace()
        guard position < end, buffer[position] == byte else { return false }
        position += 1
        return true
    }

    /// Checks that nothing but blanks is left.
    mutating func expectEnd() throws(JSONError) {
        skipWhitespace()
        guard position == end else { throw failure("expected the end of the text after the value, found \(found())") }
    }

    /// Consumes `true`, `false` or `null`, of which the first byte is known to match.
    @inline(__always)
    mutating func scanWord(_ word: StaticString) throws(JSONError) {
        let length = word.utf8CodeUnitCount
        let expected = word.utf8Start
        if end - position >= length {
            var index = 0
            while index < length, buffer[position + index] == expected[index] { index += 1 }
            if index == length {
                position += length
                return
            }
        }
        throw failure("expected \(word), found \(found())")
    }

    /// Passes over any value, checking its syntax and encoding, but not whether keys within it are unique.
    mutating func skipValue(depth: Int) throws(JSONError) {
        skipWhitespace()
        switch current {
        case UInt8(ascii: "\""): _ = try scanStringSpan()
        case UInt8(ascii: "{"):
            try checkDepth(depth)
            position += 1
            if consume(UInt8(ascii: "}")) { return }
            repeat {
                try expectKey()
                _ = try scanStringSpan()
                try expectColon()
                try skipValue(depth: depth + 1)
            } while try continues(closing: UInt8(ascii: "}"))
        case UInt8(ascii: "["):
            try checkDepth(depth)
            position += 1
            if consume(UInt8(ascii: "]")) { return }
            repeat { try skipValue(depth: depth + 1) } while try continues(closing: UInt8(ascii: "]"))
        case UInt8(ascii: "t"): try scanWord("true")
        case UInt8(ascii: "f"): try scanWord("false")
        case UInt8(ascii: "n"): try scanWord("null")
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): _ = try scanNumberSpan()
        default: throw failure("expected a value, found \(found())")
        }
    }

    @inline(__always)
    func checkDepth(_ depth: Int) throws(JSONError) {
        guard depth < maxDepth else { throw failure("arrays and objects are nested deeper than \(maxDepth) levels") }
    }

    /// After an element: true if another follows, false if the container was closed.
    @inline(__always)
    mutating func continues(closing close: UInt8) throws(JSONError) -> Bool {
        skipWhitespace()
        let byte = current
        if byte == UInt8(ascii: ",") {
            position += 1
            return true
        }
        guard byte == close, position < end else {
            throw failure("expected \",\" or \"\(Character(Unicode.Scalar(close)))\", found \(found())")
        }
        position += 1
        return false
    }

    /// Stops at the quote that opens a key.
    @inline(__always)
    mutating func expectKey() throws(JSONError) {
        skipWhitespace()
        guard current == UInt8(ascii: "\"") else { throw failure("expected a key in double quotes, found \(found())") }
    }

    @inline(__always)
    mutating func expectColon() throws(JSONError) {
        guard consume(UInt8(ascii: ":")) else { throw failure("expected \":\" after the key, found \(found())") }
    }
}

// MARK: - Errors

extension JSONScanner {
    /// An error at the position.
    @inline(never)
    func failure(_ message: String) -> JSONError { failure(message, at: position) }

    /// An error at `offset`, with line and column counted now; the good path never counts lines.
    @inline(never)
    func failure(_ message: String, at offset: Int) -> JSONError {
        var line = 1
        var column = 1
        for index in 0..<min(offset, end) {
            let byte = buffer[index]
            if byte == 0x0A {
                line += 1
                column = 1
            } else if byte & 0xC0 != 0x80 {
                column += 1
            }
        }
        return JSONError(offset: offset, line: line, column: column, message: message)
    }

    /// What stands at the position, for messages.
    @inline(never)
    func found() -> String {
        guard position < end else { return "the end of the text" }
        let byte = buffer[position]
        switch byte {
        case UInt8(ascii: "\""): return "a string"
        case UInt8(ascii: "{"): return "an object"
        case UInt8(ascii: "["): return "an array"
        case 0x21...0x7E:
            // A word or number as a whole, but not pages of it.
            var last = position
            while last < end, last - position < 24, isWordByte(buffer[last]) { last += 1 }
            let text = String(decoding: UnsafeBufferPointer(rebasing: buffer[position..<max(last, position + 1)]), as: UTF8.self)
            return byte == UInt8(ascii: "\\") || last == position ? "\"\(text)\"" : text
        default:
            let hex = String(byte, radix: 16, uppercase: true)
            return "the byte 0x" + (hex.utf8.count < 2 ? "0" + hex : hex)
        }
    }

    private func isWordByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: "_"):
            return true
        default: return false
        }
    }
}
