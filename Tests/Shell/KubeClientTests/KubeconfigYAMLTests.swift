import HTTPTransport
import KubeClient
import KubeYAML
import StrictJSON
import Testing

/// Files as they are found, read by the parser that the programs read them with.
@Suite("Kubeconfigs as tools write them") struct KubeconfigYAMLTests {
    static let parser: Kubeconfig.Parser = { try YAMLStream.parse($0, fileName: "kubeconfig").first?.json ?? [:] }

    static let eks = """
        apiVersion: v1
        kind: Config
        current-context: arn:aws:eks:eu-west-1:123456789012:cluster/shop
        preferences: {}
        clusters:
        - name: arn:aws:eks:eu-west-1:123456789012:cluster/shop
          cluster:
            server: https://ABC.gr7.eu-west-1.eks.amazonaws.com
            certificate-authority-data: Q0E=
        contexts:
        - name: arn:aws:eks:eu-west-1:123456789012:cluster/shop
          context: {cluster: "arn:aws:eks:eu-west-1:123456789012:cluster/shop", user: aws}
        users:
        - name: aws
          user:
            exec:
              apiVersion: client.authentication.k8s.io/v1beta1
              command: aws
              args: [--region, eu-west-1, eks, get-token, --cluster-name, shop, --output, json]
              env:
              - name: AWS_PROFILE
                value: production
              interactiveMode: IfAvailable
              provideClusterInfo: false
        """

    static let corporate = """
        current-context: corporate
        clusters:
        - name: corporate
          cluster:
            server: https://10.1.2.3:6443
            tls-server-name: api.corporate.example
            proxy-url: socks5://user:pr0xypassword@proxy.example:1080
            certificate-authority: pki/ca.pem
            extensions:
            - name: something.else
              extension: {a: 1}
            - name: client.authentication.k8s.io/exec
              extension:
                audience: "42"
                scopes: [a, b]
        contexts:
        - name: corporate
          context: {cluster: corporate, user: plugin, namespace: shop}
        users:
        - name: plugin
          user:
            as: deployer
            as-uid: "1001"
            as-groups: [ops, dev]
            as-user-extra:
              reason: [incident, "17"]
            exec:
              apiVersion: client.authentication.k8s.io/v1
              command: ./bin/login
              interactiveMode: Never
              provideClusterInfo: true
              installHint: |
                ask the help desk
        """

