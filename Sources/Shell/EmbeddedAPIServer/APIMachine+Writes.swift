import Clockwork
import HTTPTypes
import KubeModel
import SchemaModel
import StrictJSON

extension APIMachine {
    /// POST to a collection.
    mutating func create(_ target: RequestTarget, _ request: APIRequest) throws(APIFailure) -> Answer {
        let options = try WriteOptions(request.query, kind: "CreateOptions")
        let body = try Self.json(request, accepted: ["application/json"], kind: target.definition.kind)
        let incoming = try decoded(body, target, options)
        return try create(incoming, target, options)
    }

    private mutating func create(_ incoming: Incoming, _ target: RequestTarget, _ options: WriteOptions) throws(APIFailure) -> Answer {
        let definition = target.definition
        var object = incoming.object
        var metadata = object["metadata"]?.objectValue ?? [:]
        try checkNamespace(target, name: metadata["name"]?.stringValue ?? metadata["generateName"]?.stringValue ?? "")
        if metadata["resourceVersion"] != nil {
            throw APIFailure(500, "", "resourceVersion should not be set on objects to be created")
        }
        if metadata["name"] == nil, let prefix = metadata["generateName"]?.stringValue {
            metadata["name"] = .string(unusedName(prefix, target))
        }
        for member in ["deletionTimestamp", "deletionGracePeriodSeconds"] { metadata[member] = nil }
        metadata["uid"] = .string(ObjectMetaRules.makeUID(using: &random))
        metadata["creationTimestamp"] = .string(now.rfc3339)
        if definition.tracksGeneration { metadata["generation"] = 1 }
        object["metadata"] = .object(metadata)
        if definition.hasStatus { object["status"] = nil }
        BuiltInRules.prepareForCreate(&object, definition.storage, version: store.version)

        let name = object.name
        var errors: [FieldError] = []
        if name.isEmpty { errors.append(.required("metadata.name", "name or generateName is required")) }
        errors += ObjectMetaRules.errors(metadata, definition)
        errors += definition.schema?.violations(of: object).map(FieldError.init) ?? []
        errors += definition.scale.map { $0.errors(object, definition) } ?? []
        errors += BuiltInRules.errors(object, replacing: nil, definition.storage)
        guard errors.isEmpty else { throw .invalid(definition, name, errors) }
        let key = storeKey(namespace: target.namespace, name: name)
        guard store.object(definition.storage, key) == nil else { throw .alreadyExists(definition, name) }
        if definition.storage == .definitions { object = try acceptedDefinition(object) }
        if !options.isDryRun {
            object = commit(definition, key, object)
            collectGarbageIfImmediate()
        }
        return Answer(object: served(object, as: definition), status: 201, warnings: incoming.warnings)
    }

    /// Eight attempts, as the real server makes; the ninth name may be taken and then answers 409.
    private mutating func unusedName(_ prefix: String, _ target: RequestTarget) -> String {
        var name = ObjectMetaRules.generatedName(from: prefix, using: &random)
        for _ in 1..<8 where store.object(target.definition.storage, storeKey(namespace: target.namespace, name: name)) != nil {
            name = ObjectMetaRules.generatedName(from: prefix, using: &random)
        }
        return name
    }

    /// Objects are only created in a namespace that exists and is there to stay.
    private func checkNamespace(_ target: RequestTarget, name: String) throws(APIFailure) {
        guard target.definition.isNamespaced, let namespaces = registry.definition(of: .namespaces) else { return }
        guard let namespace = store.object(.namespaces, target.namespace) else { throw .notFound(namespaces, target.namespace) }
        guard namespace.isDeleting else { return }
        throw .forbidden(
            target.definition, name,
            "unable to create new content in namespace \(target.namespace) because it is being terminated",
            causes: [
                FieldError(
                    reason: "NamespaceTerminating", field: "metadata.namespace",
                    message: "namespace \(target.namespace) is being terminated")
            ])
    }

    /// PUT of an object, its status or its scale.
    mutating func update(_ target: RequestTarget, _ request: APIRequest) throws(APIFailure) -> Answer {
        let options = try WriteOptions(request.query, kind: "UpdateOptions")
        let body = try Self.json(request, accepted: ["application/json"], kind: target.definition.kind)
        if target.subresource == "scale" { return try updateScale(body, target, options) }
        let definition = target.definition
        if target.name == nil { throw .badRequest("name must be provided") }
        let incoming = try decoded(body, target, options)
        let named = incoming.object.name
        let name = target.name ?? ""
        if named.isEmpty {
            throw .badRequest("the name of the object (\(name) based on URL) was undeterminable: name must be provided")
        }
        if named != name {
            throw .badRequest("the name of the object (\(named)) does not match the name on the URL (\(name))")
        }
        guard let old = store.object(definition.storage, target.key) else {
            guard definition.createsOnUpdate, target.subresource == nil else { throw .notFound(definition, name) }
            return try create(incoming, target, options)
        }
        let uid = incoming.object.uid
        if !uid.isEmpty, uid != old.uid { throw .otherUID(definition, target.key, name: name, wanted: uid, found: old.uid) }
        let version = incoming.object.resourceVersion
        if !version.isEmpty, UInt64(version) == nil { throw APIFailure(500, "", "strconv.ParseUint: parsing \"\(version)\": invalid syntax") }
        if version.isEmpty, definition.requiresResourceVersion || definition.isCustom {
            throw .versionMissing(definition, name)
        }
        return try replace(old, with: incoming, target, options)
    }

