import HTTPTransport

/// The connection of a pod to the API server of its own cluster.
public enum InCluster {
    static let folder = "/var/run/secrets/kubernetes.io/serviceaccount"

    /// Reads what kubelet gives every pod: address in the environment, certificate authority, token and namespace in files.
    ///
    /// - Throws: `.misconfigured` outside a pod, naming what is missing.
    public static func connection(environment: [String: String], files: FileSource = .system) throws(KubeError) -> ClusterConnection {
        guard let host = environment["KUBERNETES_SERVICE_HOST"], !host.isEmpty,
              let port = environment["KUBERNETES_SERVICE_PORT"], !port.isEmpty
        else {
            throw .misconfigured(
                "no kubeconfig is given, and this is no pod of a cluster: KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set; set KUBECONFIG or --kubeconfig")
        }
        let authorities: [UInt8]
        do throws(FileSource.Failure) {
            authorities = try files.read(folder + "/ca.crt")
            _ = try files.read(folder + "/token")
        } catch {
            throw .misconfigured(
                "the service account in \(folder) cannot be read: \(error.cause); is automountServiceAccountToken switched off?")
        }
        // The namespace file is a convenience; without it commands have to name a namespace.
        let namespace = (try? files.read(folder + "/namespace")).map { String(decoding: $0, as: UTF8.self) }
        // The service address of the API server is reachable from every pod, and never through a proxy that is meant for the world.
        let shownHost = host.contains(":") ? "[\(host)]" : host
        return ClusterConnection(
            server: "https://\(shownHost):\(port)", tls: TLSSettings(certificateAuthorities: authorities),
            tlsFiles: TLSFiles(certificateAuthority: folder + "/ca.crt"), proxy: .none,
            credential: .tokenFile(path: folder + "/token"), namespace: namespace?.filter { !$0.isWhitespace } ?? "default",
            origin: "the service account of this pod")
    }
}
