import Clockwork
import ControllerKit
import Delivery
import KubeClient
import KubeModel
import RolloutModel
import Safety
import StrictJSON
import Traffic
import Analysis

/// Carries out the actions of a plan, one after the other. It retries nothing and repairs nothing: the next observation
/// shows how far it came.
struct RolloutApplier: Sendable {
    let client: KubeClient
    let caches: ClusterCaches
    let barrier: WriteBarrier
    let refusals: RefusalMemory
    let refusalLog: RefusalLog
    /// Namespaces in which routes may not be patched.
    let patchRefusals = PatchRefusals()
    let versions: ServedVersions
    let clock: any ControlClock
    /// The rules that hold.
    let guards: SafetyGuards
    /// For tests only, that end the process between a route and a status.
    var afterRouteWrite: (@Sendable (ObjectKey) async -> Void)?

    /// - Parameter version: the Rollout's resource version; it moves on with our own writes to it.
    func apply(_ action: RolloutAction, _ seen: RolloutObservation, version: inout String) async throws(KubeError) {
        let rollout: Rollout = seen.rollout
        let namespace: String = rollout.metadata.namespace
        switch action {
        case .createReplicaSet(let draft):
            try await create(draft, seen)
        case .scaleReplicaSet(let name, _, let size, let total, let dropsDeadline):
            var annotations: JSONValue = [Keys.desiredReplicas: .string("\(total)")]
            if dropsDeadline { annotations[Keys.scaleDownDeadline] = .some(.null) }
            try await patchReplicaSet(name, seen, ["metadata": ["annotations": annotations], "spec": ["replicas": .number(JSONNumber(size))]])
        case .patchReplicaSet(let name, let annotations, let minReady):
            var patch: JSONValue = ["metadata": ["annotations": mergeMembers(annotations)]]
            if let minReady { patch["spec"] = ["minReadySeconds": .number(JSONNumber(minReady))] }
            try await patchReplicaSet(name, seen, patch)
        case .adoptReplicaSet(let name):
            try await adopt(name, seen)
        case .releaseReplicaSet(let name):
            let kept: [JSONValue] = seen.replicaSets.first { $0.metadata.name == name }?.metadata.ownerReferences
                .filter { $0.uid != rollout.metadata.uid }.map(\.json) ?? []
            try await patchReplicaSet(name, seen, ["metadata": ["ownerReferences": .array(kept)]])
        case .deleteReplicaSet(let name):
            guard let replicaSet = seen.replicaSets.first(where: { $0.metadata.name == name }) else { return }
            let exactly: Preconditions = guards.have(.deletePrecondition)
                ? Preconditions(uid: replicaSet.metadata.uid, resourceVersion: replicaSet.metadata.resourceVersion) : Preconditions()
            do throws(KubeError) {
                try await client.delete(.replicaSets, namespace: namespace, name: name, preconditions: exactly)
            } catch .notFound { return }
        case .annotateRollout(let annotations):
            var metadata: JSONValue = ["annotations": mergeMembers(annotations)]
            if guards.have(.rolloutVersion) { metadata["resourceVersion"] = .string(version) }
            let patch: JSONValue = ["metadata": metadata]
            version = try await patchRollout(patch, rollout)
        case .setReplicas(let count):
            let patch: JSONValue = ["metadata": ["resourceVersion": .string(version)], "spec": ["replicas": .number(JSONNumber(count))]]
            version = try await patchRollout(patch, rollout)
        case .pointService(let name, let hash, _, let adopts):
            var metadata: JSONValue = [:]
            if let service = seen.services[name], guards.have(.serviceVersion) { metadata["resourceVersion"] = .string(service.metadata.resourceVersion) }
            if adopts { metadata["annotations"] = [Keys.managedBy: .string(rollout.metadata.name)] }
            _ = try await merge(
                ["metadata": metadata, "spec": ["selector": [Keys.podHash: .string(hash)]]], into: name, in: caches.services, for: rollout,
                client: client.forSafetyWrites)
        case .patchRoute(let edit):
            try await patchRoute(edit, for: rollout)
            await afterRouteWrite?(rollout.key)
        case .createAnalysisRun(let draft):
            try await create(draft, seen)
        case .beginAnalysisRun(let name):
            try await patchRun(name, ["metadata": ["annotations": [RunBeginning.annotation: nil]]], for: rollout)
        case .terminateAnalysisRun(let name):
            try await patchRun(name, ["spec": ["terminate": true]], for: rollout)
        case .deleteAnalysisRun(let name):
            do throws(KubeError) {
                try await client.delete(.analysisRuns, namespace: namespace, name: name)
            } catch .notFound { return }
        }
    }

