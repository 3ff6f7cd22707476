import Clockwork
import KubeModel
import RolloutModel
import StrictJSON

/// What users call enough: sizes that steps name, a threshold, and a window for rollbacks.
extension TrueState {
    /// The pods for a weight where no step has named a number.
    func canaryShare(ofWeight weight: Int, total: Int) -> Int {
        guard let canary else { return 0 }
        let share: Int = (weight * total + canary.maxTrafficWeight - 1) / canary.maxTrafficWeight
        return share == 0 ? 0 : max(share, min(canary.minPodsPerReplicaSet ?? 0, total))
    }

    /// The size by the nearest `setCanaryScale` at or before the current step; nil where the weight decides.
    func namedCanary(total: Int) -> Int? {
        guard let canary, let index = rollout.status.currentStepIndex, index < canary.steps.count else { return nil }
        for step in canary.steps[...index].reversed() {
            guard case .setCanaryScale(let scale) = step.kind else { continue }
            return scale.matchesTrafficWeight ? nil : scale.replicas ?? scale.weight.map { canaryShare(ofWeight: $0, total: total) }
        }
        return nil
    }

    /// Whether so many ready pods may stand for so many wanted ones.
    func isEnough(_ ready: Int, of wanted: Int) -> Bool { canary?.progressThreshold?.isMet(available: ready, of: wanted) ?? (ready >= wanted) }

    /// Whether so many ready pods may carry a weight: its share, or what a step names for it, or what of that is called enough.
    func mayCarry(_ weight: Int, ready: Int, total: Int) -> Bool {
        let most: Int = canary?.maxTrafficWeight ?? 100
        if ready * most >= weight * total { return true }
        let share: Int = (weight * total + most - 1) / most
        return isEnough(ready, of: namedCanary(total: total).map { min(share, max(1, $0)) } ?? share)
    }

    /// Whether a return to a revision goes without steps: it is older than the stable one, with few enough between them.
    func isRollbackWithinWindow(to revision: String, from stable: String) -> Bool {
        func age(_ replicaSet: JSONValue?) -> String { replicaSet?.at("metadata", "creationTimestamp")?.stringValue ?? "" }
        let (new, old): (String, String) = (age(replicaSet(ofRevision: revision)), age(replicaSet(ofRevision: stable)))
        // All are of one form, so that their order is that of the letters.
        guard rollout.spec.rollbackWindow > 0, !new.isEmpty, new < old else { return false }
        return replicaSets.filter { age($0) > new && age($0) < old }.count < rollout.spec.rollbackWindow
    }
}
