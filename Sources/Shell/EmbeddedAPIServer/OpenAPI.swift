import KubeModel
import StrictJSON

/// OpenAPI version 3: an index, and a document for each group and version.
///
/// Custom kinds are described by their definitions, so that `kubectl explain` can tell of them, built-in ones by their types. What queries
/// a PATCH takes is told of all: kubectl asks that before it sends `dryRun`.
extension APIMachine {
    func openAPIIndex() -> JSONValue {
        var paths = JSONObject()
        for path in Set(registry.sorted.map(\.openAPIPath)).sorted() {
            paths[path] = ["serverRelativeURL": .string("/openapi/v3/\(path)?hash=\(openAPIHash(path))")]
        }
        return ["paths": .object(paths)]
    }

    /// The document of one group and version; nil where there is none.
    func openAPIDocument(_ path: String) -> JSONValue? {
        let resources = registry.sorted.filter { $0.openAPIPath == path }
        guard !resources.isEmpty else { return nil }
        var paths = JSONObject()
        var schemas = JSONObject()
        for resource in resources {
            let collection = "/\(path)/" + (resource.isNamespaced ? "namespaces/{namespace}/" : "") + resource.plural
            paths[collection] = [
                "get": ["x-kubernetes-action": "list", "x-kubernetes-group-version-kind": resource.openAPIKind, "responses": [:]],
                "post": ["x-kubernetes-action": "post", "x-kubernetes-group-version-kind": resource.openAPIKind, "responses": [:]],
            ]
            paths[collection + "/{name}"] = [
                "get": ["x-kubernetes-action": "get", "x-kubernetes-group-version-kind": resource.openAPIKind, "responses": [:]],
                "patch": [
                    "x-kubernetes-action": "patch", "x-kubernetes-group-version-kind": resource.openAPIKind, "responses": [:],
                    "parameters": .array(
                        ["dryRun", "fieldValidation"].map {
                            ["name": .string($0), "in": "query", "schema": ["type": "string", "uniqueItems": true]]
                        }),
                ],
            ]
            schemas[resource.openAPIName] = schema(of: resource)
        }
        if resources.contains(where: { !$0.isCustom }) { for (name, schema) in BuiltInSchemas.all { schemas[name] = schema } }
        return [
            "openapi": "3.0.0", "info": ["title": "Kubernetes", "version": "v1.30.0"], "paths": .object(paths),
            "components": ["schemas": .object(schemas)],
        ]
    }

    /// The description of one kind.
    private func schema(of resource: ServedResource) -> JSONValue {
        let type = BuiltInTypes.type(of: resource)
        var schema = resource.schemaDocument ?? type.map(BuiltInSchemas.schema) ?? ["type": "object", "x-kubernetes-preserve-unknown-fields": true]
        for (member, text) in Self.commonMembers where schema.at("properties", member) == nil || member == "metadata" && type == nil {
            let type: JSONValue = member == "metadata" ? "object" : "string"
            schema.set(["type": type, "description": .string(text)], at: ["properties", member])
        }
        schema["x-kubernetes-group-version-kind"] = [resource.openAPIKind]
        return schema
    }

    /// Version 2 of the same, for old clients.
    func openAPIProtobuf() -> [UInt8] {
        var schemas = BuiltInSchemas.all
        for resource in registry.sorted { schemas[resource.openAPIName] = schema(of: resource) }
        return OpenAPIProtobuf.document(
            schemas: schemas,
            kinds: registry.sorted.map { resource in
                (path: "/\(resource.openAPIPath)/\(resource.plural)/{name}", kind: resource.openAPIKind)
            })
    }

    private static let commonMembers: [(String, String)] = [
        ("apiVersion", "APIVersion defines the versioned schema of this representation of an object."),
        ("kind", "Kind is a string value representing the REST resource this object represents."),
        ("metadata", "Standard object's metadata."),
    ]

    /// Clients keep what they have read under a hash of what it says: here, of the versions of the definitions.
    private func openAPIHash(_ path: String) -> String {
        let definitions = store.collection(.definitions)
        let versions = definitions.keys.compactMap { definitions[$0]?.resourceVersion }
        return versions.joined(separator: "-")
    }
}

extension ServedResource {
    /// `api/v1`, or `apis/apps/v1`.
    fileprivate var openAPIPath: String { group.isEmpty ? "api/\(version)" : "apis/\(group)/\(version)" }

    fileprivate var openAPIKind: JSONValue { ["group": .string(group), "version": .string(version), "kind": .string(kind)] }

    /// `io.argoproj.v1alpha1.Rollout`: the parts of the group backwards, as the real server names schemas of custom kinds.
    fileprivate var openAPIName: String {
        let domain = group.isEmpty ? ["core", "api", "k8s", "io"] : group.split(separator: ".").map(String.init)
        return (domain.reversed() + [version, kind]).joined(separator: ".")
    }
}
