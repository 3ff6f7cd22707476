import HTTPTransport
public import StrictJSON
import FoundationEssentials
import KubeModel

/// One or several kubeconfig files, merged: of each name, the first file that has it wins.
public struct Kubeconfig: Sendable {
    private var clusters: [String: Entry] = [:]
    private var users: [String: Entry] = [:]
    private var contexts: [String: Entry] = [:]
    private var currentContext = ""
    private var paths: [String] = []

    /// What stands under a name, and where: relative paths in it are relative to the file's folder.
    fileprivate struct Entry: Sendable {
        var fields: FieldReader
        /// `user "eva"`; empty for the file itself.
        var label: String
        var file: String
    }

    /// What a person gave on the command line; it takes the place of what the file says.
    public struct Overrides: Sendable, Hashable {
        public var context: String?
        public var cluster: String?
        public var user: String?
        public var server: String?
        public var token: String?
        public var username: String?
        public var password: String?
        public var namespace: String?
        public var certificateAuthority: String?
        public var clientCertificate: String?
        public var clientKey: String?
        public var insecureSkipVerify: Bool?
        public var tlsServerName: String?
        public var proxyURL: String?
        public var impersonation: Impersonation?

        /// Nothing is overridden.
        public init() {}
    }

    /// Turns the text of a file, which is YAML, into a value. The error's description is shown.
    public typealias Parser = @Sendable ([UInt8]) throws -> JSONValue

    /// Reads `path`, or the files that `KUBECONFIG` lists, or `~/.kube/config`.
    ///
    /// - Returns: nil where no path is given and none of the usual files exists.
    public static func load(
        path: String?, environment: [String: String], files: FileSource = .system, parser: Parser
    ) throws(KubeError) -> Kubeconfig? {
        let paths: [String]
        if let path, !path.isEmpty {
            paths = [path]
        } else if let list = environment["KUBECONFIG"], !list.isEmpty {
            paths = list.split(separator: ":").map(String.init)
        } else if let home = environment["HOME"], !home.isEmpty {
            paths = [home + "/.kube/config"]
        } else {
            return nil
        }
        var config = Kubeconfig()
        for candidate in paths {
            let bytes: [UInt8]
            do throws(FileSource.Failure) {
                bytes = try files.read(candidate)
            } catch {
                // A list may name files that are not there yet; a path that someone gave must exist.
                if error.isMissing, path?.isEmpty ?? true { continue }
                throw .misconfigured("the kubeconfig \(candidate) cannot be read: \(error.cause)")
            }
            let document: JSONValue
            do { document = try parser(bytes) } catch { throw .misconfigured("the kubeconfig \(candidate) is not valid: \(error)") }
            try config.merge(document, from: candidate)
        }
        return config.paths.isEmpty ? nil : config
    }

    /// The connection that a context describes: the one given, or the file's current one.
    ///
    /// - Throws: `.misconfigured` naming the file, the entry and the field.
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
        let proxyURL = try given(overrides.proxyURL, else: cluster, "proxy-url")
        return ClusterConnection(
            server: server.contains("://") ? server : "https://" + server,
            tls: try tlsSettings(cluster, user, overrides, files), proxy: proxyURL.map { .url($0) } ?? .environment,
            credential: try credential(user, overrides), impersonation: try impersonation(user, overrides),
            namespace: try given(overrides.namespace, else: context, "namespace") ?? "default",
            origin: contextName.isEmpty ? paths.joined(separator: ":") : "context \"\(contextName)\" of \(context?.file ?? "")")
    }
}

extension Kubeconfig {
    private mutating func merge(_ document: JSONValue, from file: String) throws(KubeError) {
        let root = Entry(fields: FieldReader(document), label: "", file: file)
        paths.append(file)
        if currentContext.isEmpty { currentContext = try root.string("current-context") ?? "" }
        try collect("cluster", of: root, into: &clusters)
        try collect("user", of: root, into: &users)
        try collect("context", of: root, into: &contexts)
    }

    private func collect(_ kind: String, of root: Entry, into entries: inout [String: Entry]) throws(KubeError) {
        for element in try root.reading({ fields throws(DecodeError) in try fields.elements(kind + "s") }) {
            let named = Entry(fields: element, label: "", file: root.file)
            guard let name = try named.string("name"), entries[name] == nil else { continue }
            let content = try named.reading { fields throws(DecodeError) in try fields.member(kind) }
            entries[name] = Entry(fields: content, label: "\(kind) \"\(name)\"", file: root.file)
        }
    }

    /// What the command line says, or else the file.
    private func given(_ override: String?, else entry: Entry?, _ field: String) throws(KubeError) -> String? {
        if let override, !override.isEmpty { return override }
        return try entry?.string(field)
    }

