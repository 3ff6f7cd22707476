import Clockwork
import StrictJSON
import Testing

/// A process that dies between any two writes leaves a state from which the next one goes on to the same end.
@Suite("A crash between two writes") struct CrashTests {
    struct Story: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var start: @Sendable () -> ModelCluster
        var acts: [@Sendable (inout ModelCluster) -> Void]

        init(_ name: String, _ start: @escaping @Sendable () -> ModelCluster, _ acts: (@Sendable (inout ModelCluster) -> Void)...) {
            testDescription = name
            self.start = start
            self.acts = acts
        }
    }

    static let stableOnly: JSONValue = ["name": "app-stable", "port": 80]

    static func routed(_ backends: [JSONValue] = Manifest.bothBackends, canary: JSONObject = [:]) -> ModelCluster {
        ModelCluster.routed(
            Manifest.rollout(steps: [["setWeight": 25], ["pause": [:]], ["setWeight": 75], ["pause": [:]]], canary: Manifest.routed(canary)),
            backends: backends, templates: [Manifest.template(count: nil)])
    }

    static let stories: [Story] = [
        Story("basic, promoted", { ModelCluster(Manifest.rollout(steps: BasicCanaryTests.twoSteps)) }, { $0.setImage("v2") }, { $0.promote() }, { $0.now += .seconds(10) }),
        Story("basic, aborted and retried", { ModelCluster(Manifest.rollout(steps: BasicCanaryTests.twoSteps)) }, { $0.setImage("v2") }, { $0.abort() }, { $0.retry() }),
        Story("derived selector, third revision", { ModelCluster(Manifest.rollout(steps: BasicCanaryTests.twoSteps, selector: false, labels: [:])) },
              { $0.setImage("v2") }, { $0.setImage("v3") }, { $0.setImage("v1") }),
        Story("routed, promoted", { routed() }, { $0.setImage("v2") }, { $0.promote() }, { $0.promote() }, { $0.now += .seconds(40) }),
        Story("routed, aborted", { routed() }, { $0.setImage("v2") }, { $0.promote() }, { $0.abort() }, { $0.now += .seconds(40) }),
        Story("routed, third revision, back to stable", { routed() }, { $0.setImage("v2") }, { $0.setImage("v3") }, { $0.setImage("v1") }, { $0.now += .seconds(40) }),
        Story("routed, promoted in full, resized", { routed() }, { $0.setImage("v2") }, { $0.setReplicas(7) }, { $0.promoteFull() }, { $0.now += .seconds(40) }),
        Story("one backend, promoted", { routed([stableOnly]) }, { $0.setImage("v2") }, { $0.promote() }, { $0.promote() }, { $0.now += .seconds(40) }),
        Story("one backend with a weight, aborted", { routed([["name": "app-stable", "port": 80, "weight": 3]]) }, { $0.setImage("v2") }, { $0.abort() }, { $0.now += .seconds(40) }),
        Story("analysis that fails", { routed(canary: ["analysis": ["templates": [["templateName": "ok"]]]]) }, { $0.setImage("v2") }, { $0.endRun(nil, "Failed", message: "bad") },
              { $0.now += .seconds(40) }, { $0.retry() }),
        Story("revisions beyond the limit", { ModelCluster(Manifest.rollout(steps: [["setWeight": 50]], spec: ["revisionHistoryLimit": 0])) }, { $0.setImage("v2") }, { $0.setImage("v3") }),
    ]

    /// Each act is played to its end; before each single write of each plan a copy dies there and goes on from what is stored.
    @Test("ends as if there had been none", arguments: stories) func convergence(_ story: Story) {
        var cluster: ModelCluster = story.start()
        var crashes: Int = 0
        for act in [{ @Sendable (_: inout ModelCluster) in }] + story.acts {
            act(&cluster)
            var survivors: [(words: String, cluster: ModelCluster)] = []
            for _ in 0..<60 {
                let plan = cluster.decideNow()
                guard !cluster.isQuiet(plan) else { break }
                for prefix in 0...plan.steps.count where prefix > 0 || plan.steps.isEmpty {
                    var crashed: ModelCluster = cluster
                    crashed.apply(plan, prefix: prefix)
                    // What a process remembers dies with it.
                    crashed.told = []
                    survivors.append(("after \(prefix) of \(plan.steps.map(\.action))", crashed))
                }
                cluster.apply(plan)
            }
            cluster.settle()
            for (words, survivor) in survivors {
                var survivor: ModelCluster = survivor
                survivor.settle()
                crashes += 1
                let (expected, found) = (cluster.fingerprint, survivor.fingerprint)
                if expected != found {
                    Issue.record("\(words): \(found.filter { !expected.contains($0) }) instead of \(expected.filter { !found.contains($0) })")
                    return
                }
            }
        }
        #expect(crashes > 5)
    }
}
