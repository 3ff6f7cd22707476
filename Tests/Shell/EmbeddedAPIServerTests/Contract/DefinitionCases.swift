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
    ContractCase("strict field validation refuses unknown members by path", since: 25) { session in
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
