import Clockwork
import KubeModel
import RolloutModel
import StrictJSON

/// An AnalysisRun, its measurements counted.
struct AnalysisRunOverview: Sendable, Equatable {
    var name: String
    var creation: Timestamp?
    var revision: Int
    var phase: String
    var successful: Int
    var failed: Int
    var inconclusive: Int
    var error: Int
    var jobs: [JobOverview]

    /// Newest revision first; within it in the order of creation.
    static func owned(byUID uid: String, in objects: RolloutObjects) -> [AnalysisRunOverview] {
        objects.analysisRuns.filter { $0.metadata.isOwned(byUID: uid) }
            .map { run in
                let results: [MetricResult] = run.status.metricResults
                return AnalysisRunOverview(
                    name: run.metadata.name, creation: run.metadata.creationTimestamp, revision: run.metadata.revision,
                    phase: run.rawStatus["phase"]?.stringValue ?? "",
                    successful: results.reduce(0) { $0 + $1.successful }, failed: results.reduce(0) { $0 + $1.failed },
                    inconclusive: results.reduce(0) { $0 + $1.inconclusive }, error: results.reduce(0) { $0 + $1.error },
                    jobs: results.flatMap { $0.measurements.compactMap(JobOverview.init) }.sorted { ($0.start ?? .epoch, $0.name) < ($1.start ?? .epoch, $1.name) })
            }
            .sorted { left, right in
                if left.revision != right.revision { return left.revision > right.revision }
                if left.creation != right.creation { return left.creation ?? .epoch < right.creation ?? .epoch }
                return left.name > right.name
            }
    }
}

/// A measurement that is taken by a Job.
struct JobOverview: Sendable, Equatable {
    var name: String
    var start: Timestamp?
    var phase: String

    /// Nil for measurements that are no Jobs.
    init?(_ measurement: Measurement) {
        guard let name = measurement.metadata["job-name"] else { return nil }
        self.name = name
        start = measurement.startedAt
        phase = measurement.phase?.rawValue ?? ""
    }
}

/// An Experiment with what belongs to it.
struct ExperimentOverview: Sendable, Equatable {
    var name: String
    var creation: Timestamp?
    var revision: Int
    var phase: String
    var replicaSets: [ReplicaSetOverview]
    var analysisRuns: [AnalysisRunOverview]

    /// Newest revision first; within it in the order of creation.
    static func owned(byUID uid: String, in objects: RolloutObjects) -> [ExperimentOverview] {
        objects.experiments.filter { $0.metadata.isOwned(byUID: uid) }
            .map { metadata, json in
                ExperimentOverview(
                    name: metadata.name, creation: metadata.creationTimestamp, revision: metadata.revision,
                    phase: json.at("status", "phase")?.stringValue ?? "",
                    replicaSets: ReplicaSetOverview.owned(byUID: metadata.uid, in: objects, rollout: nil),
                    analysisRuns: AnalysisRunOverview.owned(byUID: metadata.uid, in: objects))
            }
            .sorted { left, right in
                if left.revision != right.revision { return left.revision > right.revision }
                return (left.creation ?? .epoch, left.name) < (right.creation ?? .epoch, right.name)
            }
    }
}
