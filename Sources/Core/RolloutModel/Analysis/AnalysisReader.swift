import Clockwork
import StrictJSON

/// Reads the members of one object; a member of the wrong type is read as absent and noted as a problem.
struct AnalysisReader {
    /// The members; empty where the value was absent, null or not an object.
    let object: JSONObject
    /// The path of the object, empty at the top.
    let path: String

    init(_ value: JSONValue?, at path: String, _ problems: inout [FieldProblem]) {
        self.path = path
        switch value {
        case nil, .null?:
            object = JSONObject()
        case .object(let members)?:
            object = members
        case let other?:
            problems.append(FieldProblem(path: path, message: "is \(Self.shown(other)); an object is needed"))
            object = JSONObject()
        }
    }

    func path(of key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

    /// The member, nil where it is absent or null.
    func value(_ key: String) -> JSONValue? {
        guard let value = object[key], !value.isNull else { return nil }
        return value
    }

    func string(_ key: String, _ problems: inout [FieldProblem]) -> String? {
        guard let value = value(key) else { return nil }
        if let text = value.stringValue { return text }
        note(key, value, "a string", &problems)
        return nil
    }

    func bool(_ key: String, _ problems: inout [FieldProblem]) -> Bool {
        guard let value = value(key) else { return false }
        if let flag = value.boolValue { return flag }
        note(key, value, "true or false", &problems)
        return false
    }

    func int(_ key: String, _ problems: inout [FieldProblem]) -> Int? {
        guard let value = value(key) else { return nil }
        // These members are 32-bit integers of the API; more would not survive a write by another client.
        if let number = value.int64Value, let fitting = Int32(exactly: number) { return Int(fitting) }
        note(key, value, "a 32-bit integer", &problems)
        return nil
    }

    func intOrString(_ key: String, _ problems: inout [FieldProblem]) -> IntOrString? {
        guard let value = value(key) else { return nil }
        if let text = value.stringValue { return .string(text) }
        if let number = value.int64Value, let fitting = Int32(exactly: number) { return .int(Int(fitting)) }
        note(key, value, "an integer or a string", &problems)
        return nil
    }

    func timestamp(_ key: String, _ problems: inout [FieldProblem]) -> Timestamp? {
        guard let value = value(key) else { return nil }
        if let text = value.stringValue {
            do throws(TimestampError) { return try Timestamp(rfc3339: text) } catch {
                note(key, value, "a time such as 2026-03-01T10:00:00Z", &problems)
                return nil
            }
        }
        note(key, value, "a time such as 2026-03-01T10:00:00Z", &problems)
        return nil
    }

    func phase(_ key: String, _ problems: inout [FieldProblem]) -> AnalysisPhase? {
        // An unknown word is no phase: such a run or metric counts as not yet assessed.
        string(key, &problems).flatMap(AnalysisPhase.init(rawValue:))
    }

    /// The elements with their paths; not a list is a problem and reads as empty.
    func elements(_ key: String, _ problems: inout [FieldProblem]) -> [(value: JSONValue, path: String)] {
        guard let value = value(key) else { return [] }
        guard let list = value.arrayValue else {
            note(key, value, "a list", &problems)
            return []
        }
        return list.enumerated().map { (value: $0.element, path: "\(path(of: key))[\($0.offset)]") }
    }

    func fields(_ key: String, _ problems: inout [FieldProblem]) -> AnalysisReader? {
        guard let value = value(key) else { return nil }
        return AnalysisReader(value, at: path(of: key), &problems)
    }

    func stringMap(_ key: String, _ problems: inout [FieldProblem]) -> [String: String] {
        guard let members = fields(key, &problems) else { return [:] }
        var map: [String: String] = [:]
        for (name, _) in members.object {
            if let text = members.string(name, &problems) { map[name] = text }
        }
        return map
    }

    private func note(_ key: String, _ value: JSONValue, _ expected: String, _ problems: inout [FieldProblem]) {
        problems.append(FieldProblem(path: path(of: key), message: "is \(Self.shown(value)); \(expected) is needed"))
    }

    /// The value as people see it, cut where it would drown the message.
    private static func shown(_ value: JSONValue) -> String {
        switch value {
        case .array: return "a list"
        case .object: return "an object"
        case .null, .bool, .number, .string:
            let text = value.text()
            return text.count <= 60 ? text : String(text.prefix(57)) + "..."
        }
    }
}
