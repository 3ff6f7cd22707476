import StrictJSON

/// Objects as an API server sends them, of realistic size: about 8 KB of pod template, and the bookkeeping around it.
enum SampleObjects {
    /// A ReplicaSet; its revision is one of three of its Rollout.
    static func replicaSet(_ number: Int) -> JSONValue {
        let app: String = "checkout-\(number / 3)"
        let hash: String = String(0xB5_7000 + number, radix: 16)
        let labels: JSONValue = [
            "app": .string(app), "app.kubernetes.io/name": .string(app), "app.kubernetes.io/part-of": "shop",
            "rollouts-pod-template-hash": .string(hash),
        ]
        return [
            "apiVersion": "apps/v1", "kind": "ReplicaSet",
            "metadata": [
                "annotations": [
                    "rollout.argoproj.io/desired-replicas": "10", "rollout.argoproj.io/revision": .string("\(number % 3 + 1)"),
                    "sluice/template-digest": "9a3f5b1c2d4e6f70",
                ],
                "creationTimestamp": "2026-03-01T10:00:00Z", "generation": 4, "labels": labels,
                "managedFields": managedFields,
                "name": .string("\(app)-\(hash)"), "namespace": "shop",
                "ownerReferences": [[
                    "apiVersion": "argoproj.io/v1alpha1", "blockOwnerDeletion": true, "controller": true, "kind": "Rollout",
                    "name": .string(app), "uid": .string("6f1c0f0e-2a51-4c0f-9f64-\(padded(number / 3))"),
                ]],
                "resourceVersion": .string("\(900_000 + number)"),
                "uid": .string("d2f7a5a0-7f2e-4b58-8a9e-\(padded(number))"),
            ],
            "spec": [
                "replicas": .number(JSONNumber(number % 3 == 2 ? 10 : 0)),
                "selector": ["matchLabels": ["app": .string(app), "rollouts-pod-template-hash": .string(hash)]],
                "template": ["metadata": ["creationTimestamp": nil, "labels": labels, "annotations": scraping], "spec": podSpec(app, number)],
            ],
            "status": number % 3 == 2
                ? ["availableReplicas": 10, "fullyLabeledReplicas": 10, "observedGeneration": 4, "readyReplicas": 10, "replicas": 10]
                : ["observedGeneration": 4, "replicas": 0],
        ]
    }

