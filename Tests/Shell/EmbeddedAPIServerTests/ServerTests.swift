import APIContract
import Clockwork
@testable import EmbeddedAPIServer
import HTTPTypes
import KubeModel
import StrictJSON
import Synchronization
import Testing

@Suite("The embedded server") struct ServerTests {
    let clock = ManualClock()

    private func server(_ settings: ServerSettings = ServerSettings()) throws -> EmbeddedAPIServer {
        try EmbeddedAPIServer(clock: clock, random: SeededGenerator(seed: 1), settings: settings)
    }

    private static let maps = "/api/v1/namespaces/default/configmaps"

    private static func configMap(_ name: String) -> [UInt8] {
        let json: JSONValue = ["apiVersion": "v1", "kind": "ConfigMap", "metadata": ["name": .string(name)]]
        return json.serialized()
    }

    private func json(_ response: APIResponse) throws -> JSONValue {
        guard case .bytes(let bytes) = response.body else { throw EndpointError.unexpectedStream }
        return try JSONValue(parsing: bytes)
    }

    @Test("shows each write to its observer, with the state after it") func observer() async throws {
        let server = try server()
        let seen = Mutex<[String]>([])
        await server.observeWrites { write, state in
            let count = state.objects(of: .configMaps).count
            let line = "\(write.verb) \(write.resource) \(write.key) by \(write.userAgent): \(count)"
            seen.withLock { $0.append(line) }
        }
        _ = await server.handle(APIRequest(.post, Self.maps, headers: [.userAgent: "tester"], body: Self.configMap("a")))
        _ = await server.handle(
            APIRequest(
                .patch, Self.maps + "/a", headers: [.contentType: "application/merge-patch+json"], body: Array(#"{"data":{"k":"v"}}"#.utf8)))
        _ = await server.handle(APIRequest(.delete, Self.maps + "/a", headers: [.userAgent: "tester"]))
        #expect(seen.withLock { $0 } == [
            "create configmaps default/a by tester: 1", "update configmaps default/a by : 1", "delete configmaps default/a by tester: 0",
        ])
    }

    @Test("counts requests by verb, resource and user agent, with their codes") func counters() async throws {
        let server = try server()
        for _ in 0..<3 { _ = await server.handle(APIRequest(.get, Self.maps + "/a", headers: [.userAgent: "tester"])) }
        _ = await server.handle(APIRequest(.get, Self.maps + "?watch=1"))
        let counts = await server.requestCounts.map { "\($0.key.verb) \($0.key.resource) \($0.key.userAgent) \($0.count)" }
        #expect(counts == ["get configmaps tester 3", "watch configmaps  1"])
        #expect(await server.recentRequests.map(\.code) == [404, 404, 404, 200])
    }

    @Test("pages end with 410 when their state is forgotten, and go on with the token in it") func expiredPage() async throws {
        let server = try server()
        for name in ["a", "b", "c"] { _ = await server.handle(APIRequest(.post, Self.maps, body: Self.configMap(name))) }
        let first = try json(await server.handle(APIRequest(.get, Self.maps + "?limit=1")))
        let token = first.at("metadata", "continue")?.stringValue ?? ""
        _ = await server.handle(APIRequest(.delete, Self.maps + "/b"))
        await server.compact(upTo: .max)
        let expired = await server.handle(APIRequest(.get, Self.maps + "?limit=5&continue=\(token)"))
        #expect(expired.status == 410)
        let fresh = try json(expired).at("metadata", "continue")?.stringValue ?? ""
        let rest = try json(await server.handle(APIRequest(.get, Self.maps + "?limit=5&continue=\(fresh)")))
        #expect(rest["items"]?.arrayValue?.map(\.name) == ["c"])
    }

    @Test("leaves garbage until it is told to collect it, where that is wanted") func garbageOnDemand() async throws {
        let server = try server(ServerSettings(garbageCollection: .onDemand))
        let owner = try json(await server.handle(APIRequest(.post, Self.maps, body: Self.configMap("owner"))))
        let reference: JSONValue = ["apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": .string(owner.uid)]
        let dependent: JSONValue = ["apiVersion": "v1", "kind": "ConfigMap", "metadata": ["name": "d", "ownerReferences": [reference]]]
        _ = await server.handle(APIRequest(.post, Self.maps, body: dependent.serialized()))
        _ = await server.handle(APIRequest(.delete, Self.maps + "/owner"))
        #expect(await server.object(.configMaps, ObjectKey(namespace: "default", name: "d")) != nil)
        await server.collectGarbage()
        #expect(await server.object(.configMaps, ObjectKey(namespace: "default", name: "d")) == nil)
    }

    static let refusals: [(String, HTTPRequest.Method, String, String, String, Int, String)] = [
        ("server-side apply", .patch, "/a", "application/apply-patch+yaml", "{}", 415, "server-side apply"),
        ("YAML", .post, "", "application/yaml", "kind: ConfigMap", 415, "does not read YAML"),
        ("watch lists", .get, "?watch=1&sendInitialEvents=true", "", "", 422, "WatchList feature gate"),
    ]

    @Test("says what it does not do", arguments: refusals)
    func refuses(_ refusal: (String, HTTPRequest.Method, String, String, String, Int, String)) async throws {
        let server = try server()
        _ = await server.handle(APIRequest(.post, Self.maps, body: Self.configMap("a")))
        var headers = HTTPFields()
        if !refusal.3.isEmpty { headers[.contentType] = refusal.3 }
        let response = await server.handle(APIRequest(refusal.1, Self.maps + refusal.2, headers: headers, body: Array(refusal.4.utf8)))
        #expect(response.status == refusal.5)
        #expect(try json(response)["message"]?.stringValue?.contains(refusal.6) == true)
    }

    @Test("describes all kinds in OpenAPI v2 to old kubectls") func openAPI() async throws {
        let response = try await server().handle(APIRequest(.get, "/openapi/v2?timeout=32s"))
        guard case .bytes(let bytes) = response.body else { throw EndpointError.unexpectedStream }
        #expect(response.status == 200)
        // A document begins with its version, which is the first member and three bytes long.
        #expect(bytes.starts(with: [0x0A, 3] + Array("2.0".utf8)))
        for name in ["io.k8s.DeploymentSpec", "terminationGracePeriodSeconds", "x-kubernetes-patch-merge-key", "dryRun"] {
            #expect(String(decoding: bytes, as: UTF8.self).contains(name), "\(name) is not described")
        }
        #expect(response.headers[.contentType] == "application/octet-stream")
    }

    @Test("warns of unknown members without refusing them") func warnings() async throws {
        let server = try EmbeddedAPIServer(clock: clock, random: SeededGenerator(seed: 1), definitions: [Self.thing])
        let body: JSONValue = ["apiVersion": "example.com/v1", "kind": "Thing", "metadata": ["name": "a"], "oops": 1]
        let response = await server.handle(APIRequest(.post, "/apis/example.com/v1/things", body: body.serialized()))
        #expect(response.status == 201)
        #expect(response.headers[HTTPField.Name("Warning")!] == #"299 - "unknown field \"oops\"""#)
    }

    private static let thing: JSONValue = [
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": ["name": "things.example.com"],
        "spec": [
            "group": "example.com", "scope": "Cluster", "names": ["plural": "things", "kind": "Thing"],
            "versions": [["name": "v1", "served": true, "storage": true, "schema": ["openAPIV3Schema": ["type": "object"]]]],
        ],
    ]

    @Test("refuses a definition that it cannot serve, at its birth") func badDefinition() throws {
        #expect(throws: APIFailure.self) {
            _ = try EmbeddedAPIServer(
                clock: clock, random: SeededGenerator(seed: 1), definitions: [["apiVersion": "apiextensions.k8s.io/v1", "kind": "Nonsense"]])
        }
    }

