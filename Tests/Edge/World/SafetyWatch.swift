import KubeModel
import RolloutModel
import SimulatedCluster

/// Looks at the server's true state at each write of the controller, and says what was unsafe about it, in words.
package final class SafetyWatch: Sendable {
    /// The rules about traffic and pods, which hold in every world; the others are for histories in which all that people do is known.
    private static let rules: Set<Invariant> = [
        .weightNeedsReadyPods, .weightWithinCapacity, .selectorNeedsReadyPods, .servingKeepsPods, .availabilityFloor, .surgeCeiling,
        .switchIsComplete, .gatesHold, .wayBackStays, .promotionIsComplete, .foreignPartsStay, .oneReplicaSetPerVersion,
    ]

    private let judge: WriteJudge
    private let seed: UInt64

    package init(_ world: World, rollout name: String = "my-app") {
        judge = WriteJudge(world, rollout: name)
        seed = world.seed
    }

    /// What was unsafe, in order; empty is what is expected.
    package var violations: [String] { judge.violations.filter { Self.rules.contains($0.invariant) }.map { "seed \(seed): \($0)" } }
}

package extension SimulatedCluster {
    /// What the gateway does for the routes of a Rollout.
    func programmedRoutes(of rollout: Rollout) -> [ProgrammedRoute] {
        guard let routing = rollout.spec.canary?.trafficRouting else { return [] }
        return routing.httpRoutes.compactMap { programmedRoute(ObjectKey(namespace: routing.namespace ?? rollout.metadata.namespace, name: $0)) }
    }
}

package extension ProgrammedRoute {
    func sends(to service: String) -> Bool { rules.joined().contains { $0.name == service && $0.weight > 0 } }
}
