import Clockwork
import KubeModel
import StrictJSON
import Testing

/// Reading from the text must be reading from the tree, on objects as servers send them and on all that could stand in their place.
@Suite("Reading an object from its text") struct PullingTests {
    static let replicaSet: JSONValue = [
        "apiVersion": "apps/v1", "kind": "ReplicaSet",
        "metadata": [
            "name": "web-1", "namespace": "shop", "uid": "d2f7a5a0-7f2e-4b58-8a9e-000000000001", "resourceVersion": "7", "generation": 2,
            "creationTimestamp": "2026-03-01T10:00:00Z", "deletionTimestamp": "2026-03-01T11:00:00Z",
            "labels": ["app": "web", "app.kubernetes.io/name": "web", "rollouts-pod-template-hash": "6f7c9d8b5d"],
            "annotations": ["rollout.argoproj.io/revision": "3", "kubectl.kubernetes.io/last-applied-configuration": "{\"spec\": \"long\"}"],
            "managedFields": [["manager": "kubectl", "fieldsV1": ["f:spec": [:]]]], "finalizers": ["example.com/keep"],
            "ownerReferences": [[
                "apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "name": "web", "uid": "u0", "controller": true, "blockOwnerDeletion": true,
            ]],
        ],
        "spec": [
            "replicas": 3, "minReadySeconds": 5,
            "selector": ["matchLabels": ["app": "web"], "matchExpressions": [["key": "tier", "operator": "In", "values": ["a", "b"]], ["key": "old", "operator": "DoesNotExist"]]],
            "template": [
                "metadata": ["labels": ["app": "web", "rollouts-pod-template-hash": "6f7c9d8b5d"], "creationTimestamp": nil],
                "spec": ["restartPolicy": "Always", "containers": [["name": "app", "image": "web:1", "resources": ["limits": ["cpu": "0.5"]]]]],
            ],
        ],
        "status": [
            "replicas": 3, "readyReplicas": 2, "availableReplicas": 1, "observedGeneration": 2,
            "conditions": [["type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": "quota", "lastTransitionTime": "2026-03-01T10:00:00Z"]],
        ],
    ]

    static let pod: JSONValue = [
        "metadata": ["name": "p", "namespace": "shop", "labels": ["app": "web"]],
        "status": [
            "phase": "Running",
            "conditions": [["type": "Ready", "status": "True", "lastTransitionTime": "2026-03-01T10:00:00Z", "observedGeneration": 4]],
        ],
    ]

    static let service: JSONValue = [
        "metadata": ["name": "web", "namespace": "shop", "annotations": ["argo-rollouts.argoproj.io/managed-by-rollouts": "web"]],
        "spec": ["selector": ["app": "web"], "ports": [["port": 80], ["name": "metrics", "port": 9102, "protocol": "UDP"]]],
    ]

    static let slice: JSONValue = [
        "metadata": ["name": "web-x", "namespace": "shop", "labels": ["kubernetes.io/service-name": "web"]],
        "endpoints": [
            ["addresses": ["10.0.0.1"], "conditions": ["ready": true], "targetRef": ["kind": "Pod", "name": "a"]],
            ["addresses": ["10.0.0.2"], "conditions": ["ready": false], "targetRef": ["kind": "Pod", "name": "b"]],
            ["addresses": ["10.0.0.3"], "targetRef": ["kind": "Pod", "name": "c"]], ["addresses": ["10.0.0.4"], "targetRef": ["kind": "Node", "name": "d"]],
        ],
    ]

    static let route: JSONValue = [
        "metadata": ["name": "r", "managedFields": [["manager": "kubectl"]]],
        "spec": ["rules": [["backendRefs": [["name": "web", "port": 80, "weight": 3]]]]],
    ]

