import Clockwork
import StrictJSON

/// What models are read with, when they are read straight from their text. As with `FieldReader`, null and absent read alike, and what is
/// not asked for is passed over; an error only says that the text has to be read by way of a tree.
extension JSONReader {
    /// Reads the members of an object that are not null; none of an object that is null itself.
    mutating func readMembers(_ body: (_ key: String, _ reader: inout JSONReader) throws(JSONError) -> Void) throws(JSONError) {
        if try consumeNull() { return }
        try readObject { key, reader throws(JSONError) in
            if try !reader.consumeNull() { try body(key, &reader) }
        }
    }

    /// A map of strings such as labels.
    mutating func labels() throws(JSONError) -> [String: String] {
        var map: [String: String] = [:]
        try readObject { key, reader throws(JSONError) in map[key] = try reader.sharedString() }
        return map
    }

    mutating func strings() throws(JSONError) -> [String] {
        try array { reader throws(JSONError) in try reader.sharedString() }
    }

    mutating func timestamp() throws(JSONError) -> Timestamp {
        let text = try string()
        do throws(TimestampError) {
            return try Timestamp(rfc3339: text)
        } catch {
            throw self.error("expected a time such as 2026-03-01T10:00:00Z")
        }
    }
}

extension ObjectMeta {
    init(_ reader: inout JSONReader) throws(JSONError) {
        self.init(name: "")
        try reader.readMembers { key, reader throws(JSONError) in
            switch key {
            case "name": name = try reader.string()
            case "namespace": namespace = try reader.sharedString()
            case "uid": uid = try reader.string()
            case "resourceVersion": resourceVersion = try reader.string()
            case "generation": generation = try reader.int64()
            case "creationTimestamp": creationTimestamp = try reader.timestamp()
            case "deletionTimestamp": deletionTimestamp = try reader.timestamp()
            case "labels": labels = try reader.labels()
            case "annotations": annotations = try Self.annotations(&reader)
            case "ownerReferences":
                ownerReferences = try reader.array { reader throws(JSONError) in try OwnerReference(&reader) }
            case "finalizers": finalizers = try reader.strings()
            default: break
            }
        }
    }

    private static func annotations(_ reader: inout JSONReader) throws(JSONError) -> [String: String] {
        var map: [String: String] = [:]
        try reader.readObject { key, reader throws(JSONError) in
            if key == lastApplied {
                guard reader.nextKind == .string else { throw reader.error("expected a string") }
                return
            }
            map[key] = try reader.sharedString()
        }
        return map
    }
}

extension OwnerReference {
    init(_ reader: inout JSONReader) throws(JSONError) {
        self.init(apiVersion: "", kind: "", name: "", uid: "", isController: false, blocksOwnerDeletion: false)
        try reader.readMembers { key, reader throws(JSONError) in
            switch key {
            case "apiVersion": apiVersion = try reader.sharedString()
            case "kind": kind = try reader.sharedString()
            case "name": name = try reader.sharedString()
            case "uid": uid = try reader.sharedString()
            case "controller": isController = try reader.bool()
            case "blockOwnerDeletion": blocksOwnerDeletion = try reader.bool()
            default: break
            }
        }
    }
}

extension Condition {
    init(_ reader: inout JSONReader) throws(JSONError) {
        self.init(type: "", status: "")
        try reader.readMembers { key, reader throws(JSONError) in
            switch key {
            case "type": type = try reader.sharedString()
            case "status": status = try reader.sharedString()
            case "reason": reason = try reader.sharedString()
            case "message": message = try reader.sharedString()
            case "lastTransitionTime": lastTransitionTime = try reader.timestamp()
            case "lastUpdateTime": lastUpdateTime = try reader.timestamp()
            case "observedGeneration": observedGeneration = try reader.int64()
            default: break
            }
        }
    }

    static func list(_ reader: inout JSONReader) throws(JSONError) -> [Condition] {
        try reader.array { reader throws(JSONError) in try Condition(&reader) }
    }
}

extension LabelSelector {
    init(_ reader: inout JSONReader) throws(JSONError) {
        self.init()
        try reader.readMembers { key, reader throws(JSONError) in
            switch key {
            case "matchLabels": matchLabels = try reader.labels()
            case "matchExpressions": matchExpressions = try reader.array { reader throws(JSONError) in try Requirement(&reader) }
            default: break
            }
        }
    }
}

extension LabelSelector.Requirement {
    fileprivate init(_ reader: inout JSONReader) throws(JSONError) {
        var label: String?
        var comparison: LabelSelector.Comparison?
        var values: [String] = []
        try reader.readMembers { key, reader throws(JSONError) in
            switch key {
            case "key": label = try reader.sharedString()
            case "operator": comparison = LabelSelector.Comparison(rawValue: try reader.string())
            case "values": values = try reader.strings()
            default: break
            }
        }
        guard let label, let comparison else { throw reader.error("a requirement needs key and operator") }
        let needsValues: Bool = comparison == .in || comparison == .notIn
        guard needsValues != values.isEmpty else { throw reader.error("values do not fit the operator") }
        self.init(key: label, comparison, values: values)
    }
}
