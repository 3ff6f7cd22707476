import StrictJSON

private typealias Fixture = ContractDefinitions

let createCases: [ContractCase] = [
    ContractCase("create answers 201 with uid, creation time, generation 1 and a version") { session in
        let created = try await session.post(session.widgets, Fixture.widget("a")).expect(status: 201)
            .expect("metadata.generation", 1).expect("metadata.name", "a").expect("metadata.namespace", .string(session.namespace))
            .expect("spec.size", 1)
        for member in ["uid", "creationTimestamp", "resourceVersion"] {
            try require(created["metadata.\(member)"]?.stringValue?.isEmpty == false, "metadata.\(member) is missing")
        }
        let read = try await session.get(session.widgets + "/a").expect(status: 200)
        try require(read.json == created.json, "what was created is not what is read")
    },
    ContractCase("create of a name that exists answers 409 AlreadyExists") { session in
        try await session.post(session.widgets, Fixture.widget("a")).expect(status: 201)
        try await session.post(session.widgets, Fixture.widget("a"))
            .expectFailure(409, "AlreadyExists", "widgets.contract.example.com \"a\" already exists")
            .expect("details", ["name": "a", "group": "contract.example.com", "kind": "widgets"])
    },
    ContractCase("generateName gives each object a name of its own") { session in
        let body = Fixture.widget("").with("metadata.name", nil).with("metadata.generateName", "wid-")
        let first = try await session.post(session.widgets, body).expect(status: 201)
        let second = try await session.post(session.widgets, body).expect(status: 201)
        let names = [first, second].map { $0["metadata.name"]?.stringValue ?? "" }
        try require(names[0] != names[1] && names.allSatisfy { $0.hasPrefix("wid-") && $0.count == 9 }, "names are \(names)")
    },
    ContractCase("create without a name answers 422") { session in
        try await session.post(session.widgets, Fixture.widget("").with("metadata.name", nil))
            .expectFailure(
                422, "Invalid", "Widget.contract.example.com \"\" is invalid: metadata.name: Required value: name or generateName is required")
    },
    ContractCase("a name must be a DNS subdomain") { session in
        try await session.post(session.widgets, Fixture.widget("Not_Good")).expect(status: 422).expect("reason", "Invalid")
            .expect("details.kind", "Widget").expect("details.causes.0.field", "metadata.name")
            .expect("details.causes.0.reason", "FieldValueInvalid")
    },
    ContractCase("a label's value has at most 63 characters") { session in
        let long = String(repeating: "x", count: 64)
        try await session.post(session.core("configmaps"), Fixture.configMap("a", labels: ["app": long])).expect(status: 422)
            .expect("details.causes.0.field", "metadata.labels")
        try await session.post(session.core("configmaps"), Fixture.configMap("a", labels: ["app": String(long.dropLast())]))
            .expect(status: 201)
    },
    ContractCase("create in a namespace that does not exist answers 404 about the namespace") { session in
        try await session.post("/api/v1/namespaces/nowhere/configmaps", Fixture.configMap("a"))
            .expectFailure(404, "NotFound", "namespaces \"nowhere\" not found").expect("details", ["name": "nowhere", "kind": "namespaces"])
    },
    ContractCase("the namespace of the body must be that of the path") { session in
        try await session.post(session.widgets, Fixture.widget("a").with("metadata.namespace", "other"))
            .expectFailure(400, "BadRequest", "the namespace of the provided object does not match the namespace sent on the request")
    },
    ContractCase("a body of another version answers 400") { session in
        try await session.post(session.widgets, Fixture.widget("a").with("apiVersion", "contract.example.com/v9")).expectFailure(
            400, "BadRequest",
            "the API version in the data (contract.example.com/v9) does not match the expected API version (contract.example.com/v1)")
    },
    ContractCase("create ignores status where it is a subresource, and keeps it where it is not") { session in
        try await session.post(session.widgets, Fixture.widget("a").with("status.phase", "Done")).expect(status: 201).expect("status", nil)
        try await session.post(session.gadgets, Fixture.gadget("a").with("status.phase", "Done")).expect(status: 201)
            .expect("status.phase", "Done")
    },
    ContractCase("dry run creates nothing") { session in
        try await session.post(session.widgets + "?dryRun=All", Fixture.widget("a")).expect(status: 201).expect("metadata.name", "a")
        try await session.get(session.widgets + "/a").expect(status: 404)
        try await session.post(session.widgets + "?dryRun=All", Fixture.widget("a", size: -1)).expect(status: 422)
    },
    ContractCase("a built-in kind gets its defaults and its first status") { session in
        try await session.post(session.apps("replicasets"), Fixture.replicaSet("web").with("spec.replicas", nil)).expect(status: 201)
            .expect("spec.replicas", 1).expect("status.replicas", 0).expect("metadata.generation", 1)
            .expect("spec.template.spec.restartPolicy", "Always").expect("spec.template.spec.containers.0.imagePullPolicy", "IfNotPresent")
    },
    ContractCase("a ReplicaSet's selector must match its template") { session in
        try await session.post(session.apps("replicasets"), Fixture.replicaSet("web").with("spec.selector.matchLabels", ["app": "other"]))
            .expect(status: 422).expect("details.causes.0.field", "spec.template.metadata.labels")
    },
]
