import Clockwork
import KubeClient
import KubeModel
import SimulatedCluster
import StrictJSON
import Testing

@Suite("Pods of a ReplicaSet") struct WorkloadTests {
    @Test func areReadyExactlyWhenTheSettingsSay() throws {
        let (ready, at) = try simulate(settings: punctual) { cluster, clock in
            let start = clock.now
            try await cluster.apply(replicaSet(replicas: 3))
            try await cluster.waitUntil { $0.replicaSet()?.status.readyReplicas == 3 }
            return (await cluster.pods().filter(\.isReady).count, clock.now - start)
        }
        #expect(ready == 3)
        #expect(at == .milliseconds(600))
    }

    @Test func becomeAvailableAfterMinReadySeconds() throws {
        try simulate(settings: punctual) { cluster, clock in
            try await cluster.apply(replicaSet(replicas: 2, minReadySeconds: 10))
            try await cluster.waitUntil { $0.replicaSet()?.status.readyReplicas == 2 }
            let ready = clock.now
            let status = await cluster.server.state.replicaSet()?.status
            #expect(status?.availableReplicas == 0)
            try await cluster.waitUntil { $0.replicaSet()?.status.availableReplicas == 2 }
            // Since the time of readiness is kept in whole seconds, it comes up to a second early, as on a real cluster.
            #expect(clock.now - ready == .milliseconds(9400))
        }
    }

    static let tags: [(tag: String, phase: Pod.Phase, ready: Int, restarts: Int)] = [
        ("v2", .running, 1, 0), ("bad", .running, 0, 0), ("never", .running, 0, 0), ("bad-v2", .running, 0, 0), ("crash", .running, 0, 1),
        ("pending", .pending, 0, 0), ("slow", .pending, 0, 0),
    ]

    @Test(arguments: tags) func doWhatTheirTagSays(tag: String, phase: Pod.Phase, ready: Int, restarts: Int) throws {
        let pods = try simulate(settings: punctual) { cluster, _ in
            try await cluster.apply(replicaSet(replicas: 1, image: "registry:5000/web:\(tag)"))
            try await cluster.sleep(.seconds(5))
            return await cluster.pods()
        }
        #expect(pods.map(\.phase) == [phase])
        #expect(pods.filter(\.isReady).count == ready)
        #expect(pods.map(\.restarts) == [restarts])
    }

    @Test func ofASlowImageAreReadyAfterSixSeconds() throws {
        try simulate { cluster, clock in
            let start = clock.now
            try await cluster.apply(replicaSet(replicas: 1, image: "web:slow-v3"))
            try await cluster.waitUntil { $0.replicaSet()?.status.readyReplicas == 1 }
            #expect(clock.now - start == .seconds(6))
        }
    }

    @Test func carryTheTemplateAndTheirOwner() throws {
        try simulate(settings: punctual) { cluster, _ in
            try await cluster.apply(replicaSet(replicas: 1))
            try await cluster.waitUntil { $0.replicaSet()?.status.replicas == 1 }
            let pod = try #require(await cluster.pods().first)
            #expect(pod.metadata.name.hasPrefix("web-") && pod.metadata.name.count == 9)
            #expect(pod.revision == "h1")
            #expect(pod.image == "web:v1")
            #expect(pod.metadata.controller?.name == "web")
        }
    }

    @Test func areDeletedNotReadyOnesFirstAndVanishAfterAMoment() throws {
        try simulate(settings: punctual) { cluster, clock in
            try await cluster.apply(replicaSet(replicas: 4))
            try await cluster.waitUntil { $0.replicaSet()?.status.readyReplicas == 4 }
            let victim = try #require(await cluster.pods().dropFirst(2).first)
            await cluster.setReadiness(false) { $0.key == victim.key }
            try await cluster.waitUntil { $0.replicaSet()?.status.readyReplicas == 3 }
            try await cluster.apply(replicaSet(replicas: 3))
            try await cluster.waitUntil { $0.replicaSet()?.status.replicas == 3 }
            let leaving = await cluster.pods().filter(\.metadata.isBeingDeleted).map(\.key)
            #expect(leaving == [victim.key])
            let before = clock.now
            try await cluster.waitUntil { $0.objects(of: .pods).count == 3 }
            #expect(clock.now - before == .seconds(1))
        }
    }

