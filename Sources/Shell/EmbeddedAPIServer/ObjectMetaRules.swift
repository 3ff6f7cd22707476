import Clockwork
import KubeModel
import StrictJSON

/// What the server itself writes into `metadata`, and what it refuses there.
enum ObjectMetaRules {
    /// Members of `metadata` that are kept; others are dropped as the real server's types do. Field ownership is not tracked.
    private static let known: [String: Shape] = [
        "name": .string, "generateName": .string, "namespace": .string, "uid": .string, "resourceVersion": .string,
        "generation": .integer, "creationTimestamp": .time, "deletionTimestamp": .time, "deletionGracePeriodSeconds": .integer,
        "labels": .strings, "annotations": .strings, "ownerReferences": .objects, "finalizers": .list,
    ]

    private enum Shape { case string, integer, time, strings, objects, list }

    /// The metadata as the server's types would read it, in a fixed order of members.
    ///
    /// - Throws: 400, where a member has the wrong type.
    static func decoded(_ json: JSONValue?, _ kind: ServedResource) throws(APIFailure) -> JSONObject {
        func mismatch(_ member: String, _ value: JSONValue, _ type: String) -> APIFailure {
            .badRequest(
                "\(kind.kind) in version \"\(kind.version)\" cannot be handled as a \(kind.kind): "
                    + "json: cannot unmarshal \(value.kindName) into Go struct field ObjectMeta.metadata.\(member) of type \(type)")
        }
        guard let json, !json.isNull else { return [:] }
        guard let object = json.objectValue else { throw mismatch("", json, "v1.ObjectMeta") }
        var result = JSONObject()
        for member in order {
            guard let shape = known[member], let value = object[member], !value.isNull else { continue }
            switch shape {
            case .string, .time:
                guard let text = value.stringValue else { throw mismatch(member, value, "string") }
                if shape == .time, (try? Timestamp(rfc3339: text)) == nil {   // the error below says what was found
                    throw .badRequest("parsing time \"\(text)\" as \"2006-01-02T15:04:05Z07:00\": cannot parse metadata.\(member)")
                }
                if text.isEmpty { continue }
            case .integer:
                guard value.int64Value != nil else { throw mismatch(member, value, "int64") }
            case .strings:
                guard let members = value.objectValue else { throw mismatch(member, value, "map[string]string") }
                for (_, element) in members where element.stringValue == nil { throw mismatch(member, element, "string") }
                if members.isEmpty { continue }
            case .objects:
                guard let elements = value.arrayValue else { throw mismatch(member, value, "[]v1.OwnerReference") }
                for element in elements where element.objectValue == nil { throw mismatch(member, element, "v1.OwnerReference") }
                if elements.isEmpty { continue }
            case .list:
                guard let elements = value.arrayValue else { throw mismatch(member, value, "[]string") }
                for element in elements where element.stringValue == nil { throw mismatch(member, element, "string") }
                if elements.isEmpty { continue }
            }
            result[member] = value
        }
        return result
    }

    private static let order = [
        "name", "generateName", "namespace", "uid", "resourceVersion", "generation", "creationTimestamp", "deletionTimestamp",
        "deletionGracePeriodSeconds", "labels", "annotations", "ownerReferences", "finalizers",
    ]

