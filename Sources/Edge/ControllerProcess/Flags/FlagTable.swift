import Analysis
import Clockwork
import KubeClient
import Logging
import Observability

/// One flag: how it is written, and what it sets.
struct FlagDefinition: Sendable {
    /// What a value looks like, for the parser and for the help.
    enum Shape: String, Sendable {
        /// May stand without a value, which then is `true`.
        case bool = ""
        case text = "string"
        case number = "int"
        case duration = "duration"
        /// May be given several times.
        case list = "strings"
    }

    /// Why a value does not fit: what would be right.
    struct Mismatch: Error { var expected: String }

    typealias Setter = @Sendable (inout ControllerFlags, String) throws(Mismatch) -> Void

    var name: String
    var shorthand: Character?
    var shape: Shape
    /// As the help shows it.
    var standard: String
    var help: String
    /// Nil: the flag is accepted, because Argo Rollouts has it, and has no effect.
    var set: Setter?
}

extension FlagDefinition {
    /// Every flag of Argo Rollouts' controller, so that its Deployments and charts start unchanged, and `--bind-address`.
    static let table: [FlagDefinition] = scope + work + pages + leadership + output + connection + withoutEffect

    private static let scope: [FlagDefinition] = [
        bool("namespaced", help: "look only after the namespace of the kubeconfig context or service account") { $0.isNamespaced = $1 },
        text("instance-id", help: "look only after objects that carry this instance id") { $0.instanceID = $1 },
        FlagDefinition(
            name: "controllers", shape: .list, standard: "", help: "which controllers run: all, or only analysis",
            set: { (flags, value) throws(Mismatch) in
                guard value == "analysis" else { throw Mismatch(expected: "analysis") }
                flags.onlyAnalysis = true
            }),
    ]

    private static let work: [FlagDefinition] = [
        number("qps", "\(RateBudget.defaultPerSecond)", 1...100_000, help: "requests per second to the API server; reads, writes and events are counted apart") { $0.requestsPerSecond = $1 },
        number("burst", "\(RateBudget.defaultBurst)", 1...100_000, help: "requests at once to the API server; reads, writes and events are counted apart") { $0.requestBurst = $1 },
        number("rollout-threads", "10", 1...1000, help: "Rollouts that are worked on at once") { $0.rolloutWorkers = $1 },
        number("analysis-threads", "30", 1...1000, help: "AnalysisRuns that are worked on at once") { $0.analysisRunWorkers = $1 },
        FlagDefinition(
            name: "analysis-no-data", shape: .text, standard: "error",
            help: "what missing data means for metrics that do not say: error, pass, fail, inconclusive, wait or wait=15m",
            set: { (flags, value) throws(Mismatch) in
                guard let policy = NoDataPolicy(flag: value) else {
                    throw Mismatch(expected: "error, pass, fail, inconclusive, wait or wait=15m")
                }
                flags.noData = policy
            }),
    ]

    private static let pages: [FlagDefinition] = [
        number("metricsPort", "8090", 0...65535, help: "port of /metrics; 0 takes a free one") { $0.metricsPort = $1 },
        number("metricsport", "8090", 0...65535, help: "old name of --metricsPort") { $0.metricsPort = $1 },
        number("healthzPort", "8080", 0...65535, help: "port of /healthz, /livez and /readyz; 0 takes a free one") { $0.healthPort = $1 },
        text("bind-address", "0.0.0.0", help: "address that both ports are bound to") { $0.bindAddress = $1 },
    ]

    private static let leadership: [FlagDefinition] = [
        bool("leader-elect", "true", help: "act only while holding the lease") { $0.electsLeader = $1 },
        duration("leader-election-lease-duration", "15s", help: "for how long others stay away after a renewal") { $0.leaseDuration = $1 },
        duration("leader-election-renew-deadline", "10s", help: "after how long without renewal leading ends") { $0.leaseRenewDeadline = $1 },
        duration("leader-election-retry-period", "2s", help: "how often the lease is renewed or looked at") { $0.leaseRetryPeriod = $1 },
    ]

