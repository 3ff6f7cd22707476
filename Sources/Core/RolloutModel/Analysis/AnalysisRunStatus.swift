import Clockwork
import StrictJSON

/// What an AnalysisRun has found so far.
public struct AnalysisRunStatus: Sendable, Equatable {
    /// Nil until the first reconcile.
    public var phase: AnalysisPhase?
    public var message: String
    /// Set by the first assessment, after the first measurements were taken.
    public var startedAt: Timestamp?
    public var completedAt: Timestamp?
    public var runSummary: AnalysisRunSummary?
    public var dryRunSummary: AnalysisRunSummary?
    /// In the order of the first measurements.
    public var metricResults: [MetricResult]

    public init(
        phase: AnalysisPhase? = nil, message: String = "", startedAt: Timestamp? = nil, completedAt: Timestamp? = nil,
        runSummary: AnalysisRunSummary? = nil, dryRunSummary: AnalysisRunSummary? = nil, metricResults: [MetricResult] = []
    ) {
        self.phase = phase
        self.message = message
        self.startedAt = startedAt
        self.completedAt = completedAt
        self.runSummary = runSummary
        self.dryRunSummary = dryRunSummary
        self.metricResults = metricResults
    }

    /// Reads a status; what has the wrong type is appended to `problems` and read as absent.
    public init(json: JSONValue, _ problems: inout [FieldProblem]) {
        let fields = AnalysisReader(json, at: "status", &problems)
        phase = fields.phase("phase", &problems)
        message = fields.string("message", &problems) ?? ""
        startedAt = fields.timestamp("startedAt", &problems)
        completedAt = fields.timestamp("completedAt", &problems)
        runSummary = fields.fields("runSummary", &problems).map { AnalysisRunSummary($0, &problems) }
        dryRunSummary = fields.fields("dryRunSummary", &problems).map { AnalysisRunSummary($0, &problems) }
        metricResults = fields.elements("metricResults", &problems).map { MetricResult($0.value, at: $0.path, &problems) }
    }

    /// The result of a metric, nil before its first measurement.
    public func result(of metric: String) -> MetricResult? { metricResults.first { $0.name == metric } }

    /// The status as it is stored; absent members are left out.
    public var json: JSONValue {
        var members = JSONObject()
        if let phase { members["phase"] = .string(phase.rawValue) }
        if !message.isEmpty { members["message"] = .string(message) }
        if !metricResults.isEmpty { members["metricResults"] = .array(metricResults.map(\.json)) }
        if let startedAt { members["startedAt"] = .string(startedAt.rfc3339) }
        if let runSummary { members["runSummary"] = runSummary.json }
        if let dryRunSummary { members["dryRunSummary"] = dryRunSummary.json }
        if let completedAt { members["completedAt"] = .string(completedAt.rfc3339) }
        return .object(members)
    }
}

/// How many metrics of a run ended in which way. `count` is the number of metrics of the spec.
public struct AnalysisRunSummary: Sendable, Hashable {
    public var count: Int
    public var successful: Int
    public var failed: Int
    public var inconclusive: Int
    public var error: Int

    public init(count: Int = 0, successful: Int = 0, failed: Int = 0, inconclusive: Int = 0, error: Int = 0) {
        self.count = count
        self.successful = successful
        self.failed = failed
        self.inconclusive = inconclusive
        self.error = error
    }

    init(_ fields: AnalysisReader, _ problems: inout [FieldProblem]) {
        count = fields.int("count", &problems) ?? 0
        successful = fields.int("successful", &problems) ?? 0
        failed = fields.int("failed", &problems) ?? 0
        inconclusive = fields.int("inconclusive", &problems) ?? 0
        error = fields.int("error", &problems) ?? 0
    }

    /// The summary as it is stored; zeros are left out.
    public var json: JSONValue {
        var members = JSONObject()
        members.setCount(count, "count")
        members.setCount(successful, "successful")
        members.setCount(failed, "failed")
        members.setCount(inconclusive, "inconclusive")
        members.setCount(error, "error")
        return .object(members)
    }
}

/// Everything that is known about one metric of a run.
public struct MetricResult: Sendable, Hashable {
    public var name: String
    public var phase: AnalysisPhase?
    public var message: String
    /// The newest measurements, oldest first; older ones are trimmed, the counters stay.
    public var measurements: [Measurement]
    /// Successful, failed and inconclusive measurements together.
    public var count: Int
    public var successful: Int
    public var failed: Int
    public var inconclusive: Int
    public var error: Int
    public var consecutiveError: Int
    public var consecutiveSuccess: Int
    public var dryRun: Bool
    /// What the provider says about the metric as a whole, for instance the resolved query.
    public var metadata: [String: String]

