import Clockwork
import EmbeddedAPIServer
import KubeModel
import StrictJSON

/// Tells the person at the terminal what the controllers tell in events, a line each.
struct EventReporter: Sendable {
    let console: Console

    func note(_ write: CommittedWrite) {
        guard write.resource == .events, write.verb != .delete, let event = write.new else { return }
        console.print(Self.line(event, at: write.at))
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
