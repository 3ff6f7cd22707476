import StrictJSON

/// An argument as a template declares it or as a run carries it.
public struct AnalysisArgument: Sendable, Hashable {
    public var name: String
    /// The value; present but empty counts as a value.
    public var value: String?
    /// Where the value comes from instead.
    public var source: AnalysisArgumentSource?

    public init(name: String, value: String? = nil, source: AnalysisArgumentSource? = nil) {
        self.name = name
        self.value = value
        self.source = source
    }

    /// The argument as it stands in an object.
    public var json: JSONValue {
        var members = JSONObject()
        members["name"] = .string(name)
        if let value { members["value"] = .string(value) }
        switch source {
        case .secret(let name, let key)?:
            members["valueFrom"] = ["secretKeyRef": ["name": .string(name), "key": .string(key)]]
        case .field(let path)?:
            members["valueFrom"] = ["fieldRef": ["fieldPath": .string(path)]]
        case .unknown?:
            members["valueFrom"] = [:]
        case nil:
            break
        }
        return .object(members)
    }

    init(_ value: JSONValue, at path: String, _ problems: inout [FieldProblem]) {
        let fields = AnalysisReader(value, at: path, &problems)
        name = fields.string("name", &problems) ?? ""
        self.value = fields.string("value", &problems)
        if let from = fields.fields("valueFrom", &problems) {
            if let secret = from.fields("secretKeyRef", &problems) {
                source = .secret(name: secret.string("name", &problems) ?? "", key: secret.string("key", &problems) ?? "")
            } else if let field = from.fields("fieldRef", &problems) {
                source = .field(path: field.string("fieldPath", &problems) ?? "")
            } else {
                source = .unknown
            }
        }
    }
}

/// Where an argument takes its value from.
public enum AnalysisArgumentSource: Sendable, Hashable {
    /// A key of a Secret in the run's namespace.
    case secret(name: String, key: String)
    /// A field; resolvable only in a Rollout's arguments, never by a run.
    case field(path: String)
    /// A `valueFrom` without a member that we know.
    case unknown
}
