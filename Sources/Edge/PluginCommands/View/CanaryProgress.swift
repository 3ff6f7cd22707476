import KubeModel
import RolloutModel
import StrictJSON

/// Where a canary stands among its steps, as numbers for people.
struct CanaryProgress: Sendable, Equatable {
    /// `1/6`; empty without steps or before the first was begun.
    var step: String
    /// The weight that the steps ask for, not the one in force.
    var setWeight: Int
    var actualWeight: Int

    /// - Parameter replicaSets: those of the Rollout; the canary among them is looked for.
    init(of rollout: Rollout, canary: CanaryStrategy, replicaSets: [ReplicaSet]) {
        let status: RolloutStatus = rollout.status
        let steps: [CanaryStep] = canary.steps
        let index: Int = max(0, status.currentStepIndex ?? 0)
        let isAtEnd: Bool = index >= steps.count
        step = status.currentStepIndex.flatMap { steps.isEmpty ? nil : "\($0)/\(steps.count)" } ?? ""

        if status.abort {
            setWeight = 0
        } else if isAtEnd {
            setWeight = canary.maxTrafficWeight
        } else {
            setWeight = steps[...index].reversed().lazy.compactMap(\.weight).first ?? 0
        }

        if isAtEnd {
            actualWeight = canary.maxTrafficWeight
        } else if status.availableReplicas <= 0 {
            actualWeight = 0
        } else if canary.trafficRouting != nil {
            actualWeight = status.weights?.canary.weight ?? setWeight
        } else {
            let set: ReplicaSet? = replicaSets.last { ReplicaSetTag.tags(of: $0, in: rollout).contains(.canary) }
            actualWeight = (set?.status.availableReplicas ?? 0) * canary.maxTrafficWeight / status.availableReplicas
        }
    }
}

extension CanaryStep {
    /// The weight that this step sets; nil for other steps.
    fileprivate var weight: Int? {
        switch kind {
        case .setWeight(let weight): weight
        case .pause, .analysis, .setCanaryScale, .unsupported, .malformed: nil
        }
    }
}
