public import KubeClient
import KubeModel
public import StrictJSON

extension SimulatedCluster {
    /// Creates or changes an object, as `kubectl apply` does: what an earlier apply had set and this one leaves out is removed, what
    /// others have written stays. Lists are replaced as a whole.
    ///
    /// - Parameter namespace: for objects that name none.
    /// - Returns: the object as it is stored.
    @discardableResult
    public func apply(_ object: JSONValue, namespace: String = "default", userAgent: String = "kubectl") async throws(KubeError) -> JSONValue {
        let (resource, isNamespaced) = try await resource(of: object)
        let client = client(userAgent: userAgent)
        guard let name = object.at("metadata", "name")?.stringValue else {
            throw .misconfigured("a \(resource.resource) object without metadata.name cannot be applied")
        }
        let scope = isNamespaced ? object.at("metadata", "namespace")?.stringValue ?? namespace : nil
        var wanted = object
        if let scope { wanted.set(.string(scope), at: ["metadata", "namespace"]) }
        let annotated = wanted.text()
        wanted.set(.string(annotated), at: ["metadata", "annotations", Self.lastApplied])
        let stored: JSONValue
        do throws(KubeError) {
            stored = try await client.get(resource, namespace: scope, name: name)
        } catch .notFound {
            return try await client.create(resource, namespace: scope, wanted)
        }
        // An annotation that is not JSON was not written by an apply: then nothing is known to have been left out.
        let before = stored.at("metadata", "annotations", Self.lastApplied)?.stringValue.flatMap { try? JSONValue(parsing: $0) }
        let patch = Self.removals(from: before ?? [:], to: wanted, beside: wanted)
        guard stored.applying(mergePatch: patch) != stored else { return stored }
        return try await client.patch(resource, namespace: scope, name: name, .merge(patch))
    }

    private static let lastApplied: String = "kubectl.kubernetes.io/last-applied-configuration"

    /// `patch`, with a null for every member that stood in `before` and does not stand in `after`.
    private static func removals(from before: JSONValue, to after: JSONValue, beside patch: JSONValue) -> JSONValue {
        guard let old = before.objectValue, let new = after.objectValue else { return patch }
        var patch = patch
        for (key, value) in old {
            if let member = new[key] {
                patch[key] = removals(from: value, to: member, beside: patch[key] ?? member)
            } else if key != lastApplied {
                patch.set(.null, at: [key])
            }
        }
        return patch
    }

    /// Where objects of this kind live.
    private func resource(of object: JSONValue) async throws(KubeError) -> (GroupVersionResource, isNamespaced: Bool) {
        let apiVersion = object["apiVersion"]?.stringValue ?? ""
        let kind = object["kind"]?.stringValue ?? ""
        let parts = apiVersion.split(separator: "/").map(String.init)
        let (group, version) = parts.count == 2 ? (parts[0], parts[1]) : ("", apiVersion)
        if let known = Self.builtIn["\(apiVersion) \(kind)"] {
            return (GroupVersionResource(group: group, version: version, resource: known.plural), known.isNamespaced)
        }
        for definition in await server.objects(of: .customResourceDefinitions) where definition.at("spec", "group")?.stringValue == group {
            guard definition.at("spec", "names", "kind")?.stringValue == kind, let plural = definition.at("spec", "names", "plural")?.stringValue
            else { continue }
            return (
                GroupVersionResource(group: group, version: version, resource: plural),
                definition.at("spec", "scope")?.stringValue == "Namespaced"
            )
        }
        throw .misconfigured("no kind \(kind) in \(apiVersion) is served here; apply its definition first")
    }

    private static let builtIn: [String: (plural: String, isNamespaced: Bool)] = [
        "v1 Namespace": ("namespaces", false), "v1 Pod": ("pods", true), "v1 Service": ("services", true), "v1 Secret": ("secrets", true),
        "v1 ConfigMap": ("configmaps", true), "v1 ServiceAccount": ("serviceaccounts", true), "v1 Event": ("events", true),
        "apps/v1 ReplicaSet": ("replicasets", true), "apps/v1 Deployment": ("deployments", true), "batch/v1 Job": ("jobs", true),
        "discovery.k8s.io/v1 EndpointSlice": ("endpointslices", true), "coordination.k8s.io/v1 Lease": ("leases", true),
        "apiextensions.k8s.io/v1 CustomResourceDefinition": ("customresourcedefinitions", false),
    ]
}
