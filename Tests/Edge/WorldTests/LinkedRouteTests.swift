import Clockwork
import KubeModel
import RolloutModel
import SimulatedCluster
import StrictJSON
import Synchronization
import Testing
import World

@Suite("A route that names the stable Service alone") struct LinkedRouteTests {
    static let steps: [JSONValue] = [
        Scenery.setWeight(5), Scenery.pause("60s"), Scenery.setWeight(20), Scenery.pause("60s"), Scenery.setWeight(50), Scenery.pause("60s"),
    ]
    static let route = ObjectKey(namespace: "default", name: "my-app-route")
    /// What records on the route that a backendRef was added.
    static let record: String = "rollouts.argoproj.io/gatewayapi-managed-rules"

    /// The backendRefs of the first rule after each change of the route's spec by the controller.
    static func splits(_ world: World) -> Recorded<[String]> {
        let box = Recorded<[String]>()
        world.cluster.onWrite { write, _ in
            guard write.resource == .httpRoutes, write.userAgent == World.controllerAgent, let rule = write.new?.at("spec", "rules")?[0] else { return }
            box.append((rule["backendRefs"]?.arrayValue ?? []).map { "\($0["name"]?.stringValue ?? "")=\($0["weight"]?.intValue.map(String.init) ?? "")" })
        }
        return box
    }

    static func expectRestored(_ world: World, to before: JSONValue?) async {
        let after: JSONValue? = await world.document(.httpRoutes, "my-app-route")
        #expect(after?["spec"] == before?["spec"])
        #expect(after?.at("metadata", "annotations", record) == nil)
        #expect(after?.at("metadata", "labels", "rollouts.argoproj.io/gatewayapi-canary") == nil)
    }

