import Clockwork
import EmbeddedAPIServer
import KubeClient
import KubeModel
import SimulatedCluster
import StrictJSON
import Testing

@Suite("A Deployment") struct DeploymentTests {
    @Test func makesPodsByWayOfAReplicaSetOfItsTemplate() throws {
        try simulate(settings: punctual) { cluster, _ in
            try await cluster.apply(deployment(replicas: 3))
            let done = try await cluster.waitDeployed()
            let status = try #require(done["status"])
            #expect(status["replicas"] == 3 && status["updatedReplicas"] == 3 && status["readyReplicas"] == 3 && status["availableReplicas"] == 3)
            #expect(status["unavailableReplicas"] == nil)
            #expect(status["observedGeneration"] == done.at("metadata", "generation"))
            #expect(done.at("metadata", "generation") == 1, "the annotation that the controller writes is no new generation")
            #expect(conditions(of: done) == ["Available=True MinimumReplicasAvailable", "Progressing=True NewReplicaSetAvailable"])
            let set = try #require(await cluster.replicaSets().first)
            let hash = try #require(set.metadata.labels["pod-template-hash"])
            #expect(set.metadata.name == "web-\(hash)")
            #expect(set.metadata.controller?.kind == "Deployment")
            #expect(set.metadata.annotations["deployment.kubernetes.io/revision"] == "1")
            #expect(set.metadata.annotations["deployment.kubernetes.io/desired-replicas"] == "3")
            #expect(set.metadata.annotations["deployment.kubernetes.io/max-replicas"] == "4")
            #expect(set.selector.matchLabels == ["app": "web", "pod-template-hash": hash])
            #expect(await cluster.pods().allSatisfy { $0.metadata.labels["pod-template-hash"] == hash })
            #expect(done.at("metadata", "annotations", "deployment.kubernetes.io/revision") == "1")
        }
    }

    static let limits: [(surge: JSONValue, unavailable: JSONValue, most: Int, least: Int)] = [
        ("25%", "25%", 13, 8), (0, 1, 10, 9), (1, 0, 11, 10), ("100%", 0, 20, 10), ("1%", "1%", 11, 10),
    ]

    @Test(arguments: limits) func keepsToItsLimitsWhileItRolls(surge: JSONValue, unavailable: JSONValue, most: Int, least: Int) throws {
        try simulate { cluster, _ in
            let strategy: JSONValue = ["type": "RollingUpdate", "rollingUpdate": ["maxSurge": surge, "maxUnavailable": unavailable]]
            try await cluster.apply(deployment(replicas: 10, strategy: strategy))
            try await cluster.waitDeployed()
            let extremes = Extremes()
            cluster.onWrite { _, state in extremes.note(state) }
            try await cluster.apply(deployment(replicas: 10, image: "web:v2", strategy: strategy))
            try await cluster.waitDeployed(revision: 2)
            #expect(extremes.mostWanted == most)
            #expect(extremes.leastReady >= least, "\(extremes.leastReady)")
            #expect(await cluster.replicaSets().map(\.replicas) == [0, 10])
        }
    }

    @Test func recreatesOnlyWhenTheLastOldPodIsGone() throws {
        try simulate { cluster, _ in
            try await cluster.apply(deployment(replicas: 3, strategy: ["type": "Recreate"]))
            try await cluster.waitDeployed()
            let images = Images()
            cluster.onWrite { _, state in images.note(state) }
            try await cluster.apply(deployment(replicas: 3, image: "web:v2", strategy: ["type": "Recreate"]))
            try await cluster.waitDeployed(revision: 2)
            #expect(images.mixtures == [])
            #expect(await cluster.pods().map(\.image) == ["web:v2", "web:v2", "web:v2"])
        }
    }

    @Test func goesBackToATemplateByItsReplicaSet() throws {
        try simulate(settings: punctual) { cluster, _ in
            for (index, image) in ["web:v1", "web:v2", "web:v1"].enumerated() {
                try await cluster.apply(deployment(replicas: 2, image: image))
                try await cluster.waitDeployed(revision: index + 1)
            }
            // Made within one second, they have no order but this.
            let sets = await cluster.replicaSets().sorted { ($0.replicas ?? 0) > ($1.replicas ?? 0) }
            #expect(sets.map { $0.metadata.annotations["deployment.kubernetes.io/revision"] } == ["3", "2"])
            #expect(sets.map(\.replicas) == [2, 0])
            #expect(sets.first?.metadata.annotations["deployment.kubernetes.io/revision-history"] == "1")
        }
    }

