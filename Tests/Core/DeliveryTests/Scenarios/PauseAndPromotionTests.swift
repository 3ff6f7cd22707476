import Clockwork
import StrictJSON
import Testing

@Suite("Pauses and what people do about them") struct PauseAndPromotionTests {
    static func atPause(_ pause: JSONValue, then rest: [JSONValue] = []) -> ModelCluster {
        BasicCanaryTests.updated([["setWeight": 50], ["pause": pause]] + rest)
    }

    @Test("a timed pause ends on the second it is due", arguments: [["duration": 60], ["duration": "60"], ["duration": "1m"], ["duration": "60.9s"]] as [JSONValue])
    func edge(_ pause: JSONValue) {
        var cluster = Self.atPause(pause)
        let start: Timestamp = cluster.status.pauseConditions[0].startTime
        #expect(cluster.lastPlan?.wakeAt == start + .seconds(60))
        cluster.now = start + .milliseconds(59_999)
        cluster.settle()
        #expect(cluster.step == 1)
        cluster.now = start + .seconds(60)
        cluster.settle()
        #expect(cluster.step == 2 && cluster.phase == "Healthy")
    }

    @Test("a controller that slept through the end of a pause goes on one second later all the same") func late() {
        var cluster = Self.atPause(["duration": 60])
        cluster.advance(by: .seconds(61))
        #expect(cluster.step == 2)
    }

    @Test("a pause without duration waits for a person, however long") func manual() {
        var cluster = Self.atPause([:])
        cluster.run(for: .seconds(365 * 86_400))
        #expect(cluster.phase == "Paused CanaryPauseStep" && cluster.step == 1 && cluster.lastPlan?.wakeAt == nil)
        #expect(cluster.lastPlan?.waitsFor == "somebody to promote or abort")
    }

    @Test("promote resumes one pause; the next one is honoured") func promoteOnce() {
        var cluster = Self.atPause([:], then: [["pause": [:]], ["setWeight": 75]])
        cluster.promote()
        cluster.settle()
        #expect(cluster.step == 2 && cluster.phase == "Paused CanaryPauseStep")
        cluster.promote()
        cluster.settle()
        #expect(cluster.phase == "Healthy" && cluster.stable == "v2")
    }

    @Test("promote skips a step that is not a pause") func promoteSkips() {
        var cluster = BasicCanaryTests.updated([["setWeight": 25], ["pause": [:]], ["setWeight": 75], ["pause": [:]]], limits: ["v2": 0])
        #expect(cluster.step == 0)
        cluster.promote()
        cluster.settle()
        #expect(cluster.step == 1 && cluster.phase == "Paused CanaryPauseStep")
    }

    @Test("skipping a pause leaves nothing of it to the next one") func skip() {
        var cluster = Self.atPause(["duration": 60], then: [["setWeight": 75], ["pause": ["duration": 60]]])
        cluster.advance(by: .seconds(50))
        cluster.skipStep()
        cluster.settle()
        #expect(cluster.step == 3 && cluster.phase == "Paused CanaryPauseStep")
        cluster.advance(by: .seconds(59))
        #expect(cluster.step == 3)
        cluster.advance(by: .seconds(1))
        #expect(cluster.step == 4)
    }

    @Test("promote in full passes over steps and pauses, and clears the wish") func promoteFull() {
        var cluster = BasicCanaryTests.updated([["setWeight": 25], ["pause": [:]], ["setWeight": 50], ["pause": [:]]])
        cluster.promoteFull()
        cluster.settle()
        #expect(cluster.phase == "Healthy" && cluster.stable == "v2" && cluster.step == 4 && !cluster.status.promoteFull)
        #expect(cluster.events.last?.message.hasSuffix(": Full promotion requested") == true)
    }

    @Test("promote in full takes back an abort that was acted upon") func promoteFullAfterAbort() {
        var cluster = Self.atPause([:])
        cluster.abort()
        cluster.settle()
        cluster.promoteFull()
        cluster.settle()
        #expect(!cluster.status.abort && cluster.stable == "v2" && cluster.phase == "Healthy")
    }

