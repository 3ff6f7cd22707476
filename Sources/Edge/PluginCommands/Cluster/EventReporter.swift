import Clockwork
import EmbeddedAPIServer
import KubeModel
import StrictJSON

/// Tells the person at the terminal what the controllers tell in events, a line each.
///
/// A terminal that is stopped must not stop the server: lines wait, and those that find no room are left out.
struct EventReporter: Sendable {
    private static let room: Int = 1000

    private let console: Console
    private let lines: AsyncStream<String>
    private let source: AsyncStream<String>.Continuation

    init(console: Console) {
        self.console = console
        (lines, source) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(Self.room))
    }

    /// Prints until the task is cancelled.
    func run() async {
        for await line in lines { console.print(line) }
    }

    /// Takes note of a write, without waiting.
    func note(_ write: CommittedWrite) {
        guard write.resource == .events, write.verb != .delete, let event = write.new else { return }
        source.yield(Self.line(event, at: write.at))
    }

    static func line(_ event: JSONValue, at time: Timestamp) -> String {
        func text(_ path: String...) -> String { event.at(path: path)?.stringValue ?? "" }
        let object = "\(text("involvedObject", "kind").lowercased())/\(text("involvedObject", "name"))"
        let namespace = text("involvedObject", "namespace")
        let clock = time.rfc3339.dropFirst(11).prefix(8)
        let mark = text("type") == "Warning" ? "!" : " "
        return "\(clock) \(mark) \(namespace == "default" ? "" : namespace + " ")\(object): \(text("message")) (\(text("reason")))"
    }
}
