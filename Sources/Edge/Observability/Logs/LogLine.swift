import Clockwork
import Logging
import StrictJSON

/// One line of the log: the keys and the quoting are logrus', because dashboards and alerts parse them.
struct LogLine {
    var time: Timestamp
    var level: Logger.Level
    var message: String
    /// In the order in which they are written.
    var fields: [(key: String, value: String)]

    /// The line with its newline.
    func bytes(_ format: LogFormat) -> [UInt8] {
        switch format {
        case .text: text
        case .json: json
        }
    }

    private var text: [UInt8] {
        var out: [UInt8] = []
        out.append(contentsOf: "time=\"\(time.rfc3339)\" level=\(level.logrusName) msg=".utf8)
        Self.appendValue(message, to: &out)
        for (key, value) in fields {
            out.append(UInt8(ascii: " "))
            out.append(contentsOf: Self.fieldName(key).utf8)
            out.append(UInt8(ascii: "="))
            Self.appendValue(value, to: &out)
        }
        out.append(UInt8(ascii: "\n"))
        return out
    }

    private var json: [UInt8] {
        var object: JSONObject = ["time": .string(time.rfc3339), "level": .string(level.logrusName), "msg": .string(message)]
        for (key, value) in fields { object[Self.fieldName(key)] = .string(value) }
        return JSONValue.object(object).serialized() + [UInt8(ascii: "\n")]
    }

    /// A field that would hide one of the three that every line has gets a prefix, as logrus gives it.
    private static func fieldName(_ key: String) -> String { ["time", "level", "msg"].contains(key) ? "fields." + key : key }

    /// Bare where the text is a plain word, else in quotes.
    private static func appendValue(_ text: String, to out: inout [UInt8]) {
        guard text.isEmpty || !text.utf8.allSatisfy(isPlain) else {
            out.append(contentsOf: text.utf8)
            return
        }
        out.append(UInt8(ascii: "\""))
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": out.append(contentsOf: #"\""#.utf8)
            case "\\": out.append(contentsOf: #"\\"#.utf8)
            case "\n": out.append(contentsOf: #"\n"#.utf8)
            case "\r": out.append(contentsOf: #"\r"#.utf8)
            case "\t": out.append(contentsOf: #"\t"#.utf8)
            // Control characters, among them those that move the cursor of a terminal.
            case "\0"..<" ", "\u{7F}"..."\u{9F}", "\u{2028}", "\u{2029}":
                let digits = String(scalar.value, radix: 16)
                out.append(contentsOf: "\\u\(String(repeating: "0", count: 4 - digits.utf8.count))\(digits)".utf8)
            default: out.append(contentsOf: String(scalar).utf8)
            }
        }
        out.append(UInt8(ascii: "\""))
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
             UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "/"), UInt8(ascii: "@"), UInt8(ascii: "^"),
             UInt8(ascii: "+"): true
        default: false
        }
    }
}

extension Logger.Level {
    /// logrus' word for the level; it has none between info and warning.
    var logrusName: String {
        switch self {
        case .trace: "trace"
        case .debug: "debug"
        case .info, .notice: "info"
        case .warning: "warning"
        case .error: "error"
        case .critical: "fatal"
        }
    }

    /// The level that a word of `--loglevel` means; nil for any other word.
    public init?(logrusName: String) {
        switch logrusName.lowercased() {
        case "trace": self = .trace
        case "debug": self = .debug
        case "info": self = .info
        case "warn", "warning": self = .warning
        case "error": self = .error
        case "fatal", "panic": self = .critical
        default: return nil
        }
    }
}
