import KubeModel
import StrictJSON

/// Validation of ReplicaSets, Deployments and Jobs, in the order and the words of the real server.
///
/// - SeeAlso: Kubernetes, `pkg/apis/apps/validation` and `pkg/apis/batch/validation`.
enum WorkloadRules {
    /// What is wrong with a ReplicaSet, or with the change from `old`.
    static func replicaSetErrors(_ set: JSONValue, _ old: JSONValue?) -> [FieldError] {
        let spec = set["spec"] ?? [:]
        var errors = notNegative(spec, ["replicas", "minReadySeconds"], at: "spec")
        errors += selectorAndTemplateErrors(spec)
        errors += notNegative(
            set["status"] ?? [:], ["replicas", "fullyLabeledReplicas", "readyReplicas", "availableReplicas", "observedGeneration"], at: "status")
        errors += countErrors(set["status"] ?? [:], ["fullyLabeledReplicas", "readyReplicas", "availableReplicas"])
        return errors + changedSelector(spec, old)
    }

    /// What is wrong with a Deployment, or with the change from `old`.
    static func deploymentErrors(_ deployment: JSONValue, _ old: JSONValue?) -> [FieldError] {
        let spec = deployment["spec"] ?? [:]
        var errors = notNegative(spec, ["replicas"], at: "spec")
        errors += selectorAndTemplateErrors(spec)
        errors += strategyErrors(spec["strategy"] ?? [:])
        errors += notNegative(spec, ["minReadySeconds", "revisionHistoryLimit", "progressDeadlineSeconds"], at: "spec")
        if let deadline = spec["progressDeadlineSeconds"]?.intValue, deadline <= spec["minReadySeconds"]?.intValue ?? 0 {
            errors.append(.invalid("spec.progressDeadlineSeconds", String(deadline), "must be greater than minReadySeconds"))
        }
        let status = deployment["status"] ?? [:]
        errors += notNegative(
            status,
            [
                "observedGeneration", "replicas", "updatedReplicas", "readyReplicas", "availableReplicas", "unavailableReplicas",
                "collisionCount",
            ], at: "status")
        errors += countErrors(status, ["updatedReplicas", "readyReplicas", "availableReplicas"])
        if let before = old?.at("status", "collisionCount")?.intValue, status["collisionCount"]?.intValue ?? -1 < before {
            errors.append(.invalid("status.collisionCount", status["collisionCount"]?.text() ?? "<nil>", "cannot be decremented"))
        }
        return errors + changedSelector(spec, old)
    }

    /// What is wrong with a Job, or with the change from `old`.
    static func jobErrors(_ job: JSONValue, _ old: JSONValue?) -> [FieldError] {
        let spec = job["spec"] ?? [:]
        var errors: [FieldError] = []
        let labels = spec.at("template", "metadata", "labels")?.stringMap ?? [:]
        if spec["manualSelector"]?.boolValue != true, let selector = spec["selector"], !selector.isNull {
            let generated = ["batch.kubernetes.io/controller-uid", "controller-uid"].contains { key in
                selector == ["matchLabels": [key: .string(job.uid)]]
            }
            if !generated { errors.append(.invalid("spec.selector", GoSyntax.selector(selector), "`selector` not auto-generated")) }
        }
        errors += jobSpecErrors(spec, labels)
        errors += notNegative(job["status"] ?? [:], ["active", "succeeded", "failed"], at: "status")
        guard let before = old?["spec"] else { return errors }
        // The real server asks twice: about the Job as it is, and about the change.
        errors += jobSpecErrors(spec, labels)
        if before["completions"] != spec["completions"] {
            errors.append(.invalid("spec.completions", spec["completions"]?.text() ?? "null", "field is immutable"))
        }
        if before["selector"] != spec["selector"] {
            let selector = spec["selector"].flatMap { $0.isNull ? Optional.none : $0 }
            errors.append(.invalid("spec.selector", selector.map(GoSyntax.selector) ?? "\"null\"", "field is immutable"))
        }
        if before["template"] != spec["template"] {
            errors.append(.invalid("spec.template", (spec["template"] ?? .null).text(), "field is immutable"))
        }
        return errors
    }

