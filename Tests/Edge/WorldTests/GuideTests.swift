import Clockwork
import KubeModel
import RolloutModel
import StrictJSON
import Testing

@Suite("The manifests of the guides, unchanged") struct GuideTests {
    @Test("run to their end in virtual time") func promotes() throws {
        let outcome = try World.run(seed: 1) { world in
            try await world.applyExample("guide/my-app.yaml")
            _ = try await world.waitHealthy()
            let started: Timestamp = world.clock.now
            try await world.setImage("myapp:v3.0")
            let paused: Rollout = try await world.waitFor("the first pause") { $0.status.phase == .paused }
            #expect(paused.status.currentStepIndex == 1)
            let done: Rollout = try await world.waitHealthy()
            #expect(world.clock.now - started > .seconds(25 * 60))
            return (done.status, try await world.replicaSets().map(\.replicas), await world.events())
        }
        print(outcome.result.2.joined(separator: "\n"))
        #expect(outcome.result.1 == [0, 10])
        #expect(outcome.foreignJobs == 0)
    }
}
