import Clockwork
import KubeModel
import RolloutModel
import SimulatedCluster
import StrictJSON
import Testing
import World

@Suite("A controller that dies between any two writes") struct CrashTests {
    /// One release, as a user sees it from outside.
    enum Story: String, CaseIterable, Sendable, CustomTestStringConvertible {
        case basic, routed, abortedByAnalysis, abortedByHand

        var testDescription: String { rawValue }

        var isAborted: Bool { self == .abortedByAnalysis || self == .abortedByHand }

        private static let steps: [JSONValue] = [Scenery.setWeight(25), Scenery.pause("30s"), Scenery.setWeight(50), Scenery.pause("30s")]

        /// Applies everything and waits for the first version.
        func begin(_ world: World) async throws {
            switch self {
            case .basic: try await world.cluster.apply(Scenery.canary(replicas: 10, steps: Self.steps))
            case .routed, .abortedByHand:
                try await world.applyRouting()
                try await world.cluster.apply(Scenery.routedCanary(replicas: 10, steps: Self.steps))
            case .abortedByAnalysis:
                world.prometheus.script(.exactly("errors"), .value(1))
                try await world.cluster.apply([
                    "apiVersion": "argoproj.io/v1alpha1", "kind": "AnalysisTemplate", "metadata": ["name": "errors"],
                    "spec": ["metrics": [[
                        "name": "errors", "interval": "10s", "count": 3, "successCondition": "result[0] < 0.01", "failureLimit": 1,
                        "provider": ["prometheus": ["address": "http://prometheus:9090", "query": "errors"]],
                    ]]],
                ])
                try await world.applyRouting()
                var rollout: JSONValue = Scenery.routedCanary(replicas: 10, steps: Self.steps)
                rollout.set(["templates": [["templateName": "errors"]]], at: ["spec", "strategy", "canary", "analysis"])
                try await world.cluster.apply(rollout)
            }
            try await world.waitHealthy()
        }

        /// Releases a second version and waits for the end.
        func release(_ world: World) async throws {
            try await world.setImage("myapp:v2")
            if self == .abortedByHand {
                try await world.waitFor("half of the traffic is moved") { $0.status.currentStepIndex == 3 && $0.status.phase == .paused }
                try await world.abort()
            }
            if isAborted {
                try await world.waitFor("the canary is gone") { $0.status.phase == .degraded && $0.status.abort && $0.status.replicas == 10 }
            } else {
                try await world.waitFor("the release is over") { $0.status.phase == .healthy && $0.status.replicas == 10 }
            }
            // Nothing more comes after the end.
            try await world.cluster.sleep(.seconds(120))
        }
    }

    /// What must be the same whatever happened on the way.
    struct FinalState: Equatable, Sendable {
        var sizes: [Int]
        var stablePods: Int
        var canaryPods: Int
        var phase: RolloutPhase?
        var isAborted: Bool
        var stepIndex: Int?
        var routeSpec: JSONValue?
        var routeAnnotations: JSONValue?
        var selectors: [String]
        var runs: [String]
        var weights: Int?

        init(_ world: World) async throws {
            let rollout: Rollout = try await world.rollout()
            let sets: [ReplicaSet] = try await world.replicaSets()
            sizes = sets.map { $0.replicas ?? 1 }
            stablePods = await world.pods(ofImage: "myapp:v1")
            canaryPods = await world.pods(ofImage: "myapp:v2")
            phase = rollout.status.phase
            isAborted = rollout.status.abort
            stepIndex = rollout.status.currentStepIndex
            let route: JSONValue? = await world.document(.httpRoutes, "my-app-route")
            routeSpec = route?["spec"]
            routeAnnotations = route?.at("metadata", "annotations", LinkedRouteTests.record)
            selectors = []
            for name in ["my-app", "my-app-canary"] {
                let hash: String? = await world.document(.services, name)?.at("spec", "selector", "rollouts-pod-template-hash")?.stringValue
                selectors.append(sets.first { $0.podHash == hash }.map { "revision \($0.revision)" } ?? "none")
            }
            runs = try await world.analysisRuns().map { $0.status.phase?.rawValue ?? "none" }
            weights = rollout.status.weights?.canary.weight
        }
    }

    /// - Returns: the end, and how many writes the first version took.
    private static func play(_ story: Story, crashes: Crashes, seed: UInt64) throws -> (end: FinalState, firstWrites: Int) {
        try World.run(seed: seed, withController: false) { world in
            try await world.withMortalControllers(crashes) {
                let safety = SafetyWatch(world)
                try await story.begin(world)
                let firstWrites: Int = crashes.writes
                try await story.release(world)
                #expect(safety.violations.isEmpty, "\(safety.violations)")
                return (try await FinalState(world), firstWrites)
            }
        }.result
    }

    @Test("comes to the same end", arguments: Story.allCases) func everyWrite(_ story: Story) throws {
        let seed: UInt64 = 41
        let undisturbed = Crashes(after: [])
        let (expected, firstWrites) = try Self.play(story, crashes: undisturbed, seed: seed)
        #expect(expected.sizes == (story.isAborted ? [10, 0] : [0, 10]))
        #expect(expected.canaryPods == (story.isAborted ? 0 : 10))
        #expect(undisturbed.writes > 15)
        // The first version is the same in all stories; two of them are enough.
        for number in (story.isAborted ? firstWrites + 1 : 1)...undisturbed.writes {
            let crashes = Crashes(after: [number])
            let found: FinalState
            do {
                found = try Self.play(story, crashes: crashes, seed: seed).end
            } catch {
                Issue.record("\(story) with a crash after write \(number) of \(undisturbed.writes): \(error)")
                continue
            }
            #expect(crashes.count == 1)
            #expect(found == expected, "\(story) with a crash after write \(number) of \(undisturbed.writes)")
        }
    }

    @Test("comes to the same end when it dies again and again", arguments: Story.allCases) func manyCrashes(_ story: Story) throws {
        let expected: FinalState = try Self.play(story, crashes: Crashes(after: []), seed: 42).end
        for distance in [1, 2, 3, 5] {
            let crashes = Crashes(after: Set(stride(from: distance, through: 300, by: distance)))
            let found: FinalState = try Self.play(story, crashes: crashes, seed: 42).end
            #expect(crashes.count > 4)
            #expect(found == expected, "\(story) with a crash after each \(distance) writes")
        }
    }
}
