import Clockwork
import KubeModel
import RolloutModel
import SimulatedCluster
import StrictJSON

/// What the version that a blue-green Rollout is about to bring live has passed, as people and the controller have written it.
///
/// It is kept beside the controller, from the writes alone, so that a gate which one version has passed and that is then counted for another
/// one is seen.
struct BlueGreenGates: Sendable {
    /// Since when the version has to pass them: it came, or somebody asked to try it again.
    var since: Timestamp = .epoch
    /// Whether a person, or its time, has ended the pause.
    var hasPassedPause: Bool = false
    /// Whether the version was let past all of them: it came back within its delay or the window, or everything was asked for at once.
    var isExempt: Bool = false
    /// When the active Service was moved to the version.
    var switchedAt: Timestamp?
    /// When the active Service has left a version, by its revision.
    var leftAt: [String: Timestamp] = [:]
    /// Versions whose update was given up: another delay is theirs.
    var givenUp: Set<String> = []

    /// How often what is rare was seen.
    var fastRollbacks: Int = 0
    var returns: Int = 0
    var growths: Int = 0
    var cutShort: Int = 0

    /// A write to the Rollout, by a person or by the controller.
    mutating func note(_ was: RolloutStatus, _ status: RolloutStatus, at now: Timestamp) {
        if status.currentPodHash != was.currentPodHash {
            begin(at: now)
        } else if was.abort, !status.abort, was.abortedAt != nil {
            // A first try counts for nothing any more. An abort that was taken back before it was acted upon has changed nothing.
            begin(at: now)
        }
        if status.abortedAt != nil, was.abortedAt == nil {
            hasPassedPause = false
            isExempt = false
            givenUp.insert(status.currentPodHash)
        }
        if !status.abort, Self.isPaused(was), !Self.isPaused(status), status.currentPodHash == was.currentPodHash { hasPassedPause = true }
        if !status.stableRS.isEmpty, status.stableRS == status.currentPodHash { givenUp.remove(status.stableRS) }
        if status.blueGreen.scaleUpPreviewCheckPoint, !was.blueGreen.scaleUpPreviewCheckPoint { growths += 1 }
    }

    private mutating func begin(at now: Timestamp) {
        since = now
        hasPassedPause = false
        isExempt = false
        switchedAt = nil
    }

    static func isPaused(_ status: RolloutStatus) -> Bool { status.pauseConditions.contains { $0.reason == .blueGreenPause } }
}

extension JudgedWrite {
    /// Takes note of what this write, which has been judged, has moved.
    func note(in gates: inout BlueGreenGates) {
        guard let blueGreen = truth.blueGreen else { return }
        if let (was, status) = statuses { gates.note(was, status, at: write.at) }
        if write.resource == .replicaSets, let old = write.old, let new = write.new, TrueState.wanted(new) == 0, TrueState.wanted(old) > 0,
           gates.leftAt[TrueState.hash(of: new)] != nil, isBeyondLimit(TrueState.hash(of: new), blueGreen) {
            gates.cutShort += 1
        }
        guard write.resource == .services, write.key.name == blueGreen.activeService else { return }
        let status: RolloutStatus = truth.rollout.status
        let hashes: [String] = [write.old, write.new].map { $0?.at("spec", "selector", TrueState.hashLabel)?.stringValue ?? "" }
        guard hashes[0] != hashes[1] else { return }
        gates.leftAt[hashes[0]] = write.at
        gates.leftAt[hashes[1]] = nil
        if hashes[1] == status.stableRS {
            if status.abort { gates.returns += 1 }
        } else {
            gates.switchedAt = write.at
            gates.isExempt = isExempt(hashes[1])
            if isFastRollback(hashes[1]) { gates.fastRollbacks += 1 }
        }
    }

    // MARK: Services