    private static let output: [FlagDefinition] = [
        FlagDefinition(
            name: "loglevel", shape: .text, standard: "info", help: "debug, info, warn or error",
            set: { (flags, value) throws(Mismatch) in
                guard let level = Logger.Level(logrusName: value) else { throw Mismatch(expected: "debug, info, warn or error") }
                flags.logLevel = level
            }),
        FlagDefinition(
            name: "logformat", shape: .text, standard: "", help: "text or json; empty is text",
            set: { (flags, value) throws(Mismatch) in
                guard let format = LogFormat(rawValue: value.isEmpty ? "text" : value) else { throw Mismatch(expected: "text or json") }
                flags.logFormat = format
            }),
        bool("version", help: "print the version and exit") { $0.printsVersion = $1 },
        FlagDefinition(
            name: "help", shorthand: "h", shape: .bool, standard: "false", help: "print this and exit",
            set: { (flags, value) throws(Mismatch) in flags.printsHelp = try parsedBool(value) }),
    ]

    private static let connection: [FlagDefinition] = [
        text("kubeconfig", help: "path of a kubeconfig file") { $0.kubeconfig = $1 },
        text("context", help: "context of the kubeconfig") { $0.connection.context = $1 },
        text("cluster", help: "cluster of the kubeconfig") { $0.connection.cluster = $1 },
        text("user", help: "user of the kubeconfig") { $0.connection.user = $1 },
        text("server", shorthand: "s", help: "address of the API server") { $0.connection.server = $1 },
        text("token", help: "bearer token for the API server") { $0.connection.token = $1 },
        text("username", help: "user name for basic authentication") { $0.connection.username = $1 },
        text("password", help: "password for basic authentication") { $0.connection.password = $1 },
        text("namespace", shorthand: "n", help: "namespace of --namespaced") { $0.connection.namespace = $1 },
        text("as", help: "user to act as") { flags, value in flags.impersonate { $0.user = value } },
        text("as-uid", help: "uid to act as") { flags, value in flags.impersonate { $0.uid = value } },
        FlagDefinition(
            name: "as-group", shape: .list, standard: "", help: "group to act as",
            set: { (flags, value) throws(Mismatch) in flags.impersonate { $0.groups.append(value) } }),
        text("certificate-authority", help: "path of the certificate authority of the API server") { $0.connection.certificateAuthority = $1 },
        text("client-certificate", help: "path of a client certificate") { $0.connection.clientCertificate = $1 },
        text("client-key", help: "path of the client certificate's key") { $0.connection.clientKey = $1 },
        bool("insecure-skip-tls-verify", help: "accept any certificate of the API server") { $0.connection.insecureSkipVerify = $1 },
        text("tls-server-name", help: "name that the API server's certificate must have") { $0.connection.tlsServerName = $1 },
        text("proxy-url", help: "proxy to the API server") { $0.connection.proxyURL = $1 },
        FlagDefinition(
            name: "request-timeout", shape: .text, standard: "0", help: "for a single request, a duration or seconds; 0 is the default of 30s",
            set: { (flags, value) throws(Mismatch) in
                if let seconds = Int64(value), seconds >= 0, seconds <= 86400 {
                    flags.requestTimeout = seconds == 0 ? ControllerFlags().requestTimeout : .seconds(seconds)
                } else {
                    flags.requestTimeout = try parsedDuration(value)
                }
            }),
        // Nothing is ever compressed.
        FlagDefinition(
            name: "disable-compression", shape: .bool, standard: "false", help: "answers are never compressed here",
            set: { (_, value) throws(Mismatch) in _ = try parsedBool(value) }),
    ]

