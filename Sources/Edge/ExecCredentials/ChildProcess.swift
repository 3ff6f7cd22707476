import Glibc
import KubeClient
import Synchronization

/// One process from its start to its end. A thread of its own waits for it, so that no task's thread is blocked.
final class ChildProcess: Sendable {
    private let identifier: pid_t
    private let output: Descriptor
    /// Nil where the process shares ours.
    private let errors: Descriptor?
    /// Written to when the caller is cancelled.
    private let bell: (reading: Descriptor, writing: Descriptor)
    private let onLine: @Sendable (String) -> Void
    private let limits: ExecProcesses.Limits
    /// Whether it leads a process group, so that its own children are ended with it. Beside a person it stays in ours: only
    /// there it may read the terminal, even where our own input is a pipe, and the keyboard's interrupt reaches it.
    private let isAlone: Bool

    /// Starts the process.
    init(
        _ command: ExecCommand, variables: [String], standardError: ExecProcesses.StandardError, limits: ExecProcesses.Limits
    ) throws(ExecFailure) {
        let output = try Descriptor.pipe()
        bell = try Descriptor.pipe()
        var errors: (reading: Descriptor, writing: Descriptor)?
        switch standardError {
        case .inherited:
            onLine = { _ in }
            isAlone = false
        case .lines(let handle):
            errors = try Descriptor.pipe()
            onLine = handle
            isAlone = true
        }
        self.limits = limits
        self.output = output.reading
        self.errors = errors?.reading
        // The ends that the process writes to are closed here when this returns: else its end would never show.
        identifier = try Spawn.start(
            command, variables: variables, output: output.writing.number, errors: errors?.writing.number, isAlone: isAlone)
    }

    /// Waits for the end of the process; brings it about when the task is cancelled or the time is over.
    func result() async throws(ExecFailure) -> [UInt8] {
        let result: Result<[UInt8], ExecFailure> = await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: CheckedContinuation<Result<[UInt8], ExecFailure>, Never>) in
                let code: Int32 = Thread.start { continuation.resume(returning: self.watch()) }
                if code == 0 { return }
                end()
                continuation.resume(returning: .failure(.notStarted(cause: "no thread to wait for it: \(String(cString: strerror(code)))")))
            }
        } onCancel: {
            bell.writing.write(0)
        }
        return try result.get()
    }
}

// MARK: On the thread

extension ChildProcess {
    private func watch() -> Result<[UInt8], ExecFailure> {
        let deadline: Duration = Self.elapsed() + limits.time
        var written: [UInt8] = []
        var lines = LineSplitter()
        var isOpen: (output: Bool, errors: Bool) = (true, errors != nil)
        var nap: Duration = .milliseconds(1)
        while true {
            let rest: Duration = deadline - Self.elapsed()
            if rest <= .zero {
                end()
                return .failure(.timedOut(after: limits.time))
            }
            // A child of the process may keep the pipes open after its end, and it may go on after it has closed them:
            // so both are looked at.
            let isWriting: Bool = isOpen.output || isOpen.errors
            nap = isWriting ? Self.longestNap : min(nap * 2, Self.longestNap)
            if wait(for: isOpen, atMost: min(rest, nap)) {
                end()
                return .failure(.cancelled)
            }
            if isOpen.output { isOpen.output = output.read { written += $0 } }
            if isOpen.errors { isOpen.errors = errors?.read { lines.add($0, onLine) } ?? false }
            if written.count > limits.output {
                end()
                return .failure(.tooMuchOutput(limit: limits.output))
            }
            guard let status = Self.endOf(identifier, waits: false) else { continue }
            // What it wrote last may have come between the look at the pipe and its end.
            if isOpen.output { _ = output.read { written += $0 } }
            if isOpen.errors { _ = errors?.read { lines.add($0, onLine) } }
            lines.finish(onLine)
            return Self.outcome(status, written)
        }
    }

    /// So often a process is looked after that has ended while its children go on writing.
    private static let longestNap: Duration = .milliseconds(100)

    /// Waits for something to read, or for the bell.
    ///
    /// - Returns: whether it was the bell.
    private func wait(for isOpen: (output: Bool, errors: Bool), atMost time: Duration) -> Bool {
        var waited: [pollfd] = [pollfd(fd: bell.reading.number, events: Int16(POLLIN), revents: 0)]
        if isOpen.output { waited.append(pollfd(fd: output.number, events: Int16(POLLIN), revents: 0)) }
        if isOpen.errors, let errors { waited.append(pollfd(fd: errors.number, events: Int16(POLLIN), revents: 0)) }
        let milliseconds = Int32(max(1, time / .milliseconds(1)))
        return poll(&waited, nfds_t(waited.count), milliseconds) > 0 && waited[0].revents != 0
    }

    /// Ends the process, gently first, and waits until it has.
    private func end() {
        let target: pid_t = isAlone ? -identifier : identifier
        kill(target, SIGTERM)
        let deadline: Duration = Self.elapsed() + limits.grace
        while Self.elapsed() < deadline {
            if Self.endOf(identifier, waits: false) != nil {
                // Its children may not have listened.
                if isAlone { kill(target, SIGKILL) }
                return
            }
            poll(nil, 0, 5)
        }
        kill(target, SIGKILL)
        _ = Self.endOf(identifier, waits: true)
    }

    /// The status of a process that has ended, as `waitpid` has it.
    private static func endOf(_ identifier: pid_t, waits: Bool) -> Int32? {
        var status: Int32 = 0
        while true {
            let found: pid_t = waitpid(identifier, &status, waits ? 0 : WNOHANG)
            if found == identifier { return status }
            if found == 0 { return nil }
            // Somebody else has taken its status: then it is over, and nobody knows how.
            if errno != EINTR { return 0 }
        }
    }

    private static func outcome(_ status: Int32, _ written: [UInt8]) -> Result<[UInt8], ExecFailure> {
        // The lower seven bits are the signal, the upper byte is the exit code.
        let signal: Int32 = status & 0x7F
        if signal != 0 { return .failure(.killed(signal: signal)) }
        let code: Int32 = (status >> 8) & 0xFF
        return code == 0 ? .success(written) : .failure(.ended(status: code))
    }

    private static func elapsed() -> Duration {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
    }
}

/// Cuts what a process writes into lines.
struct LineSplitter {
    /// 4 KiB: a longer line is cut, so that nobody fills our memory without ever ending his line.
    static let longestLine = 4096

    private var line: [UInt8] = []

    mutating func add(_ bytes: ArraySlice<UInt8>, _ onLine: (String) -> Void) {
        for byte in bytes {
            if byte != UInt8(ascii: "\n") { line.append(byte) }
            if byte == UInt8(ascii: "\n") || line.count >= Self.longestLine { finish(onLine) }
        }
    }

    mutating func finish(_ onLine: (String) -> Void) {
        if line.last == UInt8(ascii: "\r") { line.removeLast() }
        if !line.isEmpty { onLine(String(decoding: line, as: UTF8.self)) }
        line = []
    }
}