    @Test func keepsAsManyOldReplicaSetsAsItIsTold() throws {
        try simulate(settings: punctual) { cluster, _ in
            for version in 1...5 {
                try await cluster.apply(deployment(replicas: 1, image: "web:v\(version)") { $0["revisionHistoryLimit"] = 2 })
                try await cluster.waitDeployed(revision: version)
            }
            try await cluster.waitUntil { $0.objects(of: .replicaSets).count == 3 }
            let revisions = await cluster.replicaSets().compactMap { $0.metadata.annotations["deployment.kubernetes.io/revision"] }
            #expect(revisions.sorted() == ["3", "4", "5"])
        }
    }

    @Test func isStuckAfterItsDeadlineAndSaysSoAndComesFreeByAnotherTemplate() throws {
        try simulate(settings: punctual) { cluster, clock in
            try await cluster.apply(deployment(replicas: 4) { $0["progressDeadlineSeconds"] = 30 })
            try await cluster.waitDeployed()
            try await cluster.apply(deployment(replicas: 4, image: "web:never") { $0["progressDeadlineSeconds"] = 30 })
            let begun = clock.now
            try await cluster.waitUntil { conditions(of: $0.deployment()).contains("Progressing=False ProgressDeadlineExceeded") }
            #expect((30...35).contains(Int((clock.now - begun).inSeconds)))
            let stuck = await cluster.server.state.deployment()
            #expect(conditions(of: stuck).contains("Available=True MinimumReplicasAvailable"))
            #expect(stuck?.at("status", "unavailableReplicas") == 2)
            try await cluster.apply(deployment(replicas: 4, image: "web:v3") { $0["progressDeadlineSeconds"] = 30 })
            try await cluster.waitDeployed(revision: 3)
        }
    }

    @Test func sharesANewSizeInProportionInTheMiddleOfARollout() throws {
        try simulate(settings: punctual) { cluster, _ in
            try await cluster.apply(deployment(replicas: 10))
            try await cluster.waitDeployed()
            try await cluster.apply(deployment(replicas: 10, image: "web:never"))
            try await cluster.sleep(.seconds(20))
            // As in Kubernetes' own example: 8 old and 5 new pods become 12 and 7.
            #expect(await cluster.replicaSets().map(\.replicas) == [8, 5])
            let scale: JSONValue = ["spec": ["replicas": 15]]
            _ = try await cluster.client(userAgent: "kubectl").patch(
                .deployments, namespace: "default", name: "web", subresource: "scale", .merge(scale))
            try await cluster.sleep(.seconds(20))
            #expect(await cluster.replicaSets().map(\.replicas) == [12, 7])
        }
    }

    @Test func doesNotRollWhileItIsPausedButScales() throws {
        try simulate(settings: punctual) { cluster, _ in
            try await cluster.apply(deployment(replicas: 2))
            try await cluster.waitDeployed()
            try await cluster.apply(deployment(replicas: 4, image: "web:v2") { $0["paused"] = true })
            try await cluster.waitUntil { $0.deployment()?.at("status", "availableReplicas") == 4 }
            #expect(await cluster.replicaSets().map(\.replicas) == [4])
            #expect(conditions(of: await cluster.server.state.deployment()).contains("Progressing=Unknown DeploymentPaused"))
            try await cluster.apply(deployment(replicas: 4, image: "web:v2"))
            try await cluster.waitDeployed(revision: 2)
            #expect(await cluster.pods().filter(\.isActive).map(\.image) == Array(repeating: "web:v2", count: 4))
        }
    }

    @Test func saysThatItsPodsAreRefused() throws {
        try simulate(settings: punctual) { cluster, _ in
            cluster.setPodQuota(1, namespace: "default")
            try await cluster.apply(deployment(replicas: 3))
            try await cluster.waitUntil { conditions(of: $0.deployment()).contains("ReplicaFailure=True FailedCreate") }
            cluster.setPodQuota(nil, namespace: "default")
            let done = try await cluster.waitDeployed()
            #expect(!conditions(of: done).contains { $0.hasPrefix("ReplicaFailure") })
        }
    }

    @Test func adoptsWhatItsSelectorMatchesAndTakesItsPodsAlongWhenItGoes() throws {
        try simulate(settings: punctual) { cluster, _ in
            let client = cluster.client(userAgent: "kubectl")
            try await cluster.apply(deployment(replicas: 2))
            try await cluster.waitDeployed()
            let set = try #require(await cluster.replicaSets().first?.metadata)
            try await client.delete(.deployments, namespace: "default", name: "web", propagation: .orphan)
            try await cluster.waitUntil { $0.deployment() == nil }
            #expect(await cluster.replicaSets().map(\.metadata.controller) == [nil])
            try await cluster.apply(deployment(replicas: 2))
            try await cluster.waitDeployed()
            #expect(await cluster.replicaSets().map(\.metadata.uid) == [set.uid])
            try await client.delete(.deployments, namespace: "default", name: "web")
            try await cluster.waitUntil { $0.objects(of: .replicaSets).isEmpty && $0.objects(of: .pods).isEmpty }
        }
    }

