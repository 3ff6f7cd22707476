import ControllerKit
import KubeModel
import MutantUnderTest
import Synchronization

/// Counts how many workers have a key at once.
final class ActiveKeys: Sendable {
    private let state = Mutex<(active: [ObjectKey: Int], most: Int, mostPerKey: Int)>(([:], 0, 0))

    func begin(_ key: ObjectKey) {
        state.withLock { state in
            state.active[key, default: 0] += 1
            state.most = max(state.most, state.active.values.reduce(0, +))
            state.mostPerKey = max(state.mostPerKey, state.active[key] ?? 0)
        }
    }

    func end(_ key: ObjectKey) { state.withLock { $0.active[key, default: 0] -= 1 } }

    var most: Int { state.withLock { $0.most } }
    var mostPerKey: Int { state.withLock { $0.mostPerKey } }
}

/// A cache that knows only what it is shown.
final class SlowCache: VersionObserving {
    private let shown = Mutex("")
    private let listings = Mutex(0)
    /// How often it was asked to list again.
    var lists: Int { listings.withLock { $0 } }
    func listAgain() { listings.withLock { $0 += 1 } }
    func show(_ version: String) { shown.withLock { $0 = version } }
    func hasSeen(_ version: String, of key: ObjectKey) -> Bool { shown.withLock { $0 == version } }
}

/// Counts who leads.
final class Leaders: Sendable {
    private let state = Mutex<(now: Set<String>, most: Int, terms: Int)>(([], 0, 0))

    func begin(_ name: String) {
        state.withLock { state in
            state.now.insert(name)
            state.most = max(state.most, state.now.count)
            state.terms += 1
        }
    }

    func end(_ name: String) { state.withLock { _ = $0.now.remove(name) } }

    var count: Int { state.withLock { $0.now.count } }
    var most: Int { state.withLock { $0.most } }
    var terms: Int { state.withLock { $0.terms } }
}

extension LeaseTiming {
    /// The usual times, under the rules of this test run.
    static var tested: LeaseTiming {
        var timing = LeaseTiming()
        timing.guards = guardsUnderTest
        return timing
    }
}
