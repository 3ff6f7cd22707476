public import Clockwork
public import HTTPTransport
public import KubeModel
public import StrictJSON
import HTTPTypes

/// Talks to one API server.
///
/// A value: copies share the transport, the rate budget and the token, and differ in what they are allowed to do.
/// It starts no task, so it runs on any executor, and a cancelled caller cancels its request.
public struct KubeClient: Sendable {
    let connection: ClusterConnection
    let transport: any HTTPTransport
    let clock: any ControlClock
    let budget: RateBudget
    let userAgent: String
    private(set) var requestTimeout: Duration
    let authorizer: Authorizer
    let observe: (@Sendable (RequestRecord) -> Void)?
    /// Requests of the lease travel alone and uncounted.
    private(set) var isForLease = false
    private(set) var priority = RateBudget.Priority.normal
    private(set) var gate: WriteGate?

    /// A client with a rate budget of its own, unless one is given.
    ///
    /// - Parameters:
    ///   - program: the first half of the user agent, by which audit logs and priority levels tell programs apart.
    ///   - version: of the program, the other half: `sluice-controller/1.0`.
    ///   - requestTimeout: for everything but watches.
    ///   - plugins: runs the credential plugins of kubeconfigs; without it they are refused.
    ///   - observe: is told of every finished request, for metrics. It must not block.
    public init(
        connection: ClusterConnection, transport: any HTTPTransport, clock: any ControlClock, program: String = "sluice", version: String,
        budget: RateBudget = RateBudget(), requestTimeout: Duration = .seconds(30), files: FileSource = .system,
        plugins: (any ExecCredentialRunner)? = nil,
        observe: (@Sendable (RequestRecord) -> Void)? = nil
    ) {
        self.connection = connection
        self.transport = transport
        self.clock = clock
        self.budget = budget
        self.userAgent = "\(program)/\(version)"
        self.requestTimeout = requestTimeout
        self.authorizer = Authorizer(connection, files: files, plugins: plugins)
        self.observe = observe
    }

    /// The namespace that commands use when none is given.
    public var defaultNamespace: String { connection.namespace }

    /// A copy whose writes do not wait for the rate budget.
    public var forSafetyWrites: KubeClient {
        var copy = self
        copy.priority = .safety
        return copy
    }

    /// A copy that renews a lease: on connections of its own, outside the budget and without a gate.
    public func forLease(timeout: Duration) -> KubeClient {
        var copy = self
        copy.isForLease = true
        copy.requestTimeout = min(timeout, requestTimeout)
        copy.gate = nil
        return copy
    }

    /// A copy that writes only while `gate` allows it.
    public func gated(by gate: WriteGate) -> KubeClient {
        var copy = self
        copy.gate = gate
        return copy
    }

    // MARK: Reading

    /// The object `name`; `namespace` is nil or empty for cluster-scoped ones.
    public func get(
        _ resource: GroupVersionResource, namespace: String?, name: String, subresource: String? = nil
    ) async throws(KubeError) -> JSONValue {
        try await send(KubeRequest(.get, resource, namespace: namespace, name: name, subresource: subresource))
    }

    /// One page of the objects in `namespace`, or in all namespaces when it is nil.
    public func list(
        _ resource: GroupVersionResource, namespace: String?, selection: Selection = Selection(),
        limit: Int = ListPage.defaultLimit, continue token: String? = nil
    ) async throws(KubeError) -> ListPage {
        let request = listRequest(resource, namespace, selection, limit, token)
        return try ListPage(try await send(request), of: resource)
    }

    /// One page as `list` gets it, with its objects as text: for those who read each object for itself, and need no tree of the page.
    public func listTexts(
        _ resource: GroupVersionResource, namespace: String?, selection: Selection = Selection(),
        limit: Int = ListPage.defaultLimit, continue token: String? = nil
    ) async throws(KubeError) -> TextPage {
        let page = try await send(listRequest(resource, namespace, selection, limit, token)) { bytes throws(JSONError) in
            try TextPage(bytes)
        }
        guard !page.resourceVersion.isEmpty else { throw ListPage.withoutVersion(resource) }
        return page
    }

    private func listRequest(
        _ resource: GroupVersionResource, _ namespace: String?, _ selection: Selection, _ limit: Int, _ token: String?
    ) -> KubeRequest {
        var request = KubeRequest(.list, resource, namespace: namespace)
        request.query = selection.query + [("limit", String(limit))]
        if let token { request.query.append(("continue", token)) }
        return request
    }

    /// All objects, page by page. For few objects and one-off questions; controllers keep caches.
    public func listAll(
        _ resource: GroupVersionResource, namespace: String?, selection: Selection = Selection()
    ) async throws(KubeError) -> [JSONValue] {
        var items: [JSONValue] = []
        var token: String?
        repeat {
            let page = try await list(resource, namespace: namespace, selection: selection, continue: token)
            items += page.items
            token = page.continueToken
        } while token != nil
        return items
    }

    // MARK: Writing

    /// Creates an object.
    ///
    /// - Returns: the object as it is stored.
    public func create(_ resource: GroupVersionResource, namespace: String?, _ object: JSONValue) async throws(KubeError) -> JSONValue {
        var request = KubeRequest(.create, resource, namespace: namespace)
        request.body = (.json, object)
        return try await send(request)
    }

