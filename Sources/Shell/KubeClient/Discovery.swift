public import KubeModel
import StrictJSON

/// What the server has: which resources, in which versions, with which subresources. Asked once per group version, then remembered.
public actor Discovery {
    /// One resource as the server describes it.
    public struct Resource: Sendable, Hashable {
        public var kind: String
        public var isNamespaced: Bool
        /// `status`, `scale` and others.
        public var subresources: Set<String>
        /// What can be done with it.
        public var verbs: Set<String>
    }

    private let client: KubeClient
    /// By `apiVersion`, then by resource; an empty one for a group version that the server does not have.
    private var resources: [String: [String: Resource]] = [:]
    private var groups: [String: Group]?

    private struct Group: Sendable {
        var preferred: String
        var versions: [String]
    }

    /// Discovery through `client`; nothing is asked yet.
    public init(client: KubeClient) { self.client = client }

    /// The resource as the server describes it; nil where it has none of this name in this version.
    public func resource(_ resource: GroupVersionResource) async throws(KubeError) -> Resource? {
        try await resources(of: resource)[resource.resource]
    }

    /// Whether the kind has this subresource: without `status`, a status is written into the object itself.
    public func has(_ subresource: String, of resource: GroupVersionResource) async throws(KubeError) -> Bool {
        try await self.resource(resource)?.subresources.contains(subresource) ?? false
    }

    /// The version of `group` that the server prefers; nil where it does not have the group.
    public func preferredVersion(of group: String) async throws(KubeError) -> String? {
        try await allGroups()[group]?.preferred
    }

    /// The same resource in the version to use: its own where the server has it there, else the first of the server's
    /// versions that has it, the preferred one first. Nil where no version has it.
    public func served(_ wanted: GroupVersionResource) async throws(KubeError) -> GroupVersionResource? {
        guard let group = try await allGroups()[wanted.group] else { return nil }
        let versions = [wanted.version, group.preferred] + group.versions
        for version in versions where group.versions.contains(version) {
            let candidate = GroupVersionResource(group: wanted.group, version: version, resource: wanted.resource)
            if try await resource(candidate) != nil { return candidate }
        }
        return nil
    }

    /// Forgets everything, so that the next question is asked again: a kind may have been installed meanwhile.
    public func forget() {
        resources = [:]
        groups = nil
    }

    private func resources(of resource: GroupVersionResource) async throws(KubeError) -> [String: Resource] {
        if let known = resources[resource.apiVersion] { return known }
        let path = resource.group.isEmpty ? "/api/\(resource.version)" : "/apis/\(resource.group)/\(resource.version)"
        var found: [String: Resource] = [:]
        do throws(KubeError) {
            let answer = try await client.send(KubeRequest(path: path))
            for entry in answer["resources"]?.arrayValue ?? [] {
                guard let name = entry["name"]?.stringValue, !name.contains("/") else { continue }
                found[name] = Resource(
                    kind: entry["kind"]?.stringValue ?? "", isNamespaced: entry["namespaced"]?.boolValue ?? false, subresources: [],
                    verbs: Set((entry["verbs"]?.arrayValue ?? []).compactMap(\.stringValue)))
            }
            for entry in answer["resources"]?.arrayValue ?? [] {
                let parts = (entry["name"]?.stringValue ?? "").split(separator: "/")
                if parts.count == 2 { found[String(parts[0])]?.subresources.insert(String(parts[1])) }
            }
        } catch .notFound {
            found = [:]
        }
        resources[resource.apiVersion] = found
        return found
    }

    private func allGroups() async throws(KubeError) -> [String: Group] {
        if let groups { return groups }
        let answer = try await client.send(KubeRequest(path: "/apis"))
        var found: [String: Group] = ["": Group(preferred: "v1", versions: ["v1"])]
        for entry in answer["groups"]?.arrayValue ?? [] {
            guard let name = entry["name"]?.stringValue else { continue }
            let versions = (entry["versions"]?.arrayValue ?? []).compactMap { $0["version"]?.stringValue }
            guard let preferred = entry.at("preferredVersion", "version")?.stringValue ?? versions.first else { continue }
            found[name] = Group(preferred: preferred, versions: versions)
        }
        groups = found
        return found
    }
}

extension KubeClient {
    /// Changes the status of an object where the kind keeps it: in the subresource if there is one, else in the object itself.
    ///
    /// - Parameter patch: a merge patch of the whole object, such as `{"metadata": {"resourceVersion": …}, "status": {…}}`.
    public func patchStatus(
        _ resource: GroupVersionResource, namespace: String?, name: String, _ patch: JSONValue, discovery: Discovery
    ) async throws(KubeError) -> JSONValue {
        let subresource = try await discovery.has("status", of: resource) ? "status" : nil
        return try await self.patch(resource, namespace: namespace, name: name, subresource: subresource, .merge(patch))
    }

    /// Sets the number of replicas: through the `scale` subresource if the kind has one, else in the object's spec.
    public func setReplicas(
        _ resource: GroupVersionResource, namespace: String?, name: String, _ replicas: Int, discovery: Discovery
    ) async throws(KubeError) -> JSONValue {
        let subresource = try await discovery.has("scale", of: resource) ? "scale" : nil
        return try await patch(
            resource, namespace: namespace, name: name, subresource: subresource, .merge(["spec": ["replicas": JSONValue(replicas)]]))
    }
}
