import StrictJSON

private typealias Fixture = ContractDefinitions

private func names(_ value: JSONValue?) -> [String] { (value?.arrayValue ?? []).map { $0["name"]?.stringValue ?? "" } }

/// A Deployment with a container that has something in each list that merges by a key.
private let deployment: JSONValue = [
    "apiVersion": "apps/v1", "kind": "Deployment", "metadata": ["name": "web"],
    "spec": [
        "selector": ["matchLabels": ["app": "web"]],
        "template": [
            "metadata": ["labels": ["app": "web"]],
            "spec": [
                "containers": [
                    [
                        "name": "web", "image": "web:1", "args": ["a", "b"], "env": [["name": "A", "value": "1"], ["name": "B", "value": "2"]],
                        "ports": [["containerPort": 80, "name": "http"], ["containerPort": 443, "name": "https"]],
                        "volumeMounts": [["name": "data", "mountPath": "/data"]],
                    ],
                    ["name": "side", "image": "side:1"],
                ],
                "volumes": [["name": "data", "emptyDir": [:]], ["name": "more", "emptyDir": [:]]],
            ],
        ],
    ],
]

private let service: JSONValue = [
    "apiVersion": "v1", "kind": "Service", "metadata": ["name": "web"],
    "spec": ["selector": ["app": "web"], "ports": [["name": "http", "port": 80], ["name": "https", "port": 443]]],
]

private func podSpec(_ containers: JSONValue) -> JSONValue { ["spec": ["template": ["spec": ["containers": containers]]]] }

