import StrictJSON
import Testing

@testable import PluginCommands

@Suite("list rollouts") struct ListRolloutsTests {
    static let titles = "NAME        STRATEGY   STATUS        STEP  SET-WEIGHT  READY  DESIRED  UP-TO-DATE  AVAILABLE\n"

    static func apply(_ world: PluginWorld) async throws {
        try await world.apply(rolloutJSON("web", status: ["phase": "Paused", "currentStepIndex": 1]))
        try await world.apply(rolloutJSON("cart", strategy: ["blueGreen": ["activeService": "cart"]], status: ["phase": "Healthy", "replicas": 4, "readyReplicas": 4]))
    }

    static let cart = "cart        BlueGreen  Healthy       -     -           4/4    4        0           0        \n"
    static let web = "web         Canary     Paused        1/3   20          0/0    4        0           0        \n"

    @Test func printsATable() throws {
        try PluginWorld.play { world in
            try await Self.apply(world)
            #expect(await world.type("list rollouts") == PluginWorld.Session(status: 0, output: Self.titles + Self.cart + Self.web))
            #expect(await world.type("list ro --name web") == PluginWorld.Session(status: 0, output: Self.titles + Self.web))
            #expect(await world.type("list rollouts -o name").output == "rollout.argoproj.io/cart\nrollout.argoproj.io/web\n")
        }
    }

    @Test func printsNamespacesAndTimes() throws {
        try PluginWorld.play { world in
            try await Self.apply(world)
            let session = await world.type("list rollouts -A --timestamps -n elsewhere")
            #expect(session.output.hasPrefix("TIMESTAMP             NAMESPACE  NAME        STRATEGY"))
            #expect(session.output.contains("\n2026-03-01T10:00:00Z  shop       cart        BlueGreen  Healthy"))
        }
    }

    @Test func saysThatThereAreNone() throws {
        try PluginWorld.play { world in
            #expect(await world.type("list rollouts") == PluginWorld.Session(status: 0, error: "No resources found.\n"))
        }
    }

    @Test func printsChangesOnly() throws {
        try PluginWorld.play { world in
            let world = world
            try await Self.apply(world)
            async let session = world.type("list rollouts -w")
            try await world.pass(.seconds(2))
            try await world.set("web", status: ["message": "not shown"])
            try await world.pass(.seconds(2))
            try await world.set("web", status: ["phase": "Healthy", "currentStepIndex": 3])
            try await world.pass(.seconds(2))
            // No more answers: the sixth failure in a row is too many.
            world.network.refuse { _ in (503, "gone for good") }
            await world.server.compact(upTo: .max)
            let ended = await session
            #expect(ended.status == 1)
            #expect(ended.output == Self.titles + Self.cart + Self.web
                + "web         Canary     Healthy       3/3   100         0/0    4        0           0        \n")
            #expect(ended.error == """
                Warning: rollouts.argoproj.io cannot be watched at the moment, trying again: gone for good
                Error: gone for good (context "lab" of /config)

                """)
        }
    }
}
