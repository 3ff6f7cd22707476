import ArgumentParser
import Clockwork
import KubeClient

/// The flags that every command has: which cluster, as whom, and how long to wait.
struct GlobalOptions: ParsableArguments {
    @Option(name: .customLong("as"), help: "User to act as.") var impersonatedUser: String?
    @Option(name: .customLong("as-uid"), help: "UID to act as.") var impersonatedUID: String?
    @Option(name: .customLong("as-group"), help: "Group to act as; may be repeated.") var impersonatedGroups: [String] = []
    @Option(name: .customLong("as-user-extra"), help: "Attribute of the user to act as, as KEY=VALUE; may be repeated, also with one key.")
    var impersonatedExtra: [String] = []
    @Option(help: "Accepted as kubectl has it; nothing is cached.") var cacheDir: String?
    @Option(help: "File with the certificate authority of the server.") var certificateAuthority: String?
    @Option(help: "File with a client certificate.") var clientCertificate: String?
    @Option(help: "File with the key of the client certificate.") var clientKey: String?
    @Option(help: "Cluster of the kubeconfig to use.") var cluster: String?
    @Option(help: "Context of the kubeconfig to use.") var context: String?
    @Option(help: "User of the kubeconfig to use.") var user: String?
    @Flag(help: "Accepted as kubectl has it; answers are never compressed.") var disableCompression = false
    @Flag(name: .customLong("insecure-skip-tls-verify"), help: "Do not check the server's certificate.") var insecure = false
    @Option(help: "Kubeconfig to use instead of $KUBECONFIG or ~/.kube/config.") var kubeconfig: String?
    @Option(name: [.customShort("n", allowingJoined: true), .long], help: "Namespace instead of the context's.") var namespace: String?
    @Option(help: "How long one request may take: 1s, 2m or seconds; 0 sets no limit.") var requestTimeout = "0"
    @Option(name: [.customShort("s", allowingJoined: true), .long], help: "Address of the API server.") var server: String?
    @Option(help: "Name to expect in the server's certificate.") var tlsServerName: String?
    @Option(help: "Bearer token to use.") var token: String?
    @Option(name: [.customShort("v", allowingJoined: true), .customLong("kloglevel")], help: "From 6 on each request is reported on standard error.")
    var requestVerbosity = 0
    @Option(help: "trace, debug, info, warn, error, fatal or panic; below info each request is reported.") var loglevel = "info"

    /// What takes the place of the kubeconfig's settings.
    func overrides() throws(CommandFailure) -> Kubeconfig.Overrides {
        var overrides = Kubeconfig.Overrides()
        overrides.context = context
        overrides.cluster = cluster
        overrides.user = user
        overrides.server = server
        overrides.token = token
        overrides.namespace = namespace
        overrides.certificateAuthority = certificateAuthority
        overrides.clientCertificate = clientCertificate
        overrides.clientKey = clientKey
        overrides.insecureSkipVerify = insecure ? true : nil
        overrides.tlsServerName = tlsServerName
        if let impersonatedUser {
            overrides.impersonation = Impersonation(
                user: impersonatedUser, uid: impersonatedUID, groups: impersonatedGroups, extra: try extraAttributes())
        } else if impersonatedUID != nil || !impersonatedGroups.isEmpty || !impersonatedExtra.isEmpty {
            throw .message("--as-uid, --as-group and --as-user-extra say whom to act as only together with --as")
        }
        return overrides
    }

    /// All values of each key, in their order.
    private func extraAttributes() throws(CommandFailure) -> [String: [String]] {
        var extra: [String: [String]] = [:]
        for text in impersonatedExtra {
            guard let sign = text.firstIndex(of: "="), sign != text.startIndex else {
                throw .message("invalid argument \"\(text)\" for \"--as-user-extra\" flag: write KEY=VALUE, for instance reason=debugging")
            }
            extra[String(text[..<sign]), default: []].append(String(text[text.index(after: sign)...]))
        }
        return extra
    }

    /// A day stands for no limit: whoever waits that long has gone.
    static let noLimit: Duration = .seconds(86_400)

    func timeout() throws(CommandFailure) -> Duration {
        if let seconds = Int64(requestTimeout) {
            if seconds < 0 { throw invalidTimeout("it is negative") }
            return seconds == 0 ? Self.noLimit : .seconds(seconds)
        }
        do throws(GoDurationError) {
            let duration: Duration = try GoDuration(parsing: requestTimeout).duration
            if duration < .zero { throw GoDurationError.invalid(requestTimeout) }
            return duration == .zero ? Self.noLimit : duration
        } catch {
            throw invalidTimeout("\(error)")
        }
    }

    private func invalidTimeout(_ cause: String) -> CommandFailure {
        .message("invalid argument \"\(requestTimeout)\" for \"--request-timeout\" flag: \(cause); write 30s, 2m or a number of seconds")
    }

    /// Whether each request is reported.
    func reportsRequests() throws(CommandFailure) -> Bool {
        switch loglevel.lowercased() {
        case "trace", "debug": return true
        case "info", "warn", "warning", "error", "fatal", "panic": return requestVerbosity >= 6
        default: throw .message("not a valid log level: \"\(loglevel)\"; use trace, debug, info, warn, error, fatal or panic")
        }
    }
}
