import StrictJSON

private typealias Fixture = ContractDefinitions

/// A reference to an owner, from the answer to its creation.
private func owner(_ exchange: Exchange, blocks: Bool = false) -> JSONValue {
    var reference: JSONValue = [
        "apiVersion": exchange.json["apiVersion"] ?? .null, "kind": exchange.json["kind"] ?? .null,
        "name": exchange["metadata.name"] ?? .null, "uid": exchange["metadata.uid"] ?? .null,
    ]
    if blocks { reference["blockOwnerDeletion"] = true }
    return reference
}

let deleteCases: [ContractCase] = [
    ContractCase("delete answers a Status with the uid, and then the object is gone") { session in
        let created = try await session.post(session.widgets, Fixture.widget("a")).expect(status: 201)
        try await session.delete(session.widgets + "/a").expect(status: 200).expect("status", "Success").expect(
            "details",
            ["name": "a", "group": "contract.example.com", "kind": "widgets", "uid": created["metadata.uid"] ?? .null])
        try await session.get(session.widgets + "/a").expectFailure(404, "NotFound", "widgets.contract.example.com \"a\" not found")
        try await session.delete(session.widgets + "/a").expect(status: 404)
    },
    ContractCase("preconditions on uid and version hold") { session in
        let created = try await session.post(session.widgets, Fixture.widget("a")).expect(status: 201)
        try await session.delete(session.widgets + "/a", ["preconditions": ["uid": "other"]]).expect(status: 409).expect("reason", "Conflict")
        try await session.delete(session.widgets + "/a", ["preconditions": ["resourceVersion": "1"]]).expect(status: 409)
        try await session.delete(
            session.widgets + "/a",
            ["preconditions": ["uid": created["metadata.uid"] ?? .null, "resourceVersion": created["metadata.resourceVersion"] ?? .null]]
        ).expect(status: 200)
    },
    ContractCase("a finalizer keeps the object until it is removed") { session in
        try await session.post(session.widgets, Fixture.widget("a").with("metadata.finalizers", ["example.com/hold"])).expect(status: 201)
        let marked = try await session.delete(session.widgets + "/a").expect(status: 200).expect("kind", "Widget")
            .expect("metadata.deletionGracePeriodSeconds", 0).expect("metadata.generation", 2)
        try require(marked["metadata.deletionTimestamp"] != nil, "no deletionTimestamp")
        try await session.delete(session.widgets + "/a").expect(status: 200)
            .expect("metadata.deletionTimestamp", marked["metadata.deletionTimestamp"])
        try await session.merge(session.widgets + "/a", ["metadata": ["finalizers": ["example.com/hold", "example.com/more"]]])
            .expect(status: 422).expect("details.causes.0.field", "metadata.finalizers")
        try await session.merge(session.widgets + "/a", ["metadata": ["finalizers": .null]]).expect(status: 200)
        try await session.get(session.widgets + "/a").expect(status: 404)
    },
    ContractCase("dry run of a delete deletes nothing") { session in
        try await session.post(session.widgets, Fixture.widget("a")).expect(status: 201)
        try await session.delete(session.widgets + "/a?dryRun=All").expect(status: 200)
        try await session.get(session.widgets + "/a").expect(status: 200)
    },
    ContractCase("deleting a collection deletes what is selected") { session in
        for (name, tier) in [("a", "x"), ("b", "y"), ("c", "x")] {
            try await session.post(session.widgets, Fixture.widget(name, labels: ["tier": tier])).expect(status: 201)
        }
        try await session.delete(session.widgets + "?labelSelector=tier%3Dx").expect(status: 200)
        let left = try await session.get(session.widgets).expect(status: 200)
        try require(left["items"]?.arrayValue?.map { $0.value(at: "metadata.name") } == ["b"], "left: \(left.json.text())")
    },
    ContractCase("an unknown propagation policy answers 422") { session in
        try await session.post(session.widgets, Fixture.widget("a")).expect(status: 201)
        try await session.delete(session.widgets + "/a", ["propagationPolicy": "Sideways"]).expect(status: 422)
    },
]

