import Analysis
import KubeModel
import RolloutModel
import StrictJSON

/// The AnalysisRuns of a canary in this pass: which are current, which are created, ended and deleted, and what their
/// outcome means for the Rollout.
struct AnalysisPass: Sendable {
    var actions: [PlannedAction] = []
    /// The creations among the actions: no weight is raised before the analysis is there that is to watch it.
    var creations: [PlannedAction] { actions.filter { if case .createAnalysisRun = $0.action { true } else { false } } }
    /// Whether the run of the current analysis step has succeeded.
    var stepSucceeded: Bool = false
    /// The background run whose measurement is overdue: nothing is completed on what it said before. Nil: it is up to date.
    ///
    /// Differs: upstream goes on. After an outage of the controller whole pauses have passed, and the next weight, or the
    /// promotion, would come before the first look at what happened meanwhile.
    var runThatIsBehind: String?
    /// The background run that waits for traffic.
    private var heldRun: String?
    /// What is wrong with a run that has to be created; it is created once that is put right.
    var problem: String?

    private enum Kind: String {
        case step = "Step", background = "Background", prePromotion = "PrePromotion", postPromotion = "PostPromotion"

        /// What its failure is called, and what its runs' names end in.
        var words: String {
            switch self {
            case .step: "Step-based"
            case .background: "Background"
            case .prePromotion: "Blue/green pre-promotion"
            case .postPromotion: "Blue/green post-promotion"
            }
        }
        var suffix: String {
            switch self {
            case .step, .background: ""
            case .prePromotion: "-pre"
            case .postPromotion: "-post"
            }
        }
    }

    init(_ situation: CanarySituation, _ draft: inout StatusDraft) {
        var current: Set<String> = []
        let step: AnalysisRun? = run(named: situation.persisted.stepAnalysisRun?.name, situation)
        let background: AnalysisRun? = run(named: situation.persisted.backgroundAnalysisRun?.name, situation)
        if !situation.cancelsAnalysis {
            if let analysis = Self.currentStepAnalysis(situation) {
                let index: Int = situation.stepIndex ?? 0
                let isOfThisStep: Bool = step?.metadata.labels[Keys.stepIndex] == "\(index)" || !situation.guards.have(.analysisOfStep)
                let mayCreate: Bool = situation.persisted.pauseConditions.isEmpty
                if let step, isOfThisStep, !(mayCreate && Self.needsNew(step, situation)) {
                    if situation.succeededWithoutPods(step, recorded: situation.persisted.stepAnalysisRun) {
                        draft.repeats(step, situation)
                    } else {
                        keep(step, .step, situation, &draft, &current)
                    }
                } else if step == nil || isOfThisStep {
                    if step == nil, situation.newIsShort, situation.hasSucceeded(step: index) {
                        draft.waitsFor = situation.podsForAnalysis
                    } else if mayCreate, let name = create(analysis, .step, index: index, situation, &draft) { current.insert(name) }
                }
            }
            if let analysis = situation.strategy.analysis, !analysis.templates.isEmpty,
               situation.steps.isEmpty || (situation.stepIndex ?? 0) >= analysis.startingStep {
                let isInconclusive: Bool = situation.persisted.pauseConditions.contains { $0.reason == .inconclusiveAnalysis }
                if let background, !( !isInconclusive && Self.needsNew(background, situation)) {
                    keep(background, .background, situation, &draft, &current)
                } else if !isInconclusive, let name = create(analysis, .background, index: nil, situation, &draft) {
                    current.insert(name)
                }
            }
        }
        if let blueGreen = situation.blueGreen { judge(blueGreen, situation, &draft, &current) }
        endOthers(situation, current: current)
    }

    /// The runs before and after the switch of a blue-green Rollout.
    private mutating func judge(_ strategy: BlueGreenStrategy, _ situation: CanarySituation, _ draft: inout StatusDraft, _ current: inout Set<String>) {
        let active: String = situation.persisted.blueGreen.activeSelector
        let isUpdating: Bool = !situation.cancelsAnalysis && !situation.isReset
        let before: Bool = isUpdating && !active.isEmpty && active != situation.newHash
        let after: Bool = isUpdating && active == situation.newHash
        follow(strategy.prePromotionAnalysis, .prePromotion, mayRun: before, mayStart: situation.isReadyForPause, situation, &draft, &current)
        follow(strategy.postPromotionAnalysis, .postPromotion, mayRun: after, mayStart: situation.newIsSaturated, situation, &draft, &current)
    }

