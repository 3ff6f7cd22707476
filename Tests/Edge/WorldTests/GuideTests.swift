import Clockwork
import KubeModel
import RolloutModel
import StrictJSON
import Testing
import World

@Suite("The manifests of the guides, unchanged") struct GuideTests {
    @Test("run to their end in virtual time, by 1 of 11, 2 of 10 and 5 of 10 pods") func promotes() throws {
        try World.run(seed: 1) { world in
            try await world.applyExample("guide/my-app.yaml")
            let route: JSONValue? = await world.document(.httpRoutes, "my-app-route")
            try await world.waitHealthy()
            #expect(try await world.sizes() == [10])
            #expect(await world.isEvent("SelectorDerived"))

            let started: Timestamp = world.clock.now
            try await world.setImage("myapp:v3.0")
            var seen: [[Int]] = []
            for step in [1, 3, 5] {
                try await world.waitPaused(atStep: step)
                #expect(await world.pods(ofImage: "myapp:v3.0") + (await world.pods(ofImage: "myapp:v2.0")) == (step == 1 ? 11 : 10))
                seen.append([await world.pods(ofImage: "myapp:v3.0"), await world.pods(ofImage: "myapp:v2.0")])
            }
            #expect(seen == [[1, 10], [2, 8], [5, 5]])
            let done: Rollout = try await world.waitHealthy()
            #expect(world.clock.now - started > .seconds(25 * 60))
            #expect(try await world.sizes() == [0, 10])
            #expect(done.status.currentStepIndex == 6)
            #expect(done.status.stableRS == done.status.currentPodHash)
            #expect(done.status.selector == "sluice/rollout=my-app")

            // One measurement a minute, judged on the only sample of the vector, which the message says. The run ends with the release.
            try await world.cluster.sleep(.seconds(60))
            let run: AnalysisRun = try #require(try await world.analysisRuns().first)
            let metric = try #require(run.status.metricResults.first)
            #expect((25...28).contains(metric.count), "\(metric.count)")
            #expect(metric.count == metric.successful)
            #expect(metric.measurements.last?.message.contains("sample") ?? false, "\(metric.measurements.last?.message ?? "")")
            #expect(run.status.phase == .successful)
            #expect(await world.isEvent("ArgumentNotDeclared"))
            // It names no route and no Service: the route is left alone.
            #expect(await world.document(.httpRoutes, "my-app-route")?.at("metadata", "resourceVersion") == route?.at("metadata", "resourceVersion"))
            #expect(done.spec.selector == nil, "the selector is never written into the spec")
        }
    }

    @Test("abort a version that fails its analysis, and have all pods back on stable") func aborts() throws {
        try World.run(seed: 2) { world in
            world.prometheus.setErrorRate(0.2, ofImage: "myapp:v3.0-broken")
            try await world.applyExample("guide/my-app.yaml")
            let first: Rollout = try await world.waitHealthy()
            try await world.setImage("myapp:v3.0-broken")
            let aborted: Rollout = try await world.waitDegraded()
            #expect(aborted.status.abort)
            #expect(aborted.status.message.contains("error-rate"), "\(aborted.status.message)")
            try await world.waitFor("ten pods of stable") { $0.status.replicas == 10 && $0.status.availableReplicas == 10 }
            #expect(try await world.sizes() == [10, 0])
            #expect(aborted.status.stableRS == first.status.stableRS)
            #expect(await world.pods(ofImage: "myapp:v2.0") == 10)
            let run: AnalysisRun = try #require(try await world.analysisRuns().first)
            #expect(run.status.phase == .failed)
            #expect(await world.events().filter { $0.hasPrefix("RolloutAborted:") }.count == 1, "R39: one event for one abort")

            // The same template again is a rollback to stable.
            try await world.setImage("myapp:v2.0")
            let back: Rollout = try await world.waitHealthy()
            #expect(back.status.stableRS == first.status.stableRS)
            #expect(try await world.sizes().reduce(0, +) == 10)
        }
    }

    @Test("show no canary on the first apply") func firstApply() throws {
        try World.run(seed: 3) { world in
            let started: Timestamp = world.clock.now
            try await world.applyExample("guide/my-app.yaml")
            let done: Rollout = try await world.waitHealthy()
            #expect(world.clock.now - started < .seconds(60))
            #expect(done.status.currentStepIndex == 6)
            #expect(try await world.analysisRuns().isEmpty)
        }
    }

    @Test("linked to their route, split its traffic as written") func linked() throws {
        try World.run(seed: 4) { world in
            for object in world.cluster.gatewayObjects(name: "production-gateway") { try await world.cluster.apply(object) }
            for name in ["my-app", "my-app-canary"] {
                try await world.cluster.apply(Scenery.service(name, selecting: ["sluice/rollout": "my-app"]))
            }
            try await world.applyExample("guide/my-app.yaml") { if $0["kind"] == "Rollout" { Scenery.link(&$0) } }
            try await world.waitHealthy()
            let before: JSONValue? = await world.document(.httpRoutes, "my-app-route")?["spec"]
            #expect(await world.backends() == ["my-app=1"], "nothing is added before weight is needed")
            try await world.setImage("myapp:v3.0")
            var split: [[String]] = []
            for step in [1, 3, 5] {
                try await world.waitPaused(atStep: step)
                split.append(await world.backends())
                let shares = world.cluster.traffic(to: .route(world.key("my-app-route"), rule: 0))
                #expect(abs(shares.fraction(ofImage: "myapp:v3.0") - [1: 0.05, 3: 0.2, 5: 0.5][step]!) < 0.001)
                #expect(shares.failed == 0)
            }
            #expect(split == [["my-app=95", "my-app-canary=5"], ["my-app=80", "my-app-canary=20"], ["my-app=50", "my-app-canary=50"]])
            try await world.waitHealthy()
            #expect(await world.document(.httpRoutes, "my-app-route")?["spec"] == before)
            #expect(try await world.sizes() == [0, 10])
        }
    }
}
