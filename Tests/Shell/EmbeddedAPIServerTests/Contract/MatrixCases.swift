import StrictJSON

/// The same questions about every kind.
let matrixCases: [ContractCase] = ContractSubject.all.flatMap { subject in
    [
        readCase(subject), putCase(subject), patchCase(subject), dryRunCase(subject), deleteCase(subject), watchCase(subject),
        refusalCase(subject), metadataCase(subject),
    ] + (subject.statusChange.map { [statusCase(subject, $0)] } ?? [])
}

private func readCase(_ subject: ContractSubject) -> ContractCase {
    ContractCase("\(subject.kind): created, read, listed, in pages and as a table") { session in
        let path = subject.path(session)
        let created = try await session.post(path, subject.object("a", session, labels: ["t": session.namespace])).expect(status: 201)
            .expect("kind", .string(subject.kind))
        try await session.post(path, subject.object("a", session)).expect(status: 409).expect("reason", "AlreadyExists")
        try await session.post(path, subject.object("b", session, labels: ["t": session.namespace])).expect(status: 201)
        let read = try await session.get(path + "/" + subject.name("a", session)).expect(status: 200)
        try require(read.json == created.json || subject.kind == "Namespace", "what was created is not what is read: \(read.json.text())")
        try await session.get(path + "/" + subject.name("none", session)).expect(status: 404).expect("reason", "NotFound")
        let selected = path + "?labelSelector=t%3D" + session.namespace
        try await session.get(selected).expect(status: 200).expect("kind", .string(subject.kind + "List"))
            .expect("items.1.metadata.name", .string(subject.name("b", session)))
        let page = try await session.get(selected + "&limit=1").expect(status: 200).expect("items.1", nil)
        try await session.get(selected + "&limit=1&continue=\(page["metadata.continue"]?.stringValue ?? "")").expect(status: 200)
            .expect("items.0.metadata.name", .string(subject.name("b", session)))
        try await session.get(path + "?fieldSelector=metadata.name%3D" + subject.name("a", session)).expect(status: 200).expect("items.1", nil)
        try await session.get(selected, accept: "application/json;as=Table;v=v1;g=meta.k8s.io").expect(status: 200).expect("kind", "Table")
            .expect("rows.1.object.metadata.name", .string(subject.name("b", session)))
    }
}

private func putCase(_ subject: ContractSubject) -> ContractCase {
    ContractCase("\(subject.kind): replaced, under the rules of versions, names and identities") { session in
        let path = subject.path(session)
        let one = path + "/" + subject.name("a", session)
        let created = try await session.post(path, subject.object("a", session)).expect(status: 201)
        try await session.put(one, created.json).expect(status: 200).expect("metadata.resourceVersion", created["metadata.resourceVersion"])
        let labelled = try await session.put(one, created.json.with("metadata.labels", ["x": "y"])).expect(status: 200).expect("metadata.labels.x", "y")
        try require(labelled["metadata.resourceVersion"] != created["metadata.resourceVersion"], "the version did not change")
        if let counts = subject.countsGeneration { try labelled.expect("metadata.generation", counts ? 1 : nil) }
        try await session.put(one, created.json).expect(status: 409).expect("reason", "Conflict")
        try await session.put(one, labelled.json.applying(mergePatch: subject.change)).expect(status: 200)
            .expect(subject.changedPath, subject.change.value(at: subject.changedPath))
        try await session.put(path + "/" + subject.name("b", session), created.json).expect(status: 400).expect("reason", "BadRequest")
        try await session.put(one, created.json.with("metadata.uid", "other").with("metadata.resourceVersion", nil))
            .expect(status: 409)
        try await session.put(path + "/" + subject.name("new", session), subject.object("new", session))
            .expect(status: subject.createsOnPut ? 201 : 404)
        try await session.put(one, created.json.with("metadata.resourceVersion", "x")).expect(status: 500)
    }
}

