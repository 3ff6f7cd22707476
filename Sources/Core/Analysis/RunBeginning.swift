import RolloutModel

/// When a run begins to measure.
///
/// Differs: upstream begins as soon as the run exists. What is measured of a version that no request reaches yet is good whatever
/// the version is worth, and a limit of failures would be used up or a count reached on it. A background run of a canary behind a
/// route is therefore made with this annotation, which is taken away once the route is seen to bring traffic to the canary.
public enum RunBeginning {
    /// On an AnalysisRun: what it waits for before its first measurement.
    public static let annotation = "sluice/begins"
    /// The only value that means anything.
    public static let withTraffic = "with-traffic"
    /// The message of a run that has not begun.
    static let waitingWords = "waits for traffic to arrive at the canary"
}

extension AnalysisRun {
    /// Whether it has not begun and is not to begin yet. A run that has begun goes on, whatever is written on it later.
    public var isHeld: Bool {
        metadata.annotations[RunBeginning.annotation] == RunBeginning.withTraffic && status.startedAt == nil
            && status.metricResults.allSatisfy(\.measurements.isEmpty)
    }
}
