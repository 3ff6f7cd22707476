import SchemaModel

/// The table of a Rollout's status.
enum RolloutStatusFields {
    private static func analysisRun(_ name: String, _ description: String) -> Field {
        let fields: [Field] = [
            Field("message", .string, "Why it has its status."),
            Field("name", .string, "Name of the AnalysisRun."),
            Field("status", .string, "Its phase."),
        ]
        return Field(name, .object(fields), description)
    }

    private static let destination: [Field] = [
        Field("podTemplateHash", .string, "Hash of the version."),
        Field("serviceName", .string, "Service of the version."),
        Field("weight", .int32, "Its share of the traffic."),
    ]

    private static let blueGreen = Field(
        "blueGreen",
        .object([
            Field("activeSelector", .string, "Hash that the active Service selects."),
            analysisRun("postPromotionAnalysisRunStatus", "Analysis after the switch."),
            analysisRun("prePromotionAnalysisRunStatus", "Analysis before the switch."),
            Field("previewSelector", .string, "Hash that the preview Service selects."),
            Field("scaleUpPreviewCheckPoint", .boolean, "Whether the preview may grow to its full size."),
        ]), "Where a blue-green update stands.")

    private static let stepPlugin: [Field] = [
        Field("backoff", .string, "How long to wait before the next call, a duration."),
        Field("disabled", .boolean, "Whether the plugin is switched off."),
        Field("executions", .int32, "How often it was called."),
        Field("finishedAt", .time, "When it ended."),
        Field("index", .int32, "Which step it is."),
        Field("message", .string, "What it said."),
        Field("name", .string, "Name of the plugin."),
        Field("operation", .string, "Run, Terminate or Abort."),
        Field("phase", .string, "How it stands."),
        Field("startedAt", .time, "When it began."),
        Field("status", .anyObject, "What it remembers."),
        Field("updatedAt", .time, "When it was called last."),
    ]

    private static let canary = Field(
        "canary",
        .object([
            analysisRun("currentBackgroundAnalysisRunStatus", "Analysis in the background."),
            Field("currentExperiment", .string, "Experiment of the current step."),
            analysisRun("currentStepAnalysisRunStatus", "Analysis of the current step."),
            Field("stablePingPong", .string, "Which of the two Services is the stable one: ping or pong."),
            Field("stepPluginStatuses", .list(of: .object(stepPlugin)), "How the plugins of the steps stand."),
            Field(
                "weights",
                .object([
                    Field("additional", .list(of: .object(destination)), "Versions of an experiment."),
                    Field("canary", .object(destination), "The canary."),
                    Field("stable", .object(destination), "The stable version."),
                    Field("verified", .boolean, "Whether the router has confirmed them."),
                ]), "Weights set last."),
        ]), "Where a canary update stands.")

    static let status = Field(
        "status",
        .object([
            Field("HPAReplicas", .int32, "Pods that count for an autoscaler."),
            Field("abort", .boolean, "Whether the update was aborted."),
            Field("abortedAt", .time, "When the update was aborted."),
            Field("alb", .anyObject, "What another controller found at a load balancer of AWS."),
            Field("albs", .list(of: .anyObject), "What another controller found at load balancers of AWS."),
            Field("availableReplicas", .int32, "Pods that are available."),
            blueGreen,
            canary,
            Field("collisionCount", .int32, "Attempts to find a free name for a ReplicaSet."),
            .conditions,
            Field("controllerPause", .boolean, "Whether the controller itself has paused the update."),
            Field("currentPodHash", .string, "Hash of the version that is wanted."),
            Field("currentStepHash", .string, "Hash of the steps; when it changes the update begins anew."),
            Field("currentStepIndex", .int32, "Step that the update is at, from 0."),
            Field(
                "duration",
                .object([
                    Field("completionStatus", .string, "How the update ended."),
                    Field("finishedAt", .time, "When the update ended."),
                    Field("manualPauseStartedAt", .time, "When somebody paused it."),
                    Field("rolloutStartedAt", .time, "When the update began."),
                    Field("totalManualPauseDurationSeconds", .int64, "Seconds that it was paused by somebody."),
                ]), "How long the update took."),
            Field("message", .string, "Why the Rollout has its phase."),
            Field("observedGeneration", .string, "Generation of the spec that this status is about."),
            Field(
                "pauseConditions",
                .list(of: .object([Field("reason", .string, "Why."), Field("startTime", .time, "Since when.")])),
                "Reasons for which the update waits."),
            Field("phase", .string, "Healthy, Progressing, Paused or Degraded."),
            Field("promoteFull", .boolean, "Whether all steps are to be skipped."),
            Field("readyReplicas", .int32, "Pods that are ready."),
            Field("replicas", .int32, "Pods in all."),
            Field("restartedAt", .time, "The restart that was carried out last."),
            Field("selector", .string, "Labels of the pods, as text, for an autoscaler."),
            Field("stableRS", .string, "Hash of the stable version."),
            Field("updatedReplicas", .int32, "Pods of the version that is wanted."),
            Field("workloadObservedGeneration", .string, "Generation of the referenced workload that this status is about."),
        ]), "How it stands.")
}
