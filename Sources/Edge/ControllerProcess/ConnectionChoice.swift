import KubeClient
import KubeYAML
import StrictJSON

/// Which API server to talk to: what the flags say, else a kubeconfig, else the service account of the pod.
enum ConnectionChoice {
    static func connection(_ flags: ControllerFlags, _ environment: ControllerEnvironment) throws(KubeError) -> ClusterConnection {
        let config = try Kubeconfig.load(
            path: flags.kubeconfig, environment: environment.variables, files: environment.files, parser: parse)
        if let config { return try config.connection(overrides: flags.connection, files: environment.files) }
        if flags.connection.server?.isEmpty ?? true {
            var connection = try InCluster.connection(environment: environment.variables, files: environment.files)
            if let namespace = flags.connection.namespace, !namespace.isEmpty { connection.namespace = namespace }
            return connection
        }
        // A server alone is enough, as if there were a kubeconfig with nothing in it.
        let place = "the command line"
        let empty = try Kubeconfig.load(path: place, environment: [:], files: .memory([place: []])) { _ in .object([:]) }
        guard let empty else { throw .misconfigured("\(place) does not say which API server to talk to") }
        return try empty.connection(overrides: flags.connection, files: environment.files)
    }

    private static func parse(_ bytes: [UInt8]) throws(YAMLError) -> JSONValue {
        try YAMLStream.parse(bytes, fileName: "kubeconfig").first?.json ?? .object([:])
    }
}
