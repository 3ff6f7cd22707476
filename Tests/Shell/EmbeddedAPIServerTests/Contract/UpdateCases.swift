import StrictJSON

private typealias Fixture = ContractDefinitions

let updateCases: [ContractCase] = [
    ContractCase("update counts the generation where spec changes, and only there") { session in
        let created = try await session.post(session.widgets, Fixture.widget("a")).expect(status: 201)
        let labelled = try await session.put(session.widgets + "/a", created.json.with("metadata.labels", ["x": "y"])).expect(status: 200)
            .expect("metadata.generation", 1).expect("metadata.labels.x", "y")
        try require(labelled["metadata.resourceVersion"] != created["metadata.resourceVersion"], "the version did not change")
        try await session.put(session.widgets + "/a", labelled.json.with("spec.size", 2)).expect(status: 200).expect("metadata.generation", 2)
    },
    ContractCase("without a status subresource, status counts as well") { session in
        let created = try await session.post(session.gadgets, Fixture.gadget("a")).expect(status: 201)
        try await session.put(session.gadgets + "/a", created.json.with("status.phase", "Running")).expect(status: 200)
            .expect("metadata.generation", 2).expect("status.phase", "Running")
    },
    ContractCase("an update that changes nothing keeps the version") { session in
        let created = try await session.post(session.widgets, Fixture.widget("a")).expect(status: 201)
        try await session.put(session.widgets + "/a", created.json).expect(status: 200)
            .expect("metadata.resourceVersion", created["metadata.resourceVersion"])
    },
    ContractCase("an update of an older version answers 409 Conflict") { session in
        let created = try await session.post(session.widgets, Fixture.widget("a")).expect(status: 201)
        try await session.put(session.widgets + "/a", created.json.with("spec.size", 2)).expect(status: 200)
        try await session.put(session.widgets + "/a", created.json.with("spec.size", 3)).expectFailure(
            409, "Conflict",
            "Operation cannot be fulfilled on widgets.contract.example.com \"a\": the object has been modified; please apply your "
                + "changes to the latest version and try again"
        ).expect("details", ["name": "a", "group": "contract.example.com", "kind": "widgets"])
        try await session.get(session.widgets + "/a").expect("spec.size", 2)
    },
    ContractCase("an update of a custom object must name its version") { session in
        try await session.post(session.widgets, Fixture.widget("a")).expect(status: 201)
        try await session.put(session.widgets + "/a", Fixture.widget("a", size: 2)).expectFailure(
            422, "Invalid",
            "widgets.contract.example.com \"a\" is invalid: metadata.resourceVersion: Invalid value: 0x0: must be specified for an update")
    },
    ContractCase("an update of a ConfigMap may leave the version out") { session in
        try await session.post(session.core("configmaps"), Fixture.configMap("a", data: ["k": "1"])).expect(status: 201)
        try await session.put(session.core("configmaps") + "/a", Fixture.configMap("a", data: ["k": "2"])).expect(status: 200)
            .expect("data.k", "2").expect("metadata.generation", nil)
    },
    ContractCase("an update of an object that does not exist answers 404, of a Lease creates it") { session in
        try await session.put(session.core("configmaps") + "/a", Fixture.configMap("a"))
            .expectFailure(404, "NotFound", "configmaps \"a\" not found")
        let leases = "/apis/coordination.k8s.io/v1/namespaces/\(session.namespace)/leases"
        let lease: JSONValue = [
            "apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": ["name": "a"], "spec": ["holderIdentity": "me"],
        ]
        try await session.put(leases + "/a", lease).expect(status: 201).expect("spec.holderIdentity", "me")
    },
    ContractCase("an update under another name answers 400") { session in
        let created = try await session.post(session.widgets, Fixture.widget("a")).expect(status: 201)
        try await session.put(session.widgets + "/b", created.json)
            .expectFailure(400, "BadRequest", "the name of the object (a) does not match the name on the URL (b)")
    },
    ContractCase("an update with another uid answers 409") { session in
        let created = try await session.post(session.widgets, Fixture.widget("a")).expect(status: 201)
        let uid = created["metadata.uid"]?.stringValue ?? ""
        try await session.put(session.widgets + "/a", created.json.with("metadata.uid", "other")).expectFailure(
            409, "Conflict",
            "Operation cannot be fulfilled on widgets.contract.example.com \"a\": StorageError: invalid object, Code: 4, Key: "
                + "/registry/contract.example.com/widgets/\(session.namespace)/a, ResourceVersion: 0, AdditionalErrorMsg: "
                + "Precondition failed: UID in precondition: other, UID in object meta: \(uid)")
    },
    ContractCase("creation time and generation cannot be written") { session in
        let created = try await session.post(session.widgets, Fixture.widget("a")).expect(status: 201)
        try await session.put(session.widgets + "/a", created.json.with("metadata.generation", 77)).expect(status: 200)
            .expect("metadata.generation", 1)
        try await session.put(session.widgets + "/a", created.json.with("metadata.creationTimestamp", "2001-01-01T00:00:00Z"))
            .expect(status: 200).expect("metadata.creationTimestamp", created["metadata.creationTimestamp"])
    },
    ContractCase("dry run of an update stores nothing") { session in
        let created = try await session.post(session.widgets, Fixture.widget("a")).expect(status: 201)
        try await session.put(session.widgets + "/a?dryRun=All", created.json.with("spec.size", 9)).expect(status: 200).expect("spec.size", 9)
        try await session.get(session.widgets + "/a").expect("spec.size", 1)
            .expect("metadata.resourceVersion", created["metadata.resourceVersion"])
    },
    ContractCase("the selector of a ReplicaSet cannot change") { session in
        let created = try await session.post(session.apps("replicasets"), Fixture.replicaSet("web")).expect(status: 201)
        let changed = created.json.with("spec.selector.matchLabels", ["tier": "x"]).with("spec.template.metadata.labels", ["tier": "x"])
        try await session.put(session.apps("replicasets") + "/web", changed).expect(status: 422)
            .expect("details.causes.0.field", "spec.selector")
    },
]