private func patchCase(_ subject: ContractSubject) -> ContractCase {
    ContractCase("\(subject.kind): patched in each of the ways") { session in
        let path = subject.path(session)
        let one = path + "/" + subject.name("a", session)
        let created = try await session.post(path, subject.object("a", session)).expect(status: 201)
        let version = created["metadata.resourceVersion"] ?? .null
        let changed = try await session.merge(one, subject.change).expect(status: 200)
            .expect(subject.changedPath, subject.change.value(at: subject.changedPath))
        if let counts = subject.countsGeneration { try changed.expect("metadata.generation", counts ? 2 : nil) }
        try await session.merge(one, subject.change).expect(status: 200).expect("metadata.resourceVersion", changed["metadata.resourceVersion"])
        try await session.merge(one, ["metadata": ["resourceVersion": version, "labels": ["a": "b"]]]).expect(status: 409)
        let add: JSONValue = ["op": "add", "path": "/metadata/labels", "value": ["l": "1"]]
        try await session.jsonPatch(one, [add]).expect(status: 200).expect("metadata.labels.l", "1")
        try await session.jsonPatch(one, [["op": "test", "path": "/metadata/labels/l", "value": "2"]]).expect(status: 422)
        try await session.jsonPatch(one, [["op": "test", "path": "/metadata/resourceVersion", "value": version], add]).expect(status: 422)
        try await session.strategic(one, ["metadata": ["labels": ["s": "1"]]]).expect(status: subject.isCustom ? 415 : 200)
        try await session.merge(one, ["metadata": ["labels": .null, "annotations": ["example.com/a": "b"]]]).expect(status: 200)
        try await session.merge(one, ["metadata": ["name": "other"]]).expect(status: 400)
        // The selector of a Job would not fit to its identity any more, which is told as well.
        if subject.kind != "Job" { try await session.merge(one, ["metadata": ["uid": "other"]]).expect(status: 422) }
        try await session.merge(path + "/" + subject.name("none", session), subject.change).expect(status: 404)
        try await session.jsonPatch(path + "/" + subject.name("none", session), [add]).expect(status: 404)
    }
}

private func dryRunCase(_ subject: ContractSubject) -> ContractCase {
    ContractCase("\(subject.kind): a dry run of every verb answers and changes nothing") { session in
        let path = subject.path(session)
        let one = path + "/" + subject.name("a", session)
        try await session.post(path + "?dryRun=All", subject.object("a", session)).expect(status: 201)
        try await session.get(one).expect(status: 404)
        let created = try await session.post(path, subject.object("a", session, labels: ["t": session.namespace])).expect(status: 201)
        try await session.post(path + "?dryRun=All", subject.object("a", session)).expect(status: 409)
        let changed = created.json.applying(mergePatch: subject.change)
        try await session.put(one + "?dryRun=All", changed).expect(status: 200).expect(subject.changedPath, subject.change.value(at: subject.changedPath))
        try await session.merge(one + "?dryRun=All", subject.change).expect(status: 200)
        try await session.jsonPatch(one + "?dryRun=All", [["op": "add", "path": "/metadata/annotations", "value": ["a": "b"]]]).expect(status: 200)
        if !subject.isCustom { try await session.strategic(one + "?dryRun=All", subject.change).expect(status: 200) }
        if let status = subject.statusChange { try await session.merge(one + "/status?dryRun=All", status).expect(status: 200) }
        try await session.delete(one + "?dryRun=All").expect(status: 200)
        try await session.delete(one, ["dryRun": ["All"]]).expect(status: 200)
        if subject.isNamespaced { try await session.delete(path + "?dryRun=All&labelSelector=t%3D" + session.namespace).expect(status: 200) }
        let kept = try await session.get(one).expect(status: 200)
        try require(kept.json == created.json || subject.kind == "Namespace", "a dry run changed the object: \(kept.json.text())")
    }
}

