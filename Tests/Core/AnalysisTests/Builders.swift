import Clockwork
import Expression
import MutantUnderTest
import RolloutModel
import StrictJSON

@testable import Analysis

/// 2026-03-01T10:00:00Z, the beginning of every scene.
let start = Timestamp(secondsSince1970: 1_772_359_200)

/// So many seconds after the beginning.
func at(_ seconds: Int64) -> Timestamp { start + .seconds(seconds) }

let instant = Duration.nanoseconds(1)

/// A Prometheus metric with the given members beside.
func metric(_ name: String = "m", _ members: JSONObject = [:]) -> JSONValue {
    var object: JSONObject = ["name": .string(name), "provider": ["prometheus": ["address": "http://prometheus:9090", "query": "up"]]]
    for (key, value) in members { object[key] = value }
    return .object(object)
}

/// A run with this spec and status.
func run(_ spec: JSONValue, status: JSONValue = .null) throws -> AnalysisRun {
    try AnalysisRun(json: [
        "apiVersion": "argoproj.io/v1alpha1", "kind": "AnalysisRun",
        "metadata": ["name": "run", "namespace": "shop", "uid": "u1", "resourceVersion": "7"],
        "spec": spec, "status": status,
    ])
}

/// What is seen of a run.
func observation(of run: AnalysisRun, secrets: [SecretReference: SecretReading] = [:]) -> AnalysisRunObservation {
    var seen = AnalysisRunObservation(run: run, secrets: secrets)
    seen.guards = guardsUnderTest
    return seen
}

func template(_ name: String, _ spec: JSONValue, clusterScoped: Bool = false) throws -> AnalysisTemplate {
    try AnalysisTemplate(json: ["metadata": ["name": .string(name)], "spec": spec], isClusterScoped: clusterScoped)
}

/// An outcome that was found at once.
func outcome(_ metric: String = "m", _ finding: MeasurementOutcome.Finding, at time: Timestamp) -> MeasurementOutcome {
    MeasurementOutcome(metric: metric, startedAt: time, finishedAt: time, finding: finding)
}

func vector(_ numbers: Double...) -> MeasurementOutcome.Finding {
    .sample(MetricSample(result: .floats(numbers), text: numberListText(numbers)))
}

/// Plays a run: decides, measures by `finding`, concludes, stores, as the shell does.
struct Play {
    var run: AnalysisRun
    var secrets: [SecretReference: SecretReading] = [:]
    var events: [AnalysisEvent] = []
    var wakeAt: Timestamp?
    var measured: [String] = []
    var isDeleted = false

    init(_ run: AnalysisRun) { self.run = run }

    init(_ spec: JSONValue) throws { run = try AnalysisTests.run(spec) }

    /// One reconcile.
    mutating func reconcile(_ now: Timestamp, _ finding: (DueMeasurement) -> MeasurementOutcome.Finding = { _ in vector(1) }) throws {
        let seen = observation(of: run, secrets: secrets)
        var plan = decide(seen, now: now)
        if !plan.measurements.isEmpty {
            measured += plan.measurements.map(\.metric.name)
            plan = conclude(seen, results: plan.measurements.map { outcome($0.metric.name, finding($0), at: now) }, now: now)
        }
        isDeleted = plan.deletesRun
        events += plan.events
        wakeAt = plan.wakeAt
        // What is stored is read again: nothing survives that JSON does not hold.
        var problems: [FieldProblem] = []
        let json = plan.status.json
        run.status = AnalysisRunStatus(json: json, &problems)
        run.rawStatus = json
        if !problems.isEmpty { throw UnreadableStatus(problems: problems) }
    }

    struct UnreadableStatus: Error { var problems: [FieldProblem] }
}
