import KubeModel
import RolloutModel
import StrictJSON

extension RolloutStatus {
    /// Members that count what can be counted again at any time, and what goes with the counts.
    private static let counters: Set<String> = [
        "replicas", "updatedReplicas", "readyReplicas", "availableReplicas", "HPAReplicas", "message",
    ]

    /// Whether this status may wait a moment for what else there will be to write: it differs from the stored one in counts of
    /// pods and in recorded weights only, both of which are read anew from ReplicaSets and routes by every decision.
    ///
    /// - Parameter difference: from the stored status to this one, as a merge patch.
    public func mayWait(_ difference: JSONValue, comparedWith stored: RolloutStatus) -> Bool {
        guard let members = difference.objectValue else { return false }
        for (key, value) in members {
            switch key {
            case _ where Self.counters.contains(key): continue
            case "canary":
                guard value.objectValue?.keys == ["weights"] else { return false }
            case "conditions":
                guard saysTheSame(as: stored) else { return false }
            default: return false
            }
        }
        return true
    }

    /// Whether the conditions differ in times and words alone.
    private func saysTheSame(as stored: RolloutStatus) -> Bool {
        func summary(_ status: RolloutStatus) -> Set<[String]> { Set(status.conditions.map { [$0.type, $0.status.rawValue, $0.reason] }) }
        return summary(self) == summary(stored)
    }
}
