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
        for member in ["deletionTimestamp", "deletionGracePeriodSeconds", "generation"] { metadata[member] = nil }
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
        let incoming = try decoded(body, target, options)
        let named = incoming.object.name
        let name = target.name ?? ""
        if target.name == nil { throw .badRequest("name must be provided") }
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
        if incoming.object.resourceVersion.isEmpty, definition.requiresResourceVersion || definition.isCustom {
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
        let incoming = try decoded(patched, target, options)
        if incoming.object.name != old.name {
            throw .badRequest("the name of the object (\(incoming.object.name)) does not match the name on the URL (\(old.name))")
        }
        return try replace(old, with: incoming, target, options)
    }

    /// Stores `incoming` in place of `old`, where it may, and unless it changes nothing.
    mutating func replace(
        _ old: JSONValue, with incoming: Incoming, _ target: RequestTarget, _ options: WriteOptions
    ) throws(APIFailure) -> Answer {
        let definition = target.definition
        let name = old.name
        var new = incoming.object
        if !new.uid.isEmpty, new.uid != old.uid {
            throw .otherUID(definition, target.key, name: name, wanted: new.uid, found: old.uid)
        }
        if !new.resourceVersion.isEmpty, new.resourceVersion != old.resourceVersion { throw .modified(definition, name) }

        let oldMetadata = old["metadata"]?.objectValue ?? [:]
        if target.subresource == "status" {
            let (status, annotations) = (new["status"], new.at("metadata", "annotations"))
            new = old
            new["status"] = status
            if definition.storage == .deployments { new.set(annotations, at: ["metadata", "annotations"]) }
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
        // The real server asks twice: in general, and for the kind.
        errors += errors
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

    /// What the generation counts: everything but metadata and, where it is a subresource, status.
    private static func counted(_ object: JSONValue, _ definition: ServedResource) -> JSONValue {
        var object = object
        object["metadata"] = nil
        if definition.hasStatus { object["status"] = nil }
        return object
    }

    /// Whether a Deployment's annotations changed: its generation counts them, since they steer its rollouts. Those that its
    /// controller writes along with the status are not counted.
    private static func countsAnnotations(_ new: JSONValue, _ old: JSONValue, _ definition: ServedResource) -> Bool {
        definition.storage == .deployments
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
        guard let members = json.objectValue else {
            throw .badRequest("json: cannot unmarshal \(json.kindName) into Go value of type v1.\(definition.kind)")
        }
        let kind = members["kind"]?.stringValue ?? ""
        let apiVersion = members["apiVersion"]?.stringValue ?? ""
        if definition.isCustom, kind.isEmpty {
            throw .badRequest("Object 'Kind' is missing in '\(json.text())'")
        }
        if definition.isCustom, apiVersion.isEmpty {
            throw .badRequest("Object 'apiVersion' is missing in '\(json.text())'")
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
        incoming.object = stored(incoming.object, definition)
        if !definition.isCustom { BuiltInDefaults.apply(to: &incoming.object, definition.storage) }
        return incoming
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

    static func mediaType(_ request: APIRequest) -> String {
        let value = request.headers[.contentType] ?? ""
        return String(value.prefix { $0 != ";" }).trimmingSpaces.lowercased()
    }
}

extension FieldError {
    init(_ violation: FieldViolation) {
        self.init(reason: violation.reason.rawValue, field: violation.path, message: violation.message)
    }
}
