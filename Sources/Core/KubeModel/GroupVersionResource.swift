/// Which collection of the API an object lives in, as it stands in request paths.
public struct GroupVersionResource: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// Empty for the core group.
    public var group: String
    public var version: String
    /// The plural, lower-case name, for instance `replicasets`.
    public var resource: String

    /// A resource; without `group` it is one of the core group.
    public init(group: String = "", version: String, resource: String) {
        self.group = group
        self.version = version
        self.resource = resource
    }

    /// `apps/v1`, or `v1` in the core group.
    public var apiVersion: String { group.isEmpty ? version : group + "/" + version }

    /// The request path, for instance `/apis/apps/v1/namespaces/shop/replicasets/web-1/scale`.
    ///
    /// - Parameter namespace: nil or empty for a cluster-scoped object or a list over all namespaces.
    public func path(namespace: String?, name: String? = nil, subresource: String? = nil) -> String {
        var path = group.isEmpty ? "/api/\(version)" : "/apis/\(group)/\(version)"
        if let namespace, !namespace.isEmpty { path += "/namespaces/" + percentEncoded(namespace) }
        path += "/" + resource
        if let name {
            path += "/" + percentEncoded(name)
            if let subresource { path += "/" + subresource }
        }
        return path
    }

    /// `replicasets.apps`, the way people and kubectl write it.
    public var description: String { group.isEmpty ? resource : resource + "." + group }

    public static func < (left: Self, right: Self) -> Bool {
        (left.group, left.version, left.resource) < (right.group, right.version, right.resource)
    }
}

/// What an object says that it is: `apiVersion` and `kind`.
public struct GroupVersionKind: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// Empty for the core group.
    public var group: String
    public var version: String
    public var kind: String

    /// A kind; without `group` it is one of the core group.
    public init(group: String = "", version: String, kind: String) {
        self.group = group
        self.version = version
        self.kind = kind
    }

    /// Splits `apps/v1` or `v1`.
    public init(apiVersion: String, kind: String) {
        if let slash = apiVersion.firstIndex(of: "/") {
            self.init(group: String(apiVersion[..<slash]), version: String(apiVersion[apiVersion.index(after: slash)...]), kind: kind)
        } else {
            self.init(version: apiVersion, kind: kind)
        }
    }

    /// `apps/v1`, or `v1` in the core group.
    public var apiVersion: String { group.isEmpty ? version : group + "/" + version }

    /// `ReplicaSet.apps`, or `Service` in the core group.
    public var description: String { group.isEmpty ? kind : kind + "." + group }

    public static func < (left: Self, right: Self) -> Bool {
        (left.group, left.version, left.kind) < (right.group, right.version, right.kind)
    }
}

/// Which object of a resource: namespace and name.
public struct ObjectKey: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// Empty for cluster-scoped objects.
    public var namespace: String
    public var name: String

    /// The key of `name` in `namespace`, which is empty for cluster-scoped objects.
    public init(namespace: String, name: String) {
        self.namespace = namespace
        self.name = name
    }

    /// `shop/checkout`, or the name alone for cluster-scoped objects.
    public var description: String { namespace.isEmpty ? name : namespace + "/" + name }

    public static func < (left: Self, right: Self) -> Bool {
        (left.namespace, left.name) < (right.namespace, right.name)
    }
}

/// Keeps RFC 3986's unreserved characters and encodes every other byte, for a path segment or a query value.
public func percentEncoded(_ text: String) -> String {
    let digits: [UInt8] = Array("0123456789ABCDEF".utf8)
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.utf8.count)
    for byte in text.utf8 {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
             UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
             UInt8(ascii: "_"), UInt8(ascii: "~"):
            bytes.append(byte)
        default:
            bytes.append(UInt8(ascii: "%"))
            bytes.append(digits[Int(byte >> 4)])
            bytes.append(digits[Int(byte & 15)])
        }
    }
    return String(decoding: bytes, as: UTF8.self)
}
