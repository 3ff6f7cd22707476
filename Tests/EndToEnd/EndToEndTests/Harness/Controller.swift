import CurlTransport
import Glibc
import KubeYAML
import StrictJSON

/// The controller as a process, with a service account's token and the role of `deploy/`.
final class Controller: Sendable {
    let daemon: Daemon
    let healthURL: String
    let metricsURL: String
    private let cluster: RealCluster

    /// Starts it; ports are free ones on the loopback interface.
    ///
    /// - Parameters:
    ///   - name: of its log.
    ///   - account: whose token it has.
    ///   - arguments: after those that say where it is.
    init(
        _ cluster: RealCluster, name: String = "controller", account: ServiceAccount, arguments: [String],
        environment changes: [String: String] = [:]
    ) throws {
        self.cluster = cluster
        let health: Int = try freePort()
        var metrics: Int = try freePort()
        // The system may name one and the same twice, since nothing listens there yet.
        while metrics == health { metrics = try freePort() }
        healthURL = "http://127.0.0.1:\(health)"
        metricsURL = "http://127.0.0.1:\(metrics)/metrics"
        var environment: [String: String] = ["PATH": "/usr/bin:/bin", "HOME": "\(cluster.folder)/home", "POD_NAMESPACE": account.namespace]
        environment.merge(changes) { $1 }
        daemon = try Daemon(name, "\(programs)/sluice-controller", [
            "--kubeconfig", account.kubeconfig, "--bind-address", "127.0.0.1", "--healthzPort", "\(health)", "--metricsPort", "\(metrics)",
            "--loglevel", "debug",
        ] + arguments, environment: environment, folder: cluster.folder)
    }

    /// Waits until it says that its caches are filled.
    func waitUntilReady() async throws {
        try await eventually("the controller is ready", every: .milliseconds(50), showing: { tail(daemon.log) }) {
            if let ending = daemon.ending { throw CommandFailure("the controller ended with \(ending)\n\(tail(daemon.log))") }
            // Not listening yet.
            let answer: (status: Int, body: String)? = try? await fetch("\(healthURL)/readyz", transport: cluster.transport)
            return answer?.status == 200 ? true : nil
        }
    }

    func metricsPage() async throws -> String { try await fetch(metricsURL, transport: cluster.transport).body }
}

/// As whom a controller appears.
struct ServiceAccount: Sendable {
    var namespace: String
    var name: String
    /// The path of a file with a token of its own.
    var kubeconfig: String

    /// As the audit log names it.
    var user: String { "system:serviceaccount:\(namespace):\(name)" }
}

extension RealCluster {
    /// The account that `deploy/` makes, or another one with the same roles, so that the audit log tells two processes apart.
    func controllerAccount(twin: String? = nil) async throws -> ServiceAccount {
        let objects: [JSONValue] = try await deployment()
        guard let account = objects.first(where: { $0["kind"]?.stringValue == "ServiceAccount" }),
              let name = account.at("metadata", "name")?.stringValue, let namespace = account.at("metadata", "namespace")?.stringValue
        else { throw CommandFailure("deploy/ has no service account in a namespace") }
        if let twin {
            var manifests: [JSONValue] = []
            var copy: JSONValue = account
            copy.set(.string(twin), at: ["metadata", "name"])
            manifests.append(copy)
            for binding in objects where binding["kind"]?.stringValue?.hasSuffix("RoleBinding") ?? false {
                var copy: JSONValue = binding
                copy.set(.string("\(binding.at("metadata", "name")?.stringValue ?? "")-\(twin)"), at: ["metadata", "name"])
                copy["subjects"] = [["kind": "ServiceAccount", "namespace": .string(namespace), "name": .string(twin)]]
                manifests.append(copy)
            }
            try await kubectl.apply(YAML.text(documents: manifests))
        }
        return try await serviceAccount(twin ?? name, in: namespace)
    }
}

extension RealCluster {
    /// Where the output of the controllers is.
    var controllerLogs: [String] { ["controller", "controller-a", "controller-b", "controller-chart"].map { "\(folder)/logs/\($0).log" }.filter(fileExists) }

    /// Runs one controller beside `body`, without leader election unless `arguments` say otherwise, and ends it politely.
    func withController(
        arguments: [String] = ["--leader-elect=false"], account: ServiceAccount? = nil, _ body: (Controller) async throws -> Void
    ) async throws {
        let own: ServiceAccount = if let account { account } else { try await controllerAccount() }
        let controller = try Controller(self, account: own, arguments: arguments)
        do {
            try await controller.waitUntilReady()
            try await body(controller)
        } catch {
            try await controller.daemon.stop()
            throw error
        }
        try await controller.daemon.stop()
        guard controller.daemon.ending == 0 else {
            throw CommandFailure("the controller ended with \(controller.daemon.ending ?? -1) after SIGTERM\n\(tail(controller.daemon.log))")
        }
    }
}
