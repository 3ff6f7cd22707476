extension JSONValue {
    /// The value after a merge patch (RFC 7386): objects are merged, null removes, everything else replaces.
    public func applying(mergePatch patch: JSONValue) -> JSONValue {
        guard case .object(let changes) = patch else { return patch }
        var result: JSONObject
        if case .object(let object) = self { result = object } else { result = JSONObject() }
        for (key, change) in changes {
            if change.isNull {
                result.removeValue(forKey: key)
            } else {
                result.update(key) { $0 = ($0 ?? .null).applying(mergePatch: change) }
            }
        }
        return .object(result)
    }

    /// The smallest merge patch that turns `from` into `to`; nil if they are equal.
    ///
    /// A merge patch can't write a null into an object: where `to` has one that `from` lacks, applying the patch leaves the
    /// member out.
    public static func mergePatch(from: JSONValue, to: JSONValue) -> JSONValue? {
        guard from != to else { return nil }
        guard case .object(let old) = from, case .object(let new) = to else { return to }
        var patch = JSONObject()
        for (key, value) in new {
            if let before = old[key] {
                if let change = mergePatch(from: before, to: value) { patch[key] = change }
            } else {
                patch[key] = value
            }
        }
        for key in old.keys where new[key] == nil { patch[key] = .null }
        return .object(patch)
    }
}
