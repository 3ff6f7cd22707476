import HTTPTransport
import KubeClient
import StrictJSON
import Testing

@Suite("A kubeconfig") struct KubeconfigTests {
    /// JSON is YAML too.
    static let parser: Kubeconfig.Parser = { try JSONValue(parsing: $0) }

    static let main = """
        {"apiVersion": "v1", "kind": "Config", "current-context": "dev",
         "clusters": [
           {"name": "dev", "cluster": {"server": "https://dev:6443", "certificate-authority": "pki/ca.pem"}},
           {"name": "prod", "cluster": {"server": "https://prod:6443/", "certificate-authority-data": "Q0E=", "tls-server-name": "kube", "proxy-url": "http://proxy:3128"}},
           {"name": "lab", "cluster": {"server": "lab", "insecure-skip-tls-verify": true, "certificate-authority-data": "Q0E="}}],
         "users": [
           {"name": "token", "user": {"token": "t0ken"}},
           {"name": "file", "user": {"token": "old", "tokenFile": "token.txt", "as": "adam", "as-groups": ["g"]}},
           {"name": "cert", "user": {"client-certificate-data": "Q0VSVA==", "client-key": "/abs/key.pem"}},
           {"name": "half", "user": {"client-certificate-data": "Q0VSVA=="}},
           {"name": "broken", "user": {"client-certificate-data": "###", "client-key-data": "S0VZ"}},
           {"name": "wrong", "user": {"token": 5}},
           {"name": "basic", "user": {"username": "eva", "password": "pw"}}],
         "contexts": [
           {"name": "dev", "context": {"cluster": "dev", "user": "token", "namespace": "shop"}},
           {"name": "prod", "context": {"cluster": "prod", "user": "file"}},
           {"name": "lab", "context": {"cluster": "lab", "user": "cert"}},
           {"name": "half", "context": {"cluster": "prod", "user": "half"}},
           {"name": "broken", "context": {"cluster": "prod", "user": "broken"}},
           {"name": "wrong", "context": {"cluster": "prod", "user": "wrong"}},
           {"name": "basic", "context": {"cluster": "prod", "user": "basic"}},
           {"name": "dangling", "context": {"cluster": "nowhere", "user": "token"}},
           {"name": "empty", "context": {}}]}
        """
    static let second = """
        {"current-context": "other", "clusters": [{"name": "dev", "cluster": {"server": "https://never"}}, {"name": "other", "cluster": {"server": "https://other"}}],
         "users": null, "contexts": [{"name": "other", "context": {"cluster": "other", "user": "token"}}]}
        """
    static let files = FileSource.memory([
        "/home/eva/.kube/config": Array(main.utf8), "/etc/second": Array(second.utf8), "/home/eva/.kube/pki/ca.pem": Array("DEVCA".utf8),
        "/abs/key.pem": Array("KEY".utf8), "/bad": Array("{".utf8), "/ca": Array("OTHER".utf8),
    ])
    static let home = ["HOME": "/home/eva"]

    func connection(_ context: String?, _ change: (inout Kubeconfig.Overrides) -> Void = { _ in }) throws -> ClusterConnection {
        let config = try #require(try Kubeconfig.load(path: nil, environment: Self.home, files: Self.files, parser: Self.parser))
        var overrides = Kubeconfig.Overrides()
        overrides.context = context
        change(&overrides)
        return try config.connection(overrides: overrides, files: Self.files)
    }

    @Test func describesItsCurrentContext() throws {
        let connection = try connection(nil)
        #expect(connection.server == "https://dev:6443")
        #expect(connection.tls == TLSSettings(certificateAuthorities: Array("DEVCA".utf8)))
        #expect(connection.credential == .token("t0ken"))
        #expect(connection.namespace == "shop")
        #expect(connection.proxy == .environment)
        #expect(connection.origin == "context \"dev\" of /home/eva/.kube/config")
    }

