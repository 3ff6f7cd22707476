import Observability

/// The metrics of the controller. Names and labels are API: dashboards and alerts of Argo Rollouts read them.
enum MetricNames {
    private static let object: [String] = ["namespace", "name"]
    private static let reconcileBounds: [Double] = [0.01, 0.15, 0.25, 0.5, 1]

    // MARK: Rollouts

    static let rolloutInfo = MetricDefinition(
        "rollout_info", .gauge, labels: object + ["strategy", "traffic_router", "phase"], help: "Information about rollout.")
    static let replicasAvailable = MetricDefinition(
        "rollout_info_replicas_available", .gauge, labels: object, help: "The number of available replicas per rollout.")
    static let replicasUnavailable = MetricDefinition(
        "rollout_info_replicas_unavailable", .gauge, labels: object, help: "The number of unavailable replicas per rollout.")
    static let replicasDesired = MetricDefinition(
        "rollout_info_replicas_desired", .gauge, labels: object, help: "The number of desired replicas per rollout.")
    static let replicasUpdated = MetricDefinition(
        "rollout_info_replicas_updated", .gauge, labels: object, help: "The number of updated replicas per rollout.")
    static let rolloutPhase = MetricDefinition(
        "rollout_phase", .gauge, labels: object + ["strategy", "phase"],
        help: "Information on the state of the rollout (deprecated, use rollout_info).")
    static let rolloutReconcile = MetricDefinition(
        "rollout_reconcile", .histogram(bounds: reconcileBounds), labels: object, help: "Rollout reconciliation performance.")
    static let rolloutReconcileError = MetricDefinition(
        "rollout_reconcile_error", .counter, labels: object, help: "Error occurring during the rollout.")
    static let rolloutEvents = MetricDefinition(
        "rollout_events_total", .counter, labels: object + ["type", "reason"], help: "The count of rollout events.")

    // MARK: Analysis

    static let analysisRunInfo = MetricDefinition(
        "analysis_run_info", .gauge, labels: object + ["phase"], help: "Information about analysis run.")
    static let analysisRunPhase = MetricDefinition(
        "analysis_run_phase", .gauge, labels: object + ["phase"],
        help: "Information on the state of the analysis run (deprecated, use analysis_run_info).")
    static let analysisRunMetricType = MetricDefinition(
        "analysis_run_metric_type", .gauge, labels: object + ["metric", "type"],
        help: "Information on the type of a specific metric in the analysis runs.")
    static let analysisRunMetricPhase = MetricDefinition(
        "analysis_run_metric_phase", .gauge, labels: object + ["metric", "type", "dry_run", "phase"],
        help: "Information on the duration of a specific metric in the analysis run.")
    static let analysisRunReconcile = MetricDefinition(
        "analysis_run_reconcile", .histogram(bounds: reconcileBounds), labels: object, help: "Analysis run reconciliation performance.")
    static let analysisRunReconcileError = MetricDefinition(
        "analysis_run_reconcile_error", .counter, labels: object, help: "Error occurring during the analysis run.")
    static let analysisTemplateInfo = MetricDefinition(
        "analysis_template_info", .gauge, labels: object, help: "Information about analysis templates.")
    static let analysisTemplateMetricInfo = MetricDefinition(
        "analysis_template_metric_info", .gauge, labels: object + ["type", "metric"], help: "Information on metrics in analysis templates.")

    // MARK: Requests, queues, the process

    /// Differs: names that come and go all day are `N/A`, and what is idle for an hour disappears; else it would grow for ever.
    static let requests = MetricDefinition(
        "controller_clientset_k8s_request_total", .counter, labels: ["kind"] + object + ["verb", "status_code"],
        help: "Number of kubernetes requests executed during application reconciliation.", idleLimit: .seconds(3600))
    static let throttling = MetricDefinition(
        "rest_client_rate_limiter_duration_seconds", .histogram(bounds: [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60]),
        labels: ["verb"], help: "How long requests waited for the client-side rate limit.")
    static let controllerInfo = MetricDefinition(
        "argo_rollouts_controller_info", .gauge, labels: ["version"], help: "Running controller version.")
    static let buildInfo = MetricDefinition(
        "build_info", .gauge, labels: ["version", "goversion", "goarch", "commit"],
        help: "A metric with a constant '1' value labeled by version from which the controller was built.")

    private static let queue: [String] = ["name"]
    static let queueAdds = MetricDefinition("workqueue_adds_total", .counter, labels: queue, help: "Total number of adds handled by workqueue.")
    static let queueDepth = MetricDefinition("workqueue_depth", .gauge, labels: queue, help: "Current depth of workqueue.")
    static let queueRetries = MetricDefinition(
        "workqueue_retries_total", .counter, labels: queue, help: "Total number of retries handled by workqueue.")
    static let queueWork = MetricDefinition(
        "workqueue_work_duration_seconds", .histogram(bounds: [1e-05, 0.0001, 0.001, 0.01, 0.1, 1, 10]), labels: queue,
        help: "How long in seconds processing an item from workqueue takes.")
    static let queueUnfinished = MetricDefinition(
        "workqueue_unfinished_work_seconds", .gauge, labels: queue,
        help: "How many seconds of work has been done that is in progress and hasn't been observed by work_duration.")
    static let queueLongest = MetricDefinition(
        "workqueue_longest_running_processor_seconds", .gauge, labels: queue,
        help: "How many seconds has the longest running processor for workqueue been running.")

    // MARK: Ours

    static let leader = MetricDefinition("rollouts_leader", .gauge, help: "Whether this process leads.")
    static let cacheSynced = MetricDefinition(
        "rollouts_cache_synced", .gauge, labels: ["resource"], help: "Whether the objects of a resource have been listed.")
    static let queueOldest = MetricDefinition(
        "rollouts_queue_oldest_seconds", .gauge, labels: queue, help: "How long the object that waits longest for a worker has waited.")
    static let weightUnverified = MetricDefinition(
        "rollouts_weight_unverified", .gauge, labels: object, help: "Whether the route has not reported the written weight yet.")
    static let routeWrites = MetricDefinition(
        "rollouts_gateway_route_writes_total", .counter, labels: ["kind", "result"], help: "Writes to routes by what came of them.")
    static let routeContention = MetricDefinition(
        "rollouts_gateway_route_contention_total", .counter, help: "Writes to routes that somebody else was quicker with.")

    /// Of one Rollout, to be forgotten with it.
    static let ofRollout: [MetricDefinition] = [rolloutReconcile, rolloutReconcileError, rolloutEvents]
    /// Of one AnalysisRun, to be forgotten with it.
    static let ofAnalysisRun: [MetricDefinition] = [analysisRunReconcile, analysisRunReconcileError]
}
