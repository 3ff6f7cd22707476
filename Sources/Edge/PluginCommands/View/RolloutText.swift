import Clockwork

/// A Rollout as `get rollout` prints it: a header, and a tree of revisions.
struct RolloutText: Sendable {
    var painter: Painter
    /// What ages are counted to.
    var now: Timestamp

    /// The lines, without line feeds.
    func lines(_ overview: RolloutOverview) -> [String] { header(overview) + [""] + tree(overview) }

    private func header(_ overview: RolloutOverview) -> [String] {
        var lines: [String] = [
            labelled("Name:", overview.name),
            labelled("Namespace:", overview.namespace),
            labelled("Status:", painter.paint(Icon(rolloutPhase: overview.state.phase)) + " " + overview.state.phase),
        ]
        if !overview.state.message.isEmpty { lines.append(labelled("Message:", overview.state.message)) }
        lines.append(labelled("Strategy:", overview.strategy))
        if let canary = overview.canary {
            lines.append(labelled("  Step:", canary.step))
            lines.append(labelled("  SetWeight:", "\(canary.setWeight)"))
            lines.append(labelled("  ActualWeight:", "\(canary.actualWeight)"))
        }
        for (index, image) in TaggedImage.all(in: overview).enumerated() { lines.append(labelled(index == 0 ? "Images:" : "", text(image))) }
        lines.append("Replicas:")
        let counts: [(String, Int)] = [
            ("  Desired:", overview.desired), ("  Current:", overview.current), ("  Updated:", overview.updated),
            ("  Ready:", overview.ready), ("  Available:", overview.available),
        ]
        return lines + counts.map { labelled($0.0, "\($0.1)") }
    }

    private func labelled(_ label: String, _ value: String) -> String { TextTable.padded(label, to: 17) + value }

    private func text(_ image: TaggedImage) -> String {
        guard !image.tags.isEmpty else { return image.image }
        let tags: [String] = image.tags.map { tag in
            switch tag {
            case .part(let tag): painter.paint(tag)
            case .experiment: painter.paint(tag.text, inPhase: "")
            }
        }
        return "\(image.image) (\(tags.joined(separator: ", ")))"
    }

    private func tree(_ overview: RolloutOverview) -> [String] {
        var rows: [[String]] = [["NAME", "KIND", "STATUS", "AGE", "INFO"]]
        rows.append([
            "\(Icon.rollout.rawValue) \(overview.name)", "Rollout",
            painter.paint(Icon(rolloutPhase: overview.state.phase)) + " " + overview.state.phase,
            age(since: overview.creation, now: now), "",
        ])
        let revisions: [Int] = overview.revisions
        for (index, revision) in revisions.enumerated() {
            let branch = Branch(isLast: index == revisions.count - 1)
            rows.append(["\(branch.prefix)\(Icon.revision.rawValue) revision:\(revision)", "", " ", "", ""])
            let inside = RevisionContents(overview, revision: revision)
            rows += contents(inside, under: branch)
        }
        return TextTable(rows: rows).lines
    }

    /// What stands below one revision or experiment: ReplicaSets, then experiments, then runs.
    private struct RevisionContents {
        var replicaSets: [ReplicaSetOverview]
        var experiments: [ExperimentOverview]
        var analysisRuns: [AnalysisRunOverview]

        init(_ overview: RolloutOverview, revision: Int) {
            replicaSets = overview.replicaSets.filter { $0.revision == revision }
            experiments = overview.experiments.filter { $0.revision == revision }
            analysisRuns = overview.analysisRuns.filter { $0.revision == revision }
        }

        init(_ experiment: ExperimentOverview) {
            replicaSets = experiment.replicaSets
            experiments = []
            analysisRuns = experiment.analysisRuns
        }
    }

    private func contents(_ inside: RevisionContents, under branch: Branch) -> [[String]] {
        var rows: [[String]] = []
        var rest: Int = inside.replicaSets.count + inside.experiments.count + inside.analysisRuns.count
        func nextBranch() -> Branch {
            rest -= 1
            return branch.child(isLast: rest == 0)
        }
        for set in inside.replicaSets { rows += self.rows(set, nextBranch()) }
        for experiment in inside.experiments {
            let own: Branch = nextBranch()
            rows.append(row(.experiment, experiment.name, "Experiment", phase: experiment.phase, experiment.creation, [], own))
            rows += contents(RevisionContents(experiment), under: own)
        }
        for run in inside.analysisRuns { rows += self.rows(run, nextBranch()) }
        return rows
    }

    private func rows(_ set: ReplicaSetOverview, _ branch: Branch) -> [[String]] {
        var info: [String] = set.tags.map(painter.paint)
        if let deadline = set.scaleDownDeadline {
            info.append("delay:" + (deadline < now ? "passed" : humanDuration(now.duration(to: deadline))))
        }
        var rows: [[String]] = [[
            "\(branch.prefix)\(Icon.replicaSet.rawValue) \(painter.paint(set.name, as: set.tags))", "ReplicaSet",
            "\(painter.paint(set.icon)) \(set.status)", age(since: set.creation, now: now), info.joined(separator: ","),
        ]]
        for (index, pod) in set.pods.enumerated() {
            let own: Branch = branch.child(isLast: index == set.pods.count - 1)
            rows.append([
                "\(own.prefix)\(Icon.pod.rawValue) \(pod.name)", "Pod", "\(painter.paint(Icon(podStatus: pod.status))) \(pod.status)",
                age(since: pod.creation, now: now), "ready:\(pod.ready)" + (pod.restarts > 0 ? ",restarts:\(pod.restarts)" : ""),
            ])
        }
        return rows
    }

    private func rows(_ run: AnalysisRunOverview, _ branch: Branch) -> [[String]] {
        let counts: [(Icon, Int)] = [(.good, run.successful), (.bad, run.failed), (.unknown, run.inconclusive), (.warning, run.error)]
        let info: [String] = counts.filter { $0.1 > 0 }.map { "\(painter.paint($0.0)) \($0.1)" }
        var rows: [[String]] = [row(.analysisRun, run.name, "AnalysisRun", phase: run.phase, run.creation, info, branch)]
        for (index, job) in run.jobs.enumerated() {
            rows.append(row(.job, job.name, "Job", phase: job.phase, job.start, [], branch.child(isLast: index == run.jobs.count - 1)))
        }
        return rows
    }

    private func row(
        _ icon: Icon, _ name: String, _ kind: String, phase: String, _ creation: Timestamp?, _ info: [String], _ branch: Branch
    ) -> [String] {
        [
            "\(branch.prefix)\(icon.rawValue) \(painter.paint(name, inPhase: phase))", kind,
            "\(painter.paint(Icon(analysisPhase: phase))) \(phase)", age(since: creation, now: now), info.joined(separator: ","),
        ]
    }

    /// A place in the tree: what is drawn before its own sign, and before its children's branches.
    private struct Branch {
        var prefix: String
        private var below: String

        init(isLast: Bool, under parent: String = "") {
            prefix = parent + (isLast ? "└──" : "├──")
            below = parent + (isLast ? "   " : "│  ")
        }

        func child(isLast: Bool) -> Branch { Branch(isLast: isLast, under: below) }
    }
}
