import Clockwork
import StrictJSON
import Testing

@testable import PluginCommands

@Suite("The tree of a Rollout") struct RolloutTextTests {
    let now = Timestamp(secondsSince1970: 1_772_359_200 + 600)  // ten minutes behind 2026-03-01T10:00:00Z

    func lines(_ documents: [JSONValue], colour: Bool = false) throws -> [String] {
        RolloutText(painter: Painter(usesColour: colour), now: now).lines(RolloutOverview(try rolloutObjects(documents)))
    }

    func tree(_ documents: [JSONValue], colour: Bool = false) throws -> String {
        let lines: [String] = try lines(documents, colour: colour)
        return lines[(try #require(lines.firstIndex(of: "")) + 1)...].map { $0.reversed().drop { $0 == " " }.reversed() }.map { String($0) }
            .joined(separator: "\n")
    }

    @Test func showsRunsJobsAndExperiments() throws {
        let run: JSONValue = [
            "kind": "AnalysisRun",
            "metadata": [
                "name": "web-new-2-1", "creationTimestamp": "2026-03-01T10:05:00Z", "annotations": ["rollout.argoproj.io/revision": "2"],
                "ownerReferences": [["uid": "uid-web", "kind": "Rollout", "name": "web", "apiVersion": "a/v1"]],
            ],
            "status": [
                "phase": "Running",
                "metricResults": [
                    ["name": "a", "phase": "Running", "successful": 4, "failed": 1],
                    ["name": "b", "phase": "Running", "successful": 1, "inconclusive": 2, "error": 3,
                     "measurements": [["phase": "Running", "startedAt": "2026-03-01T10:06:00Z", "metadata": ["job-name": "smoke"]]]],
                ],
            ],
        ]
        let experiment: JSONValue = [
            "kind": "Experiment",
            "metadata": [
                "name": "web-exp", "uid": "uid-exp", "creationTimestamp": "2026-03-01T10:05:00Z", "annotations": ["rollout.argoproj.io/revision": "2"],
                "ownerReferences": [["uid": "uid-web", "kind": "Rollout", "name": "web", "apiVersion": "a/v1"]],
            ],
            "status": ["phase": "Successful"],
        ]
        let documents: [JSONValue] = [
            rolloutJSON(status: ["phase": "Progressing"]), replicaSetJSON("old", revision: 1, replicas: 4), experiment, run,
            replicaSetJSON("new", revision: 2, available: 1, image: "web:v2"),
            replicaSetJSON("exp", revision: 0, replicas: 1, image: "web:v3", owner: "uid-exp", annotations: ["experiment.argoproj.io/template-name": "try"]),
            replicaSetJSON("gone", revision: 0, replicas: 0, annotations: ["scale-down-deadline": "2026-03-01T10:40:00Z"]),
        ]
        #expect(
            try tree(documents) == """
                NAME                 KIND         STATUS         AGE        INFO
                ⟳ web                Rollout      ◌ Progressing  <unknown>
                ├──# revision:2
                │  ├──⧉ web-new      ReplicaSet   ◌ Progressing  10m        canary
                │  ├──Σ web-exp      Experiment   ✔ Successful   5m
                │  │  └──⧉ web-exp   ReplicaSet   ✔ Healthy      10m
                │  └──α web-new-2-1  AnalysisRun  ◌ Running      5m         ✔ 5,✖ 1,? 2,⚠ 3
                │     └──⊞ smoke     Job          ◌ Running      4m
                ├──# revision:1
                │  └──⧉ web-old      ReplicaSet   ✔ Healthy      10m        stable
                └──# revision:0
                   └──⧉ web-gone     ReplicaSet   • ScaledDown   10m        delay:30m
                """)
        #expect(try lines(documents).contains("                 web:v3 (Σ:try)"))
    }

    @Test func marksPingAndPong() throws {
        let documents: [JSONValue] = [
            rolloutJSON(strategy: canary(["pingPong": ["pingService": "a", "pongService": "b"]]), status: ["canary": ["stablePingPong": "pong"]]),
            replicaSetJSON("old", revision: 1), replicaSetJSON("new", revision: 2, image: "web:v2"),
        ]
        let lines: [String] = try lines(documents)
        #expect(lines.contains { $0.contains("web-new") && $0.hasSuffix("  canary,ping") })
        #expect(lines.contains { $0.contains("web-old") && $0.hasSuffix("  stable,pong") })
        #expect(lines.contains("Images:          web:v1 (stable, pong)"))
    }

    @Test func mergesTheTagsOfOneImage() throws {
        let documents: [JSONValue] = [rolloutJSON(), replicaSetJSON("old", revision: 1), replicaSetJSON("new", revision: 2), replicaSetJSON("gone", revision: 0)]
        #expect(try lines(documents).contains("Images:          web:v1 (canary, stable)"))
    }

    @Test func coloursSignsAndNamesAndKeepsColumns() throws {
        let documents: [JSONValue] = [
            rolloutJSON(status: ["phase": "Paused"]), replicaSetJSON("new", revision: 2, image: "web:v2"), replicaSetJSON("old", revision: 1, replicas: 0),
        ]
        let coloured: [String] = try lines(documents, colour: true)
        #expect(coloured.contains("Status:          \u{1B}[0m॥\u{1B}[0m Paused"))
        #expect(coloured.contains { $0.contains("⧉ \u{1B}[33mweb-new\u{1B}[0m") && $0.hasSuffix("\u{1B}[33mcanary\u{1B}[0m") })
        #expect(coloured.contains { $0.contains("⧉ \u{1B}[32mweb-old\u{1B}[0m") && $0.contains("\u{1B}[0m•\u{1B}[0m ScaledDown") })
        let bare: [String] = coloured.map { line in
            ["0", "31", "32", "33", "94"].reduce(line) { text, code in
                text.split(separator: "\u{1B}[\(code)m", omittingEmptySubsequences: false).joined()
            }
        }
        #expect(bare == (try lines(documents)))
    }

    static let consoles: [(isTerminal: Bool, noColour: Bool, variables: [String: String], usesColour: Bool)] = [
        (true, false, [:], true), (false, false, [:], false), (true, true, [:], false), (true, false, ["TERM": "dumb"], false),
        (true, false, ["NO_COLOR": "1"], false), (true, false, ["NO_COLOR": ""], true),
    ]

    @Test func coloursOnlyWhereItIsWelcome() {
        for console in Self.consoles {
            let painter = Painter.forConsole(isTerminal: console.isTerminal, noColour: console.noColour, variables: console.variables)
            #expect(painter.usesColour == console.usesColour, "\(console)")
        }
    }
}
