public import Clockwork
public import KubeModel
import Safety
import Synchronization

/// Keeps a key from being reconciled before the caches know what it has written last.
public final class WriteBarrier: Sendable {
    /// After this long a write is taken as seen. It is longer than a watch needs to break and resume; a stale decision
    /// after that does no harm, since every write names the version or the content that it changes.
    public static let patience: Duration = .seconds(30)

    private struct Expectation: Sendable {
        var version: String
        var object: ObjectKey
        var store: any VersionObserving
        var until: Timestamp
    }

    private let expectations = Mutex<[ObjectKey: [Expectation]]>([:])

    private let guards: SafetyGuards

    /// Nothing was written yet.
    public convenience init() { self.init(guards: .all) }

    package init(guards: SafetyGuards) { self.guards = guards }

    /// `key` has written `object`, or was told that somebody else has, which is cached in `store`, and the server calls the result `version`.
    public func expect(_ version: String, of object: ObjectKey, in store: any VersionObserving, for key: ObjectKey, now: Timestamp) {
        guard !version.isEmpty else { return }
        let expectation = Expectation(version: version, object: object, store: store, until: now + Self.patience)
        expectations.withLock { all in
            // Only the last write to an object matters.
            all[key, default: []].removeAll { $0.object == object && type(of: $0.store) == type(of: store) }
            all[key, default: []].append(expectation)
        }
    }

    /// Whether the caches have seen everything that `key` has written.
    public func isClear(_ key: ObjectKey, now: Timestamp) -> Bool {
        guard guards.have(.writeBarrier), let open = expectations.withLock({ $0[key] }) else { return true }
        let unseen = open.filter { !$0.store.hasSeen($0.version, of: $0.object) }
        let left = unseen.filter { $0.until > now }
        // A watch that has lost an event would leave the cache behind until the next one.
        for expectation in unseen where expectation.until <= now && guards.have(.lostEvents) { expectation.store.listAgain() }
        expectations.withLock { all in
            all[key] = left.isEmpty ? nil : left
        }
        return left.isEmpty
    }

    /// The object of this key is gone.
    public func forget(_ key: ObjectKey) { expectations.withLock { $0[key] = nil } }
}
