import StrictJSON

/// One thing that a schema does not allow about an object, in the words of Kubernetes' API server.
public struct FieldViolation: Sendable, Hashable {
    /// Kubernetes' name for the sort of mistake; it is the `reason` of a cause in a Status object.
    public enum Reason: String, Sendable, Hashable, CaseIterable {
        case required = "FieldValueRequired"
        case invalid = "FieldValueInvalid"
        case typeInvalid = "FieldValueTypeInvalid"
        case notSupported = "FieldValueNotSupported"
        case duplicate = "FieldValueDuplicate"
        case tooLong = "FieldValueTooLong"
        case tooMany = "FieldValueTooMany"
    }

    /// Where, as `spec.steps[2].setWeight`; `<nil>` for the object as a whole, as the API server writes it.
    public var path: String
    public var reason: Reason
    /// What is wrong, without the path: `Invalid value: "string": spec.replicas in body must be of type integer: "string"`.
    public var message: String

    /// A violation with its message in final form.
    public init(path: String, reason: Reason, message: String) {
        self.path = path.isEmpty ? "<nil>" : path
        self.reason = reason
        self.message = message
    }

    /// Path and message in one line.
    public var text: String { "\(path): \(message)" }

    /// All violations as the one text that ends the message of a Status: alone as it is, several in brackets,
    /// repetitions left out.
    public static func summary(of violations: [FieldViolation]) -> String {
        var seen: Set<String> = []
        let texts: [String] = violations.map(\.text).filter { seen.insert($0).inserted }
        return texts.count == 1 ? texts[0] : "[" + texts.joined(separator: ", ") + "]"
    }
}

extension FieldViolation: CustomStringConvertible {
    /// Path and message in one line.
    public var description: String { text }
}

extension FieldViolation {
    static func required(_ path: String) -> FieldViolation {
        FieldViolation(path: path, reason: .required, message: "Required value")
    }

    static func invalid(_ path: String, _ value: String, _ detail: String) -> FieldViolation {
        FieldViolation(path: path, reason: .invalid, message: "Invalid value: \(value): \(detail)")
    }

    /// A value of the wrong type or format; `found` is the type's name, or the text that does not have the format.
    static func type(_ path: String, expected: String, found: String) -> FieldViolation {
        let quoted: String = found.goQuoted
        let detail: String = "\(path.isEmpty ? "" : path + " ")in body must be of type \(expected): \(quoted)"
        return FieldViolation(path: path, reason: .typeInvalid, message: "Invalid value: \(quoted): \(detail)")
    }

    static func notSupported(_ path: String, _ value: JSONValue, allowed: [JSONValue]) -> FieldViolation {
        let list: String = allowed.map { ($0.stringValue ?? $0.text()).goQuoted }.joined(separator: ", ")
        return FieldViolation(
            path: path, reason: .notSupported, message: "Unsupported value: \(value.spelledAsBadValue): supported values: \(list)")
    }

    static func duplicate(_ path: String, _ value: JSONValue) -> FieldViolation {
        FieldViolation(path: path, reason: .duplicate, message: "Duplicate value: \(value.spelledAsBadValue)")
    }

    static func tooLong(_ path: String, limit: Int64) -> FieldViolation {
        FieldViolation(path: path, reason: .tooLong, message: "Too long: may not be more than \(limit) bytes")
    }

    static func tooMany(_ path: String, _ count: Int, limit: Int64) -> FieldViolation {
        FieldViolation(path: path, reason: .tooMany, message: "Too many: \(count): must have at most \(limit) items")
    }
}

extension JSONValue {
    /// The value as the API server prints it inside a message.
    var spelledAsBadValue: String {
        switch self {
        case .string(let text): return text.goQuoted
        case .null: return "null"
        case .bool, .number, .array, .object: return text(.sortedKeys)
        }
    }
}

extension String {
    /// The text in double quotes with Go's escapes (`%q`).
    var goQuoted: String {
        var out = "\""
        for scalar in unicodeScalars {
            switch scalar {
            case "\"": out += "\\\""
            case "\\": out += "\\\\"
            case "\n": out += "\\n"
            case "\r": out += "\\r"
            case "\t": out += "\\t"
            case "\u{07}": out += "\\a"
            case "\u{08}": out += "\\b"
            case "\u{0B}": out += "\\v"
            case "\u{0C}": out += "\\f"
            case _ where scalar.value < 0x20 || scalar.value == 0x7F:
                let digits = String(scalar.value, radix: 16)
                out += "\\x" + (digits.count == 1 ? "0" : "") + digits
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out + "\""
    }
}
