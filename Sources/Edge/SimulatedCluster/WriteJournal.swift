public import Clockwork
public import EmbeddedAPIServer
public import KubeModel
import ControllerKit
import StrictJSON
import Synchronization

/// Everything that was written to the cluster, in order, for comparing histories; nothing where the settings say so.
public final class WriteJournal: Sendable {
    /// One write.
    public struct Entry: Sendable, Hashable, CustomStringConvertible {
        public var at: Timestamp
        public var userAgent: String
        public var verb: CommittedWrite.Verb
        public var resource: GroupVersionResource
        public var key: ObjectKey
        public var resourceVersion: Int64
        /// Of the object as it is after the write, or was before its deletion.
        public var digest: UInt64

        /// One line: time with milliseconds, who, what, to what, and a digest of the content.
        public var description: String {
            let milliseconds = String((at.nanosecondsSince1970 / 1_000_000) % 1000)
            let time = at.rfc3339.dropLast() + "." + String(repeating: "0", count: 3 - milliseconds.count) + milliseconds + "Z"
            return "\(time) \(resourceVersion) \(userAgent) \(verb.rawValue) \(resource.resource) \(key) \(String(digest, radix: 16))"
        }
    }

    private struct State: Sendable {
        var entries: [Entry] = []
        var signal = OneShot()
    }

    private let state = Mutex(State())
    private let keepsEntries: Bool

    init(keepsEntries: Bool) { self.keepsEntries = keepsEntries }

    /// All writes so far.
    public var entries: [Entry] { state.withLock { $0.entries } }

    public var count: Int { state.withLock { $0.entries.count } }

    /// One line per write. The same for one seed in every process.
    public var text: String { entries.map { $0.description + "\n" }.joined() }

    func note(_ write: CommittedWrite) {
        let entry: Entry? = !keepsEntries ? nil : Entry(
            at: write.at, userAgent: write.userAgent, verb: write.verb, resource: write.resource, key: write.key,
            resourceVersion: write.resourceVersion, digest: (write.new ?? write.old ?? .null).structuralDigest)
        let signal = state.withLock { state in
            if let entry { state.entries.append(entry) }
            defer { state.signal = OneShot() }
            return state.signal
        }
        signal.fire()
    }

    /// Fires with the next write.
    var nextWrite: OneShot { state.withLock { $0.signal } }
}