    @Test("gets the canary's backendRef when weight is first needed, every weight in order, and loses it at the end") func promoted() throws {
        try World.run(seed: 21) { world in
            try await world.startRouted(steps: Self.steps)
            let before: JSONValue? = await world.document(.httpRoutes, "my-app-route")
            let splits = Self.splits(world)
            try await world.setImage("myapp:v2")
            try await world.waitPaused(atStep: 1)
            let label: JSONValue? = await world.document(.httpRoutes, "my-app-route")?.at("metadata", "labels", "rollouts.argoproj.io/gatewayapi-canary")
            #expect(label == "in-progress")
            try await world.waitHealthy()
            #expect(splits.all == [
                ["my-app=95", "my-app-canary=5"], ["my-app=80", "my-app-canary=20"], ["my-app=50", "my-app-canary=50"],
                ["my-app=0", "my-app-canary=100"], ["my-app=1"],
            ])
            await Self.expectRestored(world, to: before)
            try await world.waitFor("the old pods are gone") { $0.status.replicas == 10 }
            #expect(try await world.sizes() == [0, 10])
        }
    }

    @Test("keeps port, filters and weight of the user's backendRef") func copied() throws {
        try World.run(seed: 22) { world in
            var backend: JSONValue = Scenery.backend("my-app", weight: 7)
            backend["filters"] = [["type": "RequestHeaderModifier", "requestHeaderModifier": ["set": [["name": "x-a", "value": "b"]]]]]
            var route: JSONValue = Scenery.route(rules: [[backend], [Scenery.backend("other")]])
            route.set("mine", at: ["metadata", "annotations", "note"])
            try await world.cluster.apply(Scenery.service("other", selecting: ["app": "other"]))
            try await world.startRouted(steps: Self.steps, route: route)
            let before: JSONValue? = await world.document(.httpRoutes, "my-app-route")
            try await world.setImage("myapp:v2")
            try await world.waitPaused(atStep: 1)
            let refs: JSONValue? = await world.document(.httpRoutes, "my-app-route")?.at("spec", "rules")?[0]?["backendRefs"]
            #expect(refs?[1]?["filters"] == backend["filters"])
            #expect(refs?[1]?["port"] == 80)
            #expect(refs?[0]?["weight"] == 95)
            // R22: what is not ours is untouched.
            #expect(await world.document(.httpRoutes, "my-app-route")?.at("spec", "rules")?[1] == before?.at("spec", "rules")?[1])
            try await world.waitHealthy()
            await Self.expectRestored(world, to: before)
            #expect(await world.document(.httpRoutes, "my-app-route")?.at("metadata", "annotations", "note") == "mine")
        }
    }

    @Test("is as before after an abort, and the canary goes only when nothing leads to it (R02)") func aborted() throws {
        try World.run(seed: 23) { world in
            try await world.startRouted(steps: Self.steps)
            let before: JSONValue? = await world.document(.httpRoutes, "my-app-route")
            let safety = SafetyWatch(world)
            try await world.setImage("myapp:v2")
            try await world.waitPaused(atStep: 5)
            world.cluster.setGatewayBehaviour(.lagging(by: .seconds(50)))
            try await world.abort()
            try await world.waitFor("the canary is gone") { $0.status.abort && $0.status.replicas == 10 }
            await Self.expectRestored(world, to: before)
            #expect(try await world.sizes() == [10, 0])
            #expect(safety.violations.isEmpty, "\(safety.violations)")
        }
    }

    @Test("is as before when the controller dies while it is weighted", arguments: [true, false]) func crashed(promoted: Bool) throws {
        try World.run(seed: 24, withController: false) { world in
            let before: JSONValue? = try await world.withController {
                try await world.startRouted(steps: Self.steps)
                let before: JSONValue? = await world.document(.httpRoutes, "my-app-route")
                try await world.setImage("myapp:v2")
                try await world.waitPaused(atStep: 3)
                return before
            }
            if !promoted { try await world.abort() }
            try await world.cluster.sleep(.seconds(600))
            try await world.withController {
                if promoted {
                    try await world.waitHealthy()
                } else {
                    try await world.waitFor("the canary is gone") { $0.status.phase == .degraded && $0.status.replicas == 10 }
                }
            }
            await Self.expectRestored(world, to: before)
        }
    }

    @Test("with several such rules is refused by a message that shows the backendRef to add, and works once it is there") func several() throws {
        try World.run(seed: 25) { world in
            let route: JSONValue = Scenery.route(rules: [[Scenery.backend("my-app")], [Scenery.backend("my-app")]])
            try await world.startRouted(steps: Self.steps, route: route)
            try await world.setImage("myapp:v2")
            try await world.cluster.sleep(.seconds(300))
            let told: [String] = await world.events().filter { $0.hasPrefix("TrafficRoutingError:") }
            #expect(told.count == 1, "once per cause")
            #expect(told.first?.contains("{name: my-app-canary, port: 80, weight: 0}") ?? false, "\(told)")
            #expect(told.first?.contains("spec.rules[0], spec.rules[1]") ?? false, "\(told)")
            #expect(try await world.rollout().status.currentStepIndex == 0)
            try await world.cluster.apply(Scenery.route(rules: [
                [Scenery.backend("my-app"), Scenery.backend("my-app-canary", weight: 0)], [Scenery.backend("my-app")],
            ]))
            try await world.waitHealthy()
            #expect(await world.backends() == ["my-app=100", "my-app-canary=0"], "what the user wrote stays")
            #expect(await world.backends(rule: 1) == ["my-app=1"])
        }
    }

    @Test("counts a weight only when the gateway has confirmed it") func receipt() throws {
        try World.run(seed: 26) { world in
            try await world.startRouted(steps: Self.steps)
            world.cluster.setGatewayBehaviour(.lagging(by: .seconds(40)))
            try await world.setImage("myapp:v2")
            try await world.cluster.waitUntil("the weight is written") { state in
                state.object(.httpRoutes, Self.route)?.at("spec", "rules")?[0]?["backendRefs"]?.arrayValue?.count == 2
            }
            let written: Timestamp = world.clock.now
            try await world.cluster.sleep(.seconds(30))
            var rollout: Rollout = try await world.rollout()
            #expect(rollout.status.currentStepIndex == 0)
            #expect(rollout.status.weights?.isVerified == false)
            rollout = try await world.waitPaused(atStep: 1)
            #expect(world.clock.now - written >= .seconds(40))
            #expect(rollout.status.weights?.isVerified == true)
        }
    }

    @Test("takes a gateway that says nothing for a minute as willing") func lenient() throws {
        try World.run(seed: 27) { world in
            try await world.startRouted(steps: Self.steps)
            world.cluster.setGatewayBehaviour(.silent)
            try await world.setImage("myapp:v2")
            try await world.cluster.waitUntil("the weight is written") { state in
                state.object(.httpRoutes, Self.route)?.at("spec", "rules")?[0]?["backendRefs"]?.arrayValue?.count == 2
            }
            let written: Timestamp = world.clock.now
            try await world.waitPaused(atStep: 1)
            #expect((Duration.seconds(60) ... .seconds(65)).contains(world.clock.now - written))
        }
    }

    @Test("never counts what a gateway rejects, and tells its words") func rejected() throws {
        try World.run(seed: 28) { world in
            try await world.startRouted(steps: Self.steps)
            world.cluster.setGatewayBehaviour(.rejecting(reason: "UnsupportedValue", message: "weights are not for this gateway"))
            try await world.setImage("myapp:v2")
            try await world.cluster.sleep(.seconds(400))
            #expect(try await world.rollout().status.currentStepIndex == 0)
            let told: [String] = await world.events().filter { $0.hasPrefix("WeightVerifyError:") }
            #expect(told.count == 1 && told[0].contains("weights are not for this gateway"), "\(told)")
            world.cluster.setGatewayBehaviour(.prompt)
            try await world.waitHealthy()
        }
    }

    @Test("is repaired after a foreign edit of a weight") func foreignEdit() throws {
        try World.run(seed: 29) { world in
            try await world.startRouted(steps: Self.steps)
            try await world.setImage("myapp:v2")
            try await world.waitPaused(atStep: 3)
            _ = try await world.kubectl.patch(.httpRoutes, namespace: "default", name: "my-app-route", .json(JSONPatch([
                .replace(JSONPointer(tokens: ["spec", "rules", "0", "backendRefs", "1", "weight"]), 99),
            ])))
            try await world.cluster.sleep(.seconds(10))
            #expect(await world.backends() == ["my-app=80", "my-app-canary=20"])
            // Also where GitOps puts the whole route back.
            try await world.cluster.apply(Scenery.route(rules: [[Scenery.backend("my-app", weight: 1)]]))
            try await world.cluster.sleep(.seconds(10))
            #expect(await world.backends() == ["my-app=80", "my-app-canary=20"])
            try await world.waitHealthy()
            #expect(await world.backends() == ["my-app=1"])
        }
    }

    @Test("keeps its stable pods until their endpoints have taken the traffic over") func handover() throws {
        try World.run(seed: 30) { world in
            try await world.startRouted(steps: Self.steps)
            let safety = SafetyWatch(world)
            let failed = Recorded<Double>()
            world.cluster.onWrite { [cluster = world.cluster] _, _ in failed.append(cluster.traffic(to: .route(Self.route, rule: 0)).failed) }
            try await world.setImage("myapp:v2")
            try await world.waitFor("the old pods are gone") { $0.status.phase == .healthy && $0.status.replicas == 10 }
            #expect(failed.all.allSatisfy { $0 == 0 }, "requests met no ready pod")
            #expect(safety.violations.isEmpty, "\(safety.violations)")
        }
    }
}
