import Clockwork
import Delivery
import StrictJSON
import Testing

@Suite("A routed canary") struct RoutedCanaryTests {
    static let halfway: [JSONValue] = [["setWeight": 50], ["pause": [:]]]

    static func updated(
        _ steps: [JSONValue] = halfway, replicas: Int = 4, canary: JSONObject = [:], gateway: JSONObject = ["httpRoute": "app"],
        backends: [JSONValue] = Manifest.bothBackends, spec: JSONObject = [:], limits: [String: Int] = [:]
    ) -> ModelCluster {
        var cluster = ModelCluster.routed(
            Manifest.rollout(replicas: replicas, steps: steps, canary: Manifest.routed(canary, gateway: gateway), spec: spec), backends: backends)
        cluster.podLimit = limits
        cluster.settle()
        cluster.forget()
        cluster.setImage("v2")
        cluster.settle()
        return cluster
    }

    @Test("writes Services and route once the first version is all there") func firstDeploy() {
        var cluster = ModelCluster.routed(Manifest.rollout(steps: Self.halfway, canary: Manifest.routed()))
        cluster.podLimit["v1"] = 3
        cluster.settle()
        #expect(cluster.routeText == "-/-" && cluster.selected(by: "app-stable") == "-" && cluster.status.weights == nil)
        cluster.podLimit = [:]
        cluster.runPods()
        cluster.forget()
        cluster.settle()
        #expect(cluster.journal == [
            "app-stable→v1", "app-canary→v1", "route 100/0", "status phase=Healthy Pg=True/NewReplicaSetAvailable He=True/RolloutHealthy weights=0@v1?",
            "status weights=0@v1",
        ])
    }

    @Test("deploys its first version though the route is missing, and says so") func firstDeployWithoutRoute() {
        var cluster = ModelCluster(
            Manifest.rollout(steps: Self.halfway, canary: Manifest.routed()), services: [Manifest.service("app-stable"), Manifest.service("app-canary")])
        cluster.settle()
        cluster.run(for: .seconds(600))
        #expect(cluster.sizes == "v1: 4" && cluster.phase == "Healthy")
        #expect(cluster.events.filter { $0.reason == "TrafficRoutingError" }.map(\.message) == ["httproute shop/app not found; create it or correct spec.strategy.canary.trafficRouting"])
        cluster.add(route: Manifest.route(backends: Manifest.bothBackends))
        cluster.settle()
        #expect(cluster.routeText == "100/0" && cluster.status.weights?.isVerified == true)
    }

    @Test("raises pods, then the Service, then the weight, then the step") func update() {
        let cluster = Self.updated()
        #expect(cluster.journal == [
            "v2 created", "revision 2",
            "status phase=Progressing (more replicas need to be updated) current=v2 step=0 Pg=True/ReplicaSetUpdated Co=False/RolloutCompleted He=False/RolloutHealthy",
            "v2 0→2", "status weights=0@v2", "app-canary→v2", "route 50/50", "status weights=50@v2?",
            "status phase=Paused (CanaryPauseStep) step=1 pause=CanaryPauseStep Pg=Unknown/RolloutPaused Paused=True/RolloutPaused weights=50@v2",
        ])
        #expect(cluster.routes["app"]?.at("metadata", "labels", "rollouts.argoproj.io/gatewayapi-canary") == "in-progress")
        #expect(cluster.sizes == "v1: 4, v2: 2")
    }

    @Test("ends in the order of the specification: all weight, promoted, stable Service, weight back, deadline, old pods (48)") func end() {
        var cluster = Self.updated()
        cluster.forget()
        cluster.promote()
        cluster.settle()
        let deadline: String? = cluster.annotation("scale-down-deadline", of: "v1")
        #expect(deadline == (cluster.now + .seconds(30)).rfc3339)
        #expect(cluster.phase == "Healthy" && cluster.condition("Healthy") == "False/RolloutHealthy")
        cluster.run(for: .seconds(29))
        #expect(cluster.size("v1") == 4)
        cluster.run(for: .seconds(1))
        #expect(cluster.journal.filter { !$0.hasPrefix("status counts") }.dropFirst(2) == [
            "v2 2→4", "route 0/100", "status phase=Progressing (waiting for all steps to complete) weights=100@v2?",
            "status phase=Healthy stable=v2 Co=True/RolloutCompleted weights=100@v2", "app-stable→v2", "route 100/0",
            "status weights=0@v2?", "status weights=0@v2", "v1 deadline set", "v1 4→0",
            "status Pg=True/NewReplicaSetAvailable He=True/RolloutHealthy",
        ], "\(cluster.journal)")
        #expect(cluster.annotation("scale-down-deadline", of: "v1") == nil)
        #expect(cluster.routes["app"]?.at("metadata", "labels")?.objectValue?.isEmpty ?? true)
    }

    @Test("keeps the old pods for scaleDownDelaySeconds, and with 0 only until the route is back", arguments: [0, 5, 120]) func scaleDownDelay(_ delay: Int) {
        var cluster = Self.updated(canary: ["scaleDownDelaySeconds": .number(JSONNumber(delay))])
        cluster.gatewayIsHeld = true
        cluster.promote()
        cluster.settle()
        #expect(cluster.stable == "v1")
        cluster.runGateway()
        cluster.settle()
        #expect(cluster.stable == "v2" && cluster.size("v1") == 4 && cluster.annotation("scale-down-deadline", of: "v1") == nil)
        cluster.runGateway()
        cluster.settle()
        if delay > 0 {
            cluster.advance(by: .seconds(delay - 1))
            #expect(cluster.size("v1") == 4)
            cluster.advance(by: .seconds(1))
        }
        #expect(cluster.size("v1") == 0)
    }

    @Test("49, 50: waits for the receipt of each weight") func receipts() {
        var cluster = ModelCluster.routed(Manifest.rollout(steps: [["setWeight": 20], ["setWeight": 50], ["pause": [:]]], canary: Manifest.routed()))
        cluster.settle()
        cluster.setImage("v2")
        cluster.gatewayIsHeld = true
        cluster.settle()
        #expect(cluster.routeText == "80/20" && cluster.step == 0 && cluster.status.weights?.isVerified == false)
        #expect(cluster.lastPlan?.waitsFor == "Gateway shop/gateway has not reported Accepted for generation 3")
        cluster.runGateway()
        cluster.settle()
        #expect(cluster.routeText == "50/50" && cluster.step == 1)
        cluster.runGateway()
        cluster.settle()
        #expect(cluster.step == 2 && cluster.phase == "Paused CanaryPauseStep")
        cluster.promote()
        cluster.settle()
        #expect(cluster.routeText == "0/100" && cluster.stable == "v1" && cluster.size("v1") == 4)
    }

    @Test("takes a silent parent for willing after a minute, unless it is strict", arguments: ["lenient", "strict", "off"]) func silentParent(_ verification: String) {
        var cluster = ModelCluster.routed(Manifest.rollout(
            steps: Self.halfway, canary: Manifest.routed(gateway: ["httpRoute": "app", "verifyWeight": .string(verification)])))
        cluster.settle()
        cluster.setImage("v2")
        cluster.gatewayIsHeld = true
        cluster.settle()
        #expect(cluster.step == (verification == "off" ? 1 : 0))
        cluster.run(for: .milliseconds(59_999))
        #expect(cluster.step == (verification == "off" ? 1 : 0))
        cluster.run(for: .milliseconds(1))
        #expect(cluster.step == (verification == "strict" ? 0 : 1))
        cluster.run(for: .seconds(3600))
        #expect(cluster.step == (verification == "strict" ? 0 : 1))
    }

    @Test("51: a weight that a parent refuses holds the step and is told once") func rejected() {
        var cluster = ModelCluster.routed(Manifest.rollout(steps: Self.halfway, canary: Manifest.routed()))
        cluster.settle()
        cluster.gatewayIsHeld = true
        cluster.setImage("v2")
        cluster.settle()
        cluster.gatewayRefusal = "no such backend"
        cluster.runGateway()
        cluster.run(for: .seconds(900))
        #expect(cluster.step == 0 && cluster.stable == "v1")
        #expect(cluster.events.filter { $0.reason == "WeightVerifyError" }.map(\.message) == [
            "Failed to verify weight: Gateway shop/gateway: Accepted is False, Refused: no such backend",
        ])
        cluster.gatewayRefusal = nil
        cluster.runGateway()
        cluster.settle()
        #expect(cluster.step == 1)
    }

    @Test("52: a route that vanishes holds the step; with several routes none is raised alone") func routeVanishes() {
        var cluster = ModelCluster.routed(Manifest.rollout(
            steps: [["setWeight": 25], ["pause": [:]], ["setWeight": 75], ["pause": [:]]],
            canary: Manifest.routed(gateway: ["httpRoutes": [["name": "app"], ["name": "second"]]])))
        cluster.add(route: Manifest.route("second", backends: Manifest.bothBackends))
        cluster.settle()
        cluster.setImage("v2")
        cluster.settle()
        let second = cluster.routes["second"]
        #expect(cluster.routeText == "75/25" && second.map(ModelCluster.weights(of:))?.map(\.weight) == [75, 25])
        cluster.routes["second"] = nil
        cluster.promote()
        cluster.settle()
        #expect(cluster.routeText == "75/25" && cluster.step == 2 && cluster.status.weights?.canary.weight == 25)
        #expect(cluster.reasons.filter { $0 == "TrafficRoutingError" }.count == 1)
        // What leads away from the canary is written wherever it can be.
        cluster.abort()
        cluster.settle()
        #expect(cluster.routeText == "100/0" && cluster.size("v2") ?? 0 > 0)
        cluster.routes["second"] = second
        cluster.settle()
        cluster.run(for: .seconds(60))
        #expect(cluster.routes["second"].map(ModelCluster.weights(of:))?.map(\.weight) == [100, 0] && cluster.size("v2") == 0)
    }

    @Test("45: a weight is raised only when all its pods are there") func slowPods() {
        var cluster = Self.updated([["setWeight": 10], ["setWeight": 20], ["pause": [:]]], replicas: 10, limits: ["v2": 1])
        #expect(cluster.routeText == "90/10" && cluster.step == 1 && cluster.size("v2") == 2)
        cluster.podLimit = [:]
        cluster.runPods()
        cluster.settle()
        #expect(cluster.routeText == "80/20" && cluster.step == 2)
    }

    @Test("hazard 2: a jump over steps raises nothing before the pods are there") func jump() {
        var cluster = Self.updated(
            [["setWeight": 10], ["pause": [:]], ["setWeight": 50], ["pause": [:]], ["setWeight": 80]], replicas: 10, limits: ["v2": 1])
        #expect(cluster.routeText == "90/10")
        cluster.editStatus(["currentStepIndex": 5, "pauseConditions": .null])
        cluster.settle()
        #expect(cluster.routeText == "90/10" && cluster.size("v2") == 10)
        cluster.podLimit["v2"] = 9
        cluster.runPods()
        cluster.settle()
        #expect(cluster.routeText == "90/10")
    }

    @Test("58: without pods the canary gets nothing, and its weight back when they are") func podsGone() {
        var cluster = Self.updated(replicas: 10)
        cluster.podLimit["v2"] = 0
        cluster.runPods()
        cluster.settle()
        #expect(cluster.routeText == "100/0" && cluster.step == 1 && cluster.status.pauseConditions.count == 1)
        cluster.podLimit["v2"] = 2
        cluster.runPods()
        cluster.settle()
        #expect(cluster.routeText == "100/0")
        cluster.podLimit = [:]
        cluster.runPods()
        cluster.settle()
        #expect(cluster.routeText == "50/50" && cluster.step == 1 && cluster.phase == "Paused CanaryPauseStep")
    }

    @Test("a lower weight goes into force before the pods for it go") func lower() {
        var cluster = Self.updated([["setWeight": 50], ["pause": [:]], ["setWeight": 20], ["pause": [:]]], replicas: 10)
        cluster.forget()
        cluster.gatewayIsHeld = true
        cluster.promote()
        cluster.settle()
        #expect(cluster.routeText == "80/20" && cluster.size("v2") == 5 && cluster.step == 2)
        cluster.runGateway()
        cluster.settle()
        #expect(cluster.size("v2") == 2 && cluster.step == 3)
    }

    @Test("60: weights of another maximum") func maximum() {
        var cluster = ModelCluster.routed(Manifest.rollout(replicas: 10, steps: [["setWeight": 100], ["pause": [:]]], canary: [
            "stableService": "app-stable", "canaryService": "app-canary",
            "trafficRouting": ["maxTrafficWeight": 1000, "plugins": ["argoproj-labs/gatewayAPI": ["httpRoute": "app"]]],
        ]))
        cluster.settle()
        cluster.setImage("v2")
        cluster.settle()
        #expect(cluster.sizes == "v1: 10, v2: 1" && cluster.routeText == "900/100" && cluster.step == 1)
        cluster.promote()
        cluster.settle()
        #expect(cluster.stable == "v2" && cluster.routeText == "1000/0")
    }

    @Test("34: promote in full keeps the weight until all pods are there, then switches the stable Service") func promoteFull() {
        var cluster = Self.updated([["setWeight": 20], ["pause": [:]]], replicas: 5, limits: ["v2": 3])
        cluster.promoteFull()
        cluster.settle()
        #expect(cluster.routeText == "80/20" && cluster.size("v2") == 5 && cluster.stable == "v1")
        cluster.podLimit = [:]
        cluster.runPods()
        cluster.forget()
        cluster.settle()
        #expect(cluster.stable == "v2" && cluster.routeText == "100/0" && cluster.selected(by: "app-stable") == "v2")
        #expect(cluster.journal.filter { $0.hasPrefix("app-") || $0.hasPrefix("route") } == ["app-stable→v2", "route 100/0"])
    }

    @Test("61, R37: more canary pods than wanted do not hold up the end") func moreThanWanted() {
        var cluster = Self.updated([["setWeight": 50], ["pause": [:]]], replicas: 4)
        cluster.promote()
        cluster.apply(cluster.decideNow())
        cluster.podsAreHeld = true
        cluster.setReplicas(1)
        cluster.settle()
        cluster.podsAreHeld = false
        cluster.runPods()
        cluster.settle()
        cluster.run(for: .seconds(60))
        #expect(cluster.stable == "v2" && cluster.sizes == "v1: 0, v2: 1")
    }

    @Test("without steps gets no weight before it is promoted") func noSteps() {
        var cluster = ModelCluster.routed(Manifest.rollout(canary: Manifest.routed()))
        cluster.settle()
        cluster.forget()
        cluster.setImage("v2")
        cluster.settle()
        cluster.run(for: .seconds(30))
        #expect(cluster.stable == "v2" && cluster.sizes == "v1: 0, v2: 4")
        #expect(!cluster.journal.contains { $0.hasPrefix("route") })
    }

    @Test("foreign edits of the weights are repaired once") func foreignEdit() {
        var cluster = Self.updated()
        cluster.forget()
        cluster.routes["app"]?.set([["backendRefs": [["name": "app-stable", "port": 80, "weight": 100], ["name": "app-canary", "port": 80, "weight": 0]]]], at: ["spec", "rules"])
        cluster.settle()
        #expect(cluster.routeText == "50/50" && cluster.step == 1 && cluster.journal.filter { $0.hasPrefix("route") }.count == 1)
        #expect(cluster.status.weights?.isVerified == true)
        #expect(cluster.events.isEmpty)
    }

    @Test("the weight stays on the canary Service until the stable one's endpoints list the new pods (hazard 22)", arguments: ["app", String(repeating: "long-name-", count: 9) + "x"])
    func endpoints(_ name: String) {
        var cluster = ModelCluster.routed(Manifest.rollout(name, steps: Self.halfway, canary: Manifest.routed()))
        cluster.settle()
        cluster.setImage("v2")
        cluster.settle()
        cluster.endpointsAreHeld = true
        // Pods' names are cut like those of generated names.
        func pods(_ image: String) -> Set<String> { Set((0..<4).map { "\("\(cluster.name(image))-".prefix(58))abcd\($0)" }) }
        cluster.heldEndpoints = ["app-stable": [], "app-canary": pods("v2")]
        cluster.promote()
        cluster.settle()
        #expect(cluster.stable == "v2" && cluster.routeText == "0/100" && cluster.selected(by: "app-stable") == "v2")
        #expect(cluster.annotation("scale-down-deadline", of: "v1") == nil)
        cluster.heldEndpoints["app-stable"] = pods("v2")
        cluster.settle()
        #expect(cluster.routeText == "100/0" && cluster.annotation("scale-down-deadline", of: "v1") != nil)
    }

    @Test("where endpoints cannot be read the selector decides") func noEndpoints() {
        var cluster = Self.updated()
        cluster.readsEndpoints = false
        cluster.promote()
        cluster.settle()
        #expect(cluster.routeText == "100/0" && cluster.stable == "v2")
    }

    @Test("53: old revisions beyond the limit go at once, the others after their delay") func revisionLimit() {
        var cluster = ModelCluster.routed(Manifest.rollout(steps: [["setWeight": 50]], canary: Manifest.routed(["scaleDownDelayRevisionLimit": 1])))
        cluster.settle()
        for image in ["v2", "v3"] {
            cluster.now += .seconds(1)
            cluster.setImage(image)
            cluster.settle()
        }
        #expect(cluster.sizes == "v1: 0, v2: 4, v3: 4")
        #expect(cluster.annotation("scale-down-deadline", of: "v1") == nil && cluster.annotation("scale-down-deadline", of: "v2") != nil)
        cluster.setImage("v2")
        cluster.settle()
        cluster.run(for: .seconds(10))
        #expect(cluster.stable == "v2" && cluster.annotation("scale-down-deadline", of: "v2") == nil && cluster.annotation("scale-down-deadline", of: "v3") != nil)
    }

    @Test("68: traffic routing taken away: the old revision drains and loses its deadline") func routingRemoved() {
        var cluster = Self.updated()
        cluster.promote()
        cluster.settle()
        #expect(cluster.annotation("scale-down-deadline", of: "v1") != nil)
        cluster.setCanary("trafficRouting", .null)
        cluster.settle()
        #expect(cluster.size("v1") == 0 && cluster.annotation("scale-down-deadline", of: "v1") == nil && cluster.status.weights == nil)
    }

    @Test("70: a Service that was never ours keeps its broad selector until all pods are there") func adoption() {
        var cluster = ModelCluster.routed(Manifest.rollout(steps: Self.halfway, canary: Manifest.routed()))
        cluster.settle()
        cluster.setImage("v2")
        cluster.podLimit["v2"] = 1
        cluster.services["app-canary"] = cluster.created(Manifest.service("app-canary"))
        cluster.settle()
        #expect(cluster.selected(by: "app-canary") == "-")
        cluster.podLimit = [:]
        cluster.runPods()
        cluster.settle()
        #expect(cluster.selected(by: "app-canary") == "v2")
    }
}
