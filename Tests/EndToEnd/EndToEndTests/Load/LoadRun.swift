import Clockwork
import ControllerKit
import Glibc
import StrictJSON
import Synchronization

/// What a run with many Rollouts has measured.
struct LoadFigures: Sendable {
    var rollouts: Int = 0
    var updated: Int = 0
    /// From the start of the process until its caches were filled.
    var restartToSynced: Duration = .zero
    var restartWrites: [AuditLog.Entry] = []
    var idleSeconds: Int = 0
    var idleRequests: [AuditLog.Entry] = []
    var idleProcessorSeconds: Double = 0
    var idle: ProcessFigures?
    var busy: ProcessFigures?
    var afterUpdates: ProcessFigures?
    var tally: RequestTally?
    var processorSeconds: Double = 0
    var toFirstWrite: Spread?
    var toReplicaSet: Spread?
    /// From the first change of all until every canary ReplicaSet was there, and until every Rollout was complete.
    var allReplicaSets: Duration = .zero
    var allComplete: Duration = .zero
    var toComplete: Spread?

    var requestsPerRollout: Double { Double(tally?.counts.reduce(0, +) ?? 0) / Double(max(1, updated)) }
    var millisecondsPerCanary: Double { processorSeconds * 1000 / Double(max(1, updated)) }

    var table: String {
        var lines: [String] = [
            "load: \(rollouts) Rollouts with 3 ReplicaSets each, \(updated) of them updated at once",
            "  restart to synced         \(tenths(restartToSynced.inSeconds * 1000)) ms, then \(restartWrites.count) writes",
            "  idle for \(idleSeconds) s              \(idleRequests.count) requests beside lease and watches, "
                + "\(tenths(idleProcessorSeconds * 1000)) ms of processor time",
            "  resident, idle            \(idle?.memoryText ?? "")",
            "  resident, at the end      \(busy?.memoryText ?? "")",
            "  resident, 12 s later      \(afterUpdates?.memoryText ?? "")",
        ]
        guard updated > 0, let tally else { return lines.joined(separator: "\n") }
        lines += [
            "  requests per Rollout      \(tenths(requestsPerRollout)) (from \(tally.counts.first ?? 0) to \(tally.counts.last ?? 0)) "
                + "beside \(tenths(Double(tally.events) / Double(updated))) for events; \(tally.refused.count) were refused",
        ]
        lines += tally.table(members: updated).map { "    \(tenths($0.perMember))  \($0.what)" }
        lines += [
            "  processor time per canary \(tenths(millisecondsPerCanary)) ms",
            "  change to first write     \(toFirstWrite?.text ?? "")",
            "  change to ReplicaSet      \(toReplicaSet?.text ?? ""); all were there after \(tenths(allReplicaSets.inSeconds * 1000)) ms",
            "  change to complete        \(toComplete?.text ?? ""); all were after \(tenths(allComplete.inSeconds)) s",
        ]
        return lines.joined(separator: "\n")
    }
}

/// One run of `make load`.
struct LoadRun: Sendable {
    private static let newImage: String = "app:v4"

    let cluster: RealCluster
    let rollouts: Int
    let updated: Int
    let idleSeconds: Int

    func measure() async throws -> LoadFigures {
        let account: ServiceAccount = try await cluster.controllerAccount()
        let fleet = Fleet(cluster, count: rollouts, prefix: "load")
        let members: [Fleet.Member] = Array(fleet.members.prefix(updated))
        var figures = LoadFigures(rollouts: rollouts, updated: updated)
        let clock = SystemClock()
        var started: Timestamp = clock.now
        try await fleet.create(withHistory: true)
        print("load: \(rollouts) Rollouts were created in \(tenths(started.duration(to: clock.now).inSeconds)) s")
        started = clock.now
        try await cluster.withController(arguments: Self.quiet) { _ in
            try await waitUntilComplete(fleet, fleet.members, Fleet.firstImage, seconds: 60 + rollouts)
            print("load: they were all taken over after \(tenths(started.duration(to: clock.now).inSeconds)) s")
        }

        started = clock.now
        let restart: Int = cluster.audit.end
        // As it is deployed: with a lease.
        try await cluster.withController(arguments: Self.quiet) { controller in
            figures.restartToSynced = try await waitUntilSynced(account, since: restart, started)
            try await pause(.seconds(12))
            figures.restartWrites = cluster.audit.requests(of: account.user, since: restart).filter { $0.isWrite && !$0.isOfLease }
            let before = try ProcessFigures(of: controller.daemon.pid)
            let idleStart: Int = cluster.audit.end
            try await pause(.seconds(idleSeconds))
            let idle = try ProcessFigures(of: controller.daemon.pid)
            figures.idle = idle
            figures.idleSeconds = idleSeconds
            figures.idleProcessorSeconds = idle.processorSeconds - before.processorSeconds
            figures.idleRequests = cluster.audit.requests(of: account.user, since: idleStart).filter { !$0.isOfLease && !$0.isWatch }
            if updated > 0 { try await update(fleet, members, controller, account, &figures) }
            figures.busy = try ProcessFigures(of: controller.daemon.pid)
            // What was needed for the moment goes back when there is nothing to do.
            try await pause(.seconds(12))
            figures.afterUpdates = try ProcessFigures(of: controller.daemon.pid)
        }
        return figures
    }

