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
        if definition.storage == .deployments { metadata["labels"] = old["metadata"]?["labels"] }
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

    /// Whether a Deployment's annotations changed: its generation counts them, since they steer its rollouts. Those that its
    /// controller writes along with the status are not counted.
    private static func countsAnnotations(_ new: JSONValue, _ old: JSONValue, _ definition: ServedResource) -> Bool {
        definition.storage == .deployments
            && new.at("metadata", "annotations") != old.at("metadata", "annotations")
    }
}
