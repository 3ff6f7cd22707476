import StrictJSON

extension PodTemplate {
    /// One form for all templates that mean the same: defaults filled in, then everything left out that means nothing.
    ///
    /// - SeeAlso: Kubernetes, `pkg/apis/core/v1/defaults.go`, and `apiequality.Semantic.DeepEqual`.
    public func canonical(ignoringLabels ignored: Set<String> = []) -> JSONValue {
        var template = raw
        if var labels = template.at("metadata", "labels")?.objectValue {
            for key in ignored.sorted() { _ = labels.removeValue(forKey: key) }
            template.set(.object(labels), at: ["metadata", "labels"])
        }
        // The server prints `creationTimestamp: null`, and none of the other members means anything in a template.
        if var metadata = template["metadata"]?.objectValue {
            _ = metadata.removeValue(forKey: "creationTimestamp")
            template["metadata"] = .object(metadata)
        }
        var spec = template["spec"]?.objectValue ?? JSONObject()
        PodDefaults.apply(to: &spec)
        template["spec"] = .object(spec)
        return Meaning.reduced(template, as: .structure) ?? .object(JSONObject())
    }
}

/// What is left of a value when everything is dropped that Kubernetes treats as absent.
private enum Meaning {
    enum Shape {
        case structure
        /// A map with the user's keys, whose values all count, also empty ones.
        case map
        /// A map whose values are quantities.
        case quantities
    }

    /// Members that are maps with the user's keys.
    static let maps: Set<String> = ["labels", "annotations", "nodeSelector", "matchLabels", "volumeAttributes", "options"]
    static let quantityMaps: Set<String> = ["limits", "requests", "overhead"]
    static let quantities: Set<String> = ["sizeLimit", "divisor"]
    /// Structs that are part of their parent: empty and absent are the same. All other objects are pointers: `emptyDir: {}` is something.
    static let embedded: Set<String> = ["metadata", "resources"]
    /// Booleans and numbers whose zero is the same as absence; those of all other fields are pointers or never zero.
    static let plainFlags: Set<String> = ["hostNetwork", "hostPID", "hostIPC", "stdin", "stdinOnce", "tty", "readOnly"]
    static let plainNumbers: Set<String> = ["hostPort", "initialDelaySeconds", "partition"]
    /// Strings that are pointers: empty says something else than absent.
    static let pointerStrings: Set<String> = ["storageClassName", "service", "type", "runtimeClassName", "volumeAttributesClassName"]

    /// `.none` when nothing is left; a plain `nil` in a conditional expression would be a JSON null.
    static func reduced(_ value: JSONValue, as shape: Shape, key: String = "") -> JSONValue? {
        switch value {
        case .null:
            return nil
        case .bool(let flag):
            return !flag && plainFlags.contains(key) ? .none : value
        case .number(let number):
            if shape == .quantities || quantities.contains(key) { return canonicalQuantity(value) }
            return number.int64 == 0 && plainNumbers.contains(key) ? .none : value
        case .string(let text):
            if shape == .quantities || quantities.contains(key) { return canonicalQuantity(value) }
            return text.isEmpty && shape == .structure && !pointerStrings.contains(key) ? .none : value
        case .array(let elements):
            // Elements stand for themselves: `args: [""]` is one empty argument.
            return elements.isEmpty ? .none : .array(elements.map { element in
                guard case .object = element else { return element }
                return reduced(element, as: .structure) ?? .object(JSONObject())
            })
        case .object(let object):
            var kept = JSONObject()
            for (name, member) in object {
                kept[name] = shape == .structure
                    ? reduced(member, as: shapeOfMember(name), key: name)
                    : reduced(member, as: shape)
            }
            guard kept.isEmpty else { return .object(kept) }
            return shape != .structure || embedded.contains(key) ? .none : .object(kept)
        }
    }

    private static func shapeOfMember(_ name: String) -> Shape {
        maps.contains(name) ? .map : quantityMaps.contains(name) ? .quantities : .structure
    }

    /// What cannot be parsed stays as it is: two templates with the same mistake are equal.
    private static func canonicalQuantity(_ value: JSONValue) -> JSONValue {
        Quantity(json: value).map { .string($0.canonicalText) } ?? value
    }
}
