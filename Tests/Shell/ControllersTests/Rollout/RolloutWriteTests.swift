import Clockwork
import ControllerKit
import KubeClient
import KubeModel
import StrictJSON
import Testing
import Traffic

@testable import Controllers
@testable import Delivery

@Suite("A write that was decided from what has changed since") struct OutdatedWriteTests {
    enum Write: String, CaseIterable, Sendable { case annotation, replicas, size, selector }

    @Test("is refused, and the change of somebody else stays", arguments: Write.allCases) func isRefused(_ write: Write) async throws {
        let scene = try RolloutScene()
        let uid = try await scene.create(.rollouts, RolloutScene.rollout(spec: ["strategy": ["canary": ["canaryService": "canary"]]]))
            .at("metadata", "uid")?.stringValue ?? ""
        try await scene.create(.replicaSets, RolloutScene.replicaSet(owner: uid))
        try await scene.create(.services, Self.service)
        try await scene.observe()
        let seen = try scene.seen()
        let action: RolloutAction
        let object: (GroupVersionResource, String)
        switch write {
        case .annotation: (action, object) = (.annotateRollout(["note": "ours"]), (.rollouts, "app"))
        case .replicas: (action, object) = (.setReplicas(1), (.rollouts, "app"))
        case .size:
            action = .scaleReplicaSet(name: "app-abc", from: 2, to: 0, desiredReplicas: 2, dropsDeadline: true)
            object = (.replicaSets, "app-abc")
        case .selector: (action, object) = (.pointService(name: "canary", hash: "abc", previous: "", adopts: true), (.services, "canary"))
        }
        try await scene.edit(object.0, object.1, ["metadata": ["labels": ["changed": "yes"]]])
        let changed = try await scene.stored(object.0, object.1)
        guard case .conflict = await scene.apply(action, seen) else {
            Issue.record("\(write) was written")
            return
        }
        #expect(try await scene.stored(object.0, object.1) == changed)
    }

    @Test("is refused for a route that is written as a whole") func route() async throws {
        let scene = try RolloutScene()
        try await scene.create(.rollouts, RolloutScene.rollout())
        try await scene.create(.httpRoutes, [
            "apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute", "metadata": ["name": "app", "namespace": "default"],
            "spec": ["rules": [["backendRefs": [["name": "stable", "port": 80], ["name": "canary", "port": 80]]]]],
        ])
        try await scene.observe()
        let route = try #require(scene.caches.httpRoutes.get(RolloutScene.key))
        let intent = RouteIntent(rollout: RolloutScene.key, stableService: "stable", canaryService: "canary", weight: 20)
        guard case .write(let edit) = verdict(on: route, for: intent, since: scene.clock.now, now: scene.clock.now) else {
            Issue.record("nothing is to be written")
            return
        }
        scene.transport.refuseRoutePatches()
        try await scene.edit(.rollouts, "app", ["metadata": ["labels": ["a": "b"]]])
        // Somebody adds a rule after we have read the route.
        var changed = try await scene.stored(.httpRoutes, "app")
        changed.set([["backendRefs": [["name": "other", "port": 80]]]], at: ["spec", "rules"])
        let theirs = try await scene.client.update(.httpRoutes, namespace: "default", changed)
        guard case .conflict = await scene.apply(.patchRoute(edit), try scene.seen()) else {
            Issue.record("the route was written")
            return
        }
        #expect(try await scene.stored(.httpRoutes, "app") == theirs)
    }

    @Test("R13: is refused for a status, and tells nothing (R39)") func status() async throws {
        let scene = try RolloutScene()
        // The revision is noted already, so that the ReplicaSet and the status are all that is written.
        try await scene.create(.rollouts, RolloutScene.rollout(annotations: ["rollout.argoproj.io/revision": "1"]))
        try await scene.observe()
        try await scene.edit(.rollouts, "app", ["spec": ["paused": true]])
        guard case .retry = await scene.reconciler.reconcile(RolloutScene.key) else {
            Issue.record("expected another attempt after a conflict")
            return
        }
        #expect(try await scene.stored(.rollouts, "app")["status"] == nil)
        #expect(scene.told.reasons.isEmpty)
    }

    @Test("R13: is not decided again before the cache has the change") func barrier() async throws {
        let scene = try RolloutScene()
        let uid = try await scene.create(.rollouts, RolloutScene.rollout()).at("metadata", "uid")?.stringValue ?? ""
        try await scene.create(.replicaSets, RolloutScene.replicaSet(owner: uid))
        try await scene.observe()
        try await scene.edit(.replicaSets, "app-abc", ["spec": ["replicas": 5]])
        _ = await scene.apply(.scaleReplicaSet(name: "app-abc", from: 2, to: 0, desiredReplicas: 2, dropsDeadline: true), try scene.seen())
        #expect(!scene.barrier.isClear(RolloutScene.key, now: scene.clock.now))
        try await scene.observe()
        #expect(scene.barrier.isClear(RolloutScene.key, now: scene.clock.now))
    }

