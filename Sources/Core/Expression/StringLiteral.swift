/// The value of a quoted literal while it is read: text, or bytes for `b'…'`.
struct StringLiteral {
    let quote: Unicode.Scalar
    private let isBytes: Bool
    private var scalars = String.UnicodeScalarView()
    private(set) var bytes: [UInt8] = []

    init(quote: Unicode.Scalar, bytes: Bool) {
        self.quote = quote
        isBytes = bytes
    }

    var text: String { String(scalars) }

    mutating func append(_ scalar: Unicode.Scalar) {
        if isBytes { bytes.append(contentsOf: Array(UTF8.encode(scalar)!)) } else { scalars.append(scalar) }
    }

    private mutating func append(code: UInt32) throws(Fault) {
        if isBytes {
            guard code < 256 else { throw Fault("unable to unescape string") }
            bytes.append(UInt8(code))
        } else if (0xD800..<0xE000).contains(code) {
            scalars.append("\u{FFFD}")            // a lone surrogate; pairs are not combined
        } else {
            guard let scalar = Unicode.Scalar(code) else { throw Fault("unable to unescape string") }
            scalars.append(scalar)
        }
    }

    /// Reads what follows a backslash.
    mutating func escape(_ next: () -> Unicode.Scalar?) throws(Fault) {
        guard let scalar = next() else { throw Fault("invalid char escape") }
        switch scalar {
        case "a": append("\u{07}")
        case "b": append("\u{08}")
        case "f": append("\u{0C}")
        case "n": append("\n")
        case "r": append("\r")
        case "t": append("\t")
        case "v": append("\u{0B}")
        case "\\", quote: append(scalar)
        case "0"..."7":
            var code = scalar.value - 48
            for _ in 0..<2 {
                guard let digit = next(), ("0"..."7").contains(digit) else { throw Fault("invalid char escape") }
                code = code * 8 + digit.value - 48
            }
            guard code < 256 else { throw Fault("unable to unescape string") }
            try append(code: code)
        case "x": try append(code: digits(2, next))
        case "u", "U":
            let code = scalar == "u" ? try shortUnicode(next) : try digits(8, next)
            guard !isBytes else { throw Fault("unable to unescape string") }
            try append(code: code)
        default: throw Fault("invalid char escape")
        }
    }

    /// `HHHH` or `{H…}`.
    private func shortUnicode(_ next: () -> Unicode.Scalar?) throws(Fault) -> UInt32 {
        guard let first = next() else { throw Fault("invalid char escape") }
        guard first == "{" else {
            guard let value = first.hexValue else { throw Fault("invalid char escape") }
            return try digits(3, next, after: value)
        }
        var (code, count) = (UInt32(0), 0)
        while let scalar = next() {
            if scalar == "}" {
                guard count > 0 else { break }
                return code
            }
            guard let value = scalar.hexValue, count < 6 else { break }
            (code, count) = (code << 4 | value, count + 1)
        }
        throw Fault("invalid char escape")
    }

    private func digits(_ count: Int, _ next: () -> Unicode.Scalar?, after start: UInt32 = 0) throws(Fault) -> UInt32 {
        var code = start
        for _ in 0..<count {
            guard let scalar = next(), let value = scalar.hexValue else { throw Fault("invalid char escape") }
            guard code < 0x1000_0000 else { throw Fault("unable to unescape string") }
            code = code << 4 | value
        }
        return code
    }
}
