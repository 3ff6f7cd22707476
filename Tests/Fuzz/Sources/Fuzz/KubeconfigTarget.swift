import KubeClient
import KubeYAML
import StrictJSON

extension Target {
    /// One or several kubeconfig files as text, with `%%%` on a line between them; the first byte chooses how they are given.
    ///
    /// Errors are settled words that hold no secret; files are merged so that the first one that has a name wins.
    static let kubeconfig = Target(name: "kubeconfig") { input in
        guard let first = input.first else { return }
        let texts: [[UInt8]] = KubeconfigFiles.split(Array(input.dropFirst()))
        let files = KubeconfigFiles(texts)
        let secrets = KubeconfigSecrets(files)
        switch first % 4 {
        case 0: loads(["KUBECONFIG": files.list], nil, files, secrets)
        case 1: loads(["HOME": KubeconfigFiles.home], nil, files, secrets)
        case 2: loads([:], files.paths[0], files, secrets)
        default:
            // What is named twice or is not there changes nothing.
            let twice: String? = loads(["KUBECONFIG": "\(files.list)::/no/such/file:\(files.list)"], nil, files, secrets)
            require(twice == loads(["KUBECONFIG": files.list], nil, files, secrets), "a file counts once: \(twice ?? "")")
        }
        if texts.count > 1 { winsByBeingFirst(files) }
    }

    /// What comes out, in words; nil where there is no config.
    @discardableResult
    private static func loads(_ environment: [String: String], _ path: String?, _ files: KubeconfigFiles, _ secrets: KubeconfigSecrets) -> String? {
        switch outcome({ () throws(KubeError) in
            try Kubeconfig.load(path: path, environment: environment, files: files.source, parser: KubeconfigFiles.parser)
        }) {
        case .failure(let error):
            isSafe(error, secrets)
            return error.description
        case .success(nil): return nil
        case .success(let config?):
            var words: [String] = [connects(config, Kubeconfig.Overrides(), files, secrets)]
            for name in files.contextNames.prefix(4) + ["no such context"] {
                var overrides = Kubeconfig.Overrides()
                overrides.context = name
                words.append(connects(config, overrides, files, secrets))
                overrides.server = "https://elsewhere:6443"
                overrides.tlsServerName = name
                words.append(connects(config, overrides, files, secrets))
            }
            return words.joined(separator: "\n")
        }
    }

    private static func connects(_ config: Kubeconfig, _ overrides: Kubeconfig.Overrides, _ files: KubeconfigFiles, _ secrets: KubeconfigSecrets) -> String {
        switch outcome({ () throws(KubeError) in try config.connection(overrides: overrides, files: files.source) }) {
        case .failure(let error):
            isSafe(error, secrets)
            return error.description
        case .success(let connection):
            require(!secrets.isIn(connection.credential.description), "a credential is shown without its secret: \(connection.credential)")
            require(!secrets.isIn("\(connection.tls)"), "settings are shown without their secrets: \(connection.tls)")
            require(!connection.server.isEmpty && !connection.namespace.isEmpty, "a connection leads somewhere")
            return KubeconfigFiles.shown(connection)
        }
    }

    private static func isSafe(_ error: KubeError, _ secrets: KubeconfigSecrets) {
        guard case .misconfigured(let text) = error else { broken("a bad file is a matter of settings: \(error)") }
        require(!text.isEmpty, "an error has words")
        require(!secrets.isIn(text), "an error holds no secret: \(text)")
    }

    /// What the first file says by itself it says in company, too.
    private static func winsByBeingFirst(_ files: KubeconfigFiles) {
        func config(_ list: String) -> Kubeconfig? {
            try? Kubeconfig.load(path: nil, environment: ["KUBECONFIG": list], files: files.source, parser: KubeconfigFiles.parser)
        }
        guard let alone = config(files.paths[0]), let merged = config(files.list) else { return }
        for name in files.contextNames where !name.isEmpty {
            var overrides = Kubeconfig.Overrides()
            overrides.context = name
            guard let before = try? alone.connection(overrides: overrides, files: files.source) else { continue }
            guard let after = try? merged.connection(overrides: overrides, files: files.source) else { broken("a further file breaks no context: \(name)") }
            require(KubeconfigFiles.shown(before) == KubeconfigFiles.shown(after), "the first file wins: \(name)")
        }
    }
}

