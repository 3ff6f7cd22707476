import StrictJSON

/// How the data of a provider becomes `result`, under the names that test vectors and `analysis eval` use.
public enum ResultKind: String, Sendable, CaseIterable {
    /// One number, or `"NaN"`, `"+Inf"`, `"-Inf"`.
    case float
    /// A list of these: what Prometheus gives.
    case floats
    case nothing = "nil"
    /// Nothing where a number was asked for.
    case nilfloat
    /// Any JSON: what the web provider gives.
    case json
    /// An object of a type of its own, and a list of them.
    case nrmap, nrmaps
    /// A list of records with fixed fields.
    case cloudwatch
    /// A list of `{t, v}`: a type and the value as text.
    case flux

    /// Data that is not of a kind.
    public struct Misfit: Error, Sendable, Equatable, CustomStringConvertible {
        /// What the kind needs, and what was given instead.
        public var description: String
    }

    /// The kind of data for which nobody names one: what Prometheus would give for numbers, else JSON as it is.
    public init(of json: JSONValue) {
        switch json {
        case .number: self = .float
        case .array(let elements) where !elements.isEmpty && elements.allSatisfy({ if case .number = $0 { true } else { false } }): self = .floats
        default: self = .json
        }
    }

    /// What `result` is for some data.
    ///
    /// - Throws: what does not fit, naming the kind and what it wants.
    public func value(_ json: JSONValue) throws(Misfit) -> ExpressionValue {
        switch self {
        case .nothing, .nilfloat: return .null
        case .float: return .float(try number(json))
        case .floats: return .floats(try numbers(json))
        case .json: return ExpressionValue(json: json)
        case .nrmap: return try row(json)
        case .nrmaps: return .typedArray(Self.rowType, try elements(json, "a list of objects", row))
        case .cloudwatch: return .typedArray(.record(Self.metricData), try elements(json, "a list of objects", metric))
        case .flux: return .array(try elements(json, "a list of {t, v}", column))
        }
    }

    /// The types that `result` can have; for JSON those of the outermost value.
    public var types: [ExpressionType] {
        switch self {
        case .nothing, .nilfloat: [.null]
        case .float: [.float]
        case .floats: [.vector]
        case .json: [.float, .string, .bool, .dynamicList, .object, .null]
        case .nrmap: [Self.rowType]
        case .nrmaps: [.list(of: Self.rowType, typed: true)]
        case .cloudwatch: [.list(of: .record(Self.metricData), typed: true)]
        case .flux: [.dynamicList]
        }
    }

    private func misfit(_ wanted: String, _ json: JSONValue) -> Misfit {
        Misfit(description: "a result of kind \(rawValue) is \(wanted), not \(json.text().prefix(80))")
    }

    private func elements(
        _ json: JSONValue, _ wanted: String, _ convert: (JSONValue) throws(Misfit) -> ExpressionValue
    ) throws(Misfit) -> [ExpressionValue] {
        guard let list = json.arrayValue else { throw misfit(wanted, json) }
        return try list.map(convert)
    }

    private func numbers(_ json: JSONValue) throws(Misfit) -> [Double] {
        guard let list = json.arrayValue else { throw misfit("a list of numbers", json) }
        return try list.map(number)
    }

    private func number(_ json: JSONValue) throws(Misfit) -> Double {
        switch json {
        case .number(let number): return number.double
        case .string("NaN"): return .nan
        case .string("+Inf"): return .infinity
        case .string("-Inf"): return -.infinity
        default: throw misfit("a number, \"NaN\", \"+Inf\" or \"-Inf\"", json)
        }
    }

    // MARK: New Relic

    private static let rowName = "nrdb.NRDBResult"
    private static let rowType = ExpressionType.map(name: rowName)

    private func row(_ json: JSONValue) throws(Misfit) -> ExpressionValue {
        guard let object = json.objectValue else { throw misfit("an object", json) }
        return .map(ExpressionMap(object.map { (key: $0.key, value: ExpressionValue(json: $0.value)) }, typeName: Self.rowName))
    }

    // MARK: CloudWatch

    private static let message = RecordType(name: "types.MessageData", fields: ["Code": .string, "Value": .string])
    private static let statusName = "types.StatusCode"
    private static let metricData = RecordType(name: "types.MetricDataResult", fields: [
        "Id": .string, "Label": .string, "Messages": .list(of: .record(message), typed: true),
        "StatusCode": .namedString(statusName), "Timestamps": .list(of: .time, typed: true), "Values": .vector,
    ])

    private func metric(_ json: JSONValue) throws(Misfit) -> ExpressionValue {
        guard let object = json.objectValue else { throw misfit("an object", json) }
        var values: [String: ExpressionValue] = ["Messages": .typedArray(.record(Self.message), []), "Timestamps": .typedArray(.time, [])]
        for name in ["Id", "Label"] { values[name] = object[name].map { ExpressionValue(json: $0) } }
        values["StatusCode"] = .namedString(type: Self.statusName, object["StatusCode"]?.stringValue ?? "")
        values["Values"] = .floats(try object["Values"].map(numbers) ?? [])
        return .record(ExpressionRecord(type: Self.metricData, values: values))
    }

    // MARK: InfluxDB

    private func column(_ json: JSONValue) throws(Misfit) -> ExpressionValue {
        let text: String = json["v"]?.stringValue ?? ""
        let value: ExpressionValue? =
            switch json["t"]?.stringValue {
            case "long": Int64(text).map { .int64($0) }
            case "unsignedLong": UInt64(text).map { .uint64($0) }
            case "double": if case .value(let number) = NumberText.float(text) { .float(number) } else { nil }
            case "string": .string(text)
            case "boolean": json["v"]?.boolValue.map { .bool($0) }
            case "null": ExpressionValue.null
            default: nil
            }
        guard let value else { throw misfit("a list of {t, v} with a known type t and its text v", json) }
        return value
    }
}

extension ExpressionValue {
    /// A JSON value as conditions see it: every number is a float.
    public init(json: JSONValue) {
        switch json {
        case .null: self = .null
        case .bool(let flag): self = .bool(flag)
        case .number(let number): self = .float(number.double)
        case .string(let text): self = .string(text)
        case .array(let elements): self = .array(elements.map { ExpressionValue(json: $0) })
        case .object(let members): self = .map(ExpressionMap(members.map { (key: $0.key, value: ExpressionValue(json: $0.value)) }))
        }
    }
}
