import KubeModel
import RolloutModel
import StrictJSON

/// The first thing that is wrong with a Rollout, in the form that the `InvalidSpec` condition quotes; nil when it is valid.
///
/// Paths leave out the strategy's name, as upstream's messages do and alerts expect.
func specProblem(_ seen: RolloutObservation, selector: EffectiveSelector) -> String? {
    let rollout: Rollout = seen.rollout
    if let problem = rollout.problems.first { return problem.description }
    if let problem = unsupportedMember(of: rollout.spec) { return problem.description }
    return selectorProblem(seen, selector) ?? templateProblem(rollout, selector) ?? numbersProblem(rollout.spec)
        ?? strategyProblem(rollout.spec) ?? missingReference(seen)
}

private func invalid(_ path: String, _ value: String, _ detail: String) -> String { "\(path): Invalid value: \(value): \(detail)" }

private func selectorProblem(_ seen: RolloutObservation, _ selector: EffectiveSelector) -> String? {
    let rollout: Rollout = seen.rollout
    if let used = selector.conflictsWith, seen.guards.have(.selectorConflict) {
        return invalid(
            "spec.selector", selector.selector.json.text(),
            "the selector cannot be changed: this Rollout works with \(used.text); remove spec.selector or set it to \(used.json.text())")
    }
    if let written = rollout.spec.selector, written.isEmpty {
        return invalid("spec.selector", "{}", "empty selector is invalid for deployment")
    }
    let labels: [String: String] = rollout.spec.templateSummary.labels.merging(selector.addedLabels) { own, _ in own }
    guard selector.selector.matches(labels) || !seen.guards.have(.selectorMatchesTemplate) else {
        return invalid("spec.template.metadata.labels", jsonMap(rollout.spec.templateSummary.labels).text(), "`selector` does not match template `labels`")
    }
    return nil
}

private func templateProblem(_ rollout: Rollout, _ selector: EffectiveSelector) -> String? {
    let template: PodTemplateSummary = rollout.spec.templateSummary
    let policy: String = template.restartPolicy
    if !policy.isEmpty, policy != "Always" {
        return "spec.template.spec.restartPolicy: Unsupported value: \"\(policy)\": supported values: \"Always\""
    }
    if template.containers.isEmpty { return "spec.template.spec.containers: Required value" }
    for (index, container) in template.containers.enumerated() {
        let path: String = "spec.template.spec.containers[\(index)]"
        let name: String = container.name
        if name.isEmpty { return "\(path).name: Required value" }
        if !isLabelName(name) {
            return invalid(
                "\(path).name", "\"\(name)\"",
                "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an "
                    + "alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')")
        }
        if container.image.isEmpty { return "\(path).image: Required value" }
    }
    return nil
}

/// A lowercase label of RFC 1123, as containers are named.
private func isLabelName(_ name: String) -> Bool {
    func isAlphanumeric(_ byte: UInt8) -> Bool { (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte) }
    let bytes = Array(name.utf8)
    guard bytes.count <= 63, let first = bytes.first, let last = bytes.last, isAlphanumeric(first), isAlphanumeric(last) else { return false }
    return bytes.allSatisfy { isAlphanumeric($0) || $0 == UInt8(ascii: "-") }
}

private func numbersProblem(_ spec: RolloutSpec) -> String? {
    let numbers: [(path: String, value: Int?)] = [
        ("spec.replicas", spec.replicas), ("spec.minReadySeconds", spec.minReadySeconds),
        ("spec.revisionHistoryLimit", spec.revisionHistoryLimit), ("spec.progressDeadlineSeconds", spec.progressDeadlineSeconds),
    ]
    for (path, value) in numbers {
        if let value, value < 0 { return invalid(path, "\(value)", "must be greater than or equal to 0") }
    }
    let deadline: Int = spec.progressDeadlineSeconds ?? 600
    if deadline <= spec.minReadySeconds {
        return invalid("spec.progressDeadlineSeconds", "\(deadline)", "must be greater than minReadySeconds")
    }
    return nil
}