    /// A write to one of the Services of a blue-green Rollout.
    func judgeBlueGreenService(_ blueGreen: BlueGreenStrategy, from before: String, to after: String) -> [Finding] {
        let name: String = write.key.name
        let status: RolloutStatus = truth.rollout.status
        guard before != after else { return [] }
        // An abort, and a version that is gone, lead back to the stable one whatever else is asked for.
        let isWayBack: Bool = after == status.stableRS && after != status.currentPodHash
        var found: [Finding] = []
        if wishes.pausedSince != nil, wishIsKnown, !isWayBack {
            found.append((.pauseIsObeyed, "service \(name) is pointed from \(before) to \(after) while spec.paused is set"))
        }
        guard name == blueGreen.activeService, !status.stableRS.isEmpty, after != status.stableRS else { return found }
        if let abort = wishes.abort, abort.revision == after, wishIsKnown {
            found.append((.abortIsObeyed, "service \(name) is pointed to \(after), \(write.at - abort.since) after the abort"))
        }
        let ready: Int = readyPods(after)
        if ready < least { found.append((.switchIsComplete, "service \(name) is pointed to \(after) with \(ready) of \(truth.total) pods ready")) }
        if after != status.currentPodHash {
            found.append((.switchIsComplete, "service \(name) is pointed to \(after), the new revision is \(status.currentPodHash)"))
        }
        return found + gatesBeforeSwitch(blueGreen, to: after)
    }

    /// What has to come before a version goes live.
    private func gatesBeforeSwitch(_ blueGreen: BlueGreenStrategy, to hash: String) -> [Finding] {
        guard !isExempt(hash) else { return [] }
        let status: RolloutStatus = truth.rollout.status
        var found: [Finding] = []
        if blueGreen.prePromotionAnalysis != nil, let problem = whyUnproven(status.blueGreen.prePromotionRun, of: hash, since: gates.since) {
            found.append((.gatesHold, "\(hash) goes live before its analysis: \(problem)"))
        }
        if (!blueGreen.isAutoPromoted || blueGreen.autoPromotionSeconds > 0), !gates.hasPassedPause, !pauseIsOver(status, blueGreen) {
            found.append((.gatesHold, "\(hash) goes live though nobody has promoted it"))
        }
        return found
    }

    /// Whether the pause that stands in the status is over by its time.
    private func pauseIsOver(_ status: RolloutStatus, _ blueGreen: BlueGreenStrategy) -> Bool {
        guard blueGreen.isAutoPromoted, let pause = status.pauseConditions.first(where: { $0.reason == .blueGreenPause }) else { return false }
        return !clocksAreRight || write.at - pause.startTime >= .seconds(Int64(blueGreen.autoPromotionSeconds))
    }

    /// Whether a version goes live without pause and analysis: it comes back within its delay or the window, or all was asked for at once.
    func isExempt(_ hash: String) -> Bool {
        let status: RolloutStatus = truth.rollout.status
        return gates.isExempt || status.promoteFull || truth.isRollbackWithinWindow(to: hash, from: status.stableRS) || isFastRollback(hash)
    }

    func isFastRollback(_ hash: String) -> Bool {
        let status: RolloutStatus = truth.rollout.status
        guard !status.abort, status.abortedAt == nil, let new = truth.replicaSet(ofRevision: hash),
              let stable = truth.replicaSet(ofRevision: status.stableRS),
              let text = new.at("metadata", "annotations", TrueState.deadlineAnnotation)?.stringValue, let end = try? Timestamp(rfc3339: text) else { return false }
        func age(_ replicaSet: JSONValue) -> String { replicaSet.at("metadata", "creationTimestamp")?.stringValue ?? "" }
        return age(new) <= age(stable) && (!clocksAreRight || write.at < end + max(grace, .seconds(2)))
    }

    /// Nil: the run has succeeded, and is that of this version and of this try.
    private func whyUnproven(_ recorded: RunStatus?, of hash: String, since: Timestamp) -> String? {
        guard let recorded, let run = truth.state.object(.analysisRuns, ObjectKey(namespace: truth.namespace, name: recorded.name)) else {
            return "there is none"
        }
        if run.at("status", "phase")?.stringValue != "Successful" { return "\(recorded.name) is \(run.at("status", "phase")?.stringValue ?? "new")" }
        if TrueState.hash(of: run) != hash { return "\(recorded.name) is that of \(TrueState.hash(of: run))" }
        let created: Timestamp = run.at("metadata", "creationTimestamp")?.stringValue.flatMap { try? Timestamp(rfc3339: $0) } ?? .epoch
        return created < since.truncatedToSeconds ? "\(recorded.name) was made before this version was asked for" : nil
    }

    // MARK: The Rollout

