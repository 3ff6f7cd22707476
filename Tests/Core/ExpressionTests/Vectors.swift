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
            return Vector(
                number: index + 1, group: try member("group"), expression: try member("expr"),
                result: try bound(json["result"] ?? .null, kind: try member("kind")),
                expected: try member("expect"), typeName: json["type"]?.stringValue, message: json["error"]?.stringValue)
        }
    }

    private static func bound(_ json: JSONValue, kind: String) throws -> ExpressionValue {
        switch kind {
        case "nil", "nilfloat": return .null
        case "float": return .float(try float(json))
        case "floats": return .floats(try (json.arrayValue ?? []).map(float))
        case "json": return dynamic(json)
        case "nrmap": return named(json)
        case "nrmaps": return .typedArray(.map(name: "nrdb.NRDBResult"), (json.arrayValue ?? []).map(named))
        case "cloudwatch": return .typedArray(.record(metricData), try (json.arrayValue ?? []).map(metric))
        case "flux": return .array(try (json.arrayValue ?? []).map(flux))
        default: throw VectorProblem(text: "unknown kind \(kind)")
        }
    }

    private static func float(_ json: JSONValue) throws -> Double {
        switch json {
        case .number(let number): return number.double
        case .string("NaN"): return .nan
        case .string("+Inf"): return .infinity
        case .string("-Inf"): return -.infinity
        default: throw VectorProblem(text: "\(json.text()) is no float")
        }
    }

    static func dynamic(_ json: JSONValue) -> ExpressionValue {
        switch json {
        case .null: .null
        case .bool(let value): .bool(value)
        case .number(let number): .float(number.double)
        case .string(let text): .string(text)
        case .array(let elements): .array(elements.map(dynamic))
        case .object(let object): .map(ExpressionMap(object.map { (key: $0.key, value: dynamic($0.value)) }))
        }
    }

    private static func named(_ json: JSONValue) -> ExpressionValue {
        .map(ExpressionMap((json.objectValue ?? [:]).map { (key: $0.key, value: dynamic($0.value)) }, typeName: "nrdb.NRDBResult"))
    }

    private static let message = RecordType(name: "types.MessageData", fields: ["Code": .string, "Value": .string])
    private static let metricData = RecordType(name: "types.MetricDataResult", fields: [
        "Id": .string, "Label": .string, "Messages": .list(of: .record(message), typed: true),
        "StatusCode": .namedString("types.StatusCode"), "Timestamps": .list(of: .time, typed: true), "Values": .vector,
    ])

    private static func metric(_ json: JSONValue) throws -> ExpressionValue {
        var values: [String: ExpressionValue] = ["Messages": .typedArray(.record(message), []), "Timestamps": .typedArray(.time, [])]
        for name in ["Id", "Label"] { values[name] = json[name].map(dynamic) }
        values["StatusCode"] = .namedString(type: "types.StatusCode", json["StatusCode"]?.stringValue ?? "")
        values["Values"] = .floats(try (json["Values"]?.arrayValue ?? []).map(float))
        return .record(ExpressionRecord(type: metricData, values: values))
    }

    private static func flux(_ json: JSONValue) throws -> ExpressionValue {
        let text = json["v"]?.stringValue ?? ""
        switch json["t"]?.stringValue {
        case "long": return .int64(Int64(text)!)
        case "unsignedLong": return .uint64(UInt64(text)!)
        case "double": return .float(Double(text)!)
        case "string": return .string(text)
        case "boolean": return .bool(json["v"]?.boolValue ?? false)
        case "null": return .null
        default: throw VectorProblem(text: "\(json.text()) is no value of a table")
        }
    }
}

struct VectorProblem: Error { var text: String }
