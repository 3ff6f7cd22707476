import Clockwork
import StrictJSON
import Testing

@testable import PluginCommands

@Suite("The status of a Rollout") struct StatusTests {
    @Test(.enabled(if: !ArgoObjects.all.isEmpty, "SLUICE_TEST_CRDS is not set"), arguments: ArgoObjects.all)
    func isWhatArgoRolloutsSays(_ recorded: ArgoObjects) throws {
        let rollout: JSONValue = try recorded.rollout(try recorded.documents())
        let expected: String = try recorded.text(".status.txt")
        try PluginWorld.play { world in
            try await world.apply(rollout)
            let session = await world.type("status \(recorded.name) --watch=false")
            #expect("\(session.output)\(session.error)exit code \(session.status)\n" == expected)
        }
    }

    @Test func isFollowedUntilItIsHealthy() throws {
        try PluginWorld.play { world in
            let world = world
            try await world.apply(rolloutJSON(status: ["phase": "Progressing", "message": "more replicas need to be updated"]))
            async let session = world.type("status web")
            try await world.pass(.seconds(5))
            try await world.set("web", status: ["phase": "Paused", "message": "CanaryPauseStep"])
            try await world.pass(.seconds(5))
            try await world.set("web", status: ["readyReplicas": 3])  // says nothing new
            try await world.pass(.seconds(5))
            try await world.set("web", status: ["phase": "Healthy", "message": nil])
            #expect(await session == PluginWorld.Session(
                status: 0, output: "Progressing - more replicas need to be updated\nPaused - CanaryPauseStep\nHealthy\n"))
            #expect(!world.network.paths.contains { $0.contains("pods") || $0.contains("replicasets") })
        }
    }

    @Test func failsWhenItIsDegraded() throws {
        try PluginWorld.play { world in
            let world = world
            try await world.apply(rolloutJSON(status: ["phase": "Progressing"]))
            async let session = world.type("status web --timeout 1h")
            try await world.pass(.seconds(5))
            try await world.set("web", status: ["phase": "Degraded", "message": "RolloutAborted: metric failed"])
            #expect(await session == PluginWorld.Session(
                status: 1, output: "Progressing\nDegraded - RolloutAborted: metric failed\n",
                error: "Error: The rollout is in a degraded state with message: RolloutAborted: metric failed\n"))
        }
    }

    @Test func failsWhenTimeIsUp() throws {
        try PluginWorld.play { world in
            try await world.apply(rolloutJSON(status: ["phase": "Paused", "message": "CanaryPauseStep"]))
            let start: Timestamp = world.clock.now
            #expect(await world.type("status web -t 90s") == PluginWorld.Session(
                status: 1, output: "Paused - CanaryPauseStep\n", error: "Error: Rollout status watch exceeded timeout\n"))
            #expect(start.duration(to: world.clock.now) == .seconds(90))
        }
    }

    @Test func isNotOutlastedByASilentServer() throws {
        try PluginWorld.play { world in
            try await world.apply(rolloutJSON(status: ["phase": "Paused"]))
            world.network.fallSilent()
            let start: Timestamp = world.clock.now
            #expect(await world.type("status web -t 90s") == PluginWorld.Session(status: 1, error: "Error: Rollout status watch exceeded timeout\n"))
            #expect(start.duration(to: world.clock.now) == .seconds(90) + StatusCommand.lastLook)
        }
    }

    @Test func endsWithASignal() throws {
        try PluginWorld.play { world in
            let world = world
            try await world.apply(rolloutJSON(status: ["phase": "Paused"]))
            async let session = world.type("status web")
            try await world.pass(.seconds(3))
            world.signals.send()
            #expect(await session == PluginWorld.Session(status: 1, output: "Paused\n", error: "Error: Rollout status watch exceeded timeout\n"))
        }
    }

    @Test func endsAtOnceWithASecondSignal() throws {
        try PluginWorld.play { world in
            let terminal = Terminal()
            let signals = Signals()
            let clock = world.clock
            let environment = PluginEnvironment(
                transport: world.network, clock: clock, variables: [:], console: Console(isTerminal: false, output: { _ in }, error: { _ in }),
                catchSignals: { await signals.run($0) }, exitNow: { terminal.write(error: "exit \($0) at \(clock.now.rfc3339)\n") }, seed: 1)
            async let ending: Bool = environment.interruptible(timeout: nil) { () async throws(CommandFailure) in
                // Only cancellation ends this.
                try? await clock.sleep(until: .distantFuture, tolerance: nil)
            } conclusion: { ending in
                // Stands for a server that does not answer.
                try? await clock.sleep(until: clock.now + .seconds(60), tolerance: nil)
                if case .interrupted = ending { return true }
                return false
            }
            try await world.pass(.seconds(1))
            signals.send()
            try await world.pass(.seconds(1))
            #expect(terminal.error == "")
            signals.send()
            #expect(await ending)
            #expect(terminal.error == "exit 1 at 2026-03-01T10:00:02Z\n")
        }
    }

    @Test func failsWhenItIsNotThere() throws {
        try PluginWorld.play { world in
            let world = world
            let missing = PluginWorld.Session(status: 1, error: "Error: rollout.argoproj.io \"web\" not found\n")
            #expect(await world.type("status web") == missing)
            #expect(await world.type("status web --watch=false") == missing)
            try await world.apply(rolloutJSON(status: ["phase": "Paused"]))
            async let session = world.type("status web")
            try await world.pass(.seconds(3))
            try await world.client.delete(.rollouts, namespace: "shop", name: "web")
            #expect(await session == PluginWorld.Session(status: 1, output: "Paused\n", error: missing.error))
        }
    }

    @Test func doesNotHangWithoutTheRight() throws {
        try PluginWorld.play { world in
            world.network.refuse { _ in (403, "rollouts.argoproj.io is forbidden: User \"ci\" cannot list resource \"rollouts\"") }
            #expect(await world.type("status web") == PluginWorld.Session(
                status: 1, error: "Error: rollouts.argoproj.io is forbidden: User \"ci\" cannot list resource \"rollouts\"\n"))
        }
    }

    @Test func outlivesAnOutageWithOneWarning() throws {
        try PluginWorld.play { world in
            let world = world
            try await world.apply(rolloutJSON(status: ["phase": "Healthy"]))
            world.network.refuse { _ in (503, "the server is restarting") }
            async let session = world.type("status web")
            try await world.pass(.seconds(60))
            world.network.refuse(nil)
            #expect(await session == PluginWorld.Session(
                status: 0, output: "Healthy\n",
                error: "Warning: rollouts.argoproj.io cannot be watched at the moment, trying again: the server is restarting\n"))
        }
    }

    @Test func listsAgainWhenItsVersionIsTooOld() throws {
        try PluginWorld.play { world in
            let world = world
            try await world.apply(rolloutJSON(status: ["phase": "Paused"]))
            async let session = world.type("status web")
            try await world.pass(.seconds(3))
            let gone = Gate()
            world.network.refuse { $0.url.contains("watch=true") && !gone.isOpen ? (410, "too old resource version") : nil }
            // The server ends each watch after five minutes; the next one begins at an old version.
            try await world.pass(.seconds(400))
            gone.open()
            try await world.set("web", status: ["phase": "Healthy"])
            let ended = await session
            #expect(ended == PluginWorld.Session(status: 0, output: "Paused\nHealthy\n"))
        }
    }
}
