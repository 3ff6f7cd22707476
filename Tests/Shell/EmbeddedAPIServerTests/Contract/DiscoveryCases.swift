import StrictJSON

private typealias Fixture = ContractDefinitions

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
        let first = try await session.post(session.widgets, Fixture.widget("a")).expect(status: 201)
        for name in ["b", "c"] { try await session.post(session.widgets, Fixture.widget(name)).expect(status: 201) }
        let accept = "application/json;as=Table;v=v1;g=meta.k8s.io"
        let version = first["metadata.resourceVersion"]?.stringValue ?? ""
        let events = try await session.watch(session.widgets + "?watch=1&resourceVersion=\(version)", events: 2, accept: accept)
        try require(events.map { $0.value(at: "object.kind") } == ["Table", "Table"], "\(events)")
        try require(events.map { $0.value(at: "object.columnDefinitions")?.arrayValue?.isEmpty ?? true } == [false, true], "\(events)")
    },
]
