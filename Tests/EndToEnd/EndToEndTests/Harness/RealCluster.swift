import CurlTransport
import Glibc
import KubeModel
import KubeYAML
import StrictJSON
import Testing

/// A real control plane with everything that a canary needs around it: definitions, roles, a Prometheus that scrapes an
/// application, and stand-ins for the kubelet and the gateway, which have no small real form.
struct RealCluster: Sendable {
    /// Whose definitions of the `argoproj.io` kinds are installed.
    enum Definitions: String, Sendable {
        case ours = "our own", argo = "Argo Rollouts'"
    }

    /// What stands in for nodes and gateways.
    enum Surroundings: Sendable {
        /// A kubelet, a gateway, and kube-controller-manager with all that it does.
        case all
        /// Nothing, beside the controllers of the control plane that are named. The test brings what it needs.
        case none(controllers: String)
    }

    let definitions: Definitions
    /// Everything that the run writes.
    let folder: String
    /// What `cluster.sh` printed.
    let parts: [String: String]
    /// The machine's, and Debian's 1.20.
    let kubectl: Kubectl
    let kubectl120: Kubectl
    let api: AdminAPI
    let exporter: MetricsExporter
    let prometheus: PrometheusServer
    let gateway: GatewayStandIn
    let transport: CurlTransport

    @TaskLocal static var current: RealCluster?

    /// The cluster of the suite that is running.
    static var here: RealCluster {
        get throws { try #require(current, "the suite lacks the trait .realCluster") }
    }

    /// Starts all of it, runs `body`, and leaves nothing behind, whatever happens.
    static func running(
        _ definitions: Definitions, with surroundings: Surroundings = .all, _ body: (RealCluster) async throws -> Void
    ) async throws {
        let guarded = try GuardedFolder()
        do {
            try await start(definitions, surroundings, in: guarded.path, body)
        } catch {
            try await guarded.close()
            throw error
        }
        try await guarded.close()
    }

    private static func start(
        _ definitions: Definitions, _ surroundings: Surroundings, in folder: String, _ body: (RealCluster) async throws -> Void
    ) async throws {
        var environment: [String: String] = processEnvironment()
        if case .none(let controllers) = surroundings { environment["SLUICE_TEST_CONTROLLERS"] = controllers }
        let scripts: String = "\(checkout)/Tests/EndToEnd/parts"
        // The first run ever downloads and builds the parts.
        let started: CommandResult = try await Command(
            program: "\(scripts)/cluster.sh", arguments: ["start", "\(folder)/cluster"], environment: environment, seconds: 3600
        ).run()
        guard started.succeeded else { throw CommandFailure(started) }
        let parts: [String: String] = started.output.split(separator: "\n").reduce(into: [:]) { parts, line in
            let sides: [Substring] = line.split(separator: "=", maxSplits: 1)
            if sides.count == 2 { parts[String(sides[0])] = String(sides[1]) }
        }
        let kubectl = Kubectl(
            program: try part("KUBECTL", of: parts), kubeconfig: try part("KUBECONFIG", of: parts), home: "\(folder)/home", path: [programs])
        var old: Kubectl = kubectl
        old.program = try part("KUBECTL_120", of: parts)
        let transport = CurlTransport()
        let api = try AdminAPI(kubeconfig: kubectl.kubeconfig, transport: transport)
        let exporter = try MetricsExporter()
        let prometheus: PrometheusServer = try await .start(
            try part("PROMETHEUS", of: parts), scraping: exporter.port, folder: folder, transport: transport)
        let cluster = RealCluster(
            definitions: definitions, folder: folder, parts: parts, kubectl: kubectl, kubectl120: old, api: api, exporter: exporter,
            prometheus: prometheus, gateway: GatewayStandIn(api: api, exporter: exporter), transport: transport)
        try await cluster.printVersions(started.errors)
        try await cluster.installDefinitions(scripts: scripts)
        try await cluster.installRoles()
        try await withThrowingTaskGroup(of: Void.self) { group in
            if case .all = surroundings {
                group.addTask { await KubeletStandIn(api: api).run() }
                group.addTask { await cluster.gateway.run() }
            }
            defer { group.cancelAll() }
            try await prometheus.waitUntilItKnowsRates()
            try await body(cluster)
        }
        await transport.shutdown()
    }

    private static func part(_ name: String, of parts: [String: String]) throws -> String {
        try #require(parts[name], "cluster.sh did not print \(name)")
    }

    private func printVersions(_ notes: String) async throws {
        let versions: String = notes.split(separator: "\n").filter { $0.hasPrefix("parts: ") || $0.contains("serves at") }.joined(separator: "\n  ")
        let machine: String = try await kubectl("version", "--client")
        print("""
            real parts:
              \(versions)
              kubectl: \(kubectl.program), \(machine.split(separator: "\n").first ?? "")
              kubectl: \(kubectl120.program), \(try await kubectl120("version", "--client", "--short"))
            """)
    }

    // MARK: - Definitions and roles

    private func installDefinitions(scripts: String) async throws {
        let published: String? = processEnvironment()["SLUICE_TEST_CRDS"].flatMap { $0.isEmpty ? nil : $0 }
        let others: String = published ?? "\(checkout)/Tests/Definitions"
        let sources: [String] = switch definitions {
        case .ours: ["\(checkout)/crds", "\(others)/gateway-api"]
        case .argo: ["\(others)/argo-rollouts", "\(others)/gateway-api"]
        }
        print("""
              definitions of argoproj.io: \(definitions.rawValue), of \(sources[0])
              definitions of Gateway API: \(published == nil ? "minimal ones of our own (SLUICE_TEST_CRDS is not set)" : "as published"), of \(sources[1])
            """)
        var environment: [String: String] = processEnvironment()
        environment["HOME"] = "\(folder)/home"
        environment["KUBECTL_120"] = kubectl120.program
        let list: String = try await Command(
            program: "\(scripts)/crds.py", arguments: sources + ["--server-version", parts["SERVER_VERSION"] ?? ""], environment: environment
        ).output()
        try await kubectl("create", "--validate=false", "-f", "-", input: list)
        try await kubectl("wait", "--for=condition=Established", "crd", "--all")
    }

    /// The account and the role of `deploy/`, and nothing else of it: the controller runs beside the tests.
    private func installRoles() async throws {
        let wanted: Set<String> = ["Namespace", "ServiceAccount", "Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding"]
        let objects: [JSONValue] = try await deployment().filter { wanted.contains($0["kind"]?.stringValue ?? "") }
        try await kubectl.apply(YAML.text(documents: objects))
    }

    /// What `kubectl apply -k deploy/cluster` applies.
    func deployment() async throws -> [JSONValue] {
        let text: String = try await kubectl("kustomize", "\(checkout)/deploy/cluster")
        return try YAMLStream.parse(text, fileName: "deploy").map(\.json)
    }
}

/// A folder below the machine's temporary one, with a guard that ends what was started in it.
struct GuardedFolder {
    let path: String
    private let guardian: pid_t
    private let pipe: Pipe

