import Clockwork
import KubeModel
import RolloutModel
import StrictJSON
import Traffic

/// What to do about a Rollout.
public struct RolloutPlan: Sendable, Equatable {
    /// In order. A later step assumes that the earlier ones succeeded.
    public var steps: [PlannedAction]
    /// The complete new status, not a change of it.
    public var status: RolloutStatus
    /// Published only after the status has been stored.
    public var events: [EventNote]
    /// The earliest instant at which time alone changes this decision. Nil: only an event can.
    public var wakeAt: Timestamp?
    /// What is not an event but worth a line in the log.
    public var notes: [String]
    /// What the Rollout waits for, in words for people; empty when it waits for nothing.
    public var waitsFor: String

    public init(
        steps: [PlannedAction] = [], status: RolloutStatus, events: [EventNote] = [], wakeAt: Timestamp? = nil,
        notes: [String] = [], waitsFor: String = ""
    ) {
        self.steps = steps
        self.status = status
        self.events = events
        self.wakeAt = wakeAt
        self.notes = notes
        self.waitsFor = waitsFor
    }

    /// Whether carrying it out writes nothing at all.
    public func isQuiet(comparedWith persisted: RolloutStatus) -> Bool {
        steps.isEmpty && status.json == persisted.json
    }
}

/// One action, with what is told to the user once it has succeeded.
public struct PlannedAction: Sendable, Equatable {
    public var action: RolloutAction
    public var event: EventNote?

    public init(_ action: RolloutAction, event: EventNote? = nil) {
        self.action = action
        self.event = event
    }
}

/// One write. Each is safe to repeat.
public enum RolloutAction: Sendable, Equatable {
    case createReplicaSet(ReplicaSetDraft)
    /// Sets the size, and remembers for which size of the Rollout that was.
    case scaleReplicaSet(name: String, from: Int, to: Int, desiredReplicas: Int, dropsDeadline: Bool)
    /// Metadata and `minReadySeconds`; a nil annotation is removed.
    case patchReplicaSet(name: String, annotations: [String: String?], minReadySeconds: Int?)
    case adoptReplicaSet(name: String)
    case releaseReplicaSet(name: String)
    case deleteReplicaSet(name: String)
    /// Annotations of the Rollout; nil removes one.
    case annotateRollout([String: String?])
    /// Writes the default into `spec.replicas`.
    case setReplicas(Int)
    case pointService(name: String, hash: String, previous: String, adopts: Bool)
    case patchRoute(RouteEdit)
    case createAnalysisRun(AnalysisRunDraft)
    /// Lets a run that waits for traffic take its measurements.
    case beginAnalysisRun(name: String)
    case terminateAnalysisRun(name: String)
    case deleteAnalysisRun(name: String)
}

/// Something to tell the user, as a Kubernetes event on the Rollout.
public struct EventNote: Sendable, Hashable {
    public enum Severity: String, Sendable { case normal = "Normal", warning = "Warning" }
    public var severity: Severity
    public var reason: String
    public var message: String

    public init(_ severity: Severity = .normal, _ reason: EventReason, _ message: String) {
        self.severity = severity
        self.reason = reason.rawValue
        self.message = message
    }

    /// For reasons that carry a phase: `AnalysisRunFailed`.
    public init(_ severity: Severity, reason: String, message: String) {
        self.severity = severity
        self.reason = reason
        self.message = message
    }
}

/// Reasons of events: API, in Argo Rollouts' spelling where Argo has them.
public enum EventReason: String, Sendable {
    case rolloutUpdated = "RolloutUpdated"
    case newReplicaSetCreated = "NewReplicaSetCreated"
    case replicaSetCreateError = "ReplicaSetCreateError"
    case rolloutNotCompleted = "RolloutNotCompleted"
    case scalingReplicaSet = "ScalingReplicaSet"
    case switchService = "SwitchService"
    case trafficWeightUpdated = "TrafficWeightUpdated"
    case trafficRoutingError = "TrafficRoutingError"
    case weightVerifyError = "WeightVerifyError"
    case rolloutStepCompleted = "RolloutStepCompleted"
    case skipSteps = "SkipSteps"
    case rolloutPaused = "RolloutPaused"
    case rolloutResumed = "RolloutResumed"
    case rolloutAborted = "RolloutAborted"
    case rolloutCompleted = "RolloutCompleted"
    case reconciliationError = "ReconciliationError"
    /// Ours: the API server does not let us do, or read, what the Rollout needs.
    case forbidden = "Forbidden"
    /// Ours: a manifest without selector was given one.
    case selectorDerived = "SelectorDerived"
    /// Ours: a status without a stable version was given the one that serves.
    case stableRecovered = "StableRecovered"
    /// Ours: an argument was handed on though its template does not declare it.
    case argumentNotDeclared = "ArgumentNotDeclared"
    /// Ours: an analysis has succeeded while pods were missing, and counts for nothing.
    case analysisRepeated = "AnalysisRepeated"
}

/// A ReplicaSet to create.
public struct ReplicaSetDraft: Sendable, Equatable {
    public var name: String
    public var object: JSONValue
    /// The template that an existing ReplicaSet of this name must have to count as this one.
    public var template: JSONValue
}

/// An AnalysisRun to create.
public struct AnalysisRunDraft: Sendable, Equatable {
    public var name: String
    public var object: JSONValue
}