    @Test("R05: an abort after promote in full wins, also while pods are resized") func abortAfterPromoteFull() {
        for resizes in [false, true] {
            var cluster = BasicCanaryTests.updated([["setWeight": 25], ["pause": [:]]], limits: ["v2": 1])
            cluster.promoteFull()
            cluster.settle()
            #expect(cluster.stable == "v1" && cluster.step == 2)
            if resizes { cluster.setReplicas(6) }
            cluster.abort()
            cluster.settle()
            #expect(cluster.status.abort && !cluster.status.promoteFull && cluster.stable == "v1", "resizes \(resizes)")
            #expect(cluster.size("v2") == 0 && cluster.size("v1") == (resizes ? 6 : 4))
        }
    }

    @Test("spec.paused holds sizes and steps until it is gone") func specPaused() {
        var cluster = BasicCanaryTests.updated([["setWeight": 25], ["pause": ["duration": 30]]])
        cluster.pause()
        cluster.settle()
        #expect(cluster.phase == "Paused manually paused")
        cluster.run(for: .seconds(3600))
        #expect(cluster.step == 1 && cluster.sizes == "v1: 3, v2: 1")
        cluster.unpause()
        cluster.settle()
        #expect(cluster.step == 2 && cluster.phase == "Healthy")
    }

    @Test("an abort at every step takes the pods back; a retry begins anew", arguments: 0...4) func abortAndRetry(_ promotions: Int) {
        var cluster = BasicCanaryTests.updated(
            [["setWeight": 25], ["pause": [:]], ["setWeight": 50], ["pause": [:]], ["setWeight": 75], ["pause": [:]], ["setWeight": 90], ["pause": [:]]])
        for _ in 0..<min(promotions, 3) {
            cluster.promote()
            cluster.settle()
        }
        if promotions == 4 { cluster.setReplicas(8) }
        cluster.forget()
        cluster.abort()
        cluster.settle()
        let total: Int = promotions == 4 ? 8 : 4
        #expect(cluster.sizes == "v1: \(total), v2: 0" && cluster.step == 0 && cluster.status.abort && cluster.status.abortedAt != nil)
        #expect(cluster.phase == "Degraded RolloutAborted: Rollout aborted update to revision 2")
        #expect(cluster.reasons.filter { $0 == "RolloutAborted" }.count == 1 && !cluster.reasons.contains("RolloutResumed"))
        #expect(cluster.status.pauseConditions.isEmpty && cluster.condition("Paused") == "True/RolloutPaused")
        cluster.forget()
        cluster.retry()
        cluster.settle()
        #expect(cluster.journal.first?.contains("Pg=Unknown/RolloutRetry") == true)
        #expect(cluster.step == 1 && cluster.phase == "Paused CanaryPauseStep" && cluster.status.abortedAt == nil)
        #expect(!cluster.reasons.contains("RolloutNotCompleted"))
        while cluster.stable != "v2", cluster.problems.isEmpty {
            cluster.promote()
            cluster.settle()
        }
        #expect(cluster.phase == "Healthy")
    }

    @Test("a retry that comes while the abort still changes sizes begins at the first step") func quickRetry() {
        var cluster = BasicCanaryTests.updated([["setWeight": 25], ["pause": [:]], ["setWeight": 75], ["pause": [:]]])
        cluster.promote()
        cluster.settle()
        cluster.abort()
        cluster.apply(cluster.decideNow())
        #expect(cluster.step == 0)
        cluster.retry()
        cluster.settle()
        #expect(cluster.step == 1 && cluster.sizes == "v1: 3, v2: 1")
    }

    @Test("the sequence of events of an abort and a retry is upstream's") func eventSequence() {
        var cluster = BasicCanaryTests.updated([["setWeight": 50], ["pause": ["duration": "3s"]]], replicas: 1)
        cluster.abort()
        cluster.settle()
        cluster.retry()
        cluster.settle()
        cluster.run(for: .seconds(3))
        #expect(cluster.reasons == [
            "RolloutUpdated", "NewReplicaSetCreated", "RolloutNotCompleted", "ScalingReplicaSet", "RolloutStepCompleted", "RolloutPaused",
            "ScalingReplicaSet", "RolloutAborted", "ScalingReplicaSet", "RolloutStepCompleted", "RolloutPaused", "RolloutStepCompleted",
            "RolloutResumed", "ScalingReplicaSet", "RolloutCompleted",
        ])
    }
}
