import StrictJSON

/// Values as Go's `%#v` prints them, which is how the real server shows some of them in its messages.
enum GoSyntax {
    static func map(_ strings: [String: String]) -> String {
        let pairs = strings.sorted { $0.key < $1.key }.map { "\(JSONValue.string($0.key).text()):\(JSONValue.string($0.value).text())" }
        return "map[string]string{\(pairs.joined(separator: ", "))}"
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
