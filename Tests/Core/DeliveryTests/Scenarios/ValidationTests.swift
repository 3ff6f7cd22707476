import StrictJSON
import Testing

@Suite("An invalid spec") struct ValidationTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var message: String
        var patch: JSONValue
        var testDescription: String { message }

        init(_ message: String, _ patch: JSONValue) {
            self.message = message
            self.patch = ["spec": patch]
        }

        static func canary(_ message: String, _ canary: JSONValue) -> Case { Case(message, ["strategy": ["canary": canary]]) }
        static func step(_ message: String, _ step: JSONValue) -> Case { .canary(message, ["steps": [step]]) }
    }

    static let stepText: String = "Step must have one of the following set: experiment, setWeight, setCanaryScale, plugin or pause"

    static let cases: [Case] = [
        Case("spec.selector: Invalid value: {}: empty selector is invalid for deployment", ["selector": ["matchLabels": .null]]),
        Case(
            "spec.template.metadata.labels: Invalid value: {\"app\":\"app\"}: `selector` does not match template `labels`",
            ["selector": ["matchLabels": ["app": "other"]]]),
        Case(
            "spec.template.spec.restartPolicy: Unsupported value: \"Never\": supported values: \"Always\"",
            ["template": ["spec": ["restartPolicy": "Never"]]]),
        Case("spec.template.spec.containers: Required value", ["template": ["spec": ["containers": []]]]),
        Case("spec.template.spec.containers[0].name: Required value", ["template": ["spec": ["containers": [["image": "web"]]]]]),
        Case("spec.template.spec.containers[0].image: Required value", ["template": ["spec": ["containers": [["name": "web"]]]]]),
        Case(
            "spec.template.spec.containers[0].name: Invalid value: \"MAIN\": a lowercase RFC 1123 label must consist of lower case alphanumeric "
                + "characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for "
                + "validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
            ["template": ["spec": ["containers": [["name": "MAIN", "image": "web"]]]]]),
        Case(
            "spec.progressDeadlineSeconds: Invalid value: 10: must be greater than minReadySeconds",
            ["progressDeadlineSeconds": 10, "minReadySeconds": 10]),
        Case("spec.minReadySeconds: Invalid value: -1: must be greater than or equal to 0", ["minReadySeconds": -1]),
        Case(
            "spec.strategy.strategy: Required value: Rollout has missing field '.spec.strategy.canary or .spec.strategy.blueGreen'",
            ["strategy": ["canary": .null]]),
        Case(
            "spec.strategy.strategy: Invalid value: \"blueGreen: true canary: true\": Multiple Strategies can not be listed",
            ["strategy": ["blueGreen": ["activeService": "active"]]]),
        .canary("spec.strategy.maxSurge: Invalid value: 0: MaxSurge and MaxUnavailable both can not be zero", ["maxSurge": 0, "maxUnavailable": "0%"]),
        .canary(
            "spec.strategy.stableService: Invalid value: \"app-stable\": This rollout uses the same service for the stable and canary services, but two different services are required.",
            ["stableService": "app-stable", "canaryService": "app-stable"]),
        .canary(
            "spec.strategy.scaleDownDelaySeconds: Invalid value: 5: Canary scaleDownDelaySeconds can only be used with traffic routing",
            ["scaleDownDelaySeconds": 5]),
        .step("spec.strategy.steps[0].setWeight: Invalid value: 101: SetWeight needs to be between 0 and 100", ["setWeight": 101]),
        .step("spec.strategy.steps[0].setWeight: Invalid value: -1: SetWeight needs to be between 0 and 100", ["setWeight": -1]),
        .step("spec.strategy.steps[0].pause.duration: Invalid value: -1: Duration needs to be greater than 0", ["pause": ["duration": "soon"]]),
        .step("spec.strategy.steps[0].pause.duration: Invalid value: -5: Duration needs to be greater than 0", ["pause": ["duration": -5]]),
        .step(
            "spec.strategy.steps[0]: Invalid value: \"step.Experiment: false step.Pause: true step.SetWeight: true step.Analysis: false\": \(stepText)",
            ["setWeight": 10, "pause": [:]]),
        .step(
            "spec.strategy.steps[0]: Invalid value: \"step.Experiment: true step.Pause: true step.SetWeight: true step.Analysis: true step.SetCanaryScale: true "
                + "step.SetHeaderRoute: true step.SetMirrorRoute: true step.Plugin: true\": \(stepText)",
            [:]),
        .step("spec.strategy.trafficRouting: Required value: SetCanaryScale requires TrafficRouting to be set", ["setCanaryScale": ["weight": 5]]),
        .step(
            "spec.strategy.steps[0]: Invalid value: \"step.Experiment: false step.Pause: false step.SetWeight: true step.Analysis: false\": \(stepText)",
            ["setWeight": 10, "setCanaryScale": ["weight": 5]]),
        .canary("spec.strategy.minPodsPerReplicaSet: Invalid value: -1: must be greater than or equal to 0", ["minPodsPerReplicaSet": -1]),
        .canary(
            "spec.strategy.replicaProgressThreshold.type: Invalid value: \"Pod\": must be Percent or Pods",
            ["replicaProgressThreshold": ["type": "Pod", "value": 1]]),
        .canary(
            "spec.strategy.replicaProgressThreshold.value: Invalid value: 101: must be between 0 and 100",
            ["replicaProgressThreshold": ["type": "Percent", "value": 101]]),
        .canary("spec.strategy.canary.stableService: Invalid value: \"nobody\": service \"nobody\" not found", ["stableService": "nobody"]),
        .canary(
            "spec.strategy.canary.stableService: Invalid value: \"other\": Service \"other\" has unmatch label \"app\" in rollout",
            ["stableService": "other"]),
        .canary(
            "spec.strategy.canary.stableService: Invalid value: \"taken\": Service \"taken\" is managed by another Rollout", ["stableService": "taken"]),
        .canary(
            "spec.strategy.canary.steps[0].analysis.templates: Invalid value: \"none\": AnalysisTemplate 'none' not found",
            ["steps": [["analysis": ["templates": [["templateName": "none"]]]]]]),
        .canary(
            "spec.strategy.canary.steps[0].analysis.templates: Invalid value: \"none\": ClusterAnalysisTemplate 'none' not found",
            ["steps": [["analysis": ["templates": [["templateName": "none", "clusterScope": true]]]]]]),
        .canary(
            "spec.strategy.canary.steps[0].analysis.templates: Invalid value: \"endless\": AnalysisTemplate endless has metric m which runs indefinitely. Invalid value for count: <nil>",
            ["steps": [["analysis": ["templates": [["templateName": "endless"]]]]]]),
        .canary("spec.strategy.canary.steps[0].setWeight: is string \"ten\", a whole number is needed", ["steps": [["setWeight": "ten"]]]),
    ]

    @Test("is named by a condition in upstream's words and changes nothing else", arguments: cases) func message(_ c: Case) {
        var taken: JSONValue = Manifest.service("taken")
        taken.set("another", at: ["metadata", "annotations", "argo-rollouts.argoproj.io/managed-by-rollouts"])
        var cluster = ModelCluster(
            Manifest.rollout(),
            services: [Manifest.service("app-stable"), Manifest.service("other", selector: ["app": "another"]), taken],
            templates: [Manifest.template("endless", count: nil)])
        cluster.edit(c.patch)
        cluster.settle()
        #expect(cluster.phase == "Degraded InvalidSpec: The Rollout \"app\" is invalid: \(c.message)")
        #expect(cluster.condition("InvalidSpec") == "True/InvalidSpec")
        #expect(cluster.replicaSets.isEmpty && cluster.writes == 1 && cluster.events.isEmpty)
        #expect(cluster.status.observedGeneration == "\(cluster.rollout.at("metadata", "generation")?.intValue ?? 0)")
    }

    @Test("is told about each member that is not carried out yet", arguments: [
        ("spec.workloadRef", ["workloadRef": ["apiVersion": "apps/v1", "kind": "Deployment", "name": "x"]]),
        ("spec.restartAt", ["restartAt": "2026-01-01T00:00:00Z"]),
        ("spec.strategy.blueGreen.antiAffinity", ["strategy": ["canary": .null, "blueGreen": ["activeService": "a", "antiAffinity": ["requiredDuringSchedulingIgnoredDuringExecution": [:]]]]]),
        ("spec.strategy.canary.antiAffinity", ["strategy": ["canary": ["antiAffinity": ["preferredDuringSchedulingIgnoredDuringExecution": ["weight": 1]]]]]),
        ("spec.strategy.canary.dynamicStableScale", ["strategy": ["canary": ["dynamicStableScale": true]]]),
        ("spec.strategy.canary.trafficRouting.nginx", ["strategy": ["canary": ["trafficRouting": ["nginx": ["stableIngress": "x"]]]]]),
        ("spec.strategy.steps[0]", ["strategy": ["canary": ["steps": [["setHeaderRoute": ["name": "h"]]]]]]),
        ("spec.strategy.steps[0]", ["strategy": ["canary": ["steps": [["experiment": ["templates": []]]]]]]),
    ] as [(String, JSONValue)])
    func unsupported(_ path: String, _ patch: JSONValue) {
        var cluster = ModelCluster(Manifest.rollout())
        cluster.edit(["spec": patch])
        cluster.settle()
        #expect(cluster.status.message.hasPrefix("InvalidSpec: The Rollout \"app\" is invalid: \(path): "), "\(cluster.status.message)")
        #expect(cluster.replicaSets.isEmpty)
    }

    @Test("is accepted where upstream accepts it", arguments: [
        ["strategy": ["canary": ["maxUnavailable": "150%"]]], ["strategy": ["canary": ["maxSurge": "many"]]],
        ["strategy": ["canary": ["steps": [["pause": ["duration": 0]]]]]],
    ] as [JSONValue])
    func accepted(_ patch: JSONValue) {
        var cluster = ModelCluster(Manifest.rollout())
        cluster.edit(["spec": patch])
        cluster.settle()
        #expect(cluster.phase == "Healthy")
    }
}
