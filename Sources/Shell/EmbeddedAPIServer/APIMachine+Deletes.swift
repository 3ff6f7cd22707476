import HTTPTypes
import KubeModel
import StrictJSON

/// What becomes of the objects that a deleted one owns.
enum Propagation: String, Sendable {
    case background = "Background", foreground = "Foreground", orphan = "Orphan"
}

/// How to delete: from the body, and from the query where there is none.
struct DeleteOptions: Sendable {
    var uid: String?
    var resourceVersion: String?
    var propagation: Propagation?
    var isDryRun = false
    /// Whether the client knows that 202 means "not gone yet": others are told 200, since they would take it for a failure.
    var understandsAccepted = false

    init(_ request: APIRequest) throws(APIFailure) {
        isDryRun = try WriteOptions(request.query, kind: "DeleteOptions").isDryRun
        var policy = request.query["propagationPolicy"]
        var orphans = request.query["orphanDependents"].map { $0 == "true" }
        if !request.body.isEmpty {
            let body = try APIMachine.json(request, accepted: ["application/json"])
            if let kind = body["kind"]?.stringValue, kind != "DeleteOptions" {
                throw .badRequest("decoded object cannot be converted to DeleteOptions: its kind is \(kind)")
            }
            uid = body.at("preconditions", "uid")?.stringValue
            resourceVersion = body.at("preconditions", "resourceVersion")?.stringValue
            policy = body["propagationPolicy"]?.stringValue ?? policy
            orphans = body["orphanDependents"]?.boolValue ?? orphans
            for item in body["dryRun"]?.arrayValue ?? [] {
                guard item.stringValue == "All" else {
                    throw .badRequest("DeleteOptions.dryRun: Unsupported value: \(item.text()): supported values: \"All\"")
                }
                isDryRun = true
            }
        }
        if let policy {
            guard let known = Propagation(rawValue: policy) else {
                let error = FieldError.unsupported("propagationPolicy", policy, supported: ["Foreground", "Background", "Orphan", "nil"])
                throw APIFailure(
                    422, "Invalid", "DeleteOptions.meta.k8s.io \"\" is invalid: \(error.field): \(error.message)",
                    details: [
                        "group": "meta.k8s.io", "kind": "DeleteOptions",
                        "causes": [["reason": .string(error.reason), "message": .string(error.message), "field": .string(error.field)]],
                    ])
            }
            propagation = known
        } else if let orphans {
            propagation = orphans ? .orphan : .background
        }
        understandsAccepted = orphans == false
    }
}

extension ServedResource {
    /// Whether deleting an object of this kind deletes what lies in it first: namespaces, and definitions with their objects.
    var holdsContent: Bool { storage == .namespaces || storage == .definitions }
}

extension APIMachine {
    /// DELETE of one object.
    mutating func delete(_ target: RequestTarget, _ request: APIRequest) throws(APIFailure) -> Answer {
        let options = try DeleteOptions(request)
        let answer = try delete(target.definition, target.key, options)
        collectGarbageIfImmediate()
        return answer
    }

    /// DELETE of a collection: every selected object as by a delete of its own.
    mutating func deleteCollection(_ target: RequestTarget, _ request: APIRequest) throws(APIFailure) -> Answer {
        let definition = target.definition
        let options = try DeleteOptions(request)
        let selection = try ObjectSelection(namespace: target.scope, query: request.query, kind: definition)
        let collection = store.collection(definition.storage)
        let keys = collection.keys.filter { key in collection[key].map { selection.matches($0) } ?? false }
        var items: [JSONValue] = []
        for key in keys {
            guard let object = store.object(definition.storage, key) else { continue }
            items.append(served(object, as: definition))
            _ = try delete(definition, key, options)
        }
        collectGarbageIfImmediate()
        return Answer(object: [
            "kind": .string(definition.listKind), "apiVersion": .string(definition.apiVersion),
            "metadata": .object(Self.listMetadata(store.version, definition)), "items": .array(items),
        ])
    }

    /// POST to a pod's `eviction`: a delete, since there are no disruption budgets.
    mutating func evict(_ target: RequestTarget, _ request: APIRequest) throws(APIFailure) -> Answer {
        _ = try Self.json(request, accepted: ["application/json"])
        let options = try WriteOptions(request.query, kind: "CreateOptions")
        var deletion = try DeleteOptions(APIRequest(.delete, request.path))
        deletion.isDryRun = options.isDryRun
        _ = try delete(target.definition, target.key, deletion)
        collectGarbageIfImmediate()
        return Self.created
    }

