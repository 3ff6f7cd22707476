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

    @Test("a canary of eight steps takes at most half as many writes again as there are things to write")
    func writesPerStep() async throws {
        let cluster: RealCluster = try RealCluster.here
        let account: ServiceAccount = try await cluster.controllerAccount()
        let weights: [Int] = [20, 40, 60, 80]
        let fleet = Fleet(cluster, count: 1, prefix: "step", steps: weights.flatMap { weight -> [JSONValue] in
            [["setWeight": .number(JSONNumber(weight))], ["pause": ["duration": "1s"]]]
        })
        try await fleet.create(withHistory: false)
        try await cluster.withController { _ in
            try await waitUntilComplete(fleet, with: Fleet.firstImage)
            try await pause(.seconds(1))
            let start: Int = cluster.audit.end
            let states: [String] = try await statesOfStatus(cluster) {
                try await fleet.update(fleet.members, to: "app:v4")
                try await waitUntilComplete(fleet, with: "app:v4")
                try await pause(.seconds(2))
            }
            let tally = RequestTally(cluster.audit.requests(of: account.user, since: start), of: fleet.members)
            let writes: [AuditLog.Entry] = tally.requests.values.joined().filter(\.isWrite)
            // One status for each state, two sizes and one edit of the route for each weight, and the ReplicaSet.
            let minimum: Int = states.count + 3 * weights.count + 1
            print("cost: \(writes.count) writes for eight steps, the least are \(minimum), with \(states.count) states:\n  "
                + states.joined(separator: "\n  ") + "\n  " + writes.map(\.description).joined(separator: "\n  "))
            #expect(states.count >= 2 * weights.count)
            #expect(2 * writes.count <= 3 * minimum)
        }
        try await fleet.remove()
    }

    /// The distinct states that the status of the only Rollout went through meanwhile: phase, step, pause and weight.
    private func statesOfStatus(_ cluster: RealCluster, while body: @escaping @Sendable () async throws -> Void) async throws -> [String] {
        try await withThrowingTaskGroup(of: [String]?.self) { group in
            group.addTask {
                let seen = Seen()
                await cluster.api.follow(.rollouts) { rollout, _ in
                    let view = RolloutView(json: rollout)
                    let pause: String = rollout.at("status", "pauseConditions")?[0]?["reason"]?.stringValue ?? "-"
                    let weight: Int = rollout.at("status", "canary", "weights", "canary", "weight")?.intValue ?? 0
                    await seen.note("\(view.phase) step \(view.step ?? -1) \(pause) weight \(weight)")
                }
                return await seen.states
            }
            group.addTask {
                try await body()
                return nil
            }
            var states: [String] = []
            while let finished = try await group.next() {
                if let finished { states = finished }
                group.cancelAll()
            }
            return states
        }
    }

    private actor Seen {
        private(set) var states: [String] = []
        func note(_ state: String) { if !states.contains(state) { states.append(state) } }
    }

    private func waitUntilComplete(_ fleet: Fleet, with image: String) async throws {
        var last: [String] = []
        try await eventually("all are complete with \(image)", seconds: 60, showing: { last.joined(separator: "\n") }) {
            last = try await fleet.unfinished(among: fleet.members, with: image)
            return last.isEmpty ? true : nil
        }
    }
}