/// The files of one input, held in memory.
struct KubeconfigFiles: Sendable {
    static let home = "/home/eva"
    static let parser: Kubeconfig.Parser = { try YAMLStream.parse($0, fileName: "kubeconfig").first?.json ?? [:] }

    let paths: [String]
    let source: FileSource
    let texts: [[UInt8]]
    /// Of each file; nil where it is no YAML.
    let documents: [JSONValue?]
    /// Of all files, as far as they can be read.
    let contextNames: [String]

    init(_ texts: [[UInt8]]) {
        self.texts = texts
        paths = texts.indices.map { $0 == 0 ? Self.home + "/.kube/config" : "/etc/more/\($0)" }
        var contents: [String: [UInt8]] = Dictionary(zip(paths, texts)) { first, _ in first }
        contents["/etc/more/ca.pem"] = Array("authority".utf8)
        contents[Self.home + "/.kube/ca.pem"] = Array("authority".utf8)
        contents[Self.home + "/.kube/client.pem"] = Array("certificate".utf8)
        contents[Self.home + "/.kube/client.key"] = Array("key".utf8)
        source = .memory(contents)
        documents = texts.map { text in (try? YAMLStream.parse(text, fileName: "kubeconfig")).map { .array($0.map(\.json)) } }
        contextNames = documents.flatMap { ($0?[0]?["contexts"]?.arrayValue ?? []).compactMap { $0["name"]?.stringValue } }
    }

    /// As `KUBECONFIG` has it.
    var list: String { paths.joined(separator: ":") }

    /// At most three files, by lines that are `%%%`.
    static func split(_ bytes: [UInt8]) -> [[UInt8]] {
        let separator: [UInt8] = Array("%%%".utf8)
        var files: [[UInt8]] = [[]]
        for line in bytes.split(separator: 0x0A, omittingEmptySubsequences: false) {
            if line.elementsEqual(separator), files.count < 3 { files.append([]) } else { files[files.count - 1] += line + [0x0A] }
        }
        return files
    }

    /// Everything that a connection says, secrets included: to compare two of them.
    static func shown(_ connection: ClusterConnection) -> String {
        "\(connection.server) \(connection.tls.hashValue) \(connection.tlsFiles) \(connection.proxy) \(connection.credential.hashValue) \(connection.impersonation.hashValue) \(connection.namespace) \(connection.origin)"
    }
}

/// Texts of the files that no message may quote: those with `mark` in them that stand where credentials stand.
struct KubeconfigSecrets: Sendable {
    static let mark = "s3cr3t"
    /// Whether the mark stands only where nothing is quoted from.
    let isHidden: Bool

    /// What of a user is no secret: names and paths.
    private static let shownFields: Set<String> = [
        "name", "as", "as-uid", "as-groups", "as-user-extra", "client-certificate", "client-key", "tokenFile", "username", "command", "apiVersion",
        "installHint", "interactiveMode",
    ]

    init(_ files: KubeconfigFiles) {
        isHidden = zip(files.texts, files.documents).allSatisfy { text, document in
            document.map { Self.hides($0, isSecret: false) } ?? !Self.hasMarkedKey(text)
        }
    }

    func isIn(_ message: String) -> Bool { isHidden && message.contains(Self.mark) }

    private static func hides(_ value: JSONValue, isSecret: Bool) -> Bool {
        switch value {
        case .null, .bool, .number: return true
        case .string(let text): return isSecret || !text.contains(mark)
        case .array(let elements): return elements.allSatisfy { hides($0, isSecret: isSecret) }
        case .object(let object):
            return object.allSatisfy { key, member in
                !key.contains(mark) && hides(member, isSecret: key == "users" || key == "proxy-url" || (isSecret && !shownFields.contains(key)))
            }
        }
    }

    /// In a text that is no YAML, a word before a colon is a key, and keys may be quoted.
    private static func hasMarkedKey(_ bytes: [UInt8]) -> Bool {
        let words = String(decoding: bytes, as: UTF8.self).split { $0.isWhitespace || "\"'{}[],".contains($0) }
        return words.contains { $0.contains(mark) && $0.hasSuffix(":") }
    }
}
