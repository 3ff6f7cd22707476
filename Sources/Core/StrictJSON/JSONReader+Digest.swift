extension JSONScanner {
    /// The digest of a checked string, decoded first if it has escapes.
    func digest(of span: JSONStringSpan) -> UInt64 {
        guard span.hasEscapes else { return StructuralDigest.ofString(UnsafeBufferPointer(rebasing: buffer[span.start..<span.end])) }
        return withUnsafeTemporaryAllocation(of: UInt8.self, capacity: span.end - span.start) { decoded in
            let count = unescape(span, into: decoded)
            return StructuralDigest.ofString(UnsafeBufferPointer(rebasing: decoded[..<count]))
        }
    }

    /// Passes over a value and hands back its structural digest. Duplicate keys are refused here, too: their digests are known.
    mutating func digestOfValue(depth: Int) throws(JSONError) -> UInt64 {
        skipWhitespace()
        switch current {
        case UInt8(ascii: "\""): return digest(of: try scanStringSpan())
        case UInt8(ascii: "{"):
            try checkDepth(depth)
            position += 1
            var sum: UInt64 = 0
            var seen = KeySet()
            if consume(UInt8(ascii: "}")) { return StructuralDigest.ofObject(sum: 0, count: 0) }
            repeat {
                try expectKey()
                let offset = position
                let span = try scanStringSpan()
                let key = digest(of: span)
                guard seen.insert(key) else {
                    throw failure("the key \"\(text(of: span))\" occurs twice in this object; remove one of them", at: offset)
                }
                try expectColon()
                sum &+= StructuralDigest.ofMember(key: key, value: try digestOfValue(depth: depth + 1))
            } while try continues(closing: UInt8(ascii: "}"))
            return StructuralDigest.ofObject(sum: sum, count: seen.count)
        case UInt8(ascii: "["):
            try checkDepth(depth)
            position += 1
            var digest = StructuralDigest.emptyArray
            if consume(UInt8(ascii: "]")) { return digest }
            repeat {
                digest = StructuralDigest.appending(try digestOfValue(depth: depth + 1), to: digest)
            } while try continues(closing: UInt8(ascii: "]"))
            return digest
        case UInt8(ascii: "t"):
            try scanWord("true")
            return StructuralDigest.of(true)
        case UInt8(ascii: "f"):
            try scanWord("false")
            return StructuralDigest.of(false)
        case UInt8(ascii: "n"):
            try scanWord("null")
            return StructuralDigest.null
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return StructuralDigest.of(try scanNumber())
        default: throw failure("expected a value, found \(found())")
        }
    }
}

/// The keys of one object that were seen, by digest: two different keys with one digest would be refused as duplicates,
/// which happens by chance once in 2^64 pairs.
struct KeySet {
    private(set) var count = 0
    /// The first keys in place, since most objects have few and need no allocation then.
    private var first: (UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0, 0, 0, 0, 0)
    private var rest: Set<UInt64> = []

    /// Adds a key; false if it was there.
    @inline(__always)
    mutating func insert(_ digest: UInt64) -> Bool {
        let known = count
        count += 1
        if known >= 8 { return insertBeyond(digest) }
        return withUnsafeMutableBytes(of: &first) { bytes in
            let digests = bytes.assumingMemoryBound(to: UInt64.self)
            var index = 0
            while index < known {
                if digests[index] == digest { return false }
                index += 1
            }
            digests[known] = digest
            return true
        }
    }

    @inline(never)
    private mutating func insertBeyond(_ digest: UInt64) -> Bool {
        if rest.isEmpty { rest = [first.0, first.1, first.2, first.3, first.4, first.5, first.6, first.7] }
        return rest.insert(digest).inserted
    }
}
