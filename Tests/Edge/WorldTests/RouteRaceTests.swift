import Clockwork
import KubeClient
import KubeModel
import RolloutModel
import SimulatedCluster
import StrictJSON
import Testing
import World

@Suite("Somebody edits a route while the controller does") struct RouteRaceTests {
    /// By what the controller writes.
    enum Way: CaseIterable, Sendable { case patch, update }

    /// What somebody changes.
    enum Edit: CaseIterable, Sendable {
        /// Another part of the document.
        case hostname
        /// A rule before the one that carries the weights: positions are not what they were.
        case ruleInFront
    }

    @Test("what was decided from the older route is refused, read again and written anew; no edit is lost", arguments: Way.allCases, Edit.allCases)
    func race(_ way: Way, _ edit: Edit) throws {
        try World.run(seed: 83, withController: false) { world in
            let fence = await Fence(world)
            if way == .update { fence.remove([Right("patch", "httproutes", "gateway.networking.k8s.io")]) }
            let faults = Faults(world.cluster.network, clock: world.clock, seed: 83)
            let safety = SafetyWatch(world)
            try await world.withController(over: faults) {
                try await world.startRouted(replicas: 4, steps: [Scenery.setWeight(25), Scenery.pause(), Scenery.setWeight(50)])
                try await world.setImage("myapp:v2")
                try await world.waitPaused(atStep: 1)
                try await world.cluster.sleep(.seconds(30))
                // From here on the controller does not hear of the route.
                faults.holdWatches(of: "httproutes")
                try await Self.make(edit, world)
                let edited: JSONValue = try #require(await world.document(.httpRoutes, "my-app-route"))
                try await world.promote()
                try await world.cluster.sleep(.seconds(20))
                let codes: [Int] = await world.routeWrites(of: way == .patch ? "patch" : "update")
                #expect(codes.contains(way == .patch ? (edit == .ruleInFront ? 422 : 200) : 409), "\(way), \(edit): \(codes)")
                let meanwhile: JSONValue? = await world.document(.httpRoutes, "my-app-route")
                #expect(meanwhile?.at("spec", "hostnames") == edited.at("spec", "hostnames"))
                faults.release("httproutes")
                try await world.waitHealthy(timeout: .seconds(300))
                try await world.cluster.sleep(.seconds(60))
                let after: JSONValue = try #require(await world.document(.httpRoutes, "my-app-route"))
                #expect(after.at("spec", "hostnames") == edited.at("spec", "hostnames"))
                #expect(after.at("spec", "rules")?.arrayValue?.count == (edit == .ruleInFront ? 2 : 1))
                #expect(await world.backends(rule: edit == .ruleInFront ? 1 : 0) == ["my-app=1"])
                if edit == .ruleInFront { #expect(await world.backends(rule: 0) == ["other=1"]) }
            }
            #expect(safety.violations.isEmpty, "\(safety.violations.joined(separator: "\n"))")
        }
    }

    private static func make(_ edit: Edit, _ world: World) async throws {
        var operations: [JSONPatch.Operation] = [.add(JSONPointer(tokens: ["spec", "hostnames"]), ["shop.example.com"])]
        if edit == .ruleInFront {
            try await world.cluster.apply(Scenery.service("other", selecting: ["app": "other"]))
            operations.append(.add(
                JSONPointer(tokens: ["spec", "rules", "0"]),
                ["matches": [["path": ["type": "PathPrefix", "value": "/other"]]], "backendRefs": [Scenery.backend("other", weight: 1)]]))
        }
        _ = try await world.kubectl.patch(.httpRoutes, namespace: "default", name: "my-app-route", .json(JSONPatch(operations)))
    }
}

extension World {
    /// What the server answered to the controller's writes to routes so far, by verb.
    fileprivate func routeWrites(of verb: String) async -> [Int] {
        await cluster.server.recentRequests.filter {
            $0.key.userAgent == Self.controllerAgent && $0.key.resource == .httpRoutes && $0.key.verb == verb
        }.map { $0.code }
    }
}
