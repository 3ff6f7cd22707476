import Clockwork
import KubeModel
import RolloutModel

/// The label selector that a Rollout works with, and where it comes from.
///
/// A Rollout without `spec.selector` is given one: a single label of ours. It is never written into the spec. Where
/// the status is lost, the owned ReplicaSets still tell it, so that nothing is let go by accident.
struct EffectiveSelector: Sendable, Equatable {
    enum Origin: Sendable, Equatable {
        /// Written by the user.
        case spec
        /// Read from the owned ReplicaSets or the status.
        case recorded
        /// Made from the name, for the first time.
        case derived
    }
    var selector: LabelSelector
    var origin: Origin
    /// The selector that was in use before the spec named one, when the two differ.
    var conflictsWith: LabelSelector?

    init(of rollout: Rollout, replicaSets: [ReplicaSet]) {
        let derived: LabelSelector = Self.derivedSelector(forName: rollout.metadata.name)
        let recorded: LabelSelector? = Self.recordedSelector(of: rollout, replicaSets: replicaSets)
        if let written = rollout.spec.selector {
            selector = written
            origin = written == derived ? .recorded : .spec
            let usedOurs: Bool = recorded.map { $0.matchLabels[Keys.derivedSelector] != nil } ?? false
            conflictsWith = usedOurs && recorded != written ? recorded : nil
        } else if let recorded {
            selector = recorded
            origin = .recorded
        } else {
            selector = derived
            origin = .derived
        }
    }

    /// Labels that ReplicaSets and pods get beside those of the template.
    var addedLabels: [String: String] {
        guard let value = selector.matchLabels[Keys.derivedSelector] else { return [:] }
        return [Keys.derivedSelector: value]
    }

    /// `sluice/rollout: <name>`; a name over 63 characters, the limit of a label's value, is cut and ends in its hash.
    static func derivedSelector(forName name: String) -> LabelSelector {
        var value: String = name
        if name.utf8.count > 63 {
            let hash: String = FNV.safeEncode(String(FNV.fnv1a32(Array(name.utf8))))
            var prefix: String = String(name.prefix(63 - hash.utf8.count - 1))
            while let last = prefix.last, !(last.isLetter || last.isNumber) { prefix.removeLast() }
            value = "\(prefix)-\(hash)"
        }
        return LabelSelector(matchLabels: [Keys.derivedSelector: value])
    }

    private static func recordedSelector(of rollout: Rollout, replicaSets: [ReplicaSet]) -> LabelSelector? {
        let owned: [ReplicaSet] = replicaSets
            .filter { $0.metadata.isControlled(byUID: rollout.metadata.uid) }
            .sorted { $0.isOlder(than: $1) }
        if let newest = owned.last, !newest.selector.isEmpty {
            var selector: LabelSelector = newest.selector
            selector.matchLabels[Keys.podHash] = nil
            if !selector.isEmpty { return selector }
        }
        // Text that is no selector is as good as a lost status: the derived one follows.
        guard let selector = try? LabelSelector(parsing: rollout.status.selector), !selector.isEmpty else { return nil }
        return selector
    }
}
