import Clockwork
import EmbeddedAPIServer
import KubeClient
import KubeModel
import SimulatedCluster
import StrictJSON
import Testing

@Suite("A Job") struct JobTests {
    @Test func runsOnePodToItsEnd() throws {
        try simulate(settings: brisk) { cluster, clock in
            let started = clock.now
            try await cluster.apply(job())
            let done = try await cluster.waitEnded()
            #expect(clock.now - started == .milliseconds(2600))
            #expect(conditions(of: done) == ["Complete=True "])
            #expect(done["status"]?["succeeded"] == 1)
            for member in ["active", "failed", "uncountedTerminatedPods"] { #expect(done["status"]?[member] == nil, "\(member)") }
            #expect(done.at("status", "startTime") != nil && done.at("status", "completionTime") != nil)
            try await cluster.sleep(.seconds(5))
            let pod = try #require(await cluster.pods().first)
            #expect(pod.phase == .succeeded && pod.exitCode == 0)
            #expect(pod.metadata.finalizers == ["simulated-cluster/kubelet"], "it is counted, so its Job lets go of it")
            #expect(pod.metadata.labels["job-name"] == "task" && pod.metadata.controller?.kind == "Job")
        }
    }

    @Test func runsAsManyAtOnceAsItMayUntilAllAreDone() throws {
        try simulate(settings: brisk) { cluster, _ in
            let most = Most()
            cluster.onWrite { _, state in most.note(state.objects(of: .pods).count { ["Pending", "Running"].contains($0.at("status", "phase")) }) }
            try await cluster.apply(job { $0["completions"] = 5; $0["parallelism"] = 2 })
            let done = try await cluster.waitEnded()
            #expect(done["status"]?["succeeded"] == 5)
            #expect(most.value == 2)
            #expect(await cluster.pods().count == 5)
        }
    }

    @Test func startsNoFurtherPodsAfterTheFirstSuccessWhereNoNumberIsGiven() throws {
        try simulate(settings: brisk) { cluster, _ in
            try await cluster.apply(job { $0["parallelism"] = 3 })
            let done = try await cluster.waitEnded()
            #expect(done["status"]?["succeeded"] == 3)
            #expect(await cluster.pods().count == 3)
        }
    }

    @Test func triesAgainAfterGrowingPausesAndFailsBeyondItsLimit() throws {
        try simulate(settings: brisk) { cluster, clock in
            let started = clock.now
            try await cluster.apply(job(image: "task:crash") { $0["backoffLimit"] = 2 })
            let done = try await cluster.waitEnded()
            #expect(conditions(of: done) == ["Failed=True BackoffLimitExceeded"])
            #expect(done["status"]?["failed"] == 3)
            #expect(done["status"]?["completionTime"] == nil)
            #expect(await cluster.pods().map(\.phase) == [.failed, .failed, .failed])
            // Three runs, ten and twenty seconds between them; ends are kept in whole seconds.
            #expect((36...38).contains(Int((clock.now - started).inSeconds)), "\(clock.now - started)")
        }
    }

    @Test func followsItsScriptOfExitCodes() throws {
        try simulate(settings: brisk) { cluster, _ in
            try await cluster.apply(job(annotations: ["simulated-cluster/exit-codes": "3, 1, 0", "simulated-cluster/run-duration": "20s"]))
            let done = try await cluster.waitEnded()
            #expect(conditions(of: done) == ["Complete=True "])
            #expect(done["status"]?["failed"] == 2 && done["status"]?["succeeded"] == 1)
            #expect(await cluster.pods().compactMap(\.exitCode).sorted() == [0, 1, 3])
        }
    }

    @Test func restartsContainersInTheirPodWhereItSaysSo() throws {
        try simulate(settings: brisk) { cluster, _ in
            try await cluster.apply(job(policy: "OnFailure", annotations: ["simulated-cluster/exit-codes": "1,1,0"]))
            let done = try await cluster.waitEnded()
            #expect(conditions(of: done) == ["Complete=True "])
            #expect(await cluster.pods().count == 1)
            try await cluster.client(userAgent: "kubectl").delete(.jobs, namespace: "default", name: "task")
            try await cluster.apply(job(policy: "OnFailure", image: "task:crash") { $0["backoffLimit"] = 2 })
            let failed = try await cluster.waitEnded()
            #expect(conditions(of: failed) == ["Failed=True BackoffLimitExceeded"])
            try await cluster.waitUntil("its pod is ended") { $0.objects(of: .pods).isEmpty }
        }
    }

    @Test func isEndedAtItsDeadline() throws {
        try simulate(settings: brisk) { cluster, clock in
            let started = clock.now
            try await cluster.apply(job(image: "task:never") { $0["activeDeadlineSeconds"] = 30; $0["completions"] = 2; $0["parallelism"] = 2 })
            let done = try await cluster.waitEnded()
            #expect(Int((clock.now - started).inSeconds) == 30)
            #expect(conditions(of: done) == ["Failed=True DeadlineExceeded"])
            #expect(done["status"]?["failed"] == 2 && done["status"]?["active"] == nil)
            try await cluster.waitUntil("its pods are gone") { $0.objects(of: .pods).isEmpty }
        }
    }

    @Test func isRemovedWithItsPodsWhenItsTimeAfterTheEndIsOver() throws {
        try simulate(settings: brisk) { cluster, clock in
            try await cluster.apply(job { $0["ttlSecondsAfterFinished"] = 60 })
            try await cluster.waitEnded()
            let ended = clock.now
            try await cluster.waitUntil { $0.object(.jobs, ObjectKey(namespace: "default", name: "task")) == nil }
            #expect((59...60).contains(Int((clock.now - ended).inSeconds)))
            try await cluster.waitUntil { $0.objects(of: .pods).isEmpty }
        }
    }

    @Test func standsStillWhileItIsSuspended() throws {
        try simulate(settings: brisk) { cluster, _ in
            try await cluster.apply(job(annotations: ["simulated-cluster/run-duration": "1m"]) { $0["suspend"] = true })
            try await cluster.sleep(.seconds(10))
            var seen = try #require(await cluster.job())
            #expect(conditions(of: seen) == ["Suspended=True JobSuspended"])
            #expect(seen["status"]?["startTime"] == nil)
            #expect(await cluster.pods().isEmpty)
            try await cluster.suspend(false)
            try await cluster.waitUntil { $0.objects(of: .pods).count == 1 }
            try await cluster.suspend(true)
            try await cluster.waitUntil { $0.objects(of: .pods).isEmpty }
            seen = try #require(await cluster.job())
            #expect(seen["status"]?["failed"] == nil, "pods that were ended for it have not failed")
            try await cluster.suspend(false)
            let done = try await cluster.waitEnded()
            #expect(conditions(of: done) == ["Complete=True ", "Suspended=False JobResumed"])
        }
    }

    @Test func countsAPodThatSomebodyDeletesAsFailed() throws {
        try simulate(settings: brisk) { cluster, _ in
            try await cluster.apply(job(annotations: ["simulated-cluster/run-duration": "5m"]))
            try await cluster.waitUntil { $0.objects(of: .pods).contains { $0.at("status", "phase") == "Running" } }
            try await cluster.deletePods { _ in true }
            let done = try await cluster.waitEnded()
            #expect(done["status"]?["failed"] == 1 && done["status"]?["succeeded"] == 1)
        }
    }

    @Test func takesItsPodsAlongWhenItGoes() throws {
        try simulate(settings: brisk) { cluster, _ in
            try await cluster.apply(job(image: "task:never") { $0["parallelism"] = 3; $0["completions"] = 3 })
            try await cluster.waitUntil { $0.objects(of: .pods).count == 3 }
            try await cluster.client(userAgent: "kubectl").delete(.jobs, namespace: "default", name: "task")
            try await cluster.waitUntil { $0.objects(of: .pods).isEmpty }
        }
    }

    @Test func costsNoWriteWhenNothingChanges() throws {
        try simulate(settings: brisk) { cluster, _ in
            try await cluster.apply(job())
            try await cluster.waitEnded()
            try await cluster.sleep(.seconds(5))
            let settled = cluster.journal.count
            try await cluster.sleep(.seconds(3600))
            #expect(cluster.journal.count == settled)
        }
    }
}

// MARK: -

/// Pods run 0.6 s after they exist, for two seconds.
private var brisk: ClusterSettings {
    var settings = punctual
    settings.runDuration = .exactly(.seconds(2))
    return settings
}

private func job(
    policy: String = "Never", image: String = "task:v1", annotations: [String: String] = [:], _ change: (inout JSONValue) -> Void = { _ in }
) -> JSONValue {
    var spec: JSONValue = [
        "template": [
            "metadata": ["annotations": JSONValue(annotations)],
            "spec": ["restartPolicy": .string(policy), "containers": [["name": "task", "image": .string(image)]]],
        ]
    ]
    change(&spec)
    return ["apiVersion": "batch/v1", "kind": "Job", "metadata": ["name": "task"], "spec": spec]
}

extension SimulatedCluster {
    fileprivate func job() async -> JSONValue? { await server.state.object(.jobs, ObjectKey(namespace: "default", name: "task")) }

    @discardableResult
    fileprivate func waitEnded() async throws -> JSONValue {
        try await waitUntil("the Job has ended") { state in
            conditions(of: state.object(.jobs, ObjectKey(namespace: "default", name: "task"))).contains {
                $0.hasPrefix("Complete=True") || $0.hasPrefix("Failed=True")
            }
        }
        return try #require(await job())
    }

    fileprivate func suspend(_ isSuspended: Bool) async throws {
        _ = try await client(userAgent: "kubectl").patch(
            .jobs, namespace: "default", name: "task", .merge(["spec": ["suspend": .bool(isSuspended)]]))
    }
}
