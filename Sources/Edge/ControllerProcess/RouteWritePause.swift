import Clockwork
import ControllerKit
import Glibc
import Logging

/// For tests only: stops the controller after each write to a route, so that it can be killed there.
struct RouteWritePause: Sendable {
    /// Names the file that says that the controller stands still, and whose deletion lets it go on.
    static let variable = "SLUICE_TEST_PAUSE_AFTER_ROUTE_WRITE"
    /// Quick enough for a test, slow enough for a processor.
    static let interval: Duration = .milliseconds(20)

    let path: String
    let clock: any ControlClock
    let logger: Logger

    /// Creates the file, and waits until it is gone or the task is cancelled.
    func pause() async {
        let descriptor = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            logger.error("the file of the test's pause cannot be created", metadata: ["path": "\(path)", "errno": "\(errno)"])
            return
        }
        close(descriptor)
        while access(path, F_OK) == 0 {
            // Only cancellation ends a sleep early.
            guard (try? await clock.sleep(until: clock.now + Self.interval, tolerance: nil)) != nil else { return }
        }
    }
}