    @Test func avoidsANameThatSomebodyElseHas() throws {
        try simulate(settings: punctual) { cluster, _ in
            try await cluster.apply(deployment(replicas: 1))
            try await cluster.waitDeployed()
            let name = try #require(await cluster.replicaSets().first?.metadata.name)
            try await cluster.client(userAgent: "kubectl").delete(.deployments, namespace: "default", name: "web")
            try await cluster.waitUntil { $0.objects(of: .replicaSets).isEmpty }
            try await cluster.apply(replicaSet(name, replicas: 0, image: "other:v1"))
            try await cluster.apply(deployment(replicas: 1))
            let done = try await cluster.waitDeployed()
            #expect(done.at("status", "collisionCount") == 1)
        }
    }

    @Test func costsNoWriteWhenNothingChanges() throws {
        try simulate(settings: punctual) { cluster, _ in
            try await cluster.apply(deployment(replicas: 3))
            try await cluster.waitDeployed()
            let settled = cluster.journal.count
            try await cluster.sleep(.seconds(3600))
            #expect(cluster.journal.count == settled)
        }
    }

    @Test func tellsWhatItScales() throws {
        try simulate(settings: punctual) { cluster, _ in
            try await cluster.apply(deployment(replicas: 3))
            try await cluster.waitDeployed()
            try await cluster.sleep(.seconds(1))
            let events = await cluster.server.state.objects(of: .events)
            let name = try #require(await cluster.replicaSets().first?.metadata.name)
            #expect(events.compactMap { $0["message"]?.stringValue } == ["Scaled up replica set \(name) to 3"])
            #expect(events.first?["reason"] == "ScalingReplicaSet")
        }
    }
}

// MARK: -

private func deployment(
    replicas: Int, image: String = "web:v1", strategy: JSONValue? = nil, _ change: (inout JSONValue) -> Void = { _ in }
) -> JSONValue {
    var spec: JSONValue = [
        "replicas": JSONValue(replicas), "selector": ["matchLabels": ["app": "web"]],
        "template": ["metadata": ["labels": ["app": "web"]], "spec": ["containers": [["name": "web", "image": .string(image)]]]],
    ]
    if let strategy { spec["strategy"] = strategy }
    change(&spec)
    return ["apiVersion": "apps/v1", "kind": "Deployment", "metadata": ["name": "web"], "spec": spec]
}

/// `type=status reason`, sorted.
func conditions(of object: JSONValue?) -> [String] {
    (object?.at("status", "conditions")?.arrayValue ?? []).map {
        [$0["type"]?.stringValue ?? "", "=", $0["status"]?.stringValue ?? "", " ", $0["reason"]?.stringValue ?? ""].joined()
    }.sorted()
}

extension ServerState {
    fileprivate func deployment() -> JSONValue? { object(.deployments, ObjectKey(namespace: "default", name: "web")) }
}

extension SimulatedCluster {
    /// Waits until the Deployment says that its rollout is complete.
    @discardableResult
    fileprivate func waitDeployed(revision: Int = 1) async throws -> JSONValue {
        try await waitUntil("revision \(revision) is deployed") { state in
            guard let object = state.deployment() else { return false }
            return object.at("metadata", "annotations", "deployment.kubernetes.io/revision")?.stringValue == String(revision)
                && object.at("status", "observedGeneration") == object.at("metadata", "generation")
                && object.at("status", "updatedReplicas") == object.at("spec", "replicas")
                && object.at("status", "replicas") == object.at("spec", "replicas")
                && conditions(of: object).contains("Progressing=True NewReplicaSetAvailable")
        }
        return try #require(await server.state.deployment())
    }

    /// Oldest first.
    fileprivate func replicaSets() async -> [ReplicaSet] {
        // None but the Deployment's are made here.
        await server.objects(of: .replicaSets).compactMap { try? ReplicaSet(json: $0) }.sorted { left, right in
            (left.metadata.creationTimestamp?.nanosecondsSince1970 ?? 0, left.metadata.name)
                < (right.metadata.creationTimestamp?.nanosecondsSince1970 ?? 0, right.metadata.name)
        }
    }
}
