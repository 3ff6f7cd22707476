import Clockwork
import KubeModel
import RolloutModel
import Safety
import Traffic

/// Everything that one Rollout depends on, as it was seen at one moment.
public struct RolloutObservation: Sendable {
    public var rollout: Rollout
    /// ReplicaSets of the namespace that this Rollout controls, or that carry a pod template hash and have no controller.
    public var replicaSets: [ReplicaSet]
    /// AnalysisRuns that this Rollout controls.
    public var analysisRuns: [AnalysisRun]
    /// The Services that the spec names, as far as they exist.
    public var services: [String: Service]
    /// The templates that the spec names, with those which they include, as far as they exist.
    public var templates: [RolloutAnalysis.TemplateReference: AnalysisTemplate]
    /// The routes that the spec names; nil for one that does not exist.
    public var routes: [String: HTTPRoute?]
    /// When the present generation of each route was first seen; by name. Kept in memory: after a restart the wait begins anew.
    public var routesSince: [String: Timestamp] = [:]
    /// Names of the ready pods behind each Service; a Service is absent where its endpoints cannot be read.
    public var readyEndpoints: [String: Set<String>] = [:]
    /// Rights without which something that this Rollout depends on cannot be read: what stands here of it may be out of date.
    public var unreadable: [MissingRight] = []
    /// What the API server refused for good when an earlier plan was carried out, since this process started.
    public var refusals: [Refusal]
    /// Copied to the AnalysisRuns that are created; nil without an instance id.
    public var instanceID: String?
    /// The rules that hold: all of them.
    package var guards: SafetyGuards = .all

    public init(
        rollout: Rollout, replicaSets: [ReplicaSet] = [], analysisRuns: [AnalysisRun] = [], services: [String: Service] = [:],
        templates: [RolloutAnalysis.TemplateReference: AnalysisTemplate] = [:], routes: [String: HTTPRoute?] = [:],
        refusals: [Refusal] = [], instanceID: String? = nil
    ) {
        self.rollout = rollout
        self.replicaSets = replicaSets
        self.analysisRuns = analysisRuns
        self.services = services
        self.templates = templates
        self.routes = routes
        self.refusals = refusals
        self.instanceID = instanceID
    }
}

/// An action that the API server will not accept however often it is sent.
public struct Refusal: Sendable, Hashable {
    public enum Cause: Sendable, Hashable {
        /// The name belongs to an object that is not ours, or that differs.
        case nameTaken
        /// The object was not valid; the server's words.
        case invalid(String)
        /// A quota or an admission policy forbids it; the server's words.
        case forbidden(String)
        /// No role allows it to us.
        case missingRight(MissingRight)
    }
    /// Kind and name of the object to create, `ReplicaSet/checkout-6f7c9d`; else the subject of the action.
    public var subject: String
    public var cause: Cause

    public init(subject: String, cause: Cause) {
        self.subject = subject
        self.cause = cause
    }
}
