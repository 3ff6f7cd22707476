import Clockwork
import RolloutModel

/// How many pods a version had before it lost some: pods that only come back are no progress (R12).
///
/// It stands in a condition of ours from the moment in which counts fall without any progress until the next progress, so that a
/// crash loop, whose pods are ready and not ready in turn, does not move its deadline for ever.
struct LostPods: Sendable, Equatable {
    var ready: Int
    var available: Int

    /// The highest counts since the last progress, as far as a status tells.
    init(before status: RolloutStatus) {
        let noted: LostPods? = status.condition(.podsLost).flatMap { LostPods(message: $0.message) }
        ready = max(status.readyReplicas, noted?.ready ?? 0)
        available = max(status.availableReplicas, noted?.available ?? 0)
    }

    /// Nil for a message of another form, which then does not count.
    private init?(message: String) {
        let words: [Substring] = message.split(separator: " ")
        guard words.count >= 4, words[1] == "ready,", words[3] == "available", let ready = Int(words[0]), let available = Int(words[2]) else {
            return nil
        }
        self.ready = ready
        self.available = available
    }

    func isExceeded(by status: RolloutStatus) -> Bool { status.readyReplicas > ready || status.availableReplicas > available }

    func condition(at now: Timestamp) -> RolloutCondition {
        RolloutCondition(
            .podsLost, .yes, reason: "PodsWereLost",
            message: "\(ready) ready, \(available) available pods were reached before some were lost; only more than that is progress", at: now)
    }
}

extension StatusDraft {
    /// Notes what was reached where pods were lost and the clock for progress goes on; forgets it where the clock starts anew or stands.
    mutating func noteLostPods(_ situation: CanarySituation, isClockRunning: Bool) {
        let before = LostPods(before: persisted)
        guard isClockRunning, !isResize, before.ready > status.readyReplicas || before.available > status.availableReplicas else {
            return status.remove(.podsLost)
        }
        status.set(before.condition(at: situation.now))
    }
}