    private static func config(_ files: [String: String], _ variable: String) throws -> (Kubeconfig, FileSource) {
        let source = FileSource.memory(files.mapValues { Array($0.utf8) })
        return (try #require(try Kubeconfig.load(path: nil, environment: ["KUBECONFIG": variable], files: source, parser: parser)), source)
    }

    private static func connection(_ text: String, context: String? = nil, _ change: (inout Kubeconfig.Overrides) -> Void = { _ in }) throws -> ClusterConnection {
        let (config, files) = try config(["/home/eva/.kube/config": text, "/home/eva/.kube/pki/ca.pem": "CA", "/given": "GIVEN"], "/home/eva/.kube/config")
        var overrides = Kubeconfig.Overrides()
        overrides.context = context
        change(&overrides)
        return try config.connection(overrides: overrides, files: files)
    }

    @Test("one of a cloud has a plugin") func cloud() throws {
        let connection = try Self.connection(Self.eks)
        #expect(connection.server == "https://ABC.gr7.eu-west-1.eks.amazonaws.com")
        #expect(connection.credential == .exec(ExecPlugin(
            version: .v1beta1, command: "aws",
            arguments: ["--region", "eu-west-1", "eks", "get-token", "--cluster-name", "shop", "--output", "json"],
            environment: [ExecPlugin.Variable(name: "AWS_PROFILE", value: "production")], interactiveMode: .ifAvailable,
            place: "user \"aws\" of /home/eva/.kube/config")))
        #expect(connection.tlsFiles == TLSFiles())
    }

    @Test("one of a company has everything") func company() throws {
        let connection = try Self.connection(Self.corporate)
        #expect(connection.tls == TLSSettings(certificateAuthorities: Array("CA".utf8), serverName: "api.corporate.example"))
        #expect(connection.tlsFiles == TLSFiles(certificateAuthority: "/home/eva/.kube/pki/ca.pem"))
        #expect(connection.proxy == .url("socks5h://user:pr0xypassword@proxy.example:1080"))
        #expect(connection.impersonation == Impersonation(
            user: "deployer", uid: "1001", groups: ["ops", "dev"], extra: ["reason": ["incident", "17"]]))
        #expect(connection.credential == .exec(ExecPlugin(
            version: .v1, command: "/home/eva/.kube/./bin/login", interactiveMode: .never, installHint: "ask the help desk",
            cluster: [
                "server": "https://10.1.2.3:6443", "tls-server-name": "api.corporate.example", "certificate-authority-data": "Q0E=",
                "proxy-url": "socks5://user:pr0xypassword@proxy.example:1080", "config": ["audience": "42", "scopes": ["a", "b"]],
            ],
            place: "user \"plugin\" of /home/eva/.kube/config")))
    }

    @Test("the command line comes before a plugin, and another server has another name") func commandLine() throws {
        let connection = try Self.connection(Self.corporate) {
            $0.token = "given"
            $0.server = "https://other"
        }
        #expect(connection.credential == .token("given"))
        #expect(connection.tls.serverName == nil)
        let insecure = Self.corporate.replacing("certificate-authority: pki/ca.pem", with: "insecure-skip-tls-verify: true")
        #expect(try Self.connection(insecure).tls.insecureSkipVerify)
        let checked = try Self.connection(insecure) { $0.certificateAuthority = "/given" }
        #expect(checked.tls == TLSSettings(certificateAuthorities: Array("GIVEN".utf8), serverName: "api.corporate.example"))
        #expect(checked.tlsFiles == TLSFiles(certificateAuthority: "/given"))
    }

    // MARK: Several files

    static func entry(_ name: String, server: String, user: String = "", current: String = "") -> String {
        """
        \(current.isEmpty ? "" : "current-context: \(current)")
        clusters: [{name: \(name), cluster: {server: "\(server)"}}]
        contexts: [{name: \(name), context: {cluster: \(name), user: \(name)}}]
        users:
        - name: \(name)
          user: {\(user)}
        """
    }

    /// Files, the context that is asked for, server and credential that come of it.
    static let merges: [(files: [String], context: String?, server: String, credential: Credential)] = [
        // The first file that sets a current context, and of each name the first file's whole entry.
        ([entry("a", server: "https://a1"), entry("b", server: "https://b2", user: "token: b", current: "b"), entry("a", server: "https://a3", current: "a")],
         nil, "https://b2", .token("b")),
        ([entry("a", server: "https://a1"), entry("a", server: "https://a2", user: "token: late", current: "a")], nil, "https://a1", .none),
        // A context may lead to a cluster and a user of other files.
        (["contexts: [{name: c, context: {cluster: a, user: b}}]", entry("a", server: "https://a"), entry("b", server: "https://b", user: "token: b")],
         "c", "https://a", .token("b")),
        // Relative paths are relative to their own file; a file with nothing in it says nothing.
        (["", entry("a", server: "https://a", user: "tokenFile: ../token", current: "a")], nil, "https://a", .tokenFile(path: "/1/../token")),
    ]

    @Test("several are merged as kubectl does it", arguments: merges.indices) func merge(index: Int) throws {
        let merge = Self.merges[index]
        let paths: [String] = merge.files.indices.map { "/\($0)/config" }
        let texts: [String: String] = Dictionary(uniqueKeysWithValues: zip(paths, merge.files))
        // Empty places and files that are not there are skipped; a file that is named twice is one.
        let (config, files) = try Self.config(texts, ":/missing:" + paths.joined(separator: "::") + ":" + paths[0])
        var overrides = Kubeconfig.Overrides()
        overrides.context = merge.context
        let connection = try config.connection(overrides: overrides, files: files)
        #expect(connection.server == merge.server)
        #expect(connection.credential == merge.credential)
    }

    @Test("files with nothing in them are none, unless they were asked for") func empty() throws {
        let files = FileSource.memory(["/a": [], "/b": Array("apiVersion: v1\nkind: Config\nclusters: []\n".utf8)])
        #expect(try Kubeconfig.load(path: nil, environment: ["KUBECONFIG": "/a:/b"], files: files, parser: Self.parser) == nil)
        #expect(try Kubeconfig.load(path: "/a", environment: [:], files: files, parser: Self.parser) != nil)
    }

    // MARK: What is wrong

    static func user(_ text: String) -> String {
        """
        current-context: c
        contexts: [{name: c, context: {cluster: c, user: eva}}]
        clusters: [{name: c, cluster: {server: "https://c"}}]
        users:
        - name: eva
          user: {\(text)}
        """
    }

    static func exec(_ text: String) -> String { user("exec: {\(text)}") }
    static let place = "user \"eva\" of /home/eva/.kube/config"

    /// A user, and what is said of it. None of these texts may hold a secret; all of the secrets have `s3cret` in them, or 777777.
    static let wrong: [(text: String, message: String)] = [
        (user("auth-provider: {name: gcp, config: {access-token: s3cret}}"),
         "\(place) uses auth-provider \"gcp\", which is not supported; kubectl gave it up in 1.26 too: install gke-gcloud-auth-plugin and run `gcloud container clusters get-credentials CLUSTER`"),
        (user("auth-provider: {name: azure}"),
         "\(place) uses auth-provider \"azure\", which is not supported; kubectl gave it up in 1.26 too: install kubelogin and run `kubelogin convert-kubeconfig`"),
        (user("auth-provider: {name: oidc, config: {id-token: s3cret}}"),
         "\(place) uses auth-provider \"oidc\", which is not supported; use the exec plugin of kubelogin instead: `kubectl oidc-login setup`"),
        (user("auth-provider: {name: mine}"),
         "\(place) uses auth-provider \"mine\", which is not supported; use an exec plugin, a token, a token file or a client certificate instead"),
        (user("auth-provider: {name: gcp}, exec: {command: a}"), "\(place) has both exec and auth-provider; remove auth-provider"),
        (user("token: s3cret, username: eva, password: s3cret"),
         "\(place) has both a token and a username or password; kubectl allows one of them: remove the other"),
        (user("password: 777777, username: eva"),
         "\(place): users[0].user.password: expected a string, found a value of the type number; put it in quotes"),
        (user("as-groups: [g]"), "\(place): as-uid, as-groups and as-user-extra say whom to act as only together with as"),
        (user("as: a, as-user-extra: {k: v}"), "\(place): users[0].user.as-user-extra.k: expected a list, found a string"),
        (exec("apiVersion: client.authentication.k8s.io/v1, command: a, interactiveMode: Never, args: --token=s3cret"),
         "\(place): users[0].user.exec.args: expected a list, found a string"),
        (exec("apiVersion: client.authentication.k8s.io/v1, command: a, interactiveMode: Never, env: s3cret"),
         "\(place): users[0].user.exec.env: expected a list, found a string"),
        (user("tokenFile: 777777"), "\(place): users[0].user.tokenFile: expected a string, found a number"),
        (user("exec: s3cret"), "\(place): users[0].user.exec: expected an object, found a string"),
        (user("client-key-data: 's3cret!', client-certificate-data: Q0E="), "\(place): client-key-data is not base64"),
        (exec("command: a"), "\(place): users[0].user.exec.apiVersion is missing; it must be client.authentication.k8s.io/v1 or client.authentication.k8s.io/v1beta1"),
        (exec("command: a, apiVersion: client.authentication.k8s.io/v1alpha1"),
         "\(place): users[0].user.exec.apiVersion is \"client.authentication.k8s.io/v1alpha1\", which is not supported; it must be client.authentication.k8s.io/v1 or client.authentication.k8s.io/v1beta1: renew the kubeconfig with a current version of the tool that wrote it"),
        (exec("apiVersion: client.authentication.k8s.io/v1, interactiveMode: Never"),
         "\(place): users[0].user.exec.command is missing; it names the program to run"),
        (exec("apiVersion: client.authentication.k8s.io/v1, command: a"),
         "\(place): users[0].user.exec.interactiveMode is missing; it must be one of Never, IfAvailable, Always"),
        (exec("apiVersion: client.authentication.k8s.io/v1, command: a, interactiveMode: Sometimes"),
         "\(place): users[0].user.exec.interactiveMode is \"Sometimes\"; it must be one of Never, IfAvailable, Always"),
        (exec("apiVersion: client.authentication.k8s.io/v1, command: a, interactiveMode: Never, env: [{value: s3cret}]"),
         "\(place): users[0].user.exec.env has a variable without a name"),
        (exec("apiVersion: client.authentication.k8s.io/v1, command: a, interactiveMode: Never, env: [{name: X, value: 777777}]"),
         "\(place): users[0].user.exec.env[0].value: expected a string, found a value of the type number; put it in quotes"),
        (exec("apiVersion: client.authentication.k8s.io/v1, command: a, interactiveMode: Never, args: [777777]"),
         "\(place): users[0].user.exec.args[0]: expected a string, found a value of the type number; put it in quotes"),
    ]

    @Test("are refused with what to do, and without their secrets", arguments: wrong.indices) func refuses(index: Int) {
        let error = #expect(throws: KubeError.self) { try Self.connection(Self.wrong[index].text) }
        #expect(error == .misconfigured(Self.wrong[index].message))
        #expect(error.map { $0.description.contains("s3cret") || $0.description.contains("777777") } == false)
    }

    @Test("proxies have to be ones that we know", arguments: [
        ("http://p:1", "http://p:1"), ("https://u:s3cret@p", "https://u:s3cret@p"), ("socks5://p", "socks5h://p"), ("SOCKS5H://p", "socks5h://p"),
        ("ftp://u:s3cret@p", nil), ("u:s3cret@p:3128", nil), ("http://", nil), ("http:// s3cret", nil),
    ] as [(String, String?)]) func proxies(url: String, route: String?) throws {
        let text = Self.user("token: a").replacing("server: ", with: "proxy-url: \"\(url)\", server: ")
        guard let route else {
            let error = #expect(throws: KubeError.self) { try Self.connection(text) }
            #expect(error?.description.hasPrefix("cluster \"c\" of /home/eva/.kube/config: ") == true)
            #expect(error?.description.contains("s3cret") == false)
            return
        }
        #expect(try Self.connection(text).proxy == .url(route))
    }

    @Test("a name stands once in a file") func twice() {
        let error = #expect(throws: KubeError.self) {
            try Self.connection("users: [{name: eva, user: {token: s3cret}}, {name: eva, user: {token: s3cret}}]")
        }
        #expect(error == .misconfigured("/home/eva/.kube/config has two users named \"eva\"; remove or rename one"))
    }

    @Test("a user at a wrong place is not quoted", arguments: [
        ("users: [s3cret]", "users[0]: expected an object, found a string"), ("users: s3cret", "users: expected a list, found a string"),
        ("users: [{name: eva, user: s3cret}]\ncurrent-context: c\nclusters: [{name: c, cluster: {server: \"https://a\"}}]\ncontexts: [{name: c, context: {cluster: c, user: eva}}]",
         "users[0].user: expected an object, found a string"),
    ]) func misplaced(text: String, complaint: String) {
        let error = #expect(throws: KubeError.self) { try Self.connection(text) }
        #expect(error?.description.hasSuffix(complaint) == true, "\(String(describing: error))")
    }

    @Test("the parser's complaints do not quote secrets", arguments: [
        "users:\n- user:\n    token: !!int s3cret-token\n",
        "users: [{user: {password: s3cret-pass", "token: *s3cret-alias",
    ]) func complaints(text: String) {
        let error = #expect(throws: KubeError.self) { try Self.connection(text) }
        #expect(error?.description.hasPrefix("the kubeconfig /home/eva/.kube/config is not valid: ") == true)
        #expect(error.map { $0.description.contains("s3cret") || $0.description.contains("777777") } == false, "\(String(describing: error))")
    }
}
