import StrictJSON

private typealias Fixture = ContractDefinitions

let definitionCases: [ContractCase] = [
    ContractCase("unknown members are dropped, free ones kept, defaults filled in") { session in
        let body = Fixture.widget("a").with("spec.unknown", 1).with("spec.free", ["deep": ["er": true]]).with("extra", 1)
            .with("spec.parts", [["name": "p", "other": 2]])
        try await session.post(session.widgets, body).expect(status: 201).expect(
            "spec", ["size": 1, "mode": "plain", "free": ["deep": ["er": true]], "parts": [["name": "p", "count": 1]]]
        ).expect("extra", nil)
    },
    ContractCase("strict field validation refuses unknown members by path") { session in
        try await session.post(session.widgets + "?fieldValidation=Strict", Fixture.widget("a").with("spec.unknown", 1)).expectFailure(
            400, "BadRequest",
            "Widget in version \"v1\" cannot be handled as a Widget: strict decoding error: unknown field \"spec.unknown\"")
    },
    ContractCase("a wrong type names the field") { session in
        try await session.post(session.widgets, Fixture.widget("a").with("spec.size", "big")).expectFailure(
            422, "Invalid",
            "Widget.contract.example.com \"a\" is invalid: spec.size: Invalid value: \"string\": spec.size in body must be of type integer: "
                + "\"string\""
        ).expect("details.causes.0.field", "spec.size")
    },
    ContractCase("bounds, enums and required members") { session in
        try await session.post(session.widgets, Fixture.widget("a").with("spec.size", nil)).expect(status: 422)
            .expect("details.causes.0.reason", "FieldValueRequired").expect("details.causes.0.field", "spec.size")
        try await session.post(session.widgets, Fixture.widget("a").with("spec.mode", "wild")).expect(status: 422)
            .expect("details.causes.0.reason", "FieldValueNotSupported")
        try await session.post(session.widgets, Fixture.widget("a", size: 101)).expect(status: 422)
            .expect("details.causes.0.reason", "FieldValueInvalid")
    },
    ContractCase("another served version shows the same object") { session in
        try await session.post(session.widgets, Fixture.widget("a")).expect(status: 201)
        let beta = "/apis/contract.example.com/v1beta1/namespaces/\(session.namespace)/widgets"
        let read = try await session.get(beta + "/a").expect(status: 200).expect("apiVersion", "contract.example.com/v1beta1").expect("spec.size", 1)
        try await session.put(beta + "/a", read.json.with("spec.size", 4)).expect(status: 200)
            .expect("apiVersion", "contract.example.com/v1beta1")
        try await session.get(session.widgets + "/a").expect("spec.size", 4).expect("apiVersion", "contract.example.com/v1")
    },
    ContractCase("a definition is served when it is created, and refused when it is wrong") { session in
        let path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
        try await session.get(path + "/widgets.contract.example.com").expect(status: 200).expect("spec.names.listKind", "WidgetList")
            .expect("status.conditions.1.type", "Established").expect("status.storedVersions", ["v1"])
        try await session.post(path, Fixture.widgets.with("metadata.name", "wrong.contract.example.com")).expect(status: 422)
            .expect("details.causes.0.field", "metadata.name")
    },
]

