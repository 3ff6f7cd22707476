import FoundationEssentials
import StrictJSON
@testable import Expression

/// One case of `Resources/expression-vectors.json`, as section 15 of the specification describes it.
struct Vector: Sendable, CustomStringConvertible {
    var number: Int
    var group: String
    var expression: String
    var result: ExpressionValue
    var expected: String
    var typeName: String?
    var message: String?

    var description: String { "#\(number) \(group): \(expression.prefix(120))" }

    static func load() throws -> [Vector] {
        let folder = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
        let data = try Data(contentsOf: URL(filePath: folder + "/Resources/expression-vectors.json"))
        guard let cases = try JSONValue(parsing: Array(data)).arrayValue else { throw VectorProblem(text: "the vector file is no array") }
        return try cases.enumerated().map { index, json in
            func member(_ name: String) throws -> String {
                guard let text = json[name]?.stringValue else { throw VectorProblem(text: "vector \(index + 1) has no \(name)") }
                return text
            }
            func kind(_ name: String) throws -> ResultKind {
                guard let kind = ResultKind(rawValue: name) else { throw VectorProblem(text: "vector \(index + 1) has the unknown kind \(name)") }
                return kind
            }
            return Vector(
                number: index + 1, group: try member("group"), expression: try member("expr"),
                result: try kind(try member("kind")).value(json["result"] ?? .null),
                expected: try member("expect"), typeName: json["type"]?.stringValue, message: json["error"]?.stringValue)
        }
    }
}

struct VectorProblem: Error { var text: String }
