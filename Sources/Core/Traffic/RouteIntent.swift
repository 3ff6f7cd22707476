import KubeModel
import Safety

/// What a Rollout wants of a route.
public struct RouteIntent: Sendable, Hashable {
    /// The Rollout, which owns what we add to the route.
    public var rollout: ObjectKey
    public var stableService: String
    public var canaryService: String
    /// The canary's part of `maxWeight`.
    public var weight: Int
    public var maxWeight: Int
    /// The label that GitOps tools look for while a release is routed; nil: none is kept.
    public var progressLabel: ProgressLabel?
    public var verification: Verification
    /// The rules that hold: all of them.
    package var guards: SafetyGuards = .all

    /// A label that tells that a release is in progress.
    public struct ProgressLabel: Sendable, Hashable {
        public var key: String
        public var value: String

        public init(key: String = "rollouts.argoproj.io/gatewayapi-canary", value: String = "in-progress") {
            self.key = key
            self.value = value
        }
    }

    /// How far a weight must be confirmed by the route's parents.
    public enum Verification: Sendable, Hashable {
        case strict, lenient, off
    }

    public init(
        rollout: ObjectKey, stableService: String, canaryService: String, weight: Int, maxWeight: Int = 100,
        progressLabel: ProgressLabel? = ProgressLabel(), verification: Verification = .lenient
    ) {
        self.rollout = rollout
        self.stableService = stableService
        self.canaryService = canaryService
        self.weight = weight
        self.maxWeight = maxWeight
        self.progressLabel = progressLabel
        self.verification = verification
    }

    public var stableWeight: Int { maxWeight - weight }
}
