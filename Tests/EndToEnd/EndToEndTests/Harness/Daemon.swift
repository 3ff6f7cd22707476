import Clockwork
import ControllerKit
import Glibc
import Synchronization

/// A program that runs beside the tests, its output in a file.
///
/// It is written down in the run's folder, so that the guard ends it should this process die.
final class Daemon: Sendable {
    let name: String
    let log: String
    let pid: pid_t
    private let record: String
    private let status = Mutex<Int?>(nil)

    /// - Parameter folder: of the run.
    init(_ name: String, _ program: String, _ arguments: [String], environment: [String: String], folder: String) throws {
        self.name = name
        log = "\(folder)/logs/\(name).log"
        record = "\(folder)/processes/\(name)"
        let output: Int32 = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        let input: Int32 = open("/dev/null", O_RDONLY | O_CLOEXEC)
        defer {
            close(output)
            close(input)
        }
        guard output >= 0 else { throw CommandFailure("\(log) cannot be written: \(String(cString: strerror(errno)))") }
        pid = try spawn(program, arguments, environment: environment, descriptors: [input, output, output])
        try writeFile(record, "\(pid)\n")
        startThread { [self] in
            var info = siginfo_t()
            while waitid(P_PID, id_t(pid), &info, WEXITED | WNOWAIT) != 0, errno == EINTR {}
            unlink(record)
            // Under the lock: as long as nobody has asked for its end, the number is not given to another process.
            status.withLock { $0 = reap(pid) }
        }
    }

    /// How it ended, as shells say it; nil while it runs.
    var ending: Int? { status.withLock { $0 } }

    func signal(_ number: Int32) {
        status.withLock { if $0 == nil { kill(pid, number) } }
    }

    /// Waits for its end.
    ///
    /// - Returns: how it ended.
    @discardableResult func waitForEnd(seconds: Int = 30) async throws -> Int {
        try await eventually("\(name) (process \(pid)) ends", seconds: seconds, every: .milliseconds(20)) { ending }
    }

    /// As `kill -9`.
    func killNow() async throws {
        signal(SIGKILL)
        try await waitForEnd()
    }

    /// Politely; for sure when that takes too long.
    func stop() async throws {
        signal(SIGTERM)
        signal(SIGCONT)
        do { try await waitForEnd(seconds: 20) } catch {
            signal(SIGKILL)
            try await waitForEnd()
            throw CommandFailure("\(name) did not end within 20 s of SIGTERM; the end of its log:\n\(tail(log))")
        }
    }
}

/// Asks until there is an answer.
///
/// - Parameter show: what to add to the message when none comes in time.
@discardableResult
func eventually<Answer: Sendable>(
    _ what: String, seconds: Int = 60, every pause: Duration = .milliseconds(150), showing show: () async -> String = { "" },
    _ answer: () async throws -> Answer?
) async throws -> Answer {
    let clock = SystemClock()
    let deadline: Timestamp = clock.now + .seconds(seconds)
    while true {
        if let answer = try await answer() { return answer }
        guard clock.now < deadline else {
            let more: String = await show()
            throw CommandFailure("after \(seconds) s still waiting: \(what)\(more.isEmpty ? "" : "\n\(more)")")
        }
        try await clock.sleep(until: clock.now + pause, tolerance: nil)
    }
}

/// Waits.
func pause(_ duration: Duration) async throws {
    let clock = SystemClock()
    try await clock.sleep(until: clock.now + duration, tolerance: nil)
}
