import SchemaModel

extension Field {
    static let metrics = Field(
        "metrics",
        .list(
            of: .object([
                Field("consecutiveErrorLimit", .intOrString, "Errors in a row that are tolerated.", assumed: 4),
                Field("consecutiveSuccessLimit", .intOrString, "Successes in a row that end the metric as successful; 0 turns this off.", assumed: 0),
                Field("count", .intOrString, "How often to measure. Without it: once, or with an interval until the run is stopped."),
                Field("failureCondition", .string, "Expression that makes a measurement a failure."),
                Field("failureLimit", .intOrString, "Failures that are tolerated; -1 tolerates any number.", assumed: 0),
                Field("inconclusiveLimit", .intOrString, "Measurements without a verdict that are tolerated.", assumed: 0),
                Field("initialDelay", .string, "How long to wait before the first measurement, a duration."),
                Field("interval", .string, "Pause between measurements, a duration."),
                Field("name", .string, "Name of the metric, unique in the run."),
                provider,
                Field("successCondition", .string, "Expression that makes a measurement a success."),
            ])),
        "What is measured, and how it is judged.")

    /// The members of a template's spec.
    static let templateSpec = Field(
        "spec", .object([analysisArguments, dryRun, measurementRetention, metrics, templates]), "What an analysis measures.")
}

enum AnalysisRunFields {
    static let spec = Field(
        "spec",
        .object([
            .analysisArguments, .dryRun, .measurementRetention, .metrics,
            Field("terminate", .boolean, "Ask the run to stop.", assumed: false),
            Field(
                "ttlStrategy",
                .object([
                    Field("secondsAfterCompletion", .int32, "Seconds after any end."),
                    Field("secondsAfterFailure", .int32, "Seconds after a failure."),
                    Field("secondsAfterSuccess", .int32, "Seconds after a success."),
                ]), "When to delete the run."),
        ]), "What the run measures.")

    private static let measurement: [Field] = [
        Field("finishedAt", .time, "When it ended."),
        Field("message", .string, "Why it has its phase."),
        Field("metadata", .map(of: .string), "What the provider remembers about it."),
        Field("phase", .string, "Its verdict."),
        Field("resumeAt", .time, "When to look again at a measurement that goes on."),
        Field("startedAt", .time, "When it began."),
        Field("value", .string, "The measured value, as text."),
    ]

    private static let metricResult: [Field] = [
        Field("consecutiveError", .int32, "Errors since the last other outcome."),
        Field("consecutiveSuccess", .int32, "Successes since the last other outcome."),
        Field("count", .int32, "Measurements with a verdict."),
        Field("dryRun", .boolean, "Whether the metric does not decide."),
        Field("error", .int32, "Measurements that could not be made."),
        Field("failed", .int32, "Measurements that failed."),
        Field("inconclusive", .int32, "Measurements without a verdict."),
        Field("measurements", .list(of: .object(measurement)), "The last measurements, oldest first."),
        Field("message", .string, "Why the metric has its phase."),
        Field("metadata", .map(of: .string), "What the provider says about the metric."),
        Field("name", .string, "Name of the metric."),
        Field("phase", .string, "Verdict of the metric."),
        Field("successful", .int32, "Measurements that succeeded."),
    ]

    static let status = Field(
        "status",
        .object([
            Field("completedAt", .time, "When the run ended."),
            .summary("dryRunSummary", "Counters of the metrics that do not decide."),
            Field("message", .string, "Why the run has its phase."),
            Field("metricResults", .list(of: .object(metricResult)), "Results of the metrics, in order of their first measurement."),
            Field("phase", .string, "Pending, Running, Successful, Failed, Error or Inconclusive."),
            .summary("runSummary", "Counters of the metrics that decide."),
            Field("startedAt", .time, "When the run began."),
        ]), "How the run stands.")
}
