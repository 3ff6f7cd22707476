import Clockwork
import ControllerKit
import EmbeddedAPIServer
import Expression
import KubeClient
import KubeModel
import SimulatedCluster
import StrictJSON
import Synchronization

/// What happened while a scenario was played, in the form of recorded traces.
package struct PlayedTrace: Sendable {
    /// By path the values in the order in which they were written; a value is never the same as the one before it.
    package var values: [String: [String]] = [:]
    /// Everything in order, for people: `do …` or `path = value`.
    package var lines: [String] = []
    /// What was waited for in vain, or did not hold.
    package var problems: [String] = []
}

/// Plays scenarios in a world, as somebody with kubectl and the plugin would, and writes down what becomes of them.
package final class TracePlayer: Sendable {
    private struct State: Sendable {
        var view = TraceView()
        var trace = PlayedTrace()
        var last: [String: String] = [:]
        var lastChange: Timestamp
        /// The process of the controller that runs now: what it is cut off by, and what ends it.
        var controller: (wire: Wire, death: OneShot)?
    }

    private let world: World
    private let scenario: TraceScenario
    private let state: Mutex<State>

    /// - Returns: what happened, also where something that the scenario waits for never came.
    package static func play(_ scenario: TraceScenario, seed: UInt64 = 1) throws -> PlayedTrace {
        var settings = ClusterSettings()
        // As long as in the recorded ones.
        settings.readyDelay = .exactly(.milliseconds(600))
        settings.runDuration = .exactly(.seconds(1))
        settings.terminationDelay = .zero
        settings.routeDelay = .exactly(.milliseconds(50))
        return try World.run(seed: seed, settings: settings, withController: false) { world in
            let player = TracePlayer(world, scenario)
            return try await world.beside({
                await player.play()
                return player.state.withLock { $0.trace }
            }, { await player.keepController() })
        }.result
    }

    private init(_ world: World, _ scenario: TraceScenario) {
        self.world = world
        self.scenario = scenario
        state = Mutex(State(lastChange: world.clock.now))
        world.cluster.onWrite { [weak self] write, _ in self?.note(write) }
    }

    /// One process of the controller after the other: each lives until it is killed.
    private func keepController() async {
        var number: UInt64 = 0
        while !Task.isCancelled {
            let (wire, death) = (Wire(world.cluster.network), OneShot())
            state.withLock { $0.controller = (wire, death) }
            await world.liveOnce(over: wire, until: death, salt: number << 8)
            number += 1
        }
    }

    private func kill() {
        guard let controller = state.withLock({ $0.controller }) else { return }
        controller.wire.cut()
        controller.death.fire()
    }

    private func note(_ write: CommittedWrite) {
        state.withLock { state in
            guard let object = write.new else { return }
            var told: [String] = []
            var seen: [(path: String, value: String)] = state.view.values(of: write.resource, object)
            // A condition that is taken away ends as nothing.
            if write.resource == .rollouts {
                let there = Set(seen.map(\.path))
                seen += state.last.keys.filter { $0.hasPrefix("ro/") && !there.contains($0) }.sorted().map { (path: $0, value: "") }
            }
            for (path, value) in seen {
                guard state.last[path] ?? Self.usual(path) != value else { continue }
                state.last[path] = value
                state.trace.values[path, default: []].append(value)
                told.append("\(path) = \(value)")
            }
            guard !told.isEmpty else { return }
            state.lastChange = write.at
            state.trace.lines.append("\(write.at.rfc3339) \(told.joined(separator: ", "))")
        }
    }

    /// What a member counts as before anybody has written it, as in the recorded traces.
    package static func usual(_ path: String) -> String {
        if path.hasPrefix("rs/"), path.hasSuffix(".status") { return "" }
        for flag in [".abort", ".abortedAt", ".controllerPause", ".promoteFull", ".restartedAt", ".scaleDownDeadline", ".managedBy", ".terminate"]
        where path.hasSuffix(flag) { return "false" }
        for count in [".spec", ".spec.replicas", ".step"] where path.hasSuffix(count) { return "0" }
        return path.contains(".n.") ? "0" : ""
    }

    private func play() async {
        do {
            for (query, answers) in scenario.metrics { try script(query, answers) }
            for object in world.cluster.gatewayObjects(name: "gateway") { try await world.cluster.apply(object) }
            for object in scenario.objects { try await world.cluster.apply(object) }
            try await applyRollout()
            if scenario.start == .healthy { try await wait("phase == 'Healthy'", timeout: 60) }
            for step in scenario.steps { try await perform(step) }
            try await settle(.seconds(3), within: .seconds(30))
        } catch {
            state.withLock { $0.trace.problems.append("\(error)") }
        }
    }

    private func applyRollout() async throws {
        do {
            try await world.cluster.apply(scenario.rollout)
        } catch {
            guard scenario.start == .refused else { throw error }
            state.withLock { $0.trace.lines.append("refused: \(error)") }
        }
    }

    private func script(_ query: String, _ answers: [String]) throws {
        world.prometheus.script(.exactly(query), try answers.map { text in
            guard let answer = ScriptedAnswer(text: text) else { throw TraceProblem("metric \(query): \(text) is no answer") }
            return answer
        })
    }

    // MARK: Steps

    private func perform(_ step: TraceStep) async throws {
        switch step {
        case .wait(let text, let timeout): try await wait(text, timeout: timeout)
        case .hold(let text, let seconds): try await hold(text, seconds: seconds)
        case .expect(let text):
            guard TraceSight(await world.cluster.server.state).holds(try TraceSight.compile(text)) else { throw TraceProblem("expected: \(text)") }
        case .sleep(let seconds): try await world.cluster.sleep(.seconds(seconds))
        case .settle(let seconds): try await settle(.seconds(seconds), within: .seconds(20 + seconds))
        case .image, .scale, .metric, .patch, .create, .delete, .deletePods, .rollout, .terminate, .command:
            try await settle(.seconds(1), within: .seconds(5))
            state.withLock { $0.trace.lines.append("do \(step)") }
            try await act(step)
            // Until the action shows in what is stored it counts as a change itself.
            state.withLock { $0.lastChange = world.clock.now }
        }
    }

    private func wait(_ text: String, timeout: Int) async throws {
        let condition: CompiledExpression = try TraceSight.compile(text)
        do {
            try await world.cluster.waitUntil(text, timeout: .seconds(timeout)) { TraceSight($0).holds(condition) }
        } catch is WaitTimedOut {
            throw TraceProblem("waited \(timeout) s in vain for: \(text)")
        }
    }

    private func hold(_ text: String, seconds: Int) async throws {
        let condition: CompiledExpression = try TraceSight.compile(text)
        do {
            try await world.cluster.waitUntil(text, timeout: .seconds(seconds)) { !TraceSight($0).holds(condition) }
        } catch is WaitTimedOut {
            return
        }
        throw TraceProblem("did not hold for \(seconds) s: \(text)")
    }

    /// Waits until nothing has changed for `quiet`, or the time is over: some scenarios are never quiet.
    private func settle(_ quiet: Duration, within limit: Duration) async throws {
        let end: Timestamp = world.clock.now + limit
        while true {
            let due: Timestamp = state.withLock { $0.lastChange } + quiet
            guard due > world.clock.now, world.clock.now < end else { return }
            try await world.clock.sleep(until: min(due, end), tolerance: nil)
        }
    }

    private func act(_ step: TraceStep) async throws {
        let name: String = TraceScenario.rolloutName
        switch step {
        case .wait, .hold, .expect, .sleep, .settle: break
        case .image(let tag): try await world.setImage("lab/app:\(tag)", of: name)
        case .scale(let count, asHPA: false): try await world.patchRollout(["spec": ["replicas": JSONValue(count)]], of: name)
        case .scale(let count, asHPA: true):
            _ = try await world.kubectl.patch(
                .rollouts, namespace: "default", name: name, subresource: "scale", .merge(["spec": ["replicas": JSONValue(count)]]))
        case .metric(let answers): for (query, texts) in answers { try script(query, texts) }
        case .patch(let kind, let name, let body): try await patch(kind, name, body)
        case .create(let object): try await world.cluster.apply(object)
        case .delete(let kind, let name):
            try await world.kubectl.delete(try Self.resource(kind), namespace: "default", name: name)
        case .deletePods(let hash):
            try await world.cluster.deletePods { pod in hash == nil || pod.revision == hash }
        case .rollout(let spec): try await world.cluster.apply(try scenario.rollout(with: spec))
        case .terminate(let name): try await terminate(name)
        case .command(let command): try await run(command)
        }
    }

    private func patch(_ kind: String, _ name: String, _ body: JSONValue) async throws {
        let resource: GroupVersionResource = try Self.resource(kind)
        let patch: Patch = body.arrayValue == nil ? .merge(body) : .json(try JSONPatch(json: body))
        _ = try await world.kubectl.patch(resource, namespace: "default", name: name, patch)
    }

    private static func resource(_ kind: String) throws -> GroupVersionResource {
        let resources: [String: GroupVersionResource] = [
            "Rollout": .rollouts, "HTTPRoute": .httpRoutes, "Deployment": .deployments, "Service": .services, "AnalysisTemplate": .analysisTemplates,
            "AnalysisRun": .analysisRuns, "ReplicaSet": .replicaSets, "Secret": .secrets,
        ]
        guard let resource = resources[kind] else { throw TraceProblem("a \(kind) is not known here") }
        return resource
    }

    /// Ends one run of an analysis, or all that run.
    private func terminate(_ name: String?) async throws {
        for run in await world.cluster.server.objects(of: .analysisRuns, namespace: "default") {
            let title: String = run.at("metadata", "name")?.stringValue ?? ""
            let isRunning: Bool = ["", "Pending", "Running"].contains(run.at("status", "phase")?.stringValue ?? "")
            guard name.map({ $0 == title }) ?? isRunning else { continue }
            _ = try await world.kubectl.patch(.analysisRuns, namespace: "default", name: title, .merge(["spec": ["terminate": true]]))
        }
    }

    private func run(_ command: TraceStep.Command) async throws {
        let name: String = TraceScenario.rolloutName
        switch command {
        case .promote: try await promote()
        case .promoteFully: try await world.promoteFully(name)
        case .skipStep, .skipAll:
            let rollout = try await world.rollout(name)
            let count: Int = rollout.spec.canary?.steps.count ?? 0
            let index: Int = command == .skipAll ? count : min((rollout.status.currentStepIndex ?? 0) + 1, count)
            try await world.patchStatus(["currentStepIndex": JSONValue(index)], of: name)
        case .abort: try await world.abort(name)
        case .retry: try await world.retry(name)
        case .pause: try await world.setPaused(true, name)
        case .resume: try await world.setPaused(false, name)
        case .restart: try await world.patchRollout(["spec": ["restartAt": .string(world.clock.now.rfc3339)]], of: name)
        case .undo: try await undo()
        case .kill: kill()
        }
    }

    /// As the plugin's patches have it.
    private func promote() async throws {
        let name: String = TraceScenario.rolloutName
        let rollout = try await world.rollout(name)
        let count: Int = rollout.spec.canary?.steps.count ?? 0
        let next = JSONValue(min((rollout.status.currentStepIndex ?? 0) + 1, count))
        let status: JSONValue = await world.document(.rollouts, name)?["status"] ?? [:]
        let isInconclusive: Bool = status.at("canary", "currentStepAnalysisRunStatus", "status")?.stringValue == "Inconclusive"
        if rollout.spec.paused { try await world.setPaused(false, name) }
        if isInconclusive, !rollout.status.pauseConditions.isEmpty, rollout.status.controllerPause, count > 0 {
            try await world.patchStatus(["pauseConditions": nil, "controllerPause": false, "currentStepIndex": next], of: name)
        } else if !rollout.status.pauseConditions.isEmpty {
            try await world.patchStatus(["pauseConditions": nil], of: name)
        } else if count > 0 {
            try await world.patchStatus(["pauseConditions": nil, "currentStepIndex": next], of: name)
        }
    }

    /// Back to the template of the second newest revision.
    private func undo() async throws {
        let name: String = TraceScenario.rolloutName
        let sets: [JSONValue] = await world.cluster.server.objects(of: .replicaSets, namespace: "default").sorted { Self.revision($0) > Self.revision($1) }
        guard sets.count > 1, var template = sets[1].at("spec", "template") else { throw TraceProblem("there is no revision to go back to") }
        template.set(.none, at: ["metadata", "labels", "rollouts-pod-template-hash"])
        _ = try await world.kubectl.patch(
            .rollouts, namespace: "default", name: name, .json(try JSONPatch(json: [["op": "replace", "path": "/spec/template", "value": template]])))
    }

    private static func revision(_ set: JSONValue) -> Int {
        set.at("metadata", "annotations", "rollout.argoproj.io/revision")?.stringValue.flatMap { Int($0) } ?? 0
    }
}
