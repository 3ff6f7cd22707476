/// The resources that Sluice reads or writes.
extension GroupVersionResource {
    public static let pods = GroupVersionResource(version: "v1", resource: "pods")
    public static let services = GroupVersionResource(version: "v1", resource: "services")
    public static let events = GroupVersionResource(version: "v1", resource: "events")
    public static let secrets = GroupVersionResource(version: "v1", resource: "secrets")
    public static let configMaps = GroupVersionResource(version: "v1", resource: "configmaps")
    public static let namespaces = GroupVersionResource(version: "v1", resource: "namespaces")

    public static let replicaSets = GroupVersionResource(group: "apps", version: "v1", resource: "replicasets")
    public static let deployments = GroupVersionResource(group: "apps", version: "v1", resource: "deployments")
    public static let jobs = GroupVersionResource(group: "batch", version: "v1", resource: "jobs")
    public static let leases = GroupVersionResource(group: "coordination.k8s.io", version: "v1", resource: "leases")
    public static let endpointSlices = GroupVersionResource(group: "discovery.k8s.io", version: "v1", resource: "endpointslices")
    public static let customResourceDefinitions = GroupVersionResource(
        group: "apiextensions.k8s.io", version: "v1", resource: "customresourcedefinitions")

    public static let rollouts = GroupVersionResource(group: "argoproj.io", version: "v1alpha1", resource: "rollouts")
    public static let analysisRuns = GroupVersionResource(group: "argoproj.io", version: "v1alpha1", resource: "analysisruns")
    public static let analysisTemplates = GroupVersionResource(group: "argoproj.io", version: "v1alpha1", resource: "analysistemplates")
    public static let clusterAnalysisTemplates = GroupVersionResource(
        group: "argoproj.io", version: "v1alpha1", resource: "clusteranalysistemplates")
    public static let experiments = GroupVersionResource(group: "argoproj.io", version: "v1alpha1", resource: "experiments")

    public static let httpRoutes = GroupVersionResource(group: "gateway.networking.k8s.io", version: "v1", resource: "httproutes")
    public static let gateways = GroupVersionResource(group: "gateway.networking.k8s.io", version: "v1", resource: "gateways")
}

/// The kinds that Sluice creates, owns or refers to.
extension GroupVersionKind {
    public static let replicaSet = GroupVersionKind(group: "apps", version: "v1", kind: "ReplicaSet")
    public static let rollout = GroupVersionKind(group: "argoproj.io", version: "v1alpha1", kind: "Rollout")
    public static let analysisRun = GroupVersionKind(group: "argoproj.io", version: "v1alpha1", kind: "AnalysisRun")
    public static let experiment = GroupVersionKind(group: "argoproj.io", version: "v1alpha1", kind: "Experiment")
    public static let lease = GroupVersionKind(group: "coordination.k8s.io", version: "v1", kind: "Lease")
    public static let event = GroupVersionKind(version: "v1", kind: "Event")
}
