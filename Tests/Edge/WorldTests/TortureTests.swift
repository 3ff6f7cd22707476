import Clockwork
import Testing
import World

@Suite("Torture") struct TortureTests {
    @Test("holds in a handful of histories", arguments: [1, 2, 5, 38, 97, 355, 480, 1003] as [UInt64]) func handful(_ seed: UInt64) {
        let verdict: Verdict = HistoryPlayer.play(HistoryGenerator.history(seed: seed))
        #expect(verdict.violations.isEmpty, "replay: make torture SEED=\(seed) HISTORIES=1\n\(HistoryGenerator.history(seed: seed))\n\(verdict.violations)")
        #expect(verdict.coverage.count(of: .ending, "promoted") + verdict.coverage.count(of: .ending, "aborted") == 1)
    }

    @Test("one seed gives one history, and plays it the same way each time") func sameSeed() {
        let history: History = HistoryGenerator.history(seed: 11)
        #expect(history == HistoryGenerator.history(seed: 11))
        #expect(history != HistoryGenerator.history(seed: 12))
        let (first, second): (Verdict, Verdict) = (HistoryPlayer.play(history), HistoryPlayer.play(history))
        #expect(first.journal == second.journal && first.coverage == second.coverage)
        #expect(first.journal.split(separator: "\n").count > 50)
    }

    /// Another process has other hash seeds: the order of a Set or a Dictionary that leaked would show.
    @Test("one seed gives the same history in two processes") func twoProcesses() async throws {
        let other = try #require(await #expect(processExitsWith: .success, observing: [\.standardOutputContent]) {
            print(HistoryPlayer.play(HistoryGenerator.history(seed: 14)).journal)
        })
        let own: String = HistoryPlayer.play(HistoryGenerator.history(seed: 14)).journal
        #expect(own.split(separator: "\n").count > 50)
        #expect(String(decoding: other.standardOutputContent, as: UTF8.self).contains(own), "the histories differ")
    }

    /// An invariant that is broken on purpose: whoever evicts pods while requests are slow.
    @Test("makes a failing history short, and keeps what it fails by") func shrinks() {
        func isBroken(_ history: History) -> Bool {
            history.actions.contains { if case .evict = $0.action { true } else { false } }
                && history.faults.contains { if case .network(.slowRequests, _) = $0.fault { true } else { false } }
        }
        var history: History = HistoryGenerator.history(seed: 3)
        history.scene.steps = [.setWeight(20), .pause(3), .setWeight(40), .analysis]
        history.scene.hasTwoControllers = true
        history.scene.maxSurge = "0"
        history.actions = [
            TimedAction(at: 0, .setImage("v2")), TimedAction(at: 100, .abort), TimedAction(at: 200, .evict(2)), TimedAction(at: 300, .retry),
        ]
        history.faults = [
            TimedFault(at: 0, lasts: 100, .freeze), TimedFault(at: 50, lasts: 500, .network(.slowRequests, oneIn: 2)),
            TimedFault(at: 70, lasts: 0, .crash(afterWrites: 3)),
        ]
        let (short, tries) = Shrinker { isBroken($0) ? [.settles] : [] }.shrink(history, keeping: .settles)
        #expect(short.actions.map(\.action) == [.setImage("v2"), .evict(2)])
        #expect(short.faults.map(\.fault) == [.network(.slowRequests, oneIn: 2)])
        #expect(short.scene.steps.count == 1 && !short.scene.hasTwoControllers && short.scene.maxSurge == nil)
        #expect(tries <= 200)
        #expect(short.description.contains("+0.200s  user: evict 2 pods") || short.description.contains("0.200s  user: evict 2 pods"))
        // Within its bound it gives what it has.
        #expect(Shrinker { isBroken($0) ? [.settles] : [] }.shrink(history, keeping: .settles, tries: 3).tries == 3)
    }

    @Test("sees what is wrong: pods that are taken away by somebody in the controller's name") func sees() throws {
        let violations: [Violation] = try World.run(seed: 15) { world in
            try await world.startRouted(replicas: 2, steps: [Scenery.setWeight(50), Scenery.pause()])
            let judge = WriteJudge(world)
            let impostor = world.cluster.client(userAgent: World.controllerAgent)
            let name: String = try await world.replicaSets()[0].metadata.name
            _ = try await impostor.patch(.replicaSets, namespace: "default", name: name, .merge(["spec": ["replicas": 0]]))
            _ = try await impostor.patch(.rollouts, namespace: "default", name: "my-app", .merge(["spec": ["replicas": 3]]))
            return judge.violations
        }.result
        let found: Set<Invariant> = Set(violations.map(\.invariant))
        #expect(found.isSuperset(of: [.servingKeepsPods, .availabilityFloor, .userChangesStay]), "\(violations)")
    }
}
