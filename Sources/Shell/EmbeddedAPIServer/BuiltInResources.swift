import StrictJSON

/// The kinds that every cluster has and that Sluice and its users touch.
enum BuiltInResources {
    static let all: [ServedResource] = core + apps + others

    /// The groups that are served whatever is defined.
    static let groups: Set<String> = Set(all.map(\.group))

    private static let core: [ServedResource] = [
        builtIn("", "v1", "namespaces", "Namespace", short: ["ns"]) {
            $0.isNamespaced = false
            $0.hasStatus = true
            $0.tracksGeneration = false
            $0.nameRule = .label
            $0.selectableFields = ["status.phase"]
            $0.columns = [.path("Status", ".status.phase"), .builtInAge]
        },
        builtIn("", "v1", "pods", "Pod", short: ["po"], categories: ["all"]) {
            $0.hasStatus = true
            $0.tracksGeneration = false
            $0.returnsDeletedObject = true
            $0.selectableFields = ["status.phase", "spec.nodeName", "spec.restartPolicy", "status.podIP"]
            $0.columns = [
                .computed("Ready", BuiltInColumns.podReady), .computed("Status", BuiltInColumns.podStatus),
                .computed("Restarts", BuiltInColumns.podRestarts), .builtInAge,
                .path("IP", ".status.podIP", priority: 1), .path("Node", ".spec.nodeName", priority: 1),
                .path("Nominated Node", ".status.nominatedNodeName", priority: 1), .computed("Readiness Gates", { _ in "<none>" }, priority: 1),
            ]
        },
        builtIn("", "v1", "services", "Service", short: ["svc"], categories: ["all"]) {
            $0.hasStatus = true
            $0.tracksGeneration = false
            $0.returnsDeletedObject = true
            $0.nameRule = .serviceLabel
            $0.selectableFields = ["spec.clusterIP", "spec.type"]
            $0.columns = [
                .path("Type", ".spec.type"), .path("Cluster-IP", ".spec.clusterIP"),
                .computed("External-IP", { _ in "<none>" }), .computed("Port(s)", BuiltInColumns.servicePorts), .builtInAge,
                .computed("Selector", { BuiltInColumns.selector($0["spec"]?["selector"]) }, priority: 1),
            ]
        },
        builtIn("", "v1", "secrets", "Secret") {
            $0.tracksGeneration = false
            $0.selectableFields = ["type"]
            $0.columns = [
                .path("Type", ".type"), .computed("Data", { JSONValue($0["data"]?.objectValue?.count ?? 0) }), .builtInAge,
            ]
        },
        builtIn("", "v1", "configmaps", "ConfigMap", short: ["cm"]) {
            $0.tracksGeneration = false
            $0.columns = [
                .computed(
                    "Data", { JSONValue(($0["data"]?.objectValue?.count ?? 0) + ($0["binaryData"]?.objectValue?.count ?? 0)) }),
                .builtInAge,
            ]
        },
        builtIn("", "v1", "serviceaccounts", "ServiceAccount", short: ["sa"]) {
            $0.tracksGeneration = false
            $0.returnsDeletedObject = true
            $0.columns = [.computed("Secrets", { JSONValue($0["secrets"]?.arrayValue?.count ?? 0) }), .builtInAge]
        },
        builtIn("", "v1", "events", "Event", short: ["ev"]) {
            $0.tracksGeneration = false
            $0.createsOnUpdate = true
            $0.selectableFields = [
                "involvedObject.kind", "involvedObject.namespace", "involvedObject.name", "involvedObject.uid",
                "involvedObject.apiVersion", "involvedObject.resourceVersion", "involvedObject.fieldPath",
                "reason", "reportingComponent", "source", "type",
            ]
            $0.nameRule = .pathSegment
            $0.columns = BuiltInColumns.event
        },
    ]

    private static let apps: [ServedResource] = [
        builtIn("apps", "v1", "replicasets", "ReplicaSet", short: ["rs"], categories: ["all"]) {
            $0.hasStatus = true
            $0.scale = ScalePaths(specReplicas: ["spec", "replicas"], statusReplicas: ["status", "replicas"], selector: ["spec", "selector"])
            $0.columns = [
                .path("Desired", ".spec.replicas", type: "integer"), .path("Current", ".status.replicas", type: "integer"),
                .computed("Ready", { $0.at("status", "readyReplicas") ?? 0 }, type: "integer"), .builtInAge,
                .computed("Containers", { BuiltInColumns.containers($0, "name") }, priority: 1),
                .computed("Images", { BuiltInColumns.containers($0, "image") }, priority: 1),
                .computed("Selector", { BuiltInColumns.labelSelector($0.at("spec", "selector")) }, priority: 1),
            ]
        },
        builtIn("apps", "v1", "deployments", "Deployment", short: ["deploy"], categories: ["all"]) {
            $0.hasStatus = true
            $0.scale = ScalePaths(specReplicas: ["spec", "replicas"], statusReplicas: ["status", "replicas"], selector: ["spec", "selector"])
            $0.columns = [
                .computed("Ready", BuiltInColumns.deploymentReady),
                .computed("Up-to-date", { $0.at("status", "updatedReplicas") ?? 0 }),
                .computed("Available", { $0.at("status", "availableReplicas") ?? 0 }), .builtInAge,
                .computed("Containers", { BuiltInColumns.containers($0, "name") }, priority: 1),
                .computed("Images", { BuiltInColumns.containers($0, "image") }, priority: 1),
                .computed("Selector", { BuiltInColumns.labelSelector($0.at("spec", "selector")) }, priority: 1),
            ]
        },
    ]

