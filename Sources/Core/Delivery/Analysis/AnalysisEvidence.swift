import Analysis
import KubeModel
import RolloutModel

/// Whether what an analysis says is about pods that are there and that are asked something.
extension CanarySituation {
    /// Whether the new version has fewer available pods than it is to have.
    var newIsShort: Bool {
        guard let new = roles.new else { return true }
        return !isEnough(new.status.availableReplicas, of: new.want)
    }

    /// Whether a run has come to its success while pods were missing: what it measured then may have been the pods of before.
    ///
    /// Differs: upstream counts it. Only the moment in which the success is first seen matters; pods that are lost later are a
    /// matter of the steps behind.
    func succeededWithoutPods(_ run: AnalysisRun, recorded: RunStatus?) -> Bool {
        guard run.status.phase == .successful, recorded?.name == run.metadata.name, guards.have(.analysisWithPods) else { return false }
        return recorded?.phase != AnalysisPhase.successful.rawValue && newIsShort
    }

    /// Whether a run of this step has succeeded, and did not count: else the step would be over.
    func hasSucceeded(step index: Int) -> Bool {
        seen.analysisRuns.contains { run in
            run.status.phase == .successful && run.metadata.labels[Keys.stepIndex] == "\(index)" && run.metadata.labels[Keys.podHash] == newHash
                && run.metadata.annotations[Keys.revision] == revisionText
        }
    }

    /// What an analysis waits for that is to be repeated.
    var podsForAnalysis: String {
        "\(roles.new?.want ?? 0) available pods of \(roles.new?.metadata.name ?? "the new version") to repeat the analysis "
            + "(\(roles.new?.status.availableReplicas ?? 0) now)"
    }

    /// Whether weights bring traffic to the new version.
    func reachesNew(_ weights: TrafficWeights?) -> Bool {
        guard let weights else { return false }
        return weights.canary.weight > 0 && weights.canary.podTemplateHash == newHash
    }
}

extension StatusDraft {
    /// Leaves a run out of the status, so that another one is made when the pods are there, and says why.
    mutating func repeats(_ run: AnalysisRun, _ situation: CanarySituation) {
        waitsFor = situation.podsForAnalysis
        events.append(EventNote(
            .warning, .analysisRepeated,
            "AnalysisRun '\(run.metadata.name)' succeeded while \(situation.roles.new?.status.availableReplicas ?? 0) of "
                + "\(situation.roles.new?.want ?? 0) pods were available; it does not count and is repeated once they are"))
    }
}
