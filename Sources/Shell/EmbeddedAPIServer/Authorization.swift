public import KubeModel
import StrictJSON

/// What a request is about, as an authorizer sees it.
public struct AccessAttributes: Sendable, Hashable {
    /// Who asks, by the `User-Agent` of the request.
    public var userAgent: String
    /// `get`, `list`, `watch`, `create`, `update`, `patch`, `delete` or `deletecollection`.
    public var verb: String
    /// The resource, without its subresource.
    public var resource: GroupVersionResource
    /// Empty for the object itself.
    public var subresource: String
    /// Empty for cluster-scoped kinds and for requests over all namespaces.
    public var namespace: String
    /// Empty for collections.
    public var name: String

    /// As roles write it: `rollouts/status`.
    public var resourceInRoles: String { subresource.isEmpty ? resource.resource : "\(resource.resource)/\(subresource)" }
}

/// Decides who may do what: the user who may not, by the name that the refusal gives him; nil allows the request.
///
/// The embedded server knows no accounts and no roles; without an authorizer everybody may do everything.
public typealias AccessAuthorizer = @Sendable (AccessAttributes) -> String?

extension APIMachine {
    func authorize(_ verb: RequestVerb, _ target: RequestTarget, userAgent: String) throws(APIFailure) {
        guard let authorizer else { return }
        let attributes = AccessAttributes(
            userAgent: userAgent, verb: verb.rawValue, resource: target.definition.resource, subresource: target.subresource ?? "",
            namespace: target.namespace, name: target.name ?? "")
        if let user = authorizer(attributes) { throw .unauthorized(attributes, user: user) }
    }
}

extension APIFailure {
    /// The words of the real server, in which alone the subresource and the user are named.
    static func unauthorized(_ attributes: AccessAttributes, user: String) -> APIFailure {
        let group: String = attributes.resource.group
        let scope: String = attributes.namespace.isEmpty ? "at the cluster scope" : "in the namespace \"\(attributes.namespace)\""
        let object: String = attributes.name.isEmpty ? "\(attributes.resource)" : "\(attributes.resource) \"\(attributes.name)\""
        var details = JSONObject()
        if !attributes.name.isEmpty { details["name"] = .string(attributes.name) }
        if !group.isEmpty { details["group"] = .string(group) }
        details["kind"] = .string(attributes.resource.resource)
        return APIFailure(
            403, "Forbidden",
            "\(object) is forbidden: User \"\(user)\" cannot \(attributes.verb) resource \"\(attributes.resourceInRoles)\" in API group \"\(group)\" \(scope)",
            details: details)
    }
}
