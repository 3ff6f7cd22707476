import Clockwork
import KubeModel
import RolloutModel
import StrictJSON

/// Writes to the Rollout itself, to its runs, and back and forth.
extension JudgedWrite {
    /// Whether the decision has a new ground: another step, another revision, another stable version, given up or not.
    var movedOn: Bool {
        guard let (was, status) = statuses else { return false }
        return was.currentStepIndex != status.currentStepIndex || was.currentPodHash != status.currentPodHash || was.stableRS != status.stableRS
            || was.abort != status.abort || was.promoteFull != status.promoteFull
    }

    var statuses: (RolloutStatus, RolloutStatus)? {
        // Both can be read: the server has stored them for the controller to read.
        guard write.resource == .rollouts, let old = write.old, let new = write.new, let before = try? Rollout(json: old),
              let after = try? Rollout(json: new) else { return nil }
        return (before.status, after.status)
    }

    func judgeRollout(clocksAreRight: Bool) -> [Finding] {
        guard let old = write.old, let new = write.new, let (was, status) = statuses else { return [] }
        var found: [Finding] = []
        if old["spec"] != new["spec"], old.at("spec", "replicas") != nil { found.append((.userChangesStay, "our write changes the spec: \(difference)")) }
        let isSameRevision: Bool = was.currentPodHash == status.currentPodHash && was.currentStepHash == status.currentStepHash
        let isComplete: Bool = status.stableRS == status.currentPodHash
        if was.abort, !status.abort, isSameRevision, !isComplete, !was.promoteFull { found.append((.userChangesStay, "the abort is taken back")) }
        if was.promoteFull, !status.promoteFull, isSameRevision, !isComplete, !status.abort {
            found.append((.userChangesStay, "the full promotion is forgotten at step \(status.currentStepIndex ?? -1)"))
        }
        if let resumed = wishes.resumed, status.currentPodHash == resumed.revision, status.currentStepIndex == resumed.step,
           status.pauseConditions.contains(where: { $0.reason == .canaryPauseStep }) {
            found.append((.userChangesStay, "step \(resumed.step) pauses again though somebody has ended the pause"))
        }
        if status.phase == .degraded, was.phase != .degraded, status.message.hasPrefix("ProgressDeadlineExceeded"), isComplete,
           truth.readyPods(ofRevision: status.stableRS) >= truth.total {
            found.append((.alarmsAreTrue, "all pods of the promoted version are ready, and it is Degraded: \(status.message)"))
        }
        if let blueGreen = truth.blueGreen { found += judgeBlueGreenRollout(blueGreen, was, status) }
        return found + promotion(was, status) + steps(was, status, clocksAreRight: clocksAreRight)
    }

    private func promotion(_ was: RolloutStatus, _ status: RolloutStatus) -> [Finding] {
        guard !was.stableRS.isEmpty, was.stableRS != status.stableRS else { return [] }
        var found: [Finding] = []
        let ready: Int = readyPods(status.stableRS)
        if !truth.isEnough(ready, of: least) { found.append((.promotionIsComplete, "\(status.stableRS) is promoted with \(ready) of \(truth.total) pods ready")) }
        if status.stableRS != status.currentPodHash { found.append((.promotionIsComplete, "\(status.stableRS) is promoted, the new revision is \(status.currentPodHash)")) }
        // An abort that was stored before this write would have refused it.
        // What is live already may become stable.
        if truth.rollout.spec.paused, !was.promoteFull, truth.blueGreen == nil { found.append((.pauseIsObeyed, "\(status.stableRS) is promoted while spec.paused is set")) }
        if was.abort, !was.promoteFull { found.append((.abortIsObeyed, "\(status.stableRS) is promoted though the update was aborted")) }
        if let failed = failedRun(of: was), !was.promoteFull { found.append((.failedAnalysisStops, "\(status.stableRS) is promoted though \(failed) has failed")) }
        return found
    }

    /// Whether a version becomes stable though not all of its pods are ready.
    var promotesEarly: Bool {
        guard let (was, status) = statuses, !was.stableRS.isEmpty, was.stableRS != status.stableRS else { return false }
        return truth.readyPods(ofRevision: status.stableRS) < truth.total
    }

    /// A run of the update that was seen to fail so long ago that the decision must know it.
    private func failedRun(of was: RolloutStatus) -> String? {
        let runs: [RunStatus?] = [was.stepAnalysisRun, was.backgroundAnalysisRun, was.blueGreen.prePromotionRun, was.blueGreen.postPromotionRun]
        return runs.compactMap { $0?.name }.first { name in
            failures[name].map { write.at - $0 > .seconds(30) } ?? false
        }
    }

