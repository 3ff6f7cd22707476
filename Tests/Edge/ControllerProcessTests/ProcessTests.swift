import Clockwork
import ControllerKit
import EmbeddedAPIServer
import HTTPTransport
import KubeClient
import KubeModel
import SimulatedCluster
import StrictJSON
import Synchronization
import Testing

@Suite("The controller as a process") struct ProcessTests {
    @Test("leads, works, and gives the lease back when it is asked to end") func oneLife() throws {
        try Bench.run { bench in
            try await bench.applyGuide()
            try await bench.withProcess { process in
                try await bench.sleep(.seconds(60))
                #expect(await bench.phase() == "Healthy")
                #expect(await bench.leaseHolder()?.hasPrefix("pod-1_") == true)
                for page in ["/healthz", "/livez", "/readyz"] { #expect(await process.pages.get(8080, page)?.text == "ok") }
                #expect(await process.pages.get(8080, "/metrics")?.status == 404)
                #expect(await process.pages.get(8080, "/healthz", .post)?.status == 405)
                #expect(await process.stopAndWait() == 0)
                #expect(await bench.leaseHolder() == "")
                #expect(await process.pages.get(8080, "/healthz") == nil)
                #expect(bench.log.text.contains("Sluice controller starting"))
            }
        }
    }

    @Test("writes nothing after it has given the lease back") func lastWrite() throws {
        try Bench.run { bench in
            try await bench.applyGuide()
            // While pods come up one after the other there is always something to write.
            try await bench.withProcess { process in
                try await bench.sleep(.seconds(2))
                #expect(await process.stopAndWait() == 0)
                let writes = await bench.cluster.server.recentRequests.map(\.key)
                    .filter { $0.userAgent.hasPrefix("sluice-controller/") && !["get", "list", "watch"].contains($0.verb) }
                #expect(writes.last?.resource == .leases)
                #expect(writes.contains { $0.resource == .rollouts })
            }
        }
    }

    @Test("finishes the rounds that are under way before it gives the lease back") func drain() throws {
        try Bench.run { bench in
            try await bench.applyGuide()
            let slow = SlowStatus(bench.cluster.network, delay: .seconds(4), clock: bench.clock)
            try await bench.withProcess(over: slow) { process in
                while slow.underWay == 0 { try await bench.sleep(.milliseconds(10)) }
                let asked = bench.clock.now
                #expect(await process.stopAndWait() == 0)
                #expect(slow.finished >= 1 && slow.underWay == 0)
                #expect(bench.clock.now - asked >= .seconds(3))
                #expect(await bench.leaseHolder() == "")
            }
        }
    }

    @Test("gives up rounds that do not end, and the lease all the same") func stuckRound() throws {
        try Bench.run { bench in
            try await bench.applyGuide()
            let slow = SlowStatus(bench.cluster.network, delay: .seconds(25), clock: bench.clock)
            try await bench.withProcess(over: slow) { process in
                while slow.underWay == 0 { try await bench.sleep(.milliseconds(10)) }
                let asked = bench.clock.now
                #expect(await process.stopAndWait() == 0)
                #expect(bench.clock.now - asked < .seconds(12))
                #expect(bench.log.text.contains("some rounds are not finished"))
            }
        }
    }

    @Test("waits for another leader, is ready meanwhile, and takes over within three seconds when that one ends") func takeOver() throws {
        try Bench.run { bench in
            try await bench.applyGuide()
            try await bench.withProcess(seed: 1) { first in
                try await bench.sleep(.seconds(5))
                try await bench.withProcess(seed: 2) { second in
                    try await bench.sleep(.seconds(30))
                    #expect(await bench.leaseHolder()?.hasPrefix("pod-1_") == true)
                    #expect(await second.pages.get(8080, "/readyz")?.status == 200)
                    #expect(await second.pages.get(8090, "/metrics")?.text.contains("\nrollouts_leader 0\n") == true)
                    #expect(await first.pages.get(8090, "/metrics")?.text.contains("\nrollouts_leader 1\n") == true)
                    #expect(await first.stopAndWait() == 0)
                    try await bench.sleep(.seconds(3))
                    #expect(await bench.leaseHolder()?.hasPrefix("pod-2_") == true)
                    #expect(await second.stopAndWait() == 0)
                }
            }
        }
    }

    @Test("ends as a follower at once") func followerEnds() throws {
        try Bench.run { bench in
            try await bench.withProcess(seed: 1) { _ in
                try await bench.sleep(.seconds(5))
                try await bench.withProcess(seed: 2) { second in
                    try await bench.sleep(.seconds(5))
                    let asked = bench.clock.now
                    #expect(await second.stopAndWait() == 0)
                    #expect(bench.clock.now - asked < .seconds(1))
                    #expect(await bench.leaseHolder()?.hasPrefix("pod-1_") == true)
                }
            }
        }
    }

    @Test("fails when somebody else has taken the lease") func stolenLease() throws {
        try Bench.run { bench in
            try await bench.withProcess { process in
                try await bench.sleep(.seconds(5))
                let thief: JSONValue = ["spec": ["holderIdentity": "thief", "leaseDurationSeconds": 3600]]
                _ = try await bench.cluster.client(userAgent: "thief").patch(
                    .leases, namespace: "argo-rollouts", name: "argo-rollouts-controller-lock", .merge(thief))
                #expect(await process.wait() == 1)
                #expect(await bench.leaseHolder() == "thief")
                #expect(bench.log.text.contains("no longer leading"))
            }
        }
    }

    @Test("fails when the API server is away for longer than the lease can wait, and stops writing before it expires") func awayServer() throws {
        try Bench.run { bench in
            try await bench.withProcess { process in
                try await bench.sleep(.seconds(5))
                try bench.cluster.network.remove(SimulatedCluster.apiOrigin)
                let away = bench.clock.now
                #expect(await process.wait() == 1)
                #expect(bench.clock.now - away <= .seconds(11))
            }
        }
    }

    @Test("leads without a lease where it is told to be alone") func alone() throws {
        try Bench.run { bench in
            try await bench.applyGuide()
            try await bench.withProcess(["--leader-elect=false"]) { process in
                try await bench.sleep(.seconds(60))
                #expect(await bench.phase() == "Healthy")
                #expect(await bench.leaseHolder() == nil)
                #expect(await process.pages.get(8090, "/metrics")?.text.contains("\nrollouts_leader 1\n") == true)
                #expect(await process.stopAndWait() == 0)
            }
        }
    }

    @Test("has a lease of its own per instance id, and leaves the objects of others alone") func instance() throws {
        try Bench.run { bench in
            try await bench.applyGuide()
            try await bench.withProcess(["--instance-id=new"], environment: ["POD_NAMESPACE": "argo-rollouts"]) { process in
                try await bench.sleep(.seconds(60))
                #expect(await bench.leaseHolder("argo-rollouts-controller-lock-new")?.hasPrefix("pod-1_") == true)
                #expect(await bench.phase() == nil)
                #expect(await process.stopAndWait() == 0)
            }
        }
    }

    @Test("looks after one namespace alone where it is told to") func namespaced() throws {
        try Bench.run { bench in
            try await bench.applyGuide(namespace: "shop")
            try await bench.applyGuide(namespace: "default")
            try await bench.withProcess(["--namespaced", "-n", "shop"]) { process in
                try await bench.sleep(.seconds(60))
                #expect(await bench.phase("shop") == "Healthy")
                #expect(await bench.phase("default") == nil)
                #expect(await process.pages.get(8080, "/readyz")?.status == 200)
                #expect(await process.stopAndWait() == 0)
            }
        }
    }

    @Test("only analyses where it is told to") func onlyAnalysis() throws {
        try Bench.run { bench in
            try await bench.applyGuide()
            try await bench.cluster.apply([
                "apiVersion": "argoproj.io/v1alpha1", "kind": "AnalysisRun", "metadata": ["name": "check"],
                "spec": ["metrics": [["name": "m", "provider": ["web": ["url": "http://x"]]]]],
            ])
            try await bench.withProcess(["--controllers=analysis"]) { process in
                try await bench.sleep(.seconds(60))
                #expect(await bench.phase() == nil)
                let run = await bench.cluster.server.object(.analysisRuns, ObjectKey(namespace: "default", name: "check"))
                #expect(run?.at("status", "phase")?.stringValue != nil)
                #expect(await process.stopAndWait() == 0)
            }
        }
    }

    @Test("says what it does not understand, and starts all the same") func warnings() throws {
        try Bench.run { bench in
            try await bench.withProcess(
                ["--istio-api-version=v1", "--ingress-threads=3", "--token=abcdefgh"], environment: ["DD_ADDRESS": "x"]
            ) { process in
                try await bench.sleep(.seconds(5))
                #expect(bench.log.text.contains("flags=\"--istio-api-version, --ingress-threads\""))
                #expect(bench.log.text.contains("DD_ADDRESS has no effect"))
                #expect(!bench.log.text.contains("abcdefgh"))
                #expect(await process.stopAndWait() == 0)
            }
        }
    }

    @Test("is ready without what only some rollouts need, and not without the rollouts themselves or its lease") func rights() throws {
        let cases: [(verb: String, resource: String, isReady: Bool)] = [
            ("list", "replicasets", true), ("list", "services", true), ("list", "httproutes", true), ("list", "endpointslices", true),
            ("list", "analysisruns", true), ("list", "analysistemplates", true), ("list", "clusteranalysistemplates", true),
            ("watch", "rollouts", true), ("create", "events", true), ("list", "rollouts", false), ("create", "leases", false), ("get", "leases", false),
        ]
        for (verb, resource, isReady) in cases {
            try Bench.run { bench in
                let isClosed = Mutex(true)
                await bench.cluster.server.authorize { attributes in
                    let isMeant = attributes.userAgent.hasPrefix("sluice-controller") && attributes.verb == verb && attributes.resourceInRoles == resource
                    return isMeant && isClosed.withLock { $0 } ? "sluice" : nil
                }
                try await bench.withProcess { process in
                    try await bench.sleep(.seconds(30))
                    let page = await process.pages.get(8080, "/readyz")
                    #expect(page?.status == (isReady ? 200 : 503), "\(verb) \(resource): \(page?.text ?? "")")
                    if !isReady { #expect(page?.text.contains("resources: [\"\(resource)\"], verbs: [\"\(verb)\"]") == true, "\(page?.text ?? "")") }
                    isClosed.withLock { $0 = false }
                    try await bench.sleep(.seconds(60))
                    #expect(await process.pages.get(8080, "/readyz")?.text == "ok")
                    #expect(await process.stopAndWait() == 0)
                }
            }
        }
    }

    @Test("is not ready before the caches are complete, and lives") func notReady() throws {
        try Bench.run { bench in
            let deaf = Deaf(bench.cluster.network, to: "/apis/apps/v1/replicasets")
            try await bench.withProcess(over: deaf) { process in
                try await bench.sleep(.seconds(30))
                let ready = await process.pages.get(8080, "/readyz")
                #expect(ready?.status == 503 && ready?.text == "the caches are not complete yet\n")
                #expect(await process.pages.get(8080, "/livez")?.text == "ok")
                #expect(await process.pages.get(8090, "/metrics")?.text.contains("rollouts_cache_synced{resource=\"replicasets\"} 0\n") == true)
                let asked = bench.clock.now
                #expect(await process.stopAndWait() == 0)
                #expect(bench.clock.now - asked < .seconds(1))
                #expect(await bench.leaseHolder() == "")
            }
        }
    }
}

/// Delays each write to the status of a Rollout.
final class SlowStatus: HTTPTransport {
    private let base: any HTTPTransport
    private let delay: Duration
    private let clock: any ControlClock
    private let counts = Mutex((underWay: 0, finished: 0))

    init(_ base: any HTTPTransport, delay: Duration, clock: any ControlClock) {
        self.base = base
        self.delay = delay
        self.clock = clock
    }

    var underWay: Int { counts.withLock { $0.underWay } }
    var finished: Int { counts.withLock { $0.finished } }

    func send(_ request: TransportRequest) async throws(TransportError) -> TransportResponse {
        guard request.url.contains("/rollouts/"), request.url.hasSuffix("/status") else { return try await base.send(request) }
        counts.withLock { $0.underWay += 1 }
        defer { counts.withLock { $0.underWay -= 1 } }
        do { try await clock.sleep(until: clock.now + delay, tolerance: nil) } catch { throw .cancelled }
        let response = try await base.send(request)
        counts.withLock { $0.finished += 1 }
        return response
    }
}

/// Never gets an answer about one path.
struct Deaf: HTTPTransport {
    private let base: any HTTPTransport
    private let path: String

    init(_ base: any HTTPTransport, to path: String) {
        self.base = base
        self.path = path
    }

    func send(_ request: TransportRequest) async throws(TransportError) -> TransportResponse {
        guard request.url.contains(path) else { return try await base.send(request) }
        throw .connectionLost(cause: "Connection reset by peer")
    }
}