    private static let withoutEffect: [FlagDefinition] = [
        ignored("rollout-resync", .number, "900"), ignored("experiment-threads", .number, "10"),
        ignored("service-threads", .number, "10"), ignored("ingress-threads", .number, "10"),
        ignored("ephemeral-metadata-threads", .number, "10"), ignored("ephemeral-metadata-update-pod-retries", .number, "3"),
        ignored("enable-pprof-address", .text, ""), ignored("self-service-notification-enabled", .bool, "false"),
        ignored("kloglevel", .number, "0"), ignored("istio-api-version", .text, "v1alpha3"),
        ignored("traffic-split-api-version", .text, "v1alpha1"), ignored("ambassador-api-version", .text, "getambassador.io/v2"),
        ignored("traefik-api-group", .text, "traefik.io"), ignored("traefik-api-version", .text, "traefik.io/v1alpha1"),
        ignored("ingress-api-version", .text, ""), ignored("appmesh-crd-version", .text, "v1beta2"),
        ignored("alb-ingress-classes", .list, "alb"), ignored("nginx-ingress-classes", .list, "nginx"),
        ignored("aws-verify-target-group", .bool, "false"), ignored("alb-verify-weight", .bool, "false"),
        ignored("aws-target-group-binding-api-version", .text, "elbv2.k8s.aws/v1beta1"),
        ignored("alb-tag-key-resource-id", .text, "ingress.k8s.aws/resource"), ignored("as-user-extra", .list, ""),
    ]
}

extension FlagDefinition {
    private static func bool(
        _ name: String, _ standard: String = "false", help: String, _ set: @escaping @Sendable (inout ControllerFlags, Bool) -> Void
    ) -> FlagDefinition {
        FlagDefinition(
            name: name, shape: .bool, standard: standard, help: help,
            set: { (flags, value) throws(Mismatch) in set(&flags, try parsedBool(value)) })
    }

    private static func text(
        _ name: String, _ standard: String = "", shorthand: Character? = nil, help: String,
        _ set: @escaping @Sendable (inout ControllerFlags, String) -> Void
    ) -> FlagDefinition {
        FlagDefinition(
            name: name, shorthand: shorthand, shape: .text, standard: standard, help: help,
            set: { (flags, value) throws(Mismatch) in set(&flags, value) })
    }

    private static func number(
        _ name: String, _ standard: String, _ range: ClosedRange<Int>, help: String,
        _ set: @escaping @Sendable (inout ControllerFlags, Int) -> Void
    ) -> FlagDefinition {
        FlagDefinition(
            name: name, shape: .number, standard: standard, help: help,
            set: { (flags, value) throws(Mismatch) in
                guard let number = Int(value), range.contains(number) else {
                    throw Mismatch(expected: "a whole number from \(range.lowerBound) to \(range.upperBound)")
                }
                set(&flags, number)
            })
    }

    private static func duration(
        _ name: String, _ standard: String, help: String, _ set: @escaping @Sendable (inout ControllerFlags, Duration) -> Void
    ) -> FlagDefinition {
        FlagDefinition(
            name: name, shape: .duration, standard: standard, help: help,
            set: { (flags, value) throws(Mismatch) in set(&flags, try parsedDuration(value)) })
    }

    private static func ignored(_ name: String, _ shape: Shape, _ standard: String) -> FlagDefinition {
        FlagDefinition(name: name, shape: shape, standard: standard, help: "accepted for Argo Rollouts' sake, without effect", set: nil)
    }

    /// As Go reads truth values.
    static func parsedBool(_ text: String) throws(Mismatch) -> Bool {
        switch text {
        case "1", "t", "T", "true", "TRUE", "True": return true
        case "0", "f", "F", "false", "FALSE", "False": return false
        default: throw Mismatch(expected: "true or false")
        }
    }

    private static func parsedDuration(_ text: String) throws(Mismatch) -> Duration {
        do throws(GoDurationError) {
            let duration = try GoDuration(parsing: text).duration
            if duration > .zero { return duration }
        } catch {
            // What is wrong with the text is said by what would be right.
        }
        throw Mismatch(expected: "a duration above zero, such as 15s or 1m30s")
    }
}

extension ControllerFlags {
    /// User, uid and groups come as flags of their own, in any order.
    fileprivate mutating func impersonate(_ change: (inout Impersonation) -> Void) {
        var user = connection.impersonation ?? Impersonation(user: "")
        change(&user)
        connection.impersonation = user
    }
}
