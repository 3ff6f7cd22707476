import APIContract
import Clockwork
import EmbeddedAPIServer
import HTTPTypes
import KubeModel
import StrictJSON
import Testing

@Suite("A snapshot") struct SnapshotTests {
    @Test func bringsBackEverythingAsItWas() async throws {
        let first = try EmbeddedAPIServer(clock: ManualClock(), random: SeededGenerator(seed: 1), definitions: ContractDefinitions.all)
        for path in ["/api/v1/namespaces/default/configmaps", "/apis/contract.example.com/v1/namespaces/default/widgets"] {
            let isWidget = path.hasSuffix("widgets")
            let created = await send(first, .post, path, [
                "apiVersion": isWidget ? "contract.example.com/v1" : "v1", "kind": isWidget ? "Widget" : "ConfigMap", "metadata": ["name": "a"],
            ])
            #expect(created.status == 201, "\(created.body.text())")
        }
        let before = await first.state
        let snapshot = before.snapshot
        let read = try ServerSnapshot(parsing: snapshot.text)
        #expect(read == snapshot)
        let second = try EmbeddedAPIServer(
            restoring: read, clock: ManualClock(), random: SeededGenerator(seed: 2), definitions: ContractDefinitions.all)
        let widgets = GroupVersionResource(group: "contract.example.com", version: "v1", resource: "widgets")
        for resource in [GroupVersionResource.configMaps, .namespaces, .customResourceDefinitions, widgets] {
            #expect(await second.objects(of: resource) == before.objects(of: resource), "\(resource)")
        }
        #expect(await send(second, .get, "/apis/contract.example.com/v1/namespaces/default/widgets/a").status == 200)
    }

    @Test func letsVersionsRiseAboveEverythingThatAnybodyHasSeen() async throws {
        let first = try EmbeddedAPIServer(clock: ManualClock(), random: SeededGenerator(seed: 1))
        let snapshot = await first.state.snapshot
        // Written after the snapshot and lost with the process; its reader has seen the version.
        let lost = await send(first, .post, "/api/v1/namespaces/default/configmaps", ["apiVersion": "v1", "kind": "ConfigMap", "metadata": ["name": "lost"]])
        let seen: Int64 = try #require(lost.body.at("metadata", "resourceVersion")?.stringValue.flatMap { Int64($0) })
        var second = try EmbeddedAPIServer(restoring: snapshot, clock: ManualClock(), random: SeededGenerator(seed: 2))
        #expect(await second.state.resourceVersion > seen)
        let response = await second.handle(APIRequest(.get, "/api/v1/configmaps?watch=1&resourceVersion=\(seen)"))
        guard case .stream(let stream) = response.body else { throw Unexpected(what: "no stream") }
        var lines: [JSONValue] = []
        for await chunk in stream { lines.append(try JSONValue(parsing: chunk)) }
        #expect(lines.map { $0.at("object", "code") } == [410])
        // And once more, also without any write.
        let version = await second.state.resourceVersion
        second = try EmbeddedAPIServer(restoring: await second.state.snapshot, clock: ManualClock(), random: SeededGenerator(seed: 3))
        #expect(await second.state.resourceVersion > version)
    }

    @Test func remembersWhoOwnsWhom() async throws {
        let first = try EmbeddedAPIServer(clock: ManualClock(), random: SeededGenerator(seed: 1))
        let path = "/api/v1/namespaces/default/configmaps"
        let owner = await send(first, .post, path, ["apiVersion": "v1", "kind": "ConfigMap", "metadata": ["name": "owner"]])
        let reference: JSONValue = ["apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": owner.body.at("metadata", "uid") ?? ""]
        _ = await send(first, .post, path, [
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": ["name": "child", "ownerReferences": [reference]],
        ])
        let second = try EmbeddedAPIServer(restoring: await first.state.snapshot, clock: ManualClock(), random: SeededGenerator(seed: 2))
        #expect(await second.objects(of: .configMaps).count == 2)
        _ = await send(second, .delete, path + "/owner")
        #expect(await second.objects(of: .configMaps).isEmpty)
    }

    @Test func isRefusedWhereAnythingIsWrongWithIt() async throws {
        let server = try EmbeddedAPIServer(clock: ManualClock(), random: SeededGenerator(seed: 1), definitions: ContractDefinitions.all)
        let text: [UInt8] = await server.state.snapshot.text
        #expect(throws: SnapshotError.notASnapshot) { try ServerSnapshot(parsing: []) }
        #expect(throws: SnapshotError.notASnapshot) { try ServerSnapshot(parsing: Array("[1]".utf8)) }
        // Every place at which it could have been cut off.
        for count in stride(from: 1, to: text.count - 1, by: 97) {
            #expect(throws: SnapshotError.self, "cut after \(count) bytes") { try ServerSnapshot(parsing: Array(text.prefix(count))) }
        }
        var changed = text
        let place = try #require(changed.lastIndex(of: UInt8(ascii: "d")))
        changed[place] = UInt8(ascii: "e")
        #expect(throws: SnapshotError.self) { try ServerSnapshot(parsing: changed) }
        var foreign = await server.state.snapshot
        foreign.objects.append(["apiVersion": "example.com/v1", "kind": "Thing", "metadata": ["name": "x", "namespace": "default", "uid": "1"]])
        #expect(throws: SnapshotError.notServed(object: "Thing default/x", cause: "nothing is known of example.com/v1 Thing")) {
            try EmbeddedAPIServer(restoring: foreign, clock: ManualClock(), random: SeededGenerator(seed: 1))
        }
    }

    @Test func keepsAnnotationsOfADeploymentThatComeWithItsStatus() async throws {
        let server = try EmbeddedAPIServer(clock: ManualClock(), random: SeededGenerator(seed: 1))
        let path = "/apis/apps/v1/namespaces/default/deployments"
        let labels: JSONValue = ["app": "web"]
        _ = await send(server, .post, path, [
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": ["name": "web"],
            "spec": [
                "selector": ["matchLabels": labels],
                "template": ["metadata": ["labels": labels], "spec": ["containers": [["name": "web", "image": "web:1"]]]],
            ],
        ])
        let patch: JSONValue = ["metadata": ["annotations": ["revision": "1"], "labels": ["a": "b"]], "status": ["replicas": 1]]
        let patched = await send(server, .patch, path + "/web/status", patch)
        #expect(patched.body.at("metadata", "annotations", "revision") == "1")
        #expect(patched.body.at("metadata", "labels") == nil)
        #expect(patched.body.at("metadata", "generation") == 1)
    }

    private struct Unexpected: Error { var what: String }

    private func send(
        _ server: EmbeddedAPIServer, _ method: HTTPRequest.Method, _ path: String, _ body: JSONValue? = nil
    ) async -> (status: Int, body: JSONValue) {
        let type = method == .patch ? "application/merge-patch+json" : "application/json"
        let response = await server.handle(APIRequest(method, path, headers: [.contentType: type], body: body?.serialized() ?? []))
        guard case .bytes(let bytes) = response.body, let json = try? JSONValue(parsing: bytes) else { return (response.status, .null) }
        return (response.status, json)
    }
}
