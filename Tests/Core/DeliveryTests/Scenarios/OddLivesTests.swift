import Clockwork
import Delivery
import StrictJSON
import Testing

/// What happens to Rollouts beside releases: each ends in a safe state that explains itself.
@Suite("Odd lives") struct OddLivesTests {
    /// What a backup without statuses leaves of a Rollout.
    private func loseStatus(_ cluster: inout ModelCluster) {
        cluster.rollout["status"] = .none
        cluster.forget()
    }

    @Test("a status that is lost in the middle of a canary: the version that serves stays stable, and the canary starts over", arguments: [true, false])
    func withoutStatus(_ isRouted: Bool) {
        let steps: [JSONValue] = [["setWeight": 25], ["pause": [:]], ["setWeight": 50], ["pause": [:]]]
        var cluster: ModelCluster = isRouted ? RoutedCanaryTests.updated(steps) : BasicCanaryTests.updated(steps)
        cluster.promote()
        cluster.settle()
        #expect(cluster.step == 3)
        loseStatus(&cluster)
        cluster.settle()
        cluster.run(for: .seconds(60))
        #expect(cluster.stable == "v1" && cluster.current == "v2" && cluster.step == 1 && cluster.phase == "Paused CanaryPauseStep")
        #expect(cluster.sizes == (isRouted ? "v1: 4, v2: 1" : "v1: 3, v2: 1"))
        #expect(!isRouted || cluster.routeText == "75/25")
        #expect(cluster.reasons.count { $0 == "StableRecovered" } == 1)
        cluster.promoteFull()
        cluster.run(for: .seconds(60))
        #expect(cluster.stable == "v2" && cluster.phase == "Healthy")
    }

    @Test("a status that is lost at rest, or while an old version waits out its delay: nothing moves", arguments: [5, 60]) func atRest(_ seconds: Int) {
        var cluster = RoutedCanaryTests.updated()
        cluster.promoteFull()
        cluster.run(for: .seconds(seconds))
        let sizes: String = cluster.sizes
        loseStatus(&cluster)
        cluster.settle()
        #expect(cluster.stable == "v2" && cluster.phase == "Healthy" && !cluster.reasons.contains("StableRecovered"))
        #expect(cluster.size("v2") == 4 && (cluster.sizes == sizes || cluster.size("v1") == 0) && cluster.routeText == "100/0")
    }

    @Test("a status that is older than the objects: the update goes on from there, and no version is created twice") func olderStatus() {
        var cluster = RoutedCanaryTests.updated([["setWeight": 25], ["pause": [:]], ["setWeight": 50], ["pause": [:]]])
        let older: JSONValue? = cluster.rollout["status"]
        cluster.promote()
        cluster.settle()
        #expect(cluster.routeText == "50/50")
        cluster.rollout["status"] = older
        cluster.settle()
        #expect(cluster.step == 1 && cluster.phase == "Paused CanaryPauseStep" && cluster.routeText == "75/25" && cluster.replicaSets.count == 2)
        #expect(cluster.problems.isEmpty)
    }

    @Test("the stable ReplicaSet deleted by hand in the middle of a canary: the new one serves, and takes over") func stableDeleted() {
        var cluster = RoutedCanaryTests.updated()
        cluster.replicaSets[cluster.name("v1")] = nil
        cluster.run(for: .seconds(60))
        #expect(cluster.size("v2") == 4 && cluster.routeText == "0/100" && cluster.phase == "Paused CanaryPauseStep")
        cluster.promote()
        cluster.run(for: .seconds(60))
        #expect(cluster.stable == "v2" && cluster.phase == "Healthy" && cluster.darkRoutes().isEmpty)
    }

    @Test("the canary's ReplicaSet deleted by hand: it is made again, and gets its weight when it has its pods") func canaryDeleted() {
        var cluster = RoutedCanaryTests.updated()
        cluster.replicaSets[cluster.name("v2")] = nil
        cluster.podLimit["v2"] = 0
        cluster.settle()
        #expect(cluster.routeText == "100/0" && cluster.size("v2") ?? 0 > 0)
        cluster.podLimit = [:]
        cluster.runPods()
        cluster.settle()
        #expect(cluster.routeText == "50/50" && cluster.phase == "Paused CanaryPauseStep")
    }

    @Test("Services that are renamed in the middle of a canary: the old ones are let go, and the new ones lead where they should") func renamed() {
        var cluster = RoutedCanaryTests.updated()
        cluster.add(service: Manifest.service("web-stable"))
        cluster.add(service: Manifest.service("web-canary"))
        cluster.add(route: Manifest.route(backends: [["name": "web-stable", "port": 80], ["name": "web-canary", "port": 80]]))
        cluster.edit(["spec": ["strategy": ["canary": ["stableService": "web-stable", "canaryService": "web-canary"]]]])
        cluster.settle()
        cluster.run(for: .seconds(60))
        #expect(cluster.selected(by: "web-stable") == "v1" && cluster.selected(by: "web-canary") == "v2")
        #expect(cluster.routeText == "50/50" && cluster.step == 1)
        cluster.promoteFull()
        cluster.run(for: .seconds(90))
        #expect(cluster.stable == "v2" && cluster.selected(by: "web-stable") == "v2" && cluster.phase == "Healthy")
    }

    @Test("no pods wanted in the middle of a canary, and pods again") func nothing() {
        var cluster = RoutedCanaryTests.updated()
        cluster.setReplicas(0)
        cluster.run(for: .seconds(60))
        #expect(cluster.replicaSets.keys.allSatisfy { cluster.available(replicaSet: $0) == 0 })
        cluster.setReplicas(3)
        cluster.run(for: .seconds(60))
        #expect(cluster.size(cluster.stable) == 3 && cluster.darkRoutes().isEmpty && cluster.problems.isEmpty)
    }

    @Test("a clock that is set back during a pause: the pause ends, later at worst by what it was set back") func clockSetBack() {
        var cluster = BasicCanaryTests.updated([["setWeight": 50], ["pause": ["duration": "1m"]]])
        cluster.now = cluster.now - .seconds(3600)
        cluster.run(for: .seconds(3600))
        #expect(cluster.step == 1)
        cluster.run(for: .seconds(61))
        #expect(cluster.phase == "Healthy" && cluster.stable == "v2")
    }
}
