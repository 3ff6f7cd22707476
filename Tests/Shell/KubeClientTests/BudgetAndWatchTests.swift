import Clockwork
@testable import KubeClient
import HTTPTransport
import KubeModel
import SimulatedTime
import StrictJSON
import Testing

@Suite("The rate budget") struct RateBudgetTests {
    @Test func isABucket() {
        var bucket = TokenBucket(perSecond: 10, burst: 3)
        let start = Timestamp(secondsSince1970: 1000)
        let waits = (0..<5).map { _ in bucket.take(now: start) }
        #expect(waits == [.zero, .zero, .zero, .milliseconds(100), .milliseconds(200)])
        #expect(bucket.take(now: start + .milliseconds(200)) == .milliseconds(100))
        bucket.giveBack()
        #expect(bucket.take(now: start + .milliseconds(200)) == .milliseconds(100))
        let later = start + .seconds(60)
        #expect((0..<4).map { _ in bucket.take(now: later) } == [.zero, .zero, .zero, .milliseconds(100)])
    }

    @Test func letsSafetyWritesPass() throws {
        let loop = SimulationLoop(seed: 1)
        let clock = VirtualClock(loop: loop)
        let budget = RateBudget(perSecond: 1, burst: 1)
        let times = try loop.run {
            var times: [Duration] = []
            for priority in [RateBudget.Priority.normal, .normal, .safety, .normal] {
                times.append(try await budget.acquire(.write, priority, clock: clock))
            }
            times.append(try await budget.acquire(.read, .normal, clock: clock))
            return times
        }
        // The safety write borrowed the second that the one behind it waits longer.
        #expect(times == [.zero, .seconds(1), .zero, .seconds(2), .zero])
    }

    @Test func keepsAKindFromWaitingForAnother() throws {
        let loop = SimulationLoop(seed: 1)
        let clock = VirtualClock(loop: loop)
        let budget = RateBudget(perSecond: 1, burst: 1)
        let waits = try loop.run {
            var waits: [Duration] = []
            for kind in [RateBudget.Kind.event, .event, .write, .read] { waits.append(try await budget.acquire(kind, .normal, clock: clock)) }
            return waits
        }
        #expect(waits == [.zero, .seconds(1), .zero, .zero])
    }

    @Test func waitsWhenTheServerAsksForIt() throws {
        let loop = SimulationLoop(seed: 1)
        let clock = VirtualClock(loop: loop)
        let budget = RateBudget(perSecond: 100, burst: 100)
        let waits = try loop.run {
            budget.hold(for: .seconds(3), now: clock.now)
            // Another refusal that asks for less.
            budget.hold(for: nil, now: clock.now)
            var waits: [Duration] = [try await budget.acquire(.write, .safety, clock: clock)]
            for kind in [RateBudget.Kind.write, .read, .event] { waits.append(try await budget.acquire(kind, .normal, clock: clock)) }
            return waits
        }
        #expect(waits == [.zero, .seconds(3), .zero, .zero])
    }

    @Test func asksNobodyToWaitWithoutLimits() throws {
        let loop = SimulationLoop(seed: 1)
        let clock = VirtualClock(loop: loop)
        let wait = try loop.run {
            RateBudget.unlimited.hold(for: .seconds(3), now: clock.now)
            return try await RateBudget.unlimited.acquire(.read, .normal, clock: clock)
        }
        #expect(wait == .zero)
    }

    @Test func takesBackTheShareOfWhoGivesUp() throws {
        let loop = SimulationLoop(seed: 1)
        let clock = VirtualClock(loop: loop)
        let budget = RateBudget(perSecond: 1, burst: 1)
        let (error, waited) = try loop.run {
            _ = try await budget.acquire(.write, .normal, clock: clock)
            let error: KubeError? = await withTaskGroup(of: KubeError?.self) { group in
                group.addTask {
                    do throws(KubeError) {
                        _ = try await budget.acquire(.write, .normal, clock: clock)
                        return nil
                    } catch { return error }
                }
                await Task.yield()
                group.cancelAll()
                return await group.next() ?? nil
            }
            return (error, try await budget.acquire(.write, .normal, clock: clock))
        }
        #expect(error == .cancelled)
        #expect(waited == .seconds(1))
    }
}

