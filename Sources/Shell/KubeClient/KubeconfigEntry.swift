import FoundationEssentials
import KubeModel
import StrictJSON

/// What stands under a name of a kubeconfig, and where: relative paths in it are relative to the file's folder.
struct KubeconfigEntry: Sendable {
    var fields: FieldReader
    /// `user "eva"`; empty for the file itself.
    var label: String
    var file: String
    /// Whether a value at a wrong place may be a secret, as with everything of a user: complaints name its kind only then.
    var hidesValues = false

    /// Where a complaint points to: `user "eva" of /home/eva/.kube/config`.
    var place: String { label.isEmpty ? file : "\(label) of \(file)" }

    /// A path as it is meant.
    func resolved(_ path: String) -> String {
        guard !path.hasPrefix("/"), let slash = file.lastIndex(of: "/") else { return path }
        return file[...slash] + path
    }

    /// Empty strings are absent, as kubectl treats them.
    func string(_ key: String) throws(KubeError) -> String? {
        let text = try reading { fields throws(DecodeError) in try fields.string(key) }
        return text.flatMap { $0.isEmpty ? nil : $0 }
    }

    /// A string that no complaint may quote.
    func secret(_ key: String) throws(KubeError) -> String? {
        let field = try reading { fields throws(DecodeError) in try fields.member(key) }
        return try secret(field)
    }

    /// Strings that no complaint may quote.
    func secrets(_ key: String) throws(KubeError) -> [String] {
        var texts: [String] = []
        for element in try elements(key) { texts.append(try secret(element.fields) ?? "") }
        return texts
    }

    func bool(_ key: String) throws(KubeError) -> Bool? {
        try reading { fields throws(DecodeError) in try fields.bool(key) }
    }

    /// The entries of a list.
    func elements(_ key: String) throws(KubeError) -> [KubeconfigEntry] {
        try reading { fields throws(DecodeError) in try fields.elements(key) }.map {
            KubeconfigEntry(fields: $0, label: label, file: file, hidesValues: hidesValues)
        }
    }

    /// The object at `key`, nil when there is none.
    func member(_ key: String) throws(KubeError) -> KubeconfigEntry? {
        let field = try reading { fields throws(DecodeError) in try fields.member(key) }
        return field.isPresent ? KubeconfigEntry(fields: field, label: label, file: file, hidesValues: hidesValues) : nil
    }

    func reading<Value>(_ read: (FieldReader) throws(DecodeError) -> Value) throws(KubeError) -> Value {
        do throws(DecodeError) {
            return try read(fields)
        } catch {
            throw .misconfigured("\(place): \(shown(error))")
        }
    }

    private func shown(_ error: DecodeError) -> DecodeError {
        guard hidesValues, let first = error.found.utf8.first else { return error }
        var shown = error
        switch first {
        case UInt8(ascii: "\""): shown.found = "a string"
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): shown.found = "a number"
        default: break
        }
        return shown
    }

    private func secret(_ field: FieldReader) throws(KubeError) -> String? {
        guard let value = field.value else { return nil }
        guard let text = value.stringValue else {
            throw .misconfigured("\(place): \(field.path): expected a string, found a value of the type \(value.kindName); put it in quotes")
        }
        return text.isEmpty ? nil : text
    }
}
