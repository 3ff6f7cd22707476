import ControllerKit
import CurlTransport
import KubeClient
import SimulatedCluster
import Testing

/// The twins of the Deployment and Job controllers beside the real kube-controller-manager.
@Suite("EndToEnd: workload controllers", .serialized) struct WorkloadComparisonTests {
    @Test("Deployments and Jobs end as they do with kube-controller-manager") func sameEnds() async throws {
        try await ControlPlane.running { plane in
            let transport = CurlTransport()
            let api = try AdminAPI(kubeconfig: try #require(plane.parts["KUBECONFIG"]), transport: transport)
            let real: [String] = try await withThrowingTaskGroup(of: [String]?.self) { group in
                group.addTask {
                    await KubeletStandIn(api: api).run()
                    return nil
                }
                group.addTask { try await Self.play(api.client) }
                defer { group.cancelAll() }
                while let seen = try await group.next() { if let seen { return seen } }
                throw CommandFailure("the story had no end")
            }
            await transport.shutdown()
            var settings = ClusterSettings()
            settings.readyDelay = .exactly(.milliseconds(200))
            settings.runDuration = .exactly(.milliseconds(200))
            settings.terminationDelay = .milliseconds(100)
            let cluster = try await SimulatedCluster(clock: SystemClock(), seed: 1, settings: settings)
            let twin: [String] = try await cluster.running { try await Self.play($0.client(userAgent: "kubectl")) }
            print("""
                workloads: \(real.count) states of Deployments and Jobs with kube-controller-manager \(plane.parts["SERVER_VERSION"] ?? "") and with the \
                twins: \(zip(real, twin).count { Self.isSame($0, $1) }) equal
                """)
            #expect(real.count == twin.count && real.count >= 18)
            for (theirs, ours) in zip(real, twin) { #expect(Self.isSame(theirs, ours), "theirs: \(theirs)\nours: \(ours)") }
        }
    }

    /// Whether both ended alike. The real Job controller counts the Pods that it ends at a deadline in the same round in which it
    /// deletes them: when that round's status meets a conflict, the next one finds no Pod and says that none has failed.
    private static func isSame(_ theirs: String, _ ours: String) -> Bool {
        theirs == ours || (ours.contains("DeadlineExceeded Job") && theirs == ours.replacing("failed 2", with: "failed -"))
    }

    private static func play(_ client: KubeClient) async throws -> [String] {
        let story = WorkloadStory(client: client)
        async let deployments: [String] = story.deployments()
        async let jobs: [String] = story.jobs()
        return try await deployments + jobs
    }
}
