/// Bytes to a tree.
///
/// Members and elements are gathered on two stacks of the parser and moved into arrays of exactly their number when their
/// container closes: one allocation per container, and no slack kept in the tree.
struct JSONParser: ~Copyable {
    private var scanner: JSONScanner
    private var members = ParserStack<JSONObject.Member>()
    private var elements = ParserStack<JSONValue>()
    /// Made when the first object is met, since a scalar needs none.
    private var keys: JSONTextPool?

    /// The one value that `buffer` spells.
    static func parse(_ buffer: UnsafeBufferPointer<UInt8>, limits: JSONLimits) throws(JSONError) -> JSONValue {
        try JSONScanner.checkSize(buffer.count, limits)
        var parser = JSONParser(JSONScanner(buffer, position: 0, limits: limits))
        let value = try parser.parseValue(depth: 0)
        try parser.scanner.expectEnd()
        return value
    }

    /// The next value of a scanner that a pull reader holds.
    static func parseNext(_ scanner: inout JSONScanner, depth: Int) throws(JSONError) -> JSONValue {
        var parser = JSONParser(scanner)
        let value = try parser.parseValue(depth: depth)
        scanner.position = parser.scanner.position
        return value
    }

    private init(_ scanner: JSONScanner) { self.scanner = scanner }

    private mutating func parseValue(depth: Int) throws(JSONError) -> JSONValue {
        scanner.skipWhitespace()
        switch scanner.current {
        case UInt8(ascii: "\""): return .string(try scanner.scanString())
        case UInt8(ascii: "{"): return try parseObject(depth: depth)
        case UInt8(ascii: "["): return try parseArray(depth: depth)
        case UInt8(ascii: "t"):
            try scanner.scanWord("true")
            return .bool(true)
        case UInt8(ascii: "f"):
            try scanner.scanWord("false")
            return .bool(false)
        case UInt8(ascii: "n"):
            try scanner.scanWord("null")
            return .null
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return .number(try scanner.scanNumber())
        default: throw scanner.failure("expected a value, found \(scanner.found())")
        }
    }

    private mutating func parseArray(depth: Int) throws(JSONError) -> JSONValue {
        try scanner.checkDepth(depth)
        scanner.position += 1
        if scanner.consume(UInt8(ascii: "]")) { return .array([]) }
        let first = elements.count
        repeat {
            let element = try parseValue(depth: depth + 1)
            elements.push(element)
        } while try scanner.continues(closing: UInt8(ascii: "]"))
        return .array(elements.pop(from: first))
    }

    private mutating func parseObject(depth: Int) throws(JSONError) -> JSONValue {
        try scanner.checkDepth(depth)
        scanner.position += 1
        if scanner.consume(UInt8(ascii: "}")) { return .object(JSONObject()) }
        let first = members.count
        // Keys are compared only where a filter of 64 bits can't rule out that this one was there; keys of large objects are
        // looked up in a set, or their number squared would be the cost.
        var filter: UInt64 = 0
        var seen: Set<ByteKey> = []
        repeat {
            try scanner.expectKey()
            let keyOffset = scanner.position
            let span = try scanner.scanStringSpan()
            let key = text(ofKey: span)
            let count = members.count - first
            if count < 24 {
                let bit = scanner.filterBit(of: span)
                if filter & bit != 0 || span.hasEscapes {
                    for index in first..<members.count where members[index].key.hasSameBytes(as: key) {
                        throw scanner.failure(duplicate(key), at: keyOffset)
                    }
                }
                filter |= bit
            } else {
                if seen.isEmpty { for index in first..<members.count { seen.insert(ByteKey(members[index].key)) } }
                guard seen.insert(ByteKey(key)).inserted else { throw scanner.failure(duplicate(key), at: keyOffset) }
            }
            try scanner.expectColon()
            let value = try parseValue(depth: depth + 1)
            members.push(JSONObject.Member(key: key, value: value))
        } while try scanner.continues(closing: UInt8(ascii: "}"))
        return .object(JSONObject(uncheckedUnique: members.pop(from: first)))
    }

    @inline(__always)
    private mutating func text(ofKey span: JSONStringSpan) -> String {
        guard span.end - span.start > 15, !span.hasEscapes else { return scanner.text(of: span) }
        if keys == nil { keys = JSONTextPool(slots: 64) }
        return keys?.text(scanner.bytes(of: span)) ?? scanner.text(of: span)
    }

    private func duplicate(_ key: String) -> String { "the key \"\(key)\" occurs twice in this object; remove one of them" }
}

extension JSONScanner {
    /// One of 64 bits for a key, equal for equal keys; all of them for a key with escapes, whose bytes are not at hand.
    @inline(__always)
    fileprivate func filterBit(of span: JSONStringSpan) -> UInt64 {
        if span.hasEscapes { return ~0 }
        let length = span.end &- span.start
        if length == 0 { return 1 }
        let sum = length &+ Int(buffer[span.start]) &* 3 &+ Int(buffer[span.start &+ length / 2]) &* 7 &+ Int(buffer[span.end &- 1]) &* 13
        return 1 &<< UInt64(truncatingIfNeeded: sum)
    }

    static func checkSize(_ count: Int, _ limits: JSONLimits) throws(JSONError) {
        guard count <= limits.maxBytes else {
            throw JSONError(
                offset: limits.maxBytes, line: 1, column: 1, message: "the text has \(count) bytes; at most \(limits.maxBytes) are accepted")
        }
    }
}

/// A stack whose top can be moved out as an array of its own.
private struct ParserStack<Element>: ~Copyable {
    private(set) var count = 0
    private var capacity = 0
    private var base: UnsafeMutablePointer<Element>?

    deinit {
        guard let base else { return }
        base.deinitialize(count: count)
        base.deallocate()
    }

    subscript(index: Int) -> Element {
        @inline(__always) get { base.unsafelyUnwrapped[index] }
    }

    @inline(__always)
    mutating func push(_ element: consuming Element) {
        if count == capacity { grow() }
        (base.unsafelyUnwrapped + count).initialize(to: element)
        count += 1
    }

    /// Moves all elements from `first` on into an array.
    @inline(__always)
    mutating func pop(from first: Int) -> [Element] {
        let number = count - first
        guard number > 0, let base else { return [] }
        count = first
        var popped: [Element] = []
        popped.reserveCapacity(number)
        for index in first..<(first + number) { popped.append((base + index).move()) }
        return popped
    }

    @inline(never)
    private mutating func grow() {
        let larger = max(64, capacity * 2)
        let fresh = UnsafeMutablePointer<Element>.allocate(capacity: larger)
        if let base {
            fresh.moveInitialize(from: base, count: count)
            base.deallocate()
        }
        base = fresh
        capacity = larger
    }
}