    /// How long it took from an instant until the first page of every kind was answered.
    private func waitUntilSynced(_ account: ServiceAccount, since offset: Int, _ start: Timestamp) async throws -> Duration {
        let kinds: Set<String> = ["rollouts", "replicasets", "services", "endpointslices", "httproutes", "analysisruns", "analysistemplates"]
        return try await eventually("everything is listed", seconds: 120) {
            var first: [String: Timestamp] = [:]
            for entry in cluster.audit.requests(of: account.user, since: offset) where entry.verb == "list" && first[entry.resource] == nil {
                first[entry.resource] = try Timestamp(rfc3339: entry.time)
            }
            return kinds.isSubset(of: first.keys) ? start.duration(to: first.values.max() ?? start) : nil
        }
    }

    /// Quiet as in production, where nobody reads every round.
    private static let quiet: [String] = ["--loglevel", "info"]

    private func update(
        _ fleet: Fleet, _ members: [Fleet.Member], _ controller: Controller, _ account: ServiceAccount, _ figures: inout LoadFigures
    ) async throws {
        let start: Int = cluster.audit.end
        let before = try ProcessFigures(of: controller.daemon.pid)
        let completed: [String: Timestamp] = try await withThrowingTaskGroup(of: [String: Timestamp]?.self) { group in
            group.addTask { try await self.completions(of: members) }
            group.addTask {
                try await fleet.update(members, to: Self.newImage)
                return nil
            }
            group.addTask {
                try await pause(.seconds(60 + 2 * members.count))
                return [:]
            }
            while let result = try await group.next() {
                guard let result else { continue }
                group.cancelAll()
                if result.isEmpty { throw CommandFailure("not all are complete: \(try await fleet.unfinished(among: members, with: Self.newImage))") }
                return result
            }
            return [:]
        }
        // The last events are still on their way.
        try await pause(.seconds(1))
        figures.processorSeconds = try ProcessFigures(of: controller.daemon.pid).processorSeconds - before.processorSeconds
        let all: [AuditLog.Entry] = cluster.audit.requests(of: [account.user, Self.admin], since: start)
        let tally = RequestTally(all.filter { $0.user == account.user }, of: members)
        let names: Set<String> = Set(members.map(\.name))
        var changes: [String: Timestamp] = [:]
        for entry in all where entry.user == Self.admin && entry.resource == "rollouts" && entry.verb == "patch" && names.contains(entry.name) {
            changes[entry.name] = try Timestamp(rfc3339: entry.time)
        }
        let replicaSets: [String: Timestamp] = try tally.first({ $0.resource == "replicasets" && $0.verb == "create" && $0.status == 201 }, \.time)
        figures.tally = tally
        figures.toFirstWrite = Spread(from: changes, to: try tally.first({ $0.isWrite }, \.received))
        figures.toReplicaSet = Spread(from: changes, to: replicaSets)
        figures.toComplete = Spread(from: changes, to: completed)
        if let first = changes.values.min() {
            figures.allReplicaSets = first.duration(to: replicaSets.values.max() ?? first)
            figures.allComplete = first.duration(to: completed.values.max() ?? first)
        }
    }

    /// As the audit log names the one whose kubeconfig the harness uses.
    private static let admin: String = "sluice-test-admin"

    /// When each of these was seen to be complete; ends with the last.
    private func completions(of members: [Fleet.Member]) async throws -> [String: Timestamp] {
        let log = CompletionLog(of: members)
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                await cluster.api.follow(.rollouts) { json, _ in
                    if Fleet.isComplete(json, with: Self.newImage) { log.note(json.at("metadata", "name")?.stringValue ?? "") }
                }
            }
            await log.allAreDone.wait()
            group.cancelAll()
        }
        return log.instants
    }

    private func waitUntilComplete(_ fleet: Fleet, _ members: [Fleet.Member], _ image: String, seconds: Int) async throws {
        var last: [String] = []
        try await eventually("\(members.count) Rollouts are complete", seconds: seconds, every: .seconds(1), showing: {
            "\(last.count) are not, for instance \(last.prefix(3).joined(separator: "\n"))"
        }) {
            last = try await fleet.unfinished(among: members, with: image)
            return last.isEmpty ? true : nil
        }
    }
}

/// When each of some Rollouts was seen to be complete for the first time.
private final class CompletionLog: Sendable {
    let allAreDone = OneShot()
    private let names: Set<String>
    private let seen = Mutex<[String: Timestamp]>([:])

    init(of members: [Fleet.Member]) { names = Set(members.map(\.name)) }

    var instants: [String: Timestamp] { seen.withLock { $0 } }

    func note(_ name: String) {
        guard names.contains(name) else { return }
        let now: Timestamp = SystemClock().now
        let count: Int = seen.withLock { seen in
            if seen[name] == nil { seen[name] = now }
            return seen.count
        }
        if count == names.count { allAreDone.fire() }
    }
}
