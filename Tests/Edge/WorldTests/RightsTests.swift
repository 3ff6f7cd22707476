import Clockwork
import EmbeddedAPIServer
import FoundationEssentials
import KubeModel
import KubeYAML
import RolloutModel
import SimulatedCluster
import StrictJSON
import Testing
import World

/// Two Rollouts: `my-app` with a route, Services and an analysis that takes a secret, and `plain` with pods alone. From the
/// controller's role one right after the other is missing.
@Suite("Where a right is missing") struct RightsTests {
    /// What becomes of a Rollout without a right.
    enum Effect: Sendable {
        /// Its release comes to its end.
        case completes
        /// It comes to its end, and a condition tells what was not done beside it.
        case completesTelling
        /// It waits, and a condition says for what.
        case waits
        /// It is aborted, and a condition says why.
        case aborts
        /// It waits, and nothing can be written that says so; the log does.
        case waitsUntold
    }

    struct Case: Sendable, CustomTestStringConvertible {
        var missing: [Right]
        var routed: Effect
        var plain: Effect

        init(_ verbs: String..., of resource: String, _ group: String = "", routed: Effect, plain: Effect = .completes) {
            missing = verbs.map { Right($0, resource, group) }
            self.routed = routed
            self.plain = plain
        }

        var testDescription: String { missing.map(\.testDescription).joined(separator: ", ") }
    }

    private static let argo: String = "argoproj.io"
    private static let gateway: String = "gateway.networking.k8s.io"
    private static let discovery: String = "discovery.k8s.io"

    static let cases: [Case] = [
        Case("list", of: "rollouts", argo, routed: .waitsUntold, plain: .waitsUntold),
        Case("watch", of: "rollouts", argo, routed: .completes),
        Case("list", "watch", of: "rollouts", argo, routed: .waitsUntold, plain: .waitsUntold),
        Case("get", of: "rollouts", argo, routed: .completes),
        Case("patch", of: "rollouts", argo, routed: .waits, plain: .waits),
        Case("patch", of: "rollouts/status", argo, routed: .waitsUntold, plain: .waitsUntold),
        Case("create", of: "analysisruns", argo, routed: .waits),
        Case("get", of: "analysisruns", argo, routed: .completes),
        Case("list", of: "analysisruns", argo, routed: .waits),
        Case("watch", of: "analysisruns", argo, routed: .completes),
        Case("list", "watch", of: "analysisruns", argo, routed: .waits),
        Case("patch", of: "analysisruns", argo, routed: .waits),
        Case("delete", of: "analysisruns", argo, routed: .completesTelling),
        Case("list", of: "analysistemplates", argo, routed: .waits),
        Case("watch", of: "analysistemplates", argo, routed: .completes),
        Case("list", "watch", of: "clusteranalysistemplates", argo, routed: .completes),
        Case("create", of: "replicasets", "apps", routed: .waits, plain: .waits),
        Case("get", of: "replicasets", "apps", routed: .completes),
        Case("list", of: "replicasets", "apps", routed: .waits, plain: .waits),
        Case("watch", of: "replicasets", "apps", routed: .completes),
        Case("patch", of: "replicasets", "apps", routed: .waits, plain: .waits),
        Case("delete", of: "replicasets", "apps", routed: .completesTelling),
        Case("get", of: "services", routed: .completes),
        Case("list", of: "services", routed: .waits),
        Case("watch", of: "services", routed: .completes),
        Case("patch", of: "services", routed: .waits),
        Case("list", "watch", of: "endpointslices", discovery, routed: .completes),
        Case("watch", of: "endpointslices", discovery, routed: .completes),
        Case("get", of: "httproutes", gateway, routed: .completes),
        Case("list", of: "httproutes", gateway, routed: .waits),
        Case("watch", of: "httproutes", gateway, routed: .completes),
        Case("patch", of: "httproutes", gateway, routed: .completes),
        Case("update", of: "httproutes", gateway, routed: .completes),
        Case("patch", "update", of: "httproutes", gateway, routed: .waits),
        Case("get", of: "secrets", routed: .aborts),
        Case("create", "patch", of: "events", routed: .completes),
        Case("patch", of: "events", routed: .completes),
    ]

