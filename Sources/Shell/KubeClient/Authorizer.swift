import Clockwork
import FoundationEssentials
import Synchronization

/// Makes the `Authorization` header, and keeps up with a token file that is rotated.
final class Authorizer: Sendable {
    /// Kubelet rotates at 80 % of a token's life, which is never below ten minutes; reading once a minute is soon enough.
    static let rereadInterval: Duration = .seconds(60)

    private let credential: Credential
    private let files: FileSource
    private let cached: Mutex<(token: String, readAt: Timestamp)?>

    init(_ credential: Credential, files: FileSource) {
        self.credential = credential
        self.files = files
        self.cached = Mutex(nil)
    }

    /// The value of the header, nil where there is none.
    func header(now: Timestamp) throws(KubeError) -> String? {
        switch credential {
        case .none: return nil
        case .token(let token): return "Bearer " + token
        case .basic(let user, let password):
            return "Basic " + Data("\(user):\(password)".utf8).base64EncodedString()
        case .tokenFile(let path):
            if let known = cached.withLock({ $0 }), now < known.readAt + Self.rereadInterval, known.readAt <= now { return "Bearer " + known.token }
            return "Bearer " + (try read(path, now: now))
        }
    }

    /// The server refused what we sent. Whether the file holds another token by now, so that it is worth asking again.
    func refreshAfterRefusal(now: Timestamp) -> Bool {
        guard case .tokenFile(let path) = credential else { return false }
        let before = cached.withLock { $0?.token }
        // An unreadable file is no reason to ask again; the refusal itself is reported.
        guard let token = try? read(path, now: now) else { return false }
        return token != before
    }

    private func read(_ path: String, now: Timestamp) throws(KubeError) -> String {
        let text: String
        do throws(FileSource.Failure) {
            text = String(decoding: try files.read(path), as: UTF8.self)
        } catch {
            // While a rotation is under way the old token is still good.
            if let known = cached.withLock({ $0 }) { return known.token }
            throw .misconfigured("the token file \(path) cannot be read: \(error.cause)")
        }
        let token = String(text.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
        guard !token.isEmpty else { throw .misconfigured("the token file \(path) is empty") }
        cached.withLock { $0 = (token, now) }
        return token
    }
}

/// Reads files and the environment: the real ones, or those of a test.
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
