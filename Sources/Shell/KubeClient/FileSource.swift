import FoundationEssentials

/// Reads files: the real ones, or those of a test.
public struct FileSource: Sendable {
    /// Why a file cannot be read.
    public struct Failure: Error, Sendable, Hashable {
        public var cause: String
        /// Whether there is no such file.
        public var isMissing: Bool

        public init(cause: String, isMissing: Bool = false) {
            self.cause = cause
            self.isMissing = isMissing
        }
    }

    private let reader: @Sendable (String) throws(Failure) -> [UInt8]

    /// Files as `reader` has them.
    public init(_ reader: @escaping @Sendable (String) throws(Failure) -> [UInt8]) { self.reader = reader }

    /// The whole content of the file at `path`.
    public func read(_ path: String) throws(Failure) -> [UInt8] { try reader(path) }

    /// The files of this machine.
    public static let system = FileSource { path throws(Failure) in
        do {
            return [UInt8](try Data(contentsOf: URL(filePath: path)))
        } catch let error as CocoaError where error.code == .fileReadNoSuchFile {
            throw Failure(cause: "there is no such file", isMissing: true)
        } catch let error as CocoaError where error.code == .fileReadNoPermission {
            throw Failure(cause: "permission denied")
        } catch {
            throw Failure(cause: "\(error)")
        }
    }

    /// Files that are held in memory, by path.
    public static func memory(_ files: [String: [UInt8]]) -> FileSource {
        FileSource { path throws(Failure) in
            guard let bytes = files[path] else { throw Failure(cause: "there is no such file", isMissing: true) }
            return bytes
        }
    }
}