    /// A run that is gone needs nothing any more.
    private func patchRun(_ name: String, _ patch: JSONValue, for rollout: Rollout) async throws(KubeError) {
        do throws(KubeError) {
            let answer: JSONValue = try await client.patch(.analysisRuns, namespace: rollout.metadata.namespace, name: name, .merge(patch))
            expect(answer, in: caches.analysisRuns, for: rollout)
        } catch .notFound { return }
    }

    private func mergeMembers(_ members: [String: String?]) -> JSONValue {
        var object = JSONObject()
        for key in members.keys.sorted() { object[key] = (members[key] ?? nil).map(JSONValue.string) ?? .null }
        return .object(object)
    }

    func expect<Model: ReadModel>(_ answer: JSONValue, in store: ObjectStore<Model>, for rollout: Rollout) {
        guard let version = answer.at("metadata", "resourceVersion")?.stringValue, let name = answer.at("metadata", "name")?.stringValue
        else { return }
        let object = ObjectKey(namespace: answer.at("metadata", "namespace")?.stringValue ?? "", name: name)
        barrier.expect(version, of: object, in: store, for: rollout.key, now: clock.now)
    }

    private func patchRollout(_ patch: JSONValue, _ rollout: Rollout) async throws(KubeError) -> String {
        let answer: JSONValue = try await merge(patch, into: rollout.metadata.name, in: caches.rollouts, for: rollout)
        return answer.at("metadata", "resourceVersion")?.stringValue ?? ""
    }

    /// A merge patch that carries the version it was decided from.
    ///
    /// Refused because somebody wrote first, nothing is decided again before the cache has what the server has now: an event that was
    /// lost on its way would otherwise be missed for ever, and with it what a user has asked for.
    func merge<Model: ReadModel>(
        _ patch: JSONValue, into name: String, subresource: String? = nil, in store: ObjectStore<Model>, for rollout: Rollout,
        client chosen: KubeClient? = nil
    ) async throws(KubeError) -> JSONValue {
        let client: KubeClient = chosen ?? client
        let namespace: String = rollout.metadata.namespace
        do throws(KubeError) {
            let answer: JSONValue = try await client.patch(Model.resource, namespace: namespace, name: name, subresource: subresource, .merge(patch))
            expect(answer, in: store, for: rollout)
            return answer
        } catch .conflict(let text) {
            await readAgain(Model.resource, namespace: namespace, name: name, in: store, for: rollout)
            throw .conflict(text)
        }
    }

    /// Holds the Rollout back until the cache has what the server has now.
    func readAgain<Model: ReadModel>(
        _ resource: GroupVersionResource, namespace: String, name: String, in store: ObjectStore<Model>, for rollout: Rollout
    ) async {
        guard guards.have(.conflictBarrier) else { return }
        do throws(KubeError) {
            expect(try await client.get(resource, namespace: namespace, name: name), in: store, for: rollout)
        } catch {
            // Whatever it is, the next attempt meets it again; a role without get costs one refused attempt more.
        }
    }

    /// With the version that was seen: a size decided from old numbers must not be written.
    private func patchReplicaSet(_ name: String, _ seen: RolloutObservation, _ patch: JSONValue) async throws(KubeError) {
        var patch: JSONValue = patch
        if let replicaSet = seen.replicaSets.first(where: { $0.metadata.name == name }), guards.have(.replicaSetVersion) {
            patch.set(.string(replicaSet.metadata.resourceVersion), at: ["metadata", "resourceVersion"])
        }
        _ = try await merge(patch, into: name, in: caches.replicaSets, for: seen.rollout)
    }