    /// Replaces a whole object, or its subresource, if it still has the resourceVersion that stands in it.
    ///
    /// - Throws: `.invalid` without asking the server when there is no name or no resourceVersion.
    public func update(
        _ resource: GroupVersionResource, namespace: String?, _ object: JSONValue, subresource: String? = nil
    ) async throws(KubeError) -> JSONValue {
        guard let name = object.at("metadata", "name")?.stringValue, !name.isEmpty,
              let version = object.at("metadata", "resourceVersion")?.stringValue, !version.isEmpty
        else {
            // Without a version the server would overwrite whatever stands there.
            throw .invalid(APIStatus(code: 422, reason: "Invalid", message: "an update of \(resource) needs metadata.name and metadata.resourceVersion"))
        }
        var request = KubeRequest(.update, resource, namespace: namespace, name: name, subresource: subresource)
        request.body = (.json, object)
        return try await send(request)
    }

    /// Changes an object, or its subresource, by a patch.
    ///
    /// - Returns: the object as it is stored now; with an unchanged resourceVersion where the patch changed nothing.
    public func patch(
        _ resource: GroupVersionResource, namespace: String?, name: String, subresource: String? = nil, _ patch: Patch
    ) async throws(KubeError) -> JSONValue {
        try await send(Self.request(resource, namespace: namespace, name: name, subresource: subresource, patch))
    }

    private static func request(
        _ resource: GroupVersionResource, namespace: String?, name: String, subresource: String? = nil, _ patch: Patch
    ) -> KubeRequest {
        var request = KubeRequest(.patch, resource, namespace: namespace, name: name, subresource: subresource)
        switch patch {
        case .json(let operations): request.body = (.jsonPatch, operations.json)
        case .merge(let change): request.body = (.mergePatch, change)
        }
        return request
    }

    /// Creates an object whose stored form is of no interest: the answer is not looked at.
    public func createUnread(_ resource: GroupVersionResource, namespace: String?, _ object: JSONValue) async throws(KubeError) {
        var request = KubeRequest(.create, resource, namespace: namespace)
        request.body = (.json, object)
        _ = try await send(request, readsAnswer: false)
    }

    /// Changes an object whose stored form is of no interest: the answer is not looked at.
    public func patchUnread(_ resource: GroupVersionResource, namespace: String?, name: String, _ patch: Patch) async throws(KubeError) {
        _ = try await send(Self.request(resource, namespace: namespace, name: name, patch), readsAnswer: false)
    }

    /// Deletes an object, if it still is the one that the preconditions name.
    public func delete(
        _ resource: GroupVersionResource, namespace: String?, name: String, preconditions: Preconditions = Preconditions(),
        propagation: Propagation = .background
    ) async throws(KubeError) {
        var request = KubeRequest(.delete, resource, namespace: namespace, name: name)
        var options: JSONValue = ["kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": .string(propagation.rawValue)]
        if let json = preconditions.json { options["preconditions"] = json }
        request.body = (.json, options)
        _ = try await send(request)
    }
}

/// Which objects of a resource are meant.
public struct Selection: Sendable, Hashable {
    /// As queries have it: `app=web,tier in (a,b)`; empty selects everything.
    public var labels: String
    /// As queries have it: `metadata.name=web`; empty selects everything.
    public var fields: String

    /// Everything, unless something is given.
    public init(labels: String = "", fields: String = "") {
        self.labels = labels
        self.fields = fields
    }

    var query: [(String, String)] {
        (labels.isEmpty ? [] : [("labelSelector", labels)]) + (fields.isEmpty ? [] : [("fieldSelector", fields)])
    }
}

/// One page of a list.
public struct ListPage: Sendable {
    /// 500, as client-go: a few megabytes at most.
    public static let defaultLimit = 500

    public var items: [JSONValue]
    /// The version of the whole list, from which to watch.
    public var resourceVersion: String
    /// Nil on the last page.
    public var continueToken: String?

    init(_ json: JSONValue, of resource: GroupVersionResource) throws(KubeError) {
        guard let metadata = json["metadata"], let version = metadata["resourceVersion"]?.stringValue else {
            throw Self.withoutVersion(resource)
        }
        // Go writes an empty list of items as null.
        items = json["items"]?.arrayValue ?? []
        resourceVersion = version
        continueToken = metadata["continue"]?.stringValue.flatMap { $0.isEmpty ? nil : $0 }
    }

    static func withoutVersion(_ resource: GroupVersionResource) -> KubeError {
        .badResponse("the list of \(resource) has no metadata.resourceVersion")
    }
}

/// A change of an object.
public enum Patch: Sendable, Equatable {
    /// RFC 6902, for lists, and with `test` for what we believe to stand there.
    case json(JSONPatch)
    /// RFC 7386. With `metadata.resourceVersion` in it, it only applies to that version.
    case merge(JSONValue)
}

/// Which object is meant, beyond its name.
public struct Preconditions: Sendable, Hashable {
    public var uid: String?
    public var resourceVersion: String?

    /// None, unless some are given.
    public init(uid: String? = nil, resourceVersion: String? = nil) {
        self.uid = uid
        self.resourceVersion = resourceVersion
    }

    var json: JSONValue? {
        var json = JSONObject()
        if let uid { json["uid"] = .string(uid) }
        if let resourceVersion { json["resourceVersion"] = .string(resourceVersion) }
        guard !json.isEmpty else { return nil }
        return .object(json)
    }
}

/// What becomes of the objects that a deleted one owns.
public enum Propagation: String, Sendable, Hashable {
    case background = "Background", foreground = "Foreground", orphan = "Orphan"
}
