import Clockwork
import KubeModel
import SchemaModel
import StrictJSON

/// Everything that the server knows of one served version of one kind.
struct ServedResource: Sendable {
    var group: String
    var version: String
    var plural: String
    var singular: String
    var kind: String
    var listKind: String
    var shortNames: [String] = []
    var categories: [String] = []
    var isNamespaced = true

    /// Where the objects lie. Versions of one kind share it, and so do the two groups of events.
    var storage: StorageID
    /// Whether objects are kept in this version.
    var isStored = true
    /// Whether `status` is a subresource: then the main resource ignores it.
    var hasStatus = false
    var scale: ScalePaths?
    var verbs: [String] = ServedResource.allVerbs

    /// Nil for built-in kinds.
    var schema: StructuralSchema?
    /// The same as it was written, for those who read about it.
    var schemaDocument: JSONValue?
    var isCustom = false
    var columns: [TableColumn] = []

    /// Whether `metadata.generation` is set and counts changes.
    var tracksGeneration = true
    /// Whether a PUT must name the version that it replaces.
    var requiresResourceVersion = false
    /// Whether a PUT of an object that does not exist creates it.
    var createsOnUpdate = false
    /// Whether a successful DELETE answers the object; otherwise a Status.
    var returnsDeletedObject = false
    /// What becomes of dependents where a DELETE does not say it.
    var orphansDependents = false
    var nameRule = NameRule.subdomain
    /// Whether finalizers without a domain must be some that the server knows.
    var knowsFinalizers: Bool {
        !isCustom && storage != .events && storage != StorageID(group: "coordination.k8s.io", plural: "leases")
    }
    /// The names of fields by which lists may be selected, beside name and namespace.
    var selectableFields: [String] = []

    /// The same in the order in which the real server lists them for custom kinds.
    static let customVerbs = ["delete", "deletecollection", "get", "list", "patch", "create", "update", "watch"]
    static let allVerbs = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"]

    var apiVersion: String { group.isEmpty ? version : "\(group)/\(version)" }
    var resource: GroupVersionResource { GroupVersionResource(group: group, version: version, resource: plural) }
}

/// Where the objects of a kind lie in the store.
struct StorageID: Hashable, Sendable, Comparable {
    var group: String
    var plural: String

    static func < (left: Self, right: Self) -> Bool { (left.group, left.plural) < (right.group, right.plural) }
}

/// Where the scale subresource finds its values.
struct ScalePaths: Sendable {
    var specReplicas: [String]
    var statusReplicas: [String]
    /// The path of a selector in text form, or, for built-in kinds, of a label selector.
    var selector: [String]?
}

/// One column of the answer to `kubectl get`.
struct TableColumn: Sendable {
    var name: String
    var type: String
    var format = ""
    var description = ""
    var priority = 0
    var source: Source
    /// The cell is an age, whatever the type is called.
    var isTime = false

    enum Source: Sendable {
        case path(FieldPath)
        /// Columns of built-in kinds that no path can express.
        case computed(@Sendable (JSONValue) -> JSONValue)
        /// Those that depend on the time of the request as well.
        case timed(@Sendable (JSONValue, Timestamp) -> JSONValue)
    }
}

/// All kinds that are served, found by what a request names.
struct ResourceRegistry: Sendable {
    private var byResource: [GroupVersionResource: ServedResource] = [:]
    private var byKind: [GroupVersionKind: GroupVersionResource] = [:]
    private var stored: [StorageID: GroupVersionResource] = [:]

    init(_ definitions: [ServedResource] = []) {
        for definition in definitions { insert(definition) }
    }

    subscript(resource: GroupVersionResource) -> ServedResource? { byResource[resource] }

    func definition(apiVersion: String, kind: String) -> ServedResource? {
        byKind[GroupVersionKind(apiVersion: apiVersion, kind: kind)].flatMap { byResource[$0] }
    }

    /// The version in which the objects of `storage` are kept.
    func definition(of storage: StorageID) -> ServedResource? { stored[storage].flatMap { byResource[$0] } }

    /// All definitions, sorted by group, version and name.
    var sorted: [ServedResource] { byResource.keys.sorted().compactMap { byResource[$0] } }

    mutating func insert(_ definition: ServedResource) {
        byResource[definition.resource] = definition
        byKind[GroupVersionKind(group: definition.group, version: definition.version, kind: definition.kind)] = definition.resource
        if definition.isStored { stored[definition.storage] = definition.resource }
    }

    mutating func removeAll(of storage: StorageID) {
        for definition in sorted where definition.storage == storage && definition.isCustom {
            byResource[definition.resource] = nil
            byKind[GroupVersionKind(group: definition.group, version: definition.version, kind: definition.kind)] = nil
        }
        stored[storage] = nil
    }
}
