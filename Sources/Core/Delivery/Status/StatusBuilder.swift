import Clockwork
import KubeModel
import RolloutModel

extension StatusDraft {
    /// Puts abort, pauses, conditions, phase and message into the status, in upstream's order.
    mutating func finish(_ situation: CanarySituation) {
        status.observedGeneration = "\(situation.rollout.metadata.generation)"
        abortOnDeadline(situation)
        setAbortAndPauses(situation)
        setConditions(situation)
        // In the same write: the next decision would find it missing and write again.
        _ = status.syncPause(spec: situation.spec, now: situation.now)
        setPhase(situation)
        announcePauses()
    }

    private mutating func abortOnDeadline(_ situation: CanarySituation) {
        guard situation.spec.progressDeadlineAbort, !isResize, !isAborted, !isCompleted, !situation.hasProgressed(status),
              !situation.isAtIndefiniteStep, !situation.waitsForScaleDown, situation.hasTimedOut else { return }
        requestAbort("\(situation.subject) has timed out progressing.")
    }

    private var isCompleted: Bool { !status.stableRS.isEmpty && status.stableRS == status.currentPodHash }

    private mutating func setAbortAndPauses(_ situation: CanarySituation) {
        if isAborted {
            status.abort = true
            status.abortedAt = persisted.abortedAt ?? situation.now.truncatedToSeconds
            // The abort is newer than a wish for full promotion, which would otherwise take it back.
            if persisted.abortedAt == nil { status.promoteFull = false }
            status.pauseConditions = []
            status.controllerPause = false
            return
        }
        status.abort = false
        status.abortedAt = nil
        guard !clearsPause else {
            status.pauseConditions = []
            status.controllerPause = false
            return
        }
        status.pauseConditions = persisted.pauseConditions.filter { !removedPauses.contains($0.reason) }
        status.controllerPause = persisted.controllerPause
        for reason in addedPauses where !persisted.pauseConditions.contains(where: { $0.reason == reason }) {
            status.pauseConditions.append(PauseCondition(reason: reason, startTime: situation.now))
            status.controllerPause = true
        }
        // A pause that somebody has ended stays ended until the step is completed, also where sizes or spec.paused come first.
        if status.pauseConditions.isEmpty { status.controllerPause = situation.isResumed && isStillAtPause(situation) }
    }

    private func isStillAtPause(_ situation: CanarySituation) -> Bool {
        if situation.blueGreen != nil { return situation.isStillBeforeSwitch(status) }
        guard case .pause = situation.currentStep?.kind else { return false }
        return status.currentStepIndex == persisted.currentStepIndex && status.currentPodHash == persisted.currentPodHash
            && status.currentStepHash == persisted.currentStepHash
    }

    private mutating func setConditions(_ situation: CanarySituation) {
        let now: Timestamp = situation.now
        status.remove(.invalidSpec)
        let isHealthy: Bool = situation.isHealthy(status)
        let isPaused: Bool = situation.spec.paused || !status.pauseConditions.isEmpty
        var becameUnhealthy: Bool = false
        if isHealthy && !isPaused {
            status.set(RolloutCondition(.healthy, .yes, reason: "RolloutHealthy", message: "Rollout is healthy", at: now))
        } else if let old = status.condition(.healthy) {
            becameUnhealthy = old.status == .yes
            status.set(RolloutCondition(.healthy, .no, reason: "RolloutHealthy", message: "Rollout is not healthy", at: now))
        }
        setProgressing(situation, isHealthy: isHealthy, becameUnhealthy: becameUnhealthy)
        let isAvailable: Bool = status.availableReplicas >= situation.total
            && (situation.blueGreen == nil || situation.replicaSet(withHash: status.blueGreen.activeSelector) != nil)
        status.set(RolloutCondition(
            .available, isAvailable ? .yes : .no, reason: "AvailableReason",
            message: isAvailable ? "Rollout has minimum availability" : "Rollout does not have minimum availability", at: now))
        setReplicaFailure(situation)
        let wasCompleted: RolloutCondition.Status? = status.condition(.completed)?.status
        status.set(RolloutCondition(
            .completed, isCompleted ? .yes : .no, reason: "RolloutCompleted", message: "RolloutCompleted", at: now))
        if !isCompleted && wasCompleted != .no {
            events.append(EventNote(
                .normal, .rolloutNotCompleted,
                "Rollout not completed, started update to revision \(situation.revisionText) (\(status.currentPodHash))"))
        }
    }

