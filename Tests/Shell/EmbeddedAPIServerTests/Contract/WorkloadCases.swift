import StrictJSON

private func deployment(_ name: String = "web", _ changes: [(String, JSONValue?)] = []) -> JSONValue {
    let container: JSONValue = [
        "name": "web", "image": "web:1", "ports": [["containerPort": 80]], "env": [["name": "A", "value": ""]], "command": [],
        "resources": ["requests": ["cpu": "1000m", "memory": "1024Mi"], "limits": ["cpu": 2.5, "memory": "1.5Gi"]],
        "livenessProbe": ["httpGet": ["port": 80]],
    ]
    let object: JSONValue = [
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": ["name": .string(name)],
        "spec": [
            "selector": ["matchLabels": ["app": "web"]],
            "template": ["metadata": ["labels": ["app": "web"]], "spec": ["containers": [container]]],
        ],
    ]
    return changes.reduce(object) { $0.with($1.0, $1.1) }
}

private func job(_ name: String = "chore", _ changes: [(String, JSONValue?)] = []) -> JSONValue {
    let object: JSONValue = [
        "apiVersion": "batch/v1", "kind": "Job", "metadata": ["name": .string(name)],
        "spec": ["template": ["spec": ["restartPolicy": "Never", "containers": [["name": "chore", "image": "work:1"]]]]],
    ]
    return changes.reduce(object) { $0.with($1.0, $1.1) }
}

private let table = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"

extension ContractSession {
    fileprivate nonisolated var deployments: String { apps("deployments") }
    fileprivate nonisolated var jobs: String { "/apis/batch/v1/namespaces/\(namespace)/jobs" }
}

