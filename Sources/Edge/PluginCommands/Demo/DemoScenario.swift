import KubeModel
import StrictJSON

/// What the demo plays: one application behind one route, and three images of it.
enum DemoScenario {
    static let rollout: String = "my-app"
    static let first: String = "myapp:v2.0"
    static let good: String = "myapp:v2.1"
    static let bad: String = "myapp:v3.0"

    static let route = ObjectKey(namespace: "default", name: "my-app-route")

    /// The part of each version's requests that end with an error.
    static let errorRates: [(image: String, rate: Double)] = [(first, 0.002), (good, 0.001), (bad, 0.08)]

    /// Everything that a user would apply, before the first release.
    static let objects: [JSONValue] = [
        [
            "apiVersion": "gateway.networking.k8s.io/v1", "kind": "GatewayClass", "metadata": ["name": "simulated"],
            "spec": ["controllerName": "gateway.example/simulated"],
        ],
        [
            "apiVersion": "gateway.networking.k8s.io/v1", "kind": "Gateway", "metadata": ["name": "production-gateway"],
            "spec": ["gatewayClassName": "simulated", "listeners": [["name": "http", "port": 80, "protocol": "HTTP"]]],
        ],
        service("my-app"),
        service("my-app-canary"),
        [
            "apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute", "metadata": ["name": "my-app-route"],
            "spec": [
                "parentRefs": [["name": "production-gateway"]],
                "hostnames": ["app.example.com"],
                "rules": [[
                    "matches": [["path": ["type": "PathPrefix", "value": "/"]]],
                    "backendRefs": [["name": "my-app", "port": 80]],
                ]],
            ],
        ],
        [
            "apiVersion": "argoproj.io/v1alpha1", "kind": "AnalysisTemplate", "metadata": ["name": "error-rate-check"],
            "spec": ["metrics": [[
                "name": "error-rate", "interval": "1m", "successCondition": "result < 0.01",
                "provider": ["prometheus": ["address": "http://prometheus:9090", "query": .string(query)]],
            ]]],
        ],
        [
            "apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "metadata": ["name": .string(rollout)],
            "spec": [
                "replicas": 10,
                "strategy": ["canary": [
                    "stableService": "my-app", "canaryService": "my-app-canary",
                    "trafficRouting": ["plugins": ["argoproj-labs/gatewayAPI": ["httpRoute": "my-app-route"]]],
                    "steps": [
                        ["setWeight": 5], ["pause": ["duration": "5m"]],
                        ["setWeight": 20], ["pause": ["duration": "10m"]],
                        ["setWeight": 50], ["pause": ["duration": "10m"]],
                    ],
                    "analysis": [
                        "templates": [["templateName": "error-rate-check"]],
                        "args": [["name": "service-name", "value": "my-app"]],
                    ],
                ]],
                "template": ["spec": ["containers": [["name": "app", "image": .string(first), "ports": [["containerPort": 80]]]]]],
            ],
        ],
    ]

    static let query: String = """
        sum(rate(http_requests_total{job="{{args.service-name}}",status=~"5.."}[5m]))
        /
        sum(rate(http_requests_total{job="{{args.service-name}}"}[5m]))
        """

    private static func service(_ name: String) -> JSONValue {
        [
            "apiVersion": "v1", "kind": "Service", "metadata": ["name": .string(name)],
            "spec": ["selector": ["sluice/rollout": .string(rollout)], "ports": [["port": 80, "protocol": "TCP"]]],
        ]
    }
}
