import StrictJSON

private typealias Fixture = ContractDefinitions

private func names(_ exchange: Exchange) -> [String] {
    (exchange["items"]?.arrayValue ?? []).map { $0.value(at: "metadata.name")?.stringValue ?? "" }
}

private func expectNames(_ exchange: Exchange, _ wanted: [String]) throws {
    try exchange.expect(status: 200)
    try require(names(exchange) == wanted, "\(exchange.request): \(names(exchange)) instead of \(wanted)")
}

let listCases: [ContractCase] = [
    ContractCase("a list is in order of names and has a version") { session in
        for name in ["b", "a-b", "a", "c"] { try await session.post(session.widgets, Fixture.widget(name)).expect(status: 201) }
        let list = try await session.get(session.widgets).expect("kind", "WidgetList").expect("apiVersion", "contract.example.com/v1")
        try expectNames(list, ["a", "a-b", "b", "c"])
        try require(list["metadata.resourceVersion"]?.stringValue?.isEmpty == false, "the list has no version")
        try list.expect("items.0.kind", "Widget")
    },
    ContractCase("items of a typed list do not repeat their kind") { session in
        try await session.post(session.core("configmaps"), Fixture.configMap("a")).expect(status: 201)
        try await session.get(session.core("configmaps") + "?fieldSelector=metadata.name%3Da").expect("kind", "ConfigMapList")
            .expect("items.0.kind", nil).expect("items.0.metadata.name", "a")
    },
    ContractCase("a list in a namespace that does not exist is empty") { session in
        try expectNames(try await session.get("/apis/contract.example.com/v1/namespaces/nowhere/widgets"), [])
    },
    ContractCase("label selectors: equality, sets and existence") { session in
        for (name, labels) in [("a", ["tier": "web", "old": ""]), ("b", ["tier": "db"]), ("c", [:])] {
            try await session.post(session.widgets, Fixture.widget(name, labels: labels)).expect(status: 201)
        }
        for (selector, wanted) in [
            ("tier=web", ["a"]), ("tier!=web", ["b", "c"]), ("tier in (web, db)", ["a", "b"]), ("tier notin (web)", ["b", "c"]),
            ("tier", ["a", "b"]), ("!tier", ["c"]), ("tier,!old", ["b"]), ("tier==db", ["b"]),
        ] {
            let encoded = selector.map { $0 == " " ? "%20" : $0 == "!" ? "%21" : $0 == "=" ? "%3D" : $0 == "," ? "%2C" : String($0) }.joined()
            try expectNames(try await session.get(session.widgets + "?labelSelector=" + encoded), wanted)
        }
        try await session.get(session.widgets + "?labelSelector=a%20b%20c").expect(status: 400).expect("reason", "BadRequest")
    },
    ContractCase("field selectors: names everywhere, a few more for some kinds, others refused") { session in
        for name in ["a", "b"] { try await session.post(session.widgets, Fixture.widget(name)).expect(status: 201) }
        try expectNames(try await session.get(session.widgets + "?fieldSelector=metadata.name%3Db"), ["b"])
        try expectNames(try await session.get(session.widgets + "?fieldSelector=metadata.name%21%3Db"), ["a"])
        try expectNames(
            try await session.get("/apis/contract.example.com/v1/widgets?fieldSelector=metadata.namespace%3D\(session.namespace)"), ["a", "b"])
        try await session.get(session.widgets + "?fieldSelector=spec.size%3D1").expect(status: 400).expect("reason", "BadRequest")
        let event: JSONValue = [
            "apiVersion": "v1", "kind": "Event", "metadata": ["name": "e"], "reason": "Tested", "type": "Normal",
            "involvedObject": ["kind": "Widget", "namespace": .string(session.namespace), "name": "a"],
        ]
        try await session.post(session.core("events"), event).expect(status: 201)
        try expectNames(try await session.get(session.core("events") + "?fieldSelector=involvedObject.name%3Da%2Creason%3DTested"), ["e"])
        try expectNames(try await session.get(session.core("events") + "?fieldSelector=involvedObject.name%3Db"), [])
    },
    ContractCase("pages show one state, whatever happens in between") { session in
        for name in ["a", "b", "c", "d", "e"] { try await session.post(session.widgets, Fixture.widget(name)).expect(status: 201) }
        let first = try await session.get(session.widgets + "?limit=2").expect("metadata.remainingItemCount", 3)
        try expectNames(first, ["a", "b"])
        try await session.delete(session.widgets + "/d").expect(status: 200)
        try await session.post(session.widgets, Fixture.widget("bb")).expect(status: 201)
        let token = first["metadata.continue"]?.stringValue ?? ""
        let second = try await session.get(session.widgets + "?limit=2&continue=\(token)")
            .expect("metadata.resourceVersion", first["metadata.resourceVersion"])
        try expectNames(second, ["c", "d"])
        let third = try await session.get(session.widgets + "?limit=2&continue=\(second["metadata.continue"]?.stringValue ?? "")")
            .expect("metadata.continue", "")
        try expectNames(third, ["e"])
    },
    ContractCase("a token that is none answers 400") { session in
        try await session.get(session.widgets + "?limit=1&continue=nonsense").expect(status: 400).expect("reason", "BadRequest")
    },
    ContractCase("a list of the future answers 504 and when to try again") { session in
        try await session.get(session.widgets + "?resourceVersion=999999999999").expect(status: 504).expect("reason", "Timeout")
            .expect("details.causes.0.reason", "ResourceVersionTooLarge").expect("details.retryAfterSeconds", 1)
    },
    ContractCase("both groups of events show the same events") { session in
        let event: JSONValue = [
            "apiVersion": "events.k8s.io/v1", "kind": "Event", "metadata": ["name": "e"], "eventTime": "2026-03-01T10:00:00.000000Z",
            "reason": "Tested", "type": "Normal", "note": "a note", "action": "Test", "reportingController": "example.com/c",
            "reportingInstance": "c-1", "regarding": ["kind": "Widget", "namespace": .string(session.namespace), "name": "a"],
        ]
        try await session.post("/apis/events.k8s.io/v1/namespaces/\(session.namespace)/events", event).expect(status: 201)
            .expect("note", "a note")
        try await session.get(session.core("events") + "/e").expect(status: 200).expect("message", "a note")
            .expect("involvedObject.name", "a").expect("reportingComponent", "example.com/c").expect("apiVersion", "v1")
    },
]

