import StrictJSON

/// A pod template that is passed on rather than understood: kept as it was written, compared by what it means.
public struct PodTemplate: Sendable, Hashable {
    /// The template as it stands in the object, with `metadata` and `spec`.
    public var raw: JSONValue

    /// Wraps the value of a `template` field.
    public init(raw: JSONValue) { self.raw = raw }

    /// Labels of the pods; members that are no strings are left out, since the API server refuses those.
    public var labels: [String: String] { strings(of: "labels") }

    /// Annotations of the pods.
    public var annotations: [String: String] { strings(of: "annotations") }

    /// A digest of the template as written: equal digests mean equal templates, different ones mean nothing.
    public var digest: UInt64 { raw.structuralDigest }

    /// A digest of what the template means: equal for semantically equal templates.
    public func semanticDigest(ignoringLabels ignored: Set<String> = []) -> UInt64 { canonical(ignoringLabels: ignored).structuralDigest }

    /// Whether pods of the two templates would be the same, apart from the labels named.
    ///
    /// Kubernetes' defaults are applied on both sides, absent and empty lists and maps are equal, quantities are
    /// compared by value, and the deprecated `serviceAccount` is read as `serviceAccountName`.
    public func isSemanticallyEqual(to other: PodTemplate, ignoringLabels ignored: Set<String> = []) -> Bool {
        // Most comparisons are of a template with its unchanged self.
        raw == other.raw || canonical(ignoringLabels: ignored) == other.canonical(ignoringLabels: ignored)
    }

    /// The template without the labels and annotations that hold exactly these values, for metadata that a controller has injected.
    public func removing(labels: [String: String], annotations: [String: String]) -> PodTemplate {
        var copy = self
        for (member, removed) in [("labels", labels), ("annotations", annotations)] {
            guard var object = copy.raw.at("metadata", member)?.objectValue else { continue }
            for key in removed.keys.sorted() where object[key]?.stringValue == removed[key] { _ = object.removeValue(forKey: key) }
            copy.raw.set(.object(object), at: ["metadata", member])
        }
        return copy
    }

    /// The template with these labels added or replaced.
    public func adding(labels: [String: String]) -> PodTemplate {
        var copy = self
        for key in labels.keys.sorted() { copy.raw.set(labels[key].map(JSONValue.string), at: ["metadata", "labels", key]) }
        return copy
    }

    private func strings(of member: String) -> [String: String] {
        var map: [String: String] = [:]
        for (key, value) in raw.at("metadata", member)?.objectValue ?? JSONObject() { map[key] = value.stringValue }
        return map
    }
}