    private func entry(_ entries: [String: Entry], _ name: String?, kind: String) throws(KubeError) -> Entry? {
        guard let name, !name.isEmpty else { return nil }
        guard let entry = entries[name] else {
            let known = entries.keys.sorted().joined(separator: ", ")
            throw .misconfigured(
                "\(paths.joined(separator: ":")) has no \(kind) \"\(name)\"" + (known.isEmpty ? "" : "; it has \(known)"))
        }
        return entry
    }

    private func tlsSettings(_ cluster: Entry?, _ user: Entry?, _ overrides: Overrides, _ files: FileSource) throws(KubeError) -> TLSSettings {
        let configured = try cluster?.bool("insecure-skip-tls-verify") ?? false
        let insecure = overrides.insecureSkipVerify ?? configured
        let authorities = try material("certificate-authority", of: cluster, override: overrides.certificateAuthority, files)
        let certificate = try material("client-certificate", of: user, override: overrides.clientCertificate, files)
        let key = try material("client-key", of: user, override: overrides.clientKey, files)
        if (certificate == nil) != (key == nil) {
            throw .misconfigured("\(user?.place ?? "the command line") has only one of client-certificate and client-key; both are needed")
        }
        return TLSSettings(
            // With verification off an authority has no effect, and kubectl refuses the pair.
            certificateAuthorities: insecure ? nil : authorities, clientCertificate: certificate, clientKey: key,
            insecureSkipVerify: insecure, serverName: try given(overrides.tlsServerName, else: cluster, "tls-server-name"))
    }

    /// PEM bytes: from a file named on the command line, inline as base64, or from a file that the entry names.
    private func material(_ field: String, of entry: Entry?, override: String?, _ files: FileSource) throws(KubeError) -> [UInt8]? {
        if let override { return try read(override, for: "--" + field, files) }
        guard let entry else { return nil }
        if let inline = try entry.string(field + "-data") {
            guard let data = Data(base64Encoded: inline, options: .ignoreUnknownCharacters), !data.isEmpty else {
                throw .misconfigured("\(entry.place): \(field)-data is not base64")
            }
            return [UInt8](data)
        }
        guard let path = try entry.string(field) else { return nil }
        return try read(entry.resolved(path), for: "\(entry.place): \(field)", files)
    }

    private func read(_ path: String, for what: String, _ files: FileSource) throws(KubeError) -> [UInt8] {
        do throws(FileSource.Failure) {
            return try files.read(path)
        } catch {
            throw .misconfigured("\(what): \(path) cannot be read: \(error.cause)")
        }
    }

    private func credential(_ user: Entry?, _ overrides: Overrides) throws(KubeError) -> Credential {
        if let token = overrides.token { return .token(token) }
        if let name = overrides.username { return .basic(user: name, password: overrides.password ?? "") }
        guard let user else { return .none }
        // kubectl prefers the file when both stand there.
        if let path = try user.string("tokenFile") { return .tokenFile(path: user.resolved(path)) }
        if let token = try user.string("token") { return .token(token) }
        if let name = try user.string("username") { return .basic(user: name, password: try user.string("password") ?? "") }
        for plugin in ["exec", "auth-provider"] {
            if try user.reading({ fields throws(DecodeError) in try fields.member(plugin) }).isPresent {
                throw .misconfigured(
                    "\(user.place) uses \(plugin), which is not supported yet; use a token, a token file or a client certificate, for instance `--token \"$(kubectl create token NAME)\"`")
            }
        }
        return .none
    }

    private func impersonation(_ user: Entry?, _ overrides: Overrides) throws(KubeError) -> Impersonation? {
        if let given = overrides.impersonation { return given }
        guard let user, let name = try user.string("as") else { return nil }
        return Impersonation(
            user: name, uid: try user.string("as-uid"),
            groups: try user.reading { fields throws(DecodeError) in try fields.strings("as-groups") })
    }
}

extension Kubeconfig.Entry {
    /// Where a complaint points to: `user "eva" of /home/eva/.kube/config`.
    fileprivate var place: String { label.isEmpty ? file : "\(label) of \(file)" }

    /// Relative paths are relative to the folder of the file that they stand in.
    fileprivate func resolved(_ path: String) -> String {
        guard !path.hasPrefix("/"), let slash = file.lastIndex(of: "/") else { return path }
        return file[...slash] + path
    }

    /// Empty strings are absent, as kubectl treats them.
    fileprivate func string(_ key: String) throws(KubeError) -> String? {
        let text = try reading { fields throws(DecodeError) in try fields.string(key) }
        return text.flatMap { $0.isEmpty ? nil : $0 }
    }

    fileprivate func bool(_ key: String) throws(KubeError) -> Bool? {
        try reading { fields throws(DecodeError) in try fields.bool(key) }
    }

    fileprivate func reading<Value>(_ read: (FieldReader) throws(DecodeError) -> Value) throws(KubeError) -> Value {
        do throws(DecodeError) {
            return try read(fields)
        } catch {
            throw .misconfigured("\(place): \(error)")
        }
    }
}
