import Clockwork
import ControllerKit
import KubeClient
import KubeModel
import StrictJSON
import Testing

@Suite("A cache") struct ReflectorTests {
    func reflector(
        _ world: World, _ store: ObjectStore<Service>, selection: Selection = Selection(), onBadObject: @escaping @Sendable (BadObject) -> Void = { _ in },
        decode: @escaping Reflector<Service>.Decoder = { json throws(DecodeError) in try Service(json: json) }
    ) -> Reflector<Service> {
        Reflector(
            .init(namespace: "default", selection: selection), into: store, client: world.client(), clock: world.clock, seed: 5, logger: world.logger,
            onBadObject: onBadObject, decode: decode)
    }

    @Test(arguments: 1...20 as ClosedRange<UInt64>) func followsTheServer(seed: UInt64) throws {
        let world = try World(seed: seed)
        let store = ObjectStore<Service>(indexes: ["app": { [$0.selector["app"] ?? ""] }])
        let changes = Recorder<String>()
        store.onChange { change in
            changes.add("\(change.key.name) \(change.old?.model?.selector["app"] ?? "-") \(change.new?.model?.selector["app"] ?? "-")")
        }
        let kube = world.client()
        let reflector = reflector(world, store)
        try world.run([reflector.run]) {
            _ = try await kube.create(.services, namespace: "default", service("a"))
            await store.waitUntilSynced()
            _ = try await kube.create(.services, namespace: "default", service("b"))
            let patched = try await kube.patch(.services, namespace: "default", name: "a", .merge(["spec": ["selector": ["app": "other"]]]))
            try await world.sleep(.seconds(1))
            #expect(store.list().map(\.metadata.name) == ["a", "b"])
            #expect(store.list(index: "app", value: "web").map(\.metadata.name) == ["b"])
            #expect(store.list(index: "app", value: "other").map(\.metadata.name) == ["a"])
            #expect(store.hasSeen(patched.at("metadata", "resourceVersion")?.stringValue ?? "?", of: ObjectKey(namespace: "default", name: "a")))
            try await kube.delete(.services, namespace: "default", name: "a")
            try await world.sleep(.seconds(1))
            #expect(store.list().map(\.metadata.name) == ["b"])
            #expect(store.list(index: "app", value: "other").isEmpty)
            #expect(store.list(namespace: "elsewhere").isEmpty)
            #expect(changes.all.last == "a other -")
        }
    }

    @Test func resumesABrokenWatch() throws {
        let world = try World()
        let store = ObjectStore<Service>()
        let kube = world.client(world.transport)
        let reflector = reflector(world, store)
        let direct = world.server
        try world.run([reflector.run]) {
            await store.waitUntilSynced()
            _ = try await kube.create(.services, namespace: "default", service("a"))
            try await world.sleep(.seconds(1))
            world.transport.setDown(true)
            try await world.sleep(.seconds(20))
            try await direct.createDirectly(service("b"))
            world.transport.clear()
            world.transport.setDown(false)
            try await world.sleep(.seconds(60))
            #expect(store.list().map(\.metadata.name) == ["a", "b"])
            let lists = world.transport.requests.filter { $0.contains("limit=") }
            #expect(lists.isEmpty, "a watch that can be resumed needs no list: \(lists)")
        }
    }

    @Test func listsAgainWhenItsVersionIsTooOld() throws {
        let world = try World()
        let store = ObjectStore<Service>()
        let changes = Recorder<String>()
        store.onChange { changes.add("\($0.key.name) \($0.new == nil ? "gone" : "here")") }
        let kube = world.client()
        let reflector = reflector(world, store)
        let server = world.server
        try world.run([reflector.run]) {
            for name in ["a", "b"] { _ = try await kube.create(.services, namespace: "default", service(name)) }
            await store.waitUntilSynced()
            world.transport.setDown(true)
            try await world.sleep(.seconds(1))
            try await server.deleteDirectly("a")
            try await server.createDirectly(service("c"))
            await server.compact(upTo: .max)
            world.transport.setDown(false)
            try await world.sleep(.seconds(60))
            #expect(store.list().map(\.metadata.name) == ["b", "c"])
            #expect(Array(changes.all.suffix(2)) == ["c here", "a gone"])
        }
    }