    /// PATCH of an object, its status or its scale.
    mutating func patch(_ target: RequestTarget, _ request: APIRequest) throws(APIFailure) -> Answer {
        let options = try WriteOptions(request.query, kind: "PatchOptions")
        if target.name == nil { throw .badRequest("name must be provided") }
        let patch = try ObjectPatch(request, target.definition)
        let old = try existing(target)
        if target.subresource == "scale" {
            return try updateScale(try patch.applied(to: try scale(of: old, target)), target, options)
        }
        let patched = try patch.applied(to: served(old, as: target.definition))
        try checkKind(patched, target.definition, name: old.name)
        let incoming: Incoming
        do {
            incoming = try decoded(patched, target, options)
        } catch {
            guard error.code == 400, error.message.contains("cannot be handled as a "), !error.message.contains("strict decoding") else { throw error }
            throw .unreadableResult(patched.text(), error.message)
        }
        if incoming.object.name != old.name {
            throw .badRequest("the name of the object (\(incoming.object.name)) does not match the name on the URL (\(old.name))")
        }
        return try replace(old, with: incoming, target, options)
    }

    /// A patch may not make another kind, or another version, of a custom object.
    private func checkKind(_ patched: JSONValue, _ definition: ServedResource, name: String) throws(APIFailure) {
        guard definition.isCustom else { return }
        let kind = patched["kind"]?.stringValue ?? ""
        let version = patched["apiVersion"]?.stringValue ?? ""
        var errors: [FieldError] = []
        if kind != definition.kind { errors.append(.invalid("kind", "\"\(kind)\"", "must be \(definition.kind)")) }
        if version != definition.apiVersion { errors.append(.invalid("apiVersion", "\"\(version)\"", "must be \(definition.apiVersion)")) }
        guard !errors.isEmpty else { return }
        var claimed = definition
        claimed.kind = kind
        claimed.group = version.split(separator: "/").count == 2 ? String(version.split(separator: "/")[0]) : ""
        throw .invalid(claimed, name, errors)
    }

    /// Stores `incoming` in place of `old`, where it may, and unless it changes nothing.
    mutating func replace(
        _ old: JSONValue, with incoming: Incoming, _ target: RequestTarget, _ options: WriteOptions
    ) throws(APIFailure) -> Answer {
        let definition = target.definition
        let name = old.name
        var new = incoming.object
        if !new.resourceVersion.isEmpty, new.resourceVersion != old.resourceVersion { throw .modified(definition, name) }

        let oldMetadata = old["metadata"]?.objectValue ?? [:]
        if target.subresource == "status" {
            new = withStatus(of: new, old, definition)
        } else {
            let metadata = new["metadata"]?.objectValue ?? [:]
            new["metadata"] = .object(ObjectMetaRules.updated(metadata, old: oldMetadata))
            if definition.hasStatus { new["status"] = old["status"] }
            BuiltInRules.prepareForUpdate(&new, replacing: old, definition.storage)
            let isCounted = Self.counted(new, definition) != Self.counted(old, definition)
            if definition.tracksGeneration, isCounted || Self.countsAnnotations(new, old, definition) {
                new.set(JSONValue((oldMetadata["generation"]?.intValue ?? 0) + 1), at: ["metadata", "generation"])
            }
        }
        new.set(oldMetadata["resourceVersion"], at: ["metadata", "resourceVersion"])

        let metadata = new["metadata"]?.objectValue ?? [:]
        var errors = ObjectMetaRules.updateErrors(metadata, old: oldMetadata)
        // The real server asks twice: in general, and for the kind. Events alone it does not ask.
        if definition.storage != .events { errors += errors }
        errors += ObjectMetaRules.errors(metadata, definition)
        errors += definition.schema?.violations(of: new, replacing: old).map(FieldError.init) ?? []
        errors += definition.scale.map { $0.errors(new, definition) } ?? []
        errors += BuiltInRules.errors(new, replacing: old, definition.storage)
        guard errors.isEmpty else { throw .invalid(definition, name, errors) }
        if definition.storage == .definitions { new = try acceptedDefinition(new) }

        guard new != old else { return Answer(object: served(old, as: definition), warnings: incoming.warnings) }
        if !options.isDryRun {
            let isLastFinalizerGone = old.isDeleting && new.finalizers.isEmpty && !definition.holdsContent
            if isLastFinalizerGone {
                commit(definition, target.key, nil)
            } else {
                new = commit(definition, target.key, new)
            }
            collectGarbageIfImmediate()
        }
        return Answer(object: served(new, as: definition), warnings: incoming.warnings)
    }

    /// The old object with the new status. Of built-in kinds such a write changes metadata as well, of custom ones it does not.
    private func withStatus(of new: JSONValue, _ old: JSONValue, _ definition: ServedResource) -> JSONValue {
        var result = old
        result["status"] = new["status"]
        guard !definition.isCustom, definition.storage != .definitions else { return result }
        var metadata = ObjectMetaRules.updated(new["metadata"]?.objectValue ?? [:], old: old["metadata"]?.objectValue ?? [:])
        if definition.storage == StorageID(group: "apps", plural: "deployments") { metadata["labels"] = old["metadata"]?["labels"] }
        if definition.storage == .pods { metadata["ownerReferences"] = old["metadata"]?["ownerReferences"] }
        result["metadata"] = .object(metadata)
        return result
    }

    /// What the generation counts: everything but metadata and, where it is a subresource, status.
    private static func counted(_ object: JSONValue, _ definition: ServedResource) -> JSONValue {
        var object = object
        object["metadata"] = nil
        if definition.hasStatus { object["status"] = nil }
        return object
    }

    /// Whether a Deployment's annotations changed: its generation counts them, since they steer its rollouts.
    private static func countsAnnotations(_ new: JSONValue, _ old: JSONValue, _ definition: ServedResource) -> Bool {
        definition.storage == StorageID(group: "apps", plural: "deployments")
            && new.at("metadata", "annotations") != old.at("metadata", "annotations")
    }
}

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
