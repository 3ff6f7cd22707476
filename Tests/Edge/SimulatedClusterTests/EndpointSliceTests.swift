import KubeModel
import SimulatedCluster
import StrictJSON
import Testing

@Suite("EndpointSlices of a Service") struct EndpointSliceTests {
    @Test func nameReadyPodsAndFollowThem() throws {
        try simulate(settings: punctual) { cluster, _ in
            try await cluster.apply(service("web"))
            try await cluster.apply(replicaSet(replicas: 3))
            try await cluster.waitUntil { $0.readyEndpoints("web").count == 3 }
            let pods = await cluster.pods()
            var ready = await cluster.server.state.readyEndpoints("web")
            #expect(ready == pods.map(\.metadata.name))
            let victim = try #require(pods.first).metadata.name
            await cluster.setReadiness(false) { $0.metadata.name == victim }
            try await cluster.waitUntil { $0.readyEndpoints("web").count == 2 }
            ready = await cluster.server.state.readyEndpoints("web")
            #expect(!ready.contains(victim))
            let slice = try #require(await cluster.server.objects(of: .endpointSlices).first)
            #expect(slice.at("metadata", "labels", "kubernetes.io/service-name") == "web")
            #expect(slice["endpoints"]?.arrayValue?.count == 3)
        }
    }

    @Test func takePodsOutAsSoonAsTheyTerminate() throws {
        try simulate(settings: punctual) { cluster, _ in
            try await cluster.apply(service("web"))
            try await cluster.apply(replicaSet(replicas: 2))
            try await cluster.waitUntil { $0.readyEndpoints("web").count == 2 }
            try await cluster.apply(replicaSet(replicas: 1))
            try await cluster.waitUntil { $0.readyEndpoints("web").count == 1 }
            let terminating = await cluster.pods().filter(\.metadata.isBeingDeleted)
            #expect(terminating.count == 1)
        }
    }

    @Test func followTheSelector() throws {
        try simulate(settings: punctual) { cluster, _ in
            try await cluster.apply(service("web", selector: ["rollouts-pod-template-hash": "h1"]))
            try await cluster.apply(replicaSet("web-h1", replicas: 2))
            try await cluster.apply(replicaSet("web-h2", replicas: 1, image: "web:v2", hash: "h2"))
            try await cluster.waitUntil { $0.readyEndpoints("web").count == 2 }
            try await cluster.apply(service("web", selector: ["rollouts-pod-template-hash": "h2"]))
            try await cluster.waitUntil { $0.readyEndpoints("web").count == 1 }
        }
    }

    @Test func existWithoutPodsAndGoWithTheService() throws {
        try simulate(settings: punctual) { cluster, _ in
            try await cluster.apply(service("web"))
            try await cluster.waitUntil { !$0.objects(of: .endpointSlices).isEmpty }
            try await cluster.client(userAgent: "kubectl").delete(.services, namespace: "default", name: "web")
            try await cluster.waitUntil { $0.objects(of: .endpointSlices).isEmpty }
        }
    }

    @Test func areSplitWhenTheyGrow() throws {
        try simulate(settings: punctual) { cluster, _ in
            try await cluster.apply(service("web"))
            try await cluster.apply(replicaSet(replicas: 230))
            try await cluster.waitUntil { $0.readyEndpoints("web").count == 230 }
            var slices = await cluster.server.objects(of: .endpointSlices).count
            #expect(slices == 3)
            try await cluster.apply(replicaSet(replicas: 20))
            try await cluster.waitUntil { $0.objects(of: .pods).count == 20 }
            try await cluster.settle()
            slices = await cluster.server.objects(of: .endpointSlices).count
            #expect(slices == 1)
        }
    }
}
