import Clockwork
import KubeModel
import RolloutModel
import StrictJSON

/// What to do about an AnalysisRun.
public struct AnalysisRunPlan: Sendable, Equatable {
    /// Measurements to take now, all at once. While there are any, the rest of the plan only repeats what is stored:
    /// take them, then ask `conclude` with their outcomes.
    public var measurements: [DueMeasurement]
    /// The complete new status, not a change of it.
    public var status: AnalysisRunStatus
    /// Published only after the status has been stored.
    public var events: [AnalysisEvent]
    /// The earliest instant at which time alone changes this decision. Nil: only an event can.
    public var wakeAt: Timestamp?
    /// The run has outlived its time and is to be deleted.
    public var deletesRun: Bool
    /// Measurements that the new status no longer holds: what their providers have made for them can go.
    public var discarded: [DiscardedMeasurement] = []

    public init(
        measurements: [DueMeasurement] = [], status: AnalysisRunStatus, events: [AnalysisEvent] = [],
        wakeAt: Timestamp? = nil, deletesRun: Bool = false
    ) {
        self.measurements = measurements
        self.status = status
        self.events = events
        self.wakeAt = wakeAt
        self.deletesRun = deletesRun
    }

    /// The merge patch that stores the status on the run, nil where nothing differs. The kind has no status
    /// subresource, so the patch goes to the object itself, with the version that was seen.
    public func statusPatch(for run: AnalysisRun) -> JSONValue? {
        guard let difference = JSONValue.mergePatch(from: run.rawStatus, to: status.json) else { return nil }
        var patch: JSONValue = ["status": difference]
        if !run.metadata.resourceVersion.isEmpty {
            patch["metadata"] = ["resourceVersion": .string(run.metadata.resourceVersion)]
        }
        return patch
    }
}

/// A measurement that is no longer kept.
public struct DiscardedMeasurement: Sendable, Equatable {
    /// The metric that it was taken for, which names the provider.
    public var metric: AnalysisMetric
    /// As it stood in the status.
    public var measurement: Measurement

    /// A measurement of a metric.
    public init(metric: AnalysisMetric, measurement: Measurement) {
        self.metric = metric
        self.measurement = measurement
    }
}

/// Something to tell the user, as a Kubernetes event on the AnalysisRun.
public struct AnalysisEvent: Sendable, Hashable {
    /// True for events of type Warning.
    public var isWarning: Bool
    public var reason: String
    public var message: String

    public init(isWarning: Bool = false, reason: String, message: String) {
        self.isWarning = isWarning
        self.reason = reason
        self.message = message
    }

    /// `MetricFailed`: a metric has come to its end.
    static func metric(_ name: String, _ phase: AnalysisPhase) -> AnalysisEvent {
        AnalysisEvent(
            isWarning: phase == .failed || phase == .error, reason: "Metric\(phase.rawValue)",
            message: "Metric '\(name)' Completed. Result: \(phase.rawValue)")
    }

    /// `AnalysisRunFailed`: the run has come to its end.
    static func run(_ phase: AnalysisPhase) -> AnalysisEvent {
        AnalysisEvent(
            isWarning: phase == .failed || phase == .error, reason: "AnalysisRun\(phase.rawValue)",
            message: "Analysis Completed. Result: \(phase.rawValue)")
    }

    /// Ours: a condition was given a meaning that the language alone does not give it.
    static func conditionJudgedOnSample(metric: String, note: String) -> AnalysisEvent {
        AnalysisEvent(reason: "ConditionJudgedOnSample", message: "Metric '\(metric)': \(note)")
    }

    /// Ours: no result of the metric's provider can be judged by this condition.
    static func conditionInvalid(metric: String, _ finding: String) -> AnalysisEvent {
        AnalysisEvent(isWarning: true, reason: "ConditionInvalid", message: "Metric '\(metric)': \(finding)")
    }
}
