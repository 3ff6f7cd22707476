import StrictJSON

private typealias Fixture = ContractDefinitions

private func pod(_ name: String) -> JSONValue {
    [
        "apiVersion": "v1", "kind": "Pod", "metadata": ["name": .string(name), "labels": ["app": "web"]],
        "spec": ["automountServiceAccountToken": false, "containers": [["name": "web", "image": "web:1"]]],
    ]
}

private func service(_ name: String) -> JSONValue {
    [
        "apiVersion": "v1", "kind": "Service", "metadata": ["name": .string(name)],
        "spec": ["selector": ["app": "web"], "ports": [["port": 80]]],
    ]
}

private func lease(_ name: String, holder: String) -> JSONValue {
    [
        "apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": ["name": .string(name)],
        "spec": ["holderIdentity": .string(holder), "leaseDurationSeconds": 15],
    ]
}

/// A cluster gives each namespace an account some time after its birth; Pods need one.
private func makeAccount(_ session: ContractSession) async throws {
    try await session.post(session.core("serviceaccounts"), ["apiVersion": "v1", "kind": "ServiceAccount", "metadata": ["name": "default"]])
        .expect(status: 201)
}

/// Defaults, validation and fixed fields of the kinds that every cluster has.
let builtInCases: [ContractCase] = [
    ContractCase("a Pod gets its defaults and is pending") { session in
        try await makeAccount(session)
        try await session.post(session.core("pods"), pod("a")).expect(status: 201).expect("status.phase", "Pending")
            .expect("status.qosClass", "BestEffort").expect("spec.restartPolicy", "Always").expect("metadata.generation", nil)
    },
    ContractCase("of a Pod only a few fields change") { session in
        try await makeAccount(session)
        try await session.post(session.core("pods"), pod("a")).expect(status: 201)
        try await session.strategic(session.core("pods") + "/a", ["spec": ["containers": [["name": "web", "image": "web:2"]]]])
            .expect(status: 200).expect("spec.containers.0.image", "web:2")
        try await session.merge(session.core("pods") + "/a", ["metadata": ["labels": ["hash": "x"]]]).expect(status: 200)
            .expect("metadata.labels", ["app": "web", "hash": "x"])
        try await session.merge(session.core("pods") + "/a", ["spec": ["restartPolicy": "Never"]]).expect(status: 422)
            .expect("details.causes.0.field", "spec")
    },
    ContractCase("a Pod's status is written on its own") { session in
        try await makeAccount(session)
        try await session.post(session.core("pods"), pod("a")).expect(status: 201)
        try await session.merge(session.core("pods") + "/a/status", ["status": ["phase": "Running", "podIP": "10.1.1.1"]]).expect(status: 200)
            .expect("status.phase", "Running")
        try await session.get(session.core("pods") + "?fieldSelector=status.phase%3DRunning").expect("items.0.metadata.name", "a")
        try await session.get(session.core("pods") + "?fieldSelector=status.phase%3DPending").expect("items", [])
    },
    ContractCase("a Pod must have containers with names and images") { session in
        try await makeAccount(session)
        try await session.post(session.core("pods"), pod("a").with("spec.containers", [])).expect(status: 422)
            .expect("details.causes.0.field", "spec.containers")
        try await session.post(session.core("pods"), pod("a").with("spec.containers", [["image": "x"]])).expect(status: 422)
            .expect("details.causes.0.field", "spec.containers[0].name")
        try await session.post(session.core("pods"), pod("a").with("spec.containers", [["name": "x"]])).expect(status: 422)
            .expect("details.causes.0.field", "spec.containers[0].image")
        try await session.post(session.core("pods"), pod("a").with("spec.containers", [["name": "x", "image": "i"], ["name": "x", "image": "i"]]))
            .expect(status: 422).expect("details.causes.0.reason", "FieldValueDuplicate")
    },
    ContractCase("a Deployment gets its defaults and an empty status") { session in
        let set = Fixture.replicaSet("web").with("kind", "Deployment").with("spec.replicas", nil)
        try await session.post(session.apps("deployments"), set).expect(status: 201).expect("spec.replicas", 1)
            .expect("spec.strategy.rollingUpdate.maxSurge", "25%").expect("status", [:])
        try await session.merge(session.apps("deployments") + "/web/scale", ["spec": ["replicas": 3]]).expect(status: 200)
            .expect("spec.replicas", 3)
        try await session.get(session.apps("deployments") + "/web").expect("metadata.generation", 2)
    },
    ContractCase("a ReplicaSet must have a selector and a template") { session in
        let sets = session.apps("replicasets")
        try await session.post(sets, Fixture.replicaSet("web").with("spec.selector", nil)).expect(status: 422)
        try await session.post(sets, Fixture.replicaSet("web").with("spec.selector", [:])).expect(status: 422)
        try await session.post(sets, Fixture.replicaSet("web", replicas: -1)).expect(status: 422)
        try await session.post(sets, Fixture.replicaSet("web").with("spec.template.spec.containers", [])).expect(status: 422)
        try await session.post(sets, Fixture.replicaSet("web").with("spec.template.spec.restartPolicy", "Never")).expect(status: 422)
    },
    ContractCase("a ReplicaSet's status is its own subresource") { session in
        let sets = session.apps("replicasets")
        let created = try await session.post(sets, Fixture.replicaSet("web", replicas: 2)).expect(status: 201)
        try await session.put(sets + "/web/status", created.json.with("status", ["replicas": 2, "readyReplicas": 1]).with("spec.replicas", 5))
            .expect(status: 200).expect("spec.replicas", 2).expect("status.readyReplicas", 1).expect("metadata.generation", 1)
        try await session.merge(sets + "/web", ["status": ["replicas": 7]]).expect(status: 200).expect("status.replicas", 2)
    },
    ContractCase("a Service keeps its address where an update leaves it out", since: 22) { session in
        let created = try await session.post(session.core("services"), service("web")).expect(status: 201)
        try await session.put(session.core("services") + "/web", created.json.with("spec.clusterIP", nil).with("spec.clusterIPs", nil))
            .expect(status: 200).expect("spec.clusterIP", created["spec.clusterIP"])
    },
    ContractCase("a Service gets an address, protocol and target port") { session in
        try await session.post(session.core("services"), service("web")).expect(status: 201)
            .expect("spec.type", "ClusterIP").expect("spec.ports.0.protocol", "TCP").expect("spec.ports.0.targetPort", 80)
        try await session.merge(session.core("services") + "/web", ["spec": ["selector": ["app": "other"]]]).expect(status: 200)
            .expect("spec.selector", ["app": "other"])
    },
    ContractCase("a Service's ports are checked") { session in
        try await session.post(session.core("services"), service("web").with("spec.ports", [])).expect(status: 422)
        try await session.post(session.core("services"), service("web").with("spec.ports", [["port": 0]])).expect(status: 422)
        try await session.post(session.core("services"), service("web").with("spec.ports", [["port": 80], ["port": 81]])).expect(status: 422)
        try await session.post(session.core("services"), service("web").with("spec.type", "Odd")).expect(status: 422)
        try await session.post(session.core("services"), service("1web")).expect(status: 422).expect("details.causes.0.field", "metadata.name")
    },
    ContractCase("a Secret keeps its type, and takes texts in the clear") { session in
        let secrets = session.core("secrets")
        try await session.post(secrets, ["apiVersion": "v1", "kind": "Secret", "metadata": ["name": "a"], "stringData": ["k": "value"]])
            .expect(status: 201).expect("type", "Opaque").expect("data.k", "dmFsdWU=").expect("stringData", nil)
        try await session.merge(secrets + "/a", ["type": "Other"]).expect(status: 422).expect("details.causes.0.field", "type")
    },
    ContractCase("a Lease is taken by the version that was read") { session in
        let leases = "/apis/coordination.k8s.io/v1/namespaces/\(session.namespace)/leases"
        let created = try await session.post(leases, lease("a", holder: "one")).expect(status: 201)
        try await session.put(leases + "/a", created.json.with("spec.holderIdentity", "two")).expect(status: 200)
        try await session.put(leases + "/a", created.json.with("spec.holderIdentity", "three")).expect(status: 409).expect("reason", "Conflict")
        try await session.put(leases + "/a", lease("a", holder: "four")).expect(status: 422)
        try await session.post(leases, lease("b", holder: "x").with("spec.leaseDurationSeconds", 0)).expect(status: 422)
    },
    ContractCase("an EndpointSlice keeps the sort of its addresses", since: 21) { session in
        let slices = "/apis/discovery.k8s.io/v1/namespaces/\(session.namespace)/endpointslices"
        let slice: JSONValue = [
            "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "metadata": ["name": "a"], "addressType": "IPv4", "endpoints": [],
        ]
        try await session.post(slices, slice).expect(status: 201)
        try await session.merge(slices + "/a", ["addressType": "IPv6"]).expect(status: 422).expect("details.causes.0.field", "addressType")
    },
    ContractCase("deleting a Service answers the Service", since: 23) { session in
        try await session.post(session.core("services"), service("web")).expect(status: 201)
        try await session.delete(session.core("services") + "/web").expect(status: 200).expect("kind", "Service")
    },
    ContractCase("deleting a ConfigMap, a ReplicaSet or a Secret answers a Status") { session in
        try await session.post(session.core("configmaps"), Fixture.configMap("a")).expect(status: 201)
        try await session.delete(session.core("configmaps") + "/a").expect(status: 200).expect("status", "Success")
        try await session.post(session.apps("replicasets"), Fixture.replicaSet("web")).expect(status: 201)
        try await session.delete(session.apps("replicasets") + "/web").expect(status: 200)
        try await session.post(session.core("secrets"), ["apiVersion": "v1", "kind": "Secret", "metadata": ["name": "s"]]).expect(status: 201)
        try await session.delete(session.core("secrets") + "/s").expect(status: 200)
    },
    ContractCase("a namespace cannot be made twice, and needs a name that is a label") { session in
        try await session.post("/api/v1/namespaces", ["metadata": ["name": .string(session.namespace)]]).expect(status: 409)
        try await session.post("/api/v1/namespaces", ["metadata": ["name": "a.b"]]).expect(status: 422)
        try await session.delete("/api/v1/namespaces/default").expect(status: 403)
    },
    ContractCase("metadata is checked for built-in kinds as well") { session in
        let maps = session.core("configmaps")
        try await session.post(maps, Fixture.configMap("UPPER")).expect(status: 422).expect("details.causes.0.field", "metadata.name")
        try await session.post(maps, Fixture.configMap("a").with("metadata.labels", ["bad key": "x"])).expect(status: 422)
        try await session.post(maps, Fixture.configMap("a").with("metadata.annotations", ["bad key": "x"])).expect(status: 422)
        try await session.post(maps, Fixture.configMap("a").with("metadata.finalizers", ["plain"])).expect(status: 422)
        let owner: JSONValue = ["apiVersion": "v1", "kind": "ConfigMap", "name": "", "uid": ""]
        try await session.post(maps, Fixture.configMap("a").with("metadata.ownerReferences", [owner])).expect(status: 422)
    },
    ContractCase("a built-in kind is not another one") { session in
        try await session.post(session.core("configmaps"), ["apiVersion": "v1", "kind": "Secret", "metadata": ["name": "a"]])
            .expect(status: 400).expect("reason", "BadRequest")
        try await session.post(session.widgets, Fixture.widget("a").with("kind", "Gadget")).expect(status: 422)
    },
    ContractCase("numbers and versions in queries are checked") { session in
        try await session.get(session.core("configmaps") + "?limit=x").expect(status: 400)
        try await session.get(session.core("configmaps") + "?resourceVersion=x").expect(status: 500)
        try await session.get(session.core("configmaps") + "?resourceVersionMatch=Exact").expect(status: 422)
        try await session.get(session.core("pods") + "?fieldSelector=spec.odd%3D1").expect(status: 400)
        try await session.get(session.core("pods") + "?fieldSelector=odd").expect(status: 400)
        try await session.get(session.core("configmaps") + "?fieldSelector=data%3D1").expect(status: 400)
    },
    ContractCase("pages of built-in kinds say how many remain") { session in
        for name in ["a", "b", "c"] { try await session.post(session.core("secrets"), ["metadata": ["name": .string(name)]]).expect(status: 201) }
        let first = try await session.get(session.core("secrets") + "?limit=2").expect(status: 200).expect("metadata.remainingItemCount", 1)
        try await session.get(session.core("secrets") + "?limit=2&continue=\(first["metadata.continue"]?.stringValue ?? "")")
            .expect(status: 200).expect("metadata.continue", nil).expect("items.0.metadata.name", "c")
        try await session.get(session.core("secrets") + "?limit=2&labelSelector=x%3Dy").expect(status: 200).expect("items", [])
    },
    ContractCase("a watch from a version of a built-in kind tells each change in order") { session in
        let maps = session.core("configmaps")
        let start = try await session.post(maps, Fixture.configMap("a")).expect(status: 201)
        try await session.merge(maps + "/a", ["data": ["k": "1"]]).expect(status: 200)
        try await session.delete(maps + "/a").expect(status: 200)
        try await session.post(maps, Fixture.configMap("a")).expect(status: 201)
        let version = start["metadata.resourceVersion"]?.stringValue ?? ""
        let events = try await session.watch(maps + "?watch=1&resourceVersion=\(version)", events: 3)
        try require(events.map { $0["type"] } == ["MODIFIED", "DELETED", "ADDED"], "\(events)")
    },
    ContractCase("a table of Pods has restarts as a text", since: 22) { session in
        try await makeAccount(session)
        try await session.post(session.core("pods"), pod("a")).expect(status: 201)
        let table = try await session.get(session.core("pods"), accept: "application/json;as=Table;v=v1;g=meta.k8s.io").expect(status: 200)
        try require(Array((table["rows.0.cells"]?.arrayValue ?? []).prefix(4)) == ["a", "0/1", "Pending", "0"], table.json.text())
    },
    ContractCase("a table of Services, Deployments and ReplicaSets is as kubectl shows it") { session in
        let accept = "application/json;as=Table;v=v1;g=meta.k8s.io"
        try await session.post(session.core("services"), service("web")).expect(status: 201)
        try await session.post(session.apps("deployments"), Fixture.replicaSet("web").with("kind", "Deployment")).expect(status: 201)
        try await session.post(session.apps("replicasets"), Fixture.replicaSet("web")).expect(status: 201)
        for target in [session.core("services"), session.apps("deployments"), session.apps("replicasets")] {
            try await session.get(target, accept: accept).expect(status: 200).expect("kind", "Table")
        }
    },
    ContractCase("a custom scale is checked, and needs replicas in the object") { session in
        try await session.post(session.widgets, Fixture.widget("a")).expect(status: 201)
        try await session.get(session.widgets + "/a/scale").expect(status: 500)
        try await session.merge(session.widgets + "/a", ["spec": ["replicas": 1]]).expect(status: 200)
        try await session.merge(session.widgets + "/a/scale", ["spec": ["replicas": -1]]).expect(status: 422)
        try await session.merge(session.widgets + "/a/scale", ["metadata": ["name": "x"], "spec": ["replicas": 1]]).expect(status: 400)
        let scale = try await session.get(session.widgets + "/a/scale").expect(status: 200)
        try await session.put(session.widgets + "/a/scale?dryRun=All", scale.json.with("spec.replicas", 7)).expect(status: 200)
            .expect("spec.replicas", 7)
        try await session.get(session.widgets + "/a").expect("spec.replicas", 1)
    },
    ContractCase("a JSON patch does not replace what is not there", since: 23) { session in
        try await session.post(session.widgets, Fixture.widget("a")).expect(status: 201)
        try await session.jsonPatch(session.widgets + "/a", [["op": "replace", "path": "/spec/nope", "value": 1]]).expect(status: 422)
    },
    ContractCase("replicas of a custom object are not negative") { session in
        try await session.post(session.widgets, Fixture.widget("a").with("spec.replicas", -1)).expect(status: 422)
        try await session.post(session.widgets, Fixture.widget("a")).expect(status: 201)
        try await session.merge(session.widgets + "/a", ["spec": ["replicas": -2]]).expect(status: 422)
        for wrong: JSONValue in ["ten", [1], true, 1.5, ["a": 1]] {
            try await session.merge(session.widgets + "/a", ["spec": ["replicas": wrong]]).expect(status: 422)
        }
        try await session.merge(session.widgets + "/a", ["spec": ["replicas": .null]]).expect(status: 200)
        try await session.merge(session.widgets + "/a/status", ["status": ["replicas": -2]]).expect(status: 422)
    },
    ContractCase("a JSON patch is checked before it is applied") { session in
        try await session.post(session.widgets, Fixture.widget("a")).expect(status: 201)
        try await session.jsonPatch(session.widgets + "/a", [:]).expect(status: 400)
        try await session.jsonPatch(session.widgets + "/a", [["op": "bogus", "path": "/spec"]]).expect(status: 422)
        try await session.jsonPatch(session.widgets + "/a", [["op": "remove", "path": "/spec/nope"]]).expect(status: 422)
        try await session.jsonPatch(session.widgets + "/a", [["op": "test", "path": "/spec/size", "value": 9]]).expect(status: 422)
        try await session.jsonPatch(
            session.widgets + "/a",
            [["op": "test", "path": "/spec/size", "value": 1], ["op": "copy", "from": "/spec/size", "path": "/spec/replicas"]]
        ).expect(status: 200).expect("spec.replicas", 1)
        try await session.jsonPatch(session.widgets + "/a", [["op": "move", "from": "/spec/replicas", "path": "/spec/free"]]).expect(status: 422)
    },
    ContractCase("many things are wrong at once, and all are told") { session in
        let body = Fixture.widget("a").with("spec", ["size": 200, "mode": "wild", "tags": [1], "parts": [["count": "x"]]])
        try await session.post(session.widgets, body).expect(status: 422)
        try await session.post(session.widgets, Fixture.widget("a").with("spec", "text")).expect(status: 422)
        try await session.post(session.widgets, Fixture.widget("a").with("spec.free", 7)).expect(status: 422)
        try await session.post(session.widgets, Fixture.widget("a").with("spec.size", 1.5)).expect(status: 422)
        try await session.post(session.widgets, Fixture.widget("a").with("spec.tags", "x")).expect(status: 422)
    },
    ContractCase("a null is a default where there is one, and nothing elsewhere") { session in
        try await session.post(session.widgets, Fixture.widget("a").with("spec.mode", .null).with("spec.parts", [["name": "p", "count": .null]]))
            .expect(status: 201).expect("spec.mode", "plain")
    },
]
