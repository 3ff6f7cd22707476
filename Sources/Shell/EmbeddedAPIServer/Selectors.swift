import KubeModel
import StrictJSON

/// Which objects a list, a watch or a collection delete is about.
struct ObjectSelection: Sendable {
    /// Nil: all namespaces.
    var namespace: String?
    private var labels = LabelQuery()
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
                labels = try LabelQuery(parsing: text)
            } catch {
                throw .badRequest(error.message)
            }
        }
        if let text = query["fieldSelector"], !text.isEmpty {
            for part in Self.parts(of: text) where !part.isEmpty { fields.append(try Self.requirement(part, of: text, kind)) }
        }
    }

    /// The requirements of a field selector: a comma within a value is written `\,`.
    private static func parts(of text: String) -> [String] {
        var parts = [""]
        var isEscaped = false
        for character in text {
            if character == ",", !isEscaped { parts.append("") } else { parts[parts.count - 1].append(character) }
            isEscaped = character == "\\" && !isEscaped
        }
        return parts
    }

    private static func requirement(_ part: String, of selector: String, _ kind: ServedResource) throws(APIFailure) -> FieldRequirement {
        guard let equals = part.firstIndex(of: "=") else {
            throw .badRequest("invalid selector: '\(selector)'; can't understand '\(part)'")
        }
        var field = String(part[..<equals])
        var written = part[part.index(after: equals)...]
        let isNegated = field.last == "!"
        if isNegated { field.removeLast() } else if written.first == "=" { written.removeFirst() }
        var value = ""
        while let character = written.popFirst() {
            switch character {
            case "\\":
                guard let escaped = written.popFirst(), ["\\", ",", "="].contains(escaped) else {
                    throw .badRequest("invalid field selector: invalid escape sequence in value: \(part)")
                }
                value.append(escaped)
            case "=": throw .badRequest("invalid field selector: unescaped character in value: 61")
            default: value.append(character)
            }
        }
        let known = ["metadata.name"] + (kind.isNamespaced ? ["metadata.namespace"] : []) + kind.selectableFields
        guard known.contains(field) else {
            if kind.storage == StorageID(group: "batch", plural: "jobs") {
                throw .badRequest("field label \"\(field)\" not supported for batchv1.Job")
            }
            throw kind.selectableFields.isEmpty && !kind.isCustom
                ? .badRequest("\"\(field)\" is not a known field selector: only \"metadata.name\", \"metadata.namespace\"")
                : .badRequest("field label not supported: \(field)")
        }
        return FieldRequirement(field: field, value: value, isNegated: isNegated)
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
            // What selectors call successful is called otherwise in the object, and is not written where it is nothing.
            if requirement.field == "status.successful" {
                return (String(object.at("status", "succeeded")?.intValue ?? 0) == requirement.value) != requirement.isNegated
            }
            let path = requirement.field.split(separator: ".").map(String.init)
            let leaf = object.at(path: path)
            return ((leaf?.stringValue ?? leaf?.text() ?? "") == requirement.value) != requirement.isNegated
        }
    }
}
