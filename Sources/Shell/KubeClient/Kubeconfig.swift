public import StrictJSON
import KubeModel

/// One or several kubeconfig files, merged as kubectl does it: of each name the first file that has it wins with its whole
/// entry, and so does the first file that sets a current context.
public struct Kubeconfig: Sendable {
    private(set) var clusters: [String: KubeconfigEntry] = [:]
    private(set) var users: [String: KubeconfigEntry] = [:]
    private(set) var contexts: [String: KubeconfigEntry] = [:]
    private(set) var currentContext = ""
    /// The files that were there.
    private(set) var paths: [String] = []

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
    /// - Returns: nil where no path is given and none of the usual files exists or has anything in it.
    public static func load(
        path: String?, environment: [String: String], files: FileSource = .system, parser: Parser
    ) throws(KubeError) -> Kubeconfig? {
        let isGiven: Bool = !(path?.isEmpty ?? true)
        let paths: [String]
        if let path, isGiven {
            paths = [path]
        } else if let list = environment["KUBECONFIG"], !list.isEmpty {
            paths = list.split(separator: ":").map(String.init)
        } else if let home = environment["HOME"], !home.isEmpty {
            paths = [home + "/.kube/config"]
        } else {
            return nil
        }
        var config = Kubeconfig()
        for candidate in paths where !config.paths.contains(candidate) {
            let bytes: [UInt8]
            do throws(FileSource.Failure) {
                bytes = try files.read(candidate)
            } catch {
                // A list may name files that are not there yet; a path that someone gave must exist.
                if error.isMissing, !isGiven { continue }
                throw .misconfigured("the kubeconfig \(candidate) cannot be read: \(error.cause)")
            }
            let document: JSONValue
            do {
                document = try parser(bytes)
            } catch {
                throw .misconfigured("the kubeconfig \(candidate) is not valid: \(withoutValues("\(error)", of: bytes))")
            }
            try config.merge(document, from: candidate)
        }
        return config.paths.isEmpty || (config.isEmpty && !isGiven) ? nil : config
    }

    /// kubectl takes a file with nothing in it for none.
    private var isEmpty: Bool { clusters.isEmpty && users.isEmpty && contexts.isEmpty && currentContext.isEmpty }

    private mutating func merge(_ document: JSONValue, from file: String) throws(KubeError) {
        let root = KubeconfigEntry(fields: FieldReader(document), label: "", file: file)
        paths.append(file)
        if currentContext.isEmpty { currentContext = try root.string("current-context") ?? "" }
        try collect("cluster", of: root, into: &clusters)
        try collect("user", of: root, into: &users)
        try collect("context", of: root, into: &contexts)
    }

    private func collect(_ kind: String, of root: KubeconfigEntry, into entries: inout [String: KubeconfigEntry]) throws(KubeError) {
        var namesOfFile: Set<String> = []
        var root: KubeconfigEntry = root
        root.hidesValues = kind == "user"
        for element in try root.reading({ fields throws(DecodeError) in try fields.elements(kind + "s") }) {
            let named = KubeconfigEntry(fields: element, label: "", file: root.file, hidesValues: root.hidesValues)
            guard let name = try named.string("name") else { continue }
            guard namesOfFile.insert(name).inserted else {
                throw .misconfigured("\(root.file) has two \(kind)s named \"\(name)\"; remove or rename one")
            }
            guard entries[name] == nil else { continue }
            let content = try named.reading { fields throws(DecodeError) in try fields.member(kind) }
            entries[name] = KubeconfigEntry(fields: content, label: "\(kind) \"\(name)\"", file: root.file, hidesValues: root.hidesValues)
        }
    }

    /// A parser's complaint without what it quotes of the file: that may be a token.
    private static func withoutValues(_ complaint: String, of bytes: [UInt8]) -> String {
        let text = String(decoding: bytes, as: UTF8.self)
        let words: [Substring] = text.split { $0.isWhitespace || "\"'{}[],*&".contains($0) }
        let values: Set<Substring> = Set(words.filter { $0.utf8.count >= shortestHidden && !$0.hasSuffix(":") })
        let quoted: [Substring] = values.filter { complaint.contains($0) }.sorted { ($0.utf8.count, $0) > ($1.utf8.count, $1) }
        return quoted.reduce(complaint) { $0.replacing($1, with: "<redacted>") }
    }

    /// Shorter words of the file are no secrets, and the complaint has to stay readable.
    private static let shortestHidden = 6
}
