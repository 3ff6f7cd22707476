import CurlTransport
import Glibc
import StrictJSON
import Testing

/// `kubectl sluice cluster` as people use it: a process on a port, kubectl, and a power cut.
@Suite("EndToEnd: the playground", .serialized) struct PlaygroundTests {
    @Test("the guide runs in it, and goes on after it was killed") func guide() async throws {
        let parts: String = try await Command(
            program: "\(checkout)/Tests/EndToEnd/parts/provide.sh", arguments: [], environment: processEnvironment(), seconds: 3600
        ).output()
        // The machine's; where there is none, that of the real parts.
        let program: Substring = try #require(parts.split(separator: "\n").first { $0.hasPrefix("KUBECTL=") }, "provide.sh did not print KUBECTL=")
        let guarded = try GuardedFolder()
        do {
            try await play(String(program.dropFirst("KUBECTL=".count)), guarded.path)
        } catch {
            print(tail("\(guarded.path)/logs/playground.log"))
            try await guarded.close()
            throw error
        }
        try await guarded.close()
    }

    private func play(_ program: String, _ folder: String) async throws {
        let kubectl = Kubectl(program: program, kubeconfig: "\(folder)/kubeconfig", home: "\(folder)/home", path: [programs])
        func rollout() async throws -> RolloutView { RolloutView(json: try #require(try await kubectl.get("rollout", "my-app"))) }
        func waitFor(_ what: String, _ isAsWanted: (RolloutView) -> Bool) async throws -> RolloutView {
            try await eventually("my-app is \(what)", seconds: 90) {
                let view: RolloutView = try await rollout()
                return isAsWanted(view) ? view : nil
            }
        }
        var playground: Daemon = try await start(folder, kubectl)
        try await kubectl.apply(try readText("\(checkout)/examples/guide/my-app.yaml"))
        _ = try await waitFor("healthy") { $0.isObserved && $0.phase == "Healthy" && $0.availableReplicas == 10 }
        try await kubectl(
            "patch", "rollout", "my-app", "--type=json", "-p",
            #"[{"op":"replace","path":"/spec/template/spec/containers/0/image","value":"myapp:v3.0"}]"#)
        let paused: RolloutView = try await waitFor("at its first pause") { $0.isObserved && $0.phase == "Paused" }
        #expect(paused.step == 1)
        try await kubectl("create", "deployment", "web", "--image=nginx:1", "--replicas=2")
        try await kubectl("rollout", "status", "deployment/web", "--timeout=60s")
        try await kubectl("create", "job", "task", "--image=task:1")
        try await kubectl("wait", "--for=condition=complete", "job/task", "--timeout=60s")
        try await kubectl("sluice", "promote", "my-app")
        try await pause(Self.keeping)

        try await playground.killNow()
        playground = try await start(folder, kubectl)
        _ = try await waitFor("at its second pause") { $0.isObserved && $0.phase == "Paused" && $0.step == 3 }
        #expect(try await kubectl.get("deployment", "web")?.at("status", "availableReplicas") == 2)
        #expect(try await kubectl.get("job", "task")?.at("status", "succeeded") == 1)
        try await kubectl("sluice", "promote", "my-app", "--full")
        _ = try await waitFor("promoted") { $0.isObserved && $0.phase == "Healthy" && $0.isPromoted }

        try await pause(Self.keeping)

        // Killed at any instant it leaves a file that can be gone on from.
        for number in 0..<5 {
            async let writes: Void = burst(kubectl, number)
            try await pause(.milliseconds(130 + 170 * number))
            try await playground.killNow()
            _ = try? await writes   // cut off in the middle, as it should be
            playground = try await start(folder, kubectl)
            #expect(try await rollout().isPromoted)
        }

        playground.signal(SIGTERM)
        #expect(try await playground.waitForEnd() == 0)
        #expect(tail(playground.log, lines: 2).hasPrefix("The cluster is stopped; \(folder)/state has its state."))
    }

    /// Twice what is promised, since the machine may be busy.
    private static let keeping: Duration = .seconds(2)

    private func burst(_ kubectl: Kubectl, _ number: Int) async throws {
        for index in 0..<8 { try await kubectl("create", "configmap", "burst-\(number)-\(index)") }
    }

    private func start(_ folder: String, _ kubectl: Kubectl) async throws -> Daemon {
        unlink(kubectl.kubeconfig)
        let playground = try Daemon(
            "playground", "\(programs)/kubectl-sluice",
            ["cluster", "--port", "0", "--state", "\(folder)/state", "--write-kubeconfig", kubectl.kubeconfig], environment: processEnvironment(),
            folder: folder)
        try await eventually("the playground serves", showing: { tail(playground.log) }) {
            if let status = playground.ending { throw CommandFailure("the playground ended with \(status)\n\(tail(playground.log))") }
            return fileExists(kubectl.kubeconfig) ? true : nil
        }
        return playground
    }
}
