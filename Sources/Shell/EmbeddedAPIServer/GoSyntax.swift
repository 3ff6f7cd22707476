import StrictJSON

/// Values as Go's `%#v` prints them, which is how the real server shows some of them in its messages.
enum GoSyntax {
    static func map(_ strings: [String: String]) -> String {
        if strings.isEmpty { return "map[string]string(nil)" }
        let pairs = strings.sorted { $0.key < $1.key }.map { "\(JSONValue.string($0.key).text()):\(JSONValue.string($0.value).text())" }
        return "map[string]string{\(pairs.joined(separator: ", "))}"
    }

    /// Any value as `%v` prints it.
    static func plain(_ json: JSONValue) -> String {
        switch json {
        case .object(let members):
            "map[\(members.sortedByKey().map { "\($0.key):\(plain($0.value))" }.joined(separator: " "))]"
        case .array(let elements): "[\(elements.map { plain($0) }.joined(separator: " "))]"
        case .string(let text): text
        case .null: "<nil>"
        default: json.text()
        }
    }

    /// The type that Go's decoder gives a value.
    static func type(of json: JSONValue) -> String {
        switch json {
        case .object: "map[string]interface {}"
        case .array: "[]interface {}"
        case .string: "string"
        case .null: "<nil>"
        case .bool: "bool"
        case .number(let number): number.int64 == nil ? "float64" : "int64"
        }
    }

    /// A number or a text.
    static func intOrString(_ json: JSONValue) -> String {
        let text = json.stringValue
        return "intstr.IntOrString{Type:\(text == nil ? 0 : 1), IntVal:\(json.int64Value ?? 0), StrVal:\(JSONValue.string(text ?? "").text())}"
    }

    /// A label selector.
    static func selector(_ json: JSONValue) -> String {
        let labels = json["matchLabels"].map { map($0.stringMap) } ?? "map[string]string(nil)"
        let requirements = (json["matchExpressions"]?.arrayValue ?? []).map { expression in
            let values = (expression["values"]?.arrayValue).map { "[]string{\($0.map { $0.text() }.joined(separator: ", "))}" } ?? "[]string(nil)"
            return "v1.LabelSelectorRequirement{Key:\((expression["key"] ?? "").text()), Operator:\((expression["operator"] ?? "").text()), Values:\(values)}"
        }
        let list = requirements.isEmpty ? "(nil)" : "{\(requirements.joined(separator: ", "))}"
        return "v1.LabelSelector{MatchLabels:\(labels), MatchExpressions:[]v1.LabelSelectorRequirement\(list)}"
    }
}
