import StrictJSON

private typealias Fixture = ContractDefinitions

private func encoded(_ text: String) -> String {
    let escapes: [Character: String] = [
        " ": "%20", "!": "%21", "=": "%3D", ",": "%2C", "<": "%3C", ">": "%3E", "\\": "%5C", "/": "%2F",
    ]
    return text.map { escapes[$0] ?? String($0) }.joined()
}

/// What stands behind the question mark.
let queryCases: [ContractCase] = [
    ContractCase("label selectors that cannot be read are refused, 400") { session in
        for text in [
            "=", "a in (x", "a===b", "a,", "a=b c", "-a=b", "a=-b-", "a>b", "a/b/c=d", "a exists", "t in x", "!", "!!a", "a in", "a b in (c)",
            "a in (b c)", "example.com/=x", "a==!b",
        ] {
            try await session.get(session.widgets + "?labelSelector=" + encoded(text)).expect(status: 400).expect("reason", "BadRequest")
        }
    },
    ContractCase("label selectors of every sort are understood") { session in
        for (name, labels) in [("a", ["n": "3", "t": "x"]), ("b", ["n": "7", "t": "y"]), ("c", ["t": ""]), ("d", [:])] {
            try await session.post(session.widgets, Fixture.widget(name, labels: labels)).expect(status: 201)
        }
        for (text, wanted) in [
            ("n>4", ["b"]), ("n<4", ["a"]), ("t=", ["c"]), ("t in (x,)", ["a", "c"]), ("t notin (x,y)", ["c", "d"]), ("t!=x,t", ["b", "c"]),
            ("!t", ["d"]), (" t = x ", ["a"]), ("t in ()", ["c"]), ("example.com/a!=b", ["a", "b", "c", "d"]), ("t==y,n in (7,8)", ["b"]),
        ] {
            let list = try await session.get(session.widgets + "?labelSelector=" + encoded(text)).expect(status: 200)
            let names = (list["items"]?.arrayValue ?? []).map { $0.value(at: "metadata.name")?.stringValue ?? "" }
            try require(names == wanted, "\(text): \(names)")
        }
    },
    ContractCase("field selectors are read with their escapes, and refused where they are none") { session in
        try await session.post(session.core("configmaps"), Fixture.configMap("a")).expect(status: 201)
        for collection in [session.core("configmaps"), session.widgets] {
            for text in ["metadata.name", "spec.x=1", "=a", "metadata.name=a=b"] {
                try await session.get(collection + "?fieldSelector=" + encoded(text)).expect(status: 400)
            }
            for text in ["metadata.name=a,metadata.namespace=" + session.namespace, "metadata.name!=a", "metadata.name==a", "metadata.name=a\\,b", "metadata.name="] {
                try await session.get(collection + "?fieldSelector=" + encoded(text)).expect(status: 200)
            }
        }
    },
    ContractCase("numbers and versions in the query of a list are checked") { session in
        for collection in [session.core("configmaps"), session.widgets] {
            for (query, status) in [
                ("limit=abc", 400), ("limit=1.5", 400), ("limit=-1", 200), ("timeoutSeconds=abc", 400), ("timeoutSeconds=0", 200),
                ("resourceVersion=abc", 500), ("resourceVersion=-1", 500), ("resourceVersion=0&limit=2", 200), ("resourceVersion=99999999", 504),
                ("resourceVersion=99999999&resourceVersionMatch=NotOlderThan", 504), ("unknown=1", 200), ("watch=0", 200), ("watch=false", 200),
                ("pretty=true", 200),
            ] {
                try await session.get(collection + "?" + query).expect(status: status)
            }
            for query in [
                "resourceVersionMatch=Exact", "resourceVersionMatch=Odd", "resourceVersion=1&resourceVersionMatch=Odd",
                "resourceVersion=0&resourceVersionMatch=Exact", "continue=abc&resourceVersionMatch=Exact",
                "watch=1&resourceVersion=1&resourceVersionMatch=Exact",
            ] {
                try await session.get(collection + "?" + query).expect(status: 422).expect("details.causes.0.field", "resourceVersionMatch")
            }
        }
    },
    ContractCase("a read of one object may ask for a version as well") { session in
        try await session.post(session.widgets, Fixture.widget("a")).expect(status: 201)
        try await session.get(session.widgets + "/a?resourceVersion=0").expect(status: 200)
        try await session.get(session.widgets + "/a?resourceVersion=99999999").expect(status: 504)
        try await session.get(session.widgets + "/a?resourceVersion=abc").expect(status: 500)
        try await session.get(session.widgets + "/a?watch=1").expect(status: 200).expect("kind", "Widget")
    },
    ContractCase("a list of an exact version shows that version") { session in
        try await session.post(session.widgets, Fixture.widget("a")).expect(status: 201)
        let second = try await session.post(session.widgets, Fixture.widget("b")).expect(status: 201)
        try await session.post(session.widgets, Fixture.widget("c")).expect(status: 201)
        let version = second["metadata.resourceVersion"]?.stringValue ?? ""
        try await session.get(session.widgets + "?resourceVersionMatch=Exact&resourceVersion=\(version)")
            .expect("items.1.metadata.name", "b").expect("items.2", nil).expect("metadata.resourceVersion", .string(version))
        try await session.get(session.widgets + "?limit=1&resourceVersion=\(version)").expect("metadata.remainingItemCount", 1)
        try await session.get(session.widgets + "?resourceVersionMatch=NotOlderThan&resourceVersion=\(version)&labelSelector=none").expect(status: 200)
    },
    ContractCase("what was forgotten is gone, 410: versions of lists, pages, and the way on") { session in
        for name in ["a", "b", "c", "d"] { try await session.post(session.widgets, Fixture.widget(name)).expect(status: 201) }
        let first = try await session.get(session.widgets + "?limit=2").expect("metadata.remainingItemCount", 2)
        let old = first["metadata.resourceVersion"]?.stringValue ?? ""
        try await session.post(session.widgets, Fixture.widget("bb")).expect(status: 201)
        try await session.delete(session.widgets + "/d").expect(status: 200)
        try await session.forget()
        let expired = try await session.get(session.widgets + "?limit=1&continue=\(first["metadata.continue"]?.stringValue ?? "")")
            .expect(status: 410).expect("reason", "Expired")
        let token = expired["metadata.continue"]?.stringValue ?? ""
        try require(!token.isEmpty, "no token to go on with: \(expired.json.text())")
        try await session.get(session.widgets + "?limit=1&continue=\(token)").expect(status: 200).expect("items.0.metadata.name", "bb")
            .expect("items.1", nil)
        try await session.get(session.widgets + "?resourceVersionMatch=Exact&resourceVersion=\(old)").expect(status: 410).expect("reason", "Expired")
        try await session.get(session.widgets + "?limit=1&resourceVersion=\(old)").expect(status: 410)
        // Events are watched without a cache, so that what is forgotten shows at once.
        let events = try await session.watch(session.core("events") + "?watch=1&resourceVersion=\(old)", events: 1)
        try require(events.map { $0["type"] } == ["ERROR"] && events[0].value(at: "object.code") == 410, "\(events)")
    },
    ContractCase("the query and the body of a delete are checked") { session in
        for collection in [session.core("configmaps"), session.widgets] {
            let body = collection == session.widgets ? Fixture.widget("a") : Fixture.configMap("a")
            try await session.post(collection, body).expect(status: 201)
            for (query, status) in [
                ("gracePeriodSeconds=abc", 400), ("gracePeriodSeconds=0", 200), ("propagationPolicy=Odd", 422), ("propagationPolicy=", 422),
                ("propagationPolicy=foreground", 422), ("orphanDependents=true&propagationPolicy=Orphan", 422), ("orphanDependents=maybe", 200),
                ("fieldManager=" + String(repeating: "x", count: 200), 200), ("dryRun=Some", 422),
            ] {
                try await session.delete(collection + "/a?dryRun=All&" + query).expect(status: query == "dryRun=Some" ? 422 : status)
            }
            for (options, status) in [
                (["gracePeriodSeconds": "x"], 500), (["dryRun": "All"], 500), (["dryRun": ["Some"]], 422), (["preconditions": ["uid": "x"]], 409),
                (["preconditions": [:], "dryRun": ["All"]], 200), (["kind": "DeleteOptions", "apiVersion": "v1", "dryRun": ["All"]], 200),
                (["kind": "Pod", "apiVersion": "v1"], 500), (["unknown": 1, "dryRun": ["All"]], 200),
                (["propagationPolicy": "Orphan", "dryRun": ["All"]], 200), (["propagationPolicy": "Foreground", "dryRun": ["All"]], 200),
            ] as [(JSONValue, Int)] {
                try await session.delete(collection + "/a", options).expect(status: status)
            }
            try await session.get(collection + "/a").expect(status: 200)
            for (query, status) in [
                ("labelSelector=%3D", 400), ("fieldSelector=spec.x%3D1", 400), ("dryRun=Some", 422), ("resourceVersion=99999999", 504),
            ] {
                try await session.delete(collection + "?" + query).expect(status: status)
            }
            try await session.post(collection, body.with("metadata.name", "b")).expect(status: 201)
            try await session.delete(collection + "?limit=1").expect(status: 200).expect("items.0.metadata.name", "a").expect("items.1", nil)
            try await session.get(collection + "?fieldSelector=metadata.name%3Db").expect("items.0.metadata.name", "b")
        }
    },
    ContractCase("an old path leads to a watch, and any value but false asks for one") { session in
        try await session.post(session.widgets, Fixture.widget("a")).expect(status: 201)
        for target in [
            session.widgets + "?watch=yes&timeoutSeconds=1", session.widgets + "?watch=1&limit=1&continue=abc&timeoutSeconds=1",
            session.widgets.replacing("/namespaces/", with: "/watch/namespaces/") + "?timeoutSeconds=1",
            session.widgets.replacing("/namespaces/", with: "/watch/namespaces/") + "/a?timeoutSeconds=1",
        ] {
            let events = try await session.watch(target, events: 1)
            try require(events.map { $0["type"] } == ["ADDED"], "\(target): \(events)")
        }
    },
    ContractCase("a patch that makes nonsense of an object is refused, 422") { session in
        let maps = session.core("configmaps")
        try await session.post(maps, Fixture.configMap("a")).expect(status: 201)
        try await session.post(session.widgets, Fixture.widget("a")).expect(status: 201)
        try await session.merge(maps + "/a", ["data": ["k": 1]]).expect(status: 422).expect("details.causes.0.field", "patch")
        try await session.merge(maps + "/a", ["metadata": []]).expect(status: 422).expect("details.causes.0.field", "patch")
        try await session.merge(maps + "/a", ["kind": "Pod"]).expect(status: 422)
        try await session.strategic(maps + "/a", ["kind": "Pod", "apiVersion": "v9"]).expect(status: 200).expect("kind", "ConfigMap")
        try await session.merge(session.widgets + "/a", ["kind": "Gadget"]).expect(status: 422).expect("details.causes.0.field", "kind")
        try await session.merge(session.widgets + "/a", ["apiVersion": "contract.example.com/v9"]).expect(status: 422)
            .expect("details.causes.0.field", "apiVersion")
        try await session.jsonPatch(maps + "/a", .null).expect(status: 200)
        try await session.sendRaw("PATCH", session.widgets + "/a", Array("{}".utf8), type: "application/strategic-merge-patch+json").expect(status: 415)
    },
]
