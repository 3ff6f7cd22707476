import Clockwork
import KubeClient
import KubeModel
import StrictJSON

/// Removes events that nobody has repeated for an hour, as the real server does.
struct EventSweeper: Sendable {
    static let age: Duration = .seconds(3600)
    static let interval: Duration = .seconds(300)

    let client: KubeClient
    let clock: any ControlClock

    /// Until the task is cancelled.
    func run() async {
        while true {
            do {
                try await clock.sleep(until: clock.now + Self.interval, tolerance: nil)
            } catch {
                return
            }
            await sweep()
        }
    }

    private func sweep() async {
        let limit: Timestamp = clock.now - Self.age
        do throws(KubeError) {
            for event in try await client.listAll(.events, namespace: nil) where (Self.time(of: event) ?? limit) < limit {
                try await client.delete(
                    .events, namespace: event.at("metadata", "namespace")?.stringValue, name: event.at("metadata", "name")?.stringValue ?? "",
                    preconditions: Preconditions(uid: event.at("metadata", "uid")?.stringValue))
            }
        } catch {
            // One that went meanwhile, or was repeated: the next sweep looks again.
        }
    }

    private static func time(of event: JSONValue) -> Timestamp? {
        let text = event["lastTimestamp"]?.stringValue ?? event["eventTime"]?.stringValue ?? event.at("metadata", "creationTimestamp")?.stringValue
        // An event with a time that is none stays.
        return text.flatMap { try? Timestamp(rfc3339: $0) }
    }
}
