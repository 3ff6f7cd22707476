/// How often everything was tried and reached.
package struct Coverage: Sendable, Equatable {
    package enum Group: String, Sendable, CaseIterable {
        case scene, step, action, fault, request, phase, shortcut, rest, ending
    }

    /// Everything that must have been tried or reached, by group.
    package static let expected: [(group: Group, names: [String])] = [
        (.scene, [
            "pods alone", "linked route", "both route", "two controllers", "clocks apart", "least pods", "progress threshold", "rollback window",
        ]),
        (.scene, [
            "blue-green", "preview Service", "preview pods", "promoted at once", "promoted by hand", "promoted after seconds",
            "analysis before the switch", "analysis after the switch", "few delayed revisions",
        ]),
        (.step, [
            "setWeight", "pause with end", "pause without end", "analysis", "background analysis", "setCanaryScale weight",
            "setCanaryScale replicas", "setCanaryScale matchTrafficWeight",
        ]),
        (.action, [
            "new image", "third revision", "rollback", "return to a recent one", "promote", "promote --full", "abort", "retry", "scale", "pause", "resume",
            "metric goes bad", "metric goes good", "evict",
        ]),
        (.fault, NetworkFault.allCases.map(\.rawValue) + ["silent watch", "crash", "freeze", "lease outage"]),
        (.request, Faults.Kind.allCases.map(\.rawValue) + Faults.WatchKind.allCases.map { "watch \($0.rawValue)" }),
        (.phase, ["Progressing", "Paused", "Degraded", "Healthy"]),
        (.shortcut, ["rollback within window", "promotion with enough pods", "fast rollback", "back after the switch", "preview grown", "delay cut short"]),
        (.rest, ["promoted", "aborted", "pausedAtStep", "paused before the switch", "pausedByHand", "timedOut"]),
        (.ending, ["promoted", "aborted", "blue-green promoted", "blue-green aborted"]),
    ]

    private var counts: [String: Int] = [:]

    package init() {}

    package mutating func count(_ group: Group, _ name: String, by number: Int = 1) { counts["\(group.rawValue): \(name)", default: 0] += number }

    package func count(of group: Group, _ name: String) -> Int { counts["\(group.rawValue): \(name)", default: 0] }

    package mutating func merge(_ other: Coverage) { counts.merge(other.counts) { $0 + $1 } }

    /// What was tried or reached less often than it must be.
    package func gaps(below least: Int) -> [String] {
        Self.expected.flatMap { group, names in
            names.filter { count(of: group, $0) < least }.map { "\(group.rawValue) \($0): \(count(of: group, $0)) of \(least)" }
        }
    }

    /// One line per group.
    package var table: String {
        Self.expected.map { group, names in
            "\(group.rawValue.padded(to: 8)) \(names.map { "\($0) \(count(of: group, $0))" }.joined(separator: ", "))"
        }.joined(separator: "\n")
    }
}

extension String {
    fileprivate func padded(to width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }
}
