import StrictJSON

private typealias Fixture = ContractDefinitions

let patchCases: [ContractCase] = [
    ContractCase("a merge patch sets, replaces lists whole, and removes with null") { session in
        let widget = Fixture.widget("a").with("spec.tags", ["x", "y"]).with("spec.mode", "fancy")
        try await session.post(session.widgets, widget).expect(status: 201)
        try await session.merge(session.widgets + "/a", ["spec": ["size": 5, "tags": ["z"], "mode": .null]]).expect(status: 200)
            .expect("spec", ["size": 5, "tags": ["z"], "mode": "plain"]).expect("metadata.generation", 2)
    },
    ContractCase("a merge patch with an older version answers 409") { session in
        let created = try await session.post(session.widgets, Fixture.widget("a")).expect(status: 201)
        try await session.merge(session.widgets + "/a", ["spec": ["size": 2]]).expect(status: 200)
        try await session.merge(
            session.widgets + "/a", ["metadata": ["resourceVersion": created["metadata.resourceVersion"] ?? .null], "spec": ["size": 3]]
        ).expect(status: 409).expect("reason", "Conflict")
    },
    ContractCase("a JSON patch tests, replaces, adds and removes, all or nothing") { session in
        try await session.post(session.widgets, Fixture.widget("a").with("spec.parts", [["name": "p"], ["name": "q"]])).expect(status: 201)
        try await session.jsonPatch(
            session.widgets + "/a",
            [
                ["op": "test", "path": "/spec/parts/1/name", "value": "q"], ["op": "replace", "path": "/spec/parts/1/count", "value": 7],
                ["op": "add", "path": "/metadata/labels", "value": ["x": "y"]], ["op": "remove", "path": "/spec/parts/0"],
            ]
        ).expect(status: 200).expect("spec.parts", [["name": "q", "count": 7]]).expect("metadata.labels", ["x": "y"])
    },
    ContractCase("a JSON patch whose test fails answers 422 and changes nothing") { session in
        let created = try await session.post(session.widgets, Fixture.widget("a")).expect(status: 201)
        try await session.jsonPatch(
            session.widgets + "/a",
            [["op": "replace", "path": "/spec/size", "value": 2], ["op": "test", "path": "/metadata/name", "value": "b"]]
        ).expectFailure(422, "Invalid", "the server rejected our request due to an error in our request")
        try await session.get(session.widgets + "/a").expect("spec.size", 1)
            .expect("metadata.resourceVersion", created["metadata.resourceVersion"])
    },
    ContractCase("a JSON patch of a path that is not there answers 422") { session in
        try await session.post(session.widgets, Fixture.widget("a")).expect(status: 201)
        try await session.jsonPatch(session.widgets + "/a", [["op": "remove", "path": "/spec/parts/0"]]).expect(status: 422)
    },
    ContractCase("a patch is validated like an update") { session in
        try await session.post(session.widgets, Fixture.widget("a")).expect(status: 201)
        try await session.merge(session.widgets + "/a", ["spec": ["size": 101]]).expect(status: 422)
            .expect("details.causes.0.field", "spec.size")
    },
    ContractCase("a patch that changes nothing keeps the version") { session in
        let created = try await session.post(session.widgets, Fixture.widget("a")).expect(status: 201)
        try await session.merge(session.widgets + "/a", ["spec": ["size": 1]]).expect(status: 200)
            .expect("metadata.resourceVersion", created["metadata.resourceVersion"])
    },
    ContractCase("a patch does not rename") { session in
        try await session.post(session.widgets, Fixture.widget("a")).expect(status: 201)
        try await session.merge(session.widgets + "/a", ["metadata": ["name": "b"]])
            .expectFailure(400, "BadRequest", "the name of the object (b) does not match the name on the URL (a)")
        try await session.get(session.widgets + "/b").expect(status: 404)
    },
    ContractCase("a patch of an object that does not exist answers 404") { session in
        try await session.merge(session.widgets + "/a", ["spec": ["size": 1]])
            .expectFailure(404, "NotFound", "widgets.contract.example.com \"a\" not found")
    },
    ContractCase("a strategic merge patch of a custom object answers 415") { session in
        try await session.post(session.widgets, Fixture.widget("a")).expect(status: 201)
        try await session.send("PATCH", session.widgets + "/a", ["spec": ["size": 2]], type: "application/strategic-merge-patch+json")
            .expect(status: 415).expect("reason", "UnsupportedMediaType")
    },
    ContractCase("a patch that is no JSON answers 400", since: 23) { session in
        try await session.post(session.widgets, Fixture.widget("a")).expect(status: 201)
        try await session.sendRaw("PATCH", session.widgets + "/a", Array("{nonsense".utf8), type: "application/merge-patch+json")
            .expect(status: 400).expect("reason", "BadRequest")
    },
]

