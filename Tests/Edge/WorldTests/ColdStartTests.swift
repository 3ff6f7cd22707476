import Clockwork
import ControllerKit
import Controllers
import HTTPTransport
import HTTPTypes
import KubeModel
import RolloutModel
import StrictJSON
import Testing
import World

/// Answers lists of one resource only after a signal.
struct LateList: HTTPTransport {
    let base: any HTTPTransport
    let plural: String
    let signal = OneShot()

    func send(_ request: TransportRequest) async throws(TransportError) -> TransportResponse {
        if request.method == .get, request.url.contains("/\(plural)?") || request.url.hasSuffix("/\(plural)"), !request.url.contains("watch=") {
            await signal.wait()
        }
        return try await base.send(request)
    }
}

@Suite("A controller that has just started") struct ColdStartTests {
    private static func writes(_ world: World) async -> [String: Int] {
        await QuietTests.requests(world).filter { !$0.key.hasPrefix("get ") && !$0.key.hasPrefix("list ") && $0.key != "create events" }
    }

    @Test("does not take for missing what it has not listed yet", arguments: ["replicasets", "services", "httproutes"])
    func lateList(_ plural: String) throws {
        try World.run(seed: 66, withController: false) { world in
            try await world.withController {
                try await world.startRouted(replicas: 4, steps: [Scenery.setWeight(25), Scenery.pause()])
                try await world.setImage("myapp:v2")
                try await world.waitPaused(atStep: 1)
                try await world.cluster.sleep(.seconds(60))
            }
            let before: [String: Int] = await Self.writes(world)
            let late = LateList(base: world.cluster.network, plural: plural)
            try await world.withController(over: late, salt: 1) {
                try await world.cluster.sleep(.seconds(20))
                #expect(await Self.writes(world) == before)
                late.signal.fire()
                try await world.cluster.sleep(.seconds(60))
                #expect(await Self.writes(world) == before)
                try await world.promote()
                try await world.waitHealthy()
            }
        }
    }

    @Test("tells a warning that stands once (R39)") func standingWarning() throws {
        try World.run(seed: 67, withController: false) { world in
            let told = Recorded<String>()
            var hooks = ControllerHooks()
            hooks.onEvent = { told.append($0.reason) }
            try await world.withController(hooks: hooks) {
                try await world.startRouted(replicas: 2, steps: [Scenery.setWeight(50), Scenery.pause("10s")])
                world.cluster.setGatewayBehaviour(.rejecting(reason: "UnsupportedValue", message: "not for this gateway"))
                try await world.setImage("myapp:v2")
                try await world.cluster.sleep(.seconds(100))
                let before: Int = told.all.filter { $0 == "WeightVerifyError" }.count
                for index in 0..<5 {
                    for replicaSet in try await world.replicaSets() {
                        _ = try await world.kubectl.patch(
                            .replicaSets, namespace: "default", name: replicaSet.metadata.name,
                            .merge(["metadata": ["labels": ["touched": .string("\(index)")]]]))
                    }
                    try await world.cluster.sleep(.seconds(10))
                }
                let again: Int = told.all.filter { $0 == "WeightVerifyError" }.count
                #expect(before > 0 && again == before, "told \(before) times, and \(again) after nothing but other events")
            }
        }
    }
}