let watchCases: [ContractCase] = [
    ContractCase("a watch without a version begins with what is there") { session in
        for name in ["b", "a"] { try await session.post(session.widgets, Fixture.widget(name)).expect(status: 201) }
        let events = try await session.watch(session.widgets + "?watch=true", events: 2, isStart: true)
        try require(events.map { $0["type"] } == ["ADDED", "ADDED"], "\(events)")
        try require(events.map { $0.value(at: "object.metadata.name") } == ["a", "b"], "\(events)")
    },
    ContractCase("a watch from a version tells what came after it, each once") { session in
        let created = try await session.post(session.widgets, Fixture.widget("a")).expect(status: 201)
        let changed = try await session.merge(session.widgets + "/a", ["spec": ["size": 2]]).expect(status: 200)
        try await session.post(session.widgets, Fixture.widget("b")).expect(status: 201)
        try await session.delete(session.widgets + "/a").expect(status: 200)
        let from = created["metadata.resourceVersion"]?.stringValue ?? ""
        let events = try await session.watch(session.widgets + "?watch=1&resourceVersion=\(from)", events: 3)
        try require(events.map { $0["type"] } == ["MODIFIED", "ADDED", "DELETED"], "\(events)")
        try require(events[0]["object"] == changed.json, "the event shows something else than the answer")
        let versions = events.compactMap { $0.value(at: "object.metadata.resourceVersion")?.stringValue }.compactMap { Int($0) }
        try require(versions.count == 3 && versions == versions.sorted() && Set(versions).count == 3, "versions \(versions)")
        try require(events[2].value(at: "object.spec.size") == 2, "a deleted object is shown in its last state")
    },
    ContractCase("with a selector, objects come and go as they begin and cease to match") { session in
        let start = try await session.post(session.widgets, Fixture.widget("a")).expect(status: 201)
        try await session.merge(session.widgets + "/a", ["metadata": ["labels": ["tier": "web"]]]).expect(status: 200)
        try await session.merge(session.widgets + "/a", ["spec": ["size": 2]]).expect(status: 200)
        try await session.merge(session.widgets + "/a", ["metadata": ["labels": ["tier": "db"]]]).expect(status: 200)
        try await session.merge(session.widgets + "/a", ["metadata": ["labels": ["tier": "web"]]]).expect(status: 200)
        try await session.delete(session.widgets + "/a").expect(status: 200)
        let from = start["metadata.resourceVersion"]?.stringValue ?? ""
        let events = try await session.watch(session.widgets + "?watch=1&labelSelector=tier%3Dweb&resourceVersion=\(from)", events: 5)
        try require(events.map { $0["type"] } == ["ADDED", "MODIFIED", "DELETED", "ADDED", "DELETED"], "\(events)")
    },
    ContractCase("a watch of one object sees that one") { session in
        for name in ["a", "b"] { try await session.post(session.widgets, Fixture.widget(name)).expect(status: 201) }
        let events = try await session.watch(session.widgets + "?watch=1&fieldSelector=metadata.name%3Db", events: 1)
        try require(events.map { $0.value(at: "object.metadata.name") } == ["b"], "\(events)")
    },
]
