import HTTPTransport

extension ClusterConnection {
    /// What a failed exchange with this server means for a caller; where no secure connection came about, with the server's
    /// address and what to change.
    func explained(_ error: TransportError) -> KubeError {
        guard case .tls(let cause) = error else { return KubeError(error) }
        // An address that does not parse is refused long before a handshake; then none is named.
        let address: String = (try? TransportURL(server))?.displayed(withQuery: false) ?? "the server"
        let remedy: String = Self.remedy(for: cause.lowercased()).map { "; \($0)" } ?? ""
        // A certificate can be rotated while we run, so a broken handshake is worth another try.
        return .unavailable(after: nil, cause: "no secure connection to \(address): \(cause)\(remedy)")
    }

    /// By the words of libcurl and OpenSSL; nil where they suggest nothing.
    private static func remedy(for cause: String) -> String? {
        for (words, remedy) in remedies where words.contains(where: cause.contains) { return remedy }
        return nil
    }

    private static let remedies: [(words: [String], remedy: String)] = [
        (["subject name matches", "does not match target host"],
         "if it is the right server, set tls-server-name of the cluster to a name in its certificate"),
        (["unable to get local issuer", "unable to get issuer", "self-signed", "self signed", "unable to verify the first certificate"],
         "set certificate-authority of the cluster to the authority that signed the server's certificate"),
        (["alert certificate required", "alert unknown ca", "alert bad certificate", "alert certificate unknown", "alert certificate expired",
          "alert handshake failure"],
         "the server does not take our client certificate: check client-certificate and client-key of the user"),
        (["certificate has expired", "not yet valid"], "renew the server's certificate, or set the clock of this machine"),
        (["private key", "key values mismatch", "client certificate", "no start line"],
         "check that client-certificate and client-key of the user are PEM and belong together"),
    ]
}
