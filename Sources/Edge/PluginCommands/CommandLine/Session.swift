import Clockwork
import KubeClient
import KubeModel
import KubeYAML
import RolloutModel
import StrictJSON

/// One command's connection to a cluster: whom it asks, and in which namespace.
struct Session: Sendable {
    var environment: PluginEnvironment
    var client: KubeClient
    var namespace: String
    /// Where the settings come from, for messages.
    var origin: String

    init(_ options: GlobalOptions, in environment: PluginEnvironment) throws(CommandFailure) {
        let connection: ClusterConnection = try Self.connection(options, in: environment)
        var observe: (@Sendable (RequestRecord) -> Void)?
        if try options.reportsRequests() {
            let console: Console = environment.console
            observe = { console.note(Self.report(of: $0)) }
        }
        self.environment = environment
        client = KubeClient(
            connection: connection, transport: environment.transport, clock: environment.clock, program: "kubectl-sluice",
            version: PluginVersion.number, requestTimeout: try options.timeout(), files: environment.files,
            plugins: environment.credentialPlugins, observe: observe)
        namespace = connection.namespace
        origin = connection.origin
    }

    private static func connection(_ options: GlobalOptions, in environment: PluginEnvironment) throws(CommandFailure) -> ClusterConnection {
        let overrides: Kubeconfig.Overrides = try options.overrides()
        let files: FileSource = environment.files
        do throws(KubeError) {
            let parser: Kubeconfig.Parser = { try YAMLStream.parse($0, fileName: "kubeconfig").first?.json ?? [:] }
            if let config = try Kubeconfig.load(path: options.kubeconfig, environment: environment.variables, files: files, parser: parser) {
                return try config.connection(overrides: overrides, files: files)
            }
            if options.server != nil {
                // Everything comes from flags then; an empty file lets them stand alone.
                let flags = try Kubeconfig.load(
                    path: "the command line", environment: [:], files: .memory(["the command line": []]), parser: { _ in [:] })
                if let flags { return try flags.connection(overrides: overrides, files: files) }
            }
            var connection: ClusterConnection = try InCluster.connection(environment: environment.variables, files: files)
            if let namespace = options.namespace, !namespace.isEmpty { connection.namespace = namespace }
            if let token = options.token { connection.credential = .token(token) }
            connection.impersonation = overrides.impersonation
            return connection
        } catch {
            throw CommandFailure(error, origin: "")
        }
    }

    private static func report(of record: RequestRecord) -> String {
        let object: String = [record.namespace, record.name].filter { !$0.isEmpty }.joined(separator: "/")
        let outcome: String = record.errorLabel ?? record.status.map(String.init) ?? ""
        let milliseconds: Int64 = record.elapsed.saturatedNanoseconds / 1_000_000
        return [record.verb, record.resource?.description ?? "", object, "\(outcome) in \(milliseconds) ms"].filter { !$0.isEmpty }.joined(separator: " ")
    }

    /// Runs calls of the client, and says of a failure what it means here.
    func asking<Value>(_ body: () async throws(KubeError) -> Value) async throws(CommandFailure) -> Value {
        do throws(KubeError) {
            return try await body()
        } catch {
            throw CommandFailure(error, origin: origin)
        }
    }

    /// All objects of a kind in the session's namespace; nil for `namespace` means all.
    func list(_ resource: GroupVersionResource, namespace: String?, selection: Selection = Selection()) async throws(CommandFailure) -> [JSONValue] {
        do throws(KubeError) {
            return try await client.listAll(resource, namespace: namespace, selection: selection)
        } catch {
            // Names do not matter to a list, so it is the kind that is not there.
            if case .notFound = error { throw .missingKind(resource) }
            throw CommandFailure(error, origin: origin)
        }
    }

    /// The Rollout, read by a list, so that list is the only right that looking needs.
    func rolloutDocument(_ name: String) async throws(CommandFailure) -> JSONValue {
        let found: [JSONValue] = try await list(.rollouts, namespace: namespace, selection: Selection(fields: "metadata.name=\(name)"))
        // A server that does not know the selector gives all.
        guard let rollout = found.first(where: { $0.at("metadata", "name")?.stringValue == name }) else { throw .rolloutNotFound(name) }
        return rollout
    }

    func decoded(_ rollout: JSONValue) throws(CommandFailure) -> Rollout {
        do throws(DecodeError) {
            return try Rollout(json: rollout)
        } catch {
            throw .message("rollout \(rollout.at("metadata", "name")?.stringValue ?? "without a name"): \(error)")
        }
    }
}