private func strategyProblem(_ spec: RolloutSpec) -> String? {
    if let blueGreen = spec.blueGreen { return blueGreenProblem(blueGreen, spec) }
    guard let canary = spec.canary else {
        return "spec.strategy.strategy: Required value: Rollout has missing field '.spec.strategy.canary or .spec.strategy.blueGreen'"
    }
    func isZero(_ value: IntOrPercent?) -> Bool { value.map { ["0", "0%"].contains($0.description) } ?? false }
    if isZero(canary.maxSurge) && isZero(canary.maxUnavailable) {
        return invalid("spec.strategy.maxSurge", "0", "MaxSurge and MaxUnavailable both can not be zero")
    }
    if !canary.canaryService.isEmpty && canary.canaryService == canary.stableService {
        return invalid(
            "spec.strategy.stableService", "\"\(canary.stableService)\"",
            "This rollout uses the same service for the stable and canary services, but two different services are required.")
    }
    if let routing = canary.trafficRouting {
        for (field, service) in [("stableService", canary.stableService), ("canaryService", canary.canaryService)] where service.isEmpty {
            return invalid("spec.strategy.\(field)", "\"\"", "Canary service and Stable service must to be set to use Traffic Routing")
        }
        if let limit = routing.maxTrafficWeight, !(1...1_000_000).contains(limit) {
            return invalid("spec.strategy.trafficRouting.maxTrafficWeight", "\(limit)", "must be between 1 and 1000000")
        }
        if !routing.hasGatewayAPI || routing.httpRoutes.isEmpty {
            return "spec.strategy.trafficRouting: Required value: name at least one HTTPRoute under plugins.\(TrafficRouting.gatewayAPIPlugin) "
                + "(httpRoute or httpRoutes)"
        }
    } else if let delay = canary.scaleDownDelaySeconds {
        return invalid("spec.strategy.scaleDownDelaySeconds", "\(delay)", "Canary scaleDownDelaySeconds can only be used with traffic routing")
    }
    if let least = canary.minPodsPerReplicaSet, least < 0 {
        return invalid("spec.strategy.minPodsPerReplicaSet", "\(least)", "must be greater than or equal to 0")
    }
    if let threshold = canary.progressThreshold {
        guard let kind = threshold.kind else {
            return invalid("spec.strategy.replicaProgressThreshold.type", canary.raw.at("replicaProgressThreshold", "type")?.text() ?? "null", "must be Percent or Pods")
        }
        guard threshold.value >= 0, kind == .pods || threshold.value <= 100 else {
            return invalid(
                "spec.strategy.replicaProgressThreshold.value", "\(threshold.value)",
                kind == .pods ? "must be greater than or equal to 0" : "must be between 0 and 100")
        }
    }
    for (index, step) in canary.steps.enumerated() {
        if case .setCanaryScale = step.kind, canary.trafficRouting == nil {
            return "spec.strategy.trafficRouting: Required value: SetCanaryScale requires TrafficRouting to be set"
        }
        if let problem = stepProblem(step, path: "spec.strategy.steps[\(index)]", maxWeight: canary.maxTrafficWeight) { return problem }
    }
    return nil
}

private func blueGreenProblem(_ strategy: BlueGreenStrategy, _ spec: RolloutSpec) -> String? {
    if strategy.activeService == strategy.previewService {
        return invalid(
            "spec.strategy.activeService", "\"\(strategy.activeService)\"",
            "This rollout uses the same service for the active and preview services, but two different services are required.")
    }
    if strategy.activeService.isEmpty {
        return "spec.strategy.activeService: Required value: name the Service that carries the traffic"
    }
    if let limit = strategy.scaleDownDelayRevisionLimit, limit > spec.revisionHistoryLimit ?? 10 {
        return invalid(
            "spec.strategy.scaleDownDelayRevisionLimit", "\(limit)",
            "This rollout's revision history limit can not be smaller than the rollout's scale down limit")
    }
    let numbers: [(name: String, value: Int?)] = [
        ("previewReplicaCount", strategy.previewReplicaCount), ("autoPromotionSeconds", strategy.autoPromotionSeconds),
        ("scaleDownDelaySeconds", strategy.scaleDownDelaySeconds), ("abortScaleDownDelaySeconds", strategy.abortScaleDownDelaySeconds),
        ("scaleDownDelayRevisionLimit", strategy.scaleDownDelayRevisionLimit),
    ]
    for (name, value) in numbers {
        if let value, value < 0 { return invalid("spec.strategy.\(name)", "\(value)", "must be greater than or equal to 0") }
    }
    return nil
}

private func stepProblem(_ step: CanaryStep, path: String, maxWeight: Int) -> String? {
    switch step.kind {
    case .setWeight(let weight):
        guard (0...maxWeight).contains(weight) else {
            return invalid("\(path).setWeight", "\(weight)", "SetWeight needs to be between 0 and \(maxWeight)")
        }
    case .pause(let pause):
        guard let duration = pause.duration else { return nil }
        guard let seconds = duration.seconds, seconds >= 0 else {
            return invalid("\(path).pause.duration", "\(duration.seconds ?? -1)", "Duration needs to be greater than 0")
        }
    case .analysis(let analysis):
        if analysis.templates.isEmpty {
            return "\(path).analysis.templates: Required value: name at least one template, otherwise the step could never end"
        }
    case .setCanaryScale(let scale):
        for (member, value) in [("weight", scale.weight), ("replicas", scale.replicas)] {
            if let value, value < 0 { return invalid("\(path).setCanaryScale.\(member)", "\(value)", "must be greater than or equal to 0") }
        }
    case .malformed:
        let all: Bool = step.keys.isEmpty
        func shown(_ name: String, _ key: String) -> String { "step.\(name): \(all || step.keys.contains(key))" }
        var value: String = [("Experiment", "experiment"), ("Pause", "pause"), ("SetWeight", "setWeight"), ("Analysis", "analysis")]
            .map { shown($0.0, $0.1) }.joined(separator: " ")
        if all { value += " step.SetCanaryScale: true step.SetHeaderRoute: true step.SetMirrorRoute: true step.Plugin: true" }
        return invalid(path, "\"\(value)\"", "Step must have one of the following set: experiment, setWeight, setCanaryScale, plugin or pause")
    case .unsupported(let name):
        return invalid(path, "\"\(name)\"", "steps of kind \(name) are not carried out by this version of Sluice; remove the step")
    }
    return nil
}