    init() throws {
        let base: String = processEnvironment()["TMPDIR"].flatMap { $0.isEmpty ? nil : $0 } ?? "/tmp"
        var template: [CChar] = Array("\(base)/sluice-e2e.XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw CommandFailure("no folder below \(base): \(String(cString: strerror(errno)))") }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        for name in ["home", "logs", "processes"] { try makeFolder("\(path)/\(name)") }
        if processEnvironment()["SLUICE_TEST_KEEP"] != nil { try writeFile("\(path)/keep", "") }
        pipe = try Pipe()
        guardian = try spawn(
            "\(checkout)/Tests/EndToEnd/guard.sh", [path], environment: processEnvironment(), descriptors: [pipe.read, 2, 2])
        pipe.closeRead()
    }

    /// Lets the guard end everything, and waits for it.
    func close() async throws {
        pipe.closeWrite()
        let status: Int = await withCheckedContinuation { continuation in
            startThread { [guardian] in continuation.resume(returning: reap(guardian)) }
        }
        guard status == 0 else { throw CommandFailure("guard.sh ended with \(status)") }
    }
}

/// Gives a suite a cluster of its own, for all of its tests.
struct RealClusterTrait: SuiteTrait, TestScoping {
    let definitions: RealCluster.Definitions

    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @concurrent @Sendable () async throws -> Void
    ) async throws {
        try await RealCluster.running(definitions) { cluster in
            try await RealCluster.$current.withValue(cluster) { try await function() }
        }
    }
}

extension Trait where Self == RealClusterTrait {
    static func realCluster(_ definitions: RealCluster.Definitions) -> Self { Self(definitions: definitions) }
}
