import Clockwork
import KubeModel
import RolloutModel

/// One line of `list rollouts`.
struct RolloutListRow: Sendable, Equatable {
    var namespace: String
    var name: String
    /// Strategy, status, step, weight, ready, desired, up to date, available.
    var values: [String]

    init(_ rollout: Rollout) {
        let strategy: String = RolloutOverview.strategy(of: rollout)
        // The weight that is asked for needs no ReplicaSets.
        let canary: CanaryProgress? = rollout.spec.canary.map { CanaryProgress(of: rollout, canary: $0, replicaSets: []) }
        let status: RolloutStatus = rollout.status
        namespace = rollout.metadata.namespace
        name = rollout.metadata.name
        values = [
            strategy.isEmpty ? "unknown" : strategy, RolloutState(of: rollout).phase,
            canary.flatMap { $0.step.isEmpty ? nil : $0.step } ?? "-", canary.map { "\($0.setWeight)" } ?? "-",
            "\(status.readyReplicas)/\(status.replicas)", "\(rollout.spec.desiredReplicas)", "\(status.updatedReplicas)",
            "\(status.availableReplicas)",
        ]
    }
}

/// The columns of `list rollouts`.
struct RolloutList: Sendable, Equatable {
    var showsNamespaces: Bool
    var showsTimestamps: Bool

    private var columns: [(title: String, width: Int)] {
        var columns: [(title: String, width: Int)] = [
            ("NAME", 10), ("STRATEGY", 9), ("STATUS", 12), ("STEP", 4), ("SET-WEIGHT", 10), ("READY", 5), ("DESIRED", 7),
            ("UP-TO-DATE", 10), ("AVAILABLE", 9),
        ]
        if showsNamespaces { columns.insert(("NAMESPACE", 9), at: 0) }
        if showsTimestamps { columns.insert(("TIMESTAMP", 20), at: 0) }
        return columns
    }

    /// The lines of these rows, aligned with each other.
    ///
    /// - Parameter now: what a timestamp says.
    func lines(_ rows: [RolloutListRow], withTitles: Bool, now: Timestamp) -> [String] {
        var table = TextTable(minimumWidths: columns.map(\.width))
        if withTitles { table.rows.append(columns.map(\.title)) }
        for row in rows {
            var cells: [String] = [row.name] + row.values
            if showsNamespaces { cells.insert(row.namespace, at: 0) }
            if showsTimestamps { cells.insert(now.rfc3339, at: 0) }
            table.rows.append(cells)
        }
        return table.lines
    }
}
