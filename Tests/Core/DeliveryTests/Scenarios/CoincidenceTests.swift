import Clockwork
import StrictJSON
import Testing

/// What `make torture` has found: two things at the same time, each harmless alone.
@Suite("Things that coincide") struct CoincidenceTests {
    @Test("a promote during a pause by hand counts when that is over") func promotedWhileHeld() {
        var cluster = PauseAndPromotionTests.atPause([:], then: [["setWeight": 75], ["pause": [:]]])
        cluster.pause()
        cluster.settle()
        cluster.editStatus(["pauseConditions": .null])
        cluster.settle()
        #expect(cluster.step == 1 && cluster.phase == "Paused manually paused")
        cluster.unpause()
        cluster.settle()
        #expect(cluster.step == 3 && cluster.phase == "Paused CanaryPauseStep")
    }

    @Test("a promote counts though sizes change in the same decision") func promotedWhileResized() {
        var cluster = RoutedCanaryTests.updated([["pause": [:]], ["setWeight": 50], ["pause": [:]]])
        #expect(cluster.step == 0 && cluster.sizes == "v1: 4, v2: 0")
        cluster.setReplicas(6)
        cluster.editStatus(["pauseConditions": .null])
        cluster.settle()
        #expect(cluster.step == 2 && cluster.phase == "Paused CanaryPauseStep" && cluster.sizes == "v1: 6, v2: 3")
    }

    @Test("a pause by hand also holds the weight and the promotion after the last step") func heldAfterTheLastStep() {
        var cluster = RoutedCanaryTests.updated([["setWeight": 50]], limits: ["v2": 2])
        #expect(cluster.step == 1 && cluster.sizes == "v1: 4, v2: 4" && cluster.routeText == "50/50")
        cluster.pause()
        cluster.podLimit = [:]
        cluster.runPods()
        cluster.settle()
        #expect(cluster.routeText == "50/50" && cluster.stable == "v1" && cluster.phase == "Paused manually paused")
        cluster.unpause()
        cluster.settle()
        #expect(cluster.stable == "v2" && cluster.phase == "Healthy")
    }

    @Test("R37: with no pods wanted a routed update ends, and so do the pods of every version") func noPods() {
        var cluster = RoutedCanaryTests.updated()
        cluster.setReplicas(0)
        cluster.promote()
        cluster.settle()
        cluster.run(for: .seconds(120))
        #expect(cluster.stable == "v2" && cluster.sizes == "v1: 0, v2: 0" && cluster.phase == "Healthy")
        cluster.setReplicas(4)
        cluster.run(for: .seconds(120))
        #expect(cluster.sizes == "v1: 0, v2: 4" && cluster.phase == "Healthy" && cluster.routeText == "100/0")
        #expect(cluster.selected(by: "app-stable") == "v2")
    }

    @Test("an update that is begun with no pods wanted ends as well") func begunWithoutPods() {
        let cluster = RoutedCanaryTests.updated([["setWeight": 50]], replicas: 0)
        #expect(cluster.stable == "v2" && cluster.sizes == "v1: 0, v2: 0" && cluster.phase == "Healthy")
    }

    @Test("nobody is alarmed by old pods that are late to go") func lateToGo() {
        var cluster = RoutedCanaryTests.updated([["setWeight": 50]], canary: ["scaleDownDelaySeconds": 1000], spec: ["progressDeadlineSeconds": 60])
        #expect(cluster.stable == "v2")
        cluster.forget()
        cluster.run(for: .seconds(2000))
        #expect(cluster.sizes == "v1: 0, v2: 4" && cluster.phase == "Healthy")
        #expect(!cluster.journal.contains { $0.contains("Degraded") }, "\(cluster.journal)")
    }

    @Test("R34: a version that comes back while the number of pods changes is sized once") func broughtBackAndResized() {
        var cluster = RoutedCanaryTests.updated([["setWeight": 0], ["pause": [:]]], canary: ["scaleDownDelaySeconds": 1000])
        cluster.promoteFull()
        cluster.settle()
        #expect(cluster.stable == "v2" && cluster.sizes == "v1: 4, v2: 4")
        cluster.forget()
        cluster.setReplicas(10)
        cluster.setImage("v1")
        cluster.settle()
        #expect(!cluster.journal.contains { $0.hasPrefix("v1 4→10") }, "\(cluster.journal)")
        #expect(cluster.sizes == "v1: 0, v2: 10")
    }