    private func steps(_ was: RolloutStatus, _ status: RolloutStatus, clocksAreRight: Bool) -> [Finding] {
        guard was.currentPodHash == status.currentPodHash, was.currentStepHash == status.currentStepHash, let old = was.currentStepIndex,
              let new = status.currentStepIndex, let steps = truth.canary?.steps, new != old else { return [] }
        var found: [Finding] = []
        let skips: Bool = new == steps.count && truth.isRollbackWithinWindow(to: status.currentPodHash, from: was.stableRS)
        let isForward: Bool = new == old + 1 || skips || (new == steps.count && (was.promoteFull || status.stableRS == status.currentPodHash))
        let isRestart: Bool = new == 0 && (was.abort || status.abort)
        if !isForward && !isRestart { found.append((.stepsInOrder, "the step moves from \(old) to \(new) of \(steps.count)")) }
        guard isForward, new == old + 1, old < steps.count else { return found }
        if let failed = failedRun(of: was), !was.promoteFull { found.append((.failedAnalysisStops, "step \(old) is completed though \(failed) has failed")) }
        guard clocksAreRight, !was.promoteFull, !skips, status.stableRS != status.currentPodHash, case .pause(let pause) = steps[old].kind else { return found }
        if let condition = was.pauseConditions.first(where: { $0.reason == .canaryPauseStep }) {
            guard let seconds = pause.duration?.seconds else { return found + [(.pausesLast, "the pause without end of step \(old) is ended by nobody")] }
            if write.at - condition.startTime < .seconds(seconds) {
                found.append((.pausesLast, "the pause of \(seconds) s at step \(old), begun at \(condition.startTime.rfc3339), is over early"))
            }
        } else if wishes.resumed?.step != old, !was.controllerPause {
            found.append((.pausesLast, "the pause at step \(old) is passed over"))
        }
        return found
    }

    // MARK: Runs

    func judgeRun() -> [Finding] {
        guard write.old == nil, let new = write.new else { return [] }
        func mark(_ run: JSONValue) -> [JSONValue?] {
            [TrueState.hashLabel, "rollout-type", "step-index"].map { run.at("metadata", "labels", $0) }
        }
        let rival: JSONValue? = truth.state.objects(of: .analysisRuns, namespace: write.key.namespace).first { run in
            let phase: String = run.at("status", "phase")?.stringValue ?? ""
            return TrueState.name(of: run) != write.key.name && mark(run) == mark(new) && ["", "Pending", "Running"].contains(phase)
                && run.at("spec", "terminate")?.boolValue != true
        }
        return rival.map { [(.oneRunAtATime, "\(write.key.name) is created though \(TrueState.name(of: $0)) has not ended")] } ?? []
    }

    // MARK: Back and forth

    /// Whether the write takes back what an earlier one has done, though nothing has happened that would be a reason.
    func turnedAround(_ state: inout WriteJudge.State) -> [Finding] {
        // Who has not heard yet of a wish, or that lost pods are back, may have to take back what he does meanwhile.
        guard wishIsKnown, let old = write.old, let new = write.new, !evicted.contains(where: { write.at < $0.until }) else { return [] }
        let value: (JSONValue) -> String?
        switch write.resource {
        case .replicaSets: value = { "\(TrueState.wanted($0))" }
        case .services: value = { $0.at("spec", "selector", TrueState.hashLabel)?.stringValue }
        case .httpRoutes:
            // The next revision may get what the one before has had to give back.
            let hash: String = truth.canary.map { truth.revision(ofService: $0.canaryService) } ?? ""
            value = { route in
                let weight: Int = truth.canaryWeight(ofRoute: route)
                return weight == 0 ? "0" : "\(weight) for \(hash)"
            }
        default: return []
        }
        guard let before = value(old), let after = value(new), before != after else { return [] }
        let object: String = "\(write.resource.resource) \(write.key.name)"
        var turn: WriteJudge.Turn = state.turns[object] ?? WriteJudge.Turn(cause: state.wishes.causes, values: [])
        if turn.cause != state.wishes.causes { turn = WriteJudge.Turn(cause: state.wishes.causes, values: []) }
        let isTaken: Bool = turn.values.contains(after)
        turn.values.append(before)
        state.turns[object] = turn
        return isTaken ? [(.noFlapping, "\(object) goes from \(before) back to \(after), after \(turn.values.joined(separator: ", "))")] : []
    }
}
