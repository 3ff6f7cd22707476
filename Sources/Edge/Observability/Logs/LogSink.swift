public import Clockwork
public import Logging
import Glibc
import Synchronization

/// How log lines look.
public enum LogFormat: String, Sendable, Hashable, CaseIterable {
    /// `time="…" level=info msg="…" key=value`, as logrus writes it.
    case text
    /// One JSON object per line, with the same keys.
    case json
}

/// Where the log lines of a process go, and which of them.
public final class LogSink: Sendable {
    /// Takes a whole line with its newline. Called by one task at a time.
    public typealias Writer = @Sendable ([UInt8]) -> Void

    private struct State: Sendable {
        var level: Logger.Level
        var secrets: [String] = []
    }

    let format: LogFormat
    private let clock: any ControlClock
    private let state: Mutex<State>
    private let writer: Mutex<Writer>

    /// A sink that writes to the standard error, unless another writer is given.
    public init(
        format: LogFormat = .text, level: Logger.Level = .info, clock: any ControlClock, writer: @escaping Writer = LogSink.standardError
    ) {
        self.format = format
        self.clock = clock
        self.state = Mutex(State(level: level))
        self.writer = Mutex(writer)
    }

    /// The least severe level that is written by loggers that have none of their own. It can be changed while they are in use.
    public var level: Logger.Level {
        get { state.withLock { $0.level } }
        set { state.withLock { $0.level = newValue } }
    }

    /// From now on this text, a password or a token, is replaced in everything that is written.
    public func hide(_ secret: String) {
        // What is so short is no secret but would eat holes into words.
        guard secret.utf8.count >= 4 else { return }
        state.withLock { state in
            state.secrets.append(secret)
            state.secrets.sort { ($1.utf8.count, $0) < ($0.utf8.count, $1) }
        }
    }

    /// A logger that writes here.
    public func logger(_ label: String) -> Logger { Logger(label: label) { _ in LineLogHandler(sink: self) } }

    /// Writes one line.
    func write(_ level: Logger.Level, _ message: String, _ fields: [(key: String, value: String)]) {
        let secrets = state.withLock { $0.secrets }
        let redaction = LogRedaction(secrets: secrets)
        let line = LogLine(
            time: clock.now, level: level, message: redaction.cleaned(message),
            fields: fields.map { ($0.key, redaction.cleaned($0.value, of: $0.key)) })
        let bytes = line.bytes(format)
        writer.withLock { $0(bytes) }
    }

    /// Writes to file descriptor 2.
    public static let standardError: Writer = { line in
        line.withUnsafeBytes { bytes in
            var rest = bytes[...]
            while !rest.isEmpty {
                let count = Glibc.write(2, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
                if count < 0 && errno == EINTR { continue }
                // Nobody is left who could be told that logging does not work.
                guard count > 0 else { return }
                rest = rest.dropFirst(count)
            }
        }
    }
}