    public init(name: String, phase: AnalysisPhase? = .running, dryRun: Bool = false, metadata: [String: String] = [:]) {
        self.name = name
        self.phase = phase
        self.message = ""
        self.measurements = []
        self.count = 0
        self.successful = 0
        self.failed = 0
        self.inconclusive = 0
        self.error = 0
        self.consecutiveError = 0
        self.consecutiveSuccess = 0
        self.dryRun = dryRun
        self.metadata = metadata
    }

    init(_ value: JSONValue, at path: String, _ problems: inout [FieldProblem]) {
        let fields = AnalysisReader(value, at: path, &problems)
        name = fields.string("name", &problems) ?? ""
        phase = fields.phase("phase", &problems)
        message = fields.string("message", &problems) ?? ""
        measurements = fields.elements("measurements", &problems).map { Measurement($0.value, at: $0.path, &problems) }
        count = fields.int("count", &problems) ?? 0
        successful = fields.int("successful", &problems) ?? 0
        failed = fields.int("failed", &problems) ?? 0
        inconclusive = fields.int("inconclusive", &problems) ?? 0
        error = fields.int("error", &problems) ?? 0
        consecutiveError = fields.int("consecutiveError", &problems) ?? 0
        consecutiveSuccess = fields.int("consecutiveSuccess", &problems) ?? 0
        dryRun = fields.bool("dryRun", &problems)
        metadata = fields.stringMap("metadata", &problems)
    }

    /// The result as it is stored; zeros and absent members are left out.
    public var json: JSONValue {
        var members = JSONObject()
        members["name"] = .string(name)
        members["phase"] = .string(phase?.rawValue ?? "")
        if !measurements.isEmpty { members["measurements"] = .array(measurements.map(\.json)) }
        if !message.isEmpty { members["message"] = .string(message) }
        members.setCount(count, "count")
        members.setCount(successful, "successful")
        members.setCount(failed, "failed")
        members.setCount(inconclusive, "inconclusive")
        members.setCount(error, "error")
        members.setCount(consecutiveError, "consecutiveError")
        members.setCount(consecutiveSuccess, "consecutiveSuccess")
        if dryRun { members["dryRun"] = .bool(true) }
        members.setMap(metadata, "metadata")
        return .object(members)
    }
}

/// One measurement of one metric.
public struct Measurement: Sendable, Hashable {
    public var phase: AnalysisPhase?
    public var message: String
    public var startedAt: Timestamp?
    /// Nil while the measurement is in flight.
    public var finishedAt: Timestamp?
    /// The measured value as text, empty where there is none.
    public var value: String
    public var metadata: [String: String]
    /// When to look again at a measurement in flight.
    public var resumeAt: Timestamp?

    public init(
        phase: AnalysisPhase?, message: String = "", startedAt: Timestamp? = nil, finishedAt: Timestamp? = nil,
        value: String = "", metadata: [String: String] = [:], resumeAt: Timestamp? = nil
    ) {
        self.phase = phase
        self.message = message
        self.startedAt = startedAt
        self.finishedAt = finishedAt
        self.value = value
        self.metadata = metadata
        self.resumeAt = resumeAt
    }

    init(_ value: JSONValue, at path: String, _ problems: inout [FieldProblem]) {
        let fields = AnalysisReader(value, at: path, &problems)
        phase = fields.phase("phase", &problems)
        message = fields.string("message", &problems) ?? ""
        startedAt = fields.timestamp("startedAt", &problems)
        finishedAt = fields.timestamp("finishedAt", &problems)
        self.value = fields.string("value", &problems) ?? ""
        metadata = fields.stringMap("metadata", &problems)
        resumeAt = fields.timestamp("resumeAt", &problems)
    }

    /// The measurement as it is stored; absent members are left out.
    public var json: JSONValue {
        var members = JSONObject()
        members["phase"] = .string(phase?.rawValue ?? "")
        if !message.isEmpty { members["message"] = .string(message) }
        if let startedAt { members["startedAt"] = .string(startedAt.rfc3339) }
        if let finishedAt { members["finishedAt"] = .string(finishedAt.rfc3339) }
        if !value.isEmpty { members["value"] = .string(value) }
        members.setMap(metadata, "metadata")
        if let resumeAt { members["resumeAt"] = .string(resumeAt.rfc3339) }
        return .object(members)
    }
}

extension JSONObject {
    /// A counter, left out when zero.
    fileprivate mutating func setCount(_ count: Int, _ key: String) {
        if count != 0 { self[key] = .number(JSONNumber(count)) }
    }

    /// A map with sorted keys, left out when empty.
    fileprivate mutating func setMap(_ map: [String: String], _ key: String) {
        guard !map.isEmpty else { return }
        var members = JSONObject()
        for name in map.keys.sorted() { members[name] = map[name].map(JSONValue.string) }
        self[key] = .object(members)
    }
}