let statusCases: [ContractCase] = [
    ContractCase("the main resource leaves status alone, and status everything else") { session in
        let created = try await session.post(session.widgets, Fixture.widget("a")).expect(status: 201)
        let changed = created.json.with("status.phase", "Done").with("spec.size", 9).with("metadata.labels", ["x": "y"])
        let status = try await session.put(session.widgets + "/a/status", changed).expect(status: 200)
            .expect("status.phase", "Done").expect("spec.size", 1).expect("metadata.generation", 1).expect("metadata.labels", nil)
        try await session.put(session.widgets + "/a", status.json.with("status.phase", "Undone").with("spec.size", 2)).expect(status: 200)
            .expect("status.phase", "Done").expect("spec.size", 2)
    },
    ContractCase("status is patched on its own") { session in
        try await session.post(session.widgets, Fixture.widget("a")).expect(status: 201)
        try await session.merge(session.widgets + "/a/status", ["status": ["phase": "Done"], "spec": ["size": 9]]).expect(status: 200)
            .expect("status.phase", "Done").expect("spec.size", 1)
        try await session.jsonPatch(session.widgets + "/a/status", [["op": "replace", "path": "/status/phase", "value": "Gone"]])
            .expect(status: 200).expect("status.phase", "Gone")
        try await session.merge(session.widgets + "/a", ["status": ["phase": "Nope"]]).expect(status: 200).expect("status.phase", "Gone")
        try await session.get(session.widgets + "/a/status").expect(status: 200).expect("status.phase", "Gone")
    },
    ContractCase("a status write with an older version answers 409") { session in
        let created = try await session.post(session.widgets, Fixture.widget("a")).expect(status: 201)
        try await session.merge(session.widgets + "/a", ["spec": ["size": 2]]).expect(status: 200)
        try await session.put(session.widgets + "/a/status", created.json.with("status.phase", "Done")).expect(status: 409)
    },
    ContractCase("a kind without subresources has no status to write") { session in
        try await session.post(session.gadgets, Fixture.gadget("a")).expect(status: 201)
        try await session.merge(session.gadgets + "/a/status", ["status": ["phase": "Done"]]).expect(status: 404)
        try await session.get(session.gadgets + "/a/scale").expect(status: 404)
    },
    ContractCase("the schema holds for status too") { session in
        try await session.post(session.widgets, Fixture.widget("a")).expect(status: 201)
        try await session.merge(session.widgets + "/a/status", ["status": ["phase": 7, "unknown": true]]).expect(status: 422)
            .expect("details.causes.0.field", "status.phase")
        try await session.merge(session.widgets + "/a/status", ["status": ["phase": "ok", "unknown": true]]).expect(status: 200)
            .expect("status", ["phase": "ok"])
    },
]

let scaleCases: [ContractCase] = [
    ContractCase("scale reads and writes the replicas of a custom object") { session in
        try await session.post(session.widgets, Fixture.widget("a").with("spec.replicas", 3)).expect(status: 201)
        try await session.merge(session.widgets + "/a/status", ["status": ["replicas": 2, "selector": "app=a"]]).expect(status: 200)
        let scale = try await session.get(session.widgets + "/a/scale").expect(status: 200).expect("kind", "Scale")
            .expect("apiVersion", "autoscaling/v1").expect("spec.replicas", 3).expect("status", ["replicas": 2, "selector": "app=a"])
        try await session.put(session.widgets + "/a/scale", scale.json.with("spec.replicas", 5)).expect(status: 200).expect("spec.replicas", 5)
        try await session.get(session.widgets + "/a").expect("spec.replicas", 5).expect("metadata.generation", 2)
        try await session.put(session.widgets + "/a/scale", scale.json.with("spec.replicas", 6)).expect(status: 409)
        try await session.merge(session.widgets + "/a/scale", ["spec": ["replicas": 8]]).expect(status: 200).expect("spec.replicas", 8)
    },
    ContractCase("scale of a ReplicaSet has the selector as text") { session in
        try await session.post(session.apps("replicasets"), Fixture.replicaSet("web", replicas: 2)).expect(status: 201)
        try await session.merge(session.apps("replicasets") + "/web/scale", ["spec": ["replicas": 4]]).expect(status: 200)
            .expect("spec.replicas", 4).expect("status.selector", "app=web")
        try await session.get(session.apps("replicasets") + "/web").expect("spec.replicas", 4).expect("metadata.generation", 2)
    },
    ContractCase("a negative scale answers 422") { session in
        try await session.post(session.apps("replicasets"), Fixture.replicaSet("web")).expect(status: 201)
        try await session.merge(session.apps("replicasets") + "/web/scale", ["spec": ["replicas": -1]]).expect(status: 422)
    },
]
