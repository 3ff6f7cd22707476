import KubeModel
import StrictJSON
import Synchronization

/// The objects that several followers know of, and a signal for each change. What changes faster than it is read counts as one change.
final class ObjectBoard: Sendable {
    private struct State: Sendable {
        var objects: [GroupVersionResource: [ObjectKey: JSONValue]] = [:]
    }

    private let state = Mutex(State())
    /// An element whenever something may have changed. One reader at a time.
    let changes: AsyncStream<Void>
    private let signal: AsyncStream<Void>.Continuation

    init() {
        (changes, signal) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    }

    func apply(_ change: ResourceChange, of resource: GroupVersionResource) {
        state.withLock { state in
            switch change {
            case .listed(let objects):
                state.objects[resource] = Dictionary(objects.map { (ResourceFollower.key(of: $0), $0) }) { $1 }
            case .stored(let object):
                state.objects[resource, default: [:]][ResourceFollower.key(of: object)] = object
            case .removed(let key):
                state.objects[resource, default: [:]][key] = nil
            }
        }
        signal.yield()
    }

    /// Lets the reader look again although nothing has changed.
    func nudge() { signal.yield() }

    /// The objects of a kind in order of their keys; nil before they were listed.
    func objects(of resource: GroupVersionResource) -> [JSONValue]? {
        state.withLock { state in state.objects[resource].map { known in known.sorted { $0.key < $1.key }.map(\.value) } }
    }
}
