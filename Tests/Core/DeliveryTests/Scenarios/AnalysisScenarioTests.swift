import Clockwork
import Delivery
import StrictJSON
import Testing

@Suite("Analysis in a canary") struct AnalysisScenarioTests {
    static let stepAnalysis: JSONValue = ["analysis": ["templates": [["templateName": "ok"]]]]

    static func started(
        _ steps: [JSONValue], background: JSONValue? = nil, templates: [JSONValue] = [Manifest.template()], routed: Bool = false,
        spec: JSONObject = [:]
    ) -> ModelCluster {
        var canary: JSONObject = routed ? Manifest.routed() : [:]
        if let background { canary["analysis"] = background }
        var cluster = ModelCluster.routed(Manifest.rollout(steps: steps, canary: canary, spec: spec), templates: templates)
        cluster.settle()
        cluster.forget()
        cluster.setImage("v2")
        cluster.settle()
        return cluster
    }

    @Test("a step waits for its run and ends with it") func success() {
        var cluster = Self.started([["setWeight": 50], Self.stepAnalysis, ["pause": [:]]])
        #expect(cluster.runs.keys.map(cluster.runName) == ["app-v2-2-1"])
        #expect(cluster.step == 1 && cluster.lastPlan?.waitsFor.hasPrefix("AnalysisRun app-") == true)
        #expect(cluster.runs.values.first?.at("metadata", "labels")?.objectValue?.keys.sorted() == ["app", "rollout-type", "rollouts-pod-template-hash", "step-index"])
        cluster.endRun(nil, "Successful")
        cluster.settle()
        #expect(cluster.step == 2 && cluster.phase == "Paused CanaryPauseStep" && cluster.status.stepAnalysisRun == nil)
        let run: String = cluster.runs.keys.first ?? ""
        #expect(cluster.events.filter { $0.reason.hasPrefix("AnalysisRun") }.map(\.message) == [
            "Step Analysis Run '\(run)' Status New: 'Running' Previous: ''", "Step Analysis Run '\(run)' Status New: 'Successful' Previous: 'Running'",
        ])
    }

    @Test("a failed run aborts with its message, and nothing is raised in that plan", arguments: ["Failed", "Error"]) func failure(_ phase: String) {
        for routed in [false, true] {
            var cluster = Self.started([["setWeight": 50], Self.stepAnalysis], routed: routed)
            cluster.endRun(nil, phase, message: "metric \"m\" assessed Failed")
            let plan = cluster.decideNow()
            #expect(plan.steps.isEmpty && plan.status.abort)
            cluster.settle()
            cluster.run(for: .seconds(60))
            #expect(cluster.phase == "Degraded RolloutAborted: Rollout aborted update to revision 2: Step-based analysis phase error/failed: metric \"m\" assessed Failed")
            #expect(cluster.sizes == "v1: 4, v2: 0" && cluster.step == 0 && (!routed || cluster.routeText == "100/0"))
            #expect(cluster.events.contains { $0.reason == "AnalysisRun\(phase)" && $0.severity == .warning })
            #expect(cluster.reasons.filter { $0 == "RolloutAborted" }.count == 1)
        }
    }

    @Test("a run that the API server refuses holds everything, says so once, and is tried again") func refusedRun() {
        let steps: [JSONValue] = [["setWeight": 50], Self.stepAnalysis, ["pause": [:]]]
        let name: String = Self.started(steps).runs.keys.first ?? ""
        var cluster = ModelCluster.routed(Manifest.rollout(steps: steps), templates: [Manifest.template()])
        cluster.settle()
        cluster.forget()
        cluster.refusals.append((Refusal(subject: "AnalysisRun/\(name)", cause: .forbidden("exceeded quota")), cluster.now + .seconds(30)))
        cluster.setImage("v2")
        cluster.settle()
        #expect(cluster.runs.isEmpty && cluster.step == 1)
        #expect(cluster.lastPlan?.waitsFor.contains("exceeded quota") == true)
        #expect(cluster.events.filter { $0.reason == "ReconciliationError" }.count == 1)
        cluster.run(for: .seconds(31))
        #expect(cluster.runs.keys.map { $0 } == [name])
    }

    @Test("after an outage no step ends before the overdue measurement, and a person need not wait for it") func overdue() {
        for resumes in [false, true] {
            var cluster = Self.started(
                [["setWeight": 50], ["pause": ["duration": 60]], ["setWeight": 100]], background: ["templates": [["templateName": "ok"]]],
                templates: [Manifest.template()])
            #expect(cluster.step == 1 && cluster.runs.count == 1)
            cluster.measuresInTime = false
            if resumes {
                cluster.promote()
                cluster.settle()
                #expect(cluster.step == 2)
                continue
            }
            cluster.run(for: .seconds(3600))
            #expect(cluster.step == 1)
            #expect(cluster.lastPlan?.waitsFor.contains("that is due") == true)
            cluster.measuresInTime = true
            cluster.settle()
            #expect(cluster.phase == "Healthy")
        }
    }

    @Test("an inconclusive run pauses; resuming makes another one, promoting passes it over") func inconclusive() {
        for promotes in [false, true] {
            var cluster = Self.started([["setWeight": 50], Self.stepAnalysis, ["pause": [:]]])
            cluster.endRun(nil, "Inconclusive")
            cluster.settle()
            #expect(cluster.phase == "Paused InconclusiveAnalysisRun" && cluster.step == 1)
            #expect(cluster.events.last?.message == "Rollout is paused (InconclusiveAnalysisRun)")
            if promotes {
                cluster.promote()
                cluster.settle()
                #expect(cluster.step == 2 && cluster.phase == "Paused CanaryPauseStep" && cluster.runs.count == 1)
            } else {
                cluster.editStatus(["pauseConditions": .null])
                cluster.settle()
                #expect(cluster.runs.keys.map(cluster.runName).sorted() == ["app-v2-2-1", "app-v2-2-1.1"] && cluster.step == 1)
                cluster.endRun(".1", "Successful")
                cluster.settle()
                #expect(cluster.step == 2)
            }
        }
    }

    @Test("a background run begins at its step and ends with the update") func background() {
        var cluster = Self.started(
            [["setWeight": 25], ["pause": [:]], ["setWeight": 50], ["pause": [:]]],
            background: ["templates": [["templateName": "ok"]], "startingStep": 2], templates: [Manifest.template(count: nil)])
        #expect(cluster.runs.isEmpty)
        cluster.promote()
        cluster.settle()
        #expect(cluster.runs.keys.map(cluster.runName) == ["app-v2-2"])
        cluster.promote()
        cluster.settle()
        #expect(cluster.phase == "Healthy" && cluster.runs.values.first?.at("spec", "terminate") == true)
        #expect(cluster.status.backgroundAnalysisRun == nil)
    }

    @Test("a failing background run aborts at a pause, and a retry makes another one") func backgroundFails() {
        var cluster = Self.started(
            [["setWeight": 50], ["pause": [:]]], background: ["templates": [["templateName": "ok"]]], templates: [Manifest.template(count: nil)],
            routed: true)
        cluster.endRun(nil, "Failed", message: "bad")
        cluster.settle()
        #expect(cluster.phase == "Degraded RolloutAborted: Rollout aborted update to revision 2: Background analysis phase error/failed: bad")
        #expect(cluster.routeText == "100/0")
        cluster.retry()
        cluster.settle()
        #expect(cluster.runs.keys.map(cluster.runName).sorted() == ["app-v2-2", "app-v2-2.1"] && cluster.phase == "Paused CanaryPauseStep")
    }

    @Test("104, R29: an inconclusive background run at a pause adds its reason and blocks the end") func inconclusiveBackground() {
        var cluster = Self.started(
            [["setWeight": 50], ["pause": ["duration": 30]]], background: ["templates": [["templateName": "ok"]]],
            templates: [Manifest.template(count: nil)])
        cluster.endRun(nil, "Inconclusive")
        cluster.settle()
        #expect(cluster.status.pauseConditions.map(\.reason.rawValue) == ["CanaryPauseStep", "InconclusiveAnalysisRun"])
        #expect(cluster.phase == "Paused CanaryPauseStep")
        cluster.run(for: .seconds(3600))
        #expect(cluster.step == 1 && cluster.stable == "v1")
        cluster.editStatus(["pauseConditions": .null])
        cluster.settle()
        #expect(cluster.runs.count == 2 && cluster.stable == "v2")
    }

    @Test("an inconclusive run before a pause does not eat the pause") func inconclusiveBeforePause() {
        var cluster = Self.started(
            [["setWeight": 50], ["pause": [:]]], background: ["templates": [["templateName": "ok"]]], templates: [Manifest.template(count: nil)])
        // The run ends in the very moment in which the pause begins.
        cluster = ModelCluster.routed(
            Manifest.rollout(steps: [["setWeight": 50], ["pause": [:]]], canary: ["analysis": ["templates": [["templateName": "ok"]]]]),
            templates: [Manifest.template(count: nil)])
        cluster.settle()
        cluster.setImage("v2")
        while cluster.step != 1 || cluster.current != "v2" { cluster.apply(cluster.decideNow()) }
        cluster.endRun(nil, "Inconclusive")
        cluster.settle()
        #expect(cluster.status.pauseConditions.map(\.reason.rawValue) == ["CanaryPauseStep", "InconclusiveAnalysisRun"])
        #expect(cluster.step == 1)
    }

    @Test("32: promoting a running analysis step ends its run; the next pause is honoured") func promoteAnalysis() {
        var cluster = Self.started([["setWeight": 50], Self.stepAnalysis, ["pause": [:]]])
        cluster.promote()
        cluster.settle()
        #expect(cluster.step == 2 && cluster.phase == "Paused CanaryPauseStep")
        #expect(cluster.runs.values.first?.at("spec", "terminate") == true)
    }

    @Test("33: pause, analysis, pause, analysis; promoted, aborted, promoted in full: one run in all") func longWay() {
        var cluster = Self.started(
            [["pause": ["duration": "24h"]], Self.stepAnalysis, ["pause": [:]], Self.stepAnalysis],
            background: ["templates": [["templateName": "ok"]], "startingStep": 4])
        cluster.promote()
        cluster.settle()
        cluster.promote()
        cluster.settle()
        cluster.abort()
        cluster.settle()
        cluster.promoteFull()
        cluster.settle()
        #expect(cluster.phase == "Healthy" && cluster.stable == "v2" && cluster.runs.count == 1)
    }

    @Test("35: two analysis steps in a row have a run each") func twoSteps() {
        var cluster = Self.started([["setWeight": 50], Self.stepAnalysis, Self.stepAnalysis, ["pause": [:]]])
        cluster.endRun(nil, "Successful")
        cluster.settle()
        #expect(cluster.step == 2 && cluster.runs.keys.map(cluster.runName).sorted() == ["app-v2-2-1", "app-v2-2-2"])
    }

    @Test("30: a retry makes a new run beside the old one") func retry() {
        var cluster = Self.started([["setWeight": 50], Self.stepAnalysis])
        cluster.abort()
        cluster.settle()
        cluster.retry()
        cluster.settle()
        #expect(cluster.runs.keys.map(cluster.runName).sorted() == ["app-v2-2-1", "app-v2-2-1.1"] && cluster.step == 1)
    }

    @Test("106: the run of a plan whose status was lost is found by its name and used") func lostStatus() {
        var cluster = Self.started([["setWeight": 50], ["pause": [:]], Self.stepAnalysis])
        cluster.promote()
        while !cluster.decideNow().steps.contains(where: { if case .createAnalysisRun = $0.action { true } else { false } }) { cluster.apply(cluster.decideNow()) }
        let plan = cluster.decideNow()
        cluster.apply(plan, prefix: plan.steps.count)
        cluster.settle()
        #expect(cluster.runs.count == 1 && cluster.runs.values.first?.at("spec", "terminate") == nil)
        #expect(cluster.status.stepAnalysisRun?.phase == "Running")
    }

    @Test("108: old runs go when there are too many, those of deleted ReplicaSets always, running ones never") func limits() {
        var cluster = Self.started([["setWeight": 50], Self.stepAnalysis, ["pause": [:]]], spec: ["analysis": ["successfulRunHistoryLimit": 2]])
        for index in 0..<4 {
            cluster.now += .seconds(1)
            var old: JSONValue = cluster.runs.values.first { $0.at("metadata", "labels", "step-index") == "1" }!
            old.set(.string("old-\(index)"), at: ["metadata", "name"])
            old.set(["phase": "Successful"], at: ["status"])
            cluster.runs["old-\(index)"] = cluster.created(old)
        }
        var orphan: JSONValue = cluster.runs["old-0"]!
        orphan.set("gone", at: ["metadata", "labels", "rollouts-pod-template-hash"])
        cluster.runs["orphan"] = orphan
        cluster.runs["orphan"]?.set("orphan", at: ["metadata", "name"])
        cluster.settle()
        #expect(cluster.runs.keys.filter { $0.hasPrefix("o") }.sorted() == ["old-2", "old-3"])
        #expect(cluster.runs.count == 3)
    }

    @Test("3: a missing template makes the spec invalid, and retry alone goes on when it is there") func missingTemplate() {
        var cluster = ModelCluster(Manifest.rollout(replicas: 0, steps: [["setWeight": 50]], canary: ["analysis": ["templates": [["templateName": "ok"]]]]))
        cluster.settle()
        #expect(cluster.phase == "Degraded InvalidSpec: The Rollout \"app\" is invalid: spec.strategy.canary.analysis.templates: Invalid value: \"ok\": AnalysisTemplate 'ok' not found")
        #expect(cluster.replicaSets.isEmpty && cluster.statusWrites == 1 && cluster.events.isEmpty)
        cluster.add(template: Manifest.template())
        cluster.settle()
        #expect(cluster.phase == "Healthy" && cluster.condition("InvalidSpec") == nil)
    }

    @Test("4, 5: an invalid spec in mid-update changes nothing else, and its message follows the reason") func invalidInMidUpdate() {
        var cluster = Self.started([["setWeight": 50], ["pause": [:]]], background: ["templates": [["templateName": "ok"]]], routed: true)
        let before = cluster
        cluster.forget()
        cluster.templates = [:]
        cluster.settle()
        cluster.setCanary("analysis", ["templates": [["templateName": "other"]]])
        cluster.settle()
        #expect(cluster.status.message.hasSuffix("AnalysisTemplate 'other' not found"))
        #expect(cluster.writes == 2 && cluster.replicaSets == before.replicaSets && cluster.routes == before.routes && cluster.runs == before.runs)
        #expect(cluster.step == 1 && cluster.status.pauseConditions == before.status.pauseConditions)
        cluster.setCanary("analysis", ["templates": [["templateName": "ok"]]])
        cluster.add(template: Manifest.template())
        cluster.settle()
        #expect(cluster.phase == "Paused CanaryPauseStep" && cluster.step == 1)
    }

    @Test("an undeclared argument that a placeholder names is handed on, and said so") func undeclared() {
        let metric: JSONValue = [
            "name": "m", "interval": "1m", "successCondition": "result < 0.01",
            "provider": ["prometheus": ["address": "http://prometheus:9090", "query": "sum(rate(x{job=\"{{args.service-name}}\"}[5m]))"]],
        ]
        let cluster = Self.started(
            [["setWeight": 50], ["pause": [:]]],
            background: ["templates": [["templateName": "ok"]], "args": [["name": "service-name", "value": "my-app"], ["name": "unused", "value": "x"]]],
            templates: [Manifest.template(metrics: [metric])])
        #expect(cluster.runs.values.first?.at("spec", "args") == [["name": "service-name", "value": "my-app"]])
        #expect(cluster.events.filter { $0.reason == "ArgumentNotDeclared" }.map(\.message) == [
            "argument 'service-name' is not declared by the templates; it was passed on because a metric names {{args.service-name}}",
        ])
    }

    @Test("arguments come from hashes and fields of the Rollout") func arguments() {
        let template = Manifest.template(spec: ["args": [["name": "latest"], ["name": "stable"], ["name": "label"], ["name": "step"]]])
        let cluster = Self.started(
            [["setWeight": 50], ["pause": [:]]],
            background: ["templates": [["templateName": "ok"]], "args": [
                ["name": "latest", "valueFrom": ["podTemplateHashValue": "Latest"]], ["name": "stable", "valueFrom": ["podTemplateHashValue": "Stable"]],
                ["name": "label", "valueFrom": ["fieldRef": ["fieldPath": "spec.template.metadata.labels.app"]]],
                ["name": "step", "valueFrom": ["fieldRef": ["fieldPath": "metadata.name"]]],
            ]], templates: [template])
        let values = cluster.runs.values.first?.at("spec", "args")?.arrayValue?.map { $0["value"]?.stringValue ?? "" }
        #expect(values == [cluster.hash("v2"), cluster.hash("v1"), "app", "app"])
    }

    @Test("an argument that leads nowhere holds the update and says why") func badArgument() {
        let template = Manifest.template(spec: ["args": [["name": "x"]]])
        let cluster = Self.started(
            [["setWeight": 50], ["pause": [:]]],
            background: ["templates": [["templateName": "ok"]], "args": [["name": "x", "valueFrom": ["fieldRef": ["fieldPath": "spec.nothing"]]]]],
            templates: [template])
        #expect(cluster.sizes == "v1: 4, v2: 0" && cluster.step == 0)
        #expect(cluster.events.last?.message.contains("invalid path spec.nothing in rollout") == true)
        #expect(cluster.reasons.filter { $0 == "ReconciliationError" }.count == 1)
    }
}
