import SchemaModel

/// The table of a Rollout's spec.
enum RolloutSpecFields {
    static let spec = Field(
        "spec",
        .object([
            Field(
                "analysis",
                .object([
                    Field("successfulRunHistoryLimit", .int32, "Successful runs and experiments to keep.", assumed: 5),
                    Field("unsuccessfulRunHistoryLimit", .int32, "Other ended runs and experiments to keep.", assumed: 5),
                ]), "How many ended AnalysisRuns and Experiments to keep."),
            Field("minReadySeconds", .int32, "Seconds that a pod must be ready before it counts as available.", assumed: 0),
            Field("paused", .boolean, "Hold the update where it stands. Replicas are still kept."),
            Field("progressDeadlineAbort", .boolean, "Abort the update when the progress deadline has passed.", assumed: false),
            Field("progressDeadlineSeconds", .int32, "Seconds without progress after which an update counts as stuck.", assumed: 600),
            Field("replicas", .int32, "Pods to run in all.", assumed: 1),
            Field("restartAt", .time, "Replace all pods that were created before this time."),
            Field("revisionHistoryLimit", .int32, "Old ReplicaSets to keep.", assumed: 10),
            Field(
                "rollbackWindow", .object([Field("revisions", .int32, "How many revisions back.")]),
                "Going back to one of the last revisions skips all steps."),
            .selector(
                "Labels by which the pods are found. Without it a label of our own is put on the pods.",
                rules: [.immutable(message: ".spec.selector is immutable")]),
            Field("strategy", .object([BlueGreenFields.strategy, CanaryFields.strategy]), "How a new version replaces the old one. Exactly one member is set."),
            .podTemplate("The pods. A change of it starts an update."),
            Field(
                "workloadRef",
                .object([
                    Field("apiVersion", .string, "Group and version of the object."),
                    Field("kind", .string, "Deployment, ReplicaSet or PodTemplate."),
                    Field("name", .string, "Name of the object."),
                    Field("scaleDown", .string, "What happens to the pods of the Deployment: never, onsuccess or progressively.", assumed: "never"),
                ]), "Take the pod template from another object."),
        ]), "What is wanted.")

    /// The members of an analysis that a strategy starts.
    static let analysis: [Field] = [
        .extraMetadata("analysisRunMetadata", "Labels and annotations of the AnalysisRun."),
        .rolloutArguments, .dryRun, .measurementRetention, .templates,
    ]

    static let antiAffinity = Field(
        "antiAffinity",
        .object([
            Field(
                "preferredDuringSchedulingIgnoredDuringExecution", .object([Field("weight", .int32, "Weight of the preference, 1 to 100.")]),
                "Prefer other nodes."),
            Field("requiredDuringSchedulingIgnoredDuringExecution", .object([]), "Insist on other nodes."),
        ]), "Keep pods of different versions on different nodes.")
}

/// The table of the blue-green strategy.
enum BlueGreenFields {
    static let strategy = Field(
        "blueGreen",
        .object([
            Field("abortScaleDownDelaySeconds", .int32, "Seconds that the new pods stay after an abort; 0 keeps them.", assumed: 30),
            .extraMetadata("activeMetadata", "Labels and annotations of the pods that serve."),
            Field("activeService", .string, "Service that carries the traffic."),
            RolloutSpecFields.antiAffinity,
            Field("autoPromotionEnabled", .boolean, "Switch without asking once the new version is ready.", assumed: true),
            Field("autoPromotionSeconds", .int32, "Seconds to wait before switching without asking.", assumed: 0),
            Field("maxUnavailable", .intOrString, "Pods that may be missing during a restart.", assumed: "25%"),
            Field("postPromotionAnalysis", .object(RolloutSpecFields.analysis), "Analysis after the switch."),
            Field("prePromotionAnalysis", .object(RolloutSpecFields.analysis), "Analysis before the switch."),
            .extraMetadata("previewMetadata", "Labels and annotations of the pods that do not serve yet."),
            Field("previewReplicaCount", .int32, "Pods of the new version before the switch. Without it: as many as replicas."),
            Field("previewService", .string, "Service that points at the new version."),
            Field("scaleDownDelayRevisionLimit", .int32, "Old ReplicaSets that may wait for their delay."),
            Field("scaleDownDelaySeconds", .int32, "Seconds that the old pods stay after the switch.", assumed: 30),
        ]), "Run both versions side by side, then switch all traffic.")
}

/// The table of the canary strategy.
enum CanaryFields {
    static let strategy = Field(
        "canary",
        .object([
            Field("abortScaleDownDelaySeconds", .int32, "Seconds that the canary's pods stay after an abort; 0 keeps them. Needs trafficRouting.", assumed: 30),
            Field(
                "analysis",
                .object(RolloutSpecFields.analysis + [Field("startingStep", .int32, "Step with which it begins.", assumed: 0)]),
                "Analysis in the background of the update."),
            RolloutSpecFields.antiAffinity,
            .extraMetadata("canaryMetadata", "Labels and annotations of the canary's pods."),
            Field("canaryService", .string, "Service that points at the canary."),
            Field("dynamicStableScale", .boolean, "Let the stable side shrink as its traffic does. Needs trafficRouting.", assumed: false),
            Field("maxSurge", .intOrString, "Pods above replicas that may run during an update.", assumed: "25%"),
            Field("maxUnavailable", .intOrString, "Pods below replicas that may be available during an update.", assumed: "25%"),
            Field("minPodsPerReplicaSet", .int32, "Fewest pods of a side that has any. Needs trafficRouting."),
            Field(
                "pingPong", .object([Field("pingService", .string, "First Service."), Field("pongService", .string, "Second Service.")]),
                "Two Services that take turns as stable and canary."),
            Field(
                "replicaProgressThreshold",
                .object([Field("type", .string, "Percent or Pods."), Field("value", .int32, "How many.")]),
                "How many pods must be available before a step goes on."),
            Field("scaleDownDelayRevisionLimit", .int32, "Old ReplicaSets that may wait for their delay."),
            Field("scaleDownDelaySeconds", .int32, "Seconds that the old pods stay after the update. Needs trafficRouting.", assumed: 30),
            .extraMetadata("stableMetadata", "Labels and annotations of the stable pods."),
            Field("stableService", .string, "Service that points at the stable version."),
            Field("steps", .list(of: .object(steps)), "What an update does, in order. Each step has exactly one member."),
            trafficRouting,
        ]), "Shift traffic to the new version step by step.")