    /// Both ways to the same end: an equal model, or an equal error.
    static func check<Model: ReadModel>(_ type: Model.Type, _ json: JSONValue, _ memory: inout ReadingMemory, _ note: String) {
        let text: [UInt8] = json.serialized()
        let tree = Result { () throws(DecodeError) in try Model(json: json) }
        do throws(ObjectTextError) {
            let pulled = try Model(text: text[...], memory: &memory)
            switch tree {
            case .success(let expected): #expect(pulled == expected, "\(note)")
            case .failure(let reason): Issue.record("\(note): the tree refuses it: \(reason): \(json)")
            }
        } catch {
            guard case .unreadable(let reason, _) = error, case .failure(let expected) = tree else {
                Issue.record("\(note): \(error) for \(json)")
                return
            }
            #expect(reason == expected, "\(note)")
        }
    }

    static func checkAll(_ json: JSONValue, _ memory: inout ReadingMemory, _ note: String) {
        check(ReplicaSet.self, json, &memory, note)
        check(Pod.self, json, &memory, note)
        check(Service.self, json, &memory, note)
        check(EndpointSlice.self, json, &memory, note)
        check(HTTPRoute.self, json, &memory, note)
    }

    static let samples: [JSONValue] = [replicaSet, pod, service, slice, route]

    @Test("gives what the tree gives") func samples() {
        var memory = ReadingMemory()
        for sample in Self.samples { Self.checkAll(sample, &memory, "as it is") }
    }

    @Test("is not by way of the tree for the kinds that come by the thousand") func isPulled() throws {
        func pulls<Model: ReadModel>(_ type: Model.Type, _ json: JSONValue) throws -> Bool {
            var reader = JSONReader(json.serialized())
            var memory = ReadingMemory()
            return try Model.pull(&reader, &memory) != nil
        }
        #expect(try pulls(ReplicaSet.self, Self.replicaSet))
        #expect(try pulls(Pod.self, Self.pod))
        #expect(try pulls(Service.self, Self.service))
        #expect(try pulls(EndpointSlice.self, Self.slice))
    }

    @Test("leaves out the copy that kubectl keeps of the object") func lastApplied() throws {
        var memory = ReadingMemory()
        let set = try ReplicaSet(text: Self.replicaSet.serialized()[...], memory: &memory)
        #expect(set.metadata.annotations == ["rollout.argoproj.io/revision": "3"])
    }

    @Test("says of a text that is no JSON that it is none") func malformed() {
        var memory = ReadingMemory()
        let text: [UInt8] = Array("{\"metadata\": {\"name\": \"a\"}".utf8)
        #expect(throws: ObjectTextError.self) { try ReplicaSet(text: text[...], memory: &memory) }
    }

    @Test("gives what the tree gives, whatever stands where something else should", arguments: 0..<200 as Range<UInt64>)
    func changed(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        // One memory for all, as in a cache: what it remembers must never show.
        var memory = ReadingMemory()
        for sample in Self.samples {
            var changed: JSONValue = sample
            for _ in 0..<Int.random(in: 1...3, using: &random) { changed = Self.changing(changed, &random) }
            Self.checkAll(changed, &memory, "seed \(seed)")
            Self.checkAll(sample, &memory, "seed \(seed), unchanged")
        }
    }

    /// The value with something somewhere in it replaced, removed or added.
    private static func changing(_ value: JSONValue, _ random: inout SeededGenerator) -> JSONValue {
        let odd: [JSONValue] = [
            .null, true, 0, -1, 1.5, 1e3, "", "text", "2026-03-01T10:00:00Z", "a string that is longer than fifteen bytes", [], [nil], ["x"], [:], ["a": 1], ["a": "b"],
            ["a": nil],
        ]
        if Int.random(in: 0..<5, using: &random) == 0 { return odd.randomElement(using: &random) ?? .null }
        switch value {
        case .object(var object):
            guard let key = object.keys.randomElement(using: &random), let member = object[key] else { return ["name": "x"] }
            switch Int.random(in: 0..<8, using: &random) {
            case 0: object[key] = nil
            case 1: object["unknown"] = odd.randomElement(using: &random)
            default: object[key] = .some(changing(member, &random))
            }
            return .object(object)
        case .array(var elements):
            guard let index = elements.indices.randomElement(using: &random) else { return [1] }
            elements[index] = changing(elements[index], &random)
            return .array(elements)
        case .null, .bool, .number, .string: return odd.randomElement(using: &random) ?? .null
        }
    }
}
