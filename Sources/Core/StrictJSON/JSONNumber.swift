/// A JSON number, kept without loss: as `Int64`, as `Double`, or, where neither says the same, as its text.
///
/// There is one representation for each numeric value, so `1`, `1.0` and `1e0` are equal and written `1`. `-0` is `0`.
/// A text is kept only for numbers that neither type can spell (`12345678901234567890`, `1e400`, more than 17 digits);
/// two such numbers are equal if their texts are.
public struct JSONNumber: Sendable, Hashable {
    enum Storage: Sendable { case int(Int64), double(Double), text(String) }
    let storage: Storage

    init(storage: Storage) { self.storage = storage }

    /// An integer.
    public init(_ value: Int) { storage = .int(Int64(value)) }

    /// An integer.
    public init(_ value: Int64) { storage = .int(value) }

    /// A binary fraction. Infinities and NaN have no spelling in JSON: they are written as `null`, as JavaScript does.
    public init(_ value: Double) {
        // 2^63 itself does not fit; every integral double below does.
        if value >= -0x1p63, value < 0x1p63, value.rounded(.towardZero) == value {
            storage = .int(Int64(value))
        } else {
            storage = .double(value)
        }
    }

    /// A number as JSON spells it; nil if `text` is anything else, blanks included.
    public init?(text: String) {
        var text = text
        let parsed: JSONNumber? = text.withUTF8 { bytes -> JSONNumber? in
            var scanner = JSONScanner(bytes, position: 0, limits: .standard)
            guard let number = try? scanner.scanNumber(), scanner.position == bytes.count else { return nil }  // nil says it all
            return number
        }
        guard let parsed else { return nil }
        self = parsed
    }

    /// The number as it is written: no fraction for integers, Go's and JavaScript's spelling for the others.
    public var text: String {
        switch storage {
        case .int(let value): return String(value)
        case .double(let value): return JSONNumber.shortestText(value)
        case .text(let text): return text
        }
    }

    /// The value as an integer, if it is exactly one.
    public var int64: Int64? {
        if case .int(let value) = storage { return value }
        return nil
    }

    /// The nearest binary fraction; infinite for numbers beyond its range (`1e400`).
    public var double: Double {
        switch storage {
        case .int(let value): return Double(value)
        case .double(let value): return value
        case .text(let text): return Double(text) ?? .nan  // a kept text is a valid number, so it is never NaN
        }
    }

    /// Whether both are the same number.
    public static func == (left: JSONNumber, right: JSONNumber) -> Bool {
        switch (left.storage, right.storage) {
        case (.int(let a), .int(let b)): return a == b
        case (.double(let a), .double(let b)): return a.bitPattern == b.bitPattern
        case (.text(let a), .text(let b)): return a == b
        case (.int, _), (.double, _), (.text, _): return false
        }
    }

    /// Hashes what `==` compares.
    public func hash(into hasher: inout Hasher) {
        switch storage {
        case .int(let value): hasher.combine(value)
        case .double(let value): hasher.combine(value.bitPattern)
        case .text(let text): hasher.combine(text)
        }
    }
}

extension JSONNumber {
    /// The shortest decimal that reads back as `value`, as Go's encoding/json and JavaScript write it: plain digits
    /// between 1e-6 and 1e21, else an exponent without padding (`1e+21`, `1.5e-7`).
    static func shortestText(_ value: Double) -> String {
        guard value.isFinite else { return "null" }
        if value == 0 { return "0" }
        let decimal = ShortestDecimal(value)
        let digits: [UInt8] = decimal.digits
        let point: Int = decimal.pointPosition
        var out: [UInt8] = []
        out.reserveCapacity(24)
        if decimal.isNegative { out.append(0x2D) }
        if point > 21 || point < -5 {
            out.append(digits[0])
            if digits.count > 1 {
                out.append(0x2E)
                out.append(contentsOf: digits[1...])
            }
            let exponent: Int = point - 1
            out.append(0x65)
            out.append(exponent < 0 ? 0x2D : 0x2B)
            out.append(contentsOf: String(exponent.magnitude).utf8)
        } else if point <= 0 {
            out.append(0x30)
            out.append(0x2E)
            out.append(contentsOf: repeatElement(0x30, count: -point))
            out.append(contentsOf: digits)
        } else if point >= digits.count {
            out.append(contentsOf: digits)
            out.append(contentsOf: repeatElement(0x30, count: point - digits.count))
        } else {
            out.append(contentsOf: digits[..<point])
            out.append(0x2E)
            out.append(contentsOf: digits[point...])
        }
        return String(decoding: out, as: UTF8.self)
    }
}

/// The shortest digits that identify a double: value = 0.d₁d₂d₃… × 10^pointPosition.
struct ShortestDecimal {
    var isNegative: Bool
    /// ASCII digits without zeros at either end; never empty for a finite value other than zero.
    var digits: [UInt8]
    var pointPosition: Int

    init(_ value: Double) {
        // The standard library prints the shortest digits that round-trip; only the layout is its own.
        isNegative = value.sign == .minus
        digits = []
        pointPosition = 0
        var exponent = 0
        var seenPoint = false
        var bytes = Array(value.magnitude.description.utf8)
        if let mark = bytes.firstIndex(of: 0x65) {
            exponent = Int(String(decoding: bytes[(mark + 1)...], as: UTF8.self)) ?? 0  // "e-05", "e+20": always an integer
            bytes.removeSubrange(mark...)
        }
        for byte in bytes {
            if byte == 0x2E { seenPoint = true; continue }
            if digits.isEmpty && byte == 0x30 {
                if seenPoint { pointPosition -= 1 }
                continue
            }
            digits.append(byte)
            if !seenPoint { pointPosition += 1 }
        }
        while digits.last == 0x30 { digits.removeLast() }
        pointPosition += exponent
    }
}
