import Clockwork
import KubeModel
import StrictJSON
import Testing

@Suite("A read model") struct ReadModelTests {
    @Test func readsAReplicaSet() throws {
        let json = try JSONValue(parsing: """
            {"metadata": {"name": "web-1", "namespace": "shop", "uid": "u1", "resourceVersion": "7", "generation": 2,
              "creationTimestamp": "2026-03-01T10:00:00Z", "labels": {"app": "web"},
              "ownerReferences": [{"apiVersion": "v1", "kind": "X", "name": "x", "uid": "ux"},
                {"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "name": "web", "uid": "u0", "controller": true, "blockOwnerDeletion": true}]},
             "spec": {"replicas": 3, "minReadySeconds": 5, "selector": {"matchLabels": {"app": "web"}}, "template": {"spec": {"containers": []}}},
             "status": {"replicas": 3, "readyReplicas": 2, "availableReplicas": 1, "observedGeneration": 2, "conditions": null}}
            """)
        let set = try ReplicaSet(json: json)
        #expect(set.key == ObjectKey(namespace: "shop", name: "web-1"))
        #expect(set.metadata.generation == 2)
        #expect(set.metadata.creationTimestamp?.rfc3339 == "2026-03-01T10:00:00Z")
        #expect(set.metadata.controller?.name == "web")
        #expect(set.metadata.isControlled(byUID: "u0"))
        #expect(!set.metadata.isControlled(byUID: "ux"))
        #expect(set.replicas == 3)
        #expect(set.minReadySeconds == 5)
        #expect(set.selector.text == "app=web")
        #expect(set.status == .init(replicas: 3, readyReplicas: 2, availableReplicas: 1, observedGeneration: 2))
        #expect(set.template.digest == PodTemplate(raw: ["spec": ["containers": []]]).digest)
        #expect(set.metadata.ownerReferences[1].json == json["metadata"]?["ownerReferences"]?[1])
    }

    @Test func readsAnObjectWithoutSpecAndStatus() throws {
        let set = try ReplicaSet(json: ["metadata": ["name": "a"]])
        #expect(set.replicas == nil)
        #expect(set.status == .init())
        #expect(try Service(json: ["metadata": ["name": "a"]]).selector.isEmpty)
        #expect(try Pod(json: ["metadata": ["name": "a"]]).phase == .pending)
        #expect(try HTTPRoute(json: ["metadata": ["name": "a"]]).rules.isEmpty)
    }

    @Test func readsAPod() throws {
        var json: JSONValue = [
            "metadata": ["name": "p"],
            "status": ["phase": "Running", "conditions": [["type": "Ready", "status": "True", "lastTransitionTime": "2026-03-01T10:00:00Z"]]],
        ]
        let pod = try Pod(json: json)
        let start = try Timestamp(rfc3339: "2026-03-01T10:00:00Z")
        #expect(pod.phase == .running)
        #expect(pod.isReady)
        #expect(!pod.isAvailable(minReadySeconds: 10, now: start + .seconds(9)))
        #expect(pod.isAvailable(minReadySeconds: 10, now: start + .seconds(10)))
        json.set("Odd", at: ["status", "phase"])
        #expect(try Pod(json: json).phase == .other("Odd"))
    }

    @Test func readsAnHTTPRoute() throws {
        let json: JSONValue = [
            "metadata": ["name": "r", "namespace": "shop", "managedFields": [["manager": "kubectl"]]],
            "spec": [
                "parentRefs": [["name": "gw"]], "hostnames": ["a.example.com"],
                "rules": [[
                    "matches": [["path": ["type": "PathPrefix", "value": "/"]]],
                    "backendRefs": [["name": "web", "port": 80], ["name": "web-canary", "port": 80, "weight": 0], ["kind": "Other", "group": "x", "name": "y", "namespace": "z"]],
                ]],
            ],
            "status": ["parents": [[
                "parentRef": ["name": "gw"], "controllerName": "example.com/gw",
                "conditions": [["type": "Accepted", "status": "True", "observedGeneration": 4]],
            ]]],
        ]
        let route = try HTTPRoute(json: json)
        #expect(route.rules[0].backendRefs.map(\.weight) == [nil, 0, nil])
        #expect(route.rules[0].backendRefs[0].refersToService("web", namespace: "shop", routeNamespace: "shop"))
        #expect(!route.rules[0].backendRefs[2].refersToService("y", namespace: "z", routeNamespace: "shop"))
        #expect(route.rules[0].matches?[0]?.at("path", "value")?.stringValue == "/")
        #expect(route.parents[0].parentRef == route.parentRefs[0])
        #expect(route.parents[0].conditions.condition("Accepted")?.observedGeneration == 4)
        #expect(route.document.at("metadata", "managedFields") == nil)
        #expect(route.document["spec"] == json["spec"])
    }

    static let wrong: [(JSONValue, String)] = [
        (["spec": [:]], "metadata.name: expected a name, found nothing"),
        (["metadata": ["name": "a"], "spec": ["replicas": "ten"]], "spec.replicas: expected an integer, found \"ten\""),
        (["metadata": ["name": "a"], "spec": []], "spec: expected an object, found a list"),
        (["metadata": ["name": "a", "labels": ["x": 1]]], "metadata.labels[x]: expected a string, found 1"),
        (["metadata": ["name": "a", "creationTimestamp": "yesterday"]],
         "metadata.creationTimestamp: expected a time such as 2026-03-01T10:00:00Z, found \"yesterday\""),
        (["metadata": ["name": "a"], "status": ["conditions": [["type": true]]]], "status.conditions[0].type: expected a string, found true"),
        ([], "the object: expected an object, found a list"),
    ]

    @Test func namesWhatIsWrong() {
        for (json, message) in Self.wrong {
            let error = #expect(throws: DecodeError.self) { try ReplicaSet(json: json) }
            #expect(error?.description == message)
        }
    }
}

@Suite("Names in the API") struct NameTests {
    @Test func makePaths() {
        #expect(GroupVersionResource.pods.path(namespace: "shop", name: "a") == "/api/v1/namespaces/shop/pods/a")
        #expect(GroupVersionResource.rollouts.path(namespace: nil) == "/apis/argoproj.io/v1alpha1/rollouts")
        #expect(GroupVersionResource.namespaces.path(namespace: "", name: "x") == "/api/v1/namespaces/x")
        #expect(GroupVersionResource.rollouts.path(namespace: "shop", name: "a b/c", subresource: "status")
            == "/apis/argoproj.io/v1alpha1/namespaces/shop/rollouts/a%20b%2Fc/status")
        #expect(GroupVersionKind(apiVersion: "apps/v1", kind: "ReplicaSet") == .replicaSet)
        #expect(GroupVersionKind(apiVersion: "v1", kind: "Event") == .event)
    }

    @Test func statusKeepsWhatItReads() {
        let status = APIStatus(
            code: 422, reason: "Invalid", message: "no", kind: "Rollout", name: "a",
            causes: [.init(reason: "FieldValueInvalid", message: "bad", field: "spec")], retryAfterSeconds: 3)
        #expect(APIStatus(json: status.json) == status)
        #expect(APIStatus(json: "x") == APIStatus(code: 0, reason: "", message: ""))
    }
}
