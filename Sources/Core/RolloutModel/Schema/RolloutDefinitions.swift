import SchemaModel

/// The kinds that Sluice serves, under the names, versions and subresources under which clusters know them.
///
/// Whether a kind has the `status` subresource is part of the contract with what runs in a cluster already, so that it
/// can be taken over and handed back: only Rollout has it.
public enum RolloutDefinitions {
    /// All of them, in the order in which they are listed everywhere.
    public static let all: [ResourceDefinition] = [rollout, analysisRun, analysisTemplate, clusterAnalysisTemplate, experiment]

    /// The first line of each written definition.
    public static let fileNote = "# Written by `swift run sluice-generate` from the tables in Sources/Core/RolloutModel/Schema.\n"

    /// An application whose new versions are delivered step by step.
    public static let rollout = ResourceDefinition(
        group: group, kind: "Rollout", plural: "rollouts", shortNames: ["ro"], scope: .namespaced,
        versions: [
            ResourceVersion(
                name: version,
                description: "An application whose new versions are delivered step by step.",
                fields: [RolloutSpecFields.spec, RolloutStatusFields.status],
                columns: [
                    PrinterColumn("Desired", "integer", ".spec.replicas", "Pods wanted."),
                    PrinterColumn("Current", "integer", ".status.replicas", "Pods in all."),
                    PrinterColumn("Up-to-date", "integer", ".status.updatedReplicas", "Pods of the version that is wanted."),
                    PrinterColumn("Available", "integer", ".status.availableReplicas", "Pods that are available."),
                    .age,
                ],
                hasStatusSubresource: true,
                scale: ScaleSubresource(
                    specReplicasPath: ".spec.replicas", statusReplicasPath: ".status.HPAReplicas", labelSelectorPath: ".status.selector"))
        ])

    /// One run of an analysis.
    public static let analysisRun = ResourceDefinition(
        group: group, kind: "AnalysisRun", plural: "analysisruns", shortNames: ["ar"], scope: .namespaced,
        versions: [
            ResourceVersion(
                name: version, description: "One run of an analysis: metrics that are measured and judged.",
                fields: [AnalysisRunFields.spec, AnalysisRunFields.status],
                columns: [PrinterColumn("Status", "string", ".status.phase", "How the run stands."), .age])
        ])

    /// What an analysis measures, for use in its namespace.
    public static let analysisTemplate = ResourceDefinition(
        group: group, kind: "AnalysisTemplate", plural: "analysistemplates", shortNames: ["at"], scope: .namespaced,
        versions: [
            ResourceVersion(
                name: version, description: "What an analysis measures, for use in its namespace.", fields: [.templateSpec], columns: [.age])
        ])

    /// What an analysis measures, for use everywhere.
    public static let clusterAnalysisTemplate = ResourceDefinition(
        group: group, kind: "ClusterAnalysisTemplate", plural: "clusteranalysistemplates", shortNames: ["cat"], scope: .cluster,
        versions: [
            ResourceVersion(name: version, description: "What an analysis measures, for use everywhere.", fields: [.templateSpec], columns: [.age])
        ])

    /// Versions that run side by side for a while.
    public static let experiment = ResourceDefinition(
        group: group, kind: "Experiment", plural: "experiments", shortNames: ["exp"], scope: .namespaced,
        versions: [
            ResourceVersion(
                name: version, description: "Versions of an application that run side by side for a while, to be compared.",
                fields: [ExperimentFields.spec, ExperimentFields.status],
                columns: [PrinterColumn("Status", "string", ".status.phase", "How the experiment stands."), .age])
        ])

    private static let group = "argoproj.io"
    private static let version = "v1alpha1"
}
