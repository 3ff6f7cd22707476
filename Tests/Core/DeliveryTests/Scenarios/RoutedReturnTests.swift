import Clockwork
import Delivery
import StrictJSON
import Testing

@Suite("A routed canary that is given up or superseded") struct RoutedReturnTests {
    @Test("54: an abort returns the traffic at once and the pods after the delay", arguments: [JSONValue.null, 0, 5]) func abort(_ delay: JSONValue) {
        var cluster = RoutedCanaryTests.updated([["setWeight": 80], ["pause": [:]]], replicas: 5, canary: ["abortScaleDownDelaySeconds": delay])
        cluster.forget()
        cluster.abort()
        cluster.settle()
        #expect(cluster.journal.prefix(3) == [
            "app-canary→v1", "route 100/0",
            "status phase=Degraded (RolloutAborted: Rollout aborted update to revision 2) step=0 abortedAt=true pause= Pg=False/RolloutAborted weights=0@v2?",
        ])
        #expect(cluster.sizes == "v1: 5, v2: 4")
        let seconds: Int? = delay.isNull ? 30 : delay.intValue
        if let seconds, seconds > 0 {
            #expect(cluster.annotation("scale-down-deadline", of: "v2") != nil)
            cluster.run(for: .seconds(seconds - 1))
            #expect(cluster.size("v2") == 4)
            cluster.run(for: .seconds(1))
            #expect(cluster.size("v2") == 0)
        } else {
            cluster.run(for: .seconds(86_400))
            #expect(cluster.size("v2") == 4 && cluster.annotation("scale-down-deadline", of: "v2") == nil)
        }
        // One answer per Service: no flapping (hazard 6).
        #expect(cluster.journal.filter { $0.hasPrefix("app-canary") } == ["app-canary→v1"])
        cluster.retry()
        cluster.settle()
        #expect(cluster.step == 1 && cluster.routeText == "20/80" && cluster.annotation("scale-down-deadline", of: "v2") == nil)
    }

    @Test("R02: the aborted canary keeps its pods until weight 0 was seen in force") func abortPending() {
        var cluster = RoutedCanaryTests.updated(canary: ["abortScaleDownDelaySeconds": 1], gateway: ["httpRoute": "app", "verifyWeight": "strict"])
        cluster.gatewayIsHeld = true
        cluster.abort()
        cluster.settle()
        cluster.run(for: .seconds(3600))
        #expect(cluster.size("v2") == 2 && cluster.routeText == "100/0" && cluster.annotation("scale-down-deadline", of: "v2") == nil)
        cluster.gatewayIsHeld = false
        cluster.runGateway()
        cluster.settle()
        cluster.run(for: .seconds(1))
        #expect(cluster.size("v2") == 0)
    }

    @Test("R04: an aborted canary without pods is not revived by a resize or a lost stable pod") func notRevived() {
        var cluster = RoutedCanaryTests.updated(canary: ["abortScaleDownDelaySeconds": 1])
        cluster.abort()
        cluster.settle()
        cluster.run(for: .seconds(5))
        cluster.forget()
        cluster.setReplicas(8)
        cluster.settle()
        cluster.podLimit["v1"] = 7
        cluster.runPods()
        cluster.settle()
        cluster.podLimit = [:]
        cluster.runPods()
        cluster.settle()
        #expect(cluster.sizes == "v1: 8, v2: 0" && cluster.routeText == "100/0")
        #expect(!cluster.journal.contains { $0.hasPrefix("app-") || $0.hasPrefix("route") })
    }

    @Test("hazard 7: an aborted canary gives back only what the stable version can carry") func abortWithWeakStable() {
        var cluster = RoutedCanaryTests.updated([["setWeight": 50], ["pause": [:]]], replicas: 10, limits: ["v1": 10])
        cluster.podLimit["v1"] = 7
        cluster.runPods()
        cluster.abort()
        cluster.settle()
        #expect(cluster.routeText == "70/30" && cluster.selected(by: "app-canary") == "v2" && cluster.size("v2") == 5)
        // It never rises again.
        cluster.podLimit["v1"] = 5
        cluster.runPods()
        cluster.settle()
        #expect(cluster.routeText == "70/30")
        cluster.podLimit = [:]
        cluster.runPods()
        cluster.settle()
        #expect(cluster.routeText == "100/0" && cluster.selected(by: "app-canary") == "v1")
    }

    @Test("56: a resize during the delay after an abort keeps the canary's size and does not freeze") func resizeAfterAbort() {
        var cluster = RoutedCanaryTests.updated([["setWeight": 80], ["pause": [:]]], replicas: 5)
        cluster.abort()
        cluster.settle()
        cluster.podLimit["v1"] = 6
        cluster.setReplicas(10)
        cluster.settle()
        #expect(cluster.sizes == "v1: 10, v2: 4" && cluster.annotation("rollout.argoproj.io/desired-replicas", of: "v2") == "10")
        cluster.podLimit = [:]
        cluster.runPods()
        cluster.settle()
        cluster.run(for: .seconds(60))
        #expect(cluster.sizes == "v1: 10, v2: 0")
        cluster.setReplicas(1)
        cluster.settle()
        #expect(cluster.sizes == "v1: 1, v2: 0" && cluster.routeText == "100/0")
    }

    @Test("46, 47, R08: a third revision gets the Service only after the second one's weight is gone") func thirdRevision() {
        var cluster = RoutedCanaryTests.updated(limits: ["v3": 0])
        cluster.gatewayIsHeld = true
        cluster.setImage("v3")
        cluster.settle()
        #expect(cluster.routeText == "100/0" && cluster.selected(by: "app-canary") == "v2" && cluster.size("v2") == 2)
        cluster.podLimit = [:]
        cluster.runPods()
        cluster.settle()
        // Its pods are there, but the old weight may still be in force.
        #expect(cluster.selected(by: "app-canary") == "v2" && cluster.size("v2") == 2 && cluster.routeText == "100/0")
        #expect(cluster.status.weights?.canary.podTemplateHash == cluster.hash("v2"))
        cluster.gatewayIsHeld = false
        cluster.runGateway()
        cluster.settle()
        #expect(cluster.selected(by: "app-canary") == "v3" && cluster.routeText == "50/50" && cluster.step == 1)
        cluster.run(for: .seconds(30))
        #expect(cluster.sizes == "v1: 4, v2: 0, v3: 2")
        cluster.promote()
        cluster.settle()
        #expect(cluster.stable == "v3" && cluster.routeText == "100/0")
    }

    @Test("hazard 1: a superseded canary keeps what a weak stable version cannot carry") func thirdRevisionWeakStable() {
        var cluster = RoutedCanaryTests.updated([["setWeight": 50], ["pause": [:]]], replicas: 10)
        cluster.podLimit["v1"] = 7
        cluster.runPods()
        cluster.setImage("v3")
        cluster.settle()
        #expect(cluster.routeText == "70/30" && cluster.selected(by: "app-canary") == "v2" && cluster.size("v2") == 5)
        cluster.podLimit = [:]
        cluster.runPods()
        cluster.settle()
        #expect(cluster.routeText == "50/50" && cluster.selected(by: "app-canary") == "v3")
    }

    @Test("back to stable: weight 0, then Services, then the delay") func rollback() {
        var cluster = RoutedCanaryTests.updated()
        cluster.forget()
        cluster.setImage("v1")
        cluster.settle()
        #expect(cluster.phase == "Healthy" && cluster.routeText == "100/0" && cluster.selected(by: "app-canary") == "v1" && cluster.size("v2") == 2)
        let order = cluster.journal.filter { $0.hasPrefix("route") || $0.hasPrefix("app-") || $0.hasPrefix("v2") }
        #expect(order == ["route 100/0", "app-canary→v1", "v2 deadline set"])
        cluster.run(for: .seconds(30))
        #expect(cluster.sizes == "v1: 4, v2: 0" && cluster.condition("Healthy") == "True/RolloutHealthy")
    }
}
