/// Reads a text value by value, straight into typed models, without building a tree.
///
/// ```swift
/// var reader = JSONReader(bytes)
/// try reader.readObject { key, reader throws(JSONError) in
///     switch key {
///     case "name": name = try reader.string()
///     case "template": template = try reader.raw()
///     default: break                       // what the body does not read is passed over
///     }
/// }
/// try reader.finish()
/// ```
///
/// Keys of objects that are read must be unique, as everywhere; within values that are passed over or captured raw only
/// syntax, encoding and depth are checked. Errors carry the path from the root.
public struct JSONReader: Sendable {
    private let bytes: ArraySlice<UInt8>
    private let limits: JSONLimits
    /// Bytes read, from the beginning of `bytes`.
    private var position = 0
    private var depth = 0
    /// Where keys, and the strings of `sharedString`, come from if they were read before; nil makes all of them anew. May be handed
    /// from one reader to the next.
    public var pool: JSONTextPool?

    /// A reader at the beginning of `bytes`.
    public init(_ bytes: [UInt8], limits: JSONLimits = .standard) { self.init(bytes[...], limits: limits) }

    /// A reader at the beginning of a part, for instance of a value captured with `raw()`. Places in errors count from there.
    public init(_ part: ArraySlice<UInt8>, limits: JSONLimits = .standard) {
        bytes = part
        self.limits = limits
    }

    /// Kinds of values, as the first byte tells.
    public enum Kind: Sendable, Equatable {
        case null, bool, number, string, array, object
    }

    /// The kind of the next value; nil if what follows begins none.
    public var nextKind: Kind? {
        mutating get {
            onScanner { scanner in
                scanner.skipWhitespace()
                switch scanner.current {
                case UInt8(ascii: "n"): return .null
                case UInt8(ascii: "t"), UInt8(ascii: "f"): return .bool
                case UInt8(ascii: "\""): return .string
                case UInt8(ascii: "["): return .array
                case UInt8(ascii: "{"): return .object
                case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return .number
                default: return nil
                }
            }
        }
    }

    // MARK: Containers

    /// Reads an object, calling `body` for each member with the reader on its value.
    ///
    /// `body` reads the value at most once; if it does not, the value is passed over.
    public mutating func readObject(_ body: (_ key: String, _ reader: inout JSONReader) throws(JSONError) -> Void) throws(JSONError) {
        try open(UInt8(ascii: "{"), expected: "an object")
        if consumed(UInt8(ascii: "}")) { return close() }
        var seen = KeySet()
        repeat {
            let (key, digest, offset) = try nextKey()
            guard seen.insert(digest) else {
                throw error("the key \"\(key)\" occurs twice in this object; remove one of them", at: offset)
            }
            let before = position
            do throws(JSONError) {
                try body(key, &self)
                if position == before { try skip() }
            } catch { throw error.inside(key: key) }
        } while try continues(closing: UInt8(ascii: "}"))
        close()
    }

    /// Reads an array, calling `body` for each element with the reader on it.
    ///
    /// `body` reads the element at most once; if it does not, the element is passed over.
    public mutating func readArray(_ body: (_ reader: inout JSONReader) throws(JSONError) -> Void) throws(JSONError) {
        try open(UInt8(ascii: "["), expected: "an array")
        if consumed(UInt8(ascii: "]")) { return close() }
        var index = 0
        repeat {
            onScanner { $0.skipWhitespace() }  // so that looking at what comes next does not move the reader
            let before = position
            do throws(JSONError) {
                try body(&self)
                if position == before { try skip() }
            } catch { throw error.inside(index: index) }
            index += 1
        } while try continues(closing: UInt8(ascii: "]"))
        close()
    }

    /// Reads an array of equal elements.
    public mutating func array<Element>(_ element: (_ reader: inout JSONReader) throws(JSONError) -> Element) throws(JSONError) -> [Element] {
        var elements: [Element] = []
        try readArray { reader throws(JSONError) in elements.append(try element(&reader)) }
        return elements
    }

