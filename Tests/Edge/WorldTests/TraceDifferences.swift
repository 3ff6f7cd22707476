import World

/// Where we go another way than the recorded one on purpose, and why.
struct TraceDeviation: Sendable {
    /// Names of scenarios, or beginnings of them with `*`.
    var scenarios: [String]
    /// Beginnings of paths.
    var paths: [String]
    var reason: String

    func covers(_ difference: TraceDifference, in scenario: String) -> Bool {
        isAbout(scenario) && paths.contains { difference.path.hasPrefix($0) }
    }

    func isAbout(_ scenario: String) -> Bool {
        scenarios.contains { $0.hasSuffix("*") ? scenario.hasPrefix($0.dropLast()) : scenario == $0 }
    }

    static let all: [TraceDeviation] = [
        TraceDeviation(
            scenarios: ["analysis-background-fail", "analysis-background-ok"], paths: ["ar/app-H2-2.counts", "ar/app-H2-2.1.counts"],
            reason: "a measurement each second, for as long as somebody waited at a terminal"),
        TraceDeviation(
            scenarios: ["analysis-empty-vector"],
            paths: ["ar/app-H2-2-2.message", "ar/app-H2-2-2.mmsg.n", "ro/app.condmsg.Progressing", "ro/app.message"],
            reason: "the words of a newer release, which says that there is no data, and what to write"),
        TraceDeviation(
            scenarios: ["analysis-error", "analysis-failure-limit", "analysis-step-fail", "analysis-empty-vector"],
            paths: ["ro/app.currentStepAnalysisRunStatus"],
            reason: "as newer releases have it: an aborted canary is at no step, so its status names no run of one"),
        TraceDeviation(
            scenarios: ["bg-abort", "bg-post-fail", "bg-pre-fail", "route-abort"], paths: ["rs/H2.scaleDownDeadline"],
            reason: "the annotation goes with the pods, after an abort as anywhere else"),
        TraceDeviation(
            scenarios: ["canary-deadline-abort", "route-scale-down-delay-default"], paths: ["ro/app.cond.Paused", "ro/app.condmsg.Paused"],
            reason: "upstream loses the condition when a pause is as short as its own writes take"),
        TraceDeviation(
            scenarios: ["route-abort"], paths: ["svc/app-canary"],
            reason: "upstream turns the Service to and fro for as long as the aborted canary has pods"),
    ]

    /// Scenarios that need what is refused by name so far, with the member that the refusal names.
    static let refused: [String: String] = [
        "experiment-step": "steps of kind experiment", "workloadref-onsuccess": "spec.workloadRef", "canary-restart": "spec.restartAt",
        "route-dynamic": "spec.strategy.canary.dynamicStableScale",
    ]
}