    /// What is wrong with the metadata of an object that is about to be stored.
    static func errors(_ metadata: JSONObject, _ kind: ServedResource) -> [FieldError] {
        var errors: [FieldError] = []
        if let name = metadata["name"]?.stringValue {
            errors += kind.nameRule.complaints(about: name).map { .invalid("metadata.name", "\"\(name)\"", $0) }
        }
        errors += labelErrors(metadata["labels"]?.stringMap ?? [:], at: "metadata.labels")
        var annotationBytes = 0
        for (key, value) in (metadata["annotations"]?.stringMap ?? [:]).sorted(by: { $0.key < $1.key }) {
            annotationBytes += key.utf8.count + value.utf8.count
            errors += qualifiedNameComplaints(key.lowercased()).map { .invalid("metadata.annotations", "\"\(key)\"", $0) }
        }
        if annotationBytes > annotationLimit {
            errors.append(
                FieldError(
                    reason: "FieldValueTooLong", field: "metadata.annotations",
                    message: "Too long: must have at most \(annotationLimit) bytes"))
        }
        for owner in metadata["ownerReferences"]?.arrayValue ?? [] {
            for (member, word) in [("apiVersion", "version"), ("kind", "kind"), ("name", "name"), ("uid", "uid")]
            where (owner[member]?.stringValue ?? "").isEmpty {
                errors.append(.invalid("metadata.ownerReferences.\(member)", "\"\"", "\(word) must not be empty"))
            }
        }
        let controllers = (metadata["ownerReferences"]?.arrayValue ?? []).filter { $0["controller"]?.boolValue == true }
        if controllers.count > 1 {
            errors.append(
                .invalid(
                    "metadata.ownerReferences", JSONValue.array(controllers).text(),
                    "Only one reference can have Controller set to true. Found \"true\" in references for "
                        + "\(controllers[0]["kind"]?.stringValue ?? "")/\(controllers[0].at("name")?.stringValue ?? "") and "
                        + "\(controllers[1]["kind"]?.stringValue ?? "")/\(controllers[1].at("name")?.stringValue ?? "")"))
        }
        for (index, finalizer) in (metadata["finalizers"]?.arrayValue ?? []).compactMap(\.stringValue).enumerated() {
            errors += qualifiedNameComplaints(finalizer).map { .invalid("metadata.finalizers", "\"\(finalizer)\"", $0) }
            if kind.knowsFinalizers, !finalizer.contains("/"), !standardFinalizers.contains(finalizer) {
                errors.append(
                    .invalid(
                        "metadata.finalizers[\(index)]", "\"\(finalizer)\"",
                        "name is neither a standard finalizer name nor is it fully qualified"))
            }
        }
        return errors
    }

    private static let standardFinalizers = ["kubernetes", "orphan", "foregroundDeletion"]

    /// All annotations of an object together, in bytes: the limit of the real server.
    private static let annotationLimit = 256 << 10

    /// The metadata of an object that replaces `old`: what the server owns is taken from `old`.
    static func updated(_ metadata: JSONObject, old: JSONObject) -> JSONObject {
        var result = metadata
        for member in ["generation", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds"] { result[member] = old[member] }
        if result["uid"] == nil { result["uid"] = old["uid"] }
        return result
    }

    /// What `new` changes in metadata that never change.
    static func updateErrors(_ new: JSONObject, old: JSONObject) -> [FieldError] {
        var errors: [FieldError] = []
        for member in ["name", "uid", "creationTimestamp"] where new[member] != old[member] {
            errors.append(.invalid("metadata.\(member)", new[member]?.text() ?? "null", "field is immutable"))
        }
        if old["deletionTimestamp"] != nil {
            let before = Set((old["finalizers"]?.arrayValue ?? []).compactMap(\.stringValue))
            let added = (new["finalizers"]?.arrayValue ?? []).compactMap(\.stringValue).filter { !before.contains($0) }
            if !added.isEmpty {
                let list = added.map { "\"\($0)\"" }.joined(separator: ", ")
                errors.append(
                    .forbidden(
                        "metadata.finalizers",
                        "no new finalizers can be added if the object is being deleted, found new finalizers []string{\(list)}"))
            }
        }
        return errors
    }

    /// A random identity in the form of UUID version 4.
    static func makeUID(using random: inout some RandomNumberGenerator) -> String {
        var bytes = (0..<2).flatMap { _ -> [UInt8] in
            let word = random.next() as UInt64
            return (0..<8).map { UInt8(truncatingIfNeeded: word >> (8 * UInt64($0))) }
        }
        bytes[6] = bytes[6] & 0x0F | 0x40
        bytes[8] = bytes[8] & 0x3F | 0x80
        let digits = Array("0123456789abcdef")
        var text = ""
        for (index, byte) in bytes.enumerated() {
            if [4, 6, 8, 10].contains(index) { text += "-" }
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return text
    }

    /// A name made from `metadata.generateName`: five letters that spell no words.
    static func generatedName(from prefix: String, using random: inout some RandomNumberGenerator) -> String {
        let alphabet = Array("bcdfghjklmnpqrstvwxz2456789")
        let suffix = String((0..<5).map { _ in alphabet[Int(random.next(upperBound: UInt64(alphabet.count)))] })
        // Room for the suffix within the 63 characters of a label.
        return String(prefix.prefix(58)) + suffix
    }
}
