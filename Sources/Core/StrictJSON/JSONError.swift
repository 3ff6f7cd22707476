/// Why a text was refused: where, and what would have been right.
public struct JSONError: Error, Equatable, Sendable, CustomStringConvertible {
    /// Bytes before the place, from 0.
    public var offset: Int
    /// Line of the place, from 1.
    public var line: Int
    /// Column of the place in characters (Unicode scalars), from 1.
    public var column: Int
    /// Where in the value, as `spec.steps[2].setWeight`; empty at the root and for errors of syntax found by the tree parser.
    public var path: String
    /// What was found and what is expected, without the place.
    public var message: String

    /// An error at a known place.
    public init(offset: Int, line: Int, column: Int, path: String = "", message: String) {
        self.offset = offset
        self.line = line
        self.column = column
        self.path = path
        self.message = message
    }

    /// `line 3, column 14: spec.replicas: expected an integer, found a string`.
    public var description: String {
        let place: String = "line \(line), column \(column)"
        return path.isEmpty ? "\(place): \(message)" : "\(place): \(path): \(message)"
    }

    /// The message with the path in front of it, without line and column: for texts whose reader never saw the bytes.
    public var messageWithPath: String { path.isEmpty ? message : "\(path): \(message)" }

    /// The same error, seen from the object that holds the failing value under `key`.
    func inside(key: String) -> JSONError {
        var error = self
        error.path = path.isEmpty || path.hasPrefix("[") ? key + path : key + "." + path
        return error
    }

    /// The same error, seen from the array that holds the failing value at `index`.
    func inside(index: Int) -> JSONError {
        var error = self
        error.path = path.isEmpty || path.hasPrefix("[") ? "[\(index)]" + path : "[\(index)]." + path
        return error
    }
}

/// What a parser accepts at most. Everything beyond is a `JSONError`, never a trap.
public struct JSONLimits: Sendable, Hashable {
    /// How many arrays and objects may stand inside each other.
    ///
    /// The parser recurses once per level, and so do equality, hashing and freeing a value. Kubernetes objects stay
    /// below 30 levels (deepest: schemas inside definitions of custom resources); 128 leaves room and needs a
    /// fraction of the smallest thread stack.
    public var maxDepth: Int
    /// How many bytes a text may have. The default, 64 MiB, is far above etcd's limit for one object (1.5 MiB) and
    /// still holds a list of several thousand pods.
    public var maxBytes: Int
    /// What happens when an object has one key twice.
    public var duplicateKeys: DuplicateKeys

    /// The only policy there is: which of two values counts differs between parsers, which has been a way around
    /// admission checks.
    public enum DuplicateKeys: Sendable, Hashable {
        /// The text is refused.
        case refuse
    }

    /// Limits for texts from a trusted or an untrusted side alike.
    public static let standard = JSONLimits()

    /// Limits with the given bounds.
    public init(maxDepth: Int = 128, maxBytes: Int = 64 << 20, duplicateKeys: DuplicateKeys = .refuse) {
        self.maxDepth = maxDepth
        self.maxBytes = maxBytes
        self.duplicateKeys = duplicateKeys
    }
}
