import Clockwork
import ControllerKit
import Glibc
import KubeModel
import StrictJSON
import Testing

extension EndToEnd.OnOurDefinitions {
    /// Shorter than the defaults, in their proportions.
    private static let election: [String] = [
        "--leader-election-lease-duration", "6s", "--leader-election-renew-deadline", "4s", "--leader-election-retry-period", "1s",
    ]

    @Test("of two controllers one writes; the other takes over from a dead one, and at once from one that ends")
    func twoControllers() async throws {
        try await Pair.play(in: "two", arguments: Self.election) { scene, pair in
            let (leader, follower) = try await pair.roles()
            let start: Int = scene.cluster.audit.end
            try await scene.apply()
            try await scene.waitUntilHealthy()
            #expect(!pair.writes(of: leader, since: start).isEmpty)
            #expect(pair.writes(of: follower, since: start).isEmpty, "a follower writes nothing")

            try await pair.controllers[leader].daemon.killNow()
            try await scene.apply(image: Release.goodImage)
            try await scene.waitFor("seen by the other one", seconds: 30) { $0.isObserved && !$0.isPromoted }
            #expect(try await pair.holder() == follower)

            // The dead one comes back as a follower, and gets the lease as soon as the leader ends.
            try await pair.restart(leader)
            let asked: Timestamp = SystemClock().now
            try await pair.controllers[follower].daemon.stop()
            #expect(pair.controllers[follower].daemon.ending == 0)
            try await eventually("the lease is handed over", seconds: 10, every: .milliseconds(50)) { try await pair.holder() == leader ? true : nil }
            let needed: Duration = SystemClock().now - asked
            print("two: the lease was handed over in \(Int(needed.inSeconds * 1000)) ms")
            #expect(needed < .seconds(5), "giving the lease back must beat its expiry after 6 s")
            try await scene.waitUntilHealthy(seconds: 90)
        }
    }

    @Test("R15: a leader that was frozen for longer than its lease writes nothing when it wakes up")
    func frozenLeader() async throws {
        try await Pair.play(in: "frozen", arguments: Self.election) { scene, pair in
            let (leader, follower) = try await pair.roles()
            try await scene.apply()
            try await scene.waitUntilHealthy()

            pair.controllers[leader].daemon.signal(SIGSTOP)
            // Work that both would do.
            try await scene.apply(image: Release.goodImage)
            try await scene.waitFor("taken over by the other one", seconds: 30) { $0.isObserved && !$0.isPromoted }
            #expect(try await pair.holder() == follower)
            let start: Int = scene.cluster.audit.end
            pair.controllers[leader].daemon.signal(SIGCONT)
            let ending: Int = try await pair.controllers[leader].daemon.waitForEnd(seconds: 20)
            try await pause(.seconds(2))
            let writes: [AuditLog.Entry] = pair.writes(of: leader, since: start)
            #expect(writes.isEmpty, "\(writes)")
            #expect(ending != 0, "losing the lease is not a good end: whoever runs the process starts it anew")
            #expect(try await pair.holder() == follower)
            try await scene.waitUntilHealthy(seconds: 90)
        }
    }
}

/// Two controllers with leader election, each with an account of its own, so that the audit log tells them apart.
private final class Pair {
    let cluster: RealCluster
    let accounts: [ServiceAccount]
    private(set) var controllers: [Controller] = []
    private let arguments: [String]
    /// The end of the audit log when the pair began.
    private let began: Int

    private init(_ cluster: RealCluster, _ accounts: [ServiceAccount], arguments: [String]) {
        self.cluster = cluster
        self.accounts = accounts
        self.arguments = arguments
        began = cluster.audit.end
    }

    static func play(in namespace: String, arguments: [String], _ body: (Scene, Pair) async throws -> Void) async throws {
        let cluster: RealCluster = try RealCluster.here
        try await Scene.play(.linkedAndFast, in: namespace) { scene in
            let pair = Pair(
                cluster, [try await cluster.controllerAccount(), try await cluster.controllerAccount(twin: "twin")], arguments: arguments)
            do {
                for index in 0..<2 { pair.controllers.append(try pair.start(index)) }
                for controller in pair.controllers { try await controller.waitUntilReady() }
                try await body(scene, pair)
            } catch {
                try await pair.end()
                throw error
            }
            try await pair.end()
        }
    }

    private func start(_ index: Int) throws -> Controller {
        try Controller(cluster, name: ["controller-a", "controller-b"][index], account: accounts[index], arguments: arguments, environment: ["POD_NAME": "pair-\(index)"])
    }

    func restart(_ index: Int) async throws {
        controllers[index] = try start(index)
        try await controllers[index].waitUntilReady()
    }

    private func end() async throws {
        for controller in controllers where controller.daemon.ending == nil { try await controller.daemon.stop() }
    }

    /// Who leads and who follows, once somebody leads.
    func roles() async throws -> (leader: Int, follower: Int) {
        let leader: Int = try await eventually("one of two controllers leads", seconds: 30) { try await holder() }
        return (leader, 1 - leader)
    }

    /// The index of the controller that wrote the lease last; nil while nobody holds it.
    func holder() async throws -> Int? {
        let leases: [JSONValue] = try await cluster.api.client.listAll(.leases, namespace: accounts[0].namespace)
        guard let holder = leases.first?.at("spec", "holderIdentity")?.stringValue, !holder.isEmpty else { return nil }
        let writes: [AuditLog.Entry] = cluster.audit.requests(of: Set(accounts.map(\.user)), since: began)
        let last: AuditLog.Entry? = writes.last { $0.isOfLease && $0.isWrite && (200..<300).contains($0.status) }
        return accounts.firstIndex { $0.user == last?.user }
    }

    /// What a controller has written, its lease apart.
    func writes(of index: Int, since offset: Int) -> [AuditLog.Entry] {
        cluster.audit.requests(of: accounts[index].user, since: offset).filter { $0.isWrite && !$0.isOfLease }
    }
}