    @Test("pods of a size that was taken back count for nothing before they are counted anew") func staleCounts() {
        var cluster = RoutedCanaryTests.updated([["setCanaryScale": ["replicas": 2]], ["pause": [:]], ["setWeight": 50], ["pause": [:]]])
        #expect(cluster.step == 1 && cluster.size("v2") == 2)
        // Somebody takes the pods away, and we give them back before their controller has counted.
        cluster.podsAreHeld = true
        cluster.editReplicaSet("v2", ["spec": ["replicas": 0]])
        cluster.settle()
        #expect(cluster.size("v2") == 2)
        cluster.promote()
        cluster.settle()
        #expect(cluster.routeText == "100/0" && cluster.step == 2)
        #expect(cluster.lastPlan?.waitsFor == "the pods of \(cluster.name("v2")) to be counted")
        cluster.podsAreHeld = false
        cluster.runPods()
        cluster.settle()
        #expect(cluster.routeText == "50/50" && cluster.step == 3)
    }

    @Test("nobody is alarmed when a promoted version, held for long, follows a new number of pods", arguments: [0, 2, 9])
    func resizedAfterHold(_ replicas: Int) {
        var cluster = ModelCluster(Manifest.rollout(steps: Manifest.guideSteps, spec: ["progressDeadlineSeconds": 60]))
        cluster.settle()
        cluster.pause()
        cluster.settle()
        cluster.run(for: .seconds(100))
        cluster.setReplicas(replicas)
        cluster.settle()
        cluster.forget()
        cluster.podsAreHeld = true
        cluster.unpause()
        cluster.settle()
        cluster.podsAreHeld = false
        cluster.runPods()
        cluster.settle()
        #expect(cluster.size("v1") == replicas && cluster.phase == "Healthy")
        #expect(!cluster.journal.contains { $0.contains("Degraded") }, "\(cluster.journal)")
    }

    @Test("a promoted version that gets no pods after a hold is told of once its deadline has passed since") func stuckAfterHold() {
        var cluster = ModelCluster(Manifest.rollout(steps: Manifest.guideSteps, spec: ["progressDeadlineSeconds": 60]))
        cluster.settle()
        cluster.pause()
        cluster.settle()
        cluster.run(for: .seconds(100))
        cluster.setReplicas(9)
        cluster.podLimit["v1"] = 4
        cluster.unpause()
        cluster.settle()
        cluster.run(for: .seconds(59))
        #expect(cluster.phase.hasPrefix("Progressing"), "\(cluster.phase)")
        cluster.run(for: .seconds(2))
        #expect(cluster.phase.hasPrefix("Degraded"), "\(cluster.phase)")
    }

    @Test("an abort ends no pods in favour of those that were just told to go") func abortedBeforeTheCount() {
        var cluster = ModelCluster(Manifest.rollout(
            replicas: 2, steps: [["setWeight": 50], ["pause": [:]], ["setWeight": 100], ["pause": [:]]], canary: ["maxSurge": 0]))
        cluster.settle()
        cluster.setImage("v2")
        cluster.settle()
        #expect(cluster.sizes == "v1: 1, v2: 1" && cluster.step == 1)
        cluster.podsAreHeld = true
        cluster.promote()
        cluster.settle()
        #expect(cluster.size("v1") == 0)
        cluster.abort()
        cluster.settle()
        #expect((cluster.size("v1") ?? 0) > 0 && (cluster.size("v2") ?? 0) > 0, "\(cluster.sizes) \(cluster.journal.suffix(6))")
        cluster.podsAreHeld = false
        cluster.runPods()
        cluster.settle()
        #expect(cluster.sizes == "v1: 2, v2: 0")
    }

    @Test("a routed Rollout that is promoted without pods leaves the route as it was") func promotedWithoutPods() {
        var cluster = RoutedCanaryTests.updated([["setWeight": 99], ["pause": [:]]])
        #expect(cluster.routeText == "1/99")
        cluster.pause()
        cluster.setReplicas(0)
        cluster.settle()
        cluster.unpause()
        cluster.promote()
        cluster.settle()
        cluster.run(for: .seconds(60))
        #expect(cluster.stable == "v2" && cluster.routeText == "100/0" && cluster.sizes == "v1: 0, v2: 0")
        cluster.setReplicas(3)
        cluster.settle()
        #expect(cluster.selected(by: "app-stable") == "v2" && cluster.routeText == "100/0" && cluster.phase == "Healthy")
    }
}
