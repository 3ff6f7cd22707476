import Clockwork
@testable import Controllers
import KubeModel
import RolloutModel
import StrictJSON
import Testing

@Suite("Statuses that are held back") struct HeldStatusesTests {
    private static let start = Timestamp(secondsSince1970: 1_772_000_000)
    private static let stored: TrafficWeights = weights(0)

    private static func weights(_ weight: Int) -> TrafficWeights {
        TrafficWeights(
            canary: .init(weight: weight, serviceName: "canary", podTemplateHash: "v2"),
            stable: .init(weight: 100 - weight, serviceName: "stable", podTemplateHash: "v1"), isVerified: weight == 0)
    }

    private func made(version: String, weights: TrafficWeights = stored, uid: String = "u1") throws -> Rollout {
        var status = RolloutStatus()
        status.replicas = 5
        status.weights = weights
        return try Rollout(json: [
            "apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout",
            "metadata": ["name": "web", "namespace": "shop", "uid": .string(uid), "resourceVersion": .string(version)],
            "spec": ["replicas": 5], "status": status.json,
        ])
    }

    /// Six pods, and a fifth of the traffic.
    private func held(_ statuses: HeldStatuses, of rollout: Rollout, at instant: Timestamp = start) -> Timestamp? {
        var status: RolloutStatus = rollout.status
        status.replicas = 6
        status.weights = Self.weights(20)
        return statuses.hold(status, of: rollout, now: instant)
    }

    @Test("are decided from as if they were stored") func present() throws {
        let statuses = HeldStatuses()
        let rollout: Rollout = try made(version: "7")
        #expect(statuses.present(rollout) == rollout.status)
        #expect(held(statuses, of: rollout) == Self.start + HeldStatuses.patience)
        #expect(statuses.present(rollout).replicas == 6)
        #expect(statuses.present(rollout).weights == Self.weights(20))
        statuses.forget(rollout.key)
        #expect(statuses.present(rollout) == rollout.status)
    }

    @Test("are written after a while, however often they change") func patience() throws {
        let statuses = HeldStatuses()
        let rollout: Rollout = try made(version: "7")
        #expect(held(statuses, of: rollout) == Self.start + HeldStatuses.patience)
        #expect(held(statuses, of: rollout, at: Self.start + .milliseconds(1900)) == Self.start + HeldStatuses.patience)
        #expect(held(statuses, of: rollout, at: Self.start + HeldStatuses.patience) == nil)
    }

    @Test("leave their weights when a user writes meanwhile") func userWrites() throws {
        let statuses = HeldStatuses()
        _ = held(statuses, of: try made(version: "7"))
        let written: RolloutStatus = statuses.present(try made(version: "8"))
        #expect(written.replicas == 5, "counts are counted anew")
        #expect(written.weights == Self.weights(20), "what a route carries is not forgotten")
        #expect(held(statuses, of: try made(version: "8"), at: Self.start + HeldStatuses.patience) == nil, "and it waits no longer for that")
    }

    @Test("give way to weights that somebody else has written, and to another Rollout of the name") func others() throws {
        let statuses = HeldStatuses()
        _ = held(statuses, of: try made(version: "7"))
        #expect(statuses.present(try made(version: "8", weights: Self.weights(60))).weights == Self.weights(60))
        let another: Rollout = try made(version: "9", uid: "u2")
        #expect(statuses.present(another) == another.status)
        #expect(held(statuses, of: another, at: Self.start + .seconds(5)) == Self.start + .seconds(5) + HeldStatuses.patience)
    }
}