    /// POST to a pod's `binding`, by which a scheduler gives it a node.
    mutating func bind(_ target: RequestTarget, _ request: APIRequest) throws(APIFailure) -> Answer {
        let binding = try Self.json(request, accepted: ["application/json"])
        let options = try WriteOptions(request.query, kind: "CreateOptions")
        var pod = try existing(target)
        let node = binding.at("target", "name")?.stringValue ?? ""
        guard !node.isEmpty else {
            throw .invalid(target.definition, target.name ?? "", [.required("target.name")])
        }
        if let taken = pod.at("spec", "nodeName")?.stringValue, !taken.isEmpty {
            throw .conflict(target.definition, target.name ?? "", "pod \(target.name ?? "") is already assigned to node \"\(taken)\"")
        }
        pod.set(.string(node), at: ["spec", "nodeName"])
        if !options.isDryRun { commit(target.definition, target.key, pod) }
        return Self.created
    }

    private static let created = Answer(
        object: ["kind": "Status", "apiVersion": "v1", "metadata": [:], "status": "Success", "code": 201], status: 201)

    private mutating func delete(
        _ definition: ServedResource, _ key: String, _ options: DeleteOptions
    ) throws(APIFailure) -> Answer {
        let name = String(key.split(separator: "/").last ?? "")
        guard let object = store.object(definition.storage, key) else { throw .notFound(definition, name) }
        if definition.storage == .namespaces, Self.permanentNamespaces.contains(name) {
            throw .forbidden(definition, name, "this namespace may not be deleted")
        }
        if let uid = options.uid, uid != object.uid {
            throw .precondition(
                definition, name,
                "the UID in the precondition (\(uid)) does not match the UID in record (\(object.uid)). "
                    + "The object might have been deleted and then recreated")
        }
        if let version = options.resourceVersion, version != object.resourceVersion {
            throw .precondition(
                definition, name,
                "the ResourceVersion in the precondition (\(version)) does not match the ResourceVersion in record "
                    + "(\(object.resourceVersion)). The object might have been modified")
        }
        if let remaining = markForDeletion(definition, key, options.propagation, isDryRun: options.isDryRun) {
            return Answer(object: served(remaining, as: definition), status: options.understandsAccepted ? 202 : 200)
        }
        if definition.returnsDeletedObject { return Answer(object: served(object, as: definition)) }
        var details: JSONObject = ["name": .string(name)]
        if !definition.group.isEmpty { details["group"] = .string(definition.group) }
        details["kind"] = .string(definition.plural)
        details["uid"] = .string(object.uid)
        return Answer(object: [
            "kind": "Status", "apiVersion": "v1", "metadata": [:], "status": "Success", "details": .object(details),
        ])
    }

    /// Removes an object, or marks it where finalizers or content must go first.
    ///
    /// - Returns: the object as it stays; nil when it is gone.
    @discardableResult
    mutating func markForDeletion(
        _ definition: ServedResource, _ key: String, _ propagation: Propagation?, isDryRun: Bool = false
    ) -> JSONValue? {
        guard var object = store.object(definition.storage, key) else { return nil }
        let wasDeleting = object.isDeleting
        var finalizers = object.finalizers
        if let propagation {
            finalizers.removeAll { $0 == Self.orphanFinalizer || $0 == Self.foregroundFinalizer }
            switch propagation {
            case .background: break
            case .foreground: finalizers.append(Self.foregroundFinalizer)
            case .orphan: finalizers.append(Self.orphanFinalizer)
            }
        }
        if finalizers.isEmpty, !definition.holdsContent {
            if !isDryRun { commit(definition, key, nil) }
            return nil
        }
        object.set(finalizers.isEmpty ? Optional.none : JSONValue(finalizers), at: ["metadata", "finalizers"])
        if !wasDeleting {
            object.set(.string(now.rfc3339), at: ["metadata", "deletionTimestamp"])
            // A namespace is emptied, not given a period of grace.
            if definition.storage != .namespaces { object.set(0, at: ["metadata", "deletionGracePeriodSeconds"]) }
            if let generation = object["metadata"]?["generation"]?.intValue {
                object.set(JSONValue(generation + 1), at: ["metadata", "generation"])
            }
            if definition.storage == .namespaces { object.set("Terminating", at: ["status", "phase"]) }
        }
        if object != store.object(definition.storage, key), !isDryRun { object = commit(definition, key, object) }
        return object
    }

    static let orphanFinalizer = "orphan"
    static let foregroundFinalizer = "foregroundDeletion"
    static let permanentNamespaces = ["default", "kube-public", "kube-system"]
}
