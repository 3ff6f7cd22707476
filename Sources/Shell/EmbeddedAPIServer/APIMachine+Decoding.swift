import HTTPTypes
import KubeModel
import SchemaModel
import StrictJSON

/// An object as a client sent it, read by the server's types, in the version in which it is stored.
struct Incoming: Sendable {
    var object: JSONValue
    var warnings: [String] = []
}

extension APIMachine {
    /// Reads an object as the kind's types do: checks what it says that it is, normalises metadata, drops what the schema
    /// does not know and fills in defaults.
    func decoded(_ json: JSONValue, _ target: RequestTarget, _ options: WriteOptions) throws(APIFailure) -> Incoming {
        let definition = target.definition
        guard let members = json.isNull ? [:] : json.objectValue else {
            throw .unreadableBody(
                definition.kind, "json: cannot unmarshal \(json.kindName) into Go value of type v1.\(definition.kind)", json.serialized())
        }
        let kind = members["kind"]?.stringValue ?? ""
        let apiVersion = members["apiVersion"]?.stringValue ?? ""
        if definition.isCustom, kind.isEmpty {
            throw .badRequest("Object 'Kind' is missing in '\(json.text())'")
        }
        if definition.isCustom, apiVersion.isEmpty {
            let cause = "Object 'apiVersion' is missing in 'object has no apiVersion field'"
            throw APIFailure(500, "InternalError", "Internal error occurred: \(cause)", details: ["causes": [["message": .string(cause)]]])
        }
        if !definition.isCustom, !kind.isEmpty, !apiVersion.isEmpty, registry.definition(apiVersion: apiVersion, kind: kind) == nil {
            throw .badRequest(
                "\(kind) in version \"\(apiVersion.split(separator: "/").last ?? "")\" cannot be handled as a \(definition.kind): no kind \"\(kind)\" is registered for version "
                    + "\"\(apiVersion)\" in scheme \"k8s.io/kubernetes/pkg/api/legacyscheme/scheme.go:30\"")
        }
        if !apiVersion.isEmpty, apiVersion != definition.apiVersion {
            throw .badRequest(
                "the API version in the data (\(apiVersion)) does not match the expected API version (\(definition.apiVersion))")
        }
        if !kind.isEmpty, kind != definition.kind {
            if definition.isCustom {
                let name = json.name
                var claimed = definition
                claimed.kind = kind
                throw .invalid(claimed, name, [.invalid("kind", "\"\(kind)\"", "must be \(definition.kind)")])
            }
            throw .badRequest(
                "\(kind) in version \"\(definition.version)\" cannot be handled as a \(definition.kind): converting "
                    + "(\(definition.version).\(kind)) to (\(definition.group.isEmpty ? "core" : definition.group).\(definition.kind)): unknown conversion")
        }
        var metadata = try ObjectMetaRules.decoded(members["metadata"], definition)
        let namespace = metadata["namespace"]?.stringValue ?? ""
        if definition.isNamespaced ? !namespace.isEmpty && namespace != target.namespace : !namespace.isEmpty {
            throw .badRequest("the namespace of the provided object does not match the namespace sent on the request")
        }
        if definition.isNamespaced { metadata["namespace"] = .string(target.namespace) }

        var object: JSONObject = [
            "apiVersion": .string(definition.apiVersion), "kind": .string(definition.kind), "metadata": .object(metadata),
        ]
        for (key, value) in members where object[key] == nil { object[key] = value }
        var incoming = Incoming(object: .object(object))
        if let schema = definition.schema {
            if options.fieldValidation != .ignore {
                let unknown = schema.unknownFields(of: incoming.object).map { "unknown field \"\($0)\"" }
                if options.fieldValidation == .strict, !unknown.isEmpty {
                    throw .badRequest(
                        "\(definition.kind) in version \"\(definition.version)\" cannot be handled as a \(definition.kind): "
                            + "strict decoding error: \(unknown.joined(separator: ", "))")
                }
                incoming.warnings = unknown
            }
            incoming.object = schema.defaulted(schema.pruned(incoming.object))
        }
        if let type = BuiltInTypes.type(of: definition) { try readBuiltIn(&incoming, as: type, definition, options) }
        incoming.object = stored(incoming.object, definition)
        if !definition.isCustom { BuiltInDefaults.apply(to: &incoming.object, definition.storage) }
        return incoming
    }

    /// Takes what the kind's type has, and tells of the rest.
    private func readBuiltIn(
        _ incoming: inout Incoming, as type: BuiltInType, _ definition: ServedResource, _ options: WriteOptions
    ) throws(APIFailure) {
        let problem = "\(definition.kind) in version \"\(definition.version)\" cannot be handled as a \(definition.kind): "
        let members = incoming.object.objectValue ?? [:]
        var reader = BuiltInReader()
        var content = members
        for member in ["apiVersion", "kind", "metadata"] { content[member] = nil }
        var object: JSONObject = ["apiVersion": members["apiVersion"] ?? "", "kind": members["kind"] ?? "", "metadata": members["metadata"] ?? [:]]
        do {
            for (key, value) in try reader.read(content, as: type) where object[key] == nil { object[key] = value }
        } catch {
            throw .badRequest(problem + error.message)
        }
        incoming.object = .object(object)
        guard options.fieldValidation != .ignore, !reader.unknown.isEmpty else { return }
        let unknown = reader.unknown.map { "unknown field \"\($0)\"" }
        if options.fieldValidation == .strict { throw .badRequest(problem + "strict decoding error: \(unknown.joined(separator: ", "))") }
        incoming.warnings = unknown
    }

    /// An object of any served version in the one that is stored.
    private func stored(_ object: JSONValue, _ definition: ServedResource) -> JSONValue {
        guard !definition.isStored, let stored = registry.definition(of: definition.storage) else { return object }
        if definition.storage == .events { return EventConversion.toCore(object) }
        var object = object
        object["apiVersion"] = .string(stored.apiVersion)
        return object
    }

    /// The JSON that a request carries.
    static func json(_ request: APIRequest, accepted: [String], kind: String = "DeleteOptions") throws(APIFailure) -> JSONValue {
        let type = mediaType(request)
        guard type.isEmpty || accepted.contains(type) else {
            let isYAML = type == "application/yaml" || type == "application/x-yaml"
            throw .unsupportedMediaType(accepted: accepted, note: isYAML ? "this server does not read YAML" : "")
        }
        do {
            return try JSONValue(parsing: request.body)
        } catch {
            throw .unreadableBody(kind, "\(error)", request.body)
        }
    }

    /// The media type of the body; what cannot be read is one that nobody accepts.
    static func mediaType(_ request: APIRequest) -> String {
        let value = request.headers[.contentType] ?? ""
        let parameters = value.split(separator: ";").dropFirst()
        guard parameters.allSatisfy({ $0.contains("=") || String($0).trimmingSpaces.isEmpty }) else { return "unreadable" }
        return String(value.prefix { $0 != ";" }).trimmingSpaces.lowercased()
    }
}

extension FieldError {
    init(_ violation: FieldViolation) {
        self.init(reason: violation.reason.rawValue, field: violation.path, message: violation.message)
    }
}
