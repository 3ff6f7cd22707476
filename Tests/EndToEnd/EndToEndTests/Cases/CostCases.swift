import StrictJSON
import Testing

extension EndToEnd.OnOurDefinitions {
    @Test("a canary of two weights on a route needs few requests, and afterwards there are none")
    func requestsPerCanary() async throws {
        let cluster: RealCluster = try RealCluster.here
        let account: ServiceAccount = try await cluster.controllerAccount()
        let fleet = Fleet(cluster, count: 2, prefix: "cost")
        try await fleet.create(withHistory: false)
        try await cluster.withController { _ in
            try await waitUntilComplete(fleet, with: Fleet.firstImage)
            try await pause(.seconds(1))
            let start: Int = cluster.audit.end
            try await fleet.update(fleet.members, to: "app:v4")
            try await waitUntilComplete(fleet, with: "app:v4")
            // The last event, and whatever else would still follow.
            try await pause(.seconds(2))
            let tally = RequestTally(cluster.audit.requests(of: account.user, since: start), of: fleet.members)
            for (name, entries) in tally.requests.sorted(by: { $0.key < $1.key }) {
                print("cost: \(name): \(entries.count) requests\n  " + entries.map(\.description).joined(separator: "\n  "))
            }
            print("cost: " + tally.table(members: fleet.members.count).map { "\(tenths($0.perMember)) \($0.what)" }.joined(separator: ", ")
                + ", \(tally.events) events of \(fleet.members.count)")
            #expect(tally.counts.count == fleet.members.count)
            #expect((tally.counts.last ?? .max) <= Target.requestsPerCanary, "requests per canary: \(tally.counts)")

            // The pods of the version before wait for their delay, which is a matter of time alone.
            let idle: Int = cluster.audit.end
            try await pause(.seconds(8))
            let others: [AuditLog.Entry] = cluster.audit.requests(of: account.user, since: idle).filter { !$0.isOfLease && !$0.isWatch }
            #expect(others.isEmpty, "while nothing happens: \(others)")
        }
        try await fleet.remove()
    }

    private func waitUntilComplete(_ fleet: Fleet, with image: String) async throws {
        var last: [String] = []
        try await eventually("all are complete with \(image)", seconds: 60, showing: { last.joined(separator: "\n") }) {
            last = try await fleet.unfinished(among: fleet.members, with: image)
            return last.isEmpty ? true : nil
        }
    }
}
