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

    /// Says what the template means, our own labels aside, for the annotation on ReplicaSets that we create: `1.` and two digests in
    /// hexadecimal, of the labels and of the rest. A change of what the digests are taken of has to change the number.
    var digest: String {
        let labels: [String: String] = template.labels.filter { !Self.ignoredLabels.contains($0.key) }
        return "\(Self.digestForm)\(String(jsonMap(labels).structuralDigest, radix: 16))-\(String(template.meaning, radix: 16))"
    }

    private static let digestForm: String = "1."

    /// Whether a ReplicaSet runs this template, our own labels aside, and was made for it.
    ///
    /// The templates themselves are compared, by what they mean: an annotation may be older than a change somebody made to the
    /// ReplicaSet by hand. Where such a change made it equal to what is wanted now, its pods and its revision are still those of
    /// another version: the annotation tells. One without, or of a form that we do not know, counts as unchanged.
    func isTemplate(of replicaSet: ReplicaSet) -> Bool {
        let recorded: String? = replicaSet.metadata.annotations[Keys.templateDigest].flatMap { $0.hasPrefix(Self.digestForm) ? $0 : nil }
        if !guards.have(.liveTemplates), let recorded { return recorded == digest }
        if !guards.have(.semanticTemplates) { return recorded == digest }
        return template.isSemanticallyEqual(to: replicaSet.template, ignoringLabels: Self.ignoredLabels)
            && (recorded == nil || recorded == digest || !guards.have(.madeForTemplate))
    }
}
