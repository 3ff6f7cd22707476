import StrictJSON
import Testing

extension EndToEnd.OnOurDefinitions {
    @Test("the guide's manifests are accepted as they are, pause at their first step, and are promoted in full", arguments: KubectlChoice.allCases)
    func guide(kubectl: KubectlChoice) async throws { try await Release.guideUnchanged(in: "guide-\(kubectl)", with: kubectl) }
}

extension EndToEnd.OnArgosDefinitions {
    @Test("the guide's manifests are accepted as they are, pause at their first step, and are promoted in full")
    func guide() async throws { try await Release.guideUnchanged(in: "guide", with: .machine) }
}

/// Whose kubectl the user has.
enum KubectlChoice: String, CaseIterable, Sendable, CustomTestStringConvertible {
    case machine, v120

    var testDescription: String { self == .machine ? "the machine's kubectl" : "kubectl 1.20" }

    func kubectl(of cluster: RealCluster) -> Kubectl { self == .machine ? cluster.kubectl : cluster.kubectl120 }
}

/// What happens to a release of the guide's application.
enum Release {
    static func guideUnchanged(in namespace: String, with choice: KubectlChoice) async throws {
        let cluster: RealCluster = try RealCluster.here
        try await Scene.play(.guide, in: namespace, with: choice.kubectl(of: cluster)) { scene in
            try await cluster.withController { _ in
                try await scene.apply()
                let first: RolloutView = try await scene.waitUntilHealthy()
                #expect(first.availableReplicas == 10)
                #expect(first.json.at("spec", "selector") == nil, "the selector is derived and never written into the spec")
                #expect(first.json.at("status", "selector")?.stringValue == "sluice/rollout=my-app")
                #expect(try await scene.eventReasons().contains("SelectorDerived"))

                try await scene.apply(image: "myapp:v3.0")
                let paused: RolloutView = try await scene.waitFor("at its first pause") { $0.isObserved && $0.phase == "Paused" }
                #expect(paused.step == 1)
                #expect(paused.message == "CanaryPauseStep")
                #expect(paused.updatedReplicas == 1, "5 % of 10 pods is one of eleven")

                try await scene.kubectl("sluice", "promote", "my-app", "--full")
                try await scene.waitUntilHealthy()
                let sets: [ReplicaSetView] = try await scene.replicaSets()
                #expect(sets.map(\.wanted) == [0, 10], "\(sets)")
                #expect(sets.map(\.image) == ["myapp:v2.0", "myapp:v3.0"])
                #expect(scene.routeHistory == ["my-app:1"], "the Rollout names no route, so the route is left alone")
            }
        }
    }
}
