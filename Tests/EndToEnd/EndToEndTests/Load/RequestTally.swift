import Clockwork
import StrictJSON

/// The controller's requests for the members of a fleet, as the API server wrote them down.
struct RequestTally: Sendable {
    /// Without watches, leases and events.
    private(set) var requests: [String: [AuditLog.Entry]] = [:]
    private(set) var events: Int = 0
    private(set) var refused: [AuditLog.Entry] = []
    /// What concerns no member; empty when all is well.
    private(set) var others: [AuditLog.Entry] = []

    init(_ entries: [AuditLog.Entry], of members: [Fleet.Member]) {
        let names: Set<String> = Set(members.map(\.name))
        let length: Int = members.first?.name.utf8.count ?? 0
        for entry in entries where !entry.isWatch && !entry.isOfLease {
            if entry.status >= 400 { refused.append(entry) }
            let name = String(entry.name.prefix(length))
            if entry.resource == "events" {
                events += 1
            } else if names.contains(name) {
                requests[name, default: []].append(entry)
            } else {
                others.append(entry)
            }
        }
    }

    /// Requests of each member, fewest first.
    var counts: [Int] { requests.values.map(\.count).sorted() }

    /// Per member, by what was asked: `patch rollouts/status 8.0`.
    func table(members: Int) -> [(what: String, perMember: Double)] {
        var totals: [String: Int] = [:]
        for entry in requests.values.joined() {
            totals["\(entry.verb) \(entry.resource)\(entry.subresource.isEmpty ? "" : "/\(entry.subresource)")", default: 0] += 1
        }
        return totals.sorted { $0.key < $1.key }.map { ($0.key, Double($0.value) / Double(max(1, members))) }
    }

    /// The instants at which each member's first request of a kind came, or was done.
    func first(_ isMeant: (AuditLog.Entry) -> Bool, _ instant: (AuditLog.Entry) -> String) throws -> [String: Timestamp] {
        var result: [String: Timestamp] = [:]
        for (name, entries) in requests {
            let instants: [Timestamp] = try entries.filter(isMeant).map { try Timestamp(rfc3339: instant($0)) }
            if let earliest = instants.min() { result[name] = earliest }
        }
        return result
    }
}

/// Durations, shortest first.
struct Spread: Sendable {
    let values: [Duration]

    /// From one instant to another, for each name that has both.
    init(from start: [String: Timestamp], to end: [String: Timestamp]) {
        values = end.compactMap { name, instant in start[name].map { $0.duration(to: instant) } }.sorted()
    }

    var median: Duration { values.isEmpty ? .zero : values[values.count / 2] }
    var longest: Duration { values.last ?? .zero }

    var text: String { "median \(tenths(median.inSeconds * 1000)) ms, longest \(tenths(longest.inSeconds * 1000)) ms, of \(values.count)" }
}