    private mutating func setProgressing(_ situation: CanarySituation, isHealthy: Bool, becameUnhealthy: Bool) {
        let now: Timestamp = situation.now
        var isClockRunning: Bool = false
        defer { noteLostPods(situation, isClockRunning: isClockRunning) }
        if isAborted {
            let detail: String = abortRequest.map { $0.isEmpty ? "" : ": \($0)" } ?? ""
            let message: String = "Rollout aborted update to revision \(situation.revisionText)\(detail)"
            if status.progressingReason != ProgressReason.aborted || !situation.guards.have(.abortToldOnce) {
                events.append(EventNote(.warning, .rolloutAborted, message))
            }
            status.set(RolloutCondition(.progressing, .no, reason: ProgressReason.aborted, message: message, at: now))
        } else if isHealthy && !((situation.spec.paused || !status.pauseConditions.isEmpty) && !isCompleted) {
            // A pause says so itself, and would take this back in the same write.
            status.set(RolloutCondition(
                .progressing, .yes, reason: ProgressReason.newReplicaSetAvailable,
                message: "\(situation.subject) has successfully progressed.", at: now))
        } else if situation.hasProgressed(status) || becameUnhealthy || endsHold(situation) {
            let lostPods: Bool = becameUnhealthy && isCompleted
            status.set(
                RolloutCondition(
                    .progressing, .yes,
                    reason: lostPods ? ProgressReason.replicaSetNotAvailable : ProgressReason.replicaSetUpdated,
                    message: lostPods ? "Rollout does not have minimum availability" : "\(situation.subject) is progressing.", at: now),
                always: true)
        } else if isCompleted && situation.newHadEnough {
            // All that is missing is that pods of older versions go: nobody waits for progress, so nobody is alarmed.
        } else if !situation.isAtIndefiniteStep && !situation.waitsForScaleDown && status.pauseConditions.isEmpty && !situation.spec.paused {
            isClockRunning = true
            if situation.hasTimedOut {
                status.set(RolloutCondition(
                    .progressing, .no, reason: ProgressReason.deadlineExceeded,
                    message: "\(situation.subject) has timed out progressing.", at: now))
            } else {
                wake(at: situation.progressDeadline)
            }
        }
    }

    /// Whether a person lets a promoted version go on, whose sizes could not follow while it was held: its clock starts anew.
    private func endsHold(_ situation: CanarySituation) -> Bool {
        isCompleted && persisted.condition(.paused)?.status == .yes && !situation.spec.paused && status.pauseConditions.isEmpty
    }

    private mutating func setReplicaFailure(_ situation: CanarySituation) {
        let candidates: [ReplicaSet] = (situation.roles.new.map { [$0] } ?? []) + situation.roles.all
        let failure: Condition? = candidates.lazy.compactMap { $0.status.conditions.condition("ReplicaFailure") }.first
        guard let failure else { return status.remove(.replicaFailure) }
        status.set(RolloutCondition(
            .replicaFailure, RolloutCondition.Status(rawValue: failure.status) ?? .unknown, reason: failure.reason,
            message: failure.message, at: situation.now))
    }

    mutating func setPhase(_ situation: CanarySituation) {
        let (phase, message) = phaseAndMessage(of: status, spec: situation.spec, total: situation.total, isBasic: situation.isBasic)
        status.phase = phase
        status.message = message
    }

    private mutating func announcePauses() {
        let was: Bool = !persisted.pauseConditions.isEmpty
        if let first = status.pauseConditions.first, !was {
            events.append(EventNote(.normal, .rolloutPaused, "Rollout is paused (\(first.reason.rawValue))"))
        } else if was, status.pauseConditions.isEmpty, !status.abort {
            events.append(EventNote(.normal, .rolloutResumed, "Rollout is resumed"))
        }
    }
}