let discoveryCases: [ContractCase] = [
    ContractCase("the core group is at /api") { session in
        try await session.get("/api").expect(status: 200).expect("versions", ["v1"])
    },
    ContractCase("each version lists its resources with verbs, names and subresources") { session in
        let list = try await session.get("/apis/contract.example.com/v1").expect(status: 200).expect("kind", "APIResourceList")
            .expect("groupVersion", "contract.example.com/v1")
        let resources = list["resources"]?.arrayValue ?? []
        try require(
            resources.compactMap { $0["name"]?.stringValue }.sorted() == ["gadgets", "widgets", "widgets/scale", "widgets/status"],
            "\(resources)")
        let widgets = resources.first { $0["name"] == "widgets" }
        try require(widgets?["shortNames"] == ["wd"] && widgets?["kind"] == "Widget" && widgets?["namespaced"] == true, "\(widgets ?? .null)")
        let verbs = (widgets?["verbs"]?.arrayValue ?? []).compactMap(\.stringValue).sorted()
        try require(verbs == ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"], "\(verbs)")
        let scale = resources.first { $0["name"] == "widgets/scale" }
        try require(scale?["group"] == "autoscaling" && scale?["kind"] == "Scale", "\(scale ?? .null)")
    },
    ContractCase("a group prefers its most stable version") { session in
        try await session.get("/apis/contract.example.com").expect(status: 200).expect("kind", "APIGroup")
            .expect("preferredVersion.version", "v1").expect("versions.1.version", "v1beta1")
    },
    ContractCase("version and health are answered") { session in
        try await session.get("/version").expect(status: 200).expect("major", "1")
        for path in ["/healthz", "/readyz", "/livez"] {
            let answer = try await session.get(path).expect(status: 200)
            try require(answer.json == "ok", "\(path): \(answer.json)")
        }
    },
    ContractCase("may I? is answered") { session in
        try await session.post(
            "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
            [
                "apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview",
                "spec": ["resourceAttributes": ["verb": "get", "resource": "pods"]],
            ]
        ).expect(status: 201).expect("status.allowed", true)
    },
]

let tableCases: [ContractCase] = [
    ContractCase("a table has the columns of the definition") { session in
        try await session.post(session.widgets, Fixture.widget("a", size: 7)).expect(status: 201)
        try await session.merge(session.widgets + "/a/status", ["status": ["conditions": [["type": "Ready", "status": "True"]]]]).expect(status: 200)
        let accept = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"
        let table = try await session.get(session.widgets, accept: accept).expect(status: 200).expect("kind", "Table")
            .expect("apiVersion", "meta.k8s.io/v1").expect("rows.0.object.kind", "PartialObjectMetadata")
            .expect("rows.0.object.metadata.name", "a")
        let columns = (table["columnDefinitions"]?.arrayValue ?? []).compactMap { $0["name"]?.stringValue }
        try require(columns == ["Name", "Size", "Ready", "Mode", "Age"], "\(columns)")
        let cells = table["rows.0.cells"]?.arrayValue ?? []
        try require(Array(cells.prefix(4)) == ["a", 7, "True", "plain"], "\(cells)")
    },
    ContractCase("a watch tells its columns once") { session in
        for name in ["a", "b"] { try await session.post(session.widgets, Fixture.widget(name)).expect(status: 201) }
        let accept = "application/json;as=Table;v=v1;g=meta.k8s.io"
        let events = try await session.watch(session.widgets + "?watch=1", events: 2, accept: accept)
        try require(events.map { $0.value(at: "object.kind") } == ["Table", "Table"], "\(events)")
        try require(events.map { $0.value(at: "object.columnDefinitions")?.arrayValue?.isEmpty ?? true } == [false, true], "\(events)")
    },
]

let requestCases: [ContractCase] = [
    ContractCase("a method that the resource does not take answers 405") { session in
        try await session.post(session.widgets, Fixture.widget("a")).expect(status: 201)
        try await session.post(session.widgets + "/a", Fixture.widget("a"))
            .expectFailure(405, "MethodNotAllowed", "the server does not allow this method on the requested resource")
        try await session.put(session.widgets, Fixture.widget("a")).expect(status: 405)
    },
    ContractCase("a resource that is not served answers 404") { session in
        try await session.get("/apis/contract.example.com/v1/namespaces/\(session.namespace)/doohickeys").expect(status: 404)
        try await session.get("/apis/nothing.example.com/v1/things").expect(status: 404)
        try await session.get("/nothing").expect(status: 404)
    },
    ContractCase("a body that is no JSON answers 400") { session in
        try await session.sendRaw("POST", session.widgets, Array("{\"kind\":".utf8)).expect(status: 400).expect("reason", "BadRequest")
    },
    ContractCase("an unknown content type answers 415") { session in
        try await session.sendRaw("POST", session.widgets, Array("x".utf8), type: "text/plain").expect(status: 415)
            .expect("reason", "UnsupportedMediaType")
    },
    ContractCase("an unknown dry run answers 422") { session in
        try await session.post(session.widgets + "?dryRun=Some", Fixture.widget("a")).expect(status: 422).expect("reason", "Invalid")
    },
    ContractCase("nothing acceptable answers 406") { session in
        try await session.get(session.widgets, accept: "text/html").expect(status: 406).expect("reason", "NotAcceptable")
    },
]
