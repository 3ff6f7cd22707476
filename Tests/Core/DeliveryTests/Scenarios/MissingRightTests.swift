import Clockwork
import Delivery
import KubeModel
import RolloutModel
import StrictJSON
import Testing

@Suite("A right that is missing") struct MissingRightTests {
    static let right = MissingRight(verb: "patch", resource: "services", namespace: "shop", name: "app-canary", user: "sluice")
    static let steps: [JSONValue] = [["setWeight": 50], ["pause": [:]]]

    /// A routed canary whose first version is everywhere.
    private static func settled(_ steps: [JSONValue] = Self.steps, templates: [JSONValue] = []) -> ModelCluster {
        var cluster = ModelCluster.routed(Manifest.rollout(steps: steps, canary: Manifest.routed()), templates: templates)
        cluster.settle()
        cluster.forget()
        return cluster
    }

    private static func condition(_ cluster: ModelCluster) -> RolloutCondition? {
        RolloutStatus(json: cluster.rollout["status"] ?? [:]).conditions.first { $0.type == "Forbidden" }
    }

    @Test("for a Service holds the weight, is named, counts as a failure after a minute, and is forgotten once it is granted") func service() {
        var cluster = Self.settled()
        cluster.refusals.append((
            Refusal(subject: "patch Service/app-canary", cause: .missingRight(Self.right)), cluster.now + .seconds(300)))
        cluster.setImage("v2")
        cluster.settle()
        #expect(cluster.routeText == "100/0" && !cluster.journal.contains { $0.hasPrefix("app-canary→") })
        let condition: RolloutCondition? = Self.condition(cluster)
        #expect(condition?.status == .yes && condition?.reason == "MissingPermission")
        #expect(condition?.message.contains("patch services in namespace \"shop\" (\"app-canary\")") == true)
        #expect(condition?.message.contains(Self.right.remedy) == true)
        #expect(cluster.phase.hasPrefix("Progressing Forbidden: "))
        #expect(cluster.rollout.at("status", "observedGeneration")?.stringValue == "2")
        cluster.run(for: .seconds(61))
        #expect(cluster.phase.hasPrefix("Degraded Forbidden: "))
        #expect(Self.condition(cluster)?.lastTransitionTime == condition?.lastTransitionTime)
        #expect(cluster.events.filter { $0.reason == "Forbidden" && $0.severity == .warning }.count == 1)
        cluster.run(for: .seconds(300))
        #expect(Self.condition(cluster) == nil && cluster.phase == "Paused CanaryPauseStep" && cluster.routeText == "50/50")
    }

    @Test("for a Service does not keep an abort from taking the weight back") func abort() {
        var cluster = Self.settled()
        cluster.setImage("v2")
        cluster.settle()
        #expect(cluster.routeText == "50/50")
        cluster.refusals.append((
            Refusal(subject: "patch Service/app-canary", cause: .missingRight(Self.right)), cluster.now + .seconds(3600)))
        cluster.abort()
        cluster.settle()
        #expect(cluster.routeText == "100/0")
        #expect(Self.condition(cluster)?.status == .yes)
    }

    @Test("for what history no longer keeps holds nothing up, and is named", arguments: [
        ("delete ReplicaSet", MissingRight(verb: "delete", group: "apps", resource: "replicasets", namespace: "shop")),
        ("delete AnalysisRun", MissingRight(verb: "delete", group: "argoproj.io", resource: "analysisruns", namespace: "shop")),
        ("patch AnalysisRun", MissingRight(verb: "patch", group: "argoproj.io", resource: "analysisruns", namespace: "shop")),
    ]) func housekeeping(subject: String, right: MissingRight) {
        var cluster = ModelCluster.routed(Manifest.rollout(steps: [["setWeight": 50]], canary: Manifest.routed(), spec: ["revisionHistoryLimit": 0]))
        cluster.settle()
        cluster.refusals.append((Refusal(subject: subject, cause: .missingRight(right)), cluster.now + .seconds(86_400)))
        for image in ["v2", "v3"] {
            cluster.setImage(image)
            cluster.run(for: .seconds(120))
        }
        #expect(cluster.phase == "Healthy" && cluster.sizes.contains("v3: 4"))
        #expect(cluster.journal.contains { $0.hasSuffix(" deleted") } == (subject != "delete ReplicaSet"))
        #expect(Self.condition(cluster)?.message.contains(right.rule) == true)
    }

    @Test("for an analysis is noticed before any weight is given") func analysisFirst() throws {
        let background: JSONValue = ["templates": [["templateName": "ok"]]]
        let manifest: JSONValue = Manifest.rollout(steps: Self.steps, canary: Manifest.routed(["analysis": background]))
        var cluster = ModelCluster.routed(manifest, templates: [Manifest.template()])
        cluster.settle()
        cluster.setImage("v2")
        var raises: Int = 0
        for _ in 0..<40 where raises == 0 {
            let plan: RolloutPlan = cluster.decideNow()
            let creation: Int? = plan.steps.firstIndex { if case .createAnalysisRun = $0.action { true } else { false } }
            let raise: Int? = plan.steps.firstIndex { if case .patchRoute = $0.action { true } else { false } }
            if let raise {
                let created: Bool = !cluster.runs.isEmpty || (creation.map { $0 < raise } ?? false)
                #expect(created, "the weight comes before the run")
                raises += 1
            }
            cluster.apply(plan)
        }
        #expect(raises == 1)
    }

    @Test("to read something leaves a Rollout at rest as it is, and holds one that has to go on") func unreadable() {
        var cluster = Self.settled()
        let list = MissingRight(verb: "list", group: "gateway.networking.k8s.io", resource: "httproutes", user: "sluice")
        func plan() -> RolloutPlan {
            var seen: RolloutObservation = cluster.observe()
            seen.unreadable = [list]
            let plan: RolloutPlan = decide(seen, now: cluster.now)
            #expect(violations(of: plan, seen: seen, now: cluster.now) == [])
            return plan
        }
        let atRest: RolloutPlan = plan()
        #expect(atRest.steps.isEmpty && atRest.status.phase == .healthy)
        #expect(atRest.status.conditions.contains { $0.type == "Forbidden" && $0.message.contains(list.rule) })
        cluster.setImage("v2")
        let waiting: RolloutPlan = plan()
        #expect(waiting.steps.isEmpty && waiting.status.phase == .progressing && waiting.status.message.contains(list.rule))
        cluster.rollout["status"] = waiting.status.json
        cluster.now += .seconds(60)
        #expect(plan().status.phase == .degraded)
        cluster.settle()
        #expect(Self.condition(cluster) == nil && cluster.routeText == "50/50")
    }
}
