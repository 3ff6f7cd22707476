import Clockwork
import ControllerKit
import EmbeddedAPIServer
import KubeModel
import RolloutModel
import SimulatedCluster
import StrictJSON
import Synchronization

/// What became of a history.
package struct Verdict: Sendable {
    /// What did not hold; empty is what is expected.
    package var violations: [Violation] = []
    package var coverage = Coverage()
    /// The last writes before the first thing that did not hold, one a line, with what they changed.
    package var lastWrites: [String] = []
    /// All writes, one a line.
    package var journal: String = ""
}

/// Plays a history: first with everything that goes wrong, when nothing unsafe may happen; then without, when everything settles.
package final class HistoryPlayer: Sendable {
    /// From the end of trouble until everything stands still, clocks that are apart aside.
    private static let bound: Duration = .seconds(400)
    /// For so long nothing may be written before a world counts as standing still.
    private static let stillness: Duration = .seconds(40)

    private let history: History
    private let world: World
    private let faults: Faults
    private let fleet: ControllerFleet
    private let judge: WriteJudge
    private let notebook = Notebook()
    private let metric = Mutex(0.0)

    private init(_ history: History, _ world: World) {
        self.history = history
        self.world = world
        let faults = Faults(world.cluster.network, clock: world.clock, seed: history.seed)
        self.faults = faults
        let scene: TortureScene = history.scene
        fleet = ControllerFleet(world, over: faults, count: scene.hasTwoControllers ? 2 : 1, skews: scene.skews)
        judge = WriteJudge(world, clocksAreRight: !scene.isSkewed) { [notebook, troubles = history.faults] now in
            let at: Int = notebook.start.withLock { $0.map { Int((now - $0) / .milliseconds(1)) } ?? 0 }
            // Late news come soon after trouble has ended; without trouble at once.
            let end: Int = troubles.filter { $0.at <= at + 1000 && at <= $0.at + $0.lasts + 35_000 }.map { $0.at + $0.lasts + 35_000 }.max() ?? at
            return .milliseconds(Int64(end - at) + 1000)
        }
        world.cluster.onWrite { [notebook] write, _ in notebook.note(write) }
    }

    /// Plays a history in a world of its own.
    package static func play(_ history: History) -> Verdict {
        do {
            let played = try World.run(seed: history.seed, settings: settings, withController: false) { world in
                let player = HistoryPlayer(history, world)
                return try await player.play()
            }
            var verdict: Verdict = played.result
            verdict.journal = played.history
            return verdict
        } catch {
            var verdict = Verdict()
            verdict.violations = [Violation(.settles, "the world broke: \(error)", at: .epoch)]
            return verdict
        }
    }

    private static let settings: ClusterSettings = {
        var settings = ClusterSettings()
        settings.readyDelay = .between(.milliseconds(500), .seconds(4))
        settings.slowDelay = .seconds(12)
        return settings
    }()

    private func play() async throws -> Verdict {
        try await world.beside { [self] in
            do {
                try await story()
            } catch let timedOut as WorldTimedOut {
                notebook.violate(Violation(.settles, "the first version: \(timedOut)", at: world.clock.now))
            }
        } _: { [fleet] in await fleet.run() }
        var verdict = Verdict()
        verdict.violations = judge.violations + notebook.violations
        verdict.coverage = notebook.coverage
        for (kind, count) in faults.injected { verdict.coverage.count(.request, kind, by: count) }
        verdict.coverage.count(.fault, "crash", by: fleet.crashes)
        for step in history.scene.steps { verdict.coverage.count(.step, step.label) }
        if history.scene.backgroundFrom != nil { verdict.coverage.count(.step, "background analysis") }
        if let blueGreen = history.scene.blueGreen {
            for label in ["blue-green"] + blueGreen.labels { verdict.coverage.count(.scene, label) }
            let gates: BlueGreenGates = judge.gates
            verdict.coverage.count(.shortcut, "fast rollback", by: gates.fastRollbacks)
            verdict.coverage.count(.shortcut, "back after the switch", by: gates.returns)
            verdict.coverage.count(.shortcut, "preview grown", by: gates.growths)
            verdict.coverage.count(.shortcut, "delay cut short", by: gates.cutShort)
        } else {
            verdict.coverage.count(.scene, history.scene.isRouted ? "\(history.scene.routing.rawValue) route" : "pods alone")
        }
        if history.scene.hasTwoControllers { verdict.coverage.count(.scene, "two controllers") }
        if history.scene.isSkewed { verdict.coverage.count(.scene, "clocks apart") }
        if history.scene.leastPods != nil { verdict.coverage.count(.scene, "least pods") }
        if history.scene.threshold != nil { verdict.coverage.count(.scene, "progress threshold") }
        if history.scene.rollbackWindow != nil { verdict.coverage.count(.scene, "rollback window") }
        verdict.coverage.count(.shortcut, "promotion with enough pods", by: judge.earlyPromotions)
        if let first = verdict.violations.map(\.at).min() { verdict.lastWrites = notebook.lastWrites(until: first) }
        return verdict
    }

    private func story() async throws {
        // Not strongly: the world holds the script, and a player its world.
        world.prometheus.script(.exactly("errors"), .computed { [weak self] _ in self.map { [$0.metric.withLock { $0 }] } ?? [] })
        for object in history.scene.objects { try await world.cluster.apply(object) }
        if history.scene.isRouted { try await world.applyRouting(route: history.scene.route) }
        try await world.cluster.apply(history.scene.rollout)
        try await world.waitFor("the first version is everywhere", timeout: .seconds(300)) { $0.status.phase == .healthy }
        let routeBefore: JSONValue? = await world.document(.httpRoutes, "my-app-route")?["spec"]
        try await trouble()
        try await end(routeBefore: routeBefore)
    }

    // MARK: With trouble

    private func trouble() async throws {
        enum Moment { case action(TimedAction.Action), begin(Int), end(Int) }
        let start: Timestamp = world.clock.now
        notebook.start.withLock { $0 = start }
        var moments: [(at: Int, Moment)] = history.actions.map { ($0.at, .action($0.action)) }
        for (index, fault) in history.faults.enumerated() {
            moments.append((fault.at, .begin(index)))
            moments.append((fault.at + fault.lasts, .end(index)))
        }
        for (_, moment) in moments.enumerated().sorted(by: { ($0.element.at, $0.offset) < ($1.element.at, $1.offset) }) {
            try await world.clock.sleep(until: start + .milliseconds(Int64(moment.at)), tolerance: nil)
            switch moment.1 {
            case .action(let action): try await act(action)
            case .begin(let index): await begin(index)
            case .end(let index): end(index)
            }
        }
        // A crash that has found no write to follow does not come after the end of trouble.
        fleet.forgetCrashes()
    }

    private func act(_ action: TimedAction.Action) async throws {
        notebook.count(.action, action.label)
        switch action {
        case .setImage(let tag), .returnTo(let tag): try await world.setImage("myapp:\(tag)")
        case .promote: try await world.promote()
        case .promoteFully: try await world.promoteFully()
        case .abort: try await world.abort()
        case .retry: try await world.retry()
        case .scale(let replicas): try await world.patchRollout(["spec": ["replicas": .number(JSONNumber(replicas))]])
        case .pause: try await world.setPaused(true)
        case .resume: try await world.setPaused(false)
        case .metricBad: metric.withLock { $0 = 1 }
        case .metricGood: metric.withLock { $0 = 0 }
        case .evict(let count):
            let pods: [SimulatedPod] = await world.cluster.pods(namespace: "default").filter { $0.isActive && $0.isReady }
            let names: Set<String> = Set(pods.prefix(count).map(\.metadata.name))
            try await world.cluster.deletePods { names.contains($0.metadata.name) }
        }
    }

    private func begin(_ index: Int) async {
        let fault: TimedFault.Fault = history.faults[index].fault
        if case .crash = fault {} else { notebook.count(.fault, fault.label) }
        switch fault {
        case .network(let kind, let share): faults.open(index + 1, kind.window(oneIn: share))
        case .silence(let resource): faults.holdWatches(of: resource)
        case .crash(let writes): fleet.crash(afterWrites: writes)
        case .freeze: await fleet.freezeLeader()
        case .leaseOutage: fleet.setLeaseDown(true)
        }
    }

    private func end(_ index: Int) {
        switch history.faults[index].fault {
        case .network: faults.close(index + 1)
        case .silence(let resource): faults.release(resource)
        case .crash: break
        case .freeze: fleet.thawAll()
        case .leaseOutage: fleet.setLeaseDown(false)
        }
    }

    // MARK: Without trouble

    /// Lets everything come to rest, judges it, and does what a person would do about a Rollout that waits for one, until it is at its end.
    private func end(routeBefore: JSONValue?) async throws {
        for _ in 0..<12 {
            guard let rest = try await settle(routeBefore: routeBefore) else { return notebook.count(.ending, "not at rest") }
            notebook.count(.rest, rest.rawValue)
            if history.scene.blueGreen != nil, rest == .pausedAtStep { notebook.count(.rest, "paused before the switch") }
            switch rest {
            case .promoted, .aborted:
                if try await world.rollout().spec.paused {
                    try await world.setPaused(false)
                    continue
                }
                if history.scene.blueGreen != nil { notebook.count(.ending, "blue-green \(rest.rawValue)") }
                return notebook.count(.ending, rest.rawValue)
            case .pausedByHand: try await world.setPaused(false)
            case .pausedAtStep, .undecided: try await world.promote()
            // A version that never becomes ready is replaced by a good one.
            case .timedOut: try await world.setImage("myapp:v99")
            }
        }
        notebook.violate(Violation(.settles, "a person has helped twelve times, and it is not over", at: world.clock.now))
    }

    /// Waits until nothing is written any more and nothing is wrong. Nil when that does not come in time; what is wrong is then noted.
    private func settle(routeBefore: JSONValue?) async throws -> RestJudge.Rest? {
        let deadline: Timestamp = world.clock.now + Self.bound + (history.scene.isSkewed ? .seconds(120) : .zero)
        while true {
            try await world.cluster.sleep(.seconds(10))
            let now: Timestamp = world.clock.now
            let isStill: Bool = now - notebook.lastWriteAt >= Self.stillness
            guard isStill || now >= deadline else { continue }
            guard let truth = TrueState(await world.cluster.server.state, rollout: world.key()) else { continue }
            let judge = RestJudge(truth: truth, wishes: judge.wishes, now: now, routeBefore: routeBefore) { !$0.hasPrefix("myapp:bad") }
            let problems: [Violation] = judge.problems()
            if problems.isEmpty, isStill { return judge.rest }
            guard now >= deadline else { continue }
            if problems.isEmpty {
                notebook.violate(Violation(.staysQuiet, "\(judge.rest?.rawValue ?? ""), and still written to", at: now))
            } else {
                for problem in problems { notebook.violate(problem) }
            }
            return nil
        }
    }
}
