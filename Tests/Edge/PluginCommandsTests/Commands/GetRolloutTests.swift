import Clockwork
import KubeModel
import StrictJSON
import Testing

@testable import PluginCommands

@Suite("get rollout") struct GetRolloutTests {
    static func apply(_ world: PluginWorld) async throws {
        try await world.apply(rolloutJSON(status: ["phase": "Paused", "message": "CanaryPauseStep", "currentStepIndex": 1, "availableReplicas": 4, "replicas": 4]))
        let uid: String = try await world.uid("web")
        for (hash, revision) in [("old", 1), ("new", 2)] {
            _ = try await world.client.create(.replicaSets, namespace: "shop", replicaSetJSON(hash, revision: revision, owner: uid))
        }
        // A neighbour's, and one that is not ours although its labels are.
        _ = try await world.client.create(.replicaSets, namespace: "shop", replicaSetJSON("alien", revision: 1, owner: "someone"))
    }

    static let picture = """
        Name:            web
        Namespace:       shop
        Status:          ॥ Paused
        Message:         CanaryPauseStep
        Strategy:        Canary
          Step:          1/3
          SetWeight:     20
          ActualWeight:  0
        Replicas:
          Desired:       4
          Current:       4
          Updated:       0
          Ready:         0
          Available:     4

        """

    @Test func showsTheRolloutOnce() throws {
        try PluginWorld.play { world in
            try await Self.apply(world)
            try await world.pass(.seconds(61))
            let session = await world.type("get rollout web --no-color")
            #expect(session.status == 0)
            #expect(session.error == "")
            #expect(session.output.hasPrefix(Self.picture))
            #expect(session.output.contains("\n⟳ web            Rollout     ॥ Paused       61s  \n"))
            #expect(session.output.contains("\n│  └──⧉ web-new  ReplicaSet  ◌ Progressing  61s  canary\n"))
            #expect(session.output.hasSuffix("\n   └──⧉ web-old  ReplicaSet  ◌ Progressing  61s  stable\n"))
            #expect(!session.output.contains("alien"))
            #expect(world.network.paths.contains { $0.contains("/pods?labelSelector=app%3Dweb") })
        }
    }

    @Test func saysThatThereIsNone() throws {
        try PluginWorld.play { world in
            let missing = PluginWorld.Session(status: 1, error: "Error: rollout.argoproj.io \"web\" not found\n")
            #expect(await world.type("get rollout web") == missing)
            #expect(await world.type("get ro web -w") == missing)
        }
    }

    @Test func printsForPrograms() throws {
        try PluginWorld.play { world in
            try await Self.apply(world)
            #expect(await world.type("get rollout web -o name") == PluginWorld.Session(status: 0, output: "rollout.argoproj.io/web\n"))
            #expect(try JSONValue(parsing: await world.type("get rollout web -o json").output) == (try await world.rollout("web")))
            #expect(await world.type("get rollout web -o yaml").output.hasPrefix("apiVersion: argoproj.io/v1alpha1\nkind: Rollout\n"))
        }
    }

    @Test func redrawsOnATerminalEachSecondAndAfterChanges() throws {
        try PluginWorld.play { world in
            world.isTerminal = true
            world.variables["TERM"] = "dumb"
            let world = world
            try await Self.apply(world)
            async let session = world.type("get rollout web -w --timeout-seconds 5")
            try await world.pass(.milliseconds(2500))
            try await world.set("web", status: ["phase": "Healthy", "message": nil])
            let ended = await session
            #expect(ended.status == 0)
            let pictures: [Substring] = ended.output.split(separator: "\u{1B}[H\u{1B}[2J\u{1B}[0;0H")
            // At first, once more for what came a moment later, each second, and after the change.
            #expect((6...8).contains(pictures.count), "\(pictures.count)")
            #expect(pictures.prefix(3).allSatisfy { $0.contains("॥ Paused") })
            #expect(pictures.suffix(3).allSatisfy { $0.contains("✔ Healthy") && !$0.contains("Message:") })
        }
    }

    @Test func drawsRapidChangesTogether() throws {
        try PluginWorld.play { world in
            let world = world
            try await Self.apply(world)
            async let session = world.type("get rollout web -w --timeout-seconds 10")
            try await world.pass(.seconds(1))
            for ready in 1...20 {
                try await world.set("web", status: ["readyReplicas": .number(JSONNumber(ready))])
                try await world.pass(.milliseconds(20))
            }
            let output: String = await session.output
            let shown: Int = output.split(separator: "\n").filter { $0.hasPrefix("  Ready:") }.count
            #expect((3...4).contains(shown), "\(shown)")
            #expect(output.contains("  Ready:         20\n"))
        }
    }

    @Test func showsThatItWasDeleted() throws {
        try PluginWorld.play { world in
            let world = world
            try await Self.apply(world)
            async let session = world.type("get rollout web -w")
            try await world.pass(.seconds(1))
            try await world.client.delete(.rollouts, namespace: "shop", name: "web")
            let ended = await session
            #expect(ended.status == 0)
            #expect(ended.output.hasSuffix("\nrollout 'web' deleted\n"))
        }
    }

    @Test func endsWithASignal() throws {
        try PluginWorld.play { world in
            let world = world
            try await Self.apply(world)
            async let session = world.type("get rollout web -w")
            try await world.pass(.seconds(1))
            world.signals.send()
            let ended = await session
            #expect(ended.status == 0)
            #expect(ended.output.hasPrefix(Self.picture))
        }
    }

    @Test func followsOtherPartsWhenTheSelectorBecomesKnown() throws {
        try PluginWorld.play { world in
            let world = world
            try await Self.apply(world)
            try await world.set("web", status: ["selector": nil])
            async let session = world.type("get rollout web -w --timeout-seconds 4")
            try await world.pass(.seconds(1))
            try await world.set("web", status: ["selector": "app=web", "readyReplicas": 2])
            let ended = await session
            #expect(ended.output.contains("  Ready:         2\n"))
            let asked: [String] = world.network.paths.filter { $0.contains("/replicasets?") && $0.contains("watch=true") }
            #expect(asked.count == 2)
            #expect(asked.last?.contains("labelSelector=app%3Dweb") == true)
        }
    }

    @Test func namesTheRightThatIsMissing() throws {
        try PluginWorld.play { world in
            try await Self.apply(world)
            world.network.refuse { $0.url.contains("/pods") ? (403, "pods is forbidden: User \"eva\" cannot list resource \"pods\"") : nil }
            let refused = PluginWorld.Session(status: 1, error: "Error: pods is forbidden: User \"eva\" cannot list resource \"pods\"\n")
            #expect(await world.type("get rollout web") == refused)
            #expect(await world.type("get rollout web -w") == refused)
        }
    }
}
