import KubeModel
import SimulatedCluster
import StrictJSON

/// A release with everything that the controller does in one: a weighted route, Services, an analysis with a secret.
struct Release: Sendable {
    let bench: Bench
    var namespace = "default"

    private static let group = "gateway.networking.k8s.io/v1"

    /// Applies all objects; the first version then comes up.
    func apply() async throws {
        let prometheus = try bench.cluster.addPrometheus()
        prometheus.script(.exactly("errors"), .value(0))
        for object in bench.cluster.gatewayObjects(name: "gateway", namespace: namespace) { try await bench.cluster.apply(object, namespace: namespace) }
        for name in ["my-app", "my-app-canary"] {
            try await bench.cluster.apply([
                "apiVersion": "v1", "kind": "Service", "metadata": ["name": .string(name)],
                "spec": ["selector": ["sluice/rollout": "my-app"], "ports": [["port": 80]]],
            ], namespace: namespace)
        }
        try await bench.cluster.apply([
            "apiVersion": .string(Self.group), "kind": "HTTPRoute", "metadata": ["name": "my-app-route"],
            "spec": ["parentRefs": [["name": "gateway"]], "rules": [["backendRefs": [["name": "my-app", "port": 80]]]]],
        ], namespace: namespace)
        try await bench.cluster.apply([
            "apiVersion": "v1", "kind": "Secret", "metadata": ["name": "prometheus"], "data": ["header": "YWJjZGVmZ2g="],
        ], namespace: namespace)
        try await bench.cluster.apply([
            "apiVersion": "argoproj.io/v1alpha1", "kind": "AnalysisTemplate", "metadata": ["name": "errors"],
            "spec": [
                "args": [["name": "header", "valueFrom": ["secretKeyRef": ["name": "prometheus", "key": "header"]]]],
                "metrics": [[
                    "name": "errors", "interval": "10s", "count": 3, "successCondition": "result[0] < 0.01",
                    "provider": ["prometheus": [
                        "address": "http://prometheus:9090", "query": "errors", "headers": [["key": "X-Key", "value": "{{args.header}}"]],
                    ]],
                ]],
            ],
        ], namespace: namespace)
        try await bench.cluster.apply(rollout(image: "my-app:v1"), namespace: namespace)
    }

    /// Starts the release of another version.
    func set(image: String) async throws { try await bench.cluster.apply(rollout(image: image), namespace: namespace) }

    private func rollout(image: String) -> JSONValue {
        [
            "apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "metadata": ["name": "my-app"],
            "spec": [
                "replicas": 4, "revisionHistoryLimit": 1,
                "strategy": ["canary": [
                    "stableService": "my-app", "canaryService": "my-app-canary",
                    "trafficRouting": ["plugins": ["argoproj-labs/gatewayAPI": ["httpRoute": "my-app-route"]]],
                    "analysis": ["templates": [["templateName": "errors"]]],
                    "steps": [["setWeight": 25], ["pause": ["duration": "60s"]], ["setWeight": 50], ["pause": ["duration": "30s"]]],
                ]],
                "template": ["metadata": ["labels": ["app": "my-app"]], "spec": ["containers": [["name": "app", "image": .string(image)]]]],
            ],
        ]
    }

    var phase: String? { get async { await bench.phase(namespace) } }
}