    private static func jobSpecErrors(_ spec: JSONValue, _ labels: [String: String]) -> [FieldError] {
        var errors = notNegative(
            spec, ["parallelism", "completions", "activeDeadlineSeconds", "backoffLimit", "ttlSecondsAfterFinished"], at: "spec")
        errors += labelErrors(labels, at: "spec.template.labels")
        errors += BuiltInRules.containerErrors(spec.at("template", "spec"), at: "spec.template.spec")
        let policy = spec.at("template", "spec", "restartPolicy")?.stringValue ?? ""
        if policy != "Never", policy != "OnFailure" {
            errors.append(.required("spec.template.spec.restartPolicy", "valid values: \"OnFailure\", \"Never\""))
        }
        let unmatched = FieldError.invalid(
            "spec.template.metadata.labels", GoSyntax.map(labels), "`selector` does not match template `labels`")
        if let json = spec["selector"], !json.isNull {
            errors += labelSelectorErrors(json, at: "spec.selector")
            // One that cannot be read was refused in the line above.
            if let selector = try? LabelSelector(json: json), !selector.matches(labels) { errors.append(unmatched) }
        } else {
            errors += [.required("spec.selector"), unmatched]
        }
        return errors
    }

    private static func changedSelector(_ spec: JSONValue, _ old: JSONValue?) -> [FieldError] {
        guard let old, old.at("spec", "selector") != spec["selector"] else { return [] }
        return [.invalid("spec.selector", GoSyntax.selector(spec["selector"] ?? [:]), "field is immutable")]
    }

    private static func notNegative(_ object: JSONValue, _ members: [String], at field: String) -> [FieldError] {
        members.compactMap { member in
            guard let number = object[member]?.int64Value, number < 0 else { return nil }
            return .invalid("\(field).\(member)", String(number), "must be greater than or equal to 0")
        }
    }

    /// Parts of the replicas that are more than all of them.
    private static func countErrors(_ status: JSONValue, _ members: [String]) -> [FieldError] {
        func count(_ member: String) -> Int64 { status[member]?.int64Value ?? 0 }
        var errors: [FieldError] = []
        for member in members where count(member) > count("replicas") {
            errors.append(.invalid("status.\(member)", String(count(member)), "cannot be greater than status.replicas"))
        }
        if count("availableReplicas") > count("readyReplicas") {
            errors.append(.invalid("status.availableReplicas", String(count("availableReplicas")), "cannot be greater than readyReplicas"))
        }
        return errors
    }

    private static func selectorAndTemplateErrors(_ spec: JSONValue) -> [FieldError] {
        var errors: [FieldError] = []
        let labels = spec.at("template", "metadata", "labels")?.stringMap ?? [:]
        let unmatched = FieldError.invalid(
            "spec.template.metadata.labels", GoSyntax.map(labels), "`selector` does not match template `labels`")
        var isReadable = true
        if let json = spec["selector"], !json.isNull {
            errors += labelSelectorErrors(json, at: "spec.selector")
            do {
                let selector = try LabelSelector(json: json)
                if selector.isEmpty {
                    errors.append(.invalid("spec.selector", GoSyntax.selector(json), "empty selector is invalid for deployment"))
                } else if !selector.matches(labels) {
                    errors.append(unmatched)
                }
            } catch {
                isReadable = false
                errors.append(.invalid("spec.selector", GoSyntax.selector(json), "invalid label selector"))
            }
        } else {
            errors.append(.required("spec.selector"))
            errors.append(unmatched)
        }
        guard isReadable else { return errors }
        errors += labelErrors(labels, at: "spec.template.labels")
        errors += BuiltInRules.containerErrors(spec.at("template", "spec"), at: "spec.template.spec")
        let policy = spec.at("template", "spec", "restartPolicy")?.stringValue ?? "Always"
        if policy != "Always" { errors.append(.unsupported("spec.template.spec.restartPolicy", policy, supported: ["Always"])) }
        if spec.at("template", "spec", "activeDeadlineSeconds") != nil {
            errors.append(.forbidden("spec.template.spec.activeDeadlineSeconds", "activeDeadlineSeconds in ReplicaSet is not Supported"))
        }
        return errors
    }