    @Test func describesOtherContexts() throws {
        let prod = try connection("prod")
        #expect(prod.server == "https://prod:6443")
        #expect(prod.tls == TLSSettings(certificateAuthorities: Array("CA".utf8), serverName: "kube"))
        #expect(prod.credential == .tokenFile(path: "/home/eva/.kube/token.txt"))
        #expect(prod.proxy == .url("http://proxy:3128"))
        #expect(prod.impersonation == Impersonation(user: "adam", groups: ["g"]))
        #expect(prod.namespace == "default")
        let lab = try connection("lab")
        #expect(lab.server == "https://lab")
        #expect(lab.tls == TLSSettings(clientCertificate: Array("CERT".utf8), clientKey: Array("KEY".utf8), insecureSkipVerify: true))
        #expect(try connection("basic").credential == .basic(user: "eva", password: "pw"))
    }

    @Test func givesWayToTheCommandLine() throws {
        let connection = try connection("dev") {
            $0.cluster = "prod"
            $0.user = "basic"
            $0.server = "https://given"
            $0.token = "given"
            $0.namespace = "given-ns"
            $0.certificateAuthority = "/ca"
            $0.tlsServerName = "given-name"
            $0.proxyURL = "http://given"
            $0.impersonation = Impersonation(user: "given-user")
        }
        #expect(connection.server == "https://given")
        #expect(connection.credential == .token("given"))
        #expect(connection.namespace == "given-ns")
        #expect(connection.tls == TLSSettings(certificateAuthorities: Array("OTHER".utf8), serverName: "given-name"))
        #expect(connection.proxy == .url("http://given"))
        #expect(connection.impersonation?.user == "given-user")
    }

    @Test func isMergedFromSeveralFiles() throws {
        let environment = ["KUBECONFIG": "/missing:/home/eva/.kube/config:/etc/second"]
        let config = try #require(try Kubeconfig.load(path: nil, environment: environment, files: Self.files, parser: Self.parser))
        #expect(try config.connection(files: Self.files).server == "https://dev:6443")
        var overrides = Kubeconfig.Overrides()
        overrides.context = "other"
        let other = try config.connection(overrides: overrides, files: Self.files)
        #expect(other.server == "https://other")
        #expect(other.credential == .token("t0ken"))
        #expect(other.origin == "context \"other\" of /etc/second")
    }

    @Test func mayBeAbsent() throws {
        #expect(try Kubeconfig.load(path: nil, environment: ["HOME": "/nobody"], files: Self.files, parser: Self.parser) == nil)
        #expect(try Kubeconfig.load(path: nil, environment: [:], files: Self.files, parser: Self.parser) == nil)
    }

    static let wrong: [(String, String)] = [
        ("half", "user \"half\" of /home/eva/.kube/config has only one of client-certificate and client-key; both are needed"),
        ("broken", "user \"broken\" of /home/eva/.kube/config: client-certificate-data is not base64"),
        ("wrong", "user \"wrong\" of /home/eva/.kube/config: users[5].user.token: expected a string, found a value of the type number; put it in quotes"),
        ("dangling", "/home/eva/.kube/config has no cluster \"nowhere\"; it has dev, lab, prod"),
        ("nowhere", "/home/eva/.kube/config has no context \"nowhere\"; it has basic, broken, dangling, dev, empty, half, lab, prod, wrong"),
        ("empty", "context \"empty\" of /home/eva/.kube/config leads to no server"),
    ]

    @Test func namesWhatIsWrong() {
        for (context, message) in Self.wrong {
            let error = #expect(throws: KubeError.self) { try connection(context) }
            #expect(error == .misconfigured(message))
        }
        for path in ["/missing", "/bad"] {
            let error = #expect(throws: KubeError.self) {
                try Kubeconfig.load(path: path, environment: Self.home, files: Self.files, parser: Self.parser)
            }
            #expect(error?.description.contains(path) == true)
        }
    }
}
