import HTTPTransport
import HTTPTypes
import KubeClient
import KubeModel
import StrictJSON
import Testing

@Suite("A request") struct RequestTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var call: @Sendable (KubeClient) async throws(KubeError) -> Void
        var method: HTTPRequest.Method
        var url: String
        var lane: TransportLane
        var contentType: String?
        var body: JSONValue?
    }

    static let cases: [Case] = [
        Case(testDescription: "gets an object", call: { c throws(KubeError) in _ = try await c.get(.rollouts, namespace: "shop", name: "web") },
             method: .get, url: "https://api:6443/apis/argoproj.io/v1alpha1/namespaces/shop/rollouts/web", lane: .reads),
        Case(testDescription: "lists all namespaces by selectors", call: { c throws(KubeError) in
            _ = try await c.list(.pods, namespace: nil, selection: Selection(labels: "a in (b,c),!d", fields: "metadata.name=x"), limit: 10, continue: "t=")
        }, method: .get,
           url: "https://api:6443/api/v1/pods?labelSelector=a%20in%20%28b%2Cc%29%2C%21d&fieldSelector=metadata.name%3Dx&limit=10&continue=t%3D", lane: .reads),
        Case(testDescription: "creates", call: { c throws(KubeError) in _ = try await c.create(.events, namespace: "shop", ["kind": "Event"]) },
             method: .post, url: "https://api:6443/api/v1/namespaces/shop/events", lane: .writes, contentType: "application/json", body: ["kind": "Event"]),
        Case(testDescription: "updates a status", call: { c throws(KubeError) in
            _ = try await c.update(.rollouts, namespace: "shop", ["metadata": ["name": "web", "resourceVersion": "7"]], subresource: "status")
        }, method: .put, url: "https://api:6443/apis/argoproj.io/v1alpha1/namespaces/shop/rollouts/web/status", lane: .writes,
           contentType: "application/json", body: ["metadata": ["name": "web", "resourceVersion": "7"]]),
        Case(testDescription: "merges", call: { c throws(KubeError) in
            _ = try await c.patch(.replicaSets, namespace: "shop", name: "web", .merge(["spec": ["replicas": 2]]))
        }, method: .patch, url: "https://api:6443/apis/apps/v1/namespaces/shop/replicasets/web", lane: .writes,
           contentType: "application/merge-patch+json", body: ["spec": ["replicas": 2]]),
        Case(testDescription: "patches by operations", call: { c throws(KubeError) in
            _ = try await c.patch(.httpRoutes, namespace: "shop", name: "r", .json(JSONPatch([.test(JSONPointer(tokens: ["a"]), 1)])))
        }, method: .patch, url: "https://api:6443/apis/gateway.networking.k8s.io/v1/namespaces/shop/httproutes/r", lane: .writes,
           contentType: "application/json-patch+json", body: [["op": "test", "path": "/a", "value": 1]]),
        Case(testDescription: "deletes one object and no other", call: { c throws(KubeError) in
            try await c.delete(.replicaSets, namespace: "shop", name: "web", preconditions: Preconditions(uid: "u", resourceVersion: "9"), propagation: .foreground)
        }, method: .delete, url: "https://api:6443/apis/apps/v1/namespaces/shop/replicasets/web", lane: .writes, contentType: "application/json",
           body: ["kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": "Foreground", "preconditions": ["uid": "u", "resourceVersion": "9"]]),
        Case(testDescription: "deletes whatever stands there", call: { c throws(KubeError) in try await c.delete(.pods, namespace: "shop", name: "p") },
             method: .delete, url: "https://api:6443/api/v1/namespaces/shop/pods/p", lane: .writes, contentType: "application/json",
             body: ["kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": "Background"]),
        Case(testDescription: "of the lease travels alone", call: { c throws(KubeError) in
            _ = try await c.forLease(timeout: .seconds(5)).get(.leases, namespace: "shop", name: "l")
        }, method: .get, url: "https://api:6443/apis/coordination.k8s.io/v1/namespaces/shop/leases/l", lane: .lease),
    ]

    @Test(arguments: cases) func isBuilt(_ c: Case) async throws {
        let transport = ScriptedTransport(.response(200, #"{"metadata": {"resourceVersion": "1"}, "items": null}"#))
        try await c.call(client(transport))
        let request = try #require(transport.requests.first)
        #expect(request.method == c.method)
        #expect(request.url == c.url)
        #expect(request.lane == c.lane)
        #expect(request.headers[.contentType] == c.contentType)
        #expect(request.headers[.userAgent] == "sluice/1.0")
        #expect(request.headers[.accept] == "application/json")
        #expect(request.headers[.authorization] == nil)
        #expect(try request.body.map { try JSONValue(parsing: $0) } == c.body)
    }

    @Test func appearsAsSomebodyElse() async throws {
        let transport = ScriptedTransport(.response(200, "{}"))
        let connection = ClusterConnection(
            server: "http://a", credential: .basic(user: "eva", password: "pw"), impersonation: Impersonation(
                user: "adam", uid: "7", groups: ["g", "h"], extra: ["scopes": ["a", "b"], "acme.com/project %é": ["x"]]))
        _ = try await client(transport, connection: connection).get(.pods, namespace: "n", name: "p")
        let headers = try #require(transport.requests.first?.headers)
        #expect(headers[.authorization] == "Basic ZXZhOnB3")
        #expect(headers[HTTPField.Name("Impersonate-User")!] == "adam")
        #expect(headers[HTTPField.Name("Impersonate-Uid")!] == "7")
        #expect(headers[values: HTTPField.Name("Impersonate-Group")!] == ["g", "h"])
        #expect(headers[values: HTTPField.Name("Impersonate-Extra-scopes")!] == ["a", "b"])
        #expect(headers[values: HTTPField.Name("Impersonate-Extra-acme.com%2Fproject%20%25%C3%A9")!] == ["x"])
    }

    @Test func namesItsProgram() async throws {
        let transport = ScriptedTransport(.response(200, "{}"))
        let kube = KubeClient(
            connection: ClusterConnection(server: "http://a"), transport: transport, clock: StandingClock(), program: "kubectl-sluice",
            version: "1.0", files: .memory([:]))
        _ = try await kube.get(.pods, namespace: "n", name: "p")
        #expect(transport.requests.first?.headers[.userAgent] == "kubectl-sluice/1.0")
    }

    @Test func refusesAnUpdateWithoutVersion() async {
        let transport = ScriptedTransport()
        let error = await #expect(throws: KubeError.self) {
            try await client(transport).update(.rollouts, namespace: "shop", ["metadata": ["name": "web"]])
        }
        #expect(error?.label == "invalid")
        #expect(transport.requests.isEmpty)
    }

    @Test func readsPages() async throws {
        let transport = ScriptedTransport(
            .response(200, #"{"metadata": {"resourceVersion": "5", "continue": "next"}, "items": [{"a": 1}]}"#),
            .response(200, #"{"metadata": {"resourceVersion": "5", "continue": ""}, "items": [{"a": 2}]}"#))
        let items = try await client(transport).listAll(.pods, namespace: "n")
        #expect(items == [["a": 1], ["a": 2]])
        #expect(transport.requests.map(\.url) == [
            "https://api:6443/api/v1/namespaces/n/pods?limit=500", "https://api:6443/api/v1/namespaces/n/pods?limit=500&continue=next",
        ])
    }
}

@Suite("A failed request") struct FailureTests {
    static func status(_ code: Int, _ reason: String, _ message: String, retry: Int? = nil) -> String {
        APIStatus(code: code, reason: reason, message: message, retryAfterSeconds: retry).json.text()
    }

    static let answers: [(ScriptedTransport.Answer, String, String)] = [
        (.response(404, status(404, "NotFound", "rollouts \"web\" not found")), "not_found", "rollouts \"web\" not found"),
        (.response(404, "404 page not found"), "not_found", "get rollouts.argoproj.io shop/web: http status 404"),
        (.response(409, status(409, "Conflict", "modified")), "conflict", "modified"),
        (.response(409, status(409, "AlreadyExists", "there")), "already_exists", "there"),
        (.response(410, status(410, "Expired", "too old")), "gone", "too old"),
        (.response(422, status(422, "Invalid", "bad")), "invalid", "bad"),
        (.response(400, status(400, "BadRequest", "worse")), "invalid", "worse"),
        (.response(403, status(403, "Forbidden", "no role")), "forbidden", "no role"),
        (.response(401, status(401, "Unauthorized", "Unauthorized")), "unauthorized", "the server does not accept our credentials: Unauthorized"),
        (.response(415, status(415, "UnsupportedMediaType", "no")), "unsupported", "no"),
        (.response(429, "{}"), "too_many_requests", "the server has too many requests"),
        (.response(503, "<html>"), "unavailable", "get rollouts.argoproj.io shop/web: http status 503"),
        (.response(500, status(500, "InternalError", "etcd")), "unavailable", "etcd"),
        (.response(302, ""), "bad_response", "this is no answer of a kubernetes api: get rollouts.argoproj.io shop/web: http status 302"),
        (.response(200, "<html>"), "bad_response", ""),
        (.failure(.timedOut(.total)), "unavailable", "no complete response within the total timeout"),
        (.failure(.couldNotConnect(host: "api", cause: "refused")), "unavailable", "no connection to api: refused"),
        (.failure(.tls(cause: "expired")), "unavailable", "no secure connection to https://api:6443: expired"),
        (.failure(.connectionLost(cause: "reset")), "unavailable", "the connection was lost: reset"),
        (.failure(.invalidURL(cause: "no host")), "misconfigured", "the url is not usable: no host"),
        (.failure(.responseTooLarge(limit: 5)), "bad_response", ""),
        (.failure(.cancelled), "cancelled", "cancelled"),
    ]

    @Test func saysWhatToDo() async {
        for (answer, label, message) in Self.answers {
            let error = await #expect(throws: KubeError.self) {
                try await client(ScriptedTransport(answer)).get(.rollouts, namespace: "shop", name: "web")
            }
            #expect(error?.label == label)
            if !message.isEmpty { #expect(error?.description == message) }
        }
    }

    @Test func carriesHowLongToWait() async {
        let cases: [(ScriptedTransport.Answer, Duration?)] = [
            (.response(429, "", [.retryAfter: "3"]), .seconds(3)), (.response(429, Self.status(429, "TooManyRequests", "x", retry: 2)), .seconds(2)),
            (.response(503, "", [.retryAfter: "999999999"]), .seconds(300)), (.response(503, "", [.retryAfter: "soon"]), nil), (.response(404, "", [.retryAfter: "3"]), nil),
        ]
        for (answer, expected) in cases {
            let error = await #expect(throws: KubeError.self) { try await client(ScriptedTransport(answer)).get(.pods, namespace: "n", name: "p") }
            #expect(error?.retryAfter == expected)
        }
    }

    @Test func isToldToTheObserver() async throws {
        let records = Recorder<RequestRecord>()
        let transport = ScriptedTransport(.response(200, "{}"), .response(409, "{}"), .failure(.cancelled))
        let kube = client(transport, observe: { records.add($0) })
        _ = try await kube.get(.pods, namespace: "n", name: "p")
        _ = try? await kube.create(.pods, namespace: "n", [:])
        _ = try? await kube.get(.pods, namespace: "n", name: "p")
        #expect(records.all.map(\.verb) == ["get", "create", "get"])
        #expect(records.all.map(\.status) == [200, 409, nil])
        #expect(records.all.map(\.errorLabel) == [nil, "conflict", "cancelled"])
    }

    @Test func passesNoGateThatIsShut() async throws {
        let transport = ScriptedTransport(.response(200, "{}"), .response(200, "{}"))
        let shut = client(transport).gated(by: WriteGate { _ in nil })
        let error = await #expect(throws: KubeError.self) { try await shut.create(.pods, namespace: "n", [:]) }
        #expect(error?.label == "not_leading")
        #expect(transport.requests.isEmpty)
        _ = try await shut.get(.pods, namespace: "n", name: "p")
        let narrow = client(transport).gated(by: WriteGate { _ in .seconds(4) })
        _ = try await narrow.create(.pods, namespace: "n", [:])
        #expect(transport.requests.map(\.timeouts.total) == [.seconds(30), .seconds(4)])
    }
}
