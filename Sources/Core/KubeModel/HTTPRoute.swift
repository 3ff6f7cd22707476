import StrictJSON

/// An HTTPRoute of Gateway API as it was read, with the whole document for the patches that are made of it.
public struct HTTPRoute: ReadModel {
    public static let resource = GroupVersionResource.httpRoutes

    public var metadata: ObjectMeta
    public var parentRefs: [ParentReference]
    public var hostnames: [String]
    public var rules: [Rule]
    /// What each implementation says about the route.
    public var parents: [ParentStatus]
    /// The object as it was read, without `managedFields`.
    public var document: JSONValue

    /// One rule: requests that match go to the backends by weight.
    public struct Rule: Sendable, Hashable {
        /// Position in `spec.rules`.
        public var index: Int
        /// Empty where the rule has no name.
        public var name: String
        public var matches: JSONValue?
        public var filters: JSONValue?
        public var backendRefs: [BackendReference]

        /// A rule with the given members.
        public init(
            index: Int, name: String = "", matches: JSONValue? = nil, filters: JSONValue? = nil, backendRefs: [BackendReference]
        ) {
            self.index = index
            self.name = name
            self.matches = matches
            self.filters = filters
            self.backendRefs = backendRefs
        }
    }

    /// One backend of a rule.
    public struct BackendReference: Sendable, Hashable {
        /// Position in the rule's `backendRefs`.
        public var index: Int
        /// Empty for core kinds.
        public var group: String
        public var kind: String
        public var name: String
        /// Nil: the route's own namespace.
        public var namespace: String?
        public var port: Int?
        /// Nil where none is written; that means 1.
        public var weight: Int?
        public var filters: JSONValue?

        /// A reference with the given members, by default to a Service of the route's namespace.
        public init(
            index: Int, group: String = "", kind: String = "Service", name: String, namespace: String? = nil, port: Int? = nil, weight: Int? = nil, filters: JSONValue? = nil
        ) {
            self.index = index
            self.group = group
            self.kind = kind
            self.name = name
            self.namespace = namespace
            self.port = port
            self.weight = weight
            self.filters = filters
        }

        /// Whether the reference is to the Service `name` in the namespace `namespace`, seen from a route in `routeNamespace`.
        public func refersToService(_ name: String, namespace: String, routeNamespace: String) -> Bool {
            group.isEmpty && kind == "Service" && self.name == name && (self.namespace ?? routeNamespace) == namespace
        }
    }

    /// A Gateway, or another parent, that the route wants to be attached to.
    public struct ParentReference: Sendable, Hashable {
        public var group: String
        public var kind: String
        public var name: String
        /// Nil: the route's own namespace.
        public var namespace: String?
        public var sectionName: String?
        public var port: Int?

        /// A reference with the given members, by default to a Gateway.
        public init(
            group: String = "gateway.networking.k8s.io", kind: String = "Gateway", name: String, namespace: String? = nil, sectionName: String? = nil, port: Int? = nil
        ) {
            self.group = group
            self.kind = kind
            self.name = name
            self.namespace = namespace
            self.sectionName = sectionName
            self.port = port
        }
    }

    /// One element of `status.parents`.
    public struct ParentStatus: Sendable, Hashable {
        public var parentRef: ParentReference
        public var controllerName: String
        /// `Accepted`, `ResolvedRefs` and others, with the generation that they speak of.
        public var conditions: [Condition]

        /// A status with the given members.
        public init(
            parentRef: ParentReference, controllerName: String, conditions: [Condition]
        ) {
            self.parentRef = parentRef
            self.controllerName = controllerName
            self.conditions = conditions
        }
    }

    public init(json: JSONValue) throws(DecodeError) {
        metadata = try ObjectMeta(object: json)
        let root = FieldReader(json)
        let spec = try root.member("spec")
        parentRefs = []
        for element in try spec.elements("parentRefs") { parentRefs.append(try ParentReference(element)) }
        hostnames = try spec.strings("hostnames")
        rules = []
        for (index, element) in try spec.elements("rules").enumerated() { rules.append(try Rule(element, index: index)) }
        parents = []
        for element in try root.member("status").elements("parents") {
            parents.append(ParentStatus(
                parentRef: try ParentReference(element.member("parentRef")),
                controllerName: try element.string("controllerName") ?? "",
                conditions: try Condition.list(element.member("conditions"))))
        }
        document = json
        document.set(nil, at: ["metadata", "managedFields"])
    }
}

extension HTTPRoute.Rule {
    init(_ fields: FieldReader, index: Int) throws(DecodeError) {
        self.init(
            index: index, name: try fields.string("name") ?? "",
            matches: try fields.member("matches").value, filters: try fields.member("filters").value, backendRefs: [])
        for (index, element) in try fields.elements("backendRefs").enumerated() {
            backendRefs.append(try HTTPRoute.BackendReference(element, index: index))
        }
    }
}

extension HTTPRoute.BackendReference {
    init(_ fields: FieldReader, index: Int) throws(DecodeError) {
        self.init(
            index: index, group: try fields.string("group") ?? "", kind: try fields.string("kind") ?? "Service",
            name: try fields.requiredString("name"), namespace: try fields.string("namespace"),
            port: try fields.int("port"), weight: try fields.int("weight"), filters: try fields.member("filters").value)
    }
}

extension HTTPRoute.ParentReference {
    init(_ fields: FieldReader) throws(DecodeError) {
        self.init(
            group: try fields.string("group") ?? "gateway.networking.k8s.io", kind: try fields.string("kind") ?? "Gateway",
            name: try fields.requiredString("name"), namespace: try fields.string("namespace"),
            sectionName: try fields.string("sectionName"), port: try fields.int("port"))
    }
}