    /// Reads an object whose values are all strings, such as labels.
    public mutating func stringMap() throws(JSONError) -> [String: String] {
        var map: [String: String] = [:]
        try readObject { key, reader throws(JSONError) in map[key] = try reader.string() }
        return map
    }

    // MARK: Scalars

    /// Reads a string.
    public mutating func string() throws(JSONError) -> String {
        try onScanner { scanner throws(JSONError) -> String in
            scanner.skipWhitespace()
            guard scanner.current == UInt8(ascii: "\"") else { throw scanner.mismatch("a string") }
            return try scanner.scanString()
        }
    }

    /// Reads a string of a sort that comes again and again.
    public mutating func sharedString() throws(JSONError) -> String {
        var pool = pool.take()
        defer { self.pool = pool }
        return try onScanner { scanner throws(JSONError) -> String in
            scanner.skipWhitespace()
            guard scanner.current == UInt8(ascii: "\"") else { throw scanner.mismatch("a string") }
            let span = try scanner.scanStringSpan()
            return scanner.text(of: span, pool: &pool)
        }
    }

    /// Reads an integer; a number with a fraction or beyond 64 bits is an error.
    public mutating func int() throws(JSONError) -> Int { Int(try int64()) }

    /// Reads an integer; a number with a fraction or beyond 64 bits is an error.
    public mutating func int64() throws(JSONError) -> Int64 {
        try onScanner { scanner throws(JSONError) -> Int64 in
            scanner.skipWhitespace()
            guard scanner.isAtNumber else { throw scanner.mismatch("an integer") }
            let offset = scanner.position
            let number = try scanner.scanNumber()
            guard let value = number.int64 else { throw scanner.failure("expected an integer of 64 bits, found \(number.text)", at: offset) }
            return value
        }
    }

    /// Reads any number.
    public mutating func number() throws(JSONError) -> JSONNumber {
        try onScanner { scanner throws(JSONError) -> JSONNumber in
            scanner.skipWhitespace()
            guard scanner.isAtNumber else { throw scanner.mismatch("a number") }
            return try scanner.scanNumber()
        }
    }

    /// Reads any number as the nearest double.
    public mutating func double() throws(JSONError) -> Double { try number().double }

    /// Reads a boolean.
    public mutating func bool() throws(JSONError) -> Bool {
        try onScanner { scanner throws(JSONError) -> Bool in
            scanner.skipWhitespace()
            switch scanner.current {
            case UInt8(ascii: "t"):
                try scanner.scanWord("true")
                return true
            case UInt8(ascii: "f"):
                try scanner.scanWord("false")
                return false
            default: throw scanner.mismatch("true or false")
            }
        }
    }

    /// Reads `null` if it is next and says so; else reads nothing.
    public mutating func consumeNull() throws(JSONError) -> Bool {
        try onScanner { scanner throws(JSONError) -> Bool in
            scanner.skipWhitespace()
            guard scanner.current == UInt8(ascii: "n") else { return false }
            try scanner.scanWord("null")
            return true
        }
    }

    /// Reads a value with `read`, or nil if it is `null`.
    public mutating func optional<Value>(_ read: (_ reader: inout JSONReader) throws(JSONError) -> Value) throws(JSONError) -> Value? {
        if try consumeNull() { return nil }
        return try read(&self)
    }

    // MARK: Whole values

    /// Reads the next value as a tree.
    public mutating func value() throws(JSONError) -> JSONValue {
        try checkSize()
        let depth = depth
        return try onScanner { scanner throws(JSONError) -> JSONValue in try JSONParser.parseNext(&scanner, depth: depth) }
    }

    /// Passes over the next value and hands back its bytes. They share, and keep alive, the whole text.
    public mutating func raw() throws(JSONError) -> ArraySlice<UInt8> {
        try checkSize()
        let depth = depth
        let range = try onScanner { scanner throws(JSONError) -> Range<Int> in
            scanner.skipWhitespace()
            let first = scanner.position
            try scanner.skipValue(depth: depth)
            return first..<scanner.position
        }
        return bytes[(bytes.startIndex + range.lowerBound)..<(bytes.startIndex + range.upperBound)]
    }