let strategicCases: [ContractCase] = [
    ContractCase("a strategic merge patch finds containers by name") { session in
        try await session.post(session.apps("deployments"), deployment).expect(status: 201)
        let changed = try await session.strategic(session.apps("deployments") + "/web", podSpec([["name": "web", "image": "web:2"]]))
            .expect(status: 200).expect("metadata.generation", 2).expect("spec.template.spec.containers.0.image", "web:2")
            .expect("spec.template.spec.containers.0.args", ["a", "b"])
        try require(names(changed["spec.template.spec.containers"]) == ["web", "side"], changed.json.text())
    },
    ContractCase("a strategic merge patch puts new containers first, as the real server does") { session in
        try await session.post(session.apps("deployments"), deployment).expect(status: 201)
        try await session.strategic(session.apps("deployments") + "/web", podSpec([["name": "third", "image": "third:1"]])).expect(status: 200)
    },
    ContractCase("a strategic merge patch takes elements out, and merges lists within lists") { session in
        try await session.post(session.apps("deployments"), deployment).expect(status: 201)
        let path = session.apps("deployments") + "/web"
        try await session.strategic(path, podSpec([["name": "side", "$patch": "delete"]])).expect(status: 200)
            .expect("spec.template.spec.containers.1", nil)
        try await session.strategic(path, podSpec([["name": "web", "env": [["name": "B", "$patch": "delete"], ["name": "A", "value": "9"]]]]))
            .expect(status: 200).expect("spec.template.spec.containers.0.env", [["name": "A", "value": "9"]])
        try await session.strategic(path, podSpec([["name": "web", "ports": [["containerPort": 80, "name": "web"]]]])).expect(status: 200)
            .expect("spec.template.spec.containers.0.ports.1.containerPort", 443)
        try await session.strategic(path, podSpec([["name": "web", "volumeMounts": [["mountPath": "/data", "name": "more"]]]]))
            .expect(status: 200).expect("spec.template.spec.containers.0.volumeMounts.0.name", "more")
        try await session.strategic(path, podSpec([["name": "web", "args": ["c"]]])).expect(status: 200)
            .expect("spec.template.spec.containers.0.args", ["c"])
    },
    ContractCase("a strategic merge patch orders elements as it is told") { session in
        try await session.post(session.apps("deployments"), deployment).expect(status: 201)
        let spec: JSONValue = [
            "$setElementOrder/containers": [["name": "side"], ["name": "web"]], "containers": [["name": "side", "image": "side:2"]],
        ]
        let changed = try await session.strategic(session.apps("deployments") + "/web", ["spec": ["template": ["spec": spec]]]).expect(status: 200)
        try require(names(changed["spec.template.spec.containers"]) == ["side", "web"], changed.json.text())
    },
    ContractCase("a strategic merge patch replaces lists and objects where it says so") { session in
        try await session.post(session.apps("deployments"), deployment).expect(status: 201)
        let path = session.apps("deployments") + "/web"
        let volumes: JSONValue = [["$patch": "replace"], ["name": "data", "emptyDir": [:]]]
        let replaced = try await session.strategic(path, ["spec": ["template": ["spec": ["volumes": volumes]]]]).expect(status: 200)
        try require(names(replaced["spec.template.spec.volumes"]) == ["data"], replaced.json.text())
        try await session.strategic(path, ["spec": ["strategy": ["$retainKeys": ["type"], "type": "Recreate"]]]).expect(status: 200)
            .expect("spec.strategy", ["type": "Recreate"])
        try await session.strategic(path, ["spec": ["strategy": ["$patch": "replace", "type": "Recreate"]]]).expect(status: 200)
            .expect("spec.strategy", ["type": "Recreate"])
    },
    ContractCase("a strategic merge patch removes members with null") { session in
        try await session.post(session.apps("deployments"), deployment.with("metadata.annotations", ["a": "1", "b": "2"])).expect(status: 201)
        try await session.strategic(session.apps("deployments") + "/web", ["metadata": ["annotations": ["a": .null]]]).expect(status: 200)
            .expect("metadata.annotations", ["b": "2"]).expect("metadata.generation", 2)
    },
    ContractCase("a strategic merge patch finds ports of Services by their number") { session in
        try await session.post(session.core("services"), service).expect(status: 201)
        try await session.strategic(session.core("services") + "/web", ["spec": ["ports": [["port": 443, "targetPort": 8443]]]])
            .expect(status: 200).expect("spec.ports.0.targetPort", 80).expect("spec.ports.1.targetPort", 8443)
        try await session.strategic(session.core("services") + "/web", ["spec": ["selector": ["app": "web", "hash": "abc"]]])
            .expect(status: 200).expect("spec.selector", ["app": "web", "hash": "abc"])
    },
    ContractCase("a strategic merge patch finds conditions by type, in status") { session in
        try await session.post(session.apps("replicasets"), Fixture.replicaSet("web")).expect(status: 201)
        let path = session.apps("replicasets") + "/web/status"
        try await session.strategic(path, ["status": ["conditions": [["type": "ReplicaFailure", "status": "True"]]]]).expect(status: 200)
        try await session.strategic(path, ["status": ["conditions": [["type": "ReplicaFailure", "reason": "Quota"]]], "spec": ["replicas": 9]])
            .expect(status: 200).expect("status.conditions.0.status", "True").expect("status.conditions.0.reason", "Quota")
            .expect("spec.replicas", 1)
    },
    ContractCase("a strategic merge patch knows finalizers and owners as sets") { session in
        let maps = session.core("configmaps")
        try await session.post(maps, Fixture.configMap("a").with("metadata.finalizers", ["example.com/one"])).expect(status: 201)
        try await session.strategic(maps + "/a", ["metadata": ["finalizers": ["example.com/two"]]]).expect(status: 200)
        try await session.strategic(maps + "/a", ["metadata": ["$deleteFromPrimitiveList/finalizers": ["example.com/one"]]])
            .expect(status: 200).expect("metadata.finalizers", ["example.com/two"])
    },
    ContractCase("a strategic merge patch with an older version answers 409, of nothing 404") { session in
        let maps = session.core("configmaps")
        let created = try await session.post(maps, Fixture.configMap("a")).expect(status: 201)
        try await session.strategic(maps + "/a", ["data": ["k": "1"]]).expect(status: 200).expect("data.k", "1")
        try await session.strategic(
            maps + "/a", ["metadata": ["resourceVersion": created["metadata.resourceVersion"] ?? .null], "data": ["k": "2"]]
        ).expect(status: 409)
        try await session.strategic(maps + "/b", ["data": ["k": "1"]]).expect(status: 404)
    },
    ContractCase("a strategic merge patch needs the key of an element") { session in
        try await session.post(session.apps("deployments"), deployment).expect(status: 201)
        try await session.strategic(session.apps("deployments") + "/web", podSpec([["image": "web:2"]])).expect(status: 500)
    },
    ContractCase("dry run of a strategic merge patch stores nothing") { session in
        let maps = session.core("configmaps")
        try await session.post(maps, Fixture.configMap("a")).expect(status: 201)
        try await session.strategic(maps + "/a?dryRun=All", ["data": ["k": "1"]]).expect(status: 200).expect("data.k", "1")
        try await session.get(maps + "/a").expect(status: 200).expect("data", nil)
    },
]
