/// Why a YAML text was refused: where, what was found, and what would be right.
public struct YAMLError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The name that the text was given.
    public var fileName: String
    /// From 1.
    public var line: Int
    /// In characters, from 1.
    public var column: Int
    /// What was found and the remedy, without the place.
    public var message: String

    /// An error at a place.
    public init(fileName: String, line: Int, column: Int, message: String) {
        self.fileName = fileName
        self.line = line
        self.column = column
        self.message = message
    }

    /// `rollout.yaml:3:5: …`, which editors turn into a link.
    public var description: String { "\(fileName):\(line):\(column): \(message)" }
}

/// What a YAML reader accepts at most.
public struct YAMLLimits: Sendable, Hashable {
    /// Bytes of a stream. 64 MiB holds every manifest that a cluster would take, many times.
    public var maxBytes: Int
    /// Mappings and sequences inside each other, aliases followed; as many as JSON values may have.
    public var maxDepth: Int
    /// Nodes that come from aliases, all documents of a stream together. A dozen lines of aliases of aliases would otherwise
    /// stand for more nodes than memory holds ("billion laughs").
    public var maxAliasedNodes: Int

    /// Limits with the given bounds.
    public init(maxBytes: Int = 64 << 20, maxDepth: Int = 128, maxAliasedNodes: Int = 200_000) {
        self.maxBytes = maxBytes
        self.maxDepth = maxDepth
        self.maxAliasedNodes = maxAliasedNodes
    }

    /// Limits for texts from a trusted or an untrusted side alike.
    public static let standard = YAMLLimits()
}