    private mutating func follow(
        _ analysis: RolloutAnalysis?, _ kind: Kind, mayRun: Bool, mayStart: Bool, _ situation: CanarySituation, _ draft: inout StatusDraft,
        _ current: inout Set<String>
    ) {
        let recorded: RunStatus? = kind == .prePromotion ? situation.persisted.blueGreen.prePromotionRun : situation.persisted.blueGreen.postPromotionRun
        let run: AnalysisRun? = run(named: recorded?.name, situation)
        guard let analysis, mayRun else {
            // Its outcome stays recorded; what still runs is ended with the others.
            if let run { record(RunStatus(name: run.metadata.name, phase: run.status.phase?.rawValue ?? "", message: run.status.message), kind, &draft) }
            return
        }
        let isUndecided: Bool = situation.isUndecided
        if let run, kind == .prePromotion, situation.succeededWithoutPods(run, recorded: recorded) {
            draft.repeats(run, situation)
            draft.status.blueGreen.prePromotionRun = nil
        } else if let run, isUndecided || !Self.needsNew(run, situation) {
            keep(run, kind, situation, &draft, &current)
        } else if !isUndecided, mayStart {
            if let name = create(analysis, kind, index: nil, situation, &draft) { current.insert(name) }
        } else if kind == .prePromotion {
            draft.status.blueGreen.prePromotionRun = nil
        } else {
            draft.status.blueGreen.postPromotionRun = nil
        }
    }

    /// Lets the run that waits for traffic begin, once that has been observed to arrive or no route brings it any more. No step is
    /// completed before its first measurement.
    mutating func begin(_ situation: CanarySituation, _ traffic: TrafficPass) {
        guard let name = heldRun, situation.isBasic || (traffic.isInForce && situation.reachesNew(traffic.weights)) else { return }
        actions.append(PlannedAction(.beginAnalysisRun(name: name)))
        runThatIsBehind = name
    }

    private static func currentStepAnalysis(_ situation: CanarySituation) -> RolloutAnalysis? {
        guard case .analysis(let analysis) = situation.currentStep?.kind, !analysis.templates.isEmpty else { return nil }
        return analysis
    }

    private func run(named name: String?, _ situation: CanarySituation) -> AnalysisRun? {
        guard let name, !name.isEmpty else { return nil }
        return situation.seen.analysisRuns.first { $0.metadata.name == name }
    }

    /// A run is replaced after a retry, and after a person resumed from one that could not decide.
    private static func needsNew(_ run: AnalysisRun, _ situation: CanarySituation) -> Bool {
        let persisted: RolloutStatus = situation.persisted
        let hasStepPause: Bool = persisted.pauseConditions.contains { $0.reason == .canaryPauseStep || $0.reason == .blueGreenPause }
        if persisted.controllerPause && !hasStepPause { return run.status.phase == .inconclusive }
        return persisted.abortedAt != nil
    }

    private mutating func keep(
        _ run: AnalysisRun, _ kind: Kind, _ situation: CanarySituation, _ draft: inout StatusDraft, _ current: inout Set<String>
    ) {
        current.insert(run.metadata.name)
        let phase: String = run.status.phase?.rawValue ?? ""
        record(RunStatus(name: run.metadata.name, phase: phase, message: run.status.message), kind, explanation: explanation(of: run), &draft)
        switch run.status.phase {
        case .successful:
            if kind == .step { stepSucceeded = true }
        case .failed, .error:
            let type: String = kind.words
            let message: String = run.status.message.isEmpty ? "" : ": \(run.status.message)"
            if situation.guards.have(.failedAnalysis) { draft.requestAbort("\(type) analysis phase error/failed\(message)") }
        case .inconclusive:
            if situation.guards.have(.inconclusiveAnalysis) { draft.addedPauses.append(.inconclusiveAnalysis) }
        case .pending, .running, nil:
            if kind != .background { draft.waitsFor = "AnalysisRun \(run.metadata.name)" }
            if kind == .background, run.isHeld { heldRun = run.metadata.name }
            guard kind == .background, situation.guards.have(.overdueAnalysis), let due = nextMeasurement(of: run, now: situation.now) else { return }
            if due <= situation.now { runThatIsBehind = run.metadata.name } else { draft.wake(at: due) }
        }
    }