private func deleteCase(_ subject: ContractSubject) -> ContractCase {
    ContractCase("\(subject.kind): deleted under preconditions, held by finalizers, alone and together") { session in
        let path = subject.path(session)
        let one = path + "/" + subject.name("a", session)
        let created = try await session.post(path, subject.object("a", session)).expect(status: 201)
        try await session.delete(one, ["preconditions": ["uid": "other"]]).expect(status: 409).expect("reason", "Conflict")
        try await session.delete(one, ["preconditions": ["resourceVersion": "1"]]).expect(status: 409)
        try await session.delete(one + "?propagationPolicy=Sideways").expect(status: 422)
        try await session.delete(one, ["orphanDependents": true, "propagationPolicy": "Orphan"]).expect(status: 422)
        // What lies in a namespace is cleared away by a controller.
        guard subject.isNamespaced else { return }
        try await session.delete(
            one,
            [
                "preconditions": ["uid": created["metadata.uid"] ?? .null, "resourceVersion": created["metadata.resourceVersion"] ?? .null],
                "propagationPolicy": "Background",
            ]
        ).expect(status: 200).expect("kind", .string(subject.answersDeleted ? subject.kind : "Status"))
        try await session.get(one).expect(status: 404)
        try await session.delete(one).expect(status: 404)
        try await session.post(path, subject.object("a", session).with("metadata.finalizers", ["example.com/hold"])).expect(status: 201)
        try await session.delete(one + "?propagationPolicy=Background").expect(status: 200).expect("kind", .string(subject.kind))
            .expect("metadata.finalizers", ["example.com/hold"])
        try await session.merge(one, ["metadata": ["finalizers": ["example.com/hold", "example.com/more"]]]).expect(status: 422)
        try await session.merge(one, ["metadata": ["finalizers": .null]]).expect(status: 200)
        try await session.get(one).expect(status: 404)
        for (name, tier) in [("a", "x"), ("b", "y"), ("c", "x")] {
            try await session.post(path, subject.object(name, session, labels: ["tier": tier])).expect(status: 201)
        }
        try await session.delete(path + "?labelSelector=tier%3Dx&propagationPolicy=Background").expect(status: 200)
            .expect("kind", .string(subject.kind + "List"))
        try await session.get(path + "?labelSelector=tier").expect("items.0.metadata.name", "b").expect("items.1", nil)
    }
}

private func watchCase(_ subject: ContractSubject) -> ContractCase {
    ContractCase("\(subject.kind): watched from a version, each change once and in order") { session in
        let path = subject.path(session)
        let one = path + "/" + subject.name("b", session)
        let first = try await session.post(path, subject.object("a", session, labels: ["t": session.namespace])).expect(status: 201)
        try await session.post(path, subject.object("b", session, labels: ["t": session.namespace])).expect(status: 201)
        try await session.merge(one, subject.change).expect(status: 200)
        try await session.merge(one, ["metadata": ["labels": ["t": "other"]]]).expect(status: 200)
        let query = "?watch=1&resourceVersion=\(first["metadata.resourceVersion"]?.stringValue ?? "")&labelSelector=t%3D\(session.namespace)"
        let events = try await session.watch(path + query, events: 3)
        try require(events.map { $0["type"] } == ["ADDED", "MODIFIED", "DELETED"], "\(events)")
        // How far back the real server's cache of a built-in kind reaches depends on when it was filled.
        guard subject.isCustom else { return }
        let old = try await session.watch(path + "?watch=1&resourceVersion=1", events: 1)
        try require(old.map { $0.value(at: "object.code") } == [410], "\(old)")
    }
}

private func refusalCase(_ subject: ContractSubject) -> ContractCase {
    ContractCase("\(subject.kind): wrong methods, media types and bodies are refused") { session in
        let path = subject.path(session)
        let one = path + "/" + subject.name("a", session)
        let body = subject.object("a", session)
        try await session.post(path, body).expect(status: 201)
        for method in ["OPTIONS", "TRACE"] { for target in [path, one] { try await session.send(method, target, nil).expect(status: 405) } }
        try await session.send("HEAD", one, nil).expect(status: subject.isCustom ? 200 : 405)
        if !subject.isCustom {
            try await session.post(one, body).expect(status: 405)
            try await session.put(path, body).expect(status: 405)
            try await session.merge(path, [:]).expect(status: 405)
        } else {
            try await session.put(path, body).expect(status: 400)
        }
        if subject.statusChange != nil {
            try await session.post(one + "/status", body).expect(status: 405)
            try await session.delete(one + "/status").expect(status: 405)
        }
        try await session.get(one + "/nothing").expect(status: 404)
        for type in ["text/plain", "application/json;x"] {
            try await session.sendRaw("POST", path, body.serialized(), type: type).expect(status: 415)
            try await session.sendRaw("PUT", one, body.serialized(), type: type).expect(status: 415)
            try await session.sendRaw("PATCH", one, Array("{}".utf8), type: type).expect(status: 415)
            try await session.sendRaw("DELETE", one, Array("{}".utf8), type: type).expect(status: 415)
        }
        for text in ["{", "[]", "1", "\"x\"", #"{"a":1,}"#] {
            try await session.sendRaw("POST", path, Array(text.utf8)).expect(status: 400).expect("reason", "BadRequest")
            try await session.sendRaw("PUT", one, Array(text.utf8)).expect(status: 400)
            try await session.sendRaw("DELETE", one, Array(text.utf8)).expect(status: 500)
        }
        try await session.sendRaw("PATCH", one, Array("{".utf8), type: "application/json-patch+json").expect(status: 400)
        try await session.post(path, body.with("apiVersion", "example.com/v9")).expect(status: 400)
        try await session.get(path, accept: "text/html").expect(status: 406)
        try await session.post(path + "?dryRun=Some", body).expect(status: 422)
        try await session.post(path + "?fieldManager=" + String(repeating: "x", count: 200), body).expect(status: 422)
        try await session.merge(one + "?force=true", [:]).expect(status: 422)
    }
}

