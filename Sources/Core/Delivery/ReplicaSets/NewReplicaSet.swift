import Clockwork
import KubeModel
import RolloutModel
import StrictJSON

/// The ReplicaSet that a Rollout's template asks for, while there is none.
struct NewReplicaSet: Sendable {
    var draft: ReplicaSetDraft
    var hash: String
    var revision: Int

    init(for rollout: Rollout, roles: ReplicaSetRoles, selector: EffectiveSelector, refusals: [Refusal]) {
        let wanted = PodTemplate(raw: rollout.spec.template.value)
        hash = Self.podHash(of: wanted.raw, collisionCount: rollout.status.collisionCount)
        revision = (roles.all.compactMap(\.revision).max() ?? 0) + 1
        let name: String = "\(rollout.metadata.name)-\(hash)"
        let added: [String: String] = selector.addedLabels.merging([Keys.podHash: hash]) { _, own in own }
        let template: PodTemplate = wanted.adding(labels: added)
        var ownSelector: LabelSelector = selector.selector
        ownSelector.matchLabels[Keys.podHash] = hash
        var annotations: [String: String] = RevisionSync.inheritedAnnotations(of: rollout)
        annotations[Keys.revision] = "\(revision)"
        annotations[Keys.desiredReplicas] = "\(rollout.spec.desiredReplicas)"
        annotations[Keys.templateDigest] = WantedTemplate(rollout).digest
        var spec: JSONValue = [
            "replicas": 0,
            "selector": ownSelector.json,
            "template": template.raw,
        ]
        if rollout.spec.minReadySeconds > 0 { spec["minReadySeconds"] = .number(JSONNumber(rollout.spec.minReadySeconds)) }
        let object: JSONValue = [
            "apiVersion": "apps/v1",
            "kind": "ReplicaSet",
            "metadata": [
                "name": .string(name),
                "namespace": .string(rollout.metadata.namespace),
                "labels": jsonMap(template.labels),
                "annotations": jsonMap(annotations),
                "ownerReferences": [ownerReference(to: rollout)],
            ],
            "spec": spec,
        ]
        draft = ReplicaSetDraft(name: name, object: object, template: wanted.raw)
    }

    /// What the server will have once it is created: no pods yet.
    func expected(for rollout: Rollout, at now: Timestamp) -> ReplicaSet {
        let labels: [String: String] = draft.object.at("metadata", "labels")?.objectValue?.reduce(into: [:]) { $0[$1.key] = $1.value.stringValue } ?? [:]
        return ReplicaSet(
            metadata: ObjectMeta(
                name: draft.name, namespace: rollout.metadata.namespace, creationTimestamp: now, labels: labels,
                annotations: [Keys.revision: "\(revision)", Keys.desiredReplicas: "\(rollout.spec.desiredReplicas)"]),
            replicas: 0, minReadySeconds: rollout.spec.minReadySeconds, template: PodTemplate(raw: draft.template))
    }

    /// A name for the template. Only its being stable and distinct matters: revisions are recognised by their template.
    static func podHash(of template: JSONValue, collisionCount: Int?) -> String {
        var bytes: [UInt8] = template.serialized(.sortedKeys)
        if let collisionCount {
            let count: UInt32 = UInt32(truncatingIfNeeded: collisionCount)
            bytes += (0..<4).map { UInt8(truncatingIfNeeded: count >> (8 * UInt32($0))) } + [0, 0, 0, 0]
        }
        return FNV.safeEncode(String(FNV.fnv1a32(bytes)))
    }
}

/// The controller reference that everything a Rollout creates carries.
func ownerReference(to rollout: Rollout) -> JSONValue {
    [
        "apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "name": .string(rollout.metadata.name),
        "uid": .string(rollout.metadata.uid), "controller": true, "blockOwnerDeletion": true,
    ]
}

/// A string map as JSON with its keys in order.
func jsonMap(_ map: [String: String]) -> JSONValue {
    var object = JSONObject()
    for key in map.keys.sorted() { object[key] = map[key].map(JSONValue.string) }
    return .object(object)
}