    private func record(_ status: RunStatus, _ kind: Kind, explanation: String? = nil, _ draft: inout StatusDraft) {
        let previous: RunStatus?
        switch kind {
        case .step:
            previous = draft.persisted.stepAnalysisRun
            draft.status.stepAnalysisRun = status
        case .background:
            previous = draft.persisted.backgroundAnalysisRun
            draft.status.backgroundAnalysisRun = status
        case .prePromotion:
            previous = draft.persisted.blueGreen.prePromotionRun
            draft.status.blueGreen.prePromotionRun = status
        case .postPromotion:
            previous = draft.persisted.blueGreen.postPromotionRun
            draft.status.blueGreen.postPromotionRun = status
        }
        guard !status.phase.isEmpty, previous == nil || (previous!.name == status.name && previous!.phase != status.phase) else { return }
        let old: String = previous.map(\.phase) ?? "NoPreviousStatus"
        let isBad: Bool = status.phase == "Failed" || status.phase == "Error"
        draft.events.append(EventNote(
            isBad ? .warning : .normal, reason: "AnalysisRun\(status.phase)",
            message: "\(kind.rawValue) Analysis Run '\(status.name)' Status New: '\(status.phase)' Previous: '\(old)'"))
        // Ours: who describes the Rollout need not look for the run to see what was measured.
        if let explanation {
            draft.events.append(EventNote(.warning, reason: "AnalysisExplained", message: "AnalysisRun '\(status.name)': \(explanation)"))
        }
    }

    /// - Returns: the name of the run that is current from now on; nil when it cannot be made yet.
    private mutating func create(
        _ analysis: RolloutAnalysis, _ kind: Kind, index: Int?, _ situation: CanarySituation, _ draft: inout StatusDraft
    ) -> String? {
        guard let new = situation.roles.new else { return nil }
        guard !new.podHash.isEmpty else {
            problem = "ReplicaSet '\(new.metadata.name)' has no pod hash in the labels"
            return nil
        }
        let composed: ComposedAnalysis
        do {
            let templates: [AnalysisTemplate] = try collectedTemplates(analysis.templates) { situation.seen.templates[$0] }
            let arguments: [ResolvedArgument] = try resolvedArguments(
                analysis.arguments, rollout: situation.rollout, latestHash: new.podHash,
                stableHash: situation.roles.stable?.podHash ?? "")
            composed = try analysisRunSpec(
                templates: templates, arguments: arguments, dryRun: analysis.dryRun, measurementRetention: analysis.measurementRetention)
        } catch let wrong as AnalysisProblem {
            problem = "\(analysis.path): \(wrong.message)"
            return nil
        } catch {
            problem = "\(analysis.path): \(error)"
            return nil
        }
        let base: String = "\(situation.rollout.metadata.name)-\(new.podHash)-\(situation.revisionText)"
            + (index.map { "-\($0)" } ?? kind.suffix)
        guard let place = freeName(base, spec: composed.spec, situation) else {
            problem = "no name is left for an AnalysisRun beginning with \(base)"
            return nil
        }
        if !place.isTaken, let refusal = situation.seen.refusals.first(where: { $0.subject == "AnalysisRun/\(place.name)" }) {
            switch refusal.cause {
            case .nameTaken: break
            case .invalid(let words), .forbidden(let words):
                // Tried again once the refusal is forgotten; until then nothing goes on without the analysis.
                problem = "\(analysis.path): AnalysisRun \(place.name) was refused: \(words)"
                return nil
            case .missingRight(let right):
                problem = "\(analysis.path): AnalysisRun \(place.name) cannot be created: \(right.sentence)"
                return nil
            }
        }
        record(RunStatus(name: place.name, phase: "", message: ""), kind, &draft)
        guard !place.isTaken else { return place.name }
        draft.notes += composed.notes.map(\.description)
        let passedOn: [String] = composed.notes.compactMap { if case .passedOn = $0 { $0.description } else { nil } }
        // Told with the run, not with the status: where that is refused the run is there all the same, and is not made again.
        actions.append(PlannedAction(
            .createAnalysisRun(AnalysisRunDraft(
                name: place.name, object: object(place.name, composed, analysis, kind, index: index, new: new, situation))),
            event: passedOn.isEmpty ? nil : EventNote(.normal, .argumentNotDeclared, passedOn.joined(separator: "; "))))
        return place.name
    }

