public import Clockwork
public import KubeModel

/// Who asked for what: the server's own audit log, bounded, and counters, which are not.
struct RequestLog: Sendable {
    private(set) var recent: [RequestRecord] = []
    private(set) var counts: [RequestKey: Int] = [:]
    private var firstIndex = 0

    /// Notes a request that was understood.
    ///
    /// - Returns: its number, for `end`.
    mutating func begin(_ verb: RequestVerb, _ target: RequestTarget, userAgent: String, at now: Timestamp) -> Int {
        let key = RequestKey(
            verb: verb.rawValue, resource: target.definition.resource, subresource: target.subresource ?? "", userAgent: userAgent)
        counts[key, default: 0] += 1
        recent.append(RequestRecord(at: now, key: key, object: ObjectKey(namespace: target.namespace, name: target.name ?? ""), code: 0))
        if recent.count > Self.limit * 2 {
            firstIndex += recent.count - Self.limit
            recent.removeFirst(recent.count - Self.limit)
        }
        return firstIndex + recent.count - 1
    }

    mutating func end(_ number: Int, code: Int) {
        let index = number - firstIndex
        if recent.indices.contains(index) { recent[index].code = code }
    }

    /// At least so many requests are remembered one by one.
    private static let limit = 10_000
}

/// What requests are counted by.
public struct RequestKey: Sendable, Hashable, Comparable {
    /// As in audit logs: `get`, `list`, `watch`, `create`, `update`, `patch`, `delete` or `deletecollection`.
    public var verb: String
    public var resource: GroupVersionResource
    /// Empty for the object itself.
    public var subresource: String
    public var userAgent: String

    public static func < (left: Self, right: Self) -> Bool {
        (left.resource, left.subresource, left.verb, left.userAgent) < (right.resource, right.subresource, right.verb, right.userAgent)
    }
}

/// One request and how it ended.
public struct RequestRecord: Sendable, Hashable {
    public var at: Timestamp
    public var key: RequestKey
    /// What the path names; the name is empty for collections.
    public var object: ObjectKey
    /// The HTTP status of the answer.
    public var code: Int
}
