import Analysis
import KubeModel
import RolloutModel

/// The first object that a spec names and that is missing or does not fit; nil when all do. Found again by retry alone
/// once the object is there.
func missingReference(_ seen: RolloutObservation) -> String? {
    if let strategy = seen.rollout.spec.blueGreen { return missingReference(of: strategy, seen) }
    guard let canary = seen.rollout.spec.canary else { return nil }
    for (field, name) in [("stableService", canary.stableService), ("canaryService", canary.canaryService)] where !name.isEmpty {
        if let problem = serviceProblem(name, seen) { return "spec.strategy.canary.\(field): Invalid value: \"\(name)\": \(problem)" }
    }
    for (index, step) in canary.steps.enumerated() {
        guard case .analysis(let analysis) = step.kind else { continue }
        if let problem = templateProblem(analysis, seen, place: .step) {
            return problem.message(at: "spec.strategy.canary.steps[\(index)].analysis")
        }
    }
    if let analysis = canary.analysis, !analysis.templates.isEmpty {
        return templateProblem(analysis, seen, place: .background)?.message(at: "spec.strategy.canary.analysis")
    }
    return nil
}

private func missingReference(of strategy: BlueGreenStrategy, _ seen: RolloutObservation) -> String? {
    for (field, name) in [("activeService", strategy.activeService), ("previewService", strategy.previewService)] where !name.isEmpty {
        if let problem = serviceProblem(name, seen) { return "spec.strategy.blueGreen.\(field): Invalid value: \"\(name)\": \(problem)" }
    }
    for analysis in strategy.analyses {
        if let problem = templateProblem(analysis, seen, place: .step) { return problem.message(at: analysis.path) }
    }
    return nil
}

private func serviceProblem(_ name: String, _ seen: RolloutObservation) -> String? {
    guard let service = seen.services[name] else { return "service \"\(name)\" not found" }
    let labels: [String: String] = seen.rollout.spec.templateSummary.labels
        .merging(EffectiveSelector(of: seen.rollout, replicaSets: seen.replicaSets).addedLabels) { own, _ in own }
    for key in service.selector.keys.sorted() where key != Keys.podHash && labels[key] != service.selector[key] {
        return "Service \"\(name)\" has unmatch label \"\(key)\" in rollout"
    }
    if let manager = service.metadata.annotations[Keys.managedBy], manager != seen.rollout.metadata.name, seen.guards.have(.foreignService) {
        return "Service \"\(name)\" is managed by another Rollout"
    }
    return nil
}

private func templateProblem(_ analysis: RolloutAnalysis, _ seen: RolloutObservation, place: AnalysisPlace) -> ReferenceProblem? {
    let arguments: [OfferedArgument] = analysis.arguments.map { argument in
        if case .value(let text) = argument.source { return OfferedArgument(name: argument.name, value: text) }
        return OfferedArgument(name: argument.name, value: nil)
    }
    return referenceProblem(
        analysis.templates, arguments: arguments, dryRun: analysis.dryRun, measurementRetention: analysis.measurementRetention,
        place: place) { seen.templates[$0] }
}
