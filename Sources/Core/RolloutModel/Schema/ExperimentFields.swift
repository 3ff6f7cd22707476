import SchemaModel

enum ExperimentFields {
    private static let template: [Field] = [
        Field("minReadySeconds", .int32, "Seconds that a pod must be ready before it counts as available.", assumed: 0),
        Field("name", .string, "Name of the template, unique in the experiment."),
        Field("replicas", .int32, "Pods to run.", assumed: 1),
        .selector("Labels by which the pods are found."),
        Field("service", .object([Field("name", .string, "Name of the Service.")]), "Make a Service for the pods."),
        .podTemplate("The pods."),
    ]

    private static let analysis: [Field] = [
        .analysisArguments,
        Field("clusterScope", .boolean, "Whether it is a ClusterAnalysisTemplate.", assumed: false),
        Field("name", .string, "Name of the analysis, unique in the experiment."),
        Field("requiredForCompletion", .boolean, "Whether the experiment lasts until this analysis has ended.", assumed: false),
        Field("templateName", .string, "Name of the template."),
    ]

    static let spec = Field(
        "spec",
        .object([
            Field("analyses", .list(of: .object(analysis)), "Analyses that run beside the pods."),
            .extraMetadata("analysisRunMetadata", "Labels and annotations of the AnalysisRuns."),
            .dryRun,
            Field("duration", .string, "How long to run once all pods are available, a duration. Without it: until all required analyses have ended."),
            .measurementRetention,
            Field("progressDeadlineSeconds", .int32, "Seconds in which the pods must become available.", assumed: 600),
            Field("scaleDownDelaySeconds", .int32, "Seconds that the pods stay after the end.", assumed: 30),
            Field("templates", .list(of: .object(template)), "The pods to run side by side."),
            Field("terminate", .boolean, "Ask the experiment to stop.", assumed: false),
        ]), "What the experiment runs.")

    static let status = Field(
        "status",
        .object([
            Field(
                "analysisRuns",
                .list(
                    of: .object([
                        Field("analysisRun", .string, "Name of the AnalysisRun."),
                        Field("message", .string, "Why it has its phase."),
                        Field("name", .string, "Name of the analysis."),
                        Field("phase", .string, "How it stands."),
                    ])), "How the analyses stand."),
            Field("availableAt", .time, "When all pods were available."),
            .conditions,
            Field("message", .string, "Why the experiment has its phase."),
            Field("phase", .string, "Pending, Running, Successful, Failed, Error or Inconclusive."),
            Field(
                "templateStatuses",
                .list(
                    of: .object([
                        Field("availableReplicas", .int32, "Pods that are available."),
                        Field("collisionCount", .int32, "Attempts to find a free name."),
                        Field("lastTransitionTime", .time, "When the status changed last."),
                        Field("message", .string, "Why the template has its status."),
                        Field("name", .string, "Name of the template."),
                        Field("podTemplateHash", .string, "Hash that marks its pods."),
                        Field("readyReplicas", .int32, "Pods that are ready."),
                        Field("replicas", .int32, "Pods in all."),
                        Field("serviceName", .string, "Name of its Service."),
                        Field("status", .string, "How it stands."),
                        Field("updatedReplicas", .int32, "Pods made from the present template."),
                    ])), "How the templates stand."),
        ]), "How the experiment stands.")
}
