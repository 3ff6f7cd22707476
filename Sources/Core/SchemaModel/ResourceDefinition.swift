import StrictJSON

/// A custom resource: its names, its versions, and what each version's objects look like.
public struct ResourceDefinition: Sendable, Equatable {
    /// Where objects live.
    public enum Scope: String, Sendable { case namespaced = "Namespaced", cluster = "Cluster" }

    public var group: String
    public var kind: String
    public var plural: String
    public var shortNames: [String]
    public var scope: Scope
    public var versions: [ResourceVersion]

    /// A resource; the names that Kubernetes derives (singular, list kind) follow from `kind`.
    public init(group: String, kind: String, plural: String, shortNames: [String], scope: Scope, versions: [ResourceVersion]) {
        self.group = group
        self.kind = kind
        self.plural = plural
        self.shortNames = shortNames
        self.scope = scope
        self.versions = versions
    }

    /// Name of the definition: `rollouts.argoproj.io`.
    public var name: String { "\(plural).\(group)" }

    /// Name of the file that holds the document.
    public var fileName: String { "\(plural).yaml" }

    /// The `CustomResourceDefinition` that makes an API server know this resource.
    public var document: JSONValue {
        let names: JSONObject = [
            "kind": .string(kind), "listKind": .string(kind + "List"), "plural": .string(plural),
            "shortNames": JSONValue(shortNames), "singular": .string(kind.lowercased()),
        ]
        let spec: JSONObject = [
            "group": .string(group), "names": .object(names), "scope": .string(scope.rawValue),
            "versions": .array(versions.map(\.json)),
        ]
        return [
            "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": ["name": .string(name)], "spec": .object(spec),
        ]
    }
}

/// One version of a custom resource.
public struct ResourceVersion: Sendable, Equatable {
    public var name: String
    /// What objects of this kind are for.
    public var description: String
    /// The members beside `apiVersion`, `kind` and `metadata`.
    public var fields: [Field]
    public var columns: [PrinterColumn]
    public var hasStatusSubresource: Bool
    public var scale: ScaleSubresource?

    /// A version that is served and stored.
    public init(
        name: String, description: String, fields: [Field], columns: [PrinterColumn], hasStatusSubresource: Bool = false,
        scale: ScaleSubresource? = nil
    ) {
        self.name = name
        self.description = description
        self.fields = fields
        self.columns = columns
        self.hasStatusSubresource = hasStatusSubresource
        self.scale = scale
    }

    /// The structural schema of the version's objects.
    public var schema: JSONValue {
        let common: [Field] = [
            Field("apiVersion", .string, "Version of the schema of this object: group and version."),
            Field("kind", .string, "Which kind of resource this object is."),
        ]
        var members: JSONObject = JSONObject(common.map { (key: $0.name, value: $0.openAPI) })
        members["metadata"] = ["type": "object"]
        for field in fields { members[field.name] = field.openAPI }
        return ["description": .string(description), "type": "object", "properties": .object(members)]
    }

    var json: JSONValue {
        var version: JSONObject = ["name": .string(name), "served": true, "storage": true]
        version["additionalPrinterColumns"] = .array(columns.map(\.json))
        var subresources: JSONObject = [:]
        if hasStatusSubresource { subresources["status"] = [:] }
        if let scale { subresources["scale"] = scale.json }
        version["subresources"] = .object(subresources)
        version["schema"] = ["openAPIV3Schema": schema]
        return .object(version)
    }
}

/// Where the `scale` subresource finds its numbers.
public struct ScaleSubresource: Sendable, Equatable {
    public var specReplicasPath: String
    public var statusReplicasPath: String
    public var labelSelectorPath: String

    /// Paths as the definition spells them: `.spec.replicas`.
    public init(specReplicasPath: String, statusReplicasPath: String, labelSelectorPath: String) {
        self.specReplicasPath = specReplicasPath
        self.statusReplicasPath = statusReplicasPath
        self.labelSelectorPath = labelSelectorPath
    }

    var json: JSONValue {
        [
            "specReplicasPath": .string(specReplicasPath), "statusReplicasPath": .string(statusReplicasPath),
            "labelSelectorPath": .string(labelSelectorPath),
        ]
    }
}

/// A column that `kubectl get` prints.
public struct PrinterColumn: Sendable, Equatable {
    public var name: String
    /// `integer`, `string`, `date` …
    public var type: String
    public var path: String
    public var description: String

    /// A column; `path` as the definition spells it: `.status.phase`.
    public init(_ name: String, _ type: String, _ path: String, _ description: String) {
        self.name = name
        self.type = type
        self.path = path
        self.description = description
    }

    /// How old an object is.
    public static let age = PrinterColumn("Age", "date", ".metadata.creationTimestamp", "Time since the object was created.")

    var json: JSONValue {
        ["name": .string(name), "type": .string(type), "jsonPath": .string(path), "description": .string(description)]
    }
}
