/// How a value is written.
public struct JSONStyle: Sendable, Hashable {
    /// Blanks per level; nil writes everything on one line without blanks.
    public var indent: Int?
    /// Whether members are written in the order of their keys' bytes, as Go writes maps, instead of their own order.
    public var sortsKeys: Bool
    /// Whether `<`, `>`, `&`, U+2028 and U+2029 are escaped, as Go's encoding/json does by default.
    public var escapesHTML: Bool

    /// A style with the given properties.
    public init(indent: Int? = nil, sortsKeys: Bool = false, escapesHTML: Bool = false) {
        self.indent = indent
        self.sortsKeys = sortsKeys
        self.escapesHTML = escapesHTML
    }

    /// On one line, no blanks, members in their own order.
    public static let compact = JSONStyle()
    /// Four blanks per level, members in their own order.
    public static let pretty = JSONStyle(indent: 4)
    /// Compact, members sorted: one text for equal values.
    public static let sortedKeys = JSONStyle(sortsKeys: true)
    /// As Go's encoding/json writes a struct: compact, members in the given order, HTML characters escaped.
    public static let go = JSONStyle(escapesHTML: true)
    /// As `kubectl get -o json` prints: four blanks per level, members sorted.
    public static let kubectl = JSONStyle(indent: 4, sortsKeys: true)
}

extension JSONValue {
    /// The value as UTF-8 text.
    public func serialized(_ style: JSONStyle = .compact) -> [UInt8] {
        var writer = JSONWriter(style: style)
        writer.write(self, level: 0)
        return writer.out
    }

    /// The value as text.
    public func text(_ style: JSONStyle = .compact) -> String { String(decoding: serialized(style), as: UTF8.self) }
}

/// Appends values to a buffer.
struct JSONWriter {
    let style: JSONStyle
    var out: [UInt8] = []

    init(style: JSONStyle) { self.style = style }

    mutating func write(_ value: JSONValue, level: Int) {
        switch value {
        case .null: out.append(contentsOf: "null".utf8)
        case .bool(let bool): out.append(contentsOf: bool ? "true".utf8 : "false".utf8)
        case .number(let number): write(number)
        case .string(let string): write(string)
        case .array(let array):
            if array.isEmpty { return out.append(contentsOf: "[]".utf8) }
            out.append(UInt8(ascii: "["))
            for (index, element) in array.enumerated() {
                if index > 0 { out.append(UInt8(ascii: ",")) }
                newLine(level + 1)
                write(element, level: level + 1)
            }
            newLine(level)
            out.append(UInt8(ascii: "]"))
        case .object(let object):
            if object.isEmpty { return out.append(contentsOf: "{}".utf8) }
            out.append(UInt8(ascii: "{"))
            var isFirst = true
            for (key, member) in style.sortsKeys ? object.sortedByKey() : object {
                if !isFirst { out.append(UInt8(ascii: ",")) }
                isFirst = false
                newLine(level + 1)
                write(key)
                out.append(UInt8(ascii: ":"))
                if style.indent != nil { out.append(UInt8(ascii: " ")) }
                write(member, level: level + 1)
            }
            newLine(level)
            out.append(UInt8(ascii: "}"))
        }
    }

    private mutating func newLine(_ level: Int) {
        guard let indent = style.indent else { return }
        out.append(0x0A)
        out.append(contentsOf: repeatElement(0x20, count: indent * level))
    }

    private mutating func write(_ number: JSONNumber) {
        guard case .int(let value) = number.storage else { return out.append(contentsOf: number.text.utf8) }
        var magnitude = value.magnitude
        if value < 0 { out.append(UInt8(ascii: "-")) }
        if magnitude < 10 { return out.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: magnitude)) }
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 20) { digits in
            var index = 20
            while magnitude > 0 {
                index -= 1
                digits[index] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: magnitude % 10)
                magnitude /= 10
            }
            out.append(contentsOf: UnsafeBufferPointer(rebasing: digits[index...]))
        }
    }

    private mutating func write(_ string: String) {
        var string = string
        let escapesHTML = style.escapesHTML
        out.append(UInt8(ascii: "\""))
        string.withUTF8 { bytes in
            var first = 0  // of the run that needs no escape
            var index = 0
            while index < bytes.count {
                let byte = bytes[index]
                guard JSONWriter.needsAttention(byte, escapesHTML) else {
                    index += 1
                    continue
                }
                if byte == 0xE2 {
                    // U+2028 and U+2029 are E2 80 A8 and E2 80 A9; anything else that begins so stays.
                    guard index + 2 < bytes.count, bytes[index + 1] == 0x80, bytes[index + 2] & 0xFE == 0xA8 else {
                        index += 1
                        continue
                    }
                    out.append(contentsOf: UnsafeBufferPointer(rebasing: bytes[first..<index]))
                    out.append(contentsOf: bytes[index + 2] == 0xA8 ? "\\u2028".utf8 : "\\u2029".utf8)
                    index += 3
                } else {
                    out.append(contentsOf: UnsafeBufferPointer(rebasing: bytes[first..<index]))
                    appendEscape(byte)
                    index += 1
                }
                first = index
            }
            out.append(contentsOf: UnsafeBufferPointer(rebasing: bytes[first...]))
        }
        out.append(UInt8(ascii: "\""))
    }

    @inline(__always)
    private static func needsAttention(_ byte: UInt8, _ escapesHTML: Bool) -> Bool {
        if byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { return true }
        guard escapesHTML else { return false }
        return byte == UInt8(ascii: "<") || byte == UInt8(ascii: ">") || byte == UInt8(ascii: "&") || byte == 0xE2
    }

    private mutating func appendEscape(_ byte: UInt8) {
        out.append(UInt8(ascii: "\\"))
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): out.append(byte)
        case 0x08: out.append(UInt8(ascii: "b"))
        case 0x09: out.append(UInt8(ascii: "t"))
        case 0x0A: out.append(UInt8(ascii: "n"))
        case 0x0C: out.append(UInt8(ascii: "f"))
        case 0x0D: out.append(UInt8(ascii: "r"))
        default:
            let hex = Array("0123456789abcdef".utf8)
            out.append(contentsOf: "u00".utf8)
            out.append(hex[Int(byte >> 4)])
            out.append(hex[Int(byte & 15)])
        }
    }
}
