import Expression
import StrictJSON

/// A measured value from JSON, as a provider would give it to a condition.
enum BoundResult {
    /// What `--kind` may name.
    static let kinds: [String] = ["float", "floats", "nil", "nilfloat", "json", "nrmap", "nrmaps", "cloudwatch", "flux"]

    /// - Throws: what does not fit, naming the kind and what it wants.
    static func value(_ json: JSONValue, kind: String) throws(CommandFailure) -> ExpressionValue {
        switch kind {
        case "nil", "nilfloat": return .null
        case "float": return .float(try float(json))
        case "floats":
            guard let elements = json.arrayValue else { throw misfit(kind, "a list of numbers", json) }
            return .floats(try floats(elements))
        case "json": return dynamic(json)
        case "nrmap": return named(json)
        case "nrmaps": return .typedArray(.map(name: rowName), (json.arrayValue ?? []).map(named))
        case "cloudwatch":
            var records: [ExpressionValue] = []
            for element in json.arrayValue ?? [] { records.append(try metric(element)) }
            return .typedArray(.record(metricData), records)
        case "flux":
            var values: [ExpressionValue] = []
            for element in json.arrayValue ?? [] { values.append(try column(element)) }
            return .array(values)
        default: throw .message("unknown kind \(kind); it is one of \(kinds.joined(separator: ", "))")
        }
    }

    /// The kind that a JSON value has where nobody names one: what Prometheus would give for numbers, else JSON as it is.
    static func kind(of json: JSONValue) -> String {
        switch json {
        case .number: "float"
        case .array(let elements) where !elements.isEmpty && elements.allSatisfy({ if case .number = $0 { true } else { false } }): "floats"
        default: "json"
        }
    }

    private static func misfit(_ kind: String, _ wanted: String, _ json: JSONValue) -> CommandFailure {
        .message("a result of kind \(kind) is \(wanted), not \(json.text().prefix(80))")
    }

    private static func floats(_ elements: [JSONValue]) throws(CommandFailure) -> [Double] {
        var values: [Double] = []
        for element in elements { values.append(try float(element)) }
        return values
    }

    private static func float(_ json: JSONValue) throws(CommandFailure) -> Double {
        switch json {
        case .number(let number): return number.double
        case .string("NaN"): return .nan
        case .string("+Inf"): return .infinity
        case .string("-Inf"): return -.infinity
        default: throw misfit("float", "a number, \"NaN\", \"+Inf\" or \"-Inf\"", json)
        }
    }

    private static func dynamic(_ json: JSONValue) -> ExpressionValue {
        switch json {
        case .null: .null
        case .bool(let value): .bool(value)
        case .number(let number): .float(number.double)
        case .string(let text): .string(text)
        case .array(let elements): .array(elements.map(dynamic))
        case .object(let object): .map(ExpressionMap(object.map { (key: $0.key, value: dynamic($0.value)) }))
        }
    }

    private static let rowName = "nrdb.NRDBResult"

    private static func named(_ json: JSONValue) -> ExpressionValue {
        .map(ExpressionMap((json.objectValue ?? [:]).map { (key: $0.key, value: dynamic($0.value)) }, typeName: rowName))
    }

    private static let message = RecordType(name: "types.MessageData", fields: ["Code": .string, "Value": .string])
    private static let metricData = RecordType(name: "types.MetricDataResult", fields: [
        "Id": .string, "Label": .string, "Messages": .list(of: .record(message), typed: true),
        "StatusCode": .namedString("types.StatusCode"), "Timestamps": .list(of: .time, typed: true), "Values": .vector,
    ])

    private static func metric(_ json: JSONValue) throws(CommandFailure) -> ExpressionValue {
        var values: [String: ExpressionValue] = ["Messages": .typedArray(.record(message), []), "Timestamps": .typedArray(.time, [])]
        for name in ["Id", "Label"] { values[name] = json[name].map(dynamic) }
        values["StatusCode"] = .namedString(type: "types.StatusCode", json["StatusCode"]?.stringValue ?? "")
        values["Values"] = .floats(try floats(json["Values"]?.arrayValue ?? []))
        return .record(ExpressionRecord(type: metricData, values: values))
    }

    private static func column(_ json: JSONValue) throws(CommandFailure) -> ExpressionValue {
        let text: String = json["v"]?.stringValue ?? ""
        let value: ExpressionValue? =
            switch json["t"]?.stringValue {
            case "long": Int64(text).map { .int64($0) }
            case "unsignedLong": UInt64(text).map { .uint64($0) }
            case "double": text == "NaN" ? .float(.nan) : text == "+Inf" ? .float(.infinity) : text == "-Inf" ? .float(-.infinity) : Double(text).map { .float($0) }
            case "string": .string(text)
            case "boolean": json["v"]?.boolValue.map { .bool($0) }
            case "null": ExpressionValue.null
            default: nil
            }
        guard let value else { throw misfit("flux", "a list of {t, v} with a known type t and its text v", json) }
        return value
    }
}