    @Test func isNotHeldUpByOneBadObject() throws {
        let world = try World()
        let store = ObjectStore<Service>()
        let bad = Recorder<BadObject>()
        let changes = Recorder<ObjectKey>()
        store.onChange { changes.add($0.key) }
        let kube = world.client()
        let reflector = reflector(world, store, onBadObject: { bad.add($0) }) { json throws(DecodeError) in
            if json.at("metadata", "labels", "broken") != nil { throw DecodeError(field: "spec.odd", found: "\"ten\"", expected: "an integer") }
            return try Service(json: json)
        }
        let key = ObjectKey(namespace: "default", name: "b")
        try world.run([reflector.run]) {
            _ = try await kube.create(.services, namespace: "default", service("a"))
            _ = try await kube.create(.services, namespace: "default", service("b", labels: ["broken": "1"]))
            await store.waitUntilSynced()
            _ = try await kube.create(.services, namespace: "default", service("c"))
            try await world.sleep(.seconds(1))
            #expect(store.list().map(\.metadata.name) == ["a", "c"])
            #expect(store.badObjects.map(\.key) == [key])
            #expect(bad.all.map(\.error.field) == ["spec.odd"])
            #expect(bad.all.first?.document.at("spec", "selector", "app") == "web")
            #expect(changes.all.contains(key), "its key is told, so that a condition can be written")
            // Mended, it is like any other; broken again and deleted, it is gone.
            _ = try await kube.patch(.services, namespace: "default", name: "b", .merge(["metadata": ["labels": ["broken": nil]]]))
            try await world.sleep(.seconds(1))
            #expect(store.get(key) != nil)
            _ = try await kube.patch(.services, namespace: "default", name: "b", .merge(["metadata": ["labels": ["broken": "1"]]]))
            try await kube.delete(.services, namespace: "default", name: "b")
            try await world.sleep(.seconds(1))
            #expect(store.entry(key) == nil)
            #expect(bad.all.count == 2)
        }
    }

    @Test func selectsByLabel() throws {
        let world = try World()
        let store = ObjectStore<Service>()
        let kube = world.client()
        let reflector = reflector(world, store, selection: Selection(labels: "tier=front"))
        try world.run([reflector.run]) {
            _ = try await kube.create(.services, namespace: "default", service("a", labels: ["tier": "front"]))
            _ = try await kube.create(.services, namespace: "default", service("b"))
            await store.waitUntilSynced()
            try await world.sleep(.seconds(1))
            #expect(store.list().map(\.metadata.name) == ["a"])
            // It leaves the selection: for us it is gone, and a writer need not wait for it any longer.
            let patched = try await kube.patch(.services, namespace: "default", name: "a", .merge(["metadata": ["labels": ["tier": nil]]]))
            try await world.sleep(.seconds(1))
            #expect(store.list().isEmpty)
            #expect(store.hasSeen(patched.at("metadata", "resourceVersion")?.stringValue ?? "?", of: ObjectKey(namespace: "default", name: "a")))
        }
    }

    @Test func asksNothingWhileNothingHappens() throws {
        let world = try World()
        let store = ObjectStore<Service>()
        let reflector = reflector(world, store)
        try world.run([reflector.run]) {
            await store.waitUntilSynced()
            try await world.sleep(.seconds(10))
            world.transport.clear()
            try await world.sleep(.seconds(3600))
            let requests = world.transport.requests
            #expect(requests.allSatisfy { $0.contains("watch=true") })
            #expect((6...12).contains(requests.count), "a watch lasts five to ten minutes: \(requests.count) in an hour")
        }
    }

    @Test func waitsForAServerThatIsDown() throws {
        let world = try World()
        let store = ObjectStore<Service>()
        let reflector = reflector(world, store)
        try world.run([reflector.run]) {
            world.transport.setDown(true)
            try await world.sleep(.seconds(300))
            #expect(!store.hasSynced)
            #expect((8...25).contains(world.transport.requests.count), "attempts in five minutes: \(world.transport.requests.count)")
            world.transport.setDown(false)
            try await world.sleep(.seconds(45))
            #expect(store.hasSynced)
        }
    }
}
