import Clockwork
import EmbeddedAPIServer
import KubeModel
import StrictJSON
import Synchronization

/// What is written down while a history is played.
final class Notebook: Sendable {
    private struct State: Sendable {
        var violations: [Violation] = []
        var coverage = Coverage()
        var lastWriteAt: Timestamp = .epoch
        var writes: [CommittedWrite] = []
    }

    /// So many writes are shown.
    private static let limit: Int = 30

    /// When trouble began; nil before.
    let start = Mutex<Timestamp?>(nil)
    private let state = Mutex(State())

    var violations: [Violation] { state.withLock { $0.violations } }
    var coverage: Coverage { state.withLock { $0.coverage } }
    /// The last write of the controller; leases, events and measurements aside.
    var lastWriteAt: Timestamp { state.withLock { $0.lastWriteAt } }

    func violate(_ violation: Violation) { state.withLock { $0.violations.append(violation) } }
    func count(_ group: Coverage.Group, _ name: String) { state.withLock { $0.coverage.count(group, name) } }

    func note(_ write: CommittedWrite) {
        let isOurs: Bool = WriteJudge.isOurs(write)
        if isOurs, write.resource == .events, write.old == nil, write.new?["message"]?.stringValue?.hasSuffix(": Rollback within window") == true {
            count(.shortcut, "rollback within window")
        }
        guard isOurs && write.resource != .events && write.resource != .leases || write.userAgent == "kubectl" else { return }
        state.withLock { state in
            // Measurements go on beside an update that waits.
            if isOurs, write.resource != .analysisRuns { state.lastWriteAt = write.at }
            state.writes.append(write)
            guard write.resource == .rollouts, let phase = write.new?.at("status", "phase")?.stringValue,
                  phase != write.old?.at("status", "phase")?.stringValue else { return }
            state.coverage.count(.phase, phase)
        }
    }

    /// The last writes until an instant, one a line, with what they changed.
    func lastWrites(until end: Timestamp) -> [String] {
        let begin: Timestamp? = start.withLock { $0 }
        return state.withLock { $0.writes.filter { $0.at <= end }.suffix(Self.limit) }.map { write in
            let at: String = begin.map { "\(History.seconds(Int((write.at - $0) / .milliseconds(1))))" } ?? write.at.rfc3339
            var change: JSONValue = JSONValue.mergePatch(from: write.old ?? [:], to: write.new ?? [:]) ?? [:]
            if write.verb == .create { change = ["spec": ["replicas": change.at("spec", "replicas") ?? .null]] }
            for noise in ["resourceVersion", "managedFields", "generation"] { change.set(.none, at: ["metadata", noise]) }
            change.set(.none, at: ["status", "conditions"])
            return "\(at) \(write.userAgent) \(write.verb.rawValue) \(write.resource.resource) \(write.key.name) \(change.text().prefix(420))"
        }
    }
}
