import KubeModel
import RolloutModel

/// Keeps revision numbers and copied annotations of the new ReplicaSet and the Rollout as they should be.
struct RevisionSync: Sendable {
    var actions: [PlannedAction] = []

    init(_ rollout: Rollout, new: ReplicaSet, older: [ReplicaSet]) {
        let target: Int = (older.compactMap(\.revision).max() ?? 0) + 1
        var changes: [String: String?] = [:]
        for (key, value) in Self.inheritedAnnotations(of: rollout) where new.metadata.annotations[key] != value {
            changes[key] = value
        }
        let written: String? = new.metadata.annotations[Keys.revision]
        let current: Int? = written.flatMap { Int($0) }
        var revision: String? = written
        // A revision that is not a number was put there by somebody else; it is left alone.
        if written == nil || (current != nil && current! < target) {
            revision = "\(target)"
            changes[Keys.revision] = revision
            if let written {
                let history: [String] = (new.metadata.annotations[Keys.revisionHistory] ?? "").split(separator: ",").map(String.init)
                if !history.contains(written) { changes[Keys.revisionHistory] = (history + [written]).joined(separator: ",") }
            }
        }
        let minReady: Int? = new.minReadySeconds == rollout.spec.minReadySeconds ? nil : rollout.spec.minReadySeconds
        if !changes.isEmpty || minReady != nil {
            actions.append(PlannedAction(.patchReplicaSet(name: new.metadata.name, annotations: changes, minReadySeconds: minReady)))
        }
        if let revision, rollout.metadata.annotations[Keys.revision] != revision {
            actions.append(Self.recordRevision(revision))
        }
    }

    static func recordRevision(_ revision: String) -> PlannedAction {
        PlannedAction(
            .annotateRollout([Keys.revision: revision]),
            event: EventNote(.normal, .rolloutUpdated, "Rollout updated to revision \(revision)"))
    }

    /// Annotations that ReplicaSets get from their Rollout: all but those which mean something on one of the two alone.
    static func inheritedAnnotations(of rollout: Rollout) -> [String: String] {
        let kept: Set<String> = [Keys.lastApplied, Keys.revision, Keys.revisionHistory, Keys.desiredReplicas, Keys.notified]
        return rollout.metadata.annotations.filter { !kept.contains($0.key) }
    }
}
