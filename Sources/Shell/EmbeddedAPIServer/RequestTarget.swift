import HTTPTypes
import KubeModel
import StrictJSON

/// What a request under `/api` or `/apis` is about.
struct RequestTarget: Sendable {
    var definition: ServedResource
    /// Empty for cluster-scoped kinds and for requests over all namespaces.
    var namespace: String
    /// Nil: the collection.
    var name: String?
    var subresource: String?
    /// Whether the path itself asks for a watch.
    var isWatchPath = false

    /// Finds what the path names.
    ///
    /// - Parameter segments: those of the path, decoded, from `api` or `apis` on.
    /// - Returns: nil where nothing is served at the path.
    init?(segments: [String], registry: ResourceRegistry) {
        var rest = segments[...]
        let group: String
        switch rest.popFirst() {
        case "api": group = ""
        case "apis":
            guard let named = rest.popFirst() else { return nil }
            group = named
        default: return nil
        }
        guard let version = rest.popFirst(), !rest.isEmpty else { return nil }
        // An old way to ask for a watch, which old clients still go.
        if rest.first == "watch", rest.count > 1 {
            isWatchPath = true
            rest.removeFirst()
        }
        var namespace: String?
        // `namespaces/x/pods` lies in a namespace; `namespaces/x` and `namespaces/x/status` are the namespace itself.
        if rest.first == "namespaces", rest.count > 2, !["status", "finalize"].contains(rest[rest.startIndex + 2]) {
            namespace = rest[rest.startIndex + 1]
            rest = rest.dropFirst(2)
        }
        guard let plural = rest.popFirst(), rest.count <= 2 else { return nil }
        guard let definition = registry[GroupVersionResource(group: group, version: version, resource: plural)] else { return nil }
        if namespace != nil, !definition.isNamespaced { return nil }
        self.definition = definition
        self.namespace = namespace ?? ""
        name = rest.popFirst()
        subresource = rest.popFirst()
        guard definition.isNamespaced == false || namespace != nil || name == nil else { return nil }
        if let subresource, !definition.subresources.contains(subresource) { return nil }
    }

    /// The key of the named object in the store.
    var key: String { storeKey(namespace: namespace, name: name ?? "") }

    /// The namespace to select from; nil for all.
    var scope: String? { namespace.isEmpty ? nil : namespace }
}

extension ServedResource {
    /// The subresources that are served, sorted.
    var subresources: [String] {
        var names: [String] = []
        if storage == .pods { names += ["binding", "eviction"] }
        if scale != nil { names.append("scale") }
        if hasStatus { names.append("status") }
        return names
    }
}

/// What a request does, in the words of audit logs and roles.
enum RequestVerb: String, Sendable {
    case get, list, watch, create, update, patch, delete, deletecollection

    /// - Returns: nil where the resource takes no such request.
    init?(_ method: HTTPRequest.Method, _ target: RequestTarget, query: APIQuery) {
        let isCollection = target.name == nil
        switch method {
        case .head where !target.definition.isCustom: return nil
        case .get, .head:
            self = target.isWatchPath || isCollection && query.isTrue("watch") ? .watch : isCollection ? .list : .get
        case .post: self = .create
        case .put: self = .update
        case .patch: self = .patch
        case .delete: self = isCollection ? .deletecollection : .delete
        default: return nil
        }
        let isOverAllNamespaces = target.definition.isNamespaced && target.namespace.isEmpty
        switch self {
        case .get, .list, .watch: break
        case .create:
            // The real server creates custom objects at a named path too: the name in the path says nothing there.
            if target.subresource == nil, !isCollection && !target.definition.isCustom || isOverAllNamespaces { return nil }
            if target.subresource != nil, !Self.isCreated(target) { return nil }
        case .update, .patch: if isCollection && !target.definition.isCustom { return nil }
        case .delete, .deletecollection: if target.subresource != nil || isOverAllNamespaces { return nil }
        }
        if Self.isCreated(target), self != .create { return nil }
    }

    /// Whether the target is a subresource that one posts to, and does nothing else with.
    private static func isCreated(_ target: RequestTarget) -> Bool { ["binding", "eviction"].contains(target.subresource ?? "") }
}

/// How a write is to be done, from its query.
struct WriteOptions: Sendable {
    /// Everything happens but the storing.
    var isDryRun = false
    var fieldValidation = FieldValidation.warn

    /// What becomes of members that the schema does not know.
    enum FieldValidation: String { case ignore = "Ignore", warn = "Warn", strict = "Strict" }

    init() {}

    init(_ query: APIQuery, kind: String) throws(APIFailure) {
        isDryRun = try Self.dryRun(query.items.filter { $0.name == "dryRun" }.map(\.value), kind)
        if kind == "DeleteOptions" { return }
        if kind == "PatchOptions", query.isTrue("force") {
            throw Self.invalid(kind, .forbidden("force", "may not be specified for non-apply patch"))
        }
        if let manager = query["fieldManager"] {
            if manager.utf8.count > 128 {
                throw Self.invalid(
                    kind, FieldError(reason: "FieldValueTooLong", field: "fieldManager", message: "Too long: must have at most 128 bytes"))
            }
            for (index, scalar) in manager.unicodeScalars.enumerated() where scalar.properties.generalCategory == .control {
                let digits = String(scalar.value, radix: 16, uppercase: true)
                let code = String(repeating: "0", count: max(0, 4 - digits.count)) + digits
                throw Self.invalid(
                    kind, .invalid("fieldManager", JSONValue.string(manager).text(), "invalid character U+\(code) (at position \(index))"))
            }
        }
        if let text = query["fieldValidation"], !text.isEmpty {
            guard let known = FieldValidation(rawValue: text) else {
                throw Self.invalid(kind, .unsupported("fieldValidation", text, supported: ["Ignore", "Strict", "Warn"]))
            }
            fieldValidation = known
        }
    }

    /// Whether the values of `dryRun` ask for one.
    static func dryRun(_ values: [String], _ kind: String) throws(APIFailure) -> Bool {
        guard values.allSatisfy({ $0 == "All" }) else {
            let list = values.map { JSONValue.string($0).text() }.joined(separator: ", ")
            throw invalid(
                kind,
                FieldError(
                    reason: "FieldValueNotSupported", field: "dryRun",
                    message: "Unsupported value: []string{\(list)}: supported values: \"All\""))
        }
        return !values.isEmpty
    }

    static func invalid(_ kind: String, _ errors: FieldError...) -> APIFailure { invalid(kind, errors) }

    static func invalid(_ kind: String, _ errors: [FieldError]) -> APIFailure {
        let texts = errors.map { "\($0.field): \($0.message)" }
        let list = texts.count == 1 ? texts[0] : "[\(texts.joined(separator: ", "))]"
        return APIFailure(
            422, "Invalid", "\(kind).meta.k8s.io \"\" is invalid: \(list)",
            details: [
                "group": "meta.k8s.io", "kind": .string(kind),
                "causes": .array(errors.map { ["reason": .string($0.reason), "message": .string($0.message), "field": .string($0.field)] }),
            ])
    }
}
