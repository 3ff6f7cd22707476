import SchemaModel

// What several kinds have in common. Nothing is `required` and no value is restricted anywhere in these tables: an
// object that is wrong is stored and says so in a condition, because a rule stricter than before would also refuse
// status writes of objects that exist already.

extension Field {
    /// Labels and annotations for objects made later.
    static func extraMetadata(_ name: String, _ description: String) -> Field {
        Field(name, .object([.annotations, .labels]), description)
    }

    static let annotations = Field("annotations", .map(of: .string))
    static let labels = Field("labels", .map(of: .string))

    static func selector(_ description: String, rules: [FieldRule] = []) -> Field {
        let expression: [Field] = [
            Field("key", .string, "Label that the expression is about."),
            Field("operator", .string, "In, NotIn, Exists or DoesNotExist."),
            Field("values", .list(of: .string), "Values for In and NotIn."),
        ]
        let fields: [Field] = [
            Field("matchExpressions", .list(of: .object(expression)), "Conditions that must all hold."),
            Field("matchLabels", .map(of: .string), "Labels that must all be present with these values."),
        ]
        return Field("selector", .object(fields, atomic: true), description, rules: rules)
    }

    /// A pod template. Its metadata is described, the pod's spec is kept as it comes: Kubernetes checks it when pods are made.
    static func podTemplate(_ description: String) -> Field {
        let fields: [Field] = [
            Field("metadata", .object([.annotations, .labels], open: true), "Labels and annotations of the pods."),
            Field("spec", .anyObject, "Specification of the pods, as in a Deployment."),
        ]
        return Field("template", .object(fields, open: true), description)
    }

    static let dryRun = Field(
        "dryRun", .list(of: .object([Field("metricName", .string, "Regular expression on names of metrics.")])),
        "Metrics that are measured, but do not decide.")

    static let measurementRetention = Field(
        "measurementRetention",
        .list(
            of: .object([
                Field("limit", .int32, "How many measurements to keep."),
                Field("metricName", .string, "Regular expression on names of metrics."),
            ])),
        "How many measurements to keep in the status, for metrics that need other than 10.")

    static let templates = Field(
        "templates",
        .list(
            of: .object([
                Field("clusterScope", .boolean, "Whether it is a ClusterAnalysisTemplate.", assumed: false),
                Field("templateName", .string, "Name of the template."),
            ])),
        "Analysis templates whose metrics are taken together.")

    /// Arguments declared or given where secrets can be read.
    static let analysisArguments = Field(
        "args",
        .list(
            of: .object([
                Field("name", .string, "Name, as metrics write it: {{args.name}}."),
                Field("value", .string, "Value; in a template, the default."),
                Field(
                    "valueFrom",
                    .object([
                        Field("fieldRef", .object([Field("fieldPath", .string, "Path of the field.")]), "A field of the Rollout."),
                        Field(
                            "secretKeyRef",
                            .object([Field("key", .string, "Key inside the Secret."), Field("name", .string, "Name of the Secret.")]),
                            "A value from a Secret in the namespace of the run."),
                    ]), "Where the value comes from."),
            ])),
        "Values for the placeholders in metrics.")

    /// Arguments that a Rollout passes on.
    static let rolloutArguments = Field(
        "args",
        .list(
            of: .object([
                Field("name", .string, "Name of the argument."),
                Field("value", .string, "Value of the argument."),
                Field(
                    "valueFrom",
                    .object([
                        Field("fieldRef", .object([Field("fieldPath", .string, "Path of the field.")]), "A field of the Rollout."),
                        Field("podTemplateHashValue", .string, "Stable or Latest: the pod template hash of that revision."),
                    ]), "Where the value comes from."),
            ])),
        "Values for the arguments of the templates.")

    static let conditions = Field(
        "conditions",
        .list(
            of: .object([
                Field("lastTransitionTime", .time, "When the status of the condition changed last."),
                Field("lastUpdateTime", .time, "When the condition was written last."),
                Field("message", .string, "What it means, for people."),
                Field("reason", .string, "Why, in one word."),
                Field("status", .string, "True, False or Unknown."),
                Field("type", .string, "Which condition it is."),
            ])),
        "What is true about the object, and why.")

    /// The counters of a run or of its dry-run part.
    static func summary(_ name: String, _ description: String) -> Field {
        let fields: [Field] = [
            Field("count", .int32, "Metrics in all."),
            Field("error", .int32, "Metrics that could not be measured."),
            Field("failed", .int32, "Metrics that failed."),
            Field("inconclusive", .int32, "Metrics without a verdict."),
            Field("successful", .int32, "Metrics that succeeded."),
        ]
        return Field(name, .object(fields), description)
    }
}
