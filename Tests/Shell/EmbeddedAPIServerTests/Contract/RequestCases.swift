import StrictJSON

private typealias Fixture = ContractDefinitions

let requestCases: [ContractCase] = [
    ContractCase("a method that the resource does not take answers 405") { session in
        try await session.post(session.widgets, Fixture.widget("a")).expect(status: 201)
        try await session.post(session.core("configmaps") + "/a", Fixture.configMap("a"))
            .expectFailure(405, "MethodNotAllowed", "the server does not allow this method on the requested resource")
        try await session.put(session.core("configmaps"), Fixture.configMap("a")).expect(status: 405)
    },
    ContractCase("custom objects are created at named paths too, and changed at none") { session in
        try await session.post(session.widgets + "/a", Fixture.widget("b")).expect(status: 201).expect("metadata.name", "b")
        try await session.put(session.widgets, Fixture.widget("a")).expectFailure(400, "BadRequest", "name must be provided")
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