private func metadataCase(_ subject: ContractSubject) -> ContractCase {
    ContractCase("\(subject.kind): metadata is made by the server where it is the server's, and checked where it is the client's") { session in
        let path = subject.path(session)
        let body = subject.object("a", session)
        for (member, value, status) in [
            ("labels", ["bad key": "x"], 422), ("labels", ["a": "-x-"], 422), ("annotations", ["bad key": "x"], 422),
            ("name", subject.kind == "Event" ? "a%b" : "UPPER", 422),
            ("finalizers", ["bad finalizer"], 422), ("ownerReferences", [["kind": "X"]], 422), ("labels", ["a": 1], 400), ("name", 1, 400),
            ("labels", "x", 400), ("name", nil, 422), ("resourceVersion", "7", 500), ("creationTimestamp", "yesterday", 400),
        ] as [(String, JSONValue?, Int)] {
            try await session.post(path, body.with("metadata.\(member)", value)).expect(status: status)
        }
        let sent = body.with("metadata.uid", "mine").with("metadata.generation", 7).with("metadata.creationTimestamp", "2001-01-01T00:00:00Z")
            .with("metadata.deletionTimestamp", "2001-01-01T00:00:00Z").with("metadata.annotations", ["Example.com/A": ""])
        let created = try await session.post(path, sent).expect(status: 201).expect("metadata.deletionTimestamp", nil)
        try require(created["metadata.uid"] != "mine" && created["metadata.creationTimestamp"] != "2001-01-01T00:00:00Z", created.json.text())
        let named = try await session.post(path, body.with("metadata.name", nil).with("metadata.generateName", .string(subject.name("g", session) + "-")))
            .expect(status: 201)
        try require(named["metadata.name"]?.stringValue?.hasPrefix(subject.name("g", session) + "-") == true, named.json.text())
    }
}

private func statusCase(_ subject: ContractSubject, _ change: JSONValue) -> ContractCase {
    ContractCase("\(subject.kind): status and the rest are written apart") { session in
        let path = subject.path(session)
        let one = path + "/" + subject.name("a", session)
        let created = try await session.post(path, subject.object("a", session).applying(mergePatch: change)).expect(status: 201)
        let status = change["status"]?.objectValue?.keys.first ?? ""
        try require(created.value(at: "status.\(status)") != change.value(at: "status.\(status)"), created.json.text())
        let both = change.applying(mergePatch: subject.change).applying(mergePatch: ["metadata": ["labels": ["a": "b"]]])
        let written = try await session.merge(one + "/status", both).expect(status: 200).expect("status.\(status)", change.value(at: "status.\(status)"))
        try require(written[subject.changedPath] == created[subject.changedPath], written.json.text())
        if let counts = subject.countsGeneration { try written.expect("metadata.generation", counts ? 1 : nil) }
        try await session.merge(one, ["status": .null]).expect(status: 200).expect("status.\(status)", change.value(at: "status.\(status)"))
        let read = try await session.get(one + "/status").expect(status: 200).expect("status.\(status)", change.value(at: "status.\(status)"))
        try await session.put(one + "/status", created.json).expect(status: 409)
        try await session.put(one + "/status", read.json.with("status", [:])).expect(status: 200).expect("status.\(status)", subject.kind == "ReplicaSet" ? 0 : nil)
        try await session.jsonPatch(one + "/status", [["op": "add", "path": "/status", "value": change["status"] ?? [:]]]).expect(status: 200)
            .expect("status.\(status)", change.value(at: "status.\(status)"))
        if !subject.isCustom { try await session.strategic(one + "/status", change).expect(status: 200) }
        try await session.merge(path + "/none/status", change).expect(status: 404)
    }
}

extension Exchange {
    fileprivate func value(at path: String) -> JSONValue? { json.value(at: path) }
}
