import KubeClient
import KubeModel
import SimulatedCluster
import StrictJSON
import Testing

@Suite("Applying an object") struct ApplyTests {
    @Test func createsChangesAndRemovesWhatIsLeftOut() throws {
        try simulate { cluster, _ in
            var map: JSONValue = ["apiVersion": "v1", "kind": "ConfigMap", "metadata": ["name": "settings"], "data": ["a": "1", "b": "2"]]
            try await cluster.apply(map)
            let other = cluster.client(userAgent: "other")
            _ = try await other.patch(.configMaps, namespace: "default", name: "settings", .merge(["data": ["theirs": "3"]]))
            map["data"] = ["a": "4"]
            let stored = try await cluster.apply(map)
            #expect(stored["data"] == ["a": "4", "theirs": "3"])
            let again = try await cluster.apply(map)
            #expect(again.at("metadata", "resourceVersion") == stored.at("metadata", "resourceVersion"))
        }
    }

    @Test func ofAnUnknownKindSaysWhatIsMissing() throws {
        try simulate { cluster, _ in
            await #expect(throws: KubeError.self) { try await cluster.apply(["apiVersion": "x/v1", "kind": "Y", "metadata": ["name": "z"]]) }
        }
    }

    @Test func tellsClientsApart() throws {
        try simulate(settings: punctual) { cluster, _ in
            try await cluster.apply(replicaSet(replicas: 1))
            try await cluster.waitUntil { $0.replicaSet()?.status.availableReplicas == 1 }
            #expect(Set(cluster.journal.entries.map(\.userAgent)) == ["kubectl", "kubelet", "replicaset-controller"])
        }
    }
}
