import APIContract
import Clockwork
import EmbeddedAPIServer
import HTTPTypes
import KubeModel
import StrictJSON
import Testing

@Suite("A watch in virtual time") struct WatchTests {
    let clock = ManualClock()
    let server: EmbeddedAPIServer

    init() throws {
        server = try EmbeddedAPIServer(clock: clock, random: SeededGenerator(seed: 1), settings: ServerSettings(historyLimit: 20))
    }

    @Test("sends a bookmark each minute and one before it ends, and ends on time") func bookmarks() async throws {
        let stream = try await open("?watch=1&allowWatchBookmarks=true&timeoutSeconds=90&resourceVersion=\(await server.state.resourceVersion)")
        async let events = all(stream)
        await clock.sleepsBegun(1)
        clock.advance(by: .seconds(59))
        clock.advance(by: .seconds(1))
        await clock.sleepsBegun(2)
        clock.advance(by: .seconds(28))
        await clock.sleepsBegun(3)
        clock.advance(by: .seconds(2))
        let told = try await events
        #expect(told.map { $0["type"] } == ["BOOKMARK", "BOOKMARK"])
        #expect(told.first?.at("object", "metadata", "resourceVersion")?.stringValue == String(await server.state.resourceVersion))
        #expect(told.first?.at("object", "kind") == "ConfigMap")
        #expect(clock.sleepers == 0)
    }

    @Test("tells a write as soon as it is done") func live() async throws {
        let stream = try await open("?watch=1&timeoutSeconds=300")
        async let events = all(stream)
        await clock.sleepsBegun(1)
        await create("a")
        await clock.sleepsBegun(2)
        await create("b")
        await clock.sleepsBegun(3)
        clock.advance(by: .seconds(300))
        let told = try await events
        #expect(told.map { $0["type"] } == ["ADDED", "ADDED"])
        #expect(told.map { $0.at("object", "metadata", "name") } == ["a", "b"])
    }

    @Test("leaves nothing behind when its reader is cancelled") func cancellation() async throws {
        let stream = try await open("?watch=1")
        try await withThrowingTaskGroup(of: [JSONValue].self) { group in
            group.addTask { try await all(stream) }
            await clock.sleepsBegun(1)
            group.cancelAll()
            let told = try await group.next()
            #expect(told == [])
        }
        #expect(clock.sleepers == 0)
        #expect(await server.waitingWatches == 0)
    }

    @Test("without a timeout ends between half an hour and an hour") func defaultTimeout() async throws {
        let stream = try await open("?watch=1")
        async let events = all(stream)
        await clock.sleepsBegun(1)
        clock.advance(by: .seconds(1799))
        #expect(clock.sleepers == 1)
        clock.advance(by: .seconds(1801))
        #expect(try await events == [])
    }

    @Test("from a version that is forgotten ends with 410") func tooOld() async throws {
        let start = await server.state.resourceVersion
        for number in 0..<40 { await create("a\(number)") }
        let told = try await all(try await open("?watch=1&resourceVersion=\(start)"))
        #expect(told.count == 1)
        #expect(told[0]["type"] == "ERROR")
        #expect(told[0].at("object", "code") == 410)
        #expect(told[0].at("object", "reason") == "Expired")
        #expect(told[0].at("object", "message")?.stringValue?.hasPrefix("too old resource version: \(start) (") == true)
    }

    @Test("whose reader falls behind ends with 410") func lagging() async throws {
        let stream = try await open("?watch=1")
        await create("first")
        await server.compact(upTo: .max)
        await create("second")
        let told = try await all(stream)
        #expect(told.map { $0["type"] } == ["ERROR"])
    }

    @Test("tells a long list in several chunks, whole lines each") func chunks() async throws {
        let padding = String(repeating: "x", count: 20_000)
        for number in 10..<20 { await create("a\(number)", data: ["padding": padding]) }
        let stream = try await open("?watch=1&timeoutSeconds=10")
        async let chunks = { () -> [[UInt8]] in
            var chunks: [[UInt8]] = []
            for await chunk in stream { chunks.append(chunk) }
            return chunks
        }()
        await clock.sleepsBegun(1)
        clock.advance(by: .seconds(10))
        let read = await chunks
        #expect(read.count == 3)
        #expect(read.allSatisfy { $0.last == UInt8(ascii: "\n") })
        #expect(try read.flatMap { try events(in: $0) }.count == 10)
    }

    @Test("ends when its definition is deleted") func definitionGone() async throws {
        let definition: JSONValue = [
            "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": ["name": "things.example.com"],
            "spec": [
                "group": "example.com", "scope": "Cluster", "names": ["plural": "things", "kind": "Thing"],
                "versions": [["name": "v1", "served": true, "storage": true, "schema": ["openAPIV3Schema": ["type": "object"]]]],
            ],
        ]
        try await server.install(definitions: [definition])
        let response = await server.handle(APIRequest(.get, "/apis/example.com/v1/things?watch=1"))
        guard case .stream(let stream) = response.body else { throw EndpointError.noStream(response.status) }
        async let told = all(stream)
        await clock.sleepsBegun(1)
        let path = GroupVersionResource.customResourceDefinitions.path(namespace: nil, name: "things.example.com")
        _ = await server.handle(APIRequest(.delete, path))
        #expect(try await told == [])
        #expect(await server.handle(APIRequest(.get, "/apis/example.com/v1/things")).status == 404)
    }

    private func open(_ query: String) async throws -> APIStream {
        let response = await server.handle(APIRequest(.get, "/api/v1/namespaces/default/configmaps" + query))
        guard case .stream(let stream) = response.body else { throw EndpointError.noStream(response.status) }
        return stream
    }

    private func create(_ name: String, data: [String: String] = [:]) async {
        let body: JSONValue = ["apiVersion": "v1", "kind": "ConfigMap", "metadata": ["name": .string(name)], "data": JSONValue(data)]
        let response = await server.handle(
            APIRequest(.post, "/api/v1/namespaces/default/configmaps", headers: [.contentType: "application/json"], body: body.serialized()))
        #expect(response.status == 201)
    }
}

private func all(_ stream: APIStream) async throws -> [JSONValue] {
    var result: [JSONValue] = []
    for await chunk in stream { result += try events(in: chunk) }
    return result
}

private func events(in chunk: [UInt8]) throws -> [JSONValue] {
    try chunk.split(separator: UInt8(ascii: "\n")).map { try JSONValue(parsing: Array($0)) }
}
