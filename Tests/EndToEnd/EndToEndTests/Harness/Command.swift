import Glibc
import Synchronization

/// A program that was run to its end.
struct CommandResult: Sendable {
    var command: String
    /// Above 128: ended by the signal of that number, as shells say it.
    var status: Int
    var output: String
    var errors: String

    var succeeded: Bool { status == 0 }
}

/// Why a program did not do what was asked of it.
struct CommandFailure: Error, CustomStringConvertible {
    var description: String

    init(_ result: CommandResult) {
        description = "`\(result.command)` ended with \(result.status)\n\(result.output)\(result.errors)"
    }

    init(_ text: String) { description = text }
}

/// One program with its arguments.
struct Command: Sendable {
    /// Longer than anything that the suites run takes on a loaded machine; building the parts is the exception.
    static let patience: Int = 120

    var program: String
    var arguments: [String]
    var environment: [String: String]
    var input: String = ""
    var seconds: Int = Self.patience

    /// Runs it, on a thread of its own, and waits. More than `seconds` long: it is killed.
    func run() async throws -> CommandResult {
        let result: Result<CommandResult, CommandFailure> = await withCheckedContinuation { continuation in
            startThread { continuation.resume(returning: Result { () throws(CommandFailure) in try runBlocking() }) }
        }
        return try result.get()
    }

    /// Runs it, and fails unless it ends well.
    @discardableResult func output() async throws -> String {
        let result: CommandResult = try await run()
        guard result.succeeded else { throw CommandFailure(result) }
        return result.output
    }

    private var line: String { ([program] + arguments).joined(separator: " ") }

    private func runBlocking() throws(CommandFailure) -> CommandResult {
        let standard: [Pipe] = [try Pipe(), try Pipe(), try Pipe()]
        defer { standard.forEach { $0.close() } }
        let pid: pid_t = try spawn(
            program, arguments, environment: environment, descriptors: [standard[0].read, standard[1].write, standard[2].write])
        standard[0].closeRead()
        standard[1].closeWrite()
        standard[2].closeWrite()
        var rest: ArraySlice<UInt8> = Array(input.utf8)[...]
        if rest.isEmpty { standard[0].closeWrite() }
        var texts: [[UInt8]] = [[], []]
        let deadline: Int = monotonicSeconds() + seconds
        while standard[1].read >= 0 || standard[2].read >= 0 {
            guard monotonicSeconds() < deadline else {
                kill(-pid, SIGKILL)
                _ = reap(pid)
                throw CommandFailure("`\(line)` was not done after \(seconds) s\n" + texts.map { String(decoding: $0, as: UTF8.self) }.joined())
            }
            var polled: [pollfd] = [
                pollfd(fd: standard[0].write, events: Int16(POLLOUT), revents: 0),
                pollfd(fd: standard[1].read, events: Int16(POLLIN), revents: 0),
                pollfd(fd: standard[2].read, events: Int16(POLLIN), revents: 0),
            ]
            guard poll(&polled, 3, 1000) > 0 else { continue }
            if polled[0].revents != 0 {
                let count: Int = rest.withUnsafeBytes { write(standard[0].write, $0.baseAddress, min($0.count, 4096)) }
                rest = count > 0 ? rest.dropFirst(count) : []
                if rest.isEmpty { standard[0].closeWrite() }
            }
            for index in 0..<2 where polled[index + 1].revents != 0 {
                var chunk: [UInt8] = Array(repeating: 0, count: 65536)
                let count: Int = chunk.withUnsafeMutableBytes { read(standard[index + 1].read, $0.baseAddress, $0.count) }
                if count > 0 { texts[index] += chunk.prefix(count) } else { standard[index + 1].closeRead() }
            }
        }
        return CommandResult(
            command: line, status: reap(pid), output: String(decoding: texts[0], as: UTF8.self),
            errors: String(decoding: texts[1], as: UTF8.self))
    }
}

/// Held while descriptors are made that no program may inherit, and while one is started: one that got hold of another's pipe
/// would keep it open.
private let spawning = Mutex(())

/// `POSIX_SPAWN_SETSID`, which the C library declares as an extension alone.
private let newSession: Int32 = 0x80

/// Both ends of a pipe; none of them is inherited.
final class Pipe {
    private(set) var read: Int32 = -1
    private(set) var write: Int32 = -1

    init() throws(CommandFailure) {
        var ends: [Int32] = [0, 0]
        let isMade: Bool = spawning.withLock { _ in
            pipe(&ends) == 0 && ends.allSatisfy { fcntl($0, F_SETFD, FD_CLOEXEC) == 0 }
        }
        guard isMade else { throw CommandFailure("no pipe: \(String(cString: strerror(errno)))") }
        (read, write) = (ends[0], ends[1])
    }

    func closeRead() {
        if read >= 0 { Glibc.close(read) }
        read = -1
    }

    func closeWrite() {
        if write >= 0 { Glibc.close(write) }
        write = -1
    }

    func close() {
        closeRead()
        closeWrite()
    }
}

/// Starts a program in a session of its own, so that a signal from the keyboard does not reach it.
///
/// - Parameter descriptors: what becomes its standard input, output and error; nothing else is inherited.
func spawn(
    _ program: String, _ arguments: [String], environment: [String: String], descriptors: [Int32]
) throws(CommandFailure) -> pid_t {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    for (number, descriptor) in descriptors.enumerated() { posix_spawn_file_actions_adddup2(&actions, descriptor, Int32(number)) }
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var none = sigset_t()
    sigemptyset(&none)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setflags(&attributes, Int16(newSession | POSIX_SPAWN_SETSIGMASK))
    var argv: [UnsafeMutablePointer<CChar>?] = ([program] + arguments).map { strdup($0) } + [nil]
    var variables: [UnsafeMutablePointer<CChar>?] = environment.sorted { $0.key < $1.key }.map { strdup("\($0.key)=\($0.value)") } + [nil]
    defer { (argv + variables).forEach { free($0) } }
    var pid: pid_t = 0
    let status: Int32 = spawning.withLock { _ in posix_spawnp(&pid, program, &actions, &attributes, &argv, &variables) }
    guard status == 0 else { throw CommandFailure("\(program) cannot be started: \(String(cString: strerror(status)))") }
    return pid
}

/// Waits for the end of a child.
func reap(_ pid: pid_t) -> Int {
    var status: Int32 = 0
    while waitpid(pid, &status, 0) < 0, errno == EINTR {}
    let signal: Int32 = status & 0x7F
    return signal == 0 ? Int((status >> 8) & 0xFF) : 128 + Int(signal)
}

/// Blocking work goes to threads of its own: the pool that runs the tests has no more of them than the machine has cores.
func startThread(_ body: @escaping @Sendable () -> Void) {
    final class Work {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }
    var thread = pthread_t()
    let work = Unmanaged.passRetained(Work(body))
    let status: Int32 = pthread_create(&thread, nil, { argument in
        Unmanaged<Work>.fromOpaque(argument!).takeRetainedValue().body()
        return nil
    }, work.toOpaque())
    precondition(status == 0, "no thread: \(String(cString: strerror(status)))")
    pthread_detach(thread)
}

func monotonicSeconds() -> Int {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return time.tv_sec
}