/// What the garbage collector does, for servers that have one beside them and do it at once.
public let garbageCases: [ContractCase] = [
    ContractCase("dependents go after their owner in the background") { session in
        let first = try await session.post(session.widgets, Fixture.widget("first")).expect(status: 201)
        let second = try await session.post(session.widgets, Fixture.widget("second")).expect(status: 201)
        let maps = session.core("configmaps")
        try await session.post(maps, Fixture.configMap("one").with("metadata.ownerReferences", [owner(first)])).expect(status: 201)
        try await session.post(maps, Fixture.configMap("both").with("metadata.ownerReferences", [owner(first), owner(second)]))
            .expect(status: 201)
        try await session.delete(session.widgets + "/first").expect(status: 200)
        try await session.eventually(maps + "/one") { $0.status == 404 }.expect(status: 404)
        try await session.eventually(maps + "/both") { $0["metadata.ownerReferences.1"] == nil }.expect(status: 200)
            .expect("metadata.ownerReferences", [owner(second)])
        try await session.delete(session.widgets + "/second").expect(status: 200)
        try await session.eventually(maps + "/both") { $0.status == 404 }.expect(status: 404)
    },
    ContractCase("dependents go before their owner in the foreground") { session in
        let top = try await session.post(session.widgets, Fixture.widget("top")).expect(status: 201)
        let maps = session.core("configmaps")
        let held = Fixture.configMap("held").with("metadata.ownerReferences", [owner(top, blocks: true)])
        try await session.post(maps, held.with("metadata.finalizers", ["example.com/hold"])).expect(status: 201)
        try await session.delete(session.widgets + "/top", ["propagationPolicy": "Foreground"]).expect(status: 200)
            .expect("metadata.finalizers", ["foregroundDeletion"])
        try await session.get(session.widgets + "/top").expect(status: 200)
        let waiting = try await session.eventually(maps + "/held") { $0["metadata.deletionTimestamp"] != nil }.expect(status: 200)
        try require(waiting["metadata.deletionTimestamp"] != nil, "the dependent is not being deleted")
        try await session.merge(maps + "/held", ["metadata": ["finalizers": .null]]).expect(status: 200)
        try await session.eventually(maps + "/held") { $0.status == 404 }.expect(status: 404)
        try await session.eventually(session.widgets + "/top") { $0.status == 404 }.expect(status: 404)
    },
    ContractCase("orphans lose the reference and stay") { session in
        let top = try await session.post(session.widgets, Fixture.widget("top")).expect(status: 201)
        let maps = session.core("configmaps")
        try await session.post(maps, Fixture.configMap("kept").with("metadata.ownerReferences", [owner(top)])).expect(status: 201)
        try await session.delete(session.widgets + "/top", ["propagationPolicy": "Orphan"]).expect(status: 200)
        try await session.eventually(session.widgets + "/top") { $0.status == 404 }.expect(status: 404)
        try await session.eventually(maps + "/kept") { $0["metadata.ownerReferences"] == nil }.expect(status: 200)
            .expect("metadata.ownerReferences", nil)
    },
    ContractCase("an owner that was never there lets its dependent go") { session in
        let ghost: JSONValue = ["apiVersion": "v1", "kind": "ConfigMap", "name": "ghost", "uid": "00000000-0000-4000-8000-000000000000"]
        let maps = session.core("configmaps")
        try await session.post(maps, Fixture.configMap("a").with("metadata.ownerReferences", [ghost])).expect(status: 201)
        try await session.eventually(maps + "/a") { $0.status == 404 }.expect(status: 404)
    },
    ContractCase("a namespace takes its content with it, and takes nothing new while it goes") { session in
        let maps = session.core("configmaps")
        try await session.post(maps, Fixture.configMap("plain")).expect(status: 201)
        try await session.post(maps, Fixture.configMap("held").with("metadata.finalizers", ["example.com/hold"])).expect(status: 201)
        let path = "/api/v1/namespaces/\(session.namespace)"
        try await session.delete(path).expect(status: 200).expect("status.phase", "Terminating")
        try await session.eventually(maps + "/plain") { $0.status == 404 }.expect(status: 404)
        try await session.post(maps, Fixture.configMap("late")).expectFailure(
            403, "Forbidden",
            "configmaps \"late\" is forbidden: unable to create new content in namespace \(session.namespace) because it is being terminated"
        ).expect("details.causes.0.reason", "NamespaceTerminating")
        try await session.get(path).expect(status: 200)
        try await session.merge(maps + "/held", ["metadata": ["finalizers": .null]]).expect(status: 200)
        try await session.eventually(path) { $0.status == 404 }.expect(status: 404)
    },
]
