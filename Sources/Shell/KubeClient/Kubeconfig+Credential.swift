import FoundationEssentials
import KubeModel
import StrictJSON

extension Kubeconfig {
    /// How the user proves who he is. `connection` is what else is known; a plugin may want to hear of it.
    func credential(
        _ user: KubeconfigEntry?, of cluster: KubeconfigEntry?, _ connection: ClusterConnection, _ overrides: Overrides
    ) throws(KubeError) -> Credential {
        if let token = overrides.token { return .token(token) }
        if let name = overrides.username { return .basic(user: name, password: overrides.password ?? "") }
        guard let user else { return .none }
        let path: String? = try user.string("tokenFile")
        let token: String? = try user.secret("token")
        let name: String? = try user.string("username")
        let password: String? = try user.secret("password")
        let plugin: KubeconfigEntry? = try user.member("exec")
        let provider: KubeconfigEntry? = try user.member("auth-provider")
        if token != nil || path != nil, name != nil || password != nil {
            throw .misconfigured("\(user.place) has both a token and a username or password; kubectl allows one of them: remove the other")
        }
        if plugin != nil, provider != nil {
            throw .misconfigured("\(user.place) has both exec and auth-provider; remove auth-provider")
        }
        // kubectl prefers the file when both stand there, and both to a plugin.
        if let path { return .tokenFile(path: user.resolved(path)) }
        if let token { return .token(token) }
        if let name { return .basic(user: name, password: password ?? "") }
        if let plugin { return .exec(try self.plugin(plugin, of: user, cluster, connection)) }
        if let provider { throw .misconfigured("\(user.place) uses auth-provider \(try Self.remedy(for: provider))") }
        return .none
    }

    // MARK: Plugins

    private func plugin(
        _ exec: KubeconfigEntry, of user: KubeconfigEntry, _ cluster: KubeconfigEntry?, _ connection: ClusterConnection
    ) throws(KubeError) -> ExecPlugin {
        func wrong(_ text: String) -> KubeError { .misconfigured("\(user.place): \(exec.fields.path).\(text)") }
        let known: String = ExecPlugin.Version.allCases.map(\.rawValue).joined(separator: " or ")
        guard let versionText = try exec.string("apiVersion") else { throw wrong("apiVersion is missing; it must be \(known)") }
        guard let version = ExecPlugin.Version(rawValue: versionText) else {
            throw wrong("apiVersion is \"\(versionText)\", which is not supported; it must be \(known): renew the kubeconfig with a current version of the tool that wrote it")
        }
        guard var command = try exec.string("command") else { throw wrong("command is missing; it names the program to run") }
        // A mere name is looked for in PATH, a relative path in the folder of the file.
        if command.contains("/") { command = exec.resolved(command) }
        var environment: [ExecPlugin.Variable] = []
        for variable in try exec.elements("env") {
            guard let name = try variable.string("name") else { throw wrong("env has a variable without a name") }
            environment.append(ExecPlugin.Variable(name: name, value: try variable.secret("value") ?? ""))
        }
        let modes: String = ExecPlugin.InteractiveMode.allCases.map(\.rawValue).joined(separator: ", ")
        let mode: ExecPlugin.InteractiveMode
        switch (try exec.string("interactiveMode"), version) {
        case (nil, .v1beta1): mode = .ifAvailable
        case (nil, .v1): throw wrong("interactiveMode is missing; it must be one of \(modes)")
        case (let text?, _):
            guard let given = ExecPlugin.InteractiveMode(rawValue: text) else { throw wrong("interactiveMode is \"\(text)\"; it must be one of \(modes)") }
            mode = given
        }
        let wantsCluster: Bool = try exec.bool("provideClusterInfo") ?? false
        // `nil` would be a JSON null here.
        let information: JSONValue? = wantsCluster ? try self.information(cluster, connection) : JSONValue?.none
        return ExecPlugin(
            version: version, command: command, arguments: try exec.secrets("args"), environment: environment, interactiveMode: mode,
            installHint: try exec.string("installHint") ?? "",
            cluster: information, place: user.place)
    }

    /// The name under which a cluster carries settings for plugins.
    private static let pluginExtension = "client.authentication.k8s.io/exec"

    /// What a plugin hears of the cluster.
    private func information(_ cluster: KubeconfigEntry?, _ connection: ClusterConnection) throws(KubeError) -> JSONValue {
        var information: JSONValue = ["server": .string(connection.server)]
        if let name = connection.tls.serverName { information["tls-server-name"] = .string(name) }
        if connection.tls.insecureSkipVerify { information["insecure-skip-tls-verify"] = true }
        if let authorities = connection.tls.certificateAuthorities {
            information["certificate-authority-data"] = .string(Data(authorities).base64EncodedString())
        }
        if let proxy = try cluster?.secret("proxy-url") { information["proxy-url"] = .string(proxy) }
        for element in try cluster?.elements("extensions") ?? [] where try element.string("name") == Self.pluginExtension {
            information["config"] = try element.member("extension")?.fields.value
        }
        return information
    }

    /// What to do about a way of logging in that is not supported; exec plugins have taken its place.
    private static func remedy(for provider: KubeconfigEntry) throws(KubeError) -> String {
        let name: String = try provider.string("name") ?? ""
        let remedy: String
        switch name {
        case "gcp": remedy = "kubectl gave it up in 1.26 too: install gke-gcloud-auth-plugin and run `gcloud container clusters get-credentials CLUSTER`"
        case "azure": remedy = "kubectl gave it up in 1.26 too: install kubelogin and run `kubelogin convert-kubeconfig`"
        case "oidc": remedy = "use the exec plugin of kubelogin instead: `kubectl oidc-login setup`"
        default: remedy = "use an exec plugin, a token, a token file or a client certificate instead"
        }
        return "\"\(name)\", which is not supported; \(remedy)"
    }

    // MARK: Impersonation

    func impersonation(_ user: KubeconfigEntry?, _ overrides: Overrides) throws(KubeError) -> Impersonation? {
        if let given = overrides.impersonation { return given }
        guard let user else { return nil }
        let uid: String? = try user.string("as-uid")
        let groups: [String] = try user.reading { fields throws(DecodeError) in try fields.strings("as-groups") }
        var extra: [String: [String]] = [:]
        if let entry = try user.member("as-user-extra") {
            for key in try entry.reading({ fields throws(DecodeError) in try fields.object() })?.keys ?? [] {
                extra[key] = try entry.reading { fields throws(DecodeError) in try fields.strings(key) }
            }
        }
        guard let name = try user.string("as") else {
            if uid == nil, groups.isEmpty, extra.isEmpty { return nil }
            throw .misconfigured("\(user.place): as-uid, as-groups and as-user-extra say whom to act as only together with as")
        }
        return Impersonation(user: name, uid: uid, groups: groups, extra: extra)
    }
}
