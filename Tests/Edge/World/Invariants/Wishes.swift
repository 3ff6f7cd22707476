import Clockwork
import EmbeddedAPIServer
import KubeModel
import RolloutModel
import StrictJSON

/// What people have asked for so far, read from their own writes.
///
/// A wish that arrives while the controller has not yet taken note of an earlier one may be for the version before or for the one after;
/// where that is open nothing is expected of it.
struct Wishes: Sendable {
    /// The update is to be given up: that of the revision, to the image that was stable.
    struct Abort: Sendable {
        var revision: String
        var stableImage: String
        var since: Timestamp
    }
    var abort: Abort?
    /// Whether everything was asked for at once, for this revision.
    var full: String?
    /// Whether an abort or a full promotion may or may not have counted.
    var isOpen: Bool = false
    /// Revision and step at which a person has ended a pause.
    var resumed: (revision: String, step: Int)?
    /// When anything was asked for last.
    var changedAt: Timestamp = .epoch
    var pausedSince: Timestamp?
    /// Counts everything that may turn a decision around.
    var causes: Int = 0
    /// Numbers of pods that were wanted lately, with the time until which a decision may be made from them.
    var totals: [(total: Int, until: Timestamp)] = []

    /// A person has written to the Rollout.
    mutating func note(from old: JSONValue?, to new: JSONValue, in truth: TrueState, at now: Timestamp, excusedUntil: Timestamp) {
        changedAt = now
        causes += 1
        // Both can be read: the server has stored them for the controller to read.
        guard let old, let before = try? Rollout(json: old), let after = try? Rollout(json: new) else { return }
        if before.spec.desiredReplicas != after.spec.desiredReplicas { totals.append((before.spec.desiredReplicas, excusedUntil)) }
        if after.spec.paused != before.spec.paused { pausedSince = after.spec.paused ? now : nil }
        if before.spec.template != after.spec.template {
            abort = nil
            full = nil
            resumed = nil
            isOpen = false
        }
        let (was, status): (RolloutStatus, RolloutStatus) = (before.status, after.status)
        let isSeen: Bool = was.observedGeneration == "\(before.metadata.generation)" && truth.image(ofRevision: was.currentPodHash) == truth.image
        let isUpdating: Bool = !was.stableRS.isEmpty && was.stableRS != was.currentPodHash
        if status.abort && !was.abort {
            resumed = nil
            if isSeen && isUpdating {
                abort = Abort(revision: was.currentPodHash, stableImage: truth.image(ofRevision: was.stableRS), since: now)
                full = nil
            } else {
                isOpen = true
            }
        }
        if was.abort && !status.abort {
            abort = nil
            resumed = nil
            // Whether this abort was acted upon before it was taken back changes nothing.
            isOpen = false
        }
        if status.promoteFull && !was.promoteFull {
            if isSeen && isUpdating && !was.abort {
                full = was.currentPodHash
            } else if was.abort || isUpdating || !isSeen {
                // After an abort that was acted upon it takes that back; before, the abort wins.
                isOpen = true
                abort = nil
            }
        }
        if !was.pauseConditions.isEmpty, status.pauseConditions.isEmpty, isSeen, was.controllerPause, let step = was.currentStepIndex {
            resumed = (was.currentPodHash, step)
        }
    }

    /// The numbers of pods that a decision which is carried out now may have been made for.
    func totals(now: Int, at instant: Timestamp) -> [Int] { [now] + totals.filter { instant < $0.until }.map(\.total) }
}
