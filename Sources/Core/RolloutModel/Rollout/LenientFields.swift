import StrictJSON

/// A value in a user's object that has the wrong type or form.
public struct FieldProblem: Error, Sendable, Hashable, CustomStringConvertible {
    /// Where: `spec.strategy.canary.steps[2].setWeight`.
    public var path: String
    /// What was found and what would be right.
    public var message: String

    public init(path: String, message: String) {
        self.path = path
        self.message = message
    }

    public var description: String { "\(path): \(message)" }
}

/// Reads typed members out of an object that a user wrote, and remembers what did not fit instead of giving up:
/// one wrong field must neither hide the others nor make the object invisible.
public struct LenientFields {
    private let value: JSONValue
    private let path: String
    public private(set) var problems: [FieldProblem] = []

    public init(_ value: JSONValue, path: String) {
        self.value = value
        self.path = path
    }

    /// The member's raw value; nil when it is absent or null.
    public func raw(_ key: String) -> JSONValue? {
        guard let member = value[key], !member.isNull else { return nil }
        return member
    }

    /// The path of a member, for messages.
    public func path(of key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

    /// Adds a problem about a member.
    public mutating func report(_ key: String, _ message: String) {
        problems.append(FieldProblem(path: path(of: key), message: message))
    }

    /// Takes over the problems that another reader found below this one.
    public mutating func absorb(_ other: [FieldProblem]) { problems += other }

    public mutating func string(_ key: String) -> String? {
        guard let member = raw(key) else { return nil }
        if let text = member.stringValue { return text }
        report(key, "is \(member.kindName) \(member.text()), a string is needed")
        return nil
    }

    public mutating func int(_ key: String) -> Int? {
        guard let member = raw(key) else { return nil }
        if let number = member.intValue { return number }
        report(key, "is \(member.kindName) \(member.text()), a whole number is needed")
        return nil
    }

    public mutating func bool(_ key: String) -> Bool? {
        guard let member = raw(key) else { return nil }
        if let flag = member.boolValue { return flag }
        report(key, "is \(member.kindName) \(member.text()), true or false is needed")
        return nil
    }

    public mutating func array(_ key: String) -> [JSONValue]? {
        guard let member = raw(key) else { return nil }
        if let list = member.arrayValue { return list }
        report(key, "is \(member.kindName), a list is needed")
        return nil
    }

    public mutating func object(_ key: String) -> JSONValue? {
        guard let member = raw(key) else { return nil }
        if member.objectValue != nil { return member }
        report(key, "is \(member.kindName), an object is needed")
        return nil
    }
}
