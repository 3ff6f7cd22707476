import Clockwork
import Glibc
import KubeClient
import Testing

/// From kubeconfig files on disk through libcurl to a server with real certificates: what the tests of the client show with
/// scripted transports.
@Suite("A kubeconfig over TLS", .timeLimit(.minutes(3))) struct KubeconfigOverTLSTests {
    let certificates: TestCertificates

    init() throws { certificates = try TestCertificates() }

    /// Writes a kubeconfig into the folder of the certificates and hands back its path.
    private func config(_ peer: KubePeer, cluster: String = "certificate-authority: ca.pem", user: String, server: String? = nil) throws -> String {
        try write("config", """
            current-context: c
            contexts: [{name: c, context: {cluster: c, user: eva}}]
            clusters:
            - name: c
              cluster:
                server: \(server ?? peer.address)
                \(cluster.replacing("\n", with: "\n    "))
            users:
            - name: eva
              user:
                \(user.replacing("\n", with: "\n    "))
            """)
    }

    @discardableResult
    private func write(_ name: String, _ text: String) throws -> String {
        let path: String = certificates.path(name)
        let file = try #require(fopen(path, "w"), "\(path) cannot be written")
        fputs(text, file)
        fclose(file)
        return path
    }

    private func install(_ name: String, as other: String) throws {
        for kind in ["pem", "key"] { try Child.run("cp", [certificates.path("\(name).\(kind)"), certificates.path("\(other).\(kind)")]) }
    }

    @Test("a client certificate that is renewed on disk is shown on the next connection") func renewed() async throws {
        let peer = try KubePeer(certificates, requiresClient: true)
        try install("client", as: "current")
        let kube = try KubeconfigClient(try config(peer, user: "client-certificate: current.pem\nclient-key: current.key"))
        #expect(try await kube.ask() == SeenRequest(connection: 0, subject: "client", headers: []))
        try install("renewed", as: "current")
        // Until it is read again the open connection serves.
        #expect(try await kube.ask().connection == 0)
        kube.clock.advance(by: .seconds(61))
        #expect(try await kube.ask() == SeenRequest(connection: 1, subject: "renewed", headers: []))
        #expect(try await kube.ask().connection == 1)
    }

    @Test("a certificate that the server has ceased to take is read again at once") func replaced() async throws {
        let peer = try KubePeer(certificates, requiresClient: true)
        try install("stranger", as: "current")
        let kube = try KubeconfigClient(try config(peer, user: "client-certificate: current.pem\nclient-key: current.key"))
        #expect(await kube.complaint().contains("check client-certificate and client-key of the user"))
        try install("client", as: "current")
        #expect(try await kube.ask().subject == "client")
    }

    // MARK: Plugins

    /// A plugin that counts its runs, and gives the certificate named in the file `current` with the members of `extra`.
    private func plugin(_ current: String, extra: String = "") throws -> String {
        try write("current", current)
        try write("extra", extra)
        try write("plugin.sh", """
            #!/bin/sh
            cd "$(dirname "$0")" || exit 1
            echo run >> runs
            pem() { awk '{printf "%s\\\\n", $0}' "$1"; }
            name=$(cat current)
            printf '{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","status":{'
            if [ -n "$name" ]; then printf '"clientCertificateData":"%s","clientKeyData":"%s"' "$(pem "$name.pem")" "$(pem "$name.key")"; fi
            printf '%s}}' "$(cat extra)"
            """)
        try Child.run("chmod", ["+x", certificates.path("plugin.sh")])
        return "exec: {apiVersion: client.authentication.k8s.io/v1, command: ./plugin.sh, interactiveMode: Never}"
    }

    private func runs() throws -> Int { try certificates.bytes("runs").count { $0 == UInt8(ascii: "\n") } }

    @Test("a plugin's certificate is shown, and another one when its time is over") func pluginCertificate() async throws {
        let peer = try KubePeer(certificates, requiresClient: true)
        let clock = HandClock()
        func lasting(_ seconds: Int64) -> String { ",\"expirationTimestamp\":\"\((clock.now + .seconds(seconds)).rfc3339)\"" }
        let user: String = try plugin("client", extra: lasting(60))
        let kube = try KubeconfigClient(try config(peer, user: user), clock: clock)
        #expect(try await kube.ask() == SeenRequest(connection: 0, subject: "client", headers: []))
        #expect(try await kube.ask().connection == 0)
        #expect(try runs() == 1)
        clock.advance(by: .seconds(61))
        _ = try plugin("renewed", extra: lasting(60))
        #expect(try await kube.ask() == SeenRequest(connection: 1, subject: "renewed", headers: []))
        #expect(try runs() == 2)
    }

    @Test("a plugin's token that the server refuses is asked for again") func pluginToken() async throws {
        let peer = try KubePeer(certificates)
        let kube = try KubeconfigClient(try config(peer, user: try plugin("", extra: #""token":"good-s3cr3t-1""#)))
        #expect(try await kube.ask().headers == ["authorization: Bearer good-s3cr3t-1"])
        _ = try plugin("", extra: #""token":"refused-s3cr3t""#)
        #expect(try await kube.ask().headers == ["authorization: Bearer good-s3cr3t-1"])
        #expect(try runs() == 1)

        let other = try KubeconfigClient(certificates.path("config"))
        // Asked for twice and refused twice; then it is told, without the token.
        let complaint: String = await other.complaint()
        #expect(complaint.hasPrefix("unauthorized: ") && !complaint.contains("s3cr3t"), "\(complaint)")
        #expect(try runs() == 3)
        _ = try plugin("", extra: #""token":"good-s3cr3t-2""#)
        #expect(try await other.ask().headers == ["authorization: Bearer good-s3cr3t-2"])
        #expect(try runs() == 4)
    }

    // MARK: The server's certificate

    @Test("a wrong authority names server and remedy, and no secret") func wrongAuthority() async throws {
        let peer = try KubePeer(certificates)
        let kube = try KubeconfigClient(try config(peer, cluster: "certificate-authority: other.pem", user: "token: s3cr3t-token"))
        let complaint: String = await kube.complaint()
        #expect(complaint.hasPrefix("unavailable: no secure connection to \(peer.address): "), "\(complaint)")
        #expect(complaint.hasSuffix("; set certificate-authority of the cluster to the authority that signed the server's certificate"), "\(complaint)")
        #expect(!complaint.contains("s3cr3t"), "\(complaint)")
        // Corrected on disk, it works within a minute, and at once after a refusal.
        try Child.run("cp", [certificates.path("ca.pem"), certificates.path("other.pem")])
        #expect(try await kube.ask().headers == ["authorization: Bearer s3cr3t-token"])
    }

    @Test("tls-server-name is the name that the certificate must have") func serverName() async throws {
        let peer = try KubePeer(certificates, server: "elsewhere")
        func kube(_ name: String) throws -> KubeconfigClient {
            try KubeconfigClient(try config(
                peer, cluster: "certificate-authority: ca.pem" + (name.isEmpty ? "" : "\ntls-server-name: \(name)"), user: "token: s3cr3t-token"))
        }
        for wrong in ["", "sluice.test"] {
            let complaint: String = await (try kube(wrong)).complaint()
            #expect(complaint.hasPrefix("unavailable: no secure connection to \(peer.address): "), "\(complaint)")
            #expect(complaint.contains("set tls-server-name of the cluster to a name in its certificate"), "\(complaint)")
            #expect(!complaint.contains("s3cr3t"), "\(complaint)")
        }
        #expect(try await kube("elsewhere.test").ask().connection >= 0)
    }

    // MARK: On the way, and as whom

    @Test("proxy-url is the way, by a tunnel that the certificates go through") func proxy() async throws {
        let peer = try KubePeer(certificates, requiresClient: true)
        let kube = try KubeconfigClient(try config(
            peer, cluster: "certificate-authority: ca.pem\nproxy-url: http://robot:s3cr3t@127.0.0.1:\(peer.proxyPort)",
            user: "client-certificate: client.pem\nclient-key: client.key", server: "https://sluice.test:\(peer.port)"))
        // The name is known to the proxy alone.
        #expect(try await kube.ask() == SeenRequest(connection: 0, subject: "client", headers: []))
        #expect(peer.nextProxied() == "CONNECT sluice.test:\(peer.port) robot:s3cr3t")
    }

    @Test("impersonation reaches the server as it stands in the file") func impersonation() async throws {
        let peer = try KubePeer(certificates)
        let kube = try KubeconfigClient(try config(peer, user: """
            token: own
            as: deployer
            as-uid: "1001"
            as-groups: [a, b]
            as-user-extra: {reason: [first, second], "acme.example/Team x": [shop]}
            """))
        #expect(Set(try await kube.ask().headers) == [
            "authorization: Bearer own", "impersonate-user: deployer", "impersonate-uid: 1001", "impersonate-group: a", "impersonate-group: b",
            "impersonate-extra-reason: first", "impersonate-extra-reason: second", "impersonate-extra-acme.example%2fteam%20x: shop",
        ])
    }

    @Test("cluster, user and context may stand in three files, each with paths of its own") func merged() async throws {
        let peer = try KubePeer(certificates, requiresClient: true)
        try Child.run("mkdir", [certificates.path("users")])
        try install("client", as: "users/eva")
        let files: [String] = [
            try write("contexts", "current-context: c\ncontexts: [{name: c, context: {cluster: c, user: eva}}]\n"),
            try write("clusters", "current-context: other\nclusters: [{name: c, cluster: {server: \"\(peer.address)\", certificate-authority: ca.pem}}]\n"),
            try write("users/users", "users: [{name: eva, user: {client-certificate: eva.pem, client-key: eva.key}}]\nclusters: [{name: c, cluster: {server: \"https://127.0.0.1:1\"}}]\n"),
        ]
        let kube = try KubeconfigClient((files + ["/no/such/file"]).joined(separator: ":"))
        #expect(try await kube.ask() == SeenRequest(connection: 0, subject: "client", headers: []))
    }
}
