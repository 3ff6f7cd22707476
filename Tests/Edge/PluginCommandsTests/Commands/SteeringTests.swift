import StrictJSON
import Testing

@testable import PluginCommands

@Suite("Steering a Rollout") struct SteeringTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var status: JSONValue
        var spec: JSONValue
        var writes: [String]
        var output: String

        init(_ line: String, status: JSONValue = [:], spec: JSONValue = [:], writes: [String], output: String) {
            testDescription = line
            self.status = status
            self.spec = spec
            self.writes = writes
            self.output = output
        }
    }

    static let web = "PATCH /apis/argoproj.io/v1alpha1/namespaces/shop/rollouts/web"

    static let cases: [Case] = [
        Case("abort web", writes: ["\(web)/status merge-patch+json {\"status\":{\"abort\":true}}"], output: "rollout 'web' aborted\n"),
        Case("retry rollout web", writes: ["\(web)/status merge-patch+json {\"status\":{\"abort\":false}}"], output: "rollout 'web' retried\n"),
        Case("retry ro web", writes: ["\(web)/status merge-patch+json {\"status\":{\"abort\":false}}"], output: "rollout 'web' retried\n"),
        Case("pause web", writes: ["\(web) merge-patch+json {\"spec\":{\"paused\":true}}"], output: "rollout 'web' paused\n"),
        Case(
            "promote web", status: ["currentStepIndex": 1, "pauseConditions": [["reason": "CanaryPauseStep", "startTime": "2026-03-01T10:00:00Z"]]],
            writes: ["\(web)/status merge-patch+json {\"status\":{\"pauseConditions\":null}}"], output: "rollout 'web' promoted\n"),
        Case(
            "promote web", status: ["currentStepIndex": 0], spec: ["paused": true],
            writes: [
                "\(web)/status merge-patch+json {\"status\":{\"pauseConditions\":null,\"currentStepIndex\":1}}",
                "\(web) merge-patch+json {\"spec\":{\"paused\":false}}",
            ],
            output: "rollout 'web' promoted\n"),
        Case("promote --full web", writes: ["\(web)/status merge-patch+json {\"status\":{\"promoteFull\":true}}"], output: "rollout 'web' fully promoted\n"),
        Case("promote --full web", status: ["stableRS": "new"], writes: [], output: "rollout 'web' fully promoted\n"),
        Case("-n shop pause web", writes: ["\(web) merge-patch+json {\"spec\":{\"paused\":true}}"], output: "rollout 'web' paused\n"),
    ]

    @Test(arguments: cases) func sendsThePatch(_ c: Case) throws {
        try PluginWorld.play { world in
            try await world.apply(rolloutJSON(spec: c.spec, status: c.status))
            let session = await world.type(c.testDescription)
            #expect(session == PluginWorld.Session(status: 0, output: c.output))
            #expect(world.network.writes == c.writes)
        }
    }

    @Test func isSeenInTheObject() throws {
        try PluginWorld.play { world in
            try await world.apply(rolloutJSON(status: ["currentStepIndex": 0]))
            _ = await world.type("abort web")
            #expect(try await world.rollout("web").at("status", "abort") == true)
            _ = await world.type("promote web")
            #expect(try await world.rollout("web").at("status", "currentStepIndex") == 1)
            _ = await world.type("pause web")
            #expect(try await world.rollout("web").at("spec", "paused") == true)
        }
    }

    @Test func stopsAtTheFirstNameThatFails() throws {
        try PluginWorld.play { world in
            try await world.apply(rolloutJSON("web"))
            try await world.apply(rolloutJSON("cart"))
            let session = await world.type("abort web missing cart")
            #expect(session == PluginWorld.Session(
                status: 1, output: "rollout 'web' aborted\n", error: "Error: rollouts.argoproj.io \"missing\" not found\n"))
            #expect(try await world.rollout("cart").at("status", "abort") == nil)
        }
    }

    @Test(arguments: ["promote missing", "pause missing", "retry rollout missing"]) func namesWhatIsMissing(_ line: String) throws {
        try PluginWorld.play { world in
            #expect(await world.type(line) == PluginWorld.Session(status: 1, error: "Error: rollouts.argoproj.io \"missing\" not found\n"))
        }
    }

    @Test func patchesTheObjectWhereThereIsNoStatusSubresource() throws {
        try PluginWorld.play { world in
            try await world.apply(rolloutJSON(spec: ["paused": true], status: ["currentStepIndex": 0]))
            world.network.refuse { $0.url.hasSuffix("/status") ? (404, "the server could not find the requested resource") : nil }
            #expect(await world.type("abort web").output == "rollout 'web' aborted\n")
            #expect(await world.type("promote web").output == "rollout 'web' promoted\n")
            #expect(world.network.writes == [
                "\(Self.web)/status merge-patch+json {\"status\":{\"abort\":true}}", "\(Self.web) merge-patch+json {\"status\":{\"abort\":true}}",
                "\(Self.web)/status merge-patch+json {\"status\":{\"pauseConditions\":null,\"currentStepIndex\":1}}",
                "\(Self.web) merge-patch+json {\"spec\":{\"paused\":false},\"status\":{\"pauseConditions\":null,\"currentStepIndex\":1}}",
                "\(Self.web) merge-patch+json {\"spec\":{\"paused\":false}}",
            ])
        }
    }

    @Test func warnsOfDeprecatedFlags() throws {
        try PluginWorld.play { world in
            try await world.apply(rolloutJSON(status: ["currentStepIndex": 0]))
            #expect(await world.type("promote -c web") == PluginWorld.Session(
                status: 0, output: "rollout 'web' promoted\n",
                error: "Flag --skip-current-step has been deprecated, use without the flag instead ex: promote ROLLOUT_NAME\n"))
            #expect(await world.type("promote web --skip-all-steps") == PluginWorld.Session(
                status: 0, output: "rollout 'web' promoted\n", error: "Flag --skip-all-steps has been deprecated, use --full instead\n"))
            let both = await world.type("promote web -c -a")
            #expect(both.status == 1)
            #expect(both.error.hasSuffix("Error: Cannot use skip-current-step and skip-all-steps flags at the same time\n"))
            // With --full the skip decides what is sent, and --full what is said.
            #expect(await world.type("promote web --full --skip-all-steps").output == "rollout 'web' fully promoted\n")
            #expect(world.network.writes.last == "\(Self.web)/status merge-patch+json {\"status\":{\"currentStepIndex\":3}}")
        }
    }

    @Test func promotesOnlyWhatIsExpected() throws {
        try PluginWorld.play { world in
            try await world.apply(rolloutJSON(status: ["currentStepIndex": 1]).applying(
                mergePatch: ["metadata": ["annotations": ["rollout.argoproj.io/revision": "4"]]]))
            #expect(await world.type("promote web --expect-step 0") == PluginWorld.Session(
                status: 1, error: "Error: rollout shop/web is at step 1, not at step 0; it was not promoted\n"))
            #expect(await world.type("promote web --expect-revision 3") == PluginWorld.Session(
                status: 1, error: "Error: rollout shop/web is at revision 4, not at revision 3; it was not promoted\n"))
            #expect(world.network.writes == [])
            let version: String = try #require(try await world.rollout("web").at("metadata", "resourceVersion")?.stringValue)
            #expect(await world.type("promote web --expect-step 1 --expect-revision 4").output == "rollout 'web' promoted\n")
            #expect(world.network.writes == [
                "\(Self.web)/status merge-patch+json {\"status\":{\"pauseConditions\":null,\"currentStepIndex\":2},\"metadata\":{\"resourceVersion\":\"\(version)\"}}",
            ])
            // A second click comes too late.
            #expect(await world.type("promote web --expect-step 1").status == 1)
            #expect(try await world.rollout("web").at("status", "currentStepIndex") == 2)
        }
    }

    @Test func looksAgainWhenSomebodyWroteBetweenLookAndPromotion() throws {
        try PluginWorld.play { world in
            try await world.apply(rolloutJSON(status: ["currentStepIndex": 1]))
            let refusals = Refusals(2)
            world.network.refuse { $0.method == .patch && refusals.takeOne() ? (409, "the object has been modified") : nil }
            #expect(await world.type("promote web --expect-step 1") == PluginWorld.Session(status: 0, output: "rollout 'web' promoted\n"))
            #expect(world.network.writes.count == 3)
            world.network.refuse { $0.method == .patch ? (409, "the object has been modified") : nil }
            #expect(await world.type("promote web --expect-step 2") == PluginWorld.Session(
                status: 1, error: "Error: rollout shop/web keeps changing; it was not promoted, try again\n"))
        }
    }

    @Test func passesOnWhatTheServerRefuses() throws {
        try PluginWorld.play { world in
            let refusal = "rollouts.argoproj.io \"web\" is forbidden: User \"eva\" cannot patch resource \"rollouts/status\""
            world.network.refuse { _ in (403, refusal) }
            #expect(await world.type("abort web") == PluginWorld.Session(status: 1, error: "Error: \(refusal)\n"))
        }
    }
}
