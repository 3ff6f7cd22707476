import Clockwork
import StrictJSON

/// Why an object could not be read: one field holds something else than it should.
public struct DecodeError: Error, Sendable, Hashable, CustomStringConvertible {
    /// Path of the field, for instance `spec.strategy.canary.steps[2].setWeight`; empty for the object itself.
    public var field: String
    /// What stands there, shortened: `"ten"`, `an array`.
    public var found: String
    /// What should stand there: `an integer`.
    public var expected: String

    /// An error about `field`.
    public init(field: String, found: String, expected: String) {
        self.field = field
        self.found = found
        self.expected = expected
    }

    /// `spec.replicas: expected an integer, found "ten"`.
    public var description: String {
        (field.isEmpty ? "the object" : field) + ": expected \(expected), found \(found)"
    }
}

/// A place in an object that knows its path, so that every complaint can name it.
///
/// Absent and null read alike: as nil or empty. A value of the wrong type is an error; unknown fields are not.
public struct FieldReader: Sendable {
    /// What stands here; nil when absent or null.
    public let value: JSONValue?
    /// Path from the object's root, empty at the root.
    public let path: String

    /// The root of an object, or the value at `path` of one.
    public init(_ value: JSONValue?, path: String = "") {
        // `nil` would be a JSON null here.
        self.value = value.flatMap { $0.isNull ? JSONValue?.none : $0 }
        self.path = path
    }

    /// Whether something other than null stands here.
    public var isPresent: Bool { value != nil }

    /// The member `key` of the object that stands here, absent when nothing stands here.
    public func member(_ key: String) throws(DecodeError) -> FieldReader {
        let child = path.isEmpty ? key : path + "." + key
        guard let value else { return FieldReader(nil, path: child) }
        guard case .object(let object) = value else { throw mismatch(expected: "an object") }
        return FieldReader(object[key], path: child)
    }

    /// The elements of the list that stands here; none when absent.
    public func elements() throws(DecodeError) -> [FieldReader] {
        guard let value else { return [] }
        guard case .array(let elements) = value else { throw mismatch(expected: "a list") }
        return elements.enumerated().map { FieldReader($0.element, path: "\(path)[\($0.offset)]") }
    }

    /// The object that stands here, nil when absent.
    public func object() throws(DecodeError) -> JSONObject? {
        guard let value else { return nil }
        guard case .object(let object) = value else { throw mismatch(expected: "an object") }
        return object
    }

    public func string() throws(DecodeError) -> String? {
        guard let value else { return nil }
        guard case .string(let text) = value else { throw mismatch(expected: "a string") }
        return text
    }

    public func int() throws(DecodeError) -> Int? {
        guard let value else { return nil }
        guard let number = value.intValue else { throw mismatch(expected: "an integer") }
        return number
    }

    public func bool() throws(DecodeError) -> Bool? {
        guard let value else { return nil }
        guard case .bool(let flag) = value else { throw mismatch(expected: "true or false") }
        return flag
    }

    public func timestamp() throws(DecodeError) -> Timestamp? {
        guard let text = try string() else { return nil }
        do throws(TimestampError) {
            return try Timestamp(rfc3339: text)
        } catch {
            throw mismatch(expected: "a time such as 2026-03-01T10:00:00Z")
        }
    }

    /// A map of strings such as labels; empty when absent.
    public func stringMap() throws(DecodeError) -> [String: String] {
        guard let object = try object() else { return [:] }
        var map: [String: String] = [:]
        for (key, value) in object {
            guard case .string(let text) = value else {
                throw DecodeError(field: "\(path)[\(key)]", found: Self.shown(value), expected: "a string")
            }
            map[key] = text
        }
        return map
    }

    /// A list of strings; empty when absent.
    public func strings() throws(DecodeError) -> [String] {
        var list: [String] = []
        for element in try elements() {
            guard let text = try element.string() else { throw element.mismatch(expected: "a string") }
            list.append(text)
        }
        return list
    }

    /// An error that says what stands here instead of `expected`.
    public func mismatch(expected: String) -> DecodeError {
        DecodeError(field: path, found: value.map(Self.shown) ?? "nothing", expected: expected)
    }

    /// Scalars as they are written, shortened to sixty characters; lists and objects by kind, since they may hold secrets or megabytes.
    private static func shown(_ value: JSONValue) -> String {
        switch value {
        case .null: return "null"
        case .bool(let flag): return flag ? "true" : "false"
        case .number(let number): return number.text
        case .string(let text): return text.count > 60 ? "\"\(text.prefix(60))…\"" : "\"\(text)\""
        case .array: return "a list"
        case .object: return "an object"
        }
    }
}

extension FieldReader {
    public func string(_ key: String) throws(DecodeError) -> String? { try member(key).string() }
    public func int(_ key: String) throws(DecodeError) -> Int? { try member(key).int() }
    public func bool(_ key: String) throws(DecodeError) -> Bool? { try member(key).bool() }
    public func timestamp(_ key: String) throws(DecodeError) -> Timestamp? { try member(key).timestamp() }
    public func stringMap(_ key: String) throws(DecodeError) -> [String: String] { try member(key).stringMap() }
    public func strings(_ key: String) throws(DecodeError) -> [String] { try member(key).strings() }
    public func elements(_ key: String) throws(DecodeError) -> [FieldReader] { try member(key).elements() }

    /// The string at `key`, which must be there.
    public func requiredString(_ key: String) throws(DecodeError) -> String {
        let field = try member(key)
        guard let text = try field.string() else { throw field.mismatch(expected: "a string") }
        return text
    }
}