    @Test func comeAgainWhenTheyAreDeleted() throws {
        try simulate(settings: punctual) { cluster, _ in
            try await cluster.apply(replicaSet(replicas: 2))
            try await cluster.waitUntil { $0.replicaSet()?.status.readyReplicas == 2 }
            let first = Set(await cluster.pods().map(\.metadata.uid))
            try await cluster.deletePods { _ in true }
            try await cluster.waitUntil { state in
                state.replicaSet()?.status.readyReplicas == 2
                    && state.objects(of: .pods).allSatisfy { !first.contains($0.at("metadata", "uid")?.stringValue ?? "") }
            }
            let found = await cluster.pods().count
            #expect(found == 2)
        }
    }

    @Test func areRefusedBeyondTheQuotaAndTheReplicaSetSaysSo() throws {
        try simulate(settings: punctual) { cluster, _ in
            cluster.setPodQuota(2, namespace: "default")
            try await cluster.apply(replicaSet(replicas: 3))
            try await cluster.waitUntil { $0.replicaSet()?.status.conditions.condition("ReplicaFailure") != nil }
            let failure = await cluster.server.state.replicaSet()?.status.conditions.condition("ReplicaFailure")
            #expect(failure?.reason == "FailedCreate")
            #expect(failure?.message.contains("exceeded quota") ?? false)
            cluster.setPodQuota(nil, namespace: "default")
            try await cluster.waitUntil { $0.replicaSet()?.status.readyReplicas == 3 }
            let status = await cluster.server.state.replicaSet()?.status
            #expect(status?.conditions == [])
        }
    }

    @Test func followABehaviourThatChangesWhileTheyRun() throws {
        try simulate(settings: punctual) { cluster, _ in
            try await cluster.apply(replicaSet(replicas: 2))
            try await cluster.waitUntil { $0.replicaSet()?.status.readyReplicas == 2 }
            cluster.setBehaviour(.crashing, ofImage: "web:v1")
            try await cluster.waitUntil { $0.replicaSet()?.status.readyReplicas == 0 }
            let found = await cluster.pods().map(\.restarts)
            #expect(found == [1, 1])
            cluster.setBehaviour(nil, ofImage: "web:v1")
            try await cluster.waitUntil { $0.replicaSet()?.status.readyReplicas == 2 }
        }
    }

    @Test func goWithTheirReplicaSet() throws {
        try simulate(settings: punctual) { cluster, _ in
            try await cluster.apply(replicaSet(replicas: 2))
            try await cluster.waitUntil { $0.replicaSet()?.status.readyReplicas == 2 }
            try await cluster.client(userAgent: "kubectl").delete(.replicaSets, namespace: "default", name: "web")
            try await cluster.waitUntil { $0.objects(of: .pods).isEmpty }
        }
    }

    @Test func moveFromOneRevisionToAnother() throws {
        try simulate { cluster, _ in
            try await cluster.apply(replicaSet("web-h1", replicas: 5))
            try await cluster.waitUntil { $0.replicaSet("web-h1")?.status.availableReplicas == 5 }
            for step in 1...5 {
                try await cluster.apply(replicaSet("web-h2", replicas: step, image: "web:v2", hash: "h2"))
                try await cluster.waitUntil { $0.replicaSet("web-h2")?.status.availableReplicas == step }
                try await cluster.apply(replicaSet("web-h1", replicas: 5 - step))
                try await cluster.waitUntil { $0.replicaSet("web-h1")?.status.replicas == 5 - step }
                let found = await cluster.pods(revision: "h1").filter(\.isActive).count
                #expect(found == 5 - step)
            }
            let found = await cluster.podsByRevision(namespace: "default")["h2"]?.filter(\.isReady).count
            #expect(found == 5)
        }
    }

    @Test func costNoWriteWhenNothingChanges() throws {
        try simulate(settings: punctual) { cluster, _ in
            try await cluster.apply(replicaSet(replicas: 3))
            try await cluster.waitUntil { $0.replicaSet()?.status.readyReplicas == 3 }
            let settled = cluster.journal.count
            try await cluster.sleep(.seconds(3600))
            #expect(cluster.journal.count == settled)
            // The ReplicaSet, three pods twice, and counts: seen, existing, ready.
            #expect(settled <= 1 + 2 * 3 + 5, "\(cluster.journal.text)")
        }
    }
}