/// Deployments and Jobs: read by their types, defaulted, checked, scaled, and their status on its own.
let workloadCases: [ContractCase] = [
    ContractCase("a Deployment is read by its types: amounts in one spelling, nothing empty, nothing unknown") { session in
        let body = deployment("web", [("spec.unknown", 1), ("spec.template.spec.nothing", ["a": "b"]), ("spec.template.spec.nodeSelector", [:])])
        try await session.post(session.deployments, body).expect(status: 201).expect("spec.unknown", nil)
            .expect("spec.template.spec.nothing", nil).expect("spec.template.spec.nodeSelector", nil)
            .expect("spec.template.spec.containers.0.command", nil)
            .expect("spec.template.spec.containers.0.resources.requests", ["cpu": "1", "memory": "1Gi"])
            .expect("spec.template.spec.containers.0.resources.limits", ["cpu": "2500m", "memory": "1536Mi"])
            .expect("spec.template.metadata.creationTimestamp", .null)
            .expect("spec.template.spec.containers.0.livenessProbe.periodSeconds", 10)
        try await session.get(session.deployments + "/web").expect(status: 200)
        try await session.get(session.deployments).expect(status: 200).expect("items.0.kind", nil)
        try await session.get(session.deployments, accept: table).expect(status: 200).expect("rows.0.cells.1", "0/1")
    },
    ContractCase("a Deployment with values of wrong types is refused, 400") { session in
        for (path, value) in [
            ("spec.replicas", "x"), ("spec.paused", "yes"), ("spec.template", []), ("spec.template.spec.containers", "x"), ("spec.selector", 1),
            ("spec.template.metadata.labels", ["app": 1]), ("spec.replicas", 1.5), ("spec.replicas", 3_000_000_000),
        ] as [(String, JSONValue)] {
            try await session.post(session.deployments, deployment("web", [(path, value)])).expect(status: 400).expect("reason", "BadRequest")
        }
    },
    ContractCase("a Deployment's numbers, selector and template are checked") { session in
        for (path, value, field) in [
            ("spec.replicas", -1, "spec.replicas"), ("spec.minReadySeconds", -1, "spec.minReadySeconds"),
            ("spec.revisionHistoryLimit", -1, "spec.revisionHistoryLimit"), ("spec.progressDeadlineSeconds", 0, "spec.progressDeadlineSeconds"),
            ("spec.minReadySeconds", 700, "spec.progressDeadlineSeconds"), ("spec.selector", .null, "spec.selector"),
            ("spec.selector", [:], "spec.selector"), ("spec.template", .null, "spec.template.metadata.labels"),
            ("spec.selector", ["matchExpressions": [["key": "app", "operator": "Odd"]]], "spec.selector.matchExpressions[0].operator"),
            ("spec.selector", ["matchExpressions": [["key": "app", "operator": "Exists", "values": ["x"]]]], "spec.selector.matchExpressions[0].values"),
            ("spec.selector.matchLabels", ["tier": "x"], "spec.template.metadata.labels"),
            ("spec.template.spec.restartPolicy", "Never", "spec.template.spec.restartPolicy"),
            ("spec.template.spec.activeDeadlineSeconds", 5, "spec.template.spec.activeDeadlineSeconds"),
        ] as [(String, JSONValue, String)] {
            try await session.post(session.deployments, deployment("web", [(path, value)])).expect(status: 422)
                .expect("details.causes.0.field", .string(field))
        }
        try await session.post(
            session.deployments, deployment("web", [("spec.selector", ["matchExpressions": [["key": "app", "operator": "In", "values": ["web"]]]])])
        ).expect(status: 201)
    },
    ContractCase("a Deployment's strategy is checked") { session in
        for (strategy, field) in [
            (["type": "Odd"], "spec.strategy"), (["type": "Recreate", "rollingUpdate": ["maxSurge": 1]], "spec.strategy.rollingUpdate"),
            (["rollingUpdate": ["maxSurge": 0, "maxUnavailable": 0]], "spec.strategy.rollingUpdate.maxUnavailable"),
            (["rollingUpdate": ["maxSurge": "x%"]], "spec.strategy.rollingUpdate.maxSurge"),
            (["rollingUpdate": ["maxSurge": "-1%"]], "spec.strategy.rollingUpdate.maxSurge"),
            (["rollingUpdate": ["maxSurge": -1]], "spec.strategy.rollingUpdate.maxSurge"),
            (["rollingUpdate": ["maxUnavailable": "200%"]], "spec.strategy.rollingUpdate.maxUnavailable"),
        ] as [(JSONValue, String)] {
            try await session.post(session.deployments, deployment("web", [("spec.strategy", strategy)])).expect(status: 422)
                .expect("details.causes.0.field", .string(field))
        }
        try await session.post(session.deployments, deployment("a", [("spec.strategy", ["type": "Recreate"])])).expect(status: 201)
            .expect("spec.strategy", ["type": "Recreate"])
        try await session.post(session.deployments, deployment("b", [("spec.strategy", ["rollingUpdate": ["maxSurge": "30%"]])])).expect(status: 201)
            .expect("spec.strategy.rollingUpdate", ["maxSurge": "30%", "maxUnavailable": "25%"])
    },
    ContractCase("a Deployment's generation counts its spec and its annotations, not its labels and its status") { session in
        let path = session.deployments + "/web"
        try await session.post(session.deployments, deployment()).expect(status: 201).expect("metadata.generation", 1)
        try await session.merge(path, ["spec": ["replicas": 3]]).expect(status: 200).expect("metadata.generation", 2)
        try await session.merge(path, ["metadata": ["annotations": ["a": "b"]]]).expect(status: 200).expect("metadata.generation", 3)
        try await session.merge(path, ["metadata": ["labels": ["a": "b"]]]).expect(status: 200).expect("metadata.generation", 3)
        try await session.merge(
            path + "/status",
            [
                "status": ["replicas": 3, "observedGeneration": 3, "conditions": [["type": "Available", "status": "True"]]],
                "spec": ["replicas": 9],
            ]
        ).expect(status: 200).expect("metadata.generation", 3).expect("spec.replicas", 3)
            .expect("status.conditions.0", ["type": "Available", "status": "True", "lastUpdateTime": .null, "lastTransitionTime": .null])
        try await session.merge(path, ["spec": ["replicas": .null]]).expect(status: 200).expect("spec.replicas", 1)
            .expect("metadata.generation", 4).expect("status.replicas", 3)
        try await session.merge(path, ["spec": ["selector": ["matchLabels": ["app": "other"]]]]).expect(status: 422)
    },
    ContractCase("a Deployment's status is checked") { session in
        let path = session.deployments + "/web/status"
        try await session.post(session.deployments, deployment()).expect(status: 201)
        try await session.merge(path, ["status": ["replicas": -3]]).expect(status: 422).expect("details.causes.0.field", "status.replicas")
        try await session.merge(
            path, ["status": ["replicas": 1, "readyReplicas": 2, "availableReplicas": 3, "updatedReplicas": 4, "observedGeneration": -1]]
        ).expect(status: 422)
        try await session.merge(path, ["status": ["collisionCount": 1]]).expect(status: 200)
        try await session.merge(path, ["status": ["collisionCount": 0]]).expect(status: 422).expect("details.causes.0.field", "status.collisionCount")
    },
    ContractCase("a Deployment is scaled by every sort of write") { session in
        let path = session.deployments + "/web/scale"
        try await session.post(session.deployments, deployment()).expect(status: 201)
        try await session.get(path).expect(status: 200).expect("spec.replicas", 1).expect("status.selector", "app=web")
        try await session.merge(path, ["spec": ["replicas": 7]]).expect(status: 200).expect("spec.replicas", 7)
        try await session.merge(path, ["spec": ["replicas": -7]]).expect(status: 422).expect("details.causes.0.field", "spec.replicas")
        try await session.strategic(path, ["spec": ["replicas": 8]]).expect(status: 200).expect("spec.replicas", 8)
        try await session.jsonPatch(path, [["op": "replace", "path": "/spec/replicas", "value": 2]]).expect(status: 200).expect("spec.replicas", 2)
        func scale(_ name: String?, _ replicas: Int, _ version: String? = nil) -> JSONValue {
            var metadata: JSONValue = ["namespace": .string(session.namespace)]
            metadata["name"] = name.map(JSONValue.string)
            metadata["resourceVersion"] = version.map(JSONValue.string)
            return ["metadata": metadata, "spec": ["replicas": JSONValue(replicas)]]
        }
        try await session.put(path, scale("web", 3)).expect(status: 200).expect("spec.replicas", 3)
        try await session.put(path, scale("other", 3)).expect(status: 400)
        try await session.put(path, scale(nil, 3)).expect(status: 400)
        try await session.put(path, scale("web", 4, "1")).expect(status: 409)
        try await session.put(path + "?dryRun=All", scale("web", 22)).expect(status: 200).expect("spec.replicas", 22)
        try await session.get(session.deployments + "/web").expect(status: 200).expect("spec.replicas", 3).expect("metadata.generation", 5)
        try await session.get(session.deployments + "/none/scale").expect(status: 404)
    },
    ContractCase("a Job gets its defaults, its selector and its labels") { session in
        let created = try await session.post(session.jobs, job()).expect(status: 201).expect("spec.completions", 1)
            .expect("spec.parallelism", 1).expect("spec.backoffLimit", 6).expect("status", [:]).expect("metadata.labels.job-name", "chore")
            .expect("spec.template.metadata.labels.job-name", "chore")
        try require(
            created.json.at("spec", "template", "metadata", "labels", "controller-uid") == created["metadata.uid"], "the template lacks the uid")
        try await session.get(session.jobs, accept: table).expect(status: 200).expect("rows.0.cells.1", "0/1").expect("rows.0.cells.2", "")
        try await session.post(session.jobs, job("many", [("spec.completions", 3), ("spec.parallelism", 2)])).expect(status: 201)
        try await session.post(session.jobs, job("queue", [("spec.parallelism", 2)])).expect(status: 201).expect("spec.completions", nil)
        try await session.get(session.jobs, accept: table).expect("rows.2.cells.1", "0/1 of 2")
        try await session.get(session.jobs + "/chore/scale").expect(status: 404)
    },
    ContractCase("a Job is checked") { session in
        for (path, value, field) in [
            ("spec.parallelism", -1, "spec.parallelism"), ("spec.completions", -1, "spec.completions"),
            ("spec.backoffLimit", -1, "spec.backoffLimit"), ("spec.activeDeadlineSeconds", -1, "spec.activeDeadlineSeconds"),
            ("spec.template.spec.restartPolicy", nil, "spec.template.spec.restartPolicy"),
            ("spec.template.spec.restartPolicy", "Always", "spec.template.spec.restartPolicy"),
            ("spec.template", .null, "spec.template.spec.containers"),
            ("spec.manualSelector", true, "spec.selector"),
        ] as [(String, JSONValue?, String)] {
            try await session.post(session.jobs, job("chore", [(path, value)])).expect(status: 422).expect("details.causes.0.field", .string(field))
        }
        try await session.post(session.jobs, job("chore", [("spec.completions", "x")])).expect(status: 400)
        let selector: JSONValue = ["matchLabels": ["a": "b"]]
        try await session.post(session.jobs, job("own", [("spec.manualSelector", true), ("spec.selector", selector)])).expect(status: 422)
        try await session.post(
            session.jobs,
            job("own", [("spec.manualSelector", true), ("spec.selector", selector), ("spec.template.metadata", ["labels": ["a": "b"]])])
        ).expect(status: 201).expect("spec.selector", selector)
    },
    ContractCase("of a Job only the parallelism and the limits change") { session in
        let path = session.jobs + "/chore"
        try await session.post(session.jobs, job()).expect(status: 201)
        try await session.merge(path, ["spec": ["parallelism": 3, "backoffLimit": 2, "activeDeadlineSeconds": 20]]).expect(status: 200)
            .expect("spec.parallelism", 3)
        try await session.merge(path, ["spec": ["completions": 3]]).expect(status: 422).expect("details.causes.0.field", "spec.completions")
        try await session.merge(path, ["spec": ["selector": .null]]).expect(status: 422).expect("details.causes.0.field", "spec.selector")
        try await session.merge(path, ["spec": ["template": ["spec": ["containers": [["name": "a", "image": "j"]]]]]]).expect(status: 422)
            .expect("details.causes.0.field", "spec.template")
    },
    ContractCase("a Job's status is its own, and lists are selected by it") { session in
        let path = session.jobs + "/chore"
        try await session.post(session.jobs, job()).expect(status: 201)
        try await session.merge(path, ["metadata": ["labels": ["a": "b"]], "status": ["active": 3]]).expect(status: 200).expect("status", [:])
        try await session.merge(path + "/status", ["status": ["active": -1]]).expect(status: 422).expect("details.causes.0.field", "status.active")
        try await session.merge(path + "/status", ["status": ["active": 1, "startTime": "2026-01-01T00:00:00Z"]]).expect(status: 200)
            .expect("status.active", 1)
        let done: JSONValue = [
            "active": 0, "succeeded": 1, "completionTime": "2026-01-01T00:01:40Z", "conditions": [["type": "Complete", "status": "True"]],
        ]
        try await session.strategic(path + "/status", ["status": done]).expect(status: 200).expect("status.active", nil).expect("status.succeeded", 1)
        try await session.get(session.jobs, accept: table).expect("rows.0.cells.1", "1/1").expect("rows.0.cells.2", "100s")
        try await session.get(session.jobs + "?fieldSelector=status.successful%3D1").expect("items.0.metadata.name", "chore")
        try await session.get(session.jobs + "?fieldSelector=status.successful%3D0").expect("items", [])
        try await session.get(session.jobs + "?fieldSelector=status.active%3D1").expect(status: 400)
    },
    ContractCase("a deleted Job leaves its Pods where nothing else is asked for") { session in
        try await session.post(session.jobs, job()).expect(status: 201)
        try await session.delete(session.jobs + "/chore").expect(status: 200).expect("kind", "Job").expect("metadata.finalizers", ["orphan"])
        try await session.post(session.jobs, job("other")).expect(status: 201)
        try await session.delete(session.jobs + "/other", ["propagationPolicy": "Background"]).expect(status: 200).expect("kind", "Status")
        try await session.get(session.jobs + "/other").expect(status: 404)
    },
]
