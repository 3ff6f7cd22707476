import Testing

/// What `make load` asks for.
enum LoadSettings {
    static let rollouts: Int? = number("SLUICE_LOAD_ROLLOUTS")
    static let updated: Int = number("SLUICE_LOAD_UPDATED") ?? 100
    static let idleSeconds: Int = number("SLUICE_LOAD_IDLE_SECONDS") ?? 60
    /// By how much times may be longer than on a machine that does nothing else. Counts and memory have no slack.
    static let slack: Int = number("SLUICE_LOAD_SLACK") ?? 1

    private static func number(_ name: String) -> Int? { processEnvironment()[name].flatMap { Int($0) } }
}

/// `make load N=1000`. It needs a machine for itself, so it is no part of `make e2e`.
@Suite("Load", .serialized, .enabled(if: LoadSettings.rollouts != nil, "SLUICE_LOAD_ROLLOUTS is not set; `make load` sets it"))
struct LoadCases {
    @Test("many Rollouts at once need few requests, little time, little memory, and nothing when idle")
    func manyAtOnce() async throws {
        let rollouts: Int = try #require(LoadSettings.rollouts)
        try await RealCluster.running(.ours, with: .none(controllers: WorkloadStandIn.controllersBeside)) { cluster in
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await WorkloadStandIn(api: cluster.api).run() }
                defer { group.cancelAll() }
                let run = LoadRun(cluster: cluster, rollouts: rollouts, updated: min(LoadSettings.updated, rollouts), idleSeconds: LoadSettings.idleSeconds)
                let figures: LoadFigures = try await run.measure()
                print(figures.table)
                try Self.check(figures)
            }
        }
    }

    private static func check(_ figures: LoadFigures) throws {
        let tally: RequestTally = try #require(figures.tally)
        #expect(tally.counts.count == figures.updated)
        // What is promised and not kept yet on every machine is reported; what was reached may not be lost again.
        withKnownIssue("where the server is slow, counts that have waited for long enough are written alone", isIntermittent: true) {
            #expect((tally.counts.last ?? .max) <= Target.requestsPerCanary, "requests per canary: \(tally.counts)")
        }
        #expect((tally.counts.last ?? .max) <= Target.requestsPerCanary + 6, "requests per canary: \(tally.counts)")
        #expect(tally.others.isEmpty, "requests that concern no Rollout: \(tally.others.prefix(10))")
        #expect(figures.idleRequests.isEmpty, "while idle: \(figures.idleRequests.prefix(10))")
        #expect(figures.restartWrites.isEmpty, "a restart changes nothing: \(figures.restartWrites.prefix(10))")
        withKnownIssue("a canary costs more than that yet", isIntermittent: true) {
            #expect(figures.millisecondsPerCanary <= Target.processorMillisecondsPerCanary)
        }
        #expect(figures.millisecondsPerCanary <= Target.processorMillisecondsPerCanary * 4)
        let memory: Double = figures.rollouts <= 100 ? Target.residentMiBOfHundred : Target.residentMiBOfThousand
        let idle: Double = try #require(figures.idle).residentMiB
        let after: Double = try #require(figures.afterUpdates).residentMiB
        withKnownIssue("memory after a start and a wave is not back everywhere", isIntermittent: true) {
            #expect(idle <= memory)
            if figures.rollouts <= 100 { #expect(after <= memory) }
        }
        #expect(max(idle, after) <= memory * 2)
        #expect(figures.allReplicaSets <= Target.allReplicaSets * LoadSettings.slack)
        #expect(figures.allComplete <= Target.allComplete * LoadSettings.slack)
    }
}

/// What is promised. With the default flags, on two cores.
enum Target {
    /// From the change to the end, beside events: for two weights on a route.
    static let requestsPerCanary: Int = 20
    static let processorMillisecondsPerCanary: Double = 15
    static let residentMiBOfHundred: Double = 30
    static let residentMiBOfThousand: Double = 60
    /// For 100 Rollouts that are changed at once.
    static let allReplicaSets: Duration = .seconds(3)
    static let allComplete: Duration = .seconds(20)
}
