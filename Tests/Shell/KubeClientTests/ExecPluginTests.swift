import Clockwork
import HTTPTransport
import HTTPTypes
import KubeClient
import KubeModel
import SimulatedTime
import StrictJSON
import Testing

@Suite("A credential plugin") struct ExecPluginTests {
    /// The standing clock begins at 2026-03-01T10:00:00Z.
    static let plugin = ExecPlugin(
        version: .v1, command: "aws", arguments: ["eks", "s3cret-argument"], environment: [ExecPlugin.Variable(name: "PROFILE", value: "s3cret-value")],
        installHint: "get it from \u{1B}[31mexample.com", place: "user \"eva\" of /config")

    static func connection(_ change: (inout ExecPlugin) -> Void = { _ in }) -> ClusterConnection {
        var plugin = plugin
        change(&plugin)
        return ClusterConnection(server: "https://api", tls: TLSSettings(serverName: "kube"), credential: .exec(plugin))
    }

    private static let fine = ScriptedTransport.Answer.response(200, "{}")
    private static let refused = ScriptedTransport.Answer.response(401, "{}")

    private func tokens(_ transport: ScriptedTransport) -> [String] { transport.requests.map { $0.headers[.authorization] ?? "none" } }

    @Test("is run once, with what the kubeconfig says") func runs() async throws {
        let runner = ScriptedPlugin(ScriptedPlugin.token("t1"))
        let transport = ScriptedTransport(Self.fine, Self.fine)
        let kube = client(transport, connection: Self.connection { $0.cluster = ["server": "https://api", "config": ["region": "x"]] }, plugins: runner)
        for _ in 0..<2 { _ = try await kube.get(.pods, namespace: "n", name: "p") }
        #expect(tokens(transport) == ["Bearer t1", "Bearer t1"])
        #expect(runner.commands == [ExecCommand(
            command: "aws", arguments: ["eks", "s3cret-argument"],
            environment: [
                ExecPlugin.Variable(name: "PROFILE", value: "s3cret-value"),
                ExecPlugin.Variable(
                    name: "KUBERNETES_EXEC_INFO",
                    value: #"{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","spec":{"interactive":false,"cluster":{"server":"https://api","config":{"region":"x"}}}}"#),
            ],
            readsStandardInput: false)])
    }

    /// Mode, whether there is a terminal, whether the plugin may read it; nil where it must not be run.
    @Test("asks only somebody who is there", arguments: [
        (ExecPlugin.InteractiveMode.never, true, false), (.never, false, false), (.ifAvailable, true, true), (.ifAvailable, false, false),
        (.always, true, true), (.always, false, nil),
    ] as [(ExecPlugin.InteractiveMode, Bool, Bool?)]) func interactive(mode: ExecPlugin.InteractiveMode, hasTerminal: Bool, reads: Bool?) async throws {
        let runner = ScriptedPlugin(ScriptedPlugin.answer(#"{"token": "t"}"#, version: "v1beta1"), hasTerminal: hasTerminal)
        let kube = client(
            ScriptedTransport(Self.fine), connection: Self.connection { ($0.interactiveMode, $0.version) = (mode, .v1beta1) }, plugins: runner)
        guard let reads else {
            let error = await #expect(throws: KubeError.self) { try await kube.get(.pods, namespace: "n", name: "p") }
            #expect(error?.description.contains("standard input is not a terminal") == true)
            #expect(runner.commands.isEmpty)
            return
        }
        _ = try await kube.get(.pods, namespace: "n", name: "p")
        #expect(runner.commands.map(\.readsStandardInput) == [reads])
        #expect(runner.commands.first?.environment.last?.value
            == #"{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1beta1","spec":{"interactive":\#(reads)}}"#)
    }

    /// Seconds after which a token that lasts a minute is asked for again; ten seconds before its end it is renewed.
    @Test("is run again when the credential ends", arguments: [(49, 1), (50, 2), (60, 2), (61, 2)]) func expires(seconds: Int, runs: Int) async throws {
        let clock = StandingClock()
        let runner = ScriptedPlugin(ScriptedPlugin.token("t1", until: "2026-03-01T10:01:00Z"), ScriptedPlugin.token("t2"))
        let transport = ScriptedTransport(Self.fine, Self.fine)
        let kube = client(transport, connection: Self.connection(), clock: clock, plugins: runner)
        _ = try await kube.get(.pods, namespace: "n", name: "p")
        clock.advance(by: .seconds(seconds))
        _ = try await kube.get(.pods, namespace: "n", name: "p")
        #expect(runner.commands.count == runs)
        #expect(tokens(transport) == ["Bearer t1", "Bearer t\(runs)"])
    }

    @Test("is not run for every request when its credentials are short-lived") func shortLived() async throws {
        let clock = StandingClock()
        let short = ScriptedPlugin.token("t", until: "2026-03-01T10:00:05Z")
        let runner = ScriptedPlugin(short, short)
        let kube = client(ScriptedTransport(Self.fine, Self.fine, Self.fine), connection: Self.connection(), clock: clock, plugins: runner)
        var runs: [Int] = []
        for advance in [0, 4, 1] {
            clock.advance(by: .seconds(advance))
            _ = try await kube.get(.pods, namespace: "n", name: "p")
            runs.append(runner.commands.count)
        }
        #expect(runs == [1, 1, 2])
    }

    @Test("is run again when the server refuses, and the request is sent again if that helps") func refusal() async throws {
        let runner = ScriptedPlugin(ScriptedPlugin.token("t1"), ScriptedPlugin.token("t2"), ScriptedPlugin.token("t2"))
        let transport = ScriptedTransport(Self.refused, Self.fine, Self.refused)
        let kube = client(transport, connection: Self.connection(), plugins: runner)
        _ = try await kube.get(.pods, namespace: "n", name: "p")
        let error = await #expect(throws: KubeError.self) { try await kube.get(.pods, namespace: "n", name: "p") }
        #expect(error?.label == "unauthorized")
        #expect(tokens(transport) == ["Bearer t1", "Bearer t2", "Bearer t2"])
        #expect(runner.commands.count == 3)
    }

    @Test("gives certificates too") func certificates() async throws {
        let runner = ScriptedPlugin(
            ScriptedPlugin.answer(#"{"clientCertificateData": "C1", "clientKeyData": "K1", "token": ""}"#),
            ScriptedPlugin.answer(#"{"clientCertificateData": "C2", "clientKeyData": "K2", "token": "t", "expirationTimestamp": null}"#))
        let transport = ScriptedTransport(Self.refused, Self.fine)
        _ = try await client(transport, connection: Self.connection(), plugins: runner).get(.pods, namespace: "n", name: "p")
        #expect(transport.requests.map(\.tls) == ["1", "2"].map {
            TLSSettings(clientCertificate: Array("C\($0)".utf8), clientKey: Array("K\($0)".utf8), serverName: "kube")
        })
        #expect(tokens(transport) == ["none", "Bearer t"])
    }

    @Test("runs once for requests that come at once, also where it fails", arguments: [true, false]) func together(succeeds: Bool) throws {
        let loop = SimulationLoop(seed: 3)
        let clock = VirtualClock(loop: loop)
        let runner = ScriptedPlugin(
            succeeds ? ScriptedPlugin.token("t1") : .failure(.ended(status: 3)), meanwhile: { try? await clock.sleep(until: clock.now + .seconds(1), tolerance: nil) })
        let transport = ScriptedTransport(Self.fine, Self.fine, Self.fine)
        let kube = client(transport, connection: Self.connection(), clock: clock, plugins: runner)
        let outcomes: [String] = try loop.run {
            await withTaskGroup(of: String.self) { group in
                for _ in 0..<3 {
                    group.addTask {
                        do throws(KubeError) {
                            _ = try await kube.get(.pods, namespace: "n", name: "p")
                            return "fine"
                        } catch { return error.label }
                    }
                }
                return await group.reduce(into: []) { $0.append($1) }
            }
        }
        #expect(outcomes == Array(repeating: succeeds ? "fine" : "unavailable", count: 3))
        #expect(runner.commands.count == 1)
    }

    @Test("goes on for the others when the one who started it gives up") func cancelled() throws {
        let loop = SimulationLoop(seed: 4)
        let clock = VirtualClock(loop: loop)
        let runner = ScriptedPlugin(
            ScriptedPlugin.token("t1"), ScriptedPlugin.token("t2"), meanwhile: { try? await clock.sleep(until: clock.now + .seconds(2), tolerance: nil) })
        let transport = ScriptedTransport(Self.fine)
        let kube = client(transport, connection: Self.connection(), clock: clock, plugins: runner)
        let ask: @Sendable () async -> String = {
            do throws(KubeError) {
                _ = try await kube.get(.pods, namespace: "n", name: "p")
                return "fine"
            } catch { return error.label }
        }
        let outcomes: [String] = try loop.run {
            await withTaskGroup(of: String.self) { group in
                group.addTask {
                    // The first asker, and one who gives up while he waits for him.
                    await withTaskGroup(of: String.self) { inner in
                        inner.addTask { await ask() }
                        try? await clock.sleep(until: clock.now + .milliseconds(500), tolerance: nil)
                        inner.addTask { await ask() }
                        try? await clock.sleep(until: clock.now + .milliseconds(500), tolerance: nil)
                        inner.cancelAll()
                        return await inner.reduce(into: [String]()) { $0.append($1) }.joined(separator: " ")
                    }
                }
                group.addTask {
                    try? await clock.sleep(until: clock.now + .milliseconds(700), tolerance: nil)
                    return await ask()
                }
                return await group.reduce(into: [String]()) { $0.append($1) }.sorted()
            }
        }
        #expect(outcomes == ["cancelled cancelled", "fine"])
        #expect(runner.commands.count == 2)
        #expect(tokens(transport) == ["Bearer t2"])
    }

    static let failures: [(ExecFailure, String, String)] = [
        (.notFound, "misconfigured", "is not installed, or not in PATH\nget it from [31mexample.com"),
        (.notStarted(cause: "permission denied"), "misconfigured", "cannot be started: permission denied"),
        (.ended(status: 255), "unavailable", "ended with status 255; why, it says on standard error"),
        (.killed(signal: 9), "unavailable", "was ended by signal 9"),
        (.timedOut(after: .seconds(60)), "unavailable", "gave no credential within 60 s and was ended"),
        (.tooMuchOutput(limit: 100), "misconfigured", "wrote more than 100 bytes, which is no credential"),
    ]

    @Test("may fail", arguments: failures) func failure(failure: ExecFailure, label: String, text: String) async {
        let transport = ScriptedTransport(Self.fine)
        let error = await #expect(throws: KubeError.self) {
            try await client(transport, connection: Self.connection(), plugins: ScriptedPlugin(.failure(failure))).get(.pods, namespace: "n", name: "p")
        }
        #expect(error?.label == label)
        #expect(error?.description == "the credential plugin aws of user \"eva\" of /config " + text)
        #expect(transport.requests.isEmpty)
    }

    /// What it wrote, and what is said of it. Whatever it wrote is a secret.
    static let answers: [(String, String)] = [
        ("", "it wrote nothing to standard output"),
        ("t0psecret", "what it wrote is not JSON, from line 1, column 1 on"),
        (#"{"kind": "t0psecret"}"#, "kind is not ExecCredential"),
        (#"{"kind": "ExecCredential", "apiVersion": "client.authentication.k8s.io/v1beta1"}"#,
         "apiVersion is client.authentication.k8s.io/v1beta1; the kubeconfig expects client.authentication.k8s.io/v1"),
        (#"{"kind": "ExecCredential", "apiVersion": "t0psecret"}"#, "apiVersion is another one; the kubeconfig expects client.authentication.k8s.io/v1"),
        (#"{"kind": "ExecCredential", "apiVersion": "client.authentication.k8s.io/v1"}"#, "it has no status"),
        (status("{}"), "its status has neither token nor clientCertificateData with clientKeyData"),
        (status(#"{"token": 777777}"#), "status.token is number, not a string"),
        (status(#"{"token": "t0psecret\nX-Evil: 1"}"#), "status.token has characters that no header can carry"),
        (status(#"{"clientKeyData": "t0psecret"}"#), "its status has only one of clientCertificateData and clientKeyData"),
        (status(#"{"token": "t0psecret", "expirationTimestamp": "t0psecret"}"#), "status.expirationTimestamp is not a time such as 2026-03-01T10:00:00Z"),
    ]

    private static func status(_ status: String) -> String {
        #"{"kind": "ExecCredential", "apiVersion": "client.authentication.k8s.io/v1", "status": \#(status)}"#
    }

    @Test("has to answer well", arguments: answers) func answer(output: String, text: String) async {
        let error = await #expect(throws: KubeError.self) {
            try await client(ScriptedTransport(), connection: Self.connection(), plugins: ScriptedPlugin(.output(output))).get(.pods, namespace: "n", name: "p")
        }
        #expect(error == .misconfigured("the credential plugin aws of user \"eva\" of /config gave no usable credential: " + text))
    }

    @Test("needs somebody who runs it, and is named in logs without its secrets") func noRunner() async {
        let error = await #expect(throws: KubeError.self) {
            try await client(ScriptedTransport(), connection: Self.connection()).get(.pods, namespace: "n", name: "p")
        }
        #expect(error?.description.contains("this program runs no credential plugins") == true)
        #expect(Self.connection().credential.description == "the credential plugin aws")
    }
}
