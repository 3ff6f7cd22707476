import KubeModel
import RolloutModel
import SimulatedCluster
import StrictJSON

/// Objects as users write them, small where the guide's are large.
package enum Scenery {
    /// A canary by pods alone.
    package static func canary(
        _ name: String = "my-app", replicas: Int = 10, image: String = "myapp:v1", steps: [JSONValue], labels: [String: String] = [:]
    ) -> JSONValue {
        var template: JSONValue = ["spec": ["containers": [["name": "app", "image": .string(image)]]]]
        for (key, value) in labels.sorted(by: { $0.key < $1.key }) { template.set(.string(value), at: ["metadata", "labels", key]) }
        return [
            "apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "metadata": ["name": .string(name)],
            "spec": [
                "replicas": .number(JSONNumber(replicas)), "strategy": ["canary": ["steps": .array(steps)]], "template": template,
            ],
        ]
    }

    /// The same, with its traffic split by the route of the guide.
    package static func routedCanary(_ name: String = "my-app", replicas: Int = 10, image: String = "myapp:v1", steps: [JSONValue]) -> JSONValue {
        var rollout: JSONValue = canary(name, replicas: replicas, image: image, steps: steps, labels: ["app": name])
        link(&rollout, name: name)
        return rollout
    }

    /// A blue-green Rollout: the active Service has its name, the preview Service `-preview` behind it.
    package static func blueGreen(
        _ name: String = "my-app", replicas: Int = 3, image: String = "myapp:v1", hasPreview: Bool = true, _ members: JSONObject = [:]
    ) -> JSONValue {
        var rollout: JSONValue = canary(name, replicas: replicas, image: image, steps: [], labels: ["app": name])
        rollout.set(["blueGreen": .object(blueGreenStrategy(name, hasPreview: hasPreview, members))], at: ["spec", "strategy"])
        return rollout
    }

    package static func blueGreenStrategy(_ name: String = "my-app", hasPreview: Bool = true, _ members: JSONObject = [:]) -> JSONObject {
        var strategy: JSONObject = ["activeService": .string(name)]
        if hasPreview { strategy["previewService"] = .string("\(name)-preview") }
        for (key, value) in members { strategy[key] = value }
        return strategy
    }

    /// Names the Services and the route in a Rollout.
    package static func link(_ rollout: inout JSONValue, name: String = "my-app") {
        let canary: [String] = ["spec", "strategy", "canary"]
        rollout.set(.string(name), at: canary + ["stableService"])
        rollout.set(.string("\(name)-canary"), at: canary + ["canaryService"])
        rollout.set(["argoproj-labs/gatewayAPI": ["httpRoute": .string("\(name)-route")]], at: canary + ["trafficRouting", "plugins"])
    }

    package static func setWeight(_ weight: Int) -> JSONValue { ["setWeight": .number(JSONNumber(weight))] }
    package static func pause(_ duration: String? = nil) -> JSONValue { ["pause": duration.map { ["duration": .string($0)] } ?? [:]] }

    package static func service(_ name: String, selecting selector: [String: String]) -> JSONValue {
        var labels: JSONValue = [:]
        for (key, value) in selector.sorted(by: { $0.key < $1.key }) { labels.set(.string(value), at: [key]) }
        return [
            "apiVersion": "v1", "kind": "Service", "metadata": ["name": .string(name)],
            "spec": ["selector": labels, "ports": [["port": 80]]],
        ]
    }

    /// A route whose rules each send to the given Services.
    package static func route(_ name: String = "my-app-route", rules: [[JSONValue]]) -> JSONValue {
        [
            "apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute", "metadata": ["name": .string(name)],
            "spec": [
                "parentRefs": [["name": "production-gateway"]],
                "rules": .array(rules.enumerated().map { index, backends in
                    ["matches": [["path": ["type": "PathPrefix", "value": .string("/\(index == 0 ? "" : "\(index)")")]]], "backendRefs": .array(backends)]
                }),
            ],
        ]
    }

    package static func backend(_ name: String, weight: Int? = nil) -> JSONValue {
        var backend: JSONValue = ["name": .string(name), "port": 80]
        if let weight { backend["weight"] = .number(JSONNumber(weight)) }
        return backend
    }
}

package extension World {
    /// The gateway, both Services, and a route with the stable Service alone, unless another one is given.
    func applyRouting(_ name: String = "my-app", route: JSONValue? = nil) async throws {
        for object in cluster.gatewayObjects(name: "production-gateway") { try await cluster.apply(object) }
        try await cluster.apply(Scenery.service(name, selecting: ["sluice/rollout": name]))
        try await cluster.apply(Scenery.service("\(name)-canary", selecting: ["sluice/rollout": name]))
        try await cluster.apply(route ?? Scenery.route("\(name)-route", rules: [[Scenery.backend(name)]]))
    }

    /// A routed canary whose first version is everywhere.
    func startRouted(replicas: Int = 10, steps: [JSONValue], route: JSONValue? = nil) async throws {
        try await applyRouting(route: route)
        try await cluster.apply(Scenery.routedCanary(replicas: replicas, steps: steps))
        try await waitHealthy()
    }

    /// A blue-green Rollout whose first version is everywhere.
    func startBlueGreen(replicas: Int = 3, hasPreview: Bool = true, _ members: JSONObject = [:]) async throws {
        try await cluster.apply(Scenery.service("my-app", selecting: ["app": "my-app"]))
        if hasPreview { try await cluster.apply(Scenery.service("my-app-preview", selecting: ["app": "my-app"])) }
        try await cluster.apply(Scenery.blueGreen(replicas: replicas, hasPreview: hasPreview, members))
        try await waitHealthy()
    }

    /// A basic canary whose first version is everywhere.
    func startBasic(_ name: String = "my-app", replicas: Int = 10, steps: [JSONValue], labels: [String: String] = [:]) async throws {
        try await cluster.apply(Scenery.canary(name, replicas: replicas, steps: steps, labels: labels))
        try await waitHealthy(name)
    }
}