    /// An idle Rollout, applied by `kubectl apply`, with a status.
    static func rollout(_ number: Int) -> JSONValue {
        let app: String = "checkout-\(number)"
        let steps: [JSONValue] = [5, 20, 50].flatMap { weight -> [JSONValue] in
            [["setWeight": .number(JSONNumber(weight))], ["pause": ["duration": "10m"]]]
        }
        let spec: JSONValue = [
            "replicas": 10, "revisionHistoryLimit": 2, "selector": ["matchLabels": ["app": .string(app)]],
            "strategy": ["canary": [
                "canaryService": .string("\(app)-canary"), "stableService": .string(app), "steps": .array(steps),
                "trafficRouting": ["plugins": ["argoproj-labs/gatewayAPI": ["httpRoute": .string("\(app)-route"), "namespace": "shop"]]],
            ]],
            "template": [
                "metadata": ["labels": ["app": .string(app), "app.kubernetes.io/name": .string(app)], "annotations": scraping],
                "spec": podSpec(app, number),
            ],
        ]
        func condition(_ type: String, _ reason: String) -> JSONValue {
            [
                "lastTransitionTime": "2026-03-01T10:00:00Z", "lastUpdateTime": "2026-03-01T10:00:00Z", "message": "Rollout has minimum availability",
                "reason": .string(reason), "status": "True", "type": .string(type),
            ]
        }
        let applied: JSONValue = ["apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "metadata": ["name": .string(app)], "spec": spec]
        return [
            "apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout",
            "metadata": [
                "annotations": [
                    "kubectl.kubernetes.io/last-applied-configuration": .string(applied.text()), "rollout.argoproj.io/revision": "3",
                ],
                "creationTimestamp": "2026-03-01T10:00:00Z", "generation": 7, "managedFields": managedFields, "name": .string(app),
                "namespace": "shop", "resourceVersion": .string("\(800_000 + number)"), "uid": .string("6f1c0f0e-2a51-4c0f-9f64-\(padded(number))"),
            ],
            "spec": spec,
            "status": [
                "HPAReplicas": 10, "availableReplicas": 10, "blueGreen": [:], "canary": ["weights": ["canary": ["weight": 0], "stable": ["weight": 100]]],
                "conditions": [condition("Healthy", "RolloutHealthy"), condition("Available", "AvailableReason"), condition("Progressing", "NewReplicaSetAvailable"), condition("Completed", "RolloutCompleted")],
                "currentPodHash": "6f7c9d8b5d", "currentStepHash": "79c9b9f6bf", "currentStepIndex": 6, "observedGeneration": "7", "phase": "Healthy",
                "readyReplicas": 10, "replicas": 10, "selector": .string("app=\(app)"), "stableRS": "6f7c9d8b5d", "updatedReplicas": 10,
            ],
        ]
    }

    /// The objects as a list's page.
    static func page(_ items: [JSONValue], version: String, continuing token: String?) -> [UInt8] {
        var metadata: JSONValue = ["resourceVersion": .string(version)]
        if let token { metadata["continue"] = .string(token) }
        let list: JSONValue = ["kind": "ReplicaSetList", "apiVersion": "apps/v1", "metadata": metadata, "items": .array(items)]
        return list.serialized()
    }

    /// A change of an object as a line of a watch.
    static func line(_ object: JSONValue, type: String = "MODIFIED") -> [UInt8] {
        let event: JSONValue = ["type": .string(type), "object": object]
        return event.serialized() + [UInt8(ascii: "\n")]
    }

    private static func padded(_ number: Int) -> String { String(String(1_000_000_000_000 + number).suffix(12)) }

    private static let scraping: JSONValue = [
        "prometheus.io/port": "9102", "prometheus.io/scrape": "true", "checksum/config": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    ]

    /// As three writers leave it behind: about 3 KB that nobody reads.
    private static let managedFields: JSONValue = .array(["sluice-controller", "kube-controller-manager", "kubectl-patch"].map { manager in
        var fields = JSONObject()
        for index in 0..<18 { fields["f:member\(index)"] = [".": [:], "f:first": [:], "f:second": [:]] }
        return [
            "apiVersion": "apps/v1", "fieldsType": "FieldsV1", "fieldsV1": ["f:spec": .object(fields)],
            "manager": .string(manager), "operation": "Update", "time": "2026-03-01T10:00:00Z",
        ]
    })

    static func podSpec(_ app: String, _ number: Int) -> JSONValue {
        [
            "affinity": ["podAntiAffinity": ["preferredDuringSchedulingIgnoredDuringExecution": [[
                "podAffinityTerm": ["labelSelector": ["matchLabels": ["app": .string(app)]], "topologyKey": "kubernetes.io/hostname"],
                "weight": 100,
            ]]]],
            "containers": .array(["app", "proxy"].map { container($0, app, number) }),
            "dnsPolicy": "ClusterFirst", "initContainers": [container("migrate", app, number)], "restartPolicy": "Always",
            "schedulerName": "default-scheduler", "securityContext": ["fsGroup": 2000, "runAsNonRoot": true], "serviceAccountName": .string(app),
            "terminationGracePeriodSeconds": 30,
            "topologySpreadConstraints": [[
                "labelSelector": ["matchLabels": ["app": .string(app)]], "maxSkew": 1, "topologyKey": "topology.kubernetes.io/zone",
                "whenUnsatisfiable": "ScheduleAnyway",
            ]],
            "volumes": [
                ["configMap": ["defaultMode": 420, "name": .string("\(app)-config")], "name": "config"],
                ["emptyDir": [:], "name": "cache"],
                ["name": "tls", "secret": ["defaultMode": 420, "secretName": .string("\(app)-tls")]],
            ],
        ]
    }

    private static func container(_ name: String, _ app: String, _ number: Int) -> JSONValue {
        let environment: [JSONValue] = (0..<16).map { index in
            index % 4 == 3
                ? ["name": .string("SECRET_\(index)"), "valueFrom": ["secretKeyRef": ["key": .string("key-\(index)"), "name": .string("\(app)-secrets")]]]
                : ["name": .string("SETTING_\(index)"), "value": .string("https://service-\(index).shop.svc.cluster.local:8443/api")]
        }
        func probe(_ path: String) -> JSONValue {
            [
                "failureThreshold": 3, "httpGet": ["path": .string(path), "port": "http", "scheme": "HTTP"], "initialDelaySeconds": 5,
                "periodSeconds": 10, "successThreshold": 1, "timeoutSeconds": 1,
            ]
        }
        return [
            "args": ["--config", "/etc/app/config.yaml", "--listen", ":8080"], "env": .array(environment),
            "image": .string("registry.example.com/shop/\(app)/\(name):1.\(number % 3).0"), "imagePullPolicy": "IfNotPresent",
            "livenessProbe": probe("/healthz"), "name": .string(name),
            "ports": [["containerPort": 8080, "name": "http", "protocol": "TCP"], ["containerPort": 9102, "name": "metrics", "protocol": "TCP"]],
            "readinessProbe": probe("/readyz"),
            "resources": ["limits": ["cpu": "2", "memory": "1Gi"], "requests": ["cpu": "250m", "memory": "512Mi"]],
            "securityContext": ["allowPrivilegeEscalation": false, "capabilities": ["drop": ["ALL"]], "readOnlyRootFilesystem": true],
            "terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File",
            "volumeMounts": [
                ["mountPath": "/etc/app", "name": "config", "readOnly": true], ["mountPath": "/var/cache/app", "name": "cache"],
                ["mountPath": "/etc/tls", "name": "tls", "readOnly": true],
            ],
        ]
    }
}
