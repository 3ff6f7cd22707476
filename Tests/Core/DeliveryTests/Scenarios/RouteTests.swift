import Clockwork
import Delivery
import StrictJSON
import Testing

@Suite("A route that names the stable Service alone") struct StableOnlyRouteTests {
    static let backend: JSONValue = ["name": "app-stable", "port": 80, "filters": [["type": "RequestHeaderModifier", "requestHeaderModifier": ["set": [["name": "x", "value": "y"]]]]]]

    @Test("gets the canary behind it while a release needs weight, and is as before afterwards", arguments: ["promote", "abort", "rollback", "full"])
    func addedAndRemoved(_ way: String) {
        for backend in [Self.backend, ["name": "app-stable", "port": 80, "weight": 1]] as [JSONValue] {
            var cluster = ModelCluster.routed(Manifest.rollout(steps: RoutedCanaryTests.halfway, canary: Manifest.routed()), backends: [backend])
            cluster.settle()
            let before: JSONValue? = cluster.routes["app"]?["spec"]
            #expect(cluster.routeNames == ["app-stable"])
            cluster.setImage("v2")
            cluster.settle()
            #expect(cluster.routeNames == ["app-stable", "app-canary"] && cluster.routeText == "50/50" && cluster.step == 1)
            #expect(cluster.routes["app"]?.at("spec", "rules")?[0]?["backendRefs"]?[1]?["filters"] == backend["filters"])
            switch way {
            case "promote": cluster.promote()
            case "abort": cluster.abort()
            case "rollback": cluster.setImage("v1")
            default: cluster.promoteFull()
            }
            cluster.settle()
            cluster.run(for: .seconds(60))
            #expect(cluster.routes["app"]?["spec"] == before)
            #expect(cluster.routes["app"]?.at("metadata", "annotations")?.objectValue?.isEmpty ?? true)
            #expect(cluster.stable == (way == "promote" || way == "full" ? "v2" : "v1"))
        }
    }

    @Test("of several rules is refused with the backendRef to add") func several() {
        var cluster = ModelCluster.routed(Manifest.rollout(steps: RoutedCanaryTests.halfway, canary: Manifest.routed()), backends: [["name": "app-stable", "port": 80]])
        cluster.routes["app"]?.set([["backendRefs": [["name": "app-stable", "port": 80]]], ["backendRefs": [["name": "app-stable", "port": 80]]]], at: ["spec", "rules"])
        cluster.settle()
        cluster.setImage("v2")
        cluster.settle()
        #expect(cluster.events.contains { $0.reason == "TrafficRoutingError" && $0.message.contains("add {name: app-canary, port: 80, weight: 0}") })
        #expect(cluster.step == 0 && cluster.size("v2") == 2)
    }

    @Test("is given the canary again when somebody takes it out, and ends its release beside a rule of theirs") func takenOut() {
        var cluster = ModelCluster.routed(
            Manifest.rollout(steps: RoutedCanaryTests.halfway, canary: Manifest.routed()), backends: [["name": "app-stable", "port": 80]])
        cluster.settle()
        cluster.setImage("v2")
        cluster.settle()
        #expect(cluster.routeText == "50/50")
        cluster.routes["app"]?.set(
            [["backendRefs": [["name": "app-stable", "port": 80, "weight": 50]]], ["backendRefs": [["name": "app-canary", "port": 80, "weight": 1]]]],
            at: ["spec", "rules"])
        cluster.settle()
        #expect(cluster.routeNames == ["app-stable", "app-canary"] && cluster.routeText == "50/50")
        cluster.promote()
        cluster.settle()
        cluster.run(for: .seconds(60))
        #expect(cluster.stable == "v2" && cluster.size("v1") == 0 && cluster.routeNames == ["app-stable"])
        #expect(!cluster.events.contains { $0.reason == "TrafficRoutingError" })
    }
}

@Suite("A gateway that loses its reports") struct LostReportTests {
    @Test("makes nobody write where nothing waits for it", arguments: ["steady", "pause", "aborted"]) func idle(_ state: String) {
        var cluster = RoutedCanaryTests.updated()
        if state == "steady" { cluster.promote() }
        if state == "aborted" { cluster.abort() }
        cluster.settle()
        cluster.run(for: .seconds(100))
        cluster.forget()
        cluster.routes["app"]?.set(nil, at: ["status"])
        cluster.gatewayIsHeld = true
        cluster.settle()
        cluster.run(for: .seconds(3600))
        #expect(cluster.writes == 0 && cluster.events.isEmpty)
    }
}