    func judgeBlueGreenRollout(_ blueGreen: BlueGreenStrategy, _ was: RolloutStatus, _ status: RolloutStatus) -> [Finding] {
        var found: [Finding] = []
        let isSame: Bool = was.currentPodHash == status.currentPodHash
        if isSame, BlueGreenGates.isPaused(was), !BlueGreenGates.isPaused(status), !status.abort, was.stableRS != status.currentPodHash,
           !isExempt(status.currentPodHash), !was.promoteFull, truth.revision(ofService: blueGreen.activeService) != status.currentPodHash, !pauseIsOver(was, blueGreen) {
            found.append((.pausesLast, "the pause of \(status.currentPodHash) is ended by nobody"))
        }
        if isSame, gates.hasPassedPause, !BlueGreenGates.isPaused(was), BlueGreenGates.isPaused(status) {
            found.append((.userChangesStay, "\(status.currentPodHash) pauses again though its pause was over"))
        }
        if status.blueGreen.scaleUpPreviewCheckPoint, was.currentPodHash != status.currentPodHash {
            found.append((.gatesHold, "\(status.currentPodHash) begins with what \(was.currentPodHash) has passed"))
        }
        guard !was.stableRS.isEmpty, was.stableRS != status.stableRS else { return found }
        let active: String = truth.revision(ofService: blueGreen.activeService)
        if active != status.stableRS {
            found.append((.promotionIsComplete, "\(status.stableRS) is promoted while \(blueGreen.activeService) selects \(active)"))
        }
        if blueGreen.postPromotionAnalysis != nil, !isExempt(status.stableRS), !was.promoteFull,
           let problem = whyUnproven(was.blueGreen.postPromotionRun, of: status.stableRS, since: gates.switchedAt ?? gates.since) {
            found.append((.gatesHold, "\(status.stableRS) is promoted before its analysis: \(problem)"))
        }
        return found
    }

    // MARK: ReplicaSets

    /// What the active Service selects keeps its pods, and so does what it has just left.
    func judgeBlueGreenShrinking(_ blueGreen: BlueGreenStrategy, _ name: String, _ hash: String, _ before: Int, _ after: Int) -> [Finding] {
        let active: String = truth.revision(ofService: blueGreen.activeService)
        if hash == active, after < min(before, least) {
            return [(.servingKeepsPods, "\(name) is scaled from \(before) to \(after) while \(blueGreen.activeService) selects it")]
        }
        let status: RolloutStatus = truth.rollout.status
        if hash == status.stableRS, hash != status.currentPodHash, after < min(before, least) {
            return [(.wayBackStays, "\(name), the stable version, is scaled from \(before) to \(after)")]
        }
        // One that is asked for again begins as any other does.
        guard clocksAreRight, hash != status.currentPodHash || status.abort, after < min(before, least), let left = gates.leftAt[hash], write.at < left + delay(of: hash, blueGreen) - .seconds(1),
              !isBeyondLimit(hash, blueGreen) else { return [] }
        return [(.wayBackStays, "\(name) is scaled from \(before) to \(after), \(write.at - left) after \(blueGreen.activeService) has left it")]
    }

    private func delay(of hash: String, _ blueGreen: BlueGreenStrategy) -> Duration {
        let usual: Int = blueGreen.scaleDownDelaySeconds ?? 30
        return .seconds(Int64(gates.givenUp.contains(hash) ? min(usual, blueGreen.abortScaleDownDelaySeconds ?? 30) : usual))
    }

    /// Whether as many newer versions as may wait out their delay have pods.
    func isBeyondLimit(_ hash: String, _ blueGreen: BlueGreenStrategy) -> Bool {
        guard let limit = blueGreen.scaleDownDelayRevisionLimit else { return false }
        let status: RolloutStatus = truth.rollout.status
        func number(_ replicaSet: JSONValue?) -> Int {
            replicaSet?.at("metadata", "annotations", "rollout.argoproj.io/revision")?.stringValue.flatMap { Int($0) } ?? 0
        }
        let own: Int = number(truth.replicaSet(ofRevision: hash))
        return truth.replicaSets.filter { entry in
            ![status.stableRS, status.currentPodHash].contains(TrueState.hash(of: entry)) && TrueState.wanted(entry) > 0 && number(entry) > own
        }.count >= limit
    }
}