    @Test("every right that deploy/ grants is taken away once") func everyRight() throws {
        let path: String = "\(World.root)/deploy/cluster/role.yaml"
        let role: JSONValue = try #require(
            try YAMLStream.parse(Array(try Data(contentsOf: URL(filePath: path))), fileName: path).map(\.json).first { $0["kind"] == "ClusterRole" })
        var granted: Set<Right> = []
        for rule in role["rules"]?.arrayValue ?? [] {
            for group in rule["apiGroups"]?.arrayValue ?? [] {
                for resource in rule["resources"]?.arrayValue ?? [] {
                    for verb in rule["verbs"]?.arrayValue ?? [] {
                        granted.insert(Right(verb.stringValue ?? "", resource.stringValue ?? "", group.stringValue ?? ""))
                    }
                }
            }
        }
        // Asked for by an admission plugin that the embedded server does not have.
        granted.remove(Right("update", "rollouts/finalizers", Self.argo))
        granted.remove(Right("update", "analysisruns/finalizers", Self.argo))
        // Neither Rollout has an analysis by a Job; those have a test of their own.
        granted.subtract(JobAnalysisTests.rights)
        #expect(Set(Self.cases.flatMap(\.missing)) == granted)
    }

    static let images: [String] = ["myapp:v2", "myapp:v3"]

    @Test("a release does without it, or says what is missing; others go on; once it is granted all come to their end", arguments: cases)
    func missingFromTheStart(_ c: Case) throws {
        try World.run(seed: 81, withController: false) { world in
            let fence = await Fence(world)
            let warnings = Recorded<String>()
            let safety = SafetyWatch(world)
            try await Self.apply(world, images: ["myapp:v1", "myapp:v1"])
            fence.remove(c.missing)
            try await world.withController(logger: WarningLog.logger(warnings)) {
                try await world.cluster.sleep(.seconds(200))
                for image in Self.images {
                    try await Self.apply(world, images: [image, image])
                    try await world.cluster.sleep(.seconds(600))
                }
                try await Self.expect(c.routed, c, "my-app", world)
                try await Self.expect(c.plain, c, "plain", world)
                Self.expectTold(c, warnings, fence, isTried: ![.completes].contains(c.routed))
                fence.grantAll()
                if case .aborts = c.routed { try await world.retry() }
                for name in ["my-app", "plain"] {
                    let healthy: Rollout = try await world.waitHealthy(name, timeout: .seconds(900))
                    #expect(healthy.status.stableRS == healthy.status.currentPodHash)
                }
                try await world.cluster.sleep(.seconds(60))
                for name in ["my-app", "plain"] {
                    #expect(try await world.rollout(name).status.condition("Forbidden") == nil, "\(c.testDescription): \(name) is still held")
                    #expect(try await world.sizes(of: name).filter { $0 > 0 } == [4])
                }
                #expect(await world.backends() == ["my-app=1"])
            }
            #expect(safety.violations.isEmpty, "\(c.testDescription): \(safety.violations.joined(separator: "\n"))")
        }
    }

    @Test("in the middle of a canary nothing unsafe is done, an abort takes its weight back or says why not", arguments: cases)
    func missingInTheMiddle(_ c: Case) throws {
        try World.run(seed: 82, withController: false) { world in
            let fence = await Fence(world)
            let warnings = Recorded<String>()
            let safety = SafetyWatch(world)
            try await world.withController(logger: WarningLog.logger(warnings)) {
                try await Self.apply(world, images: ["myapp:v1", "myapp:v1"], endsByItself: false)
                try await world.waitHealthy()
                try await Self.apply(world, images: ["myapp:v2", "myapp:v1"], endsByItself: false)
                try await world.waitPaused(atStep: 1)
                fence.remove(c.missing)
                // Until then watches that had begun before have come to their end.
                try await world.cluster.sleep(.seconds(1200))
                try await world.abort()
                try await world.cluster.sleep(.seconds(300))
                let rollout: Rollout = try await world.rollout()
                let isTold: Bool = c.missing.contains { rollout.status.condition("Forbidden")?.message.contains($0.rule) ?? false }
                    || warnings.all.contains { line in c.missing.contains { line.contains($0.rule) } }
                let backends: [String] = await world.backends()
                #expect(backends == ["my-app=1"] || isTold, "\(c.testDescription): \(backends), \(warnings.all)")
                fence.grantAll()
                try await world.waitFor("the abort is over", timeout: .seconds(900)) { $0.status.phase == .degraded && $0.status.updatedReplicas == 0 }
                try await world.cluster.sleep(.seconds(60))
                #expect(await world.backends() == ["my-app=1"])
                #expect(try await world.rollout().status.condition("Forbidden") == nil)
            }
            #expect(safety.violations.isEmpty, "\(c.testDescription): \(safety.violations.joined(separator: "\n"))")
        }
    }

    // MARK: What is applied

    private static func apply(_ world: World, images: [String], endsByItself: Bool = true) async throws {
        try await world.applyRoutingOnce()
        try await world.cluster.apply([
            "apiVersion": "v1", "kind": "Secret", "metadata": ["name": "prometheus"], "data": ["header": "YWJjZGVmZ2g="],
        ])
        world.prometheus.script(.exactly("errors"), .value(0))
        var template: JSONValue = BadInputTests.template(interval: "10s")
        template.set([["name": "header", "valueFrom": ["secretKeyRef": ["name": "prometheus", "key": "header"]]]], at: ["spec", "args"])
        try await world.cluster.apply(template)
        let steps: [JSONValue] = [Scenery.setWeight(25), Scenery.pause(endsByItself ? "60s" : nil), Scenery.setWeight(50)]
        var routed: JSONValue = Scenery.routedCanary(replicas: 4, image: images[0], steps: steps)
        routed.set(["templates": [["templateName": "errors"]]], at: ["spec", "strategy", "canary", "analysis"])
        routed.set(["successfulRunHistoryLimit": 0], at: ["spec", "analysis"])
        routed.set(0, at: ["spec", "revisionHistoryLimit"])
        try await world.cluster.apply(routed)
        try await world.cluster.apply(Scenery.canary("plain", replicas: 4, image: images[1], steps: [Scenery.setWeight(50), Scenery.pause("30s")]))
    }

    // MARK: What is expected

    private static func expect(_ effect: Effect, _ c: Case, _ name: String, _ world: World) async throws {
        let rollout: Rollout = try await world.rollout(name)
        let picture: String = "\(c.testDescription): \(name): \(rollout.status.json.text(.pretty))"
        let forbidden: String = rollout.status.condition("Forbidden")?.message ?? ""
        let isComplete: Bool = rollout.status.phase == .healthy && rollout.status.currentPodHash == rollout.status.stableRS
            && rollout.status.observedGeneration == "\(rollout.metadata.generation)"
        switch effect {
        case .completes:
            #expect(isComplete && forbidden.isEmpty, "\(picture)")
        case .completesTelling:
            #expect(isComplete && c.missing.contains { forbidden.contains($0.rule) }, "\(picture)")
        case .waits:
            #expect(!isComplete && c.missing.contains { forbidden.contains($0.rule) && forbidden.contains($0.testDescription) }, "\(picture)")
            #expect(forbidden.contains(Fence.user), "\(picture)")
            #expect(rollout.status.phase == .degraded && rollout.status.message.hasPrefix("Forbidden: "), "\(picture)")
            #expect(await world.isEvent("Forbidden", about: name), "\(picture)")
        case .aborts:
            #expect(rollout.status.abort && c.missing.contains { rollout.status.condition("Progressing")?.message.contains($0.rule) ?? false }, "\(picture)")
        case .waitsUntold:
            #expect(!isComplete && forbidden.isEmpty, "\(picture)")
        }
    }

    /// Once in the log, with the remedy, and the server is not stormed.
    private static func expectTold(_ c: Case, _ warnings: Recorded<String>, _ fence: Fence, isTried: Bool) {
        for right in c.missing {
            let lines: [String] = warnings.all.filter { $0.contains(right.rule) }
            #expect(lines.count <= 1, "\(right.testDescription) is told \(lines.count) times: \(lines)")
        }
        if isTried, !c.missing.contains(Right("get", "secrets")) {
            #expect(c.missing.contains { right in warnings.all.contains { $0.contains(right.rule) } }, "\(c.testDescription): \(warnings.all)")
        }
        #expect(fence.refusals < 700, "\(c.testDescription): \(fence.refusals) refused requests in 1400 s")
    }
}

extension World {
    /// Services and route, where they are not there yet: their content is the controller's by then.
    fileprivate func applyRoutingOnce() async throws {
        if await document(.httpRoutes, "my-app-route") == nil { try await applyRouting() }
    }
}
