import Synchronization

/// A list that observers append to while the world runs.
final class Recorded<Element: Sendable>: Sendable {
    private let values = Mutex<[Element]>([])

    func append(_ element: Element) { values.withLock { $0.append(element) } }
    var all: [Element] { values.withLock { $0 } }
}
