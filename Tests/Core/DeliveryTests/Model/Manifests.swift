import StrictJSON

/// Manifests as users write them; a test mentions only what matters to it.
enum Manifest {
    /// The guide's canary: 1 of 11, 2 of 10, 5 of 10 pods.
    static let guideSteps: [JSONValue] = [
        ["setWeight": 5], ["pause": ["duration": "5m"]], ["setWeight": 20], ["pause": ["duration": "10m"]], ["setWeight": 50],
        ["pause": ["duration": "10m"]],
    ]

    static func rollout(
        _ name: String = "app", replicas: Int? = 4, steps: [JSONValue]? = nil, selector: Bool = true, labels: [String: String] = ["app": "app"],
        image: String = "v1", canary: JSONObject = [:], spec: JSONObject = [:]
    ) -> JSONValue {
        var strategy: JSONValue = .object(canary)
        if let steps { strategy["steps"] = .array(steps) }
        var labelObject = JSONObject()
        for key in labels.keys.sorted() { labelObject[key] = labels[key].map(JSONValue.string) }
        var template: JSONValue = ["spec": ["containers": [["name": "web", "image": .string("web:\(image)")]]]]
        if !labels.isEmpty { template["metadata"] = ["labels": .object(labelObject)] }
        var result: JSONValue = .object(spec)
        if let replicas { result["replicas"] = .number(JSONNumber(replicas)) }
        if selector { result["selector"] = ["matchLabels": .object(labelObject)] }
        result["template"] = template
        result["strategy"] = ["canary": strategy]
        return [
            "apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout",
            "metadata": ["name": .string(name), "namespace": "shop"], "spec": result,
        ]
    }

    /// The members of a canary strategy that routes through the HTTPRoute `app`.
    static func routed(_ more: JSONObject = [:], gateway: JSONObject = ["httpRoute": "app"]) -> JSONObject {
        var canary: JSONObject = [
            "stableService": "app-stable", "canaryService": "app-canary",
            "trafficRouting": ["plugins": ["argoproj-labs/gatewayAPI": .object(gateway)]],
        ]
        for (key, value) in more { canary[key] = value }
        return canary
    }

    static func service(_ name: String, selector: JSONValue = ["app": "app"]) -> JSONValue {
        [
            "apiVersion": "v1", "kind": "Service", "metadata": ["name": .string(name), "namespace": "shop"],
            "spec": ["selector": selector, "ports": [["port": 80]]],
        ]
    }

    static func route(_ name: String = "app", backends: [JSONValue], parents: [JSONValue] = [["name": "gateway"]]) -> JSONValue {
        [
            "apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute",
            "metadata": ["name": .string(name), "namespace": "shop"],
            "spec": ["parentRefs": .array(parents), "rules": [["backendRefs": .array(backends)]]],
        ]
    }

    static let bothBackends: [JSONValue] = [["name": "app-stable", "port": 80], ["name": "app-canary", "port": 80]]

    static func template(_ name: String = "ok", metrics: [JSONValue]? = nil, count: Int? = 1, spec: JSONObject = [:]) -> JSONValue {
        var metric: JSONValue = [
            "name": "m", "interval": "1m", "successCondition": "result < 0.01",
            "provider": ["prometheus": ["address": "http://prometheus:9090", "query": "up"]],
        ]
        if let count { metric["count"] = .number(JSONNumber(count)) }
        var body: JSONValue = .object(spec)
        body["metrics"] = .array(metrics ?? [metric])
        return [
            "apiVersion": "argoproj.io/v1alpha1", "kind": "AnalysisTemplate",
            "metadata": ["name": .string(name), "namespace": "shop"], "spec": body,
        ]
    }
}
