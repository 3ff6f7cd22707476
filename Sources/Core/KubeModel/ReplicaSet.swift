import StrictJSON

/// A ReplicaSet as it was read.
public struct ReplicaSet: ReadModel {
    public static let resource = GroupVersionResource.replicaSets

    public var metadata: ObjectMeta
    /// Pods wanted; nil is only seen on a server that does not default it, and means one.
    public var replicas: Int?
    public var minReadySeconds: Int
    public var selector: LabelSelector
    /// The template itself is not kept: caches hold ReplicaSets by the thousand.
    public var template: PodTemplateSummary
    public var status: Status

    /// What the ReplicaSet controller has counted.
    public struct Status: Sendable, Hashable {
        public var replicas: Int
        public var readyReplicas: Int
        public var availableReplicas: Int
        public var observedGeneration: Int64
        public var conditions: [Condition]

        /// Counts; without arguments those of a ReplicaSet that its controller has not seen yet.
        public init(replicas: Int = 0, readyReplicas: Int = 0, availableReplicas: Int = 0, observedGeneration: Int64 = 0, conditions: [Condition] = []) {
            self.replicas = replicas
            self.readyReplicas = readyReplicas
            self.availableReplicas = availableReplicas
            self.observedGeneration = observedGeneration
            self.conditions = conditions
        }
    }

    /// A ReplicaSet with the given members.
    public init(
        metadata: ObjectMeta, replicas: Int?, minReadySeconds: Int = 0, selector: LabelSelector = LabelSelector(),
        template: PodTemplate, status: Status = Status()
    ) {
        self.init(
            metadata: metadata, replicas: replicas, minReadySeconds: minReadySeconds, selector: selector, summary: template.summary,
            status: status)
    }

    init(metadata: ObjectMeta, replicas: Int?, minReadySeconds: Int, selector: LabelSelector, summary: PodTemplateSummary, status: Status) {
        self.metadata = metadata
        self.replicas = replicas
        self.minReadySeconds = minReadySeconds
        self.selector = selector
        template = summary
        // They nearly always are the same, and then are stored once.
        if template.labels == metadata.labels { template.labels = metadata.labels }
        self.status = status
    }

    public init(json: JSONValue) throws(DecodeError) {
        let spec = try FieldReader(json).member("spec")
        let status = try FieldReader(json).member("status")
        self.init(
            metadata: try ObjectMeta(object: json),
            replicas: try spec.int("replicas"),
            minReadySeconds: try spec.int("minReadySeconds") ?? 0,
            selector: try LabelSelector(spec.member("selector")),
            template: PodTemplate(raw: try spec.member("template").object().map(JSONValue.object) ?? .object(JSONObject())),
            status: Status(
                replicas: try status.int("replicas") ?? 0,
                readyReplicas: try status.int("readyReplicas") ?? 0,
                availableReplicas: try status.int("availableReplicas") ?? 0,
                observedGeneration: Int64(try status.int("observedGeneration") ?? 0),
                conditions: try Condition.list(status.member("conditions"))))
    }
}
