import FoundationEssentials
import HTTPTransport
import StrictJSON

extension Kubeconfig {
    /// The connection that a context describes: the one given, or the file's current one.
    ///
    /// - Throws: `.misconfigured` naming the file, the entry and the field; nothing that it says is a secret.
    public func connection(overrides: Overrides = Overrides(), files: FileSource = .system) throws(KubeError) -> ClusterConnection {
        let contextName = overrides.context ?? currentContext
        let context = try contextName.isEmpty ? nil : entry(contexts, contextName, kind: "context")
        let cluster = try entry(clusters, given(overrides.cluster, else: context, "cluster"), kind: "cluster")
        let user = try entry(users, given(overrides.user, else: context, "user"), kind: "user")
        guard let server = try given(overrides.server, else: cluster, "server") else {
            throw .misconfigured(contextName.isEmpty
                ? "\(paths.joined(separator: ":")) has no current-context; choose one with --context or `kubectl config use-context`"
                : "context \"\(contextName)\" of \(context?.file ?? "") leads to no server")
        }
        var tlsFiles = TLSFiles()
        let tls = try tlsSettings(cluster, user, overrides, files, &tlsFiles)
        var connection = ClusterConnection(
            server: server.contains("://") ? server : "https://" + server, tls: tls, tlsFiles: tlsFiles,
            proxy: try proxy(cluster, overrides), impersonation: try impersonation(user, overrides),
            namespace: try given(overrides.namespace, else: context, "namespace") ?? "default",
            origin: contextName.isEmpty ? paths.joined(separator: ":") : "context \"\(contextName)\" of \(context?.file ?? "")")
        connection.credential = try credential(user, of: cluster, connection, overrides)
        return connection
    }

    /// What the command line says, or else the file.
    private func given(_ override: String?, else entry: KubeconfigEntry?, _ field: String) throws(KubeError) -> String? {
        if let override, !override.isEmpty { return override }
        return try entry?.string(field)
    }

    private func entry(_ entries: [String: KubeconfigEntry], _ name: String?, kind: String) throws(KubeError) -> KubeconfigEntry? {
        guard let name, !name.isEmpty else { return nil }
        guard let entry = entries[name] else {
            let known = entries.keys.sorted().joined(separator: ", ")
            throw .misconfigured(
                "\(paths.joined(separator: ":")) has no \(kind) \"\(name)\"" + (known.isEmpty ? "" : "; it has \(known)"))
        }
        return entry
    }

    // MARK: TLS

    private func tlsSettings(
        _ cluster: KubeconfigEntry?, _ user: KubeconfigEntry?, _ overrides: Overrides, _ files: FileSource, _ paths: inout TLSFiles
    ) throws(KubeError) -> TLSSettings {
        // Whoever names an authority on the command line wants the server checked by it.
        let configured: Bool = overrides.certificateAuthority == nil ? try cluster?.bool("insecure-skip-tls-verify") ?? false : false
        let insecure: Bool = overrides.insecureSkipVerify ?? configured
        let authorities = try material("certificate-authority", of: cluster, override: overrides.certificateAuthority, files)
        let certificate = try material("client-certificate", of: user, override: overrides.clientCertificate, files)
        let key = try material("client-key", of: user, override: overrides.clientKey, files)
        if (certificate == nil) != (key == nil) {
            throw .misconfigured("\(user?.place ?? "the command line") has only one of client-certificate and client-key; both are needed")
        }
        paths = TLSFiles(
            certificateAuthority: insecure ? nil : authorities?.path, clientCertificate: certificate?.path, clientKey: key?.path)
        // The name in the file belongs to the server in the file.
        let isOtherServer: Bool = !(overrides.server ?? "").isEmpty
        return TLSSettings(
            // With verification off an authority has no effect, and kubectl refuses the pair.
            certificateAuthorities: insecure ? nil : authorities?.bytes, clientCertificate: certificate?.bytes, clientKey: key?.bytes,
            insecureSkipVerify: insecure, serverName: try given(overrides.tlsServerName, else: isOtherServer ? nil : cluster, "tls-server-name"))
    }

    /// PEM bytes: from a file named on the command line, inline as base64, or from a file that the entry names.
    private func material(
        _ field: String, of entry: KubeconfigEntry?, override: String?, _ files: FileSource
    ) throws(KubeError) -> (bytes: [UInt8], path: String?)? {
        if let override { return (try read(override, for: "--" + field, files), override) }
        guard let entry else { return nil }
        if let inline = try entry.secret(field + "-data") {
            guard let data = Data(base64Encoded: inline, options: .ignoreUnknownCharacters), !data.isEmpty else {
                throw .misconfigured("\(entry.place): \(field)-data is not base64")
            }
            return ([UInt8](data), nil)
        }
        guard let path = try entry.string(field) else { return nil }
        let resolved: String = entry.resolved(path)
        return (try read(resolved, for: "\(entry.place): \(field)", files), resolved)
    }

    private func read(_ path: String, for what: String, _ files: FileSource) throws(KubeError) -> [UInt8] {
        do throws(FileSource.Failure) {
            return try files.read(path)
        } catch {
            throw .misconfigured("\(what): \(path) cannot be read: \(error.cause)")
        }
    }

    // MARK: Proxy

    private func proxy(_ cluster: KubeconfigEntry?, _ overrides: Overrides) throws(KubeError) -> ProxySetting {
        let isOverridden: Bool = !(overrides.proxyURL ?? "").isEmpty
        let configured: String? = isOverridden ? overrides.proxyURL : try cluster?.secret("proxy-url")
        guard let url = configured else { return .environment }
        let place: String = isOverridden ? "the command line" : cluster?.place ?? ""
        // Never quoted: it may carry user and password.
        guard let colon = url.firstRange(of: "://"), url[colon.upperBound...].contains(where: { $0 != "/" }),
              url.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw .misconfigured("\(place): proxy-url is not a url such as http://proxy:3128")
        }
        let rest: Substring = url[colon.upperBound...]
        switch url[..<colon.lowerBound].lowercased() {
        case "http", "https": return .url(url)
        // Go's clients let the proxy resolve the name, which libcurl calls socks5h.
        case "socks5", "socks5h": return .url("socks5h://" + rest)
        default: throw .misconfigured("\(place): the scheme of proxy-url is not supported; it must be http, https or socks5")
        }
    }
}
