import StrictJSON
import Testing

extension EndToEnd.OnOurDefinitions {
    @Test("a good version gets the weights of its steps one after the other, on real measurements, and is promoted")
    func goodVersion() async throws { try await Release.goodVersion(in: "good") }

    @Test("a bad version is aborted by what Prometheus says, and the route is as it was")
    func badVersion() async throws { try await Release.badVersion(in: "bad") }
}

extension EndToEnd.OnArgosDefinitions {
    @Test("with the role of Argo's chart a good version gets the weights of its steps, on real measurements, and is promoted")
    func goodVersion() async throws { try await Release.goodVersion(in: "good", roles: .argoChart) }

    @Test("with the role of Argo's chart a bad version is aborted by what Prometheus says, and the route is as it was")
    func badVersion() async throws { try await Release.badVersion(in: "bad", roles: .argoChart) }
}

extension Release {
    static let goodImage: String = "myapp:v3.0"
    static let badImage: String = "myapp:v3.1-bad"

    /// The route as the guide has it; the API server adds the weight.
    static let untouched: String = "my-app:1"

    /// What the route says between the first weight and the end, where every step is taken.
    static let weightsOfSteps: [String] = [
        "my-app:95 my-app-canary:5", "my-app:80 my-app-canary:20", "my-app:50 my-app-canary:50", "my-app:0 my-app-canary:100",
    ]

    static func goodVersion(in namespace: String, roles: GrantedRoles = .deploy) async throws {
        let cluster: RealCluster = try RealCluster.here
        try await Scene.play(.linkedAndFast, in: namespace) { scene in
            try await cluster.withController(account: try await cluster.account(roles)) { _ in
                try await scene.apply()
                try await scene.waitUntilHealthy()
                let before: JSONValue = try await scene.route()
                let answered: Int = try await cluster.prometheus.queriesAnswered()

                try await scene.apply(image: goodImage)
                try await scene.waitFor("under way", seconds: 20) { $0.isObserved && !$0.isPromoted }
                try await scene.waitUntilHealthy(seconds: 90)
                try await scene.expectRouteIsBack(to: before)
                print("\(namespace): weights \(scene.routeHistory)")
                #expect(scene.routeHistory.filter { weightsOfSteps.contains($0) } == weightsOfSteps, "\(scene.routeHistory)")
                #expect(scene.routeHistory.first == untouched)

                let runs: [AnalysisRunView] = try await scene.analysisRuns()
                print("\(namespace): \(runs.map(\.description).joined(separator: "\n"))")
                let run: AnalysisRunView = try #require(runs.count == 1 ? runs.first : nil, "\(runs)")
                #expect(run.phase == "Successful")
                #expect(run.measurements.count >= 3)
                #expect(run.measurements.allSatisfy { $0.phase == "Successful" && ($0.number ?? 1) < 0.01 })
                #expect(run.measurements.contains { ($0.number ?? 0) > 0 }, "some requests always fail")
                // Prometheus counts by itself, and also what the harness asks for.
                #expect(try await cluster.prometheus.queriesAnswered() - answered >= run.measurements.count)
                try await scene.expectReplicaSets(images: [Scene.stableImage, goodImage], ready: 1)
            }
        }
    }

    static func badVersion(in namespace: String, roles: GrantedRoles = .deploy) async throws {
        let cluster: RealCluster = try RealCluster.here
        try await Scene.play(.linkedAndFast, in: namespace) { scene in
            try await cluster.withController(account: try await cluster.account(roles)) { _ in
                try await scene.apply()
                try await scene.waitUntilHealthy()
                let before: JSONValue = try await scene.route()

                cluster.exporter.setErrorRatioOfCanary(0.6)
                try await scene.apply(image: badImage)
                let aborted: RolloutView = try await scene.waitFor("aborted", seconds: 90) { $0.isAborted && $0.phase == "Degraded" }
                #expect(aborted.message.hasPrefix("RolloutAborted: "), "\(aborted.message)")
                try await scene.expectRouteIsBack(to: before)
                print("\(namespace): weights \(scene.routeHistory); \(aborted.message)")
                #expect(scene.routeHistory.contains("my-app:95 my-app-canary:5"), "the bad version had its share of the traffic")
                #expect(!scene.routeHistory.contains("my-app:0 my-app-canary:100"))

                let run: AnalysisRunView = try #require(try await scene.analysisRuns().first)
                print("\(namespace): \(run)")
                #expect(run.phase == "Failed")
                #expect(run.measurements.last?.phase == "Failed")
                #expect((run.measurements.last?.number ?? 0) >= 0.01)
                try await scene.expectReplicaSets(images: [Scene.stableImage, badImage], ready: 0)
                #expect(try await scene.eventReasons().isSuperset(of: ["RolloutAborted", "AnalysisRunFailed"]))
            }
        }
    }
}

extension Scene {
    /// The route's rules are what the user wrote, and nothing that we record is left behind.
    func expectRouteIsBack(to before: JSONValue) async throws {
        let wanted: JSONValue = before.at("spec", "rules") ?? .null
        try await eventually("the route is as it was", seconds: 40, showing: { routeHistory.joined(separator: "\n") }) {
            try await route().at("spec", "rules") == wanted ? true : nil
        }
        let after: JSONValue = try await route()
        #expect(after["spec"] == before["spec"])
        #expect(after.at("metadata", "annotations", "rollouts.argoproj.io/gatewayapi-managed-rules") == nil)
    }

    /// One ReplicaSet per version and no more; the one at `ready` has all pods.
    func expectReplicaSets(images: [String], ready: Int) async throws {
        // After an abort the canary may be gone before the last stable pod is back.
        let sets: [ReplicaSetView] = try await eventually("\(images[ready]) has ten ready pods", seconds: 30) {
            let sets: [ReplicaSetView] = try await replicaSets()
            return sets.contains { $0.image == images[ready] && $0.wanted == 10 && $0.ready == 10 } ? sets : nil
        }
        #expect(sets.map(\.image).sorted() == images.sorted(), "\(sets)")
    }
}