    private static func labelSelectorErrors(_ selector: JSONValue, at field: String) -> [FieldError] {
        var errors = labelErrors(selector["matchLabels"]?.stringMap ?? [:], at: "\(field).matchLabels")
        for (index, requirement) in (selector["matchExpressions"]?.arrayValue ?? []).enumerated() {
            let path = "\(field).matchExpressions[\(index)]"
            let values = requirement["values"]?.arrayValue ?? []
            let name = requirement["operator"]?.stringValue ?? ""
            switch name {
            case "In", "NotIn":
                if values.isEmpty { errors.append(.required("\(path).values", "must be specified when `operator` is 'In' or 'NotIn'")) }
            case "Exists", "DoesNotExist":
                if !values.isEmpty {
                    errors.append(.forbidden("\(path).values", "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"))
                }
            default: errors.append(.invalid("\(path).operator", "\"\(name)\"", "not a valid selector operator"))
            }
            let key = requirement["key"]?.stringValue ?? ""
            errors += qualifiedNameComplaints(key).map { .invalid("\(path).key", "\"\(key)\"", $0) }
        }
        return errors
    }

    private static func strategyErrors(_ strategy: JSONValue) -> [FieldError] {
        let field = "spec.strategy"
        let rolling = strategy["rollingUpdate"]
        switch strategy["type"]?.stringValue ?? "" {
        case "Recreate":
            return rolling == nil ? [] : [.forbidden("\(field).rollingUpdate", "may not be specified when strategy `type` is 'Recreate'")]
        case "RollingUpdate":
            let unavailable = rolling?["maxUnavailable"] ?? 0
            let surge = rolling?["maxSurge"] ?? 0
            var errors = amountErrors(unavailable, at: "\(field).rollingUpdate.maxUnavailable")
            errors += amountErrors(surge, at: "\(field).rollingUpdate.maxSurge")
            if amount(unavailable) == 0, amount(surge) == 0 {
                errors.append(
                    .invalid("\(field).rollingUpdate.maxUnavailable", GoSyntax.intOrString(unavailable), "may not be 0 when `maxSurge` is 0"))
            }
            if let text = unavailable.stringValue, isPercent(text), amount(unavailable) > 100 {
                errors.append(
                    .invalid("\(field).rollingUpdate.maxUnavailable", GoSyntax.intOrString(unavailable), "must not be greater than 100%"))
            }
            return errors
        case let other:
            let shown = "apps.DeploymentStrategy{Type:\"\(other)\", RollingUpdate:(*apps.RollingUpdateDeployment)(nil)}"
            return [
                FieldError(
                    reason: "FieldValueNotSupported", field: field,
                    message: "Unsupported value: \(shown): supported values: \"Recreate\", \"RollingUpdate\"")
            ]
        }
    }

    private static func amountErrors(_ value: JSONValue, at field: String) -> [FieldError] {
        if let text = value.stringValue {
            return isPercent(text) ? [] : [.invalid(field, GoSyntax.intOrString(value), percentText)]
        }
        let number = value.int64Value ?? 0
        return number < 0 ? [.invalid(field, String(number), "must be greater than or equal to 0")] : []
    }

    private static func isPercent(_ text: String) -> Bool {
        text.utf8.count > 1 && text.last == "%" && text.utf8.dropLast().allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    }

    private static func amount(_ value: JSONValue) -> Int64 {
        guard let text = value.stringValue else { return value.int64Value ?? 0 }
        return isPercent(text) ? Int64(text.dropLast()) ?? 0 : Int64(text) ?? 0
    }

    private static let percentText =
        "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is "
        + "'[0-9]+%')"
}