    private static let others: [ServedResource] = [
        builtIn("batch", "v1", "jobs", "Job", categories: ["all"]) {
            $0.hasStatus = true
            $0.orphansDependents = true
            $0.selectableFields = ["status.successful"]
            $0.columns = [
                .computed("Completions", BuiltInColumns.jobCompletions), TableColumn(name: "Duration", type: "string", source: .timed(BuiltInColumns.jobDuration)),
                .builtInAge,
                .computed("Containers", { BuiltInColumns.containers($0, "name") }, priority: 1),
                .computed("Images", { BuiltInColumns.containers($0, "image") }, priority: 1),
                .computed("Selector", { BuiltInColumns.labelSelector($0.at("spec", "selector")) }, priority: 1),
            ]
        },
        builtIn("discovery.k8s.io", "v1", "endpointslices", "EndpointSlice") {
            $0.columns = [.path("AddressType", ".addressType"), .computed("Endpoints", BuiltInColumns.endpoints), .builtInAge]
        },
        builtIn("coordination.k8s.io", "v1", "leases", "Lease") {
            $0.tracksGeneration = false
            $0.requiresResourceVersion = true
            $0.createsOnUpdate = true
            $0.columns = [.path("Holder", ".spec.holderIdentity"), .builtInAge]
        },
        builtIn("events.k8s.io", "v1", "events", "Event", short: ["ev"]) {
            $0.tracksGeneration = false
            $0.createsOnUpdate = true
            $0.storage = StorageID(group: "", plural: "events")
            $0.isStored = false
            $0.selectableFields = ["reason", "reportingController", "type", "regarding.kind", "regarding.name", "regarding.namespace"]
            $0.nameRule = .pathSegment
            $0.columns = BuiltInColumns.event
        },
        builtIn("apiextensions.k8s.io", "v1", "customresourcedefinitions", "CustomResourceDefinition", short: ["crd", "crds"]) {
            $0.isNamespaced = false
            $0.hasStatus = true
            $0.requiresResourceVersion = true
            $0.categories = ["api-extensions"]
            $0.columns = [.path("Created At", ".metadata.creationTimestamp")]
        },
    ]

    private static func builtIn(
        _ group: String, _ version: String, _ plural: String, _ kind: String, short: [String] = [], categories: [String] = [],
        _ change: (inout ServedResource) -> Void
    ) -> ServedResource {
        var definition = ServedResource(
            group: group, version: version, plural: plural, singular: kind.lowercased(), kind: kind, listKind: kind + "List",
            shortNames: short, categories: categories, storage: StorageID(group: group, plural: plural))
        change(&definition)
        return definition
    }
}

extension StorageID {
    static let namespaces = StorageID(group: "", plural: "namespaces")
    static let pods = StorageID(group: "", plural: "pods")
    static let events = StorageID(group: "", plural: "events")
    static let deployments = StorageID(group: "apps", plural: "deployments")
    static let definitions = StorageID(group: "apiextensions.k8s.io", plural: "customresourcedefinitions")
}

extension TableColumn {
    /// That of custom kinds.
    static let age: TableColumn = {
        var column = TableColumn.path("Age", ".metadata.creationTimestamp", type: "date")
        column.description =
            "CreationTimestamp is a timestamp representing the server time when this object was created. It is not guaranteed to be set in "
            + "happens-before order across separate operations. Clients may not set this value. It is represented in RFC3339 form and is in "
            + "UTC.\n\nPopulated by the system. Read-only. Null for lists. More info: "
            + "https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata"
        return column
    }()

    /// That of built-in kinds, which call it a text.
    fileprivate static let builtInAge: TableColumn = {
        var column = TableColumn.path("Age", ".metadata.creationTimestamp")
        column.isTime = true
        return column
    }()

    /// A column whose path is known to be good, since it stands in this module.
    fileprivate static func path(_ name: String, _ path: String, type: String = "string", priority: Int = 0) -> TableColumn {
        guard let source = FieldPath(path) else { preconditionFailure("the column \(name) has the path \(path)") }
        return TableColumn(name: name, type: type, priority: priority, source: .path(source))
    }

    fileprivate static func computed(
        _ name: String, _ value: @escaping @Sendable (JSONValue) -> JSONValue, type: String = "string", priority: Int = 0
    ) -> TableColumn {
        TableColumn(name: name, type: type, priority: priority, source: .computed(value))
    }
}