    private static let service: JSONValue = [
        "apiVersion": "v1", "kind": "Service", "metadata": ["name": "canary", "namespace": "default"],
        "spec": ["selector": ["app": "app"], "ports": [["port": 80]]],
    ]
}

@Suite("What belongs to somebody else") struct ForeignObjectTests {
    @Test("is not deleted when it has changed since it was seen") func deletion() async throws {
        let scene = try RolloutScene()
        let uid = try await scene.create(.rollouts, RolloutScene.rollout()).at("metadata", "uid")?.stringValue ?? ""
        try await scene.create(.replicaSets, RolloutScene.replicaSet(owner: uid, replicas: 0))
        try await scene.observe()
        let seen = try scene.seen()
        try await scene.edit(.replicaSets, "app-abc", ["spec": ["replicas": 3]])
        guard case .conflict = await scene.apply(.deleteReplicaSet(name: "app-abc"), seen) else {
            Issue.record("the ReplicaSet was deleted")
            return
        }
        #expect(try await scene.stored(.replicaSets, "app-abc").at("spec", "replicas") == 3)
    }

    @Test("is not adopted for a Rollout that was made anew") func adoption() async throws {
        let scene = try RolloutScene()
        try await scene.create(.rollouts, RolloutScene.rollout())
        try await scene.create(.replicaSets, RolloutScene.replicaSet(owner: nil))
        try await scene.observe()
        let seen = try scene.seen()
        try await scene.client.delete(.rollouts, namespace: "default", name: "app")
        try await scene.create(.rollouts, RolloutScene.rollout())
        guard case .conflict = await scene.apply(.adoptReplicaSet(name: "app-abc"), seen) else {
            Issue.record("the ReplicaSet was adopted")
            return
        }
        #expect(try await scene.stored(.replicaSets, "app-abc").at("metadata", "ownerReferences") == nil)
    }

    @Test("R16: is not taken for a ReplicaSet of ours", arguments: [true, false]) func replicaSet(isControlled: Bool) async throws {
        let scene = try RolloutScene()
        let uid = try await scene.create(.rollouts, RolloutScene.rollout()).at("metadata", "uid")?.stringValue ?? ""
        // Nobody's with our template, or ours with another one.
        try await scene.create(.replicaSets, RolloutScene.replicaSet(owner: isControlled ? uid : nil, image: isControlled ? "web:v9" : "web:v1"))
        try await scene.observe()
        let seen = try scene.seen()
        let template: JSONValue = seen.rollout.spec.template.value
        let draft = ReplicaSetDraft(name: "app-abc", object: RolloutScene.replicaSet(owner: uid), template: template)
        guard case .conflict = await scene.apply(.createReplicaSet(draft), seen) else {
            Issue.record("it was taken for ours")
            return
        }
        #expect(try scene.seen().refusals == [Refusal(subject: "ReplicaSet/app-abc", cause: .nameTaken)])
    }

    @Test("is not taken for an AnalysisRun of ours") func run() async throws {
        let scene = try RolloutScene()
        try await scene.create(.rollouts, RolloutScene.rollout())
        let run: JSONValue = [
            "apiVersion": "argoproj.io/v1alpha1", "kind": "AnalysisRun", "metadata": ["name": "app-abc-1", "namespace": "default"],
            "spec": ["metrics": [["name": "m", "provider": ["prometheus": ["query": "up"]]]]],
        ]
        try await scene.create(.analysisRuns, run)
        try await scene.observe()
        guard case .conflict = await scene.apply(.createAnalysisRun(AnalysisRunDraft(name: "app-abc-1", object: run)), try scene.seen()) else {
            Issue.record("it was taken for ours")
            return
        }
        #expect(try scene.seen().refusals == [Refusal(subject: "AnalysisRun/app-abc-1", cause: .nameTaken)])
    }

    @Test("is not freed while its Rollout names it, whatever the cache knows") func service() async throws {
        let scene = try RolloutScene()
        try await scene.create(.services, [
            "apiVersion": "v1", "kind": "Service",
            "metadata": ["name": "stable", "namespace": "default", "annotations": ["argo-rollouts.argoproj.io/managed-by-rollouts": "app"]],
            "spec": ["selector": ["app": "app", "rollouts-pod-template-hash": "abc"], "ports": [["port": 80]]],
        ])
        try await scene.observe()
        try await scene.create(.rollouts, RolloutScene.rollout(spec: ["strategy": ["canary": ["stableService": "stable"]]]))
        #expect(await scene.services.reconcile(ObjectKey(namespace: "default", name: "stable")) == .settled)
        #expect(try await scene.stored(.services, "stable").at("spec", "selector", "rollouts-pod-template-hash") == "abc")
    }
}
