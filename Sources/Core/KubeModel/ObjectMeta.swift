import Clockwork
import StrictJSON

/// The metadata of an object, as far as it is read.
public struct ObjectMeta: Sendable, Hashable {
    public var name: String
    /// Empty for cluster-scoped objects.
    public var namespace: String
    public var uid: String
    /// Opaque to the API; see `ResourceVersion` for the one comparison that is made with it.
    public var resourceVersion: String
    public var generation: Int64
    public var creationTimestamp: Timestamp?
    /// Set while the object waits for its finalizers or its grace period.
    public var deletionTimestamp: Timestamp?
    public var labels: [String: String]
    /// Without the one in which `kubectl apply` keeps a copy of the whole object: nothing reads it, and it is as long as the object.
    public var annotations: [String: String]
    public var ownerReferences: [OwnerReference]
    public var finalizers: [String]

    /// Metadata with nothing but what is given.
    public init(
        name: String, namespace: String = "", uid: String = "", resourceVersion: String = "", generation: Int64 = 0,
        creationTimestamp: Timestamp? = nil, deletionTimestamp: Timestamp? = nil,
        labels: [String: String] = [:], annotations: [String: String] = [:],
        ownerReferences: [OwnerReference] = [], finalizers: [String] = []
    ) {
        self.name = name
        self.namespace = namespace
        self.uid = uid
        self.resourceVersion = resourceVersion
        self.generation = generation
        self.creationTimestamp = creationTimestamp
        self.deletionTimestamp = deletionTimestamp
        self.labels = labels
        self.annotations = annotations
        self.ownerReferences = ownerReferences
        self.finalizers = finalizers
    }

    static let lastApplied = "kubectl.kubernetes.io/last-applied-configuration"

    public var key: ObjectKey { ObjectKey(namespace: namespace, name: name) }

    public var isBeingDeleted: Bool { deletionTimestamp != nil }

    /// The owner with `controller: true`; there is at most one.
    public var controller: OwnerReference? { ownerReferences.first { $0.isController } }

    /// Whether the object with this uid controls this one.
    public func isControlled(byUID uid: String) -> Bool { !uid.isEmpty && controller?.uid == uid }

    /// Reads the value of an object's `metadata`. Everything may be absent, also the name, as in pod templates.
    public init(_ fields: FieldReader) throws(DecodeError) {
        self.init(name: try fields.string("name") ?? "")
        namespace = try fields.string("namespace") ?? ""
        uid = try fields.string("uid") ?? ""
        resourceVersion = try fields.string("resourceVersion") ?? ""
        generation = Int64(try fields.int("generation") ?? 0)
        creationTimestamp = try fields.timestamp("creationTimestamp")
        deletionTimestamp = try fields.timestamp("deletionTimestamp")
        labels = try fields.stringMap("labels")
        annotations = try fields.stringMap("annotations")
        annotations[Self.lastApplied] = nil
        for owner in try fields.elements("ownerReferences") { ownerReferences.append(try OwnerReference(owner)) }
        finalizers = try fields.strings("finalizers")
    }

    /// Reads `metadata` of a whole object, which must have a name.
    public init(object: JSONValue) throws(DecodeError) {
        let fields = try FieldReader(object).member("metadata")
        try self.init(fields)
        if name.isEmpty { throw try fields.member("name").mismatch(expected: "a name") }
    }
}

/// Who owns an object: it is garbage collected with its owners.
public struct OwnerReference: Sendable, Hashable {
    public var apiVersion: String
    public var kind: String
    public var name: String
    public var uid: String
    /// Whether this owner manages the object; others only keep it alive.
    public var isController: Bool
    public var blocksOwnerDeletion: Bool

    /// A reference, by default that of the controlling owner.
    public init(apiVersion: String, kind: String, name: String, uid: String, isController: Bool = true, blocksOwnerDeletion: Bool = true) {
        self.apiVersion = apiVersion
        self.kind = kind
        self.name = name
        self.uid = uid
        self.isController = isController
        self.blocksOwnerDeletion = blocksOwnerDeletion
    }

    /// Reads one element of `metadata.ownerReferences`.
    public init(_ fields: FieldReader) throws(DecodeError) {
        self.init(
            apiVersion: try fields.string("apiVersion") ?? "", kind: try fields.string("kind") ?? "",
            name: try fields.string("name") ?? "", uid: try fields.string("uid") ?? "",
            isController: try fields.bool("controller") ?? false,
            blocksOwnerDeletion: try fields.bool("blockOwnerDeletion") ?? false)
    }

    /// As it is written into a draft.
    public var json: JSONValue {
        var json: JSONValue = ["apiVersion": .string(apiVersion), "kind": .string(kind), "name": .string(name), "uid": .string(uid)]
        if isController { json["controller"] = .bool(true) }
        if blocksOwnerDeletion { json["blockOwnerDeletion"] = .bool(true) }
        return json
    }
}

/// Comparison of resource versions of one resource, as the API has promised it since Kubernetes 1.35: as decimal numbers of any length.
public enum ResourceVersion {
    /// Whether a cache that has seen `seen` has seen what was written as `written`.
    ///
    /// Versions that are not decimal numbers are only comparable for equality.
    public static func hasReached(_ written: String, seen: String) -> Bool {
        if written == seen { return true }
        guard isDecimal(written), isDecimal(seen) else { return false }
        let left = written.utf8.drop { $0 == UInt8(ascii: "0") }
        let right = seen.utf8.drop { $0 == UInt8(ascii: "0") }
        if left.count != right.count { return left.count < right.count }
        return !right.lexicographicallyPrecedes(left)
    }

    private static func isDecimal(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    }
}
