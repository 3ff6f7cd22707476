public import KubeClient

/// What the environment of the process says.
public struct ControllerEnvironment: Sendable {
    static let namespaceFile = "/var/run/secrets/kubernetes.io/serviceaccount/namespace"

    /// All variables, for the connection.
    public var variables: [String: String]
    /// The name of this machine or pod.
    public var hostName: String
    public var files: FileSource
    /// Runs the credential plugins of kubeconfigs; nil refuses them.
    public var credentialPlugins: (any ExecCredentialRunner)?

    /// The given variables, files and plugins.
    public init(
        variables: [String: String], hostName: String, files: FileSource = .system, credentialPlugins: (any ExecCredentialRunner)? = nil
    ) {
        self.variables = variables
        self.hostName = hostName
        self.files = files
        self.credentialPlugins = credentialPlugins
    }

    /// The namespace of the controller itself, where its lease is.
    var ownNamespace: String {
        if let given = variables["POD_NAMESPACE"], !given.isEmpty { return given }
        // Outside a pod there is no such file.
        let mounted = (try? files.read(Self.namespaceFile)).map { String(decoding: $0, as: UTF8.self).filter { !$0.isWhitespace } }
        return mounted.flatMap { $0.isEmpty ? nil : $0 } ?? "argo-rollouts"
    }

    /// For metrics of Prometheus without an address; nil where there is none.
    var prometheusAddress: String? { variables["ARGO_ROLLOUTS_PROMETHEUS_ADDRESS"].flatMap { $0.isEmpty ? nil : $0 } }

    /// Where Jobs of analyses are made; nil: in the namespace of each run.
    var jobNamespace: String? { variables["ARGO_ROLLOUTS_ANALYSIS_JOB_NAMESPACE"].flatMap { $0.isEmpty ? nil : $0 } }

    /// The commit that the program was built from.
    var commit: String { variables["SLUICE_COMMIT"].flatMap { $0.isEmpty ? nil : $0 } ?? "unknown" }

    /// Where the test-only pause is asked for; nil in every other run.
    var routeWritePauseFile: String? { variables[RouteWritePause.variable].flatMap { $0.isEmpty ? nil : $0 } }

    /// Variables that Argo Rollouts knows and that have no effect here, with what is said about them.
    var warnings: [String] {
        var warnings: [String] = []
        if let text = variables["ROLLOUT_VERIFY_RETRY_INTERVAL"] {
            warnings.append(Int(text).map { (1...3600).contains($0) } ?? false
                ? "ROLLOUT_VERIFY_RETRY_INTERVAL has no effect: routes are watched, so a weight is verified as soon as its route says so"
                : "ROLLOUT_VERIFY_RETRY_INTERVAL is \"\(text)\", which is no number from 1 to 3600; it has no effect here anyway: routes are watched")
        }
        if let name = variables["ARGO_ROLLOUTS_ANALYSIS_JOB_KUBECONFIG"], !name.isEmpty {
            warnings.append("ARGO_ROLLOUTS_ANALYSIS_JOB_KUBECONFIG has no effect: jobs of analyses are made in the controller's own cluster")
        }
        for name in ["DD_ADDRESS", "DD_API_KEY", "DD_APP_KEY"] where !(variables[name] ?? "").isEmpty {
            warnings.append("\(name) has no effect: metrics of the provider datadog are not supported yet")
        }
        return warnings
    }
}
