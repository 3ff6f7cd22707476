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

    /// What the members of the body may be, beside null.
    private static let bodyShapes: [(String, @Sendable (JSONValue) -> Bool)] = [
        ("gracePeriodSeconds", { $0.isNull || $0.int64Value != nil && $0.stringValue == nil }),
        ("dryRun", { $0.isNull || $0.arrayValue?.allSatisfy { $0.stringValue != nil } ?? false }),
        ("orphanDependents", { $0.isNull || $0.boolValue != nil }), ("propagationPolicy", { $0.isNull || $0.stringValue != nil }),
        ("preconditions", { $0.isNull || $0.objectValue != nil }),
    ]

    /// The options that the body carries. What is wrong with it the real server takes for a failure of its own.
    private static func body(_ request: APIRequest) throws(APIFailure) -> JSONValue {
        let body: JSONValue
        do {
            body = try APIMachine.json(request, accepted: ["application/json"])
        } catch {
            guard error.code == 400 else { throw error }
            throw APIFailure(500, "", error.message.replacing("the object provided is unrecognized (must be of type DeleteOptions): ", with: ""))
        }
        if body.isNull { return [:] }
        for (member, shape) in bodyShapes where body.objectValue != nil && !shape(body[member] ?? .null) {
            throw APIFailure(500, "", "v1.DeleteOptions: unexpected value of \(member): \((body[member] ?? .null).text())")
        }
        guard body.objectValue != nil else {
            throw APIFailure(500, "", "couldn't get version/kind; json parse error: json: cannot unmarshal \(body.kindName) into Go value")
        }
        if let kind = body["kind"]?.stringValue, kind != "DeleteOptions" {
            let version = body["apiVersion"]?.stringValue ?? "meta.k8s.io/v1"
            throw APIFailure(
                500, "",
                "no kind \"\(kind)\" is registered for version \"\(version)\" in scheme "
                    + "\"k8s.io/apimachinery/pkg/apis/meta/internalversion/scheme/register.go:27\"")
        }
        return body
    }

    init(_ request: APIRequest) throws(APIFailure) {
        isDryRun = try WriteOptions(request.query, kind: "DeleteOptions").isDryRun
        if let text = request.query["gracePeriodSeconds"], Int64(text) == nil {
            throw .badRequest("strconv.ParseInt: parsing \"\(text)\": invalid syntax")
        }
        var policy = request.query["propagationPolicy"]
        var orphans = request.query["orphanDependents"].map { _ in request.query.isTrue("orphanDependents") }
        if !request.body.isEmpty {
            let body = try Self.body(request)
            uid = body.at("preconditions", "uid")?.stringValue
            resourceVersion = body.at("preconditions", "resourceVersion")?.stringValue
            policy = body["propagationPolicy"]?.stringValue ?? policy
            orphans = body["orphanDependents"]?.boolValue ?? orphans
            isDryRun = try WriteOptions.dryRun((body["dryRun"]?.arrayValue ?? []).compactMap(\.stringValue), "DeleteOptions")
        }
        if let policy, orphans != nil {
            let why = "orphanDependents and deletionPropagation cannot be both set"
            throw WriteOptions.invalid("DeleteOptions", .invalid("propagationPolicy", "\"\(policy)\"", why))
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
        let answer = try list(target, request.query)
        for item in answer.object["items"]?.arrayValue ?? [] {
            let key = storeKey(namespace: item.namespace, name: item.name)
            guard store.object(definition.storage, key) != nil else { continue }
            _ = try delete(definition, key, options)
        }
        collectGarbageIfImmediate()
        return answer
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
        try checkPreconditions(options, object, definition, name)
        let byDefault: Propagation? = definition.orphansDependents && !object.isDeleting ? .orphan : nil
        if let remaining = markForDeletion(definition, key, options.propagation ?? byDefault, isDryRun: options.isDryRun) {
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

    /// Refuses a delete whose preconditions do not hold. Of namespaces the real server tells it in the words of its storage.
    private func checkPreconditions(
        _ options: DeleteOptions, _ object: JSONValue, _ definition: ServedResource, _ name: String
    ) throws(APIFailure) {
        let isNamespace = definition.storage == .namespaces
        if let uid = options.uid, uid != object.uid {
            if isNamespace {
                throw .conflict(definition, name, "Precondition failed: UID in precondition: \(uid), UID in object meta: \(object.uid)")
            }
            throw .precondition(
                definition, name,
                "the UID in the precondition (\(uid)) does not match the UID in record (\(object.uid)). "
                    + "The object might have been deleted and then recreated")
        }
        if let version = options.resourceVersion, version != object.resourceVersion {
            if isNamespace {
                throw .conflict(
                    definition, name,
                    "Precondition failed: ResourceVersion in precondition: \(version), ResourceVersion in object meta: \(object.resourceVersion)")
            }
            throw .precondition(
                definition, name,
                "the ResourceVersion in the precondition (\(version)) does not match the ResourceVersion in record "
                    + "(\(object.resourceVersion)). The object might have been modified")
        }
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