@Suite("A watch") struct WatchTests {
    @Test func isReadLineByLine() async throws {
        let body = """
            {"type":"ADDED","object":{"metadata":{"resourceVersion":"2"}}}
            {"type":"MODIFIED","object":{"metadata":{"resourceVersion":"3"}}}

            {"type":"DELETED","object":{"metadata":{"resourceVersion":"4"}}}
            {"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"5"}}}
            {"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired","message":"too old"}}
            """
        let transport = ScriptedTransport(.response(200, body))
        let stream = try await client(transport).watch(
            .pods, namespace: "n", selection: Selection(labels: "a=b"), from: "1", timeout: .seconds(60))
        var events: [WatchEvent] = []
        for try await event in stream { events.append(event) }
        let object = { (version: String) -> JSONValue in ["metadata": ["resourceVersion": .string(version)]] }
        #expect(events == [
            .added(object("2")), .modified(object("3")), .deleted(object("4")), .bookmark(resourceVersion: "5"),
            .failed(APIStatus(code: 410, reason: "Expired", message: "too old")),
        ])
        let request = try #require(transport.requests.first)
        #expect(request.url == "https://api:6443/api/v1/namespaces/n/pods?labelSelector=a%3Db&watch=true&resourceVersion=1&allowWatchBookmarks=true&timeoutSeconds=60")
        #expect(request.timeouts.total == nil)
        #expect(request.timeouts.idle == .seconds(75))
        #expect(request.responseLimit == .max)
        #expect(request.lane == .reads)
    }

    @Test(arguments: [
        "{", "[]", #"{"type":"ADDED"}"#, #"{"type":"NEW","object":{}}"#, #"{"object":{}}"#, #"{"type":"BOOKMARK","object":{}}"#,
        #"{"type":"ADDED","object":[]}"#,
    ]) func refusesOtherLines(line: String) async throws {
        let stream = try await client(ScriptedTransport(.response(200, line))).watch(.pods, namespace: "n", from: "1")
        let error = await #expect(throws: KubeError.self) { for try await _ in stream {} }
        #expect(error?.label == "bad_response")
    }

    @Test func mayBeRefused() async {
        let error = await #expect(throws: KubeError.self) {
            try await client(ScriptedTransport(.response(410, "{}"))).watch(.pods, namespace: "n", from: "1")
        }
        #expect(error?.label == "gone")
    }
}

@Suite("Discovery") struct DiscoveryTests {
    static let argo = """
        {"kind": "APIResourceList", "resources": [
          {"name": "rollouts", "kind": "Rollout", "namespaced": true, "verbs": ["get", "list"]}, {"name": "rollouts/status"}, {"name": "rollouts/scale"},
          {"name": "analysisruns", "kind": "AnalysisRun", "namespaced": true, "verbs": []}]}
        """
    static let groups = """
        {"groups": [{"name": "gateway.networking.k8s.io", "versions": [{"version": "v1beta1"}, {"version": "v1"}], "preferredVersion": {"version": "v1beta1"}}]}
        """

    @Test func isAskedOnce() async throws {
        let transport = ScriptedTransport(.response(200, Self.argo))
        let discovery = Discovery(client: client(transport))
        #expect(try await discovery.has("status", of: .rollouts))
        #expect(try await discovery.has("scale", of: .rollouts))
        #expect(try await !discovery.has("status", of: .analysisRuns))
        #expect(try await discovery.resource(.experiments) == nil)
        #expect(try await discovery.resource(.rollouts)?.kind == "Rollout")
        #expect(transport.requests.map(\.url) == ["https://api:6443/apis/argoproj.io/v1alpha1"])
    }

    @Test func findsTheVersionThatIsServed() async throws {
        let transport = ScriptedTransport(
            .response(200, Self.groups), .response(200, #"{"resources": [{"name": "gateways"}]}"#),
            .response(200, #"{"resources": [{"name": "gateways"}, {"name": "httproutes"}]}"#))
        let discovery = Discovery(client: client(transport))
        #expect(try await discovery.served(.gateways) == .gateways)
        #expect(try await discovery.served(.httpRoutes)?.version == "v1beta1")
        #expect(try await discovery.served(.rollouts) == nil)
        #expect(try await discovery.preferredVersion(of: "gateway.networking.k8s.io") == "v1beta1")
        #expect(transport.requests.count == 3)
    }

    @Test func remembersWhatIsAbsentUntilToldToForget() async throws {
        let transport = ScriptedTransport(.response(404, "404 page not found"), .response(200, Self.argo))
        let discovery = Discovery(client: client(transport))
        #expect(try await discovery.resource(.rollouts) == nil)
        #expect(try await discovery.resource(.rollouts) == nil)
        await discovery.forget()
        #expect(try await discovery.resource(.rollouts) != nil)
    }

    @Test func decidesWhereAStatusIsWritten() async throws {
        let transport = ScriptedTransport(.response(200, Self.argo), .response(200, "{}"), .response(200, "{}"), .response(200, "{}"), .response(200, "{}"))
        let kube = client(transport)
        let discovery = Discovery(client: kube)
        _ = try await kube.patchStatus(.rollouts, namespace: "n", name: "a", ["status": [:]], discovery: discovery)
        _ = try await kube.patchStatus(.analysisRuns, namespace: "n", name: "a", ["status": [:]], discovery: discovery)
        _ = try await kube.setReplicas(.rollouts, namespace: "n", name: "a", 3, discovery: discovery)
        _ = try await kube.setReplicas(.analysisRuns, namespace: "n", name: "a", 3, discovery: discovery)
        #expect(transport.requests.dropFirst().map { $0.url.split(separator: "/").suffix(2).joined(separator: "/") } == [
            "a/status", "analysisruns/a", "a/scale", "analysisruns/a",
        ])
    }
}
