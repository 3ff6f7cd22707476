import Clockwork
import KubeModel
import RolloutModel
import StrictJSON
import Testing

@testable import PluginCommands

/// A Rollout with these members of spec and status, in the middle of nothing in particular.
func rolloutJSON(
    _ name: String = "web", strategy: JSONValue = canary(), spec: JSONValue = [:], status: JSONValue = [:], generation: Int = 2
) -> JSONValue {
    let base: JSONValue = [
        "apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout",
        "metadata": ["name": .string(name), "namespace": "shop", "uid": .string("uid-" + name), "generation": .number(JSONNumber(generation))],
        "spec": [
            "replicas": 4, "strategy": strategy, "selector": ["matchLabels": ["app": .string(name)]],
            "template": ["metadata": ["labels": ["app": .string(name)]], "spec": ["containers": [["name": "web", "image": "web:v2"]]]],
        ],
        "status": ["currentPodHash": "new", "stableRS": "old", "selector": .string("app=" + name)],
    ]
    return base.applying(mergePatch: ["spec": spec, "status": status])
}

/// A canary of three steps: 20, pause, 60.
func canary(_ members: JSONValue = [:]) -> JSONValue {
    let base: JSONValue = ["canary": ["steps": [["setWeight": 20], ["pause": [:]], ["setWeight": 60]]]]
    return base.applying(mergePatch: ["canary": members])
}

func rollout(_ json: JSONValue) throws -> Rollout { try Rollout(json: json) }

/// A ReplicaSet of `web`.
func replicaSetJSON(
    _ hash: String, revision: Int, replicas: Int = 2, available: Int? = nil, image: String = "web:v1", created: String = "2026-03-01T10:00:00Z",
    owner: String = "uid-web", annotations: JSONValue = [:]
) -> JSONValue {
    let base: JSONValue = [
        "apiVersion": "apps/v1", "kind": "ReplicaSet",
        "metadata": [
            "name": .string("web-" + hash), "namespace": "shop", "uid": .string("uid-" + hash), "generation": 1,
            "creationTimestamp": .string(created), "labels": ["rollouts-pod-template-hash": .string(hash), "app": "web"],
            "annotations": ["rollout.argoproj.io/revision": .string("\(revision)")],
            "ownerReferences": [["apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "name": "web", "uid": .string(owner), "controller": true]],
        ],
        "spec": [
            "replicas": .number(JSONNumber(replicas)), "selector": ["matchLabels": ["app": "web"]],
            "template": ["metadata": ["labels": ["app": "web"]], "spec": ["containers": [["name": "web", "image": .string(image)]]]],
        ],
        "status": [
            "replicas": .number(JSONNumber(replicas)), "availableReplicas": .number(JSONNumber(available ?? replicas)), "observedGeneration": 1,
        ],
    ]
    return base.applying(mergePatch: ["metadata": ["annotations": annotations]])
}