    /// The first name of `base`, `base.1`, … that is free, or that a run of the same content has which is not over yet.
    private func freeName(_ base: String, spec: JSONValue, _ situation: CanarySituation) -> (name: String, isTaken: Bool)? {
        for attempt in 0..<1000 {
            let name: String = attempt == 0 ? base : "\(base).\(attempt)"
            if situation.seen.refusals.contains(Refusal(subject: "AnalysisRun/\(name)", cause: .nameTaken)) { continue }
            guard let existing = situation.seen.analysisRuns.first(where: { $0.metadata.name == name }) else { return (name, false) }
            let isOver: Bool = (existing.status.phase?.isCompleted ?? false) && situation.guards.have(.finishedAnalysis)
            if !isOver && !existing.spec.terminate && !existing.metadata.isBeingDeleted
                && isSameAnalysis(existing, as: spec) {
                return (name, true)
            }
        }
        return nil
    }

    private func object(
        _ name: String, _ composed: ComposedAnalysis, _ analysis: RolloutAnalysis, _ kind: Kind, index: Int?, new: ReplicaSet,
        _ situation: CanarySituation
    ) -> JSONValue {
        var labels: [String: String] = [Keys.podHash: new.podHash, Keys.runType: kind.rawValue]
        if let index { labels[Keys.stepIndex] = "\(index)" }
        if let instanceID = situation.seen.instanceID { labels[Keys.instanceID] = instanceID }
        labels.merge(analysis.runLabels) { _, later in later }
        labels.merge(situation.selector.selector.matchLabels) { _, later in later }
        var annotations: [String: String] = [Keys.revision: situation.revisionText]
        annotations.merge(composed.annotations) { _, later in later }
        let isReached: Bool = situation.isBasic || (situation.persisted.weights?.isVerified == true && situation.reachesNew(situation.persisted.weights))
        if kind == .background, !isReached, situation.guards.have(.analysisWithTraffic) { annotations[RunBeginning.annotation] = RunBeginning.withTraffic }
        annotations.merge(analysis.runAnnotations) { _, later in later }
        return [
            "apiVersion": "argoproj.io/v1alpha1", "kind": "AnalysisRun",
            "metadata": [
                "name": .string(name), "namespace": .string(situation.rollout.metadata.namespace),
                "labels": jsonMap(labels), "annotations": jsonMap(annotations),
                "ownerReferences": [ownerReference(to: situation.rollout)],
            ],
            "spec": composed.spec,
        ]
    }

    /// Ends what is still running and deletes what history no longer keeps.
    private mutating func endOthers(_ situation: CanarySituation, current: Set<String>) {
        let others: [AnalysisRun] = situation.seen.analysisRuns
            .filter { !current.contains($0.metadata.name) && !$0.metadata.isBeingDeleted }
            .sorted { ($0.metadata.creationTimestamp ?? .epoch, $0.metadata.name) > ($1.metadata.creationTimestamp ?? .epoch, $1.metadata.name) }
        var successful: Int = 0
        var unsuccessful: Int = 0
        for run in others {
            let name: String = run.metadata.name
            let isCompleted: Bool = run.status.phase?.isCompleted ?? false
            let hash: String = run.metadata.labels[Keys.podHash] ?? ""
            let home: ReplicaSet? = situation.roles.all.first { $0.podHash == hash }
            if hash.isEmpty || home == nil || home?.metadata.isBeingDeleted == true {
                actions.append(PlannedAction(.deleteAnalysisRun(name: name)))
                continue
            }
            guard isCompleted else {
                if !run.spec.terminate { actions.append(PlannedAction(.terminateAnalysisRun(name: name))) }
                continue
            }
            if run.status.phase == .successful {
                successful += 1
                if successful > situation.spec.successfulRunHistoryLimit { actions.append(PlannedAction(.deleteAnalysisRun(name: name))) }
            } else {
                unsuccessful += 1
                if unsuccessful > situation.spec.unsuccessfulRunHistoryLimit { actions.append(PlannedAction(.deleteAnalysisRun(name: name))) }
            }
        }
    }
}
