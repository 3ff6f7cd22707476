import Clockwork
import ControllerKit
import EmbeddedAPIServer
import HTTPTransport
import KubeClient
import KubeModel
import Logging
import StrictJSON
import Synchronization
import Testing

@Suite("Without a right") struct MissingRightTests {
    /// What of the API is refused at the moment, as `verb resource`.
    final class Fence: Sendable {
        private let removed = Mutex<Set<String>>([])
        func set(_ rights: Set<String>) { removed.withLock { $0 = rights } }

        func close(_ world: World) async {
            await world.server.authorize { [self] attributes in
                removed.withLock { $0.contains("\(attributes.verb) \(attributes.resourceInRoles)") } ? "sluice" : nil
            }
        }
    }

    private func reflector(_ world: World, _ store: ObjectStore<Service>, _ log: Recorder<String>) -> Reflector<Service> {
        Reflector(
            .init(namespace: "default"), into: store, client: world.client(), clock: world.clock, seed: 5,
            logger: Logger(label: "test") { _ in LineLog(lines: log) })
    }

    @Test("to list a cache says so, holds nobody up, and follows as soon as it may") func list() throws {
        let world = try World()
        let store = ObjectStore<Service>()
        let log = Recorder<String>()
        let changes = Recorder<Bool>()
        store.onAccessChange { changes.add(store.missingRight == nil) }
        let fence = Fence()
        let reflector = reflector(world, store, log)
        try world.run([{
            await fence.close(world)
            await reflector.run()
        }]) {
            fence.set(["list services"])
            await store.waitUntilSettled()
            #expect(!store.hasSynced && store.isSettled && !store.isReadable)
            #expect(store.missingRight == MissingRight(verb: "list", resource: "services", namespace: "default", user: "sluice"))
            try await world.sleep(.seconds(600))
            #expect(log.all.count == 1 && log.all[0].contains("verbs: [\"list\"]"), "\(log.all)")
            #expect(world.transport.requests.count < 40, "\(world.transport.requests.count) attempts in ten minutes")
            fence.set([])
            await store.waitUntilSynced()
            #expect(store.isReadable && store.missingRight == nil)
            #expect(changes.all == [false, true])
        }
    }

    @Test("to watch a cache lists every few seconds, until it may") func watch() throws {
        let world = try World()
        let store = ObjectStore<Service>()
        let log = Recorder<String>()
        let fence = Fence()
        let reflector = reflector(world, store, log)
        let kube = world.client()
        try world.run([{
            await fence.close(world)
            await reflector.run()
        }]) {
            fence.set(["watch services"])
            await store.waitUntilSynced()
            for name in ["a", "b"] {
                _ = try await kube.create(.services, namespace: "default", service(name))
                try await world.sleep(WatchMachine.pollInterval + .seconds(1))
                #expect(store.get(ObjectKey(namespace: "default", name: name)) != nil && store.isReadable)
            }
            #expect(log.all.count == 1 && log.all[0].contains("verbs: [\"watch\"]"), "\(log.all)")
            fence.set([])
            try await world.sleep(WatchMachine.pollInterval + .seconds(1))
            _ = try await kube.create(.services, namespace: "default", service("c"))
            try await world.sleep(.milliseconds(1))
            #expect(store.get(ObjectKey(namespace: "default", name: "c")) != nil, "it watches again")
        }
    }

    @Test("that was taken away a cache does not pass for fresh") func revoked() throws {
        let world = try World()
        let store = ObjectStore<Service>()
        let fence = Fence()
        let reflector = reflector(world, store, Recorder<String>())
        try world.run([{
            await fence.close(world)
            await reflector.run()
        }]) {
            await store.waitUntilSynced()
            fence.set(["list services", "watch services"])
            // The watch that is open goes on, as on a real server, until it ends by itself.
            try await world.sleep(.seconds(900))
            #expect(store.hasSynced && !store.isReadable)
            fence.set([])
            try await world.sleep(.seconds(60))
            #expect(store.isReadable)
        }
    }

    @Test("to create events nothing stops, and the log tells it once") func events() throws {
        let world = try World()
        let log = Recorder<String>()
        let publisher = EventPublisher(
            component: "test", client: world.client(), clock: world.clock, logger: Logger(label: "test") { _ in LineLog(lines: log) })
        let fence = Fence()
        let about = ObjectReference(kind: .rollout, key: ObjectKey(namespace: "default", name: "web"), uid: "u", resourceVersion: "1")
        try world.run([{ await publisher.run() }]) {
            await fence.close(world)
            fence.set(["create events"])
            for number in 0..<20 {
                publisher.publish(PublishedEvent(about: about, kind: .normal, reason: "Number\(number)", message: "\(number)"))
                try await world.sleep(.seconds(10))
            }
            #expect(publisher.statistics.failed == 20)
            #expect(log.all.count == 1 && log.all[0].contains("verbs: [\"create\"]"), "\(log.all)")
            #expect(world.transport.requests.count < 10, "what was refused is not tried for each event")
            fence.set([])
            try await world.sleep(.seconds(30))
            publisher.publish(PublishedEvent(about: about, kind: .normal, reason: "Last", message: "last"))
            try await world.sleep(.seconds(1))
            #expect(publisher.statistics.published == 1)
        }
    }

    @Test("to its lease nobody leads, the log tells it once, and it leads as soon as it may", arguments: ["get", "create", "update"])
    func lease(verb: String) throws {
        let world = try World()
        let log = Recorder<String>()
        let elector = LeaderElector(
            lease: ObjectKey(namespace: "default", name: "lock"), identity: "a", client: world.client(), clock: world.clock, seed: 3,
            logger: Logger(label: "test") { _ in LineLog(lines: log) })
        let fence = Fence()
        try world.run([{
            await fence.close(world)
            if verb == "update" {
                // Somebody else's, given back.
                let free: JSONValue = [
                    "apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": ["name": "lock", "namespace": "default"],
                    "spec": ["holderIdentity": "", "leaseDurationSeconds": 1, "leaseTransitions": 1],
                ]
                // It fails in no test but one that has closed the fence too early.
                _ = try? await world.client().create(.leases, namespace: "default", free)
            }
            fence.set(["\(verb) leases"])
            _ = await elector.run { await OneShot().wait() }
        }]) {
            try await world.sleep(.seconds(120))
            #expect(!elector.isLeading)
            #expect(elector.missingRight?.verb == verb && elector.missingRight?.resource == "leases")
            #expect(log.all.count == 1 && log.all[0].contains("verbs: [\"\(verb)\"]"), "\(log.all)")
            fence.set([])
            try await world.sleep(.seconds(10))
            #expect(elector.isLeading && elector.missingRight == nil)
        }
    }
}

/// Keeps the warnings.
private struct LineLog: LogHandler {
    let lines: Recorder<String>
    var metadata: Logger.Metadata = [:]
    var logLevel: Logger.Level = .warning

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        lines.add("\(event.message) \((event.metadata ?? [:]).sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: " "))")
    }
}