    private static let steps: [Field] = [
        Field("analysis", .object(RolloutSpecFields.analysis), "Analyse, and go on if it succeeds."),
        experiment,
        Field(
            "pause", .object([Field("duration", .intOrString, "How long: seconds, or a duration. Without it: until promoted.")]),
            "Wait."),
        Field(
            "plugin", .object([Field("config", .anyObject, "Its settings."), Field("name", .string, "Name of the plugin.")]),
            "A step that is not built in."),
        Field(
            "setCanaryScale",
            .object([
                Field("matchTrafficWeight", .boolean, "Follow the weight again."),
                Field("replicas", .int32, "As a number of pods."),
                Field("weight", .int32, "As a percentage of replicas."),
            ]), "Size of the canary, independent of its weight. Needs trafficRouting."),
        Field(
            "setHeaderRoute",
            .object([
                Field(
                    "match",
                    .list(of: .object([Field("headerName", .string, "Name of the header."), Field("headerValue", stringMatch, "Its value.")])),
                    "Headers to match; without any the route is removed."),
                Field("name", .string, "Name of the route, one of managedRoutes."),
            ]), "Send requests with certain headers to the canary."),
        Field(
            "setMirrorRoute",
            .object([
                Field(
                    "match",
                    .list(
                        of: .object([
                            Field("headers", .map(of: stringMatch), "Headers by name."),
                            Field("method", stringMatch, "Method of the request."),
                            Field("path", stringMatch, "Path of the request."),
                        ])), "Requests to match; without any the route is removed."),
                Field("name", .string, "Name of the route, one of managedRoutes."),
                Field("percentage", .int32, "Percent of the matching requests.", assumed: 100),
            ]), "Copy matching requests to the canary."),
        Field("setWeight", .int32, "Percent of the traffic for the canary."),
    ]

    private static let stringMatch: FieldType = .object([
        Field("exact", .string, "The whole text."), Field("prefix", .string, "Its beginning."), Field("regex", .string, "A regular expression."),
    ])

    private static let experiment = Field(
        "experiment",
        .object([
            Field(
                "analyses",
                .list(
                    of: .object([
                        .rolloutArguments,
                        Field("clusterScope", .boolean, "Whether it is a ClusterAnalysisTemplate.", assumed: false),
                        Field("name", .string, "Name of the analysis."),
                        Field("requiredForCompletion", .boolean, "Whether the step lasts until this analysis has ended.", assumed: false),
                        Field("templateName", .string, "Name of the template."),
                    ])), "Analyses of the experiment."),
            .extraMetadata("analysisRunMetadata", "Labels and annotations of the AnalysisRuns."),
            .dryRun,
            Field("duration", .string, "How long it runs, a duration."),
            Field("scaleDownDelaySeconds", .int32, "Seconds that the pods stay after the end."),
            Field(
                "templates",
                .list(
                    of: .object([
                        .extraMetadata("metadata", "Labels and annotations of the pods."),
                        Field("name", .string, "Name of the template."),
                        Field("replicas", .int32, "Pods to run.", assumed: 1),
                        .selector("Labels by which the pods are found."),
                        Field("service", .object([Field("name", .string, "Name of the Service.")]), "Make a Service for the pods."),
                        Field("specRef", .string, "stable or canary: which version it runs."),
                        Field("weight", .int32, "Percent of the traffic for it."),
                    ])), "Versions to run side by side."),
        ]), "Run an Experiment, and go on if it succeeds.")

    private static let trafficRouting = Field(
        "trafficRouting",
        .object([
            elsewhere("alb", "AWS Application Load Balancer."),
            elsewhere("ambassador", "Ambassador."),
            elsewhere("apisix", "Apache APISIX."),
            elsewhere("appMesh", "AWS App Mesh."),
            elsewhere("istio", "Istio's own resources."),
            Field(
                "managedRoutes", .list(of: .object([Field("name", .string, "Name of the route.")])),
                "Routes that steps may add, the first one with the highest precedence."),
            Field("maxTrafficWeight", .int32, "What all weights sum up to.", assumed: 100),
            elsewhere("nginx", "NGINX Ingress."),
            Field("plugins", .anyObject, "Settings of routers by name; routes of Gateway API stand under argoproj-labs/gatewayAPI."),
            elsewhere("smi", "Service Mesh Interface."),
            elsewhere("traefik", "Traefik's own resources."),
        ]), "How traffic is divided. Without it the number of pods decides.")

    /// A router that we do not drive. Its settings are kept, so that the Rollout can be handed to a controller that does.
    private static func elsewhere(_ name: String, _ product: String) -> Field {
        Field(name, .anyObject, "\(product) Kept, but not acted upon.")
    }
}
