import KubeModel
import RolloutModel
import Safety

/// Which ReplicaSet plays which part.
struct ReplicaSetRoles: Sendable {
    /// Runs the template that the Rollout asks for; nil until it is created.
    var new: ReplicaSet?
    /// Runs the version that all users get; nil before the first deploy, identical to `new` when fully promoted.
    var stable: ReplicaSet?
    /// All that are owned, oldest first.
    var all: [ReplicaSet]
    /// Seen without controller and matching: taken over.
    var adopted: [ReplicaSet]
    /// Controlled by the Rollout but not matching a selector that the user wrote: let go.
    var released: [ReplicaSet]

    /// Owned and neither new nor stable, oldest first.
    var others: [ReplicaSet] {
        all.filter { $0.metadata.uid != new?.metadata.uid && $0.metadata.uid != stable?.metadata.uid }
    }

    /// Owned and not new.
    var olderOnes: [ReplicaSet] { all.filter { $0.metadata.uid != new?.metadata.uid } }

    init(of seen: RolloutObservation, selector: EffectiveSelector) {
        let rollout: Rollout = seen.rollout
        var owned: [ReplicaSet] = []
        adopted = []
        released = []
        for replicaSet in seen.replicaSets {
            let matches: Bool = selector.selector.matches(replicaSet.metadata.labels)
            if replicaSet.metadata.isControlled(byUID: rollout.metadata.uid) {
                if matches || selector.origin != .spec {
                    owned.append(replicaSet)
                } else {
                    released.append(replicaSet)
                }
            } else if replicaSet.metadata.controller == nil || !seen.guards.have(.orphansOnly), matches, !replicaSet.metadata.isBeingDeleted,
                      !replicaSet.podHash.isEmpty {
                adopted.append(replicaSet)
                owned.append(replicaSet)
            }
        }
        all = owned.sorted { $0.isOlder(than: $1) }
        new = Self.findNew(among: all, for: rollout, guards: seen.guards)
        let stableHash: String = rollout.status.stableRS
        stable = stableHash.isEmpty ? nil : all.first { $0.podHash == stableHash }
    }

    /// The recorded ReplicaSet if its template is still the wanted one, else the oldest with an equal template.
    ///
    /// Hashes are read, never compared with computed ones: another way to compute them must not look like a new version.
    private static func findNew(among all: [ReplicaSet], for rollout: Rollout, guards: SafetyGuards) -> ReplicaSet? {
        let wanted: WantedTemplate = WantedTemplate(rollout, guards: guards)
        let recorded: String = rollout.status.currentPodHash
        if !recorded.isEmpty, let current = all.first(where: { $0.podHash == recorded }), wanted.isTemplate(of: current) {
            return current
        }
        return all.first { wanted.isTemplate(of: $0) }
    }
}

/// The pod template of a Rollout, ready to be compared with those of ReplicaSets.
struct WantedTemplate: Sendable {
    private static let ignoredLabels: Set<String> = [Keys.podHash, Keys.derivedSelector]
    let template: PodTemplateSummary

    private let guards: SafetyGuards

    init(_ rollout: Rollout, guards: SafetyGuards = .all) {
        template = rollout.spec.templateSummary
        self.guards = guards
    }

    /// Digest of the template as written, for the annotation on ReplicaSets that we create.
    var digest: String { String(template.digest, radix: 16) }

    /// Whether a ReplicaSet runs this template, our own labels aside.
    ///
    /// The templates themselves are compared, by what they mean: an annotation may be older than a change somebody made to the
    /// ReplicaSet by hand.
    func isTemplate(of replicaSet: ReplicaSet) -> Bool {
        if !guards.have(.liveTemplates), let recorded = replicaSet.metadata.annotations[Keys.templateDigest] { return recorded == digest }
        if !guards.have(.semanticTemplates) { return replicaSet.metadata.annotations[Keys.templateDigest] == digest }
        return template.isSemanticallyEqual(to: replicaSet.template, ignoringLabels: Self.ignoredLabels)
    }
}