    private func create(_ draft: ReplicaSetDraft, _ seen: RolloutObservation) async throws(KubeError) {
        let rollout: Rollout = seen.rollout
        let subject: String = "ReplicaSet/\(draft.name)"
        do throws(KubeError) {
            let answer: JSONValue = try await client.create(.replicaSets, namespace: rollout.metadata.namespace, draft.object)
            expect(answer, in: caches.replicaSets, for: rollout)
        } catch .alreadyExists {
            // Perhaps our own, from an earlier attempt that the cache has not seen: the API server knows.
            let existing: JSONValue = try await client.get(.replicaSets, namespace: rollout.metadata.namespace, name: draft.name)
            guard let replicaSet = try? ReplicaSet(json: existing),
                  replicaSet.metadata.isControlled(byUID: rollout.metadata.uid) || !guards.have(.existingReplicaSet),
                  PodTemplate(raw: draft.template).isSemanticallyEqual(
                    to: replicaSet.template, ignoringLabels: [Keys.podHash, Keys.derivedSelector]) || !guards.have(.existingReplicaSet) else {
                refusals.add(Refusal(subject: subject, cause: .nameTaken), about: rollout.key, now: clock.now)
                throw .conflict("replicasets.apps \(rollout.metadata.namespace)/\(draft.name) exists and is another one; it is left alone")
            }
            expect(existing, in: caches.replicaSets, for: rollout)
        } catch .invalid(let status) {
            refusals.add(Refusal(subject: subject, cause: .invalid(status.message)), about: rollout.key, now: clock.now)
            throw .invalid(status)
        }
    }

    private func adopt(_ name: String, _ seen: RolloutObservation) async throws(KubeError) {
        let rollout: Rollout = seen.rollout
        // The cache may be older than a deletion: what is adopted by a Rollout that is gone would be deleted with it.
        let live: JSONValue = try await client.get(.rollouts, namespace: rollout.metadata.namespace, name: rollout.metadata.name)
        guard live.at("metadata", "uid")?.stringValue == rollout.metadata.uid && live.at("metadata", "deletionTimestamp") == nil
            || !guards.have(.adoptionUID) else {
            throw .conflict("rollout \(rollout.key) was deleted or made anew; nothing is adopted")
        }
        let reference = OwnerReference(
            apiVersion: GroupVersionKind.rollout.apiVersion, kind: GroupVersionKind.rollout.kind, name: rollout.metadata.name,
            uid: rollout.metadata.uid)
        let present: [JSONValue] = seen.replicaSets.first { $0.metadata.name == name }?.metadata.ownerReferences.map(\.json) ?? []
        try await patchReplicaSet(name, seen, ["metadata": ["ownerReferences": .array(present + [reference.json])]])
    }

    private func create(_ draft: AnalysisRunDraft, _ seen: RolloutObservation) async throws(KubeError) {
        let rollout: Rollout = seen.rollout
        do throws(KubeError) {
            let answer: JSONValue = try await client.create(.analysisRuns, namespace: rollout.metadata.namespace, draft.object)
            expect(answer, in: caches.analysisRuns, for: rollout)
        } catch .alreadyExists {
            let existing: JSONValue = try await client.get(.analysisRuns, namespace: rollout.metadata.namespace, name: draft.name)
            // One that cannot be read is another one.
            let run: AnalysisRun? = try? AnalysisRun(json: existing)
            let isOurs: Bool = run.map {
                $0.metadata.isControlled(byUID: rollout.metadata.uid) && $0.status.phase?.isCompleted != true
                    && isSameAnalysis($0, as: draft.object["spec"] ?? .null)
            } ?? false
            guard isOurs || !guards.have(.existingRun) else {
                refusals.add(Refusal(subject: "AnalysisRun/\(draft.name)", cause: .nameTaken), about: rollout.key, now: clock.now)
                throw .conflict("analysisruns.argoproj.io \(rollout.metadata.namespace)/\(draft.name) exists and is another one; the next name is tried")
            }
            expect(existing, in: caches.analysisRuns, for: rollout)
        } catch .invalid(let status) {
            refusals.add(Refusal(subject: "AnalysisRun/\(draft.name)", cause: .invalid(status.message)), about: rollout.key, now: clock.now)
            throw .invalid(status)
        }
    }
}