    /// Passes over the next value.
    public mutating func skip() throws(JSONError) {
        try checkSize()
        let depth = depth
        try onScanner { scanner throws(JSONError) in try scanner.skipValue(depth: depth) }
    }

    /// Passes over the next value and hands back the digest that its tree would have.
    public mutating func digestOfNextValue() throws(JSONError) -> UInt64 {
        try checkSize()
        let depth = depth
        return try onScanner { scanner throws(JSONError) -> UInt64 in try scanner.digestOfValue(depth: depth) }
    }

    /// Checks that nothing but blanks follows.
    public mutating func finish() throws(JSONError) {
        try onScanner { scanner throws(JSONError) in try scanner.expectEnd() }
    }

    /// An error at the reader's position, for what only the caller can judge.
    public func error(_ message: String) -> JSONError { error(message, at: position) }

    // MARK: Machinery

    private mutating func nextKey() throws(JSONError) -> (key: String, digest: UInt64, offset: Int) {
        var pool = pool.take()
        defer { self.pool = pool }
        return try onScanner { scanner throws(JSONError) -> (String, UInt64, Int) in
            try scanner.expectKey()
            let offset = scanner.position
            let span = try scanner.scanStringSpan()
            let digest = scanner.digest(of: span)
            try scanner.expectColon()
            scanner.skipWhitespace()  // so that looking at what comes next does not move the reader
            return (scanner.text(of: span, pool: &pool), digest, offset)
        }
    }

    private func error(_ message: String, at offset: Int) -> JSONError {
        bytes.withUnsafeBufferPointer {
            JSONScanner($0, position: position, limits: limits).failure(message, at: offset)
        }
    }

    @inline(__always)
    private mutating func onScanner<Result, Failure: Error>(
        _ body: (inout JSONScanner) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        var next = position
        let limits = limits
        defer { position = next }
        return try bytes.withUnsafeBufferPointer { buffer throws(Failure) -> Result in
            var scanner = JSONScanner(buffer, position: next, limits: limits)
            defer { next = scanner.position }
            return try body(&scanner)
        }
    }

    /// Once, before anything is read.
    @inline(__always)
    private func checkSize() throws(JSONError) {
        if position == 0 { try JSONScanner.checkSize(bytes.count, limits) }
    }

    private mutating func open(_ byte: UInt8, expected: String) throws(JSONError) {
        try checkSize()
        let depth = depth
        try onScanner { scanner throws(JSONError) in
            scanner.skipWhitespace()
            guard scanner.current == byte else { throw scanner.mismatch(expected) }
            try scanner.checkDepth(depth)
            scanner.position += 1
        }
        self.depth += 1
    }

    private mutating func close() { depth -= 1 }

    private mutating func consumed(_ byte: UInt8) -> Bool { onScanner { $0.consume(byte) } }

    private mutating func continues(closing byte: UInt8) throws(JSONError) -> Bool {
        try onScanner { scanner throws(JSONError) -> Bool in try scanner.continues(closing: byte) }
    }
}

extension JSONScanner {
    @inline(__always)
    var isAtNumber: Bool { current == UInt8(ascii: "-") || current &- UInt8(ascii: "0") <= 9 }

    /// An error for a value of another kind than wanted, which shows the value if it is short.
    @inline(never)
    func mismatch(_ expected: String) -> JSONError {
        var copy = self
        if current == UInt8(ascii: "\""), let span = try? copy.scanStringSpan(), span.end - span.start <= 40 {  // else its kind must do
            let text = JSONValue.string(copy.text(of: span)).text()
            return failure("expected \(expected), found the string \(text)")
        }
        return failure("expected \(expected), found \(found())")
    }
}
