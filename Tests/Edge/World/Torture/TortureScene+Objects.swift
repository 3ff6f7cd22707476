import KubeModel
import StrictJSON

/// The objects of a history, as its user applies them.
extension TortureScene {
    /// Names of the templates: measurements of a step come to an end, those beside the update do not.
    private static let stepTemplate: String = "step-errors"
    private static let backgroundTemplate: String = "background-errors"

    /// What has to be there before the Rollout.
    var objects: [JSONValue] {
        let services: [JSONValue] = blueGreen == nil ? [] : (["my-app"] + (blueGreen?.hasPreview == true ? ["my-app-preview"] : []))
            .map { Scenery.service($0, selecting: ["app": "my-app"]) }
        let elsewhere: [JSONValue] = services + (routing == .linked ? [Scenery.service("elsewhere", selecting: ["app": "elsewhere"])] : [])
        guard hasAnalysis else { return elsewhere }
        func template(_ name: String, _ metric: JSONValue) -> JSONValue {
            [
                "apiVersion": "argoproj.io/v1alpha1", "kind": "AnalysisTemplate", "metadata": ["name": .string(name)],
                "spec": ["metrics": [metric]],
            ]
        }
        var metric: JSONValue = [
            "name": "errors", "interval": "3s", "successCondition": "result[0] < 0.5", "failureLimit": 0,
            "provider": ["prometheus": ["address": "http://prometheus:9090", "query": "errors"]],
        ]
        let endless: JSONValue = template(Self.backgroundTemplate, metric)
        metric["count"] = 3
        return elsewhere + [template(Self.stepTemplate, metric), endless]
    }

    var route: JSONValue? {
        switch routing {
        case .none: nil
        // A rule that is not ours beside the one that is.
        case .linked: Scenery.route(rules: [[Scenery.backend("my-app")], [Scenery.backend("elsewhere", weight: 3)]])
        case .both: Scenery.route(rules: [[Scenery.backend("my-app", weight: 100), Scenery.backend("my-app-canary", weight: 0)]])
        }
    }

    var rollout: JSONValue {
        if let blueGreen { return rollout(blueGreen) }
        let written: [JSONValue] = steps.map { step in
            switch step {
            case .setWeight(let weight): Scenery.setWeight(weight)
            case .pause(let seconds): Scenery.pause(seconds.map { "\($0)s" })
            case .analysis: ["analysis": ["templates": [["templateName": .string(Self.stepTemplate)]]]]
            case .canaryScale(.weight(let weight)): ["setCanaryScale": ["weight": .number(JSONNumber(weight))]]
            case .canaryScale(.replicas(let replicas)): ["setCanaryScale": ["replicas": .number(JSONNumber(replicas))]]
            case .canaryScale(.matchingWeight): ["setCanaryScale": ["matchTrafficWeight": true]]
            }
        }
        var rollout: JSONValue = isRouted
            ? Scenery.routedCanary(replicas: replicas, steps: written) : Scenery.canary(replicas: replicas, steps: written)
        let canary: [String] = ["spec", "strategy", "canary"]
        // Sooner than users have it, so that what never becomes ready is told soon.
        rollout.set(60, at: ["spec", "progressDeadlineSeconds"])
        func set(_ name: String, _ value: JSONValue?) {
            if let value { rollout.set(value, at: canary + [name]) }
        }
        func limit(_ text: String?) -> JSONValue? { text.map { text in Int(text).map { .number(JSONNumber($0)) } ?? .string(text) } }
        set("maxSurge", limit(maxSurge))
        set("maxUnavailable", limit(maxUnavailable))
        set("abortScaleDownDelaySeconds", abortScaleDownDelay.map { .number(JSONNumber($0)) })
        set("scaleDownDelaySeconds", scaleDownDelay.map { .number(JSONNumber($0)) })
        set("minPodsPerReplicaSet", leastPods.map { .number(JSONNumber($0)) })
        switch threshold {
        case .percent(let value): set("replicaProgressThreshold", ["type": "Percent", "value": .number(JSONNumber(value))])
        case .pods(let value): set("replicaProgressThreshold", ["type": "Pods", "value": .number(JSONNumber(value))])
        case nil: break
        }
        if let rollbackWindow { rollout.set(["revisions": .number(JSONNumber(rollbackWindow))], at: ["spec", "rollbackWindow"]) }
        if let backgroundFrom {
            set("analysis", [
                "templates": [["templateName": .string(Self.backgroundTemplate)]], "startingStep": .number(JSONNumber(backgroundFrom)),
            ])
        }
        return rollout
    }

    private func rollout(_ blueGreen: BlueGreen) -> JSONValue {
        var members: JSONObject = [:]
        func set(_ name: String, _ number: Int?) {
            if let number { members[name] = .number(JSONNumber(number)) }
        }
        let analysis: JSONValue = ["templates": [["templateName": .string(Self.stepTemplate)]]]
        switch blueGreen.promotion {
        case .atOnce: break
        case .byHand: members["autoPromotionEnabled"] = false
        case .after(let seconds): set("autoPromotionSeconds", seconds)
        }
        set("previewReplicaCount", blueGreen.previewPods)
        set("scaleDownDelayRevisionLimit", blueGreen.delayedRevisions)
        set("scaleDownDelaySeconds", scaleDownDelay)
        set("abortScaleDownDelaySeconds", abortScaleDownDelay)
        if blueGreen.hasAnalysisBefore { members["prePromotionAnalysis"] = analysis }
        if blueGreen.hasAnalysisAfter { members["postPromotionAnalysis"] = analysis }
        var rollout: JSONValue = Scenery.blueGreen(replicas: replicas, hasPreview: blueGreen.hasPreview, members)
        rollout.set(60, at: ["spec", "progressDeadlineSeconds"])
        if let rollbackWindow { rollout.set(["revisions": .number(JSONNumber(rollbackWindow))], at: ["spec", "rollbackWindow"]) }
        return rollout
    }
}
