public import KubeModel

/// Whose requests are meant.
public enum TrafficTarget: Sendable, Hashable {
    /// Those of a rule of an HTTPRoute, as its gateway has programmed it.
    case route(ObjectKey, rule: Int)
    /// Those to a Service, which its ready endpoints share evenly.
    case service(ObjectKey)
    /// Those to all ready pods of ReplicaSets that the named object controls, shared evenly: a workload without a Service.
    case workload(ObjectKey)
}

/// Which part of the requests goes where, at one moment or on average.
public struct TrafficShares: Sendable, Hashable {
    /// What the pods of one revision and image get.
    public struct Share: Sendable, Hashable {
        /// The pods' `rollouts-pod-template-hash`.
        public var revision: String
        public var image: String
        /// 0...1, of all requests.
        public var fraction: Double
    }

    /// By revision and image; together with `failed` they make 1.
    public var shares: [Share]
    /// The part that reaches no ready pod.
    public var failed: Double

    /// No request arrives.
    public static let allFailed = TrafficShares(shares: [], failed: 1)

    /// The part of one revision.
    public func fraction(ofRevision revision: String) -> Double { shares.reduce(0) { $1.revision == revision ? $0 + $1.fraction : $0 } }

    /// The part of one image.
    public func fraction(ofImage image: String) -> Double { shares.reduce(0) { $1.image == image ? $0 + $1.fraction : $0 } }

    /// The average of shares, each with its weight; nil where nothing weighs anything.
    static func average(_ parts: [(shares: TrafficShares, weight: Double)]) -> TrafficShares? {
        let total = parts.reduce(0) { $0 + $1.weight }
        guard total > 0 else { return nil }
        var sums: [Source: Double] = [:]
        var failed = 0.0
        for (part, weight) in parts {
            failed += part.failed * weight / total
            for share in part.shares { sums[Source(revision: share.revision, image: share.image), default: 0] += share.fraction * weight / total }
        }
        return TrafficShares(sums, failed: failed)
    }

    struct Source: Sendable, Hashable, Comparable {
        var revision: String
        var image: String

        static func < (left: Self, right: Self) -> Bool { (left.revision, left.image) < (right.revision, right.image) }
    }

    init(_ fractions: [Source: Double], failed: Double) {
        shares = fractions.sorted { $0.key < $1.key }.map { Share(revision: $0.key.revision, image: $0.key.image, fraction: $0.value) }
        self.failed = failed
    }

    /// Shares with the given members.
    public init(shares: [Share], failed: Double) {
        self.shares = shares
        self.failed = failed
    }
}
