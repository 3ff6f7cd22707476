import Synchronization

/// A list that observers append to while the world runs.
package final class Recorded<Element: Sendable>: Sendable {
    private let values = Mutex<[Element]>([])

    package init() {}

    package func append(_ element: Element) { values.withLock { $0.append(element) } }
    package var all: [Element] { values.withLock { $0 } }
}
