import KubeModel
import StrictJSON

/// Which objects a list, a watch or a collection delete is about.
struct ObjectSelection: Sendable {
    /// Nil: all namespaces.
    var namespace: String?
    private var labels = LabelSelector()
    private var fields: [FieldRequirement] = []

    private struct FieldRequirement: Sendable {
        var field: String
        var value: String
        var isNegated: Bool
    }

    /// Whether nothing but the namespace limits the selection.
    var isUnselective: Bool { labels.isEmpty && fields.isEmpty }

    /// Everything in `namespace`.
    init(namespace: String?) { self.namespace = namespace }

    /// Reads `labelSelector` and `fieldSelector` of a query.
    init(namespace: String?, query: APIQuery, kind: ServedResource) throws(APIFailure) {
        self.namespace = namespace
        if let text = query["labelSelector"], !text.isEmpty {
            do {
                labels = try LabelSelector(parsing: text)
            } catch {
                throw .badRequest("unable to parse requirement: \(error)")
            }
        }
        if let text = query["fieldSelector"], !text.isEmpty {
            for part in text.split(separator: ",") { fields.append(try Self.requirement(String(part), kind)) }
        }
    }

    private static func requirement(_ part: String, _ kind: ServedResource) throws(APIFailure) -> FieldRequirement {
        guard let equals = part.firstIndex(of: "=") else {
            throw .badRequest("invalid selector: '\(part)'; can't understand '\(part)'")
        }
        var field = String(part[..<equals])
        var value = part[part.index(after: equals)...]
        let isNegated = field.last == "!"
        if isNegated { field.removeLast() } else if value.first == "=" { value.removeFirst() }
        let known = ["metadata.name"] + (kind.isNamespaced ? ["metadata.namespace"] : []) + kind.selectableFields
        guard known.contains(field) else {
            throw kind.selectableFields.isEmpty && !kind.isCustom
                ? .badRequest("\"\(field)\" is not a known field selector: only \"metadata.name\", \"metadata.namespace\"")
                : .badRequest("field label not supported: \(field)")
        }
        return FieldRequirement(field: field, value: String(value), isNegated: isNegated)
    }

    /// Adds the requirement that the object has this name.
    mutating func require(name: String) {
        fields.append(FieldRequirement(field: "metadata.name", value: name, isNegated: false))
    }

    /// Whether `object` is selected.
    func matches(_ object: JSONValue) -> Bool {
        if let namespace, object.namespace != namespace { return false }
        if !labels.isEmpty, !labels.matches(object.labels) { return false }
        return fields.allSatisfy { requirement in
            let path = requirement.field.split(separator: ".").map(String.init)
            let leaf = object.at(path: path)
            return ((leaf?.stringValue ?? leaf?.text() ?? "") == requirement.value) != requirement.isNegated
        }
    }
}