    @Test("evicts and binds pods") func podSubresources() async throws {
        let server = try server()
        let pods = "/api/v1/namespaces/default/pods"
        let pod: JSONValue = [
            "apiVersion": "v1", "kind": "Pod", "metadata": ["name": "p"], "spec": ["containers": [["name": "c", "image": "i"]]],
        ]
        #expect(await server.handle(APIRequest(.post, pods, body: pod.serialized())).status == 201)
        let binding: JSONValue = ["apiVersion": "v1", "kind": "Binding", "metadata": ["name": "p"], "target": ["kind": "Node", "name": "n1"]]
        #expect(await server.handle(APIRequest(.post, pods + "/p/binding", body: binding.serialized())).status == 201)
        #expect(await server.object(.pods, ObjectKey(namespace: "default", name: "p"))?.at("spec", "nodeName") == "n1")
        let eviction: JSONValue = ["apiVersion": "policy/v1", "kind": "Eviction", "metadata": ["name": "p"]]
        #expect(await server.handle(APIRequest(.post, pods + "/p/eviction", body: eviction.serialized())).status == 201)
        #expect(await server.object(.pods, ObjectKey(namespace: "default", name: "p")) == nil)
    }
}

@Suite("Small parts of the server") struct PartsTests {
    static let paths: [(String, String)] = [
        (".spec.size", "3"), ("{.spec.size}", "3"), (".list[1].name", "\"b\""), (".list[*].name", "\"a\",\"b\""),
        (".list[-1].name", "\"b\""), (#".list[?(@.name=="b")].value"#, "2"), (#".list[?(@.value==1)].name"#, "\"a\""),
        (#".annotations.a\.b/c"#, "\"x\""), (".annotations['a.b/c']", "\"x\""), (".absent.deeper", ""),
    ]

    @Test("a column's path finds its values", arguments: paths) func path(_ text: String, _ wanted: String) throws {
        let object = try JSONValue(
            parsing: #"{"spec":{"size":3},"list":[{"name":"a","value":1},{"name":"b","value":2}],"annotations":{"a.b/c":"x"}}"#)
        let path = try #require(FieldPath(text))
        #expect(path.values(in: object).map { $0.text() }.joined(separator: ",") == wanted)
    }

    @Test("a path with anything else is refused", arguments: [".a[1:2]", ".a[?(@.b>1)]", ".a["]) func badPath(_ text: String) {
        #expect(FieldPath(text) == nil)
    }

    static let ages: [(Int, String)] = [
        (-5, "<invalid>"), (-1, "0s"), (0, "0s"), (119, "119s"), (120, "2m"), (125, "2m5s"), (600, "10m"), (10_799, "179m"), (10_800, "3h"),
        (11_000, "3h3m"), (28_800, "8h"), (172_799, "47h"), (172_800, "2d"), (180_000, "2d2h"), (691_200, "8d"), (63_072_000, "2y"),
        (63_158_400, "2y1d"), (252_288_000, "8y"),
    ]

    @Test("ages are printed as kubectl prints them", arguments: ages) func age(_ seconds: Int, _ wanted: String) {
        #expect(Age.text(.seconds(seconds)) == wanted)
    }

    @Test("base64", arguments: [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")])
    func base64(_ text: String, _ wanted: String) {
        #expect(Base64.standardText(Array(text.utf8)) == wanted)
    }

    @Test("the store gives back each past state until it is forgotten", arguments: [1, 2, 3] as [UInt64])
    func history(_ seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var store = ObjectStore(historyLimit: 1000)
        var states: [Int64: [String]] = [:]
        for _ in 0..<300 {
            let key = "default/\(Int(random.next(upperBound: 20 as UInt64)))"
            let exists = store.object(.pods, key) != nil
            let isRemoval = exists && random.next(upperBound: 3 as UInt64) == 0
            _ = store.commit(.pods, key, isRemoval ? nil : ["metadata": ["name": .string(key)]])
            let collection = store.collection(.pods)
            states[store.version] = collection.keys.map { "\($0)=\(collection[$0]?.resourceVersion ?? "")" }
        }
        for (version, wanted) in states {
            let past = try #require(store.collection(.pods, at: version))
            #expect(past.keys.map { "\($0)=\(past[$0]?.resourceVersion ?? "")" } == wanted, "seed \(seed), version \(version)")
        }
        store.compact(through: 200)
        #expect(store.collection(.pods, at: 199) == nil)
        #expect(store.collection(.pods, at: 200) != nil)
        #expect(store.changes(after: 200)?.first?.version == 201)
    }
}
